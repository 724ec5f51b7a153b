//! The parts of an IDL file that the reference shows.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// An IDL.
#[derive(Debug, Deserialize)]
pub struct Idl {
    /// The program's id.
    pub address: String,
    /// Its name and version.
    pub metadata: Metadata,
    /// Its instructions.
    pub instructions: Vec<Instruction>,
    /// Its events, by name and discriminator.
    pub events: Vec<Named>,
    /// Its errors.
    pub errors: Vec<Error>,
    /// Its types: of arguments, accounts and events.
    pub types: Vec<Type>,
}

/// About the program.
#[derive(Debug, Deserialize)]
pub struct Metadata {
    /// Name of the library: `grid_jobs`.
    pub name: String,
}

/// An instruction.
#[derive(Debug, Deserialize)]
pub struct Instruction {
    /// Its name.
    pub name: String,
    /// What it does.
    #[serde(default)]
    pub docs: Vec<String>,
    /// First bytes of its data.
    pub discriminator: Vec<u8>,
    /// Its accounts, in order.
    pub accounts: Vec<Account>,
    /// Its arguments, in order.
    pub args: Vec<Field>,
}

/// An account of an instruction.
#[derive(Debug, Deserialize)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// What it is.
    #[serde(default)]
    pub docs: Vec<String>,
    /// Whether it must be writable.
    #[serde(default)]
    pub writable: bool,
    /// Whether it must sign.
    #[serde(default)]
    pub signer: bool,
    /// Whether it may be left out.
    #[serde(default)]
    pub optional: bool,
    /// Its address, where there is only one.
    pub address: Option<String>,
}

/// A name with the first bytes of its data.
#[derive(Debug, Deserialize)]
pub struct Named {
    /// The name.
    pub name: String,
    /// The bytes.
    pub discriminator: Vec<u8>,
}

/// An error.
#[derive(Debug, Deserialize)]
pub struct Error {
    /// Its number.
    pub code: u32,
    /// Its name.
    pub name: String,
    /// Its message.
    pub msg: String,
}

/// A type.
#[derive(Debug, Deserialize)]
pub struct Type {
    /// Its name.
    pub name: String,
    /// What it is.
    #[serde(default)]
    pub docs: Vec<String>,
    /// Its shape.
    #[serde(rename = "type")]
    pub shape: Shape,
}

/// What a type is made of.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Shape {
    /// Fields.
    Struct {
        /// The fields, in order.
        #[serde(default)]
        fields: Vec<Field>,
    },
    /// One of several names, numbered from zero.
    Enum {
        /// The names.
        variants: Vec<Variant>,
    },
    /// Another name of a type.
    Type {},
}

/// A variant of an enum.
#[derive(Debug, Deserialize)]
pub struct Variant {
    /// Its name.
    pub name: String,
}

/// A field, or an argument.
#[derive(Debug, Deserialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it is.
    #[serde(default)]
    pub docs: Vec<String>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Kind,
}

/// A type where it is used.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One of a type of the IDL.
    Defined {
        /// Its name.
        name: String,
    },
    /// Several, and how many.
    Array(Box<Kind>, usize),
    /// A list.
    Vec(Box<Kind>),
    /// A type of the format.
    #[serde(untagged)]
    Plain(String),
}

impl Idl {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text)
            .with_context(|| format!("{} is no IDL that this can read", path.display()))
    }

    /// The program's short name: `jobs`.
    pub fn short(&self) -> &str {
        self.metadata.name.trim_start_matches("grid_")
    }

    /// One of its types.
    pub fn find(&self, name: &str) -> Option<&Type> {
        self.types.iter().find(|found| found.name == name)
    }

    /// Bytes of a type; `None` when they vary.
    pub fn size(&self, kind: &Kind) -> Option<usize> {
        match kind {
            Kind::Plain(name) => match name.as_str() {
                "bool" | "u8" | "i8" => Some(1),
                "u16" | "i16" => Some(2),
                "u32" | "i32" => Some(4),
                "u64" | "i64" => Some(8),
                "u128" | "i128" => Some(16),
                "pubkey" => Some(32),
                _ => None,
            },
            Kind::Array(of, count) => Some(self.size(of)? * count),
            Kind::Vec(_) => None,
            Kind::Defined { name } => match &self.find(name)?.shape {
                Shape::Struct { fields } => fields.iter().map(|field| self.size(&field.kind)).sum(),
                Shape::Enum { .. } => Some(1),
                Shape::Type {} => None,
            },
        }
    }
}
