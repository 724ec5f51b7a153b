//! The connection to the engine, and what kind of engine it is.

use std::{collections::BTreeMap, env, io, path::PathBuf};

use bollard::{API_DEFAULT_VERSION, Docker, errors::Error};
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

    /// What each volume takes on the disk, in bytes. The client library reads only the newest form of this answer.
    pub(super) async fn volume_sizes(&self) -> io::Result<BTreeMap<String, u64>> {
        let version = self.docker.client_version();
        let mut stream = UnixStream::connect(&self.socket).await?;
        // HTTP/1.0: the answer is plain and ends with the connection.
        let request = format!(
            "GET /v{}.{}/system/df?type=volume&verbose=true HTTP/1.0\r\nHost: engine\r\n\r\n",
            version.major_version, version.minor_version
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(MAX_ANSWER_BYTES).read_to_end(&mut answer).await?;
        volume_sizes(&answer).ok_or_else(|| {
            let start = String::from_utf8_lossy(&answer[..answer.len().min(200)]).into_owned();
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("asked for its volumes the engine said: {start}"),
            )
        })
    }
}

/// Sizes by volume out of an HTTP answer, in either form that engines give.
fn volume_sizes(answer: &[u8]) -> Option<BTreeMap<String, u64>> {
    let body = answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let answer: Value = serde_json::from_slice(&answer[body..]).ok()?;
    let volumes = answer.get("Volumes").or_else(|| answer.pointer("/VolumeUsage/Items"))?;
    let sizes = volumes.as_array().into_iter().flatten().filter_map(|volume| {
        let size = volume.pointer("/UsageData/Size")?.as_u64()?;
        Some((volume.get("Name")?.as_str()?.to_owned(), size))
    });
    Some(sizes.collect())
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
        let head = "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n";
        let volumes =
            r#"[{"Name":"a","UsageData":{"Size":5}},{"Name":"b","UsageData":{"Size":-1}},{"Name":"c"}]"#;
        for body in [
            format!(r#"{{"LayersSize":1,"Volumes":{volumes}}}"#),
            format!(r#"{{"VolumeUsage":{{"Items":{volumes}}}}}"#),
        ] {
            let sizes = volume_sizes(format!("{head}{body}").as_bytes()).unwrap();
            assert_eq!(sizes.into_iter().collect::<Vec<_>>(), [("a".to_owned(), 5)]);
        }
        assert!(volume_sizes(b"HTTP/1.0 500 no\r\n\r\nno").is_none());
    }

    #[tokio::test]
    async fn an_engine_that_is_not_there_is_said_so() {
        let error = Engine::connect(Some("/no/such.sock".into())).await.unwrap_err().to_string();
        assert!(error.starts_with("the container engine at /no/such.sock does not answer"), "{error}");
    }
}
