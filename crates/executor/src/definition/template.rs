//! A definition on the client's disk, whose inputs are files that are not hashed yet.

use serde_json::Value;

use super::{Definition, DefinitionError};
use crate::{Digest, json};

/// A definition in which `inputs[].sha256` may still be left out.
///
/// The client binds each input to a file, stores the file, and publishes the bytes that come out.
#[derive(Clone, Debug)]
pub struct Template {
    document: Value,
}

/// Why a template cannot be read or bound.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The text, or what came out of it, is no definition.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
    /// No input has that name.
    #[error("the definition has no input \"{name}\"; it has {known}")]
    NoSuchInput {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The input names its bytes already, and they are others.
    #[error("the input \"{name}\" is {bound} in the definition; the file given is {given}")]
    BoundOtherwise {
        /// The input.
        name: String,
        /// What the definition says.
        bound: String,
        /// What was given.
        given: Digest,
    },
}

impl Template {
    /// Reads a template. Only its JSON is checked; [`publish`](Self::publish) checks the rest.
    pub fn parse(bytes: &[u8]) -> Result<Self, TemplateError> {
        let document = json::parse_strict(bytes).map_err(DefinitionError::from)?;
        Ok(Self { document })
    }

    /// The names of the inputs that still need a file.
    pub fn unbound_inputs(&self) -> Vec<&str> {
        self.inputs().filter(|input| input.get("sha256").is_none()).filter_map(name_of).collect()
    }

    /// Binds the input `name` to the bytes that `digest` names.
    pub fn bind_input(&mut self, name: &str, digest: Digest) -> Result<(), TemplateError> {
        let known = self.inputs().filter_map(name_of).collect::<Vec<_>>().join(", ");
        let inputs = self.document.get_mut("inputs").and_then(Value::as_array_mut).into_iter().flatten();
        let input =
            inputs.into_iter().find(|input| name_of(input) == Some(name)).and_then(Value::as_object_mut);
        let Some(input) = input else {
            let known = if known.is_empty() { "none".to_owned() } else { known };
            return Err(TemplateError::NoSuchInput { name: name.to_owned(), known });
        };
        let given = Value::from(digest.to_string());
        match input.get("sha256") {
            Some(bound) if *bound != given => Err(TemplateError::BoundOtherwise {
                name: name.to_owned(),
                bound: bound.as_str().map_or_else(|| bound.to_string(), str::to_owned),
                given: digest,
            }),
            _ => {
                input.insert("sha256".to_owned(), given);
                Ok(())
            }
        }
    }

    /// The checked definition and the bytes to publish; their digest is what the chain holds.
    pub fn publish(&self) -> Result<(Definition, Vec<u8>), TemplateError> {
        let bytes = self.document.to_string().into_bytes();
        Ok((Definition::parse(&bytes)?, bytes))
    }

    fn inputs(&self) -> impl Iterator<Item = &Value> {
        self.document.get("inputs").and_then(Value::as_array).into_iter().flatten()
    }
}

fn name_of(input: &Value) -> Option<&str> {
    input.get("name")?.as_str()
}
