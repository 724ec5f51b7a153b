//! What a look at the machine and the chain means: pure rules, each with what to do.

use crate::facts::sol;
use indicatif::HumanBytes;
use serde_json::{Value, json};
use solana_account::Account;
use solana_address::Address;
use std::{io, path::Path, time::Duration};

/// A key with less should be filled up, lamports: some hundred transactions and a few accounts.
const LOW_BALANCE_LAMPORTS: u64 = 20_000_000;
/// Slots behind the foremost endpoint from which on one is slow.
const LAG_SLOTS: u64 = 50;
/// Difference to the chain's clock that is worth a word, seconds.
const SKEW_SECONDS: u64 = 30;
/// Difference to the chain's clock with which requests are refused, seconds.
const WRONG_SECONDS: u64 = 300;
/// Free disk below which little fits, bytes.
const LOW_DISK_BYTES: u64 = 10 << 30;
/// Free disk below which nothing does, bytes.
const NO_DISK_BYTES: u64 = 1 << 30;
/// Memory below which few jobs run, bytes.
const LOW_MEMORY_BYTES: u64 = 4 << 30;

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, but not for long or not for everything.
    Warn,
    /// It does not work.
    Fail,
}

impl Verdict {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// A check, what was found, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was looked at.
    pub name: String,
    /// How it went.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do; empty when nothing is to be done.
    pub advice: String,
}

impl Check {
    fn new(name: impl Into<String>, verdict: Verdict, found: impl Into<String>, advice: &str) -> Self {
        Self { name: name.into(), verdict, found: found.into(), advice: advice.to_owned() }
    }

    fn ok(name: impl Into<String>, found: impl Into<String>) -> Self {
        Self::new(name, Verdict::Ok, found, "")
    }

    /// As JSON.
    pub fn to_json(&self) -> Value {
        let advice = (!self.advice.is_empty()).then_some(&self.advice);
        json!({ "name": self.name, "verdict": self.verdict.name(), "found": self.found, "advice": advice })
    }
}

/// Whether nothing failed.
pub fn is_fit(checks: &[Check]) -> bool {
    checks.iter().all(|check| check.verdict != Verdict::Fail)
}

/// A line a check, one more where something is to be done, and a count.
pub fn to_text(checks: &[Check]) -> String {
    let width = checks.iter().map(|check| check.name.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for check in checks {
        text.push_str(&format!(
            "{:<4}  {:<width$}  {}\n",
            check.verdict.name(),
            check.name,
            crate::facts::printable(&check.found)
        ));
        if !check.advice.is_empty() {
            text.push_str(&format!("      {:<width$}  {}\n", "", check.advice));
        }
    }
    let count = |verdict| checks.iter().filter(|check| check.verdict == verdict).count();
    text + &format!(
        "{} fine, {} to look at, {} failed\n",
        count(Verdict::Ok),
        count(Verdict::Warn),
        count(Verdict::Fail)
    )
}

/// The configuration file. One that is wrong stops every command before.
pub fn config(path: &Path, is_there: bool) -> Check {
    match is_there {
        true => Check::ok("configuration", path.display().to_string()),
        false => Check::new(
            "configuration",
            Verdict::Warn,
            format!("{} is not there; defaults hold", path.display()),
            "`grid init` writes one",
        ),
    }
}

/// The key file, and who else may read it.
pub fn key<E: std::fmt::Display>(
    path: &Path,
    read: &Result<(), E>,
    open_to_others: io::Result<u32>,
) -> Check {
    match (read, open_to_others) {
        (Err(error), _) => Check::new(
            "key",
            Verdict::Fail,
            error.to_string(),
            "`grid init` makes one; --keypair names another",
        ),
        (Ok(()), Ok(0)) => Check::ok("key", path.display().to_string()),
        (Ok(()), Ok(mode)) => Check::new(
            "key",
            Verdict::Warn,
            format!("{}: others than its owner may use it (mode {mode:03o})", path.display()),
            &format!("chmod 600 {}", path.display()),
        ),
        (Ok(()), Err(error)) => Check::new(
            "key",
            Verdict::Warn,
            format!("{}: {error}", path.display()),
            "look at the file's mode",
        ),
    }
}

/// An RPC endpoint that was asked.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Its address.
    pub url: String,
    /// Genesis hash, version and slot; or why there are none.
    pub answer: Result<(String, String, u64), String>,
    /// How long it took.
    pub took: Duration,
}

/// The endpoints, each by itself and all against each other.
pub fn endpoints(endpoints: &[Endpoint]) -> Vec<Check> {
    let answers = || endpoints.iter().filter_map(|endpoint| endpoint.answer.as_ref().ok());
    let foremost = answers().map(|(_, _, slot)| *slot).max().unwrap_or_default();
    let first = answers().map(|(genesis, _, _)| genesis).next();
    let check = |endpoint: &Endpoint| {
        let name = format!("RPC {}", endpoint.url);
        match &endpoint.answer {
            Err(error) => Check::new(
                name,
                Verdict::Fail,
                error,
                "check the address and the network; `grid localnet` runs one on this machine",
            ),
            Ok((genesis, _, _)) if Some(genesis) != first => Check::new(
                name,
                Verdict::Fail,
                format!("another chain than the first endpoint's: genesis {genesis}"),
                "all endpoints must be of one cluster: take this one out",
            ),
            Ok((_, version, slot)) => {
                let lag = foremost.saturating_sub(*slot);
                let found = format!("version {version}, slot {slot}, {} ms", endpoint.took.as_millis());
                match lag > LAG_SLOTS {
                    true => {
                        let found = format!("{found}, {lag} slots behind");
                        Check::new(name, Verdict::Warn, found, "put a faster endpoint first")
                    }
                    false => Check::ok(name, found),
                }
            }
        }
    };
    endpoints.iter().map(check).collect()
}

/// A program: its own account and the one with its binary.
pub fn program(name: &str, id: &Address, accounts: Result<Vec<Option<Account>>, String>) -> Check {
    let title = format!("program {name}");
    let accounts = match accounts {
        Ok(accounts) => accounts,
        Err(error) => return Check::new(title, Verdict::Fail, error, "see the endpoint above"),
    };
    let mut accounts = accounts.into_iter();
    let (program, data) = (accounts.next().flatten(), accounts.next().flatten());
    if !program.is_some_and(|program| program.executable) {
        return Check::new(
            title,
            Verdict::Fail,
            format!("{id} is not deployed on this cluster"),
            "is that the right --url? `grid localnet` has all programs",
        );
    }
    // `UpgradeableLoaderState::ProgramData`: tag 3 (u32), slot (u64), optional authority.
    let header = data.as_ref().and_then(|data| {
        let slot = u64::from_le_bytes(data.data.get(4..12)?.try_into().ok()?);
        let authority = match data.data.get(12)? {
            1 => Some(Address::new_from_array(data.data.get(13..45)?.try_into().ok()?)),
            _ => None,
        };
        Some((slot, authority))
    });
    match header {
        Some((slot, Some(authority))) => {
            Check::ok(title, format!("deployed in slot {slot}, upgradeable by {authority}"))
        }
        Some((slot, None)) => Check::ok(title, format!("deployed in slot {slot}, for good")),
        None => Check::ok(title, "deployed"),
    }
}

/// The programs' config.
pub fn protocol(is_there: Result<bool, String>) -> Check {
    match is_there {
        Ok(true) => Check::ok("protocol config", "initialised"),
        Ok(false) => Check::new(
            "protocol config",
            Verdict::Warn,
            "not initialised: no market can be opened",
            "the programs' upgrade authority calls `grid protocol init`",
        ),
        Err(error) => {
            Check::new("protocol config", Verdict::Fail, error, "program and this command line do not fit")
        }
    }
}

/// This machine's clock against the chain's.
pub fn clock(chain: i64, here: i64) -> Check {
    let skew = chain.abs_diff(here);
    let found = format!("{skew} s from the chain's");
    let advice =
        "synchronise the clock (systemd-timesyncd, chrony); on a localnet the chain's clock can run apart";
    if skew <= SKEW_SECONDS {
        return Check::ok("clock", found);
    }
    let verdict = if skew <= WRONG_SECONDS { Verdict::Warn } else { Verdict::Fail };
    Check::new("clock", verdict, found, advice)
}

/// What the key has for fees and rent.
pub fn balance(key: &Address, lamports: Result<u64, String>) -> Check {
    let name = "balance";
    match lamports {
        Err(error) => Check::new(name, Verdict::Fail, error, "see the endpoint above"),
        Ok(0) => Check::new(
            name,
            Verdict::Fail,
            format!("{key} has no SOL"),
            "send it some for fees and rent; a localnet gives it with --airdrop",
        ),
        Ok(lamports) if lamports < LOW_BALANCE_LAMPORTS => {
            let found = format!("{key} has {}", sol(lamports));
            Check::new(name, Verdict::Warn, found, "that is enough for some transactions only: send it more")
        }
        Ok(lamports) => Check::ok(name, format!("{key} has {}", sol(lamports))),
    }
}

/// The key is no node.
pub fn not_registered() -> Check {
    Check::ok("endpoint", "this key is no registered node")
}

/// Where clients reach the node.
pub fn reachable(endpoint: Option<&str>, answer: Result<(), String>) -> Check {
    let name = "endpoint";
    match (endpoint, answer) {
        (None, Ok(())) => Check::new(
            name,
            Verdict::Warn,
            "the node's record says no endpoint: clients can't fetch results",
            "`grid node update --endpoint URL`",
        ),
        (Some(endpoint), Ok(())) => Check::ok(name, format!("{endpoint} answers")),
        (Some(endpoint), Err(error)) => Check::new(
            name,
            Verdict::Warn,
            format!("{endpoint}: {error}"),
            "start the node, open the port, or correct it with `grid node update --endpoint URL`",
        ),
        (None, Err(error)) => Check::new(name, Verdict::Warn, error, "see the endpoint above"),
    }
}

/// Room for definitions, inputs and results.
pub fn disk(folder: &Path, free: Result<u64, String>) -> Check {
    match free {
        Err(error) => Check::new(
            "disk",
            Verdict::Fail,
            error,
            "the store's folder must be one that can be written: --store",
        ),
        Ok(bytes) => {
            let found = format!("{} free in {}", HumanBytes(bytes), folder.display());
            let verdict = match bytes {
                bytes if bytes < NO_DISK_BYTES => Verdict::Fail,
                bytes if bytes < LOW_DISK_BYTES => Verdict::Warn,
                _ => return Check::ok("disk", found),
            };
            Check::new("disk", verdict, found, "make room, or put the store elsewhere: --store")
        }
    }
}

/// Main memory.
pub fn memory(bytes: Result<u64, String>) -> Check {
    match bytes {
        Err(error) => Check::new("memory", Verdict::Warn, error, "only Linux is looked at"),
        Ok(bytes) if bytes < LOW_MEMORY_BYTES => {
            Check::new("memory", Verdict::Warn, HumanBytes(bytes).to_string(), "few jobs ask for so little")
        }
        Ok(bytes) => Check::ok("memory", HumanBytes(bytes).to_string()),
    }
}

/// Whether something keeps the clock right.
pub fn time_sync(is_synchronised: Option<bool>) -> Check {
    match is_synchronised {
        Some(true) => Check::ok("time sync", "the system keeps its clock right"),
        Some(false) => Check::new(
            "time sync",
            Verdict::Warn,
            "the system says that its clock is not synchronised",
            "turn it on: `timedatectl set-ntp true`, or chrony",
        ),
        None => Check::ok("time sync", "not known on this system"),
    }
}

/// The GPU driver.
pub fn gpu(driver: Result<String, String>) -> Check {
    match driver {
        Ok(version) => Check::ok("NVIDIA driver", version),
        Err(error) => Check::new(
            "NVIDIA driver",
            Verdict::Warn,
            error,
            "without it only CPU devices can be offered, for development",
        ),
    }
}

/// The container engine; a node without one runs jobs as plain processes.
pub fn engine(found: Result<String, String>, is_node: bool) -> Check {
    match found {
        Ok(path) => Check::ok("container engine", format!("{path} answers")),
        Err(error) => {
            let verdict = if is_node { Verdict::Warn } else { Verdict::Ok };
            let advice = "install Docker or Podman and put the user into its group; without one jobs run as plain processes";
            Check::new("container engine", verdict, error, if is_node { advice } else { "" })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: &str, answer: Result<(&str, u64), &str>) -> Endpoint {
        let answer = answer.map(|(genesis, slot)| (genesis.to_owned(), "4.3.2".to_owned(), slot));
        Endpoint { url: url.into(), answer: answer.map_err(str::to_owned), took: Duration::from_millis(7) }
    }

    #[test]
    fn an_endpoint_is_held_against_the_others() {
        let asked = [
            endpoint("a", Ok(("one", 1_000))),
            endpoint("b", Ok(("one", 940))),
            endpoint("c", Ok(("two", 9))),
            endpoint("d", Err("refused")),
        ];
        let verdicts: Vec<Verdict> = endpoints(&asked).iter().map(|check| check.verdict).collect();
        assert_eq!(verdicts, [Verdict::Ok, Verdict::Warn, Verdict::Fail, Verdict::Fail]);
        assert!(endpoints(&asked)[1].found.contains("60 slots behind"));
    }

    #[test]
    fn a_key_that_others_can_read_is_worth_a_word() {
        let path = Path::new("/id.json");
        let read: Result<(), String> = Ok(());
        assert_eq!(key(path, &read, Ok(0)).verdict, Verdict::Ok);
        let open = key(path, &read, Ok(0o044));
        assert_eq!((open.verdict, open.advice.as_str()), (Verdict::Warn, "chmod 600 /id.json"));
        assert_eq!(key(path, &Err("gone"), Ok(0)).verdict, Verdict::Fail);
    }

    #[test]
    fn numbers_have_their_bounds() {
        let address = Address::default();
        for (lamports, verdict) in
            [(0, Verdict::Fail), (19_999_999, Verdict::Warn), (20_000_000, Verdict::Ok)]
        {
            assert_eq!(balance(&address, Ok(lamports)).verdict, verdict, "{lamports}");
        }
        for (chain, verdict) in [
            (970, Verdict::Ok),
            (1_030, Verdict::Ok),
            (1_031, Verdict::Warn),
            (1_300, Verdict::Warn),
            (699, Verdict::Fail),
        ] {
            assert_eq!(clock(chain, 1_000).verdict, verdict, "{chain}");
        }
        let folder = Path::new("/");
        for (bytes, verdict) in [(1, Verdict::Fail), (1 << 30, Verdict::Warn), (10 << 30, Verdict::Ok)] {
            assert_eq!(disk(folder, Ok(bytes)).verdict, verdict, "{bytes}");
        }
        assert_eq!(memory(Ok(1 << 30)).verdict, Verdict::Warn);
    }

    #[test]
    fn a_program_says_who_may_change_it() {
        let id = Address::default();
        let account = |data: Vec<u8>, executable| Some(Account { data, executable, ..Account::default() });
        let header = |authority: &[u8]| [&3_u32.to_le_bytes()[..], &77_u64.to_le_bytes(), authority].concat();
        let authority = Address::new_from_array([9; 32]);
        let upgradeable = header(&[&[1][..], authority.as_ref()].concat());
        let found = |data| program("x", &id, Ok(vec![account(vec![], true), account(data, false)])).found;
        assert_eq!(found(upgradeable), format!("deployed in slot 77, upgradeable by {authority}"));
        assert_eq!(found(header(&[0; 33])), "deployed in slot 77, for good");
        assert_eq!(found(vec![1]), "deployed");
        assert_eq!(program("x", &id, Ok(vec![None, None])).verdict, Verdict::Fail);
        assert_eq!(program("x", &id, Ok(vec![account(vec![], false), None])).verdict, Verdict::Fail);
    }

    #[test]
    fn warnings_do_not_fail() {
        let warned = [config(Path::new("/c"), false), engine(Err("none".into()), true)];
        assert!(is_fit(&warned));
        assert!(!is_fit(&[balance(&Address::default(), Ok(0))]));
        let text = to_text(&warned);
        assert!(text.contains("warn  configuration") && text.contains("`grid init` writes one"), "{text}");
        assert!(text.ends_with("0 fine, 2 to look at, 0 failed\n"), "{text}");
    }
}
