//! `template.json`: the command of each executor, with places to fill in.

use std::collections::{BTreeMap, BTreeSet};

use grid_executor::definition::{Definition, Requirements};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::connector::Problem;

/// The template's file.
pub(crate) const TEMPLATE: &str = "template.json";

/// The kinds of executors that a connector can have a command for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExecutorKind {
    /// Plain processes of the host.
    Process,
    /// A container engine.
    Container,
}

impl ExecutorKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Process, Self::Container];

    /// Its name, the one that the executor has in result documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Container => "container",
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// The commands of a connector.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Template {
    process: Option<Variant>,
    container: Option<Variant>,
}

/// The command for one executor.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Variant {
    /// The args of a `container/run`.
    args: Map<String, Value>,
    /// What the machine must have.
    #[serde(default)]
    requirements: Map<String, Value>,
}

/// What places are filled with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    /// `{{folder}}`: the op's own folder, relative to the job's.
    pub folder: String,
    /// `{{home}}`: what `set_up` has installed; the process executor only.
    pub home: Option<String>,
    /// `{{settings.NAME}}`.
    pub settings: BTreeMap<String, String>,
}

/// A command with every place filled in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rendered {
    /// The args of a `container/run`.
    pub args: Value,
    /// What the machine must have.
    pub requirements: Requirements,
}

impl Template {
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let value =
            grid_executor::json::parse_strict(bytes).map_err(|error| Problem::new(TEMPLATE, error))?;
        let template: Self = serde_json::from_value(value).map_err(|error| Problem::new(TEMPLATE, error))?;
        if template.process.is_none() && template.container.is_none() {
            return Err(Problem::new(
                TEMPLATE,
                "has a command for no executor: give process, container or both",
            ));
        }
        Ok(template)
    }

    /// The command for `executor`, if there is one.
    pub fn variant(&self, executor: ExecutorKind) -> Option<&Variant> {
        match executor {
            ExecutorKind::Process => self.process.as_ref(),
            ExecutorKind::Container => self.container.as_ref(),
        }
    }
}

impl Variant {
    /// The names of the places.
    pub fn places(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        collect(&Value::Object(self.args.clone()), &mut names);
        names
    }

    /// Whether it says what image it runs in.
    pub fn names_image(&self) -> bool {
        self.args.contains_key("image")
    }

    /// Fills the places in and checks what comes out. `image` is what the command is said to run in where the
    /// template names none. Errors name the place below the variant.
    pub fn render(&self, places: &Places, image: &str) -> Result<Rendered, String> {
        let mut args = fill(&Value::Object(self.args.clone()), places)?;
        if let Value::Object(args) = &mut args {
            args.entry("image").or_insert_with(|| image.into());
        }
        // The format's own reader checks it: the same rules, the same words.
        let definition = json!({
            "version": "0.1", "type": "container", "requirements": self.requirements,
            "ops": [{"type": "container/run", "id": "op", "args": args}],
        });
        let parsed = Definition::parse(definition.to_string().as_bytes())
            .map_err(|error| error.to_string().trim_start_matches("ops[0].").to_owned())?;
        Ok(Rendered { args, requirements: parsed.requirements })
    }
}

/// The pieces of a string: text, and the names between `{{` and `}}`.
fn pieces(text: &str) -> Vec<Result<&str, &str>> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, next)) = after.split_once("}}") else {
            break;
        };
        pieces.push(Ok(before));
        pieces.push(Err(name.trim()));
        rest = next;
    }
    pieces.push(Ok(rest));
    pieces
}

fn collect(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            names.extend(pieces(text).into_iter().filter_map(Result::err).map(str::to_owned))
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Object(map) => map.values().for_each(|item| collect(item, names)),
        _ => {}
    }
}

/// Places are filled in after parsing, so no value can become JSON of its own.
fn fill(value: &Value, places: &Places) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => {
            let parts = pieces(text).into_iter().map(|piece| match piece {
                Ok(text) => Ok(text),
                Err(name) => places.get(name).ok_or_else(|| {
                    format!("{{{{{name}}}}} stands for nothing here; there are folder, home (process only) and settings.NAME")
                }),
            });
            Value::String(parts.collect::<Result<String, _>>()?)
        }
        Value::Array(items) => items.iter().map(|item| fill(item, places)).collect::<Result<_, _>>()?,
        Value::Object(map) => {
            let fields = map.iter().map(|(key, item)| Ok((key.clone(), fill(item, places)?)));
            Value::Object(fields.collect::<Result<_, String>>()?)
        }
        scalar => scalar.clone(),
    })
}

impl Places {
    fn get(&self, name: &str) -> Option<&str> {
        match name {
            "folder" => Some(&self.folder),
            "home" => self.home.as_deref(),
            name => self.settings.get(name.strip_prefix("settings.")?).map(String::as_str),
        }
    }
}
