//! A cursor over parsed JSON that knows its path, so that every error names the place it speaks of.
//!
//! Written by hand and not derived: a derived reader of a tagged or untagged union reads through a buffer and loses
//! the path, and most of this format is unions.

use std::{collections::BTreeMap, fmt::Display};

use serde_json::{Map, Value};

use super::{DefinitionError, literal};

type Result<T> = std::result::Result<T, DefinitionError>;

/// One value and where it stands.
#[derive(Clone)]
pub(super) struct At<'a> {
    path: String,
    value: &'a Value,
    /// Whether what is filled in at run time (`__spread__` and its like) may stand here; the reader steps over it.
    published: bool,
}

impl<'a> At<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self { path: String::new(), value, published: false }
    }

    /// A value somewhere below the root, as it is after every literal was resolved.
    pub(super) fn hydrated(path: String, value: &'a Value) -> Self {
        Self { path, value, published: false }
    }

    /// A value somewhere below the root, as it was published.
    pub(super) fn published(path: String, value: &'a Value) -> Self {
        Self { path, value, published: true }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn value(&self) -> &'a Value {
        self.value
    }

    pub(super) fn is_published(&self) -> bool {
        self.published
    }

    pub(super) fn error(&self, problem: impl Display) -> DefinitionError {
        DefinitionError::at(&self.path, problem)
    }

    fn expected(&self, what: &str) -> DefinitionError {
        let found = match self.value {
            Value::Null => "null".to_owned(),
            Value::Bool(_) => "a boolean".to_owned(),
            Value::Number(number) => format!("the number {number}"),
            Value::String(_) => "a string".to_owned(),
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "an object".to_owned(),
        };
        self.error(format_args!("expected {what}, found {found}"))
    }

    fn child(&self, key: &str, value: &'a Value) -> At<'a> {
        At { path: field_path(&self.path, key), value, published: self.published }
    }

    /// An object of known fields. A field that is none of them is the first thing reported.
    pub(super) fn fields(self, known: &'static [&'static str]) -> Result<Fields<'a>> {
        let map = self.object()?;
        if let Some(key) = map.keys().find(|key| !known.contains(&key.as_str())) {
            let problem = match known {
                [] => "unknown field, none is expected here".to_owned(),
                _ => format!("unknown field, expected one of {}", known.join(", ")),
            };
            return Err(DefinitionError::at(&field_path(&self.path, key), problem));
        }
        Ok(Fields { at: self, map, known })
    }

    pub(super) fn object(&self) -> Result<&'a Map<String, Value>> {
        self.value.as_object().ok_or_else(|| self.expected("an object"))
    }

    pub(super) fn string(self) -> Result<String> {
        self.str().map(str::to_owned)
    }

    pub(super) fn str(&self) -> Result<&'a str> {
        self.value.as_str().ok_or_else(|| self.expected("a string"))
    }

    /// A string with something in it.
    pub(super) fn text(self) -> Result<String> {
        match self.str()? {
            "" => Err(self.error("must not be empty")),
            text => Ok(text.to_owned()),
        }
    }

    pub(super) fn boolean(self) -> Result<bool> {
        self.value.as_bool().ok_or_else(|| self.expected("true or false"))
    }

    pub(super) fn integer(self) -> Result<u64> {
        self.value.as_u64().ok_or_else(|| self.expected("a whole number, zero or more"))
    }

    /// A whole number of at least one.
    pub(super) fn positive(self) -> Result<u64> {
        match self.clone().integer()? {
            0 => Err(self.error("must be at least 1")),
            number => Ok(number),
        }
    }

    pub(super) fn number(self) -> Result<f64> {
        self.value.as_f64().ok_or_else(|| self.expected("a number"))
    }

    pub(super) fn list<T>(self, item: impl Fn(At<'a>) -> Result<T>) -> Result<Vec<T>> {
        let items = self.value.as_array().ok_or_else(|| self.expected("a list"))?;
        let mut decoded = Vec::with_capacity(items.len());
        for (index, value) in items.iter().enumerate() {
            if self.published && literal::is_list_marker(value) {
                continue;
            }
            decoded.push(item(At {
                path: format!("{}[{index}]", self.path),
                value,
                published: self.published,
            })?);
        }
        Ok(decoded)
    }

    /// An object whose keys are free.
    pub(super) fn map<T>(self, item: impl Fn(At<'a>) -> Result<T>) -> Result<BTreeMap<String, T>> {
        let mut decoded = BTreeMap::new();
        for (key, value) in self.object()? {
            if self.published && literal::is_object_marker(key) {
                continue;
            }
            decoded.insert(key.clone(), item(self.child(key, value))?);
        }
        Ok(decoded)
    }

    pub(super) fn strings(self) -> Result<Vec<String>> {
        self.list(At::string)
    }

    pub(super) fn string_map(self) -> Result<BTreeMap<String, String>> {
        self.map(At::string)
    }

    /// A string out of a fixed set.
    pub(super) fn one_of<T: Copy>(self, choices: &[(&str, T)]) -> Result<T> {
        let found = self.str()?;
        choices.iter().find(|(name, _)| *name == found).map(|(_, choice)| *choice).ok_or_else(|| {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            self.error(format_args!("\"{found}\" is none of {}", names.join(", ")))
        })
    }
}

/// The fields of one object.
pub(super) struct Fields<'a> {
    at: At<'a>,
    map: &'a Map<String, Value>,
    known: &'static [&'static str],
}

impl<'a> Fields<'a> {
    pub(super) fn at(&self) -> &At<'a> {
        &self.at
    }

    pub(super) fn get(&self, name: &str) -> Option<At<'a>> {
        debug_assert!(self.known.contains(&name), "{name} is missing from the list of known fields");
        self.map.get(name).map(|value| self.at.child(name, value))
    }

    pub(super) fn optional<T>(
        &self,
        name: &str,
        decode: impl FnOnce(At<'a>) -> Result<T>,
    ) -> Result<Option<T>> {
        self.get(name).map(decode).transpose()
    }

    pub(super) fn or_default<T: Default>(
        &self,
        name: &str,
        decode: impl FnOnce(At<'a>) -> Result<T>,
    ) -> Result<T> {
        self.optional(name, decode).map(Option::unwrap_or_default)
    }

    pub(super) fn required<T>(&self, name: &str, decode: impl FnOnce(At<'a>) -> Result<T>) -> Result<T> {
        match self.get(name) {
            Some(at) => decode(at),
            None => Err(self.missing(name, "is missing")),
        }
    }

    pub(super) fn missing(&self, name: &str, problem: &str) -> DefinitionError {
        DefinitionError::at(&field_path(&self.at.path, name), problem)
    }
}

/// `path.key`, or `path["key"]` where the key is no plain word.
pub(super) fn field_path(path: &str, key: &str) -> String {
    let plain = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    match (plain, path) {
        (true, "") => key.to_owned(),
        (true, _) => format!("{path}.{key}"),
        (false, _) => format!("{path}[{}]", Value::from(key)),
    }
}
