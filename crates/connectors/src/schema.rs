//! JSON schemas, with errors that name the place as the rest of the project does.

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::Value;

/// The most errors reported of one value.
const MAX_ERRORS: usize = 8;
/// The longest message of one error, in characters: some repeat the value they speak of.
const MAX_MESSAGE: usize = 240;

/// A compiled schema of draft 2020-12. Patterns run in linear time, nothing is fetched.
#[derive(Debug)]
pub(crate) struct Schema {
    document: Value,
    validator: Validator,
}

/// One way in which a value breaks a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    /// Where, such as `args.texts[0]`.
    pub path: String,
    /// How.
    pub problem: String,
}

impl Schema {
    /// Compiles a schema. The error says what is wrong with it.
    pub fn compile(document: Value) -> Result<Self, String> {
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_pattern_options(PatternOptions::regex())
            .offline()
            .build(&document)
            .map_err(|error| match error.instance_path().as_str() {
                "" => shorten(&error.to_string()),
                place => format!("{place}: {}", shorten(&error.to_string())),
            })?;
        Ok(Self { document, validator })
    }

    /// Whether the schema wants an object and refuses fields that it does not know.
    pub fn is_closed_object(&self) -> bool {
        let closed = |name: &str| self.document.get(name) == Some(&Value::Bool(false));
        self.document.get("type") == Some(&"object".into())
            && (closed("additionalProperties") || closed("unevaluatedProperties"))
    }

    /// Everything that is wrong with `value`, which stands at `root`.
    pub fn broken_by(&self, root: &str, value: &Value) -> Vec<Broken> {
        let errors = self.validator.iter_errors(value).take(MAX_ERRORS);
        errors
            .map(|error| Broken {
                path: path(root, error.instance_path().as_str()),
                problem: shorten(&error.to_string()),
            })
            .collect()
    }
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path, self.problem)
    }
}

/// `root` and a JSON pointer as a path: `args.texts[0]`.
fn path(root: &str, pointer: &str) -> String {
    let mut path = root.to_owned();
    for part in pointer.split('/').skip(1) {
        let name = part.replace("~1", "/").replace("~0", "~");
        if name.bytes().all(|b| b.is_ascii_digit()) {
            path += &format!("[{name}]");
        } else {
            path += &format!(".{name}");
        }
    }
    path
}

fn shorten(message: &str) -> String {
    let length = message.chars().count();
    if length <= MAX_MESSAGE {
        return message.to_owned();
    }
    // The end says what is wrong; the beginning is the value.
    let half = MAX_MESSAGE / 2;
    let (start, end): (String, String) =
        (message.chars().take(half).collect(), message.chars().skip(length - half).collect());
    format!("{start} … {end}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn errors_name_the_place() {
        let schema = Schema::compile(json!({
            "type": "object", "additionalProperties": false,
            "properties": {"texts": {"type": "array", "items": {"type": "string"}}, "a/b": {"type": "number"}}
        }))
        .unwrap();
        assert!(schema.is_closed_object());
        assert_eq!(schema.broken_by("args", &json!({"texts": ["x"], "a/b": 1})), []);
        let broken = schema.broken_by("args", &json!({"texts": ["x", 3], "a/b": "no", "more": 1}));
        let paths: Vec<_> = broken.iter().map(|broken| broken.path.as_str()).collect();
        assert!(
            paths.contains(&"args.texts[1]") && paths.contains(&"args.a/b") && paths.contains(&"args"),
            "{broken:?}"
        );
    }

    #[test]
    fn a_bad_schema_is_refused() {
        for schema in [
            json!({"type": "objekt"}),
            json!({"properties": []}),
            json!({"pattern": "(?=look)"}),
            json!({"$ref": "https://example.org/schema.json"}),
        ] {
            assert!(Schema::compile(schema.clone()).is_err(), "{schema}");
        }
    }

    #[test]
    fn long_values_do_not_fill_the_message() {
        let schema = Schema::compile(json!({"type": "number"})).unwrap();
        let broken = schema.broken_by("x", &json!("long ".repeat(10_000)));
        assert!(
            broken[0].problem.len() < 300 && broken[0].problem.ends_with("is not of type \"number\""),
            "{broken:?}"
        );
    }
}
