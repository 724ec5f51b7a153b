//! From a published definition with typed ops to one that an executor runs.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use grid_executor::{
    ContentStore, Definition, DefinitionError, Digest, JobRequest, OutputCheck, StoreError,
    definition::{Action, InferenceTask, Input, Literal, Literals, Op, Output, Requirements},
};
use serde_json::{Map, Value};

use crate::{
    connector::Connector,
    output::Promise,
    set::{Connectors, Misfit},
    template::ExecutorKind,
};

/// The folder of a job's folder that holds a folder for each typed op.
pub(crate) const FOLDER: &str = "connectors";

/// A definition whose typed ops have become commands.
#[derive(Clone, Debug)]
pub struct Expanded {
    /// What to run.
    pub definition: Definition,
    /// Files that the definition's inputs name and that the worker's store must hold before the job is prepared.
    pub files: BTreeMap<Digest, Vec<u8>>,
    /// What must hold once an op's command has ended well, by the op's id.
    pub checks: BTreeMap<String, Arc<dyn OutputCheck>>,
}

/// Why a typed op cannot be turned into a command.
#[derive(Debug, thiserror::Error)]
pub enum ExpandError {
    /// The op is wrong, whoever runs it.
    #[error("{path}: {problem}")]
    Invalid {
        /// Where, such as `ops[0].args.texts[1]`.
        path: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// This worker has no connector for the op.
    #[error("{path}: {problem}")]
    NoConnector {
        /// Where.
        path: String,
        /// What was asked for, and what there is.
        problem: String,
    },
    /// This worker has the connector, and it cannot run here yet.
    #[error("{path}: the connector {connector} {problem}")]
    NotReady {
        /// The op.
        path: String,
        /// The connector.
        connector: String,
        /// What its operator has to do.
        problem: String,
    },
    /// What came out breaks a rule that spans ops.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
    /// The files that go along cannot be kept.
    #[error("a connector's files cannot be stored: {0}")]
    Store(#[from] StoreError),
}

fn invalid(path: impl Into<String>, problem: impl Into<String>) -> ExpandError {
    ExpandError::Invalid { path: path.into(), problem: problem.into() }
}

impl Connectors {
    /// Expands the definition of `request` and puts the files that go along into `store`. The digest stays that of the
    /// published bytes.
    pub async fn expand_request(
        &self,
        request: JobRequest,
        executor: ExecutorKind,
        store: &dyn ContentStore,
    ) -> Result<JobRequest, ExpandError> {
        let expanded = self.expand(&request.definition, executor)?;
        for bytes in expanded.files.values() {
            store.put(bytes).await?;
        }
        let mut checks = request.checks;
        checks.extend(expanded.checks);
        Ok(JobRequest { definition: expanded.definition, checks, ..request })
    }

    /// Turns every typed op of `definition` into a command for `executor`. Each keeps its id, its group and its
    /// `results`, so what refers to it goes on doing so.
    pub fn expand(&self, definition: &Definition, executor: ExecutorKind) -> Result<Expanded, ExpandError> {
        let mut expanded =
            Expanded { definition: definition.clone(), files: BTreeMap::new(), checks: BTreeMap::new() };
        let typed = definition.ops.iter().enumerate().filter_map(|(index, op)| match op.action {
            Action::Inference(task) => Some((index, op, task)),
            _ => None,
        });
        let mut any = false;
        for (index, op, task) in typed {
            any = true;
            self.expand_op(&mut expanded, index, op, task, executor)?;
        }
        if any {
            check_folder_is_free(definition)?;
            expanded.definition.validate()?;
        }
        Ok(expanded)
    }

    fn expand_op(
        &self,
        expanded: &mut Expanded,
        index: usize,
        op: &Op,
        task: InferenceTask,
        executor: ExecutorKind,
    ) -> Result<(), ExpandError> {
        let path = format!("ops[{index}].args");
        let mut args = resolve(&expanded.definition, index, &path)?;
        let connector = self.pick(task, &args).map_err(|misfit| match misfit {
            Misfit::Args { field, problem } => invalid(format!("{path}.{field}"), problem),
            Misfit::None { field, problem } => {
                ExpandError::NoConnector { path: format!("{path}.{field}"), problem }
            }
        })?;
        // For the worker, not for the connector.
        args.remove("connector");
        let args = Value::Object(args);
        if let Some(broken) = connector.input.broken_by(&path, &args).into_iter().next() {
            return Err(invalid(broken.path, broken.problem));
        }

        let folder = format!("{FOLDER}/{}", op.id);
        let not_ready = |problem| ExpandError::NotReady {
            path: format!("ops[{index}]"),
            connector: connector.manifest().name.clone(),
            problem,
        };
        let places = self.places(connector, executor, &folder).map_err(not_ready)?;
        let rendered = match connector.template.variant(executor) {
            Some(variant) => variant.render(&places, &connector.image()).map_err(not_ready)?,
            None => return Err(not_ready("has no command for this executor".to_owned())),
        };
        let definition = &mut expanded.definition;
        definition.expand_inference(index, rendered.args, connector.record())?;
        raise(&mut definition.requirements, rendered.requirements);
        add_outputs(definition, connector, index, &op.id, &folder)?;

        let input = args.to_string().into_bytes();
        let files = connector.job_files().chain([("input.json", input.as_slice())]);
        for (name, bytes) in files {
            let sha256 = Digest::of(bytes);
            let dest = format!("{folder}/{name}");
            definition.inputs.push(Input { name: dest.clone(), sha256, dest });
            expanded.files.insert(sha256, bytes.to_vec());
        }
        expanded.checks.insert(op.id.clone(), Arc::new(Promise::new(connector, &folder)));
        Ok(())
    }
}

/// The args of a typed op with constants filled in. What is known only while a job runs cannot stand there: the args
/// are checked before.
fn resolve(definition: &Definition, index: usize, path: &str) -> Result<Map<String, Value>, ExpandError> {
    for (path, literal) in definition.literals(index) {
        if !matches!(literal, Literal::Variable(_)) {
            let problem = format!(
                "{literal}: the args of a typed op are read before the job starts, so only \
                 %%global.variables.NAME%% can stand here; for more, let an earlier op write a file and name the file"
            );
            return Err(invalid(path, problem));
        }
    }
    let literals = Literals { variables: definition.variables.clone(), ..Literals::default() };
    let args = definition.args(index).cloned().unwrap_or_default();
    match literals.resolve(path, &args).map_err(|error| invalid(error.path, error.problem))? {
        Value::Object(args) => Ok(args),
        _ => Err(invalid(path, "expected an object")),
    }
}

/// The job needs what each of its ops needs.
fn raise(requirements: &mut Requirements, more: Requirements) {
    let Requirements { gpus, vram_bytes, compute_capability, cuda, cpus, memory_bytes, disk_bytes } = more;
    // `None` is less than any number.
    requirements.gpus = requirements.gpus.max(gpus);
    requirements.vram_bytes = requirements.vram_bytes.max(vram_bytes);
    requirements.compute_capability = requirements.compute_capability.max(compute_capability);
    requirements.cuda = requirements.cuda.max(cuda);
    requirements.cpus = requirements.cpus.max(cpus);
    requirements.memory_bytes = requirements.memory_bytes.max(memory_bytes);
    requirements.disk_bytes = requirements.disk_bytes.max(disk_bytes);
}

/// What the op leaves becomes artifacts named after it.
fn add_outputs(
    definition: &mut Definition,
    connector: &Connector,
    index: usize,
    id: &str,
    folder: &str,
) -> Result<(), ExpandError> {
    let mut outputs = vec![Output { name: format!("{id}.json"), path: format!("{folder}/output.json") }];
    if connector.manifest().output_files {
        outputs.push(Output { name: format!("{id}.files"), path: format!("{folder}/files") });
    }
    for output in outputs {
        if definition.outputs.iter().any(|other| other.name == output.name) {
            let problem = format!(
                "an output is named \"{}\" already, as this op's own would be: rename one",
                output.name
            );
            return Err(invalid(format!("ops[{index}].id"), problem));
        }
        definition.outputs.push(output);
    }
    Ok(())
}

/// The client's inputs stay out of the folder of the typed ops: none can take the place of a connector's file.
fn check_folder_is_free(definition: &Definition) -> Result<(), ExpandError> {
    for (index, input) in definition.inputs.iter().enumerate() {
        let mut names =
            Path::new(&input.dest).components().filter(|part| *part != std::path::Component::CurDir);
        if names.next().is_some_and(|part| part.as_os_str() == FOLDER) {
            let problem = format!("the folder \"{FOLDER}\" belongs to the job's typed ops: choose another");
            return Err(invalid(format!("inputs[{index}].dest"), problem));
        }
    }
    Ok(())
}
