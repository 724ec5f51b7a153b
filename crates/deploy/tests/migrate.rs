//! `grid-deploy` on a network with the programs' real binaries: a first run, a second, and what follows when something differs.

use grid_localnet::{Airdrop, Localnet, LocalnetConfig, ProgramBinary, program_folder};
use serde_json::Value;
use solana_keypair::{Keypair, write_keypair_file};
use solana_signer::Signer;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tempfile::TempDir;

const PROGRAMS: [(&str, solana_address::Address); 5] = [
    ("grid_jobs", grid_jobs::ID),
    ("grid_nodes", grid_nodes::ID),
    ("grid_pools", grid_pools::ID),
    ("grid_rewards", grid_rewards::ID),
    ("grid_staking", grid_staking::ID),
];

/// A network, and a deployer who may upgrade its programs.
struct Stage {
    network: Localnet,
    folder: TempDir,
    deployer: Keypair,
}

impl Stage {
    async fn build() -> Self {
        let (folder, deployer) = (tempfile::tempdir().unwrap(), Keypair::new());
        let binary = |(name, id)| {
            let file = program_folder().join(format!("{name}.so"));
            ProgramBinary::from_file(name, id, file, Some(deployer.pubkey())).expect(name)
        };
        let config = LocalnetConfig {
            programs: PROGRAMS.into_iter().map(binary).collect(),
            airdrops: vec![Airdrop { address: deployer.pubkey(), lamports: 100_000_000_000 }],
            ..LocalnetConfig::default()
        };
        let network = Localnet::start(config).await.unwrap();
        write_keypair_file(&deployer, folder.path().join("deployer.json")).unwrap();
        for name in ["localnet.toml", "markets.toml"] {
            let plans = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
            fs::copy(plans.join(name), folder.path().join(name)).unwrap();
        }
        Self { network, folder, deployer }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Replaces text in a file of the plan; it has to be there.
    fn edit(&self, file: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(file)).unwrap();
        assert!(text.contains(from), "{from} in {file}");
        fs::write(self.path(file), text.replacen(from, to, 1)).unwrap();
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_grid-deploy"));
        command.arg(name).args(["--json", "--cluster", self.network.rpc_url(), "--file"]);
        command.arg(self.path("localnet.toml"));
        command
    }

    async fn migrate(&self, more: &[&str]) -> Told {
        let mut command = self.command("migrate");
        command.arg("--keypair").arg(self.path("deployer.json"));
        command.arg("--journal").arg(self.path("journal")).args(more);
        Told::of(command).await
    }

    async fn verify(&self, more: &[&str]) -> Told {
        let mut command = self.command("verify");
        command.args(["--deployer", &self.deployer.pubkey().to_string(), "--skip-idl"]);
        command.arg("--programs").arg(program_folder()).args(more);
        Told::of(command).await
    }
}

/// What a run said.
struct Told {
    code: Option<i32>,
    lines: Vec<Value>,
    errors: String,
}

impl Told {
    async fn of(mut command: Command) -> Self {
        // The network lives in this process: it must not be blocked.
        let output: Output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        let lines = lines.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
        Self { code: output.status.code(), lines, errors: String::from_utf8(output.stderr).unwrap() }
    }

    /// Subjects with this outcome.
    fn with(&self, outcome: &str) -> Vec<&str> {
        let lines = self.lines.iter().filter(|line| line["outcome"] == outcome);
        lines.filter_map(|line| line["subject"].as_str()).collect()
    }

    fn text_of(&self, subject: &str) -> &str {
        let line = self.lines.iter().find(|line| line["subject"] == subject && line["outcome"] != "ok");
        line.and_then(|line| line["text"].as_str()).unwrap_or_default()
    }

    fn summary(&self) -> &str {
        self.lines.last().and_then(|line| line["summary"].as_str()).unwrap_or(&self.errors)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_sends_nothing_and_what_differs_is_brought_home() {
    let stage = Stage::build().await;

    let shown = stage.migrate(&["--dry-run"]).await;
    assert_eq!(shown.code, Some(0), "{}", shown.errors);
    let would = shown.with("would").len();
    assert!(would > 20 && shown.with("done").is_empty(), "{:?}", shown.lines);
    assert!(!stage.verify(&[]).await.with("differs").is_empty(), "a dry run changes nothing");

    let first = stage.migrate(&[]).await;
    assert_eq!(first.code, Some(0), "{}", first.errors);
    assert_eq!(first.with("done").len(), would, "what was shown was done: {:?}", first.lines);
    let second = stage.migrate(&[]).await;
    assert_eq!((second.code, second.summary()), (Some(0), "ok, nothing to do"), "{}", second.errors);
    assert!(second.with("done").is_empty());
    let verified = stage.verify(&[]).await;
    assert_eq!(verified.code, Some(0), "{:?}", verified.lines);

    // What may be changed is: a price, a place in a queue, who pauses.
    stage.edit(
        "markets.toml",
        "price_per_second_atoms = 14\n",
        "price_per_second_atoms = 15\nmin_queue_slots = 600\n",
    );
    let pauser = Keypair::new().pubkey();
    stage.edit("localnet.toml", "pauser = \"deployer\"", &format!("pauser = \"{pauser}\""));
    let found = stage.verify(&[]).await;
    assert_eq!(found.code, Some(1));
    assert!(found.text_of("market rtx-3060-12gb").contains("price_per_second_atoms is 14, planned is 15"));
    assert!(found.text_of("config").contains(&format!("planned is {pauser}")));
    let changed = stage.migrate(&[]).await;
    let done = ["config", "market rtx-3060-12gb", "market rtx-3060-12gb", "market rtx-3060-12gb"];
    assert_eq!(changed.with("done"), done, "{}", changed.errors);
    assert_eq!(stage.migrate(&[]).await.summary(), "ok, nothing to do");

    // A role is offered once, and waits then.
    let admin = Keypair::new().pubkey();
    stage.edit("localnet.toml", "admin = \"deployer\"", &format!("admin = \"{admin}\""));
    assert_eq!(stage.migrate(&[]).await.with("done"), ["admin"]);
    let waiting = stage.migrate(&[]).await;
    assert_eq!(
        (waiting.code, waiting.with("done").len(), waiting.with("waits")),
        (Some(0), 0, vec!["admin"])
    );
    assert_eq!(stage.verify(&[]).await.code, Some(1), "as long as nobody took it, it is not as planned");

    // What is for good is named, and not tried.
    stage.edit("localnet.toml", "rate_per_second_atoms = 1_000", "rate_per_second_atoms = 1_001");
    stage.edit("localnet.toml", "Grid access", "Grid excess");
    let blocked = stage.migrate(&[]).await;
    assert_eq!((blocked.code, blocked.with("done").len()), (Some(1), 0), "{}", blocked.errors);
    assert!(blocked.text_of("emission 0").contains("is 1000, planned is 1001"), "{:?}", blocked.lines);
    assert!(blocked.text_of("collection 0").contains("Grid access, planned is Grid excess"));
    stage.network.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_by_the_wrong_key_or_to_the_wrong_network() {
    let stage = Stage::build().await;
    let stranger = stage.path("stranger.json");
    write_keypair_file(&Keypair::new(), &stranger).unwrap();
    let told = stage.migrate(&["--dry-run", "--keypair", stranger.to_str().unwrap()]).await;
    assert_eq!(told.code, Some(2), "an option that is given twice: {}", told.errors);

    // The programs' authority is not this key: nothing is sent, not even the mint.
    let mut command = stage.command("migrate");
    command.arg("--keypair").arg(&stranger).arg("--journal").arg(stage.path("journal"));
    let told = Told::of(command).await;
    assert_eq!((told.code, told.with("done").len()), (Some(1), 0));
    assert!(told.errors.contains("nothing was sent"), "{}", told.errors);

    stage.edit("localnet.toml", "network = \"localnet\"", "network = \"devnet\"");
    let told = stage.migrate(&[]).await;
    assert!(
        told.code == Some(1) && told.errors.contains("is localnet, the plan is for devnet"),
        "{}",
        told.errors
    );
    stage.network.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn other_bytes_than_those_of_the_release_are_named() {
    let stage = Stage::build().await;
    assert_eq!(stage.migrate(&[]).await.code, Some(0));
    let hashes = stage.path("hashes");
    let wrong = PROGRAMS.map(|(name, _)| format!("{}  {name}.so\n", "ab".repeat(32))).concat();
    fs::write(&hashes, wrong).unwrap();
    let told = stage.verify(&["--hashes", hashes.to_str().unwrap()]).await;
    assert_eq!((told.code, told.with("differs").len()), (Some(1), 5), "{:?}", told.lines);
    assert!(told.text_of("grid_jobs").contains("expected is abab"));
    // And with IDLs looked at, none is there.
    let mut command = stage.command("verify");
    command.args(["--deployer", &stage.deployer.pubkey().to_string(), "--programs"]).arg(program_folder());
    command.arg("--idl").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../idl"));
    let told = Told::of(command).await;
    assert_eq!((told.code, told.with("differs").len()), (Some(1), 5), "{:?}", told.lines);
    assert!(told.text_of("grid_jobs").contains("anchor idl init"));
    stage.network.stop().await.unwrap();
}

#[tokio::test]
async fn a_plan_is_checked_without_a_network() {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.toml");
    let check = async |text: &str| {
        fs::write(&plan, text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_grid-deploy"));
        command.args(["migrate", "--check", "--cluster", "http://127.0.0.1:1", "--file"]).arg(&plan);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let sound =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/localnet.toml"));
    let sound = sound.unwrap().replace("markets_file = \"markets.toml\"\n", "");
    assert_eq!(check(&sound).await.0, Some(0));
    let (code, error) = check(&sound.replace("slash_cap_bps", "slash_cap")).await;
    assert!(code == Some(1) && error.contains("slash_cap") && error.contains("line"), "{error}");
    let (code, error) = check(&sound.replace("stake_mint = \"grid\"", "stake_mint = \"gird\"")).await;
    assert!(code == Some(1) && error.contains("no mint `gird`"), "{error}");
}
