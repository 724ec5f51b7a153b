//! The nodes: processes of the `grid` binary.

use crate::stage::Stage;
use anyhow::{Context, Result, ensure};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// How long a node may take to stop once its jobs have ended.
const STOP_SECONDS: u64 = 60;

/// A node's process.
pub struct Node {
    grid: PathBuf,
    config: PathBuf,
    log: PathBuf,
    process: Child,
}

impl Node {
    /// Writes the node's files below `folder` and starts it.
    pub fn start(grid: &Path, stage: &Stage, index: usize, urls: &[String], folder: &Path) -> Result<Self> {
        let home = folder.join(format!("node-{index}"));
        fs::create_dir_all(&home)?;
        let keypair = home.join("key.json");
        fs::write(&keypair, serde_json::to_string(&stage.nodes[index].to_bytes().to_vec())?)?;
        restrict(&keypair)?;
        let mut config = format!(
            "urls = {}\nkeypair = \"{}\"\n\n[node]\nfolder = \"{}\"\nexecutor = \"process\"\n\
             content = [\"{}\"]\nmin_free_bytes = 0\npoll_seconds = 1\n\n[node.api]\nlisten = \"127.0.0.1:0\"\nprivate_listen = \"127.0.0.1:0\"\n",
            serde_json::to_string(urls)?,
            keypair.display(),
            home.join("state").display(),
            stage.served.url(),
        );
        for device in 0..stage.devices_per_node {
            config += &format!(
                "\n[[node.device]]\nhardware = \"cpu:{device}\"\nmarket = \"{}\"\nindex = {device}\n",
                stage.market
            );
        }
        let path = home.join("config.toml");
        fs::write(&path, config)?;
        let log = home.join("log");
        let process = spawn(grid, &path, &log)?;
        Ok(Self { grid: grid.to_owned(), config: path, log, process })
    }

    /// As a crash or `kill -9` would.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Starts it as it was started first.
    pub fn start_again(&mut self) -> Result<()> {
        self.process = spawn(&self.grid, &self.config, &self.log)?;
        Ok(())
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Asks the node to stop and waits for it.
    pub async fn stop(&mut self) -> Result<()> {
        let status = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status()?;
        ensure!(
            status.success(),
            "node {} was gone already; its log: {}",
            self.process.id(),
            self.log.display()
        );
        for _ in 0..STOP_SECONDS * 10 {
            if let Some(status) = self.process.try_wait()? {
                ensure!(status.success(), "the node ended with {status}; its log: {}", self.log.display());
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        anyhow::bail!("the node did not stop within {STOP_SECONDS} s; its log: {}", self.log.display())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
    }
}

fn spawn(grid: &Path, config: &Path, log: &Path) -> Result<Child> {
    let log = File::options().create(true).append(true).open(log)?;
    let mut command = Command::new(grid);
    command.args(["node", "start", "--config"]).arg(config).stdin(Stdio::null());
    command.env("RUST_LOG", "grid_node=info,grid_landing=info,grid_executor=info,grid=info");
    command.stdout(log.try_clone()?).stderr(log);
    command.spawn().with_context(|| format!("{} can't be started", grid.display()))
}

fn restrict(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(())
}
