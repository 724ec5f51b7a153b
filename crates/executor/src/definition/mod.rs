//! Job definitions: the published container format, version 0.1, and what Grid adds.
//!
//! [`Definition::parse`] reads and checks the published bytes. Whatever it does not know is an error that names the
//! path. What an executor cannot honour is refused by [`Executor::supports`](crate::Executor::supports), never
//! dropped in silence.

mod decode;
mod grid;
mod literal;
mod op;
mod run;
mod template;
mod validate;

use std::{collections::BTreeMap, fmt::Display};

use serde_json::{Map, Value};

use self::{decode::At, run::command};
pub use self::{
    grid::{DEFAULT_LOG_BYTES, Input, Limits, MAX_INPUTS, MAX_LOG_BYTES, Output, Requirements, Version},
    literal::{Literal, Literals, Unresolved},
    op::{Action, Execution, InferenceTask, MAX_ID_BYTES, MAX_TYPED_ID_BYTES, Op, ResultRule, Stream, Typed},
    run::{
        Command, DockerAuth, Exposed, HealthCheck, HttpMethod, Resource, RestartPolicy, RunArgs, S3Bucket,
        Secrets, Service, VolumeMount,
    },
    template::{Template, TemplateError},
};
use crate::{json, result::ConnectorRecord};

/// The largest definition, in bytes.
pub const MAX_DEFINITION_BYTES: usize = 1 << 20;
/// The most ops of a definition.
pub const MAX_OPS: usize = 64;
/// The most `results` expressions of a definition.
pub const MAX_RESULT_RULES: usize = 256;

/// A checked job definition.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// Free notes; nothing here changes how the job runs.
    pub meta: Map<String, Value>,
    /// The deployment that the job belongs to, as its client names it.
    pub deployment_id: Option<String>,
    /// How a private definition or result travels.
    pub logistics: Logistics,
    /// Constants for `%%global.variables.NAME%%`.
    pub variables: BTreeMap<String, String>,
    /// The steps, in order of appearance.
    pub ops: Vec<Op>,
    /// What the machine must have.
    pub requirements: Requirements,
    /// What the job may use.
    pub limits: Limits,
    /// Content-addressed bytes that the job reads.
    pub inputs: Vec<Input>,
    /// Files and folders that become artifacts.
    pub outputs: Vec<Output>,
}

/// How a private definition or result travels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logistics {
    /// How the definition reaches the worker.
    pub send: Option<Transfer>,
    /// How the result reaches the client.
    pub receive: Option<Transfer>,
}

/// One way of `logistics`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Whether the worker serves an API (`api-listen`); else it calls one (`api`).
    pub listen: bool,
    /// The API to call.
    pub endpoint: Option<String>,
}

/// Why bytes are no definition.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionError {
    /// More bytes than any definition may have.
    #[error(
        "the definition has {size_bytes} bytes; the limit is {MAX_DEFINITION_BYTES}: move data into inputs"
    )]
    TooLarge {
        /// Its size.
        size_bytes: usize,
    },
    /// No JSON, or an object with the same key twice.
    #[error("the definition is not valid JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A rule of the format is broken.
    #[error("{path}: {problem}")]
    Invalid {
        /// Where, such as `ops[0].args.image`.
        path: String,
        /// What is wrong and what to do.
        problem: String,
    },
}

impl DefinitionError {
    fn at(path: &str, problem: impl Display) -> Self {
        let path = if path.is_empty() { "the definition" } else { path };
        Self::Invalid { path: path.to_owned(), problem: problem.to_string() }
    }
}

impl Definition {
    /// Reads and checks published bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, DefinitionError> {
        if bytes.len() > MAX_DEFINITION_BYTES {
            return Err(DefinitionError::TooLarge { size_bytes: bytes.len() });
        }
        Self::from_json(&json::parse_strict(bytes)?)
    }

    fn from_json(document: &Value) -> Result<Self, DefinitionError> {
        let fields = At::root(document).fields(&[
            "version",
            "type",
            "meta",
            "global",
            "deployment_id",
            "logistics",
            "ops",
            "requirements",
            "limits",
            "inputs",
            "outputs",
        ])?;
        fields.required("version", |at| at.one_of(&[("0.1", ())]))?;
        fields.required("type", |at| at.one_of(&[("container", ())]))?;
        let global = fields.optional("global", Global::decode)?.unwrap_or_default();
        let definition = Self {
            meta: fields.or_default("meta", |at| at.object().cloned())?,
            deployment_id: fields.optional("deployment_id", At::text)?,
            logistics: fields.or_default("logistics", logistics)?,
            ops: fields.required("ops", |at| {
                check_counts(&at)?;
                at.list(|at| op::decode(at, |args| global.merge_into(args)))
            })?,
            variables: global.variables,
            requirements: fields.or_default("requirements", Requirements::decode)?,
            limits: fields.or_default("limits", Limits::decode)?,
            inputs: fields.or_default("inputs", grid::inputs)?,
            outputs: fields.or_default("outputs", grid::outputs)?,
        };
        definition.validate()?;
        Ok(definition)
    }

    /// Checks the rules that span ops: unique ids, dependencies, groups, volumes, literals. [`parse`](Self::parse)
    /// has done so already.
    pub fn validate(&self) -> Result<(), DefinitionError> {
        validate::validate(self)
    }

    /// The groups in the order they run, each with the indices of its ops.
    pub fn groups(&self) -> Vec<(&str, Vec<usize>)> {
        let mut groups: Vec<(&str, Vec<usize>)> = Vec::new();
        for (index, op) in self.ops.iter().enumerate() {
            match groups.iter_mut().find(|(name, _)| *name == op.group) {
                Some((_, members)) => members.push(index),
                None => groups.push((&op.group, vec![index])),
            }
        }
        groups
    }

    /// Every literal in the args of the op at `index`, with its path.
    pub fn literals(&self, index: usize) -> Vec<(String, Literal)> {
        let found = self.ops.get(index).map(|op| literal::literals(&args_path(index), &op.args));
        found.into_iter().flatten().filter_map(|(path, literal)| Some((path, literal.ok()?))).collect()
    }

    /// The args of the op at `index` as published, `global` merged in, literals and markers in place.
    pub fn args(&self, index: usize) -> Option<&Value> {
        self.ops.get(index).map(|op| &op.args)
    }

    /// Puts the command that `connector` made, the args of a `container/run`, in the place of the typed op at
    /// `index`. Id, group and results stay. `global` does not reach these args: what runs is the connector's alone.
    /// Does nothing where the op is not typed.
    pub fn expand_inference(
        &mut self,
        index: usize,
        args: Value,
        connector: ConnectorRecord,
    ) -> Result<(), DefinitionError> {
        if let Some(op) = self.ops.get_mut(index)
            && let Action::Inference(task) = op.action
        {
            op.action = Action::Run(Box::new(RunArgs::decode(At::published(args_path(index), &args))?));
            op.typed = Some(Typed { task, connector });
            op.args = args;
        }
        Ok(())
    }

    /// The run args of the op at `index` with every literal and marker filled in, checked again. `None` where the
    /// op is no `container/run`.
    pub fn hydrate(&self, index: usize, literals: &Literals) -> Result<Option<RunArgs>, DefinitionError> {
        let Some(op) = self.ops.get(index).filter(|op| matches!(op.action, Action::Run(_))) else {
            return Ok(None);
        };
        let path = args_path(index);
        let resolved = literals
            .resolve(&path, &op.args)
            .map_err(|error| DefinitionError::at(&error.path, error.problem))?;
        RunArgs::decode(At::hydrated(path, &resolved)).map(Some)
    }
}

pub(crate) fn args_path(index: usize) -> String {
    format!("ops[{index}].args")
}

/// Counted before anything is compiled, so that a definition costs little to refuse.
fn check_counts(ops: &At<'_>) -> Result<(), DefinitionError> {
    let Some(items) = ops.value().as_array() else {
        return Ok(());
    };
    if items.is_empty() || items.len() > MAX_OPS {
        return Err(
            ops.error(format_args!("a definition has 1 to {MAX_OPS} ops, this one has {}", items.len()))
        );
    }
    let rules: usize = items.iter().filter_map(|op| op.get("results")?.as_object()).map(Map::len).sum();
    if rules > MAX_RESULT_RULES {
        return Err(ops.error(format_args!(
            "a definition has at most {MAX_RESULT_RULES} results, this one has {rules}"
        )));
    }
    Ok(())
}

/// Defaults for the ops.
#[derive(Default)]
struct Global {
    defaults: Map<String, Value>,
    env: Map<String, Value>,
    variables: BTreeMap<String, String>,
}

impl Global {
    fn decode(at: At<'_>) -> Result<Self, DefinitionError> {
        let at = At::published(at.path().to_owned(), at.value());
        let fields = at.fields(&["image", "gpu", "entrypoint", "env", "work_dir", "variables"])?;
        // Checked here so that a mistake is reported where it was made, then kept as written for the merge.
        fields.optional("image", At::text)?;
        fields.optional("gpu", At::boolean)?;
        fields.optional("entrypoint", command)?;
        fields.optional("work_dir", At::text)?;
        fields.optional("env", run::environment)?;
        let defaults = ["image", "gpu", "entrypoint", "work_dir"]
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), fields.get(name)?.value().clone())))
            .collect();
        Ok(Self {
            defaults,
            env: fields.or_default("env", |at| at.object().cloned())?,
            variables: fields.or_default("variables", |at| {
                At::root(at.value()).string_map().map_err(|_| at.error("expected an object of strings"))
            })?,
        })
    }

    /// `env` is merged, an op's own entries first; the others apply where an op leaves them out.
    fn merge_into(&self, args: &Value) -> Value {
        let Value::Object(own) = args else {
            return args.clone();
        };
        let mut merged = self.defaults.clone();
        merged.extend(own.clone());
        if !self.env.is_empty() {
            match own.get("env") {
                None => {
                    merged.insert("env".to_owned(), Value::Object(self.env.clone()));
                }
                Some(Value::Object(own)) => {
                    let mut env = self.env.clone();
                    env.extend(own.clone());
                    merged.insert("env".to_owned(), Value::Object(env));
                }
                // Of the wrong type: left for the decoder to report.
                Some(_) => {}
            }
        }
        Value::Object(merged)
    }
}

fn logistics(at: At<'_>) -> Result<Logistics, DefinitionError> {
    let transfer = |at: At<'_>| {
        let fields = at.fields(&["type", "args"])?;
        let listen = fields.required("type", |at| at.one_of(&[("api", false), ("api-listen", true)]))?;
        let endpoint =
            fields.optional("args", |at| at.fields(&["endpoint"])?.optional("endpoint", At::text))?;
        Ok(Transfer { listen, endpoint: endpoint.flatten() })
    };
    let fields = at.fields(&["send", "receive"])?;
    Ok(Logistics { send: fields.optional("send", transfer)?, receive: fields.optional("receive", transfer)? })
}
