//! `test/expect.json`: what a connector's own test finds in `output.json`.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use crate::connector::Problem;

/// The rules of a test.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    output: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    /// A JSON pointer into `output.json`.
    at: String,
    #[serde(flatten)]
    says: Says,
}

/// What a rule says of the value.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Says {
    /// It is this.
    Equals(Value),
    /// It is a number, this close to another.
    Near { number: f64, within: f64 },
    /// A list or string of that length.
    Length(usize),
    /// A string with this in it, letters compared without their case.
    Contains(String),
}

impl Expect {
    pub fn parse(place: &str, bytes: &[u8]) -> Result<Self, Problem> {
        let expect: Self = serde_json::from_slice(bytes).map_err(|error| Problem::new(place, error))?;
        if expect.output.is_empty() {
            return Err(Problem::new(place, "has no rule, so no output could fail it"));
        }
        match expect.output.iter().position(|rule| !(rule.at.is_empty() || rule.at.starts_with('/'))) {
            Some(index) => {
                Err(Problem::new(format!("{place}: output[{index}].at"), "a JSON pointer starts with \"/\""))
            }
            None => Ok(expect),
        }
    }

    /// What `output` breaks.
    pub fn broken_by(&self, output: &Value) -> Vec<String> {
        let broken = |rule: &&Rule| !output.pointer(&rule.at).is_some_and(|found| rule.says.hold(found));
        self.output
            .iter()
            .filter(broken)
            .map(|rule| {
                let found = output.pointer(&rule.at).map_or("nothing".to_owned(), Value::to_string);
                let found: String = found.chars().take(200).collect();
                format!("output{}: expected {}, found {found}", rule.at, rule.says)
            })
            .collect()
    }
}

impl Says {
    fn hold(&self, found: &Value) -> bool {
        match self {
            Self::Equals(value) => found == value,
            Self::Near { number, within } => {
                found.as_f64().is_some_and(|found| (found - number).abs() <= *within)
            }
            Self::Length(length) => match found {
                Value::Array(items) => items.len() == *length,
                Value::String(text) => text.chars().count() == *length,
                _ => false,
            },
            Self::Contains(part) => {
                found.as_str().is_some_and(|text| text.to_lowercase().contains(&part.to_lowercase()))
            }
        }
    }
}

impl fmt::Display for Says {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equals(value) => write!(f, "{value}"),
            Self::Near { number, within } => write!(f, "{number} within {within}"),
            Self::Length(length) => write!(f, "length {length}"),
            Self::Contains(part) => write!(f, "a text with \"{part}\""),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn broken(rule: Value) -> Vec<String> {
        let output = json!({"n": 1.5, "list": [1, 2], "text": "Hello World"});
        Expect::parse("x", json!({"output": [rule]}).to_string().as_bytes()).unwrap().broken_by(&output)
    }

    #[test]
    fn rules_hold_or_say_what_was_found() {
        for rule in [
            json!({"at": "/list/1", "equals": 2}),
            json!({"at": "/n", "near": {"number": 1.4, "within": 0.11}}),
            json!({"at": "/list", "length": 2}),
            json!({"at": "/text", "contains": "hello w"}),
        ] {
            assert_eq!(broken(rule.clone()), Vec::<String>::new(), "{rule}");
        }
        for (rule, expected) in [
            (json!({"at": "/list/1", "equals": 3}), "output/list/1: expected 3, found 2"),
            (
                json!({"at": "/n", "near": {"number": 1.4, "within": 0.05}}),
                "output/n: expected 1.4 within 0.05, found 1.5",
            ),
            (json!({"at": "/n", "length": 1}), "output/n: expected length 1, found 1.5"),
            (
                json!({"at": "/text", "contains": "bye"}),
                "output/text: expected a text with \"bye\", found \"Hello World\"",
            ),
            (json!({"at": "/none", "equals": null}), "output/none: expected null, found nothing"),
        ] {
            assert_eq!(broken(rule), [expected]);
        }
    }

    #[test]
    fn a_test_that_cannot_fail_is_refused() {
        for text in [
            r#"{"output":[]}"#,
            r#"{"output":[{"at":"/a"}]}"#,
            r#"{"output":[{"at":"/a","equal":1}]}"#,
            r#"{"output":[{"at":"/a","equals":1,"lenght":1}]}"#,
            r#"{"output":[{"at":"a","equals":1}]}"#,
            r#"{"output":[{"at":"/a","equals":1}],"more":1}"#,
        ] {
            assert!(Expect::parse("x", text.as_bytes()).is_err(), "{text}");
        }
    }
}
