//! `grid-deploy verify`: the chain against the repository and the plan. It looks as `migrate` does, and at the programs' bytes
//! and IDLs besides; it sends nothing and needs no key. `grid-deploy cost`: what the programs' accounts cost.

use crate::{
    deployed::{Deployed, HEADER_BYTES, PROGRAM_BYTES, PROGRAMS, executable_hash},
    finding::{Finding, Verdict},
    idl,
    migrate::{file_of, genesis, load},
    options::{Cost, Verify},
    report::Report,
    steps::{Scene, Step},
};
use anyhow::{Context as _, Result, bail};
use grid_client::{Chain, RpcChain, address::program_data_of, chain};
use solana_address::Address;
use std::{fs, path::Path, time::Duration};

const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// Lamports of one SOL.
const LAMPORTS_PER_SOL: u64 = 1_000_000_000;

/// Compares everything; whether all of it is as planned.
pub async fn run(args: &Verify) -> Result<bool> {
    let report = Report { json: args.target.json };
    let plan = load(&args.target)?;
    genesis(&args.target, &plan).await?;
    let chain = RpcChain::new(args.target.cluster.url.clone(), POLL_INTERVAL);
    let deployer = plan.deployer(args.deployer)?;
    let expected = match &args.hashes {
        Some(file) => hashes_of_file(file)?,
        None => hashes_of_folder(&args.programs)?,
    };

    let mut sections = vec![("programs' bytes".to_owned(), bytes(&chain, &expected).await?)];
    if !args.skip_idl {
        sections.push(("IDLs".to_owned(), idls(&chain, &args.idl).await?));
    }
    let scene = Scene { chain: &chain, plan: &plan, deployer };
    for step in Step::ALL {
        sections.push((step.title(), step.look(&scene).await?));
    }
    let (mut differences, mut fine) = (0, 0);
    for (title, findings) in sections {
        for finding in findings {
            match finding.verdict.is_as_planned() {
                true => fine += 1,
                false => differences += 1,
            }
            report.finding(&title, &finding.subject, &finding.verdict);
        }
    }
    report.summary(&format!("{fine} as planned, {differences} not"));
    Ok(differences == 0)
}

/// The programs' bytes, against the hashes.
async fn bytes(chain: &dyn Chain, expected: &[(&str, String)]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (name, id) in PROGRAMS {
        let mut found = chain.accounts(&[id, program_data_of(&id)]).await?.into_iter();
        let (program, data) = (found.next().flatten(), found.next().flatten());
        let deployed = Deployed::read(&id, program.as_ref(), data.as_ref());
        let hash = expected.iter().find(|(expected, _)| *expected == name).map(|(_, hash)| hash.as_str());
        findings.push(Finding::new(name, compare_bytes(&id, deployed.as_ref(), hash)));
    }
    Ok(findings)
}

fn compare_bytes(id: &Address, deployed: Option<&Deployed>, expected: Option<&str>) -> Verdict {
    match (deployed, expected) {
        (Some(deployed), Some(hash)) if deployed.hash == hash => Verdict::AsPlanned,
        (Some(deployed), Some(hash)) => Verdict::Blocked(format!(
            "{id} has the hash {} since slot {}, expected is {hash}: deploy the release, or check out what was deployed",
            deployed.hash, deployed.slot
        )),
        (None, _) => Verdict::Blocked(format!("{id} is not deployed by the upgradeable loader")),
        (Some(_), None) => {
            Verdict::Blocked("no hash is expected of it: the file of hashes does not name it".to_owned())
        }
    }
}

fn hashes_of_folder(folder: &Path) -> Result<Vec<(&'static str, String)>> {
    let hash = |(name, _)| {
        let file = file_of(folder, name, "so");
        let bytes = fs::read(&file).with_context(|| {
            format!(
                "the binary {}: build it with `cargo xtask build`, or name hashes with --hashes",
                file.display()
            )
        })?;
        Ok((name, executable_hash(&bytes)))
    };
    PROGRAMS.into_iter().map(hash).collect()
}

fn hashes_of_file(file: &Path) -> Result<Vec<(&'static str, String)>> {
    let text = fs::read_to_string(file).with_context(|| format!("the hashes {}", file.display()))?;
    read_hashes(&text).with_context(|| format!("the hashes {}", file.display()))
}

/// Lines of `HASH  PROGRAM.so`; a folder before the name does not count, lines of other files neither.
fn read_hashes(text: &str) -> Result<Vec<(&'static str, String)>> {
    let mut hashes = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let Some((hash, file)) = line.trim().split_once(char::is_whitespace) else {
            bail!("line {}: `{line}` is no hash and a file", number + 1);
        };
        let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        let name = file.trim().trim_start_matches('*').rsplit('/').next().unwrap_or_default();
        let program = PROGRAMS.iter().find(|(program, _)| name.strip_suffix(".so") == Some(program));
        match (is_hash, program) {
            (true, Some((program, _))) => hashes.push((*program, hash.to_ascii_lowercase())),
            (true, None) => {}
            (false, _) => bail!("line {}: `{hash}` is no SHA-256 in hexadecimal", number + 1),
        }
    }
    Ok(hashes)
}

/// The IDLs on the chain, against those of the folder.
async fn idls(chain: &dyn Chain, folder: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (name, id) in PROGRAMS {
        let file = file_of(folder, name, "json");
        let text = fs::read(&file)
            .with_context(|| format!("the IDL {}: `cargo xtask idl` writes it", file.display()))?;
        let expected =
            serde_json::from_slice(&text).with_context(|| format!("the IDL {}", file.display()))?;
        let address = idl::address(&id);
        let upload = format!("`anchor idl init --filepath {}` uploads it", file.display());
        let verdict = match chain::account(chain, &address).await? {
            None => Verdict::Blocked(format!("there is none at {address}: {upload}")),
            Some(account) => match idl::read(&id, &account) {
                Err(error) => Verdict::Blocked(format!("{address}: {error:#}: {upload}")),
                Ok(found) => match idl::difference(&found, &expected) {
                    None => Verdict::AsPlanned,
                    Some(path) => Verdict::Blocked(format!("{address} differs at {path}: {upload}")),
                },
            },
        };
        findings.push(Finding::new(name, verdict));
    }
    Ok(findings)
}

/// Says what each program costs: its two accounts for good, and the buffer while it is deployed.
pub async fn cost(args: &Cost) -> Result<bool> {
    let chain = RpcChain::new(args.cluster.url.clone(), POLL_INTERVAL);
    let (mut total, mut largest) = (0, 0);
    println!("{:<14}{:>12}{:>20}{:>20}", "PROGRAM", "BYTES", "FOR GOOD, SOL", "BUFFER, SOL");
    for (name, _) in PROGRAMS {
        let file = file_of(&args.programs, name, "so");
        let bytes = fs::metadata(&file)
            .with_context(|| format!("the binary {}: `cargo xtask build`", file.display()))?
            .len();
        let length = usize::try_from(bytes)?;
        // A buffer's header is shorter than program data's, by the slot.
        let buffer = chain.minimum_balance(length + HEADER_BYTES - 8).await?;
        let lasting = chain.minimum_balance(length + HEADER_BYTES).await?
            + chain.minimum_balance(PROGRAM_BYTES).await?;
        println!("{name:<14}{bytes:>12}{:>20}{:>20}", sol(lasting), sol(buffer));
        total += lasting;
        largest = buffer.max(largest);
    }
    println!("{:<14}{:>12}{:>20}{:>20}", "all", "", sol(total), sol(largest));
    println!(
        "A buffer's rent comes back with the deployment that uses it up. Fees of a deployment come on top."
    );
    Ok(true)
}

fn sol(lamports: u64) -> String {
    format!("{}.{:09}", lamports / LAMPORTS_PER_SOL, lamports % LAMPORTS_PER_SOL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_those_of_the_release_or_the_finding_names_both_hashes() {
        let id = Address::new_from_array([1; 32]);
        let deployed = Deployed { upgrade_authority: None, slot: 9, hash: "aa".into() };
        assert_eq!(compare_bytes(&id, Some(&deployed), Some("aa")), Verdict::AsPlanned);
        let other = compare_bytes(&id, Some(&deployed), Some("bb"));
        assert!(
            matches!(other, Verdict::Blocked(text) if text.contains("hash aa since slot 9, expected is bb"))
        );
        assert!(!compare_bytes(&id, None, Some("aa")).is_as_planned());
        assert!(!compare_bytes(&id, Some(&deployed), None).is_as_planned());
    }

    #[test]
    fn hashes_are_read_as_sha256sum_writes_them() {
        let hash = "A".repeat(64);
        let text = format!("{hash}  target/deploy/grid_jobs.so\n\n{hash} *grid_pools.so\n{hash}  other.so\n");
        let lower = hash.to_ascii_lowercase();
        assert_eq!(read_hashes(&text).unwrap(), [("grid_jobs", lower.clone()), ("grid_pools", lower)]);
        for wrong in ["grid_jobs.so", "zz  grid_jobs.so"] {
            assert!(read_hashes(wrong).unwrap_err().to_string().contains("line 1"));
        }
    }

    #[test]
    fn lamports_are_shown_in_sol() {
        assert_eq!(sol(1_234_567_890), "1.234567890");
    }
}
