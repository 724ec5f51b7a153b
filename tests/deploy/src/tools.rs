//! The commands that a deployer types.

use crate::idls::PROGRAMS;
use anyhow::{Context, Result, ensure};
use solana_address::Address;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};
use tokio::process::Command;

/// Who calls them, where and on what.
pub struct Tools {
    /// The cluster.
    pub url: String,
    /// The deployer's key file.
    pub wallet: PathBuf,
    /// The deployer.
    pub deployer: Address,
    /// The `grid-deploy` binary.
    pub grid_deploy: PathBuf,
    /// The checkout.
    pub checkout: PathBuf,
    /// The journal of what is on its way.
    pub journal: PathBuf,
    /// The plan.
    pub plan: PathBuf,
}

/// How a command ended.
#[derive(Debug)]
pub struct Told {
    /// Whether it passed.
    pub passed: bool,
    /// What it printed.
    pub text: String,
}

impl Told {
    /// Whether a subject was said to differ.
    pub fn differs(&self, subject: &str) -> bool {
        self.text.lines().any(|line| {
            line.contains("\"outcome\":\"differs\"") && line.contains(&format!("\"subject\":\"{subject}\""))
        })
    }

    fn of(output: &Output) -> Self {
        let text = [&output.stdout[..], &output.stderr[..]].concat();
        Self { passed: output.status.success(), text: String::from_utf8_lossy(&text).into_owned() }
    }
}

impl Tools {
    /// An Anchor command on the cluster, which has to pass; what it printed.
    pub async fn anchor(&self, name: &str, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new("anchor");
        command
            .args(arguments)
            .args(["--provider.cluster", &self.url, "--provider.wallet"])
            .arg(&self.wallet);
        command
            .current_dir(&self.checkout)
            .env("GRID_DEPLOY", &self.grid_deploy)
            .env("GRID_JOURNAL", &self.journal)
            .env("GRID_PLAN", &self.plan);
        let told = Told::of(&command.output().await.context("`anchor` can't be started")?);
        ensure!(told.passed, "anchor {name} failed:\n{}", told.text);
        Ok(told.text)
    }

    /// Shows that `anchor test` runs the script of `Anchor.toml`, with the arguments behind it: here it only asks for its help. (Anchor
    /// takes no argument that begins with a hyphen; the shell does not mind the space.)
    pub async fn anchor_test(&self) -> Result<()> {
        let mut command = Command::new("anchor");
        command.args(["test", "--skip-build", " --help"]).current_dir(&self.checkout);
        let told = Told::of(&command.output().await?);
        let is_ours = told.text.contains("Usage: cargo xtask test");
        ensure!(told.passed && is_ours, "anchor test does not start the suite:\n{}", told.text);
        Ok(())
    }

    /// `grid-deploy migrate`.
    pub async fn migrate(&self) -> Result<Told> {
        let mut command = self.grid_deploy("migrate");
        command.arg("--keypair").arg(&self.wallet).arg("--journal").arg(&self.journal);
        Ok(Told::of(&command.output().await?))
    }

    /// `grid-deploy verify` with these binaries and IDLs.
    pub async fn verify(&self, programs: &Path, idls: &Path) -> Result<Told> {
        let mut command = self.grid_deploy("verify");
        command.args(["--json", "--deployer", &self.deployer.to_string(), "--programs"]).arg(programs);
        command.arg("--idl").arg(idls);
        Ok(Told::of(&command.output().await?))
    }

    /// The same, which has to pass.
    pub async fn passes(&self, programs: &Path) -> Result<()> {
        let told = self.verify(programs, &self.checkout.join("target/idl")).await?;
        ensure!(told.passed, "verify failed:\n{}", told.text);
        Ok(())
    }

    /// `grid-deploy cost`, which has to name every program; what it printed.
    pub async fn cost(&self, programs: &Path) -> Result<String> {
        let mut command = Command::new(&self.grid_deploy);
        command.args(["cost", "--cluster", &self.url, "--programs"]).arg(programs);
        let told = Told::of(&command.output().await?);
        ensure!(told.passed && told.text.contains("grid_staking"), "grid-deploy cost: {}", told.text);
        Ok(told.text)
    }

    /// Hands the upgrade authority of each program over; the plan says so from now on.
    pub async fn hand_over(&self, to: &Address) -> Result<()> {
        let to = to.to_string();
        for (_, program) in PROGRAMS {
            let id = program.to_string();
            let arguments = ["program", "set-upgrade-authority", &id, "--new-upgrade-authority", &to];
            let checked = ["--skip-new-upgrade-authority-signer-check"];
            self.anchor("program set-upgrade-authority", &[&arguments[..], &checked].concat()).await?;
        }
        let plan = fs::read_to_string(&self.plan)?;
        let planned =
            plan.replacen("upgrade_authority = \"deployer\"", &format!("upgrade_authority = \"{to}\""), 1);
        ensure!(planned != plan, "the plan has no upgrade authority to change");
        Ok(fs::write(&self.plan, planned)?)
    }

    fn grid_deploy(&self, name: &str) -> Command {
        let mut command = Command::new(&self.grid_deploy);
        command.arg(name).args(["--cluster", &self.url, "--file"]).arg(&self.plan);
        command.current_dir(&self.checkout);
        command
    }
}
