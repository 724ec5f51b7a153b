//! Literals and markers: the parts of an op's `args` that are filled in just before the op starts.
//!
//! | written | becomes |
//! | --- | --- |
//! | `%%global.job%%`, `%%global.host%%`, `%%global.project%%` | what the worker knows of the job |
//! | `%%global.variables.NAME%%` | a constant of the definition |
//! | `%%ops.ID.results.KEY%%` | what an op that has ended left in its results |
//! | `%%ops.ID.host%%`, `%%ops.ID.endpoint.PORT%%` | where an op that runs can be reached |
//!
//! `globals.` is read as `global.`. Inside a longer string a list is joined with spaces; a list item that is one
//! literal and nothing else takes all items of a list. `{"__spread__": X}` in a list inserts the items of X, the key
//! `__spread__` in an object merges the fields of X, `__pairs__` merges a list of `{key, value}`; X is a
//! literal or JSON in a string. The item `"__remove-if-empty__"` goes away, and its list with it when nothing else
//! is left.

use std::{collections::BTreeMap, fmt};

use serde_json::{Map, Value};

use super::decode::field_path;

const SPREAD: &str = "__spread__";
const PAIRS: &str = "__pairs__";
const REMOVE_IF_EMPTY: &str = "__remove-if-empty__";

/// What a literal stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// The job's id.
    Job,
    /// The worker's own name.
    Host,
    /// The project that posted the job.
    Project,
    /// A constant of `global.variables`.
    Variable(String),
    /// What the op `op` left under `key`.
    OpResult {
        /// The op's id.
        op: String,
        /// The key in the op's `results`.
        key: String,
    },
    /// The network name of an op.
    OpHost(String),
    /// The address of a port that an op exposes.
    OpEndpoint {
        /// The op's id.
        op: String,
        /// The port as the definition writes it.
        port: String,
    },
}

impl Literal {
    fn parse(name: &str) -> Option<Self> {
        if let Some(name) = name.strip_prefix("global.").or_else(|| name.strip_prefix("globals.")) {
            return match name {
                "job" => Some(Self::Job),
                "host" => Some(Self::Host),
                "project" => Some(Self::Project),
                _ => name.strip_prefix("variables.").map(|name| Self::Variable(name.to_owned())),
            };
        }
        let name = name.strip_prefix("ops.")?;
        if let Some((op, key)) = name.split_once(".results.") {
            Some(Self::OpResult { op: op.to_owned(), key: key.to_owned() })
        } else if let Some((op, port)) = name.split_once(".endpoint.") {
            Some(Self::OpEndpoint { op: op.to_owned(), port: port.to_owned() })
        } else {
            name.strip_suffix(".host").map(|op| Self::OpHost(op.to_owned()))
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Job => f.write_str("%%global.job%%"),
            Self::Host => f.write_str("%%global.host%%"),
            Self::Project => f.write_str("%%global.project%%"),
            Self::Variable(name) => write!(f, "%%global.variables.{name}%%"),
            Self::OpResult { op, key } => write!(f, "%%ops.{op}.results.{key}%%"),
            Self::OpHost(op) => write!(f, "%%ops.{op}.host%%"),
            Self::OpEndpoint { op, port } => write!(f, "%%ops.{op}.endpoint.{port}%%"),
        }
    }
}

/// A piece of a string.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Literal(Literal),
    /// It has the form of a literal and names nothing that exists.
    Unknown(&'a str),
}

/// Splits a string into plain text and literals. A `%%` that opens no literal is plain text.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut plain, mut from) = (0, 0);
    while let Some(open) = text[from..].find("%%").map(|at| from + at) {
        let inner = &text[open + 2..];
        let is_literal = ["global.", "globals.", "ops."].iter().any(|prefix| inner.starts_with(prefix));
        let Some(length) = inner.find('%').filter(|at| is_literal && inner[*at..].starts_with("%%")) else {
            from = open + 1;
            continue;
        };
        if plain < open {
            pieces.push(Piece::Text(&text[plain..open]));
        }
        let name = &inner[..length];
        pieces.push(Literal::parse(name).map_or(Piece::Unknown(name), Piece::Literal));
        plain = open + 2 + length + 2;
        from = plain;
    }
    if plain < text.len() {
        pieces.push(Piece::Text(&text[plain..]));
    }
    pieces
}

/// Whether a string is one literal and nothing else.
pub(super) fn is_one_literal(text: &str) -> bool {
    matches!(pieces(text).as_slice(), [Piece::Literal(_)])
}

/// Whether a list item is replaced or removed at run time.
pub(super) fn is_list_marker(item: &Value) -> bool {
    item == REMOVE_IF_EMPTY || spread_of(item).is_some()
}

/// Whether an object's key is replaced at run time.
pub(super) fn is_object_marker(key: &str) -> bool {
    key == SPREAD || key == PAIRS
}

/// The source of `{"__spread__": source}`.
pub(super) fn spread_of(item: &Value) -> Option<&str> {
    match item {
        Value::Object(map) if map.len() == 1 => map.get(SPREAD)?.as_str(),
        _ => None,
    }
}

/// Every literal below `value`, each with its path; `Err` holds the name of one that stands for nothing.
pub(super) fn literals(path: &str, value: &Value) -> Vec<(String, Result<Literal, String>)> {
    let mut found = Vec::new();
    collect(path, value, &mut found);
    found
}

fn collect(path: &str, value: &Value, found: &mut Vec<(String, Result<Literal, String>)>) {
    match value {
        Value::String(text) => found.extend(pieces(text).into_iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Literal(literal) => Some((path.to_owned(), Ok(literal))),
            Piece::Unknown(name) => Some((path.to_owned(), Err(name.to_owned()))),
        })),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(&format!("{path}[{index}]"), item, found);
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                collect(&field_path(path, key), item, found);
            }
        }
        _ => {}
    }
}

/// What literals resolve to at the moment an op starts.
#[derive(Clone, Debug, Default)]
pub struct Literals {
    /// `%%global.job%%`.
    pub job: String,
    /// `%%global.host%%`.
    pub host: String,
    /// `%%global.project%%`.
    pub project: String,
    /// `%%global.variables.NAME%%`.
    pub variables: BTreeMap<String, String>,
    /// `%%ops.ID.results.KEY%%`, by op, then by key.
    pub results: BTreeMap<String, BTreeMap<String, Value>>,
    /// `%%ops.ID.host%%`, by op.
    pub hosts: BTreeMap<String, String>,
    /// `%%ops.ID.endpoint.PORT%%`, by op and port.
    pub endpoints: BTreeMap<(String, String), String>,
}

/// A literal or marker that cannot be filled in now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct Unresolved {
    /// Where it stands.
    pub path: String,
    /// What is wrong.
    pub problem: String,
}

impl Literals {
    /// `value` with every literal and marker filled in. `path` is where `value` stands.
    pub fn resolve(&self, path: &str, value: &Value) -> Result<Value, Unresolved> {
        match value {
            Value::String(text) => self.resolve_string(path, text).map(Value::String),
            Value::Array(items) => self.resolve_list(path, items),
            Value::Object(map) => match spread_of(value) {
                // A field that is nothing but a spread: the list or object itself.
                Some(source) => self.structured(path, source),
                None => self.resolve_object(path, map),
            },
            scalar => Ok(scalar.clone()),
        }
    }

    fn resolve_string(&self, path: &str, text: &str) -> Result<String, Unresolved> {
        let mut resolved = String::with_capacity(text.len());
        for piece in pieces(text) {
            match piece {
                Piece::Text(plain) => resolved.push_str(plain),
                Piece::Literal(literal) => resolved.push_str(&as_text(&self.lookup(path, &literal)?)),
                Piece::Unknown(name) => {
                    return Err(unresolved(path, format_args!("%%{name}%% stands for nothing")));
                }
            }
        }
        Ok(resolved)
    }

    fn resolve_list(&self, path: &str, items: &[Value]) -> Result<Value, Unresolved> {
        let mut resolved = Vec::with_capacity(items.len());
        let mut remove_if_empty = false;
        for (index, item) in items.iter().enumerate() {
            let path = format!("{path}[{index}]");
            if item == REMOVE_IF_EMPTY {
                remove_if_empty = true;
            } else if let Some(source) = spread_of(item) {
                match self.structured(&path, source)? {
                    Value::Array(spread) => resolved.extend(spread),
                    other => resolved.push(other),
                }
            } else if let Some(Value::Array(spread)) = self.whole_literal(&path, item)? {
                resolved.extend(spread);
            } else {
                resolved.push(self.resolve(&path, item)?);
            }
        }
        // Null marks the field for removal; it is no value of this format.
        Ok(if remove_if_empty && resolved.is_empty() { Value::Null } else { Value::Array(resolved) })
    }

    fn resolve_object(&self, path: &str, map: &Map<String, Value>) -> Result<Value, Unresolved> {
        let mut resolved = Map::new();
        for (key, item) in map {
            let path = field_path(path, key);
            match key.as_str() {
                SPREAD | PAIRS => {
                    let source = item.as_str().ok_or_else(|| unresolved(&path, "expected a string"))?;
                    let value = self.structured(&path, source)?;
                    let fields = if key == SPREAD { value.as_object().cloned() } else { pairs(&value) };
                    let wanted = if key == SPREAD { "an object" } else { "a list of {key, value}" };
                    resolved.extend(
                        fields.ok_or_else(|| unresolved(&path, format_args!("{source} is not {wanted}")))?,
                    );
                }
                _ => match self.resolve(&path, item)? {
                    Value::Null if !item.is_null() => {}
                    value => {
                        resolved.insert(key.clone(), value);
                    }
                },
            }
        }
        Ok(Value::Object(resolved))
    }

    /// The value of an item that is one literal and nothing else.
    fn whole_literal(&self, path: &str, item: &Value) -> Result<Option<Value>, Unresolved> {
        match item.as_str().map(pieces).as_deref() {
            Some([Piece::Literal(literal)]) => self.lookup(path, literal).map(Some),
            _ => Ok(None),
        }
    }

    /// What a marker inserts: a list that an op found, or JSON in a string, its own or the one found.
    fn structured(&self, path: &str, source: &str) -> Result<Value, Unresolved> {
        let text = match self.whole_literal(path, &Value::from(source))? {
            Some(Value::Array(found)) => match found.as_slice() {
                [Value::String(only)] => only.clone(),
                _ => return Ok(Value::Array(found)),
            },
            Some(value) => as_text(&value),
            None => self.resolve_string(path, source)?,
        };
        // A single match that is no JSON is a list of one.
        Ok(serde_json::from_str(&text)
            .ok()
            .filter(|value: &Value| value.is_array() || value.is_object())
            .unwrap_or_else(|| Value::Array(vec![Value::String(text)])))
    }

    fn lookup(&self, path: &str, literal: &Literal) -> Result<Value, Unresolved> {
        let missing = |why: &str| unresolved(path, format_args!("{literal}: {why}"));
        Ok(match literal {
            Literal::Job => self.job.as_str().into(),
            Literal::Host => self.host.as_str().into(),
            Literal::Project => self.project.as_str().into(),
            Literal::Variable(name) => {
                self.variables.get(name).ok_or_else(|| missing("no such variable"))?.as_str().into()
            }
            Literal::OpResult { op, key } => self
                .results
                .get(op)
                .ok_or_else(|| missing("that op has not ended well before this one starts"))?
                .get(key)
                .ok_or_else(|| missing("that op's log had no match"))?
                .clone(),
            Literal::OpHost(op) => {
                self.hosts.get(op).ok_or_else(|| missing("that op has no address here"))?.as_str().into()
            }
            Literal::OpEndpoint { op, port } => self
                .endpoints
                .get(&(op.clone(), port.clone()))
                .ok_or_else(|| missing("that op exposes no such port here"))?
                .as_str()
                .into(),
        })
    }
}

fn unresolved(path: &str, problem: impl fmt::Display) -> Unresolved {
    Unresolved { path: path.to_owned(), problem: problem.to_string() }
}

/// A value inside a longer string: lists are joined with spaces.
fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(as_text).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

/// `[{key, value}, …]` as the fields of an object; a missing value is the empty string.
fn pairs(value: &Value) -> Option<Map<String, Value>> {
    value
        .as_array()?
        .iter()
        .map(|pair| {
            Some((
                pair.get("key")?.as_str()?.to_owned(),
                pair.get("value").cloned().unwrap_or_else(|| "".into()),
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn literals_for_test() -> Literals {
        Literals {
            job: "job-1".into(),
            host: "node-1".into(),
            project: "project-1".into(),
            variables: [("model".to_owned(), "small".to_owned())].into(),
            results: [(
                "scan".to_owned(),
                [
                    ("ports".to_owned(), json!(["[7000,8000]"])),
                    ("names".to_owned(), json!(["a", "b c"])),
                    ("none".to_owned(), json!([])),
                    ("vars".to_owned(), json!(["{\"A\":\"1\"}"])),
                    ("one".to_owned(), json!(["x"])),
                    ("gigabytes".to_owned(), json!(3)),
                ]
                .into(),
            )]
            .into(),
            ..Literals::default()
        }
    }

    fn resolve(value: Value) -> Result<Value, Unresolved> {
        literals_for_test().resolve("args", &value)
    }

    #[test]
    fn strings_take_literals_anywhere() {
        let cases = [
            ("%%global.job%% on %%globals.host%% for %%global.project%%", "job-1 on node-1 for project-1"),
            ("%%global.variables.model%%-%%ops.scan.results.names%%", "small-a b c"),
            ("%%ops.scan.results.gigabytes%% GB", "3 GB"),
            ("100%% sure, %%not a literal%% and 5%%%", "100%% sure, %%not a literal%% and 5%%%"),
            ("%%%global.job%%%", "%job-1%"),
            ("", ""),
        ];
        for (written, resolved) in cases {
            assert_eq!(resolve(json!(written)).unwrap(), json!(resolved), "{written}");
        }
    }

    #[test]
    fn lists_take_whole_lists() {
        assert_eq!(
            resolve(json!({"cmd": ["run", "%%ops.scan.results.names%%", "-%%ops.scan.results.names%%"]}))
                .unwrap(),
            json!({"cmd": ["run", "a", "b c", "-a b c"]})
        );
        assert_eq!(
            resolve(
                json!({"expose": [5000, {"__spread__": "%%ops.scan.results.ports%%"}, {"__spread__": "[1]"}]})
            )
            .unwrap(),
            json!({"expose": [5000, 7000, 8000, 1]})
        );
        assert_eq!(
            resolve(json!({"expose": {"__spread__": "%%ops.scan.results.ports%%"}})).unwrap(),
            json!({"expose": [7000, 8000]})
        );
        assert_eq!(resolve(json!([{"__spread__": "%%ops.scan.results.one%%"}])).unwrap(), json!(["x"]));
    }

    #[test]
    fn objects_take_fields() {
        assert_eq!(
            resolve(json!({"env": {"K": "v", "__spread__": "%%ops.scan.results.vars%%"}})).unwrap(),
            json!({"env": {"K": "v", "A": "1"}})
        );
        assert_eq!(
            resolve(json!({"env": {"__pairs__": "[{\"key\":\"B\",\"value\":\"2\"},{\"key\":\"C\"}]"}}))
                .unwrap(),
            json!({"env": {"B": "2", "C": ""}})
        );
        assert!(resolve(json!({"env": {"K": "v", "__spread__": "[1]"}})).is_err());
    }

    #[test]
    fn an_empty_list_with_the_marker_drops_the_field() {
        assert_eq!(
            resolve(json!({"cmd": ["__remove-if-empty__", {"__spread__": "%%ops.scan.results.none%%"}], "gpu": true})).unwrap(),
            json!({"gpu": true})
        );
        assert_eq!(resolve(json!({"cmd": ["__remove-if-empty__", "x"]})).unwrap(), json!({"cmd": ["x"]}));
        assert_eq!(resolve(json!({"cmd": []})).unwrap(), json!({"cmd": []}));
    }

    #[test]
    fn what_cannot_be_resolved_says_where_and_why() {
        let cases = [
            ("%%ops.ghost.results.x%%", "args.cmd[0]: %%ops.ghost.results.x%%: that op has not ended well"),
            ("%%ops.scan.results.x%%", "args.cmd[0]: %%ops.scan.results.x%%: that op's log had no match"),
            ("%%ops.scan.host%%", "args.cmd[0]: %%ops.scan.host%%: that op has no address here"),
            (
                "%%ops.scan.endpoint.80%%",
                "args.cmd[0]: %%ops.scan.endpoint.80%%: that op exposes no such port",
            ),
            ("%%global.variables.x%%", "args.cmd[0]: %%global.variables.x%%: no such variable"),
            ("%%global.moon%%", "args.cmd[0]: %%global.moon%% stands for nothing"),
        ];
        for (written, message) in cases {
            let error = resolve(json!({"cmd": [written]})).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }

    #[test]
    fn every_literal_is_found_with_its_path() {
        let found = literals(
            "args",
            &json!({"cmd": ["a %%global.job%%", {"__spread__": "%%ops.a.b.results.k%%"}], "x": "%%ops.q%%"}),
        );
        assert_eq!(
            found,
            [
                ("args.cmd[0]".to_owned(), Ok(Literal::Job)),
                (
                    "args.cmd[1].__spread__".to_owned(),
                    Ok(Literal::OpResult { op: "a.b".into(), key: "k".into() })
                ),
                ("args.x".to_owned(), Err("ops.q".to_owned())),
            ]
        );
    }
}
