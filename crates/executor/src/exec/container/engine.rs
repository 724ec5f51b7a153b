//! The connection to the engine, and what kind of engine it is.

use std::{
    collections::BTreeMap,
    env, io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use bollard::{API_DEFAULT_VERSION, Docker, errors::Error};
use serde::Deserialize;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

/// How long the engine may take to answer, in seconds.
const TIMEOUT_SECONDS: u64 = 120;
/// The longest answer that is read, in bytes.
const MAX_ANSWER_BYTES: u64 = 64 << 20;
/// Where engines listen: Docker, then podman.
const SOCKETS: [&str; 3] = ["/var/run/docker.sock", "/run/docker.sock", "/run/podman/podman.sock"];

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Nobody listens anywhere.
    #[error(
        "no container engine was found: none of {looked_at} is there; start Docker or podman's service, or say where its socket is (DOCKER_HOST=unix:///…)"
    )]
    NoSocket {
        /// Where it was looked for.
        looked_at: String,
    },
    /// Another kind of address.
    #[error(
        "DOCKER_HOST is \"{0}\"; only unix:///… is supported: a job's data must not travel to another machine"
    )]
    Address(String),
    /// It does not answer.
    #[error(
        "the container engine at {socket} does not answer: {error}; is its service running, and may this user use the socket?"
    )]
    Silent {
        /// Its socket.
        socket: String,
        /// What it said, or what the system did.
        error: String,
    },
    /// Its machine cannot be guarded against jobs.
    #[error(transparent)]
    Guard(#[from] super::guard::GuardError),
}

/// What kind of engine answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Docker,
    Podman,
}

/// An engine that answers.
#[derive(Clone, Debug)]
pub(super) struct Engine {
    pub(super) docker: Docker,
    socket: PathBuf,
    pub(super) kind: Kind,
    /// CPU threads of its machine.
    pub(super) cpus: Option<i64>,
}

impl Engine {
    /// Connects to the engine at `socket`; without one, where `DOCKER_HOST` says, else where engines listen.
    pub(super) async fn connect(socket: Option<PathBuf>) -> Result<Self, EngineError> {
        let socket = match socket {
            Some(socket) => socket,
            None => find_socket(env::var("DOCKER_HOST").ok())?,
        };
        let silent = |error: Error| EngineError::Silent {
            socket: socket.display().to_string(),
            error: error.to_string(),
        };
        let path = socket.to_string_lossy();
        let docker =
            Docker::connect_with_unix(&path, TIMEOUT_SECONDS, API_DEFAULT_VERSION).map_err(silent)?;
        let docker = docker.negotiate_version().await.map_err(silent)?;
        let version = docker.version().await.map_err(silent)?;
        let components = version.components.unwrap_or_default();
        let is_podman = components.iter().any(|component| component.name.starts_with("Podman"));
        let kind = if is_podman { Kind::Podman } else { Kind::Docker };
        let cpus = docker.info().await.map_err(silent)?.ncpu;
        Ok(Self { docker, socket, kind, cpus })
    }

    /// What each volume takes on the disk, in bytes.
    pub(super) async fn volume_sizes(&self) -> io::Result<BTreeMap<String, u64>> {
        let answer = self.get("system/df?type=volume&verbose=true").await?;
        Ok(answer.as_ref().map(volume_sizes).unwrap_or_default())
    }

    /// How a container is; `None` where there is none of that name.
    pub(super) async fn inspect(&self, container: &str, with_size: bool) -> io::Result<Option<Found>> {
        let answer = self.get(&format!("containers/{container}/json?size={with_size}")).await?;
        answer.map(|answer| serde_json::from_value(answer).map_err(io::Error::other)).transpose()
    }

    /// The ids of the containers with this label.
    pub(super) async fn containers(&self, label: &str) -> io::Result<Vec<String>> {
        let filters = percent_encoded(&serde_json::json!({"label": [label]}).to_string());
        let answer = self.get(&format!("containers/json?all=true&filters={filters}")).await?;
        let containers = answer.as_ref().and_then(Value::as_array).into_iter().flatten();
        Ok(containers.filter_map(|container| Some(container.get("Id")?.as_str()?.to_owned())).collect())
    }

    /// Asks the engine; `None` where it says that there is no such thing. By hand, because the client library takes
    /// only the newest form of some answers, and no state of a container that Docker does not have.
    async fn get(&self, path: &str) -> io::Result<Option<Value>> {
        let version = self.docker.client_version();
        // HTTP/1.0: the answer is plain and ends with the connection.
        let request = format!(
            "GET /v{}.{}/{path} HTTP/1.0\r\nHost: engine\r\n\r\n",
            version.major_version, version.minor_version
        );
        let ask = async {
            let mut stream = UnixStream::connect(&self.socket).await?;
            stream.write_all(request.as_bytes()).await?;
            let mut answer = Vec::new();
            stream.take(MAX_ANSWER_BYTES).read_to_end(&mut answer).await?;
            Ok::<_, io::Error>(answer)
        };
        let answer = tokio::time::timeout(Duration::from_secs(TIMEOUT_SECONDS), ask).await??;
        parse_answer(&answer).map_err(|problem| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("asked for {path}, the engine said: {problem}"),
            )
        })
    }
}

/// What is asked about a container.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Found {
    pub(super) id: String,
    pub(super) state: State,
    /// What it has changed of its image, in bytes.
    pub(super) size_rw: Option<u64>,
    pub(super) network_settings: NetworkSettings,
}

/// How a container is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct State {
    pub(super) status: String,
    pub(super) exit_code: Option<i64>,
    #[serde(rename = "OOMKilled")]
    pub(super) oom_killed: bool,
}

impl State {
    /// Whether it was never started.
    pub(super) fn is_new(&self) -> bool {
        // Podman has a word of its own for what it has created and not set up.
        matches!(self.status.as_str(), "created" | "configured" | "initialized")
    }

    /// Whether it has ended for good.
    pub(super) fn has_ended(&self) -> bool {
        // "stopped" is podman's word for what has ended and is not tidied up yet: its exit code comes later.
        matches!(self.status.as_str(), "exited" | "dead")
    }
}

/// Where a container is reached.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct NetworkSettings {
    ports: Option<BTreeMap<String, Option<Vec<Binding>>>>,
    networks: Option<BTreeMap<String, Network>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Binding {
    host_port: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Network {
    #[serde(rename = "IPAddress")]
    ip_address: String,
}

impl NetworkSettings {
    /// Where `port` is reached from this machine: where the engine has published it, else in `network`.
    pub(super) fn address(&self, port: u16, network: &str) -> Option<SocketAddr> {
        let published = || {
            let bindings = self.ports.as_ref()?.get(&format!("{port}/tcp"))?.as_ref()?;
            Some(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), bindings.first()?.host_port.parse().ok()?))
        };
        let inside = || {
            let address: IpAddr = self.networks.as_ref()?.get(network)?.ip_address.parse().ok()?;
            Some(SocketAddr::new(address, port))
        };
        published().or_else(inside)
    }
}

/// The JSON of an HTTP answer; `None` where it is a 404; else what went wrong.
fn parse_answer(answer: &[u8]) -> Result<Option<Value>, String> {
    let start = || String::from_utf8_lossy(&answer[..answer.len().min(300)]).into_owned();
    let status = answer.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    let body = answer.windows(4).position(|window| window == b"\r\n\r\n").ok_or_else(start)? + 4;
    match status {
        b"200" => {
            serde_json::from_slice(&answer[body..]).map(Some).map_err(|error| format!("{error}: {}", start()))
        }
        b"404" => Ok(None),
        _ => Err(start()),
    }
}

fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// Sizes by volume, in either form that engines give.
fn volume_sizes(answer: &Value) -> BTreeMap<String, u64> {
    let volumes = answer.get("Volumes").or_else(|| answer.pointer("/VolumeUsage/Items"));
    let volumes = volumes.and_then(Value::as_array).into_iter().flatten();
    let sizes = volumes.filter_map(|volume| {
        let size = volume.pointer("/UsageData/Size")?.as_u64()?;
        Some((volume.get("Name")?.as_str()?.to_owned(), size))
    });
    sizes.collect()
}

fn find_socket(docker_host: Option<String>) -> Result<PathBuf, EngineError> {
    if let Some(host) = docker_host.filter(|host| !host.is_empty()) {
        return match host.strip_prefix("unix://") {
            Some(path) => Ok(path.into()),
            None => Err(EngineError::Address(host)),
        };
    }
    let mut places: Vec<PathBuf> = SOCKETS.map(PathBuf::from).into();
    if let Ok(runtime) = env::var("XDG_RUNTIME_DIR") {
        places.extend(["docker.sock", "podman/podman.sock"].map(|name| PathBuf::from(&runtime).join(name)));
    }
    let looked_at = || places.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    places
        .iter()
        .find(|path| path.exists())
        .cloned()
        .ok_or_else(|| EngineError::NoSocket { looked_at: looked_at() })
}

/// Whether the engine answered with this status.
pub(super) fn is_status(error: &Error, status: u16) -> bool {
    matches!(error, Error::DockerResponseServerError { status_code, .. } if *status_code == status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_the_engine_is_honoured() {
        assert_eq!(find_socket(Some("unix:///x/y.sock".into())).unwrap(), PathBuf::from("/x/y.sock"));
        let refused = find_socket(Some("tcp://10.0.0.1:2375".into())).unwrap_err().to_string();
        assert!(refused.starts_with("DOCKER_HOST is \"tcp://10.0.0.1:2375\"; only unix"), "{refused}");
    }

    #[test]
    fn sizes_are_read_in_both_forms() {
        let volumes = serde_json::json!([{"Name": "a", "UsageData": {"Size": 5}}, {"Name": "b", "UsageData": {"Size": -1}}, {"Name": "c"}]);
        for answer in
            [serde_json::json!({"Volumes": volumes}), serde_json::json!({"VolumeUsage": {"Items": volumes}})]
        {
            assert_eq!(volume_sizes(&answer).into_iter().collect::<Vec<_>>(), [("a".to_owned(), 5)]);
        }
    }

    #[test]
    fn answers_are_read() {
        let head = "Content-Type: application/json\r\n\r\n";
        assert_eq!(
            parse_answer(format!("HTTP/1.0 200 OK\r\n{head}[1]").as_bytes()),
            Ok(Some(serde_json::json!([1])))
        );
        assert_eq!(parse_answer(format!("HTTP/1.0 404 Not Found\r\n{head}{{}}").as_bytes()), Ok(None));
        assert!(parse_answer(format!("HTTP/1.0 500 Error\r\n{head}{{}}").as_bytes()).is_err());
        assert!(parse_answer(format!("HTTP/1.0 200 OK\r\n{head}[").as_bytes()).is_err());
        assert!(parse_answer(b"").is_err());
    }

    #[test]
    fn a_container_is_read() {
        let found: Found = serde_json::from_value(serde_json::json!({
            "Id": "abc", "Name": "n", "SizeRw": 7,
            "State": {"Status": "exited", "ExitCode": 137, "OOMKilled": true},
            "NetworkSettings": {
                "Ports": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "40000"}], "81/tcp": null},
                "Networks": {"n": {"IPAddress": "10.0.0.2"}}
            }
        }))
        .unwrap();
        assert!(found.state.has_ended() && found.state.oom_killed && found.state.exit_code == Some(137));
        let address = |port| found.network_settings.address(port, "n").unwrap().to_string();
        assert_eq!((address(80), address(81)), ("127.0.0.1:40000".to_owned(), "10.0.0.2:81".to_owned()));
        assert_eq!(percent_encoded("{\"a\":[\"b=/c\"]}"), "%7B%22a%22%3A%5B%22b%3D%2Fc%22%5D%7D");
    }

    #[tokio::test]
    async fn an_engine_that_is_not_there_is_said_so() {
        let error = Engine::connect(Some("/no/such.sock".into())).await.unwrap_err().to_string();
        assert!(error.starts_with("the container engine at /no/such.sock does not answer"), "{error}");
    }
}
