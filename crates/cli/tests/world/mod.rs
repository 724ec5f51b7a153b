//! The embedded network, and users with homes and shells of their own.

mod node;

use grid_localnet::{Airdrop, Localnet, LocalnetConfig, ProgramBinary, program_folder};
use serde_json::Value;
use solana_address::Address;
use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The programs and where they are.
const PROGRAMS: [(&str, Address); 5] = [
    ("grid_jobs", grid_jobs::ID),
    ("grid_nodes", grid_nodes::ID),
    ("grid_staking", grid_staking::ID),
    ("grid_rewards", grid_rewards::ID),
    ("grid_pools", grid_pools::ID),
];
/// Lamports that each user begins with.
const LAMPORTS: u64 = 100_000_000_000;

/// The folder with the programs' binaries.
fn programs() -> PathBuf {
    match std::env::var_os("GRID_SBF_DIR") {
        Some(_) => program_folder(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/deploy"),
    }
}

/// A network, and its users.
pub struct World {
    runtime: Runtime,
    localnet: Localnet,
    users: Vec<User>,
}

impl World {
    /// Starts a network on which the first user may initialise the programs, and all have SOL.
    pub fn start(names: &[&'static str]) -> Self {
        let users: Vec<User> = names.iter().map(|name| User::new(name)).collect();
        for user in &users {
            let created = user.ok(&["init", "--no-doctor"]);
            *user.key.borrow_mut() = created["key"].as_str().expect("a key").to_owned().leak();
        }
        let address = |user: &User| user.key().parse::<Address>().expect("an address");
        let authority = Some(address(&users[0]));
        let program = |(name, id): (&str, Address)| {
            let path = programs().join(format!("{name}.so"));
            ProgramBinary::from_file(name, id, path, authority).expect("the programs are built")
        };
        let config = LocalnetConfig {
            programs: PROGRAMS.into_iter().map(program).collect(),
            airdrops: users
                .iter()
                .map(|user| Airdrop { address: address(user), lamports: LAMPORTS })
                .collect(),
            ..LocalnetConfig::default()
        };
        let runtime = Runtime::new().expect("a runtime");
        let localnet = runtime.block_on(Localnet::start(config)).expect("the network starts");
        for user in &users {
            user.set("GRID_URL", localnet.rpc_url());
        }
        Self { runtime, localnet, users }
    }

    /// A user.
    pub fn user(&self, name: &str) -> &User {
        self.users.iter().find(|user| user.name == name).expect("a user of the world")
    }

    /// Initialises the programs and makes a mint of which these users have 1,000 tokens each; everybody's default from now on.
    pub fn mint(&self, admin: &User, holders: &[&User]) -> String {
        admin.ok(&["protocol", "init"]);
        let mint =
            admin.ok(&["token", "create", "--decimals", "6"])["mint"].as_str().expect("a mint").to_owned();
        for holder in holders {
            admin.ok(&["token", "mint", "1000", "--mint", &mint, "--to", holder.key()]);
        }
        for user in &self.users {
            user.set("GRID_MINT", &mint);
        }
        mint
    }

    /// Moves the chain's clock.
    pub fn pass(&self, time: Duration) {
        self.runtime.block_on(self.localnet.advance_clock(time.as_secs())).expect("the clock moves");
    }
}

/// A user with a home of his own.
pub struct User {
    name: &'static str,
    home: TempDir,
    key: RefCell<&'static str>,
    variables: RefCell<BTreeMap<String, String>>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code.
    pub code: i32,
    /// What it printed.
    pub stdout: String,
    /// What it said beside.
    pub stderr: String,
}

impl Ran {
    /// What it printed, one JSON value.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// What it printed, a JSON value a line.
    #[track_caller]
    pub fn lines(&self) -> Vec<Value> {
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.stdout.lines().map(parse).collect()
    }
}

impl User {
    /// A user without key and configuration.
    pub fn new(name: &'static str) -> Self {
        let home = tempfile::tempdir().expect("a home");
        Self { name, home, key: RefCell::new(""), variables: RefCell::default() }
    }

    /// The address of the user's key.
    pub fn key(&self) -> &'static str {
        *self.key.borrow()
    }

    /// Sets a variable of the user's environment.
    pub fn set(&self, name: &str, value: &str) {
        self.variables.borrow_mut().insert(name.to_owned(), value.to_owned());
    }

    /// A variable of the user's environment.
    pub fn variable(&self, name: &str) -> String {
        self.variables.borrow().get(name).cloned().expect("a variable that was set")
    }

    /// A path in the user's home.
    pub fn path(&self, name: &str) -> String {
        self.home.path().join(name).to_str().expect("a path in UTF-8").to_owned()
    }

    /// Writes a file into the user's home.
    pub fn file(&self, name: &str, content: &str) -> String {
        fs::write(self.home.path().join(name), content).expect("the file can be written");
        self.path(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_grid"));
        command.args(arguments).current_dir(self.home.path()).stdin(Stdio::null());
        command.env_clear().env("HOME", self.home.path()).env("GRID_SBF_DIR", programs());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs(self.variables.borrow().iter());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().expect("grid runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let code = output.status.code().expect("an exit code");
        Ran { code, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Runs a command that must succeed; what it prints as JSON.
    #[track_caller]
    pub fn ok(&self, arguments: &[&str]) -> Value {
        let ran = self.run(&[&["--json"], arguments].concat());
        assert_eq!(ran.code, 0, "{}: {arguments:?}: {ran:?}", self.name);
        ran.json()
    }

    /// Runs a command that must fail with a code and say these words.
    #[track_caller]
    pub fn fails(&self, arguments: &[&str], code: i32, says: &[&str]) {
        let ran = self.run(arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {ran:?}");
        for part in says {
            assert!(ran.stderr.contains(part), "`{part}` is missing: {arguments:?}: {ran:?}");
        }
        assert!(ran.stdout.is_empty(), "{arguments:?}: {ran:?}");
    }

    /// Starts a node of CPU devices, with these options more. It takes jobs however full this machine's disk is.
    pub fn spawn_node(&self, options: &[&str]) -> Running {
        let path = self.path(".config/grid/config.toml");
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(!written.contains("\n[node]"), "one node of a user at a time");
        let room = "\n[node]\nmin_free_bytes = 0\n\n[node.api.uploads]\nmin_disk_free_bytes = 0\n";
        std::fs::write(&path, written + room).expect("the configuration is written");
        let local = ["--listen", "127.0.0.1:0", "--private-listen", "127.0.0.1:0"];
        let node = ["--json", "node", "start", "--cpu", "--executor", "process"];
        self.spawn(&[&node, &local[..], options].concat())
    }

    /// Starts a command that goes on.
    pub fn spawn(&self, arguments: &[&str]) -> Running {
        let mut child = self.command(arguments).stdout(Stdio::piped()).spawn().expect("grid starts");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let (sender, lines) = mpsc::channel();
        // Read to its end, so that the command never waits for a reader.
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Running { child, lines }
    }
}

/// A command that goes on; killed with the test.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    /// The next line that it prints, as JSON.
    #[track_caller]
    pub fn line(&mut self) -> Value {
        let line = self.lines.recv_timeout(Duration::from_secs(60)).expect("a line within a minute");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// All that it prints until it ends, a JSON value a line.
    #[track_caller]
    pub fn rest(&mut self) -> Vec<Value> {
        let parse =
            |line: String| serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.lines.iter().map(parse).collect()
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let (name, id) = (format!("-{name}"), self.child.id().to_string());
        let sent = Command::new("kill").args([name, id]).status().expect("kill runs");
        assert!(sent.success(), "the command has ended by itself");
    }

    /// Waits for the end, a minute at most; its exit code.
    #[track_caller]
    pub fn wait(&mut self) -> i32 {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be asked for") {
                return status.code().expect("an exit code");
            }
            assert!(began.elapsed() < Duration::from_secs(60), "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address on this machine that nothing listens on.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}
