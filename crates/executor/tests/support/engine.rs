//! A container engine of the tests' own: podman's service on a socket, with storage, network names and images apart
//! from the machine's. Started when it is needed first, shared by all tests, gone by itself when nobody asks it any more.

use std::{
    env, fs,
    os::unix::{fs::DirBuilderExt, net::UnixStream, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

use grid_executor::{ContainerConfig, ContainerExecutor};
use rustix::fs::{FlockOperation, flock};

/// An image with a busybox and nothing else.
pub const IMAGE: &str = "localhost/grid-test:2";
/// The same under names that published definitions have: no registry is asked for it.
const KNOWN_AS: [&str; 2] = ["docker.io/library/alpine:3.20", "docker.io/library/ubuntu:24.04"];
/// The same, with a user, a folder, an environment and an entrypoint of its own.
pub const USER_IMAGE: &str = "localhost/grid-test-user:2";

/// What podman needs to run on a machine without systemd, whichever cgroups that has.
const CONTAINERS_CONF: &str = r#"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
network_config_dir = "FOLDER/networks"
"#;
/// How long the service stays when nobody asks it anything, in seconds.
const IDLE_SECONDS: &str = "30";

/// The socket of the tests' engine; `None` where there can be none, which is said once. With `GRID_REQUIRE_ENGINE=1`
/// that is a failure.
pub fn socket() -> Option<PathBuf> {
    static SOCKET: OnceLock<Option<PathBuf>> = OnceLock::new();
    SOCKET
        .get_or_init(|| match start() {
            Ok(socket) => Some(socket),
            Err(reason) if env::var("GRID_REQUIRE_ENGINE").is_ok_and(|value| value == "1") => {
                panic!("no container engine, and GRID_REQUIRE_ENGINE is set: {reason}")
            }
            Err(reason) => {
                println!("skipped: the tests of the container executor have no engine: {reason}");
                None
            }
        })
        .clone()
}

/// An executor on the tests' engine.
pub async fn executor(config: ContainerConfig) -> Option<ContainerExecutor> {
    let socket = tokio::task::spawn_blocking(socket).await.unwrap()?;
    let config = ContainerConfig { socket: Some(socket), stop_grace: Duration::from_secs(1), ..config };
    Some(ContainerExecutor::connect(config).await.unwrap())
}

fn start() -> Result<PathBuf, String> {
    if !rustix::process::geteuid().is_root() {
        return Err("this user is not root".to_owned());
    }
    for program in ["podman", "runc", "busybox", "nft"] {
        if !in_path(program) {
            return Err(format!("{program} is not installed"));
        }
    }
    let folder = env::temp_dir().join("grid-test-engine");
    let _ = fs::DirBuilder::new().mode(0o700).create(&folder);
    // One test program at a time looks whether the service is there.
    let lock = fs::File::create(folder.join("lock")).map_err(|error| error.to_string())?;
    flock(&lock, FlockOperation::LockExclusive).map_err(|error| error.to_string())?;
    let socket = folder.join("engine.sock");
    if UnixStream::connect(&socket).is_err() {
        let storage = format!(
            "[storage]\ndriver = \"overlay\"\ngraphroot = \"{0}/storage\"\nrunroot = \"{0}/run\"\n",
            folder.display()
        );
        let settings = CONTAINERS_CONF.replace("FOLDER", &folder.display().to_string());
        fs::write(folder.join("containers.conf"), settings).map_err(|error| error.to_string())?;
        fs::write(folder.join("storage.conf"), storage).map_err(|error| error.to_string())?;
        import(&folder, IMAGE, &[])?;
        for name in KNOWN_AS {
            let tagged =
                podman(&folder).args(["tag", IMAGE, name]).status().map_err(|error| error.to_string())?;
            if !tagged.success() {
                return Err(format!("{name} could not be made a name of {IMAGE}"));
            }
        }
        let changes = [
            "USER 1000:1000",
            "WORKDIR /home/user",
            "ENV FROM_IMAGE=yes",
            "ENTRYPOINT [\"/bin/echo\", \"entry:\"]",
        ];
        import(&folder, USER_IMAGE, &changes)?;
        podman(&folder)
            .args(["system", "service", "--time", IDLE_SECONDS, &format!("unix://{}", socket.display())])
            // Not ended with the first test program that is interrupted.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.join("service.log")).map_err(|error| error.to_string())?)
            .spawn()
            .map_err(|error| error.to_string())?;
        let deadline = Instant::now() + Duration::from_secs(30);
        while UnixStream::connect(&socket).is_err() {
            if Instant::now() > deadline {
                let log = fs::read_to_string(folder.join("service.log")).unwrap_or_default();
                return Err(format!("podman's service did not start: {log}"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    Ok(socket)
}

fn podman(folder: &Path) -> Command {
    let mut podman = Command::new("podman");
    podman
        .env("CONTAINERS_CONF", folder.join("containers.conf"))
        .env("CONTAINERS_STORAGE_CONF", folder.join("storage.conf"));
    podman
}

/// Makes an image out of this machine's static busybox, unless it is there.
fn import(folder: &Path, image: &str, changes: &[&str]) -> Result<(), String> {
    let exists =
        podman(folder).args(["image", "exists", image]).status().map_err(|error| error.to_string())?;
    if exists.success() {
        return Ok(());
    }
    let root = tempfile::tempdir_in(folder).map_err(|error| error.to_string())?;
    let tar = root.path().join("root.tar");
    root_file_system(&tar).map_err(|error| format!("the image's files: {error}"))?;
    let mut import = podman(folder);
    import.arg("import").arg("--quiet");
    for change in changes {
        import.args(["--change", change]);
    }
    let output = import.arg(&tar).arg(image).output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("podman import: {}", String::from_utf8_lossy(&output.stderr))),
    }
}

fn root_file_system(tar: &Path) -> std::io::Result<()> {
    let mut builder = tar::Builder::new(fs::File::create(tar)?);
    let mut folder = |path: &str, mode: u32, owner: u64| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_mode(mode);
        header.set_uid(owner);
        header.set_gid(owner);
        header.set_size(0);
        builder.append_data(&mut header, path, std::io::empty())
    };
    for (path, mode, owner) in [
        ("bin", 0o755, 0),
        ("etc", 0o755, 0),
        ("tmp", 0o1777, 0),
        ("home", 0o755, 0),
        ("home/user", 0o755, 1000),
    ] {
        folder(path, mode, owner)?;
    }
    let busybox = fs::canonicalize(find("busybox").unwrap_or_default())?;
    builder.append_path_with_name(&busybox, "bin/busybox")?;
    let applets = Command::new(&busybox).arg("--list").output()?.stdout;
    for applet in String::from_utf8_lossy(&applets).lines().filter(|applet| *applet != "busybox") {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        builder.append_link(&mut header, format!("bin/{applet}"), "busybox")?;
    }
    builder.finish()
}

fn in_path(program: &str) -> bool {
    find(program).is_some()
}

fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}
