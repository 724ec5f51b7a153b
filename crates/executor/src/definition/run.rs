//! The arguments of `container/run`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    DefinitionError,
    decode::{At, Fields},
    literal,
};

type Result<T> = std::result::Result<T, DefinitionError>;

const RUN_FIELDS: &[&str] = &[
    "image",
    "cmd",
    "entrypoint",
    "work_dir",
    "env",
    "aliases",
    "gpu",
    "volumes",
    "expose",
    "resources",
    "authentication",
    "restart_policy",
    "private",
    "required_vram",
    "output",
];

/// The arguments of `container/run`, `global` merged in.
///
/// In a published definition a list shows what stands there in plain; what a marker inserts at run time is seen
/// after [`Definition::hydrate`](super::Definition::hydrate).
#[derive(Clone, Debug, PartialEq)]
pub struct RunArgs {
    /// The image, as a registry names it.
    pub image: String,
    /// The command.
    pub cmd: Option<Command>,
    /// What runs the command, in place of the image's own.
    pub entrypoint: Option<Command>,
    /// The folder the command starts in.
    pub work_dir: Option<String>,
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// Further network names of the op.
    pub aliases: Vec<String>,
    /// Whether the op sees the job's GPUs.
    pub gpu: bool,
    /// Volumes of the job that the op sees.
    pub volumes: Vec<VolumeMount>,
    /// Ports the op serves; `None` where the field is left out.
    pub expose: Option<Vec<Exposed>>,
    /// What is fetched before the op starts; `None` where the field is left out.
    pub resources: Option<Vec<Resource>>,
    /// Credentials for the image's registry.
    pub docker_auth: Option<DockerAuth>,
    /// What happens when the command ends.
    pub restart_policy: RestartPolicy,
    /// Whether the op's endpoints stay unlisted.
    pub private: bool,
    /// Video memory the op needs, in GB (10^9 bytes), a field of older definitions.
    pub required_vram_gb: Option<u64>,
    /// A folder to bring home, a field of older definitions; `outputs` replaces it.
    pub output: Option<String>,
}

/// A command in one of its two forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// One string. As `cmd` it is run by `/bin/sh -c`, as `entrypoint` it is a program.
    Line(String),
    /// A program and its arguments.
    List(Vec<String>),
}

/// A volume seen by an op.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeMount {
    /// The volume, made by a `container/create-volume` op.
    pub name: String,
    /// Where the op sees it.
    pub dest: String,
}

/// A port, or a range of ports, that an op serves.
#[derive(Clone, Debug, PartialEq)]
pub struct Exposed {
    /// The first port.
    pub first: u16,
    /// The last port; equal to the first for a single one.
    pub last: u16,
    /// What is served there.
    pub service: Option<Service>,
    /// When the op counts as healthy.
    pub health_checks: Vec<HealthCheck>,
}

/// What is served on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// `web`: pages.
    Web,
    /// `api`: an API.
    Api,
    /// `webapi`: both.
    WebApi,
    /// `websocket`: a websocket.
    WebSocket,
    /// `none`: nothing to be listed.
    None,
}

/// A check that an op is healthy.
#[derive(Clone, Debug, PartialEq)]
pub enum HealthCheck {
    /// An HTTP request and the status it should get.
    Http {
        /// The path, with its leading slash.
        path: String,
        /// The method.
        method: HttpMethod,
        /// The status expected.
        expected_status: u16,
        /// Headers to send.
        headers: BTreeMap<String, String>,
        /// A body to send.
        body: Option<Value>,
        /// Whether to go on checking after the first success.
        continuous: bool,
    },
    /// A websocket and the message it should send.
    WebSocket {
        /// The message expected.
        expected_response: String,
        /// Whether to go on checking after the first success.
        continuous: bool,
    },
}

/// The method of an HTTP health check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum HttpMethod {
    Get,
    Post,
    Put,
    Delete,
}

/// Something fetched before an op starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Objects of an S3 store.
    S3 {
        /// One or more buckets or prefixes.
        buckets: Vec<S3Bucket>,
        /// Where the op sees them.
        target: String,
        /// Whether the op may change them.
        allow_write: bool,
        /// Credentials by name.
        iam: Option<Secrets>,
    },
    /// A repository of a model hub.
    HuggingFace {
        /// The repository.
        repo: String,
        /// The revision; the newest where it is left out.
        revision: Option<String>,
        /// The files; all where it is left out.
        files: Option<Vec<String>>,
        /// Where the op sees them.
        target: String,
        /// A token for a repository that asks for one.
        access_token: Option<Secrets>,
    },
    /// A model of an Ollama library.
    Ollama {
        /// The model.
        model: String,
        /// Where the op sees it.
        target: Option<String>,
    },
}

/// A bucket, or a prefix in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Bucket {
    /// Its address.
    pub url: String,
    /// The files; all where it is left out.
    pub files: Option<Vec<String>>,
}

/// Credentials for an image registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DockerAuth {
    /// The registry.
    pub server: Option<String>,
    /// The account.
    pub username: Option<String>,
    /// The account's address.
    pub email: Option<String>,
    /// The password.
    pub password: Option<Secrets>,
}

/// Credentials by name. They are not shown in logs: `Debug` prints the names only.
#[derive(Clone, PartialEq, Eq)]
pub struct Secrets(pub BTreeMap<String, String>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What happens when an op's command ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RestartPolicy {
    /// `no`: it has ended.
    #[default]
    No,
    /// `always`: it is started again.
    Always,
    /// `unless-stopped`: it is started again unless somebody stopped it.
    UnlessStopped,
    /// `on-failure`: it is started again when it failed.
    OnFailure {
        /// How many times at most; without bound where it is left out.
        tries: Option<u32>,
    },
}

impl RunArgs {
    pub(super) fn decode(at: At<'_>) -> Result<Self> {
        let fields = at.fields(RUN_FIELDS)?;
        let args = Self {
            image: match fields.get("image") {
                Some(at) => at.text()?,
                None => return Err(fields.missing("image", "is missing: set it here or in global.image")),
            },
            cmd: fields.optional("cmd", command)?,
            entrypoint: fields.optional("entrypoint", command)?,
            work_dir: fields.optional("work_dir", At::text)?,
            env: fields.or_default("env", environment)?,
            aliases: fields.or_default("aliases", one_or_more_strings)?,
            gpu: fields.or_default("gpu", At::boolean)?,
            volumes: fields.or_default("volumes", |at| at.list(volume_mount))?,
            expose: fields.optional("expose", exposed_list)?,
            resources: fields.optional("resources", resources)?,
            docker_auth: fields.optional("authentication", authentication)?.flatten(),
            restart_policy: fields.or_default("restart_policy", restart_policy)?,
            private: fields.or_default("private", At::boolean)?,
            required_vram_gb: fields.optional("required_vram", At::integer)?,
            output: fields.optional("output", At::text)?,
        };
        check_disjoint(&fields, args.expose.as_deref().unwrap_or_default())?;
        Ok(args)
    }

    /// The program and its arguments: `entrypoint`, then `cmd`, a `cmd` of one string run by `/bin/sh -c`. Empty
    /// where the definition leaves the command to its image.
    pub fn argv(&self) -> Vec<String> {
        let mut argv = match &self.entrypoint {
            None => Vec::new(),
            Some(Command::Line(program)) => vec![program.clone()],
            Some(Command::List(list)) => list.clone(),
        };
        match &self.cmd {
            None => {}
            Some(Command::Line(line)) => argv.extend(["/bin/sh", "-c", line].map(str::to_owned)),
            Some(Command::List(list)) => argv.extend_from_slice(list),
        }
        argv
    }
}

pub(super) fn command(at: At<'_>) -> Result<Command> {
    let command = match at.value() {
        Value::String(_) => Command::Line(at.clone().string()?),
        Value::Array(_) => Command::List(at.clone().strings()?),
        _ => return Err(at.error("expected a string or a list of strings")),
    };
    let has_nul = match &command {
        Command::Line(line) => line.contains('\0'),
        Command::List(list) => list.iter().any(|item| item.contains('\0')),
    };
    if has_nul {
        return Err(at.error("must not hold a NUL character"));
    }
    Ok(command)
}

pub(super) fn environment(at: At<'_>) -> Result<BTreeMap<String, String>> {
    let env = at.clone().string_map()?;
    for (name, value) in &env {
        if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
            return Err(at.error(format_args!(
                "\"{}\" cannot be an environment variable: its name must not be empty or hold \"=\", neither part a NUL character",
                name.escape_default()
            )));
        }
    }
    Ok(env)
}

fn one_or_more_strings(at: At<'_>) -> Result<Vec<String>> {
    match at.value() {
        Value::String(_) => Ok(vec![at.text()?]),
        _ => at.list(At::text),
    }
}

fn volume_mount(at: At<'_>) -> Result<VolumeMount> {
    let fields = at.fields(&["name", "dest"])?;
    Ok(VolumeMount { name: fields.required("name", At::text)?, dest: fields.required("dest", At::text)? })
}

/// `expose` in its four forms; an empty list where all of it is filled in at run time.
fn exposed_list(at: At<'_>) -> Result<Vec<Exposed>> {
    if at.is_published() && literal::spread_of(at.value()).is_some() {
        return Ok(Vec::new());
    }
    let items = match at.value() {
        Value::Array(_) => at.list(exposed)?,
        _ => vec![exposed(at)?],
    };
    Ok(items.into_iter().flatten().collect())
}

/// One item of `expose`; `None` for a literal that is filled in at run time.
fn exposed(at: At<'_>) -> Result<Option<Exposed>> {
    if !at.value().is_object() {
        let range = port_range(at)?;
        return Ok(range.map(|(first, last)| Exposed {
            first,
            last,
            service: None,
            health_checks: Vec::new(),
        }));
    }
    let fields = at.fields(&["port", "type", "health_checks"])?;
    let range = fields.required("port", port_range)?;
    let service = fields.optional("type", |at| {
        at.one_of(&[
            ("web", Service::Web),
            ("api", Service::Api),
            ("webapi", Service::WebApi),
            ("websocket", Service::WebSocket),
            ("none", Service::None),
        ])
    })?;
    let health_checks = fields.or_default("health_checks", |at| at.list(health_check))?;
    Ok(range.map(|(first, last)| Exposed { first, last, service, health_checks }))
}

fn port_range(at: At<'_>) -> Result<Option<(u16, u16)>> {
    let wrong = || {
        at.error("expected a port from 1 to 65535, or a range \"first-last\" of them, the first the smaller")
    };
    let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port != 0).ok_or_else(wrong);
    match at.value() {
        Value::Number(number) => port(&number.to_string()).map(|port| Some((port, port))),
        Value::String(text) if at.is_published() && literal::is_one_literal(text) => Ok(None),
        Value::String(text) => match text.split_once('-') {
            None => port(text).map(|port| Some((port, port))),
            Some((first, last)) => {
                let (first, last) = (port(first)?, port(last)?);
                if first < last { Ok(Some((first, last))) } else { Err(wrong()) }
            }
        },
        _ => Err(wrong()),
    }
}

fn check_disjoint(fields: &Fields<'_>, exposed: &[Exposed]) -> Result<()> {
    let mut ranges: Vec<(u16, u16)> = exposed.iter().map(|exposed| (exposed.first, exposed.last)).collect();
    ranges.sort_unstable();
    match ranges.windows(2).find(|pair| pair[1].0 <= pair[0].1) {
        None => Ok(()),
        Some(pair) => Err(fields.missing("expose", &format!("port {} is exposed twice", pair[1].0))),
    }
}

fn health_check(at: At<'_>) -> Result<HealthCheck> {
    // The type says which other fields there are, so it is read first.
    match at.object()?.get("type").and_then(Value::as_str) {
        Some("http") => {
            let fields =
                at.fields(&["type", "path", "method", "expected_status", "headers", "body", "continuous"])?;
            Ok(HealthCheck::Http {
                path: fields.required("path", |at| match at.str()? {
                    path if path.starts_with('/') => Ok(path.to_owned()),
                    _ => Err(at.error("must start with \"/\"")),
                })?,
                method: fields.required("method", |at| {
                    at.one_of(&[
                        ("GET", HttpMethod::Get),
                        ("POST", HttpMethod::Post),
                        ("PUT", HttpMethod::Put),
                        ("DELETE", HttpMethod::Delete),
                    ])
                })?,
                expected_status: fields.required("expected_status", |at| match at.clone().integer()? {
                    status @ 100..=599 => Ok(status as u16),
                    _ => Err(at.error("must be an HTTP status, 100 to 599")),
                })?,
                headers: fields.or_default("headers", At::string_map)?,
                body: fields.optional("body", |at| Ok(at.value().clone()))?,
                continuous: fields.required("continuous", At::boolean)?,
            })
        }
        Some("websocket") => {
            let fields = at.fields(&["type", "expected_response", "continuous"])?;
            Ok(HealthCheck::WebSocket {
                expected_response: fields.required("expected_response", At::string)?,
                continuous: fields.required("continuous", At::boolean)?,
            })
        }
        _ => Err(at.error("needs a \"type\", \"http\" or \"websocket\"")),
    }
}

fn resources(at: At<'_>) -> Result<Vec<Resource>> {
    if at.is_published() && literal::spread_of(at.value()).is_some() {
        return Ok(Vec::new());
    }
    at.list(resource)
}

fn resource(at: At<'_>) -> Result<Resource> {
    match at.object()?.get("type").and_then(Value::as_str) {
        Some("S3") => {
            let fields = at.fields(&["type", "url", "buckets", "files", "target", "allowWrite", "IAM"])?;
            let files = fields.optional("files", At::strings)?;
            let url = fields.optional("url", At::text)?;
            let buckets = match (url, fields.optional("buckets", |at| at.list(s3_bucket))?) {
                (Some(url), None) => vec![S3Bucket { url, files }],
                (None, Some(buckets)) if files.is_none() => buckets,
                _ => {
                    return Err(fields
                        .at()
                        .error("needs either \"url\", with \"files\" if not all, or \"buckets\""));
                }
            };
            Ok(Resource::S3 {
                buckets,
                target: fields.required("target", At::text)?,
                allow_write: fields.or_default("allowWrite", At::boolean)?,
                iam: fields.optional("IAM", At::string_map)?.map(Secrets),
            })
        }
        Some("HF") => {
            let fields = at.fields(&["type", "repo", "revision", "files", "target", "accessToken"])?;
            Ok(Resource::HuggingFace {
                repo: fields.required("repo", At::text)?,
                revision: fields.optional("revision", At::text)?,
                files: fields.optional("files", At::strings)?,
                target: fields.required("target", At::text)?,
                access_token: fields
                    .optional("accessToken", At::string)?
                    .map(|token| secret("accessToken", token)),
            })
        }
        Some("Ollama") => {
            let fields = at.fields(&["type", "model", "target"])?;
            Ok(Resource::Ollama {
                model: fields.required("model", At::text)?,
                target: fields.optional("target", At::text)?,
            })
        }
        _ => Err(at.error("needs a \"type\", \"S3\", \"HF\" or \"Ollama\"")),
    }
}

fn s3_bucket(at: At<'_>) -> Result<S3Bucket> {
    let fields = at.fields(&["url", "files"])?;
    Ok(S3Bucket { url: fields.required("url", At::text)?, files: fields.optional("files", At::strings)? })
}

fn authentication(at: At<'_>) -> Result<Option<DockerAuth>> {
    let fields = at.fields(&["docker"])?;
    fields.optional("docker", |at| {
        let fields = at.fields(&["username", "password", "email", "server"])?;
        Ok(DockerAuth {
            server: fields.optional("server", At::string)?,
            username: fields.optional("username", At::string)?,
            email: fields.optional("email", At::string)?,
            password: fields.optional("password", At::string)?.map(|password| secret("password", password)),
        })
    })
}

fn secret(name: &str, value: String) -> Secrets {
    Secrets([(name.to_owned(), value)].into())
}

fn restart_policy(at: At<'_>) -> Result<RestartPolicy> {
    const POLICIES: &[(&str, RestartPolicy)] = &[
        ("no", RestartPolicy::No),
        ("always", RestartPolicy::Always),
        ("unless-stopped", RestartPolicy::UnlessStopped),
        ("on-failure", RestartPolicy::OnFailure { tries: None }),
    ];
    if at.value().is_string() {
        return at.one_of(POLICIES);
    }
    let fields = at.fields(&["policy", "restart_tries"])?;
    let policy = fields.required("policy", |at| at.one_of(POLICIES))?;
    let tries = fields.optional("restart_tries", |at| {
        u32::try_from(at.clone().integer()?).map_err(|_| at.error("is too large"))
    })?;
    match (policy, tries) {
        (RestartPolicy::OnFailure { .. }, tries) => Ok(RestartPolicy::OnFailure { tries }),
        (policy, None) => Ok(policy),
        _ => Err(fields.missing("restart_tries", "belongs to the policy \"on-failure\" only")),
    }
}
