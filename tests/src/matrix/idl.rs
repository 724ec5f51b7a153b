//! Instructions and slots as the IDLs tell them.

use crate::network::PROGRAMS;
use serde::Deserialize;
use solana_address::Address;

/// The part of an IDL that the matrix is checked against.
#[derive(Debug, Clone, Deserialize)]
pub struct Idl {
    /// The instructions.
    #[serde(default)]
    pub instructions: Vec<IdlInstruction>,
}

/// An instruction of an IDL.
#[derive(Debug, Clone, Deserialize)]
pub struct IdlInstruction {
    /// Its name.
    pub name: String,
    /// The first bytes of its data.
    pub discriminator: Vec<u8>,
    /// Its slots.
    pub accounts: Vec<IdlSlot>,
}

/// An account slot of an IDL.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct IdlSlot {
    /// Its name.
    pub name: String,
    /// Whether its account must sign.
    #[serde(default)]
    pub signer: bool,
    /// Whether its account must be writable.
    #[serde(default)]
    pub writable: bool,
    /// Whether it may be left empty.
    #[serde(default)]
    pub optional: bool,
    /// The only address that may stand there.
    #[serde(default)]
    pub address: Option<String>,
}

impl Idl {
    /// The IDL of one of our programs, as it is in the repository.
    ///
    /// # Panics
    /// When it can't be read, or names no instructions: `cargo xtask idl` makes it.
    #[track_caller]
    pub fn of(program: &Address) -> Self {
        let path = format!("{}/../idl/{}.json", env!("CARGO_MANIFEST_DIR"), name_of(program));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let idl: Self = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(!idl.instructions.is_empty(), "{path} names no instructions: `cargo xtask idl` makes it");
        idl
    }

    /// An instruction by its name.
    pub fn instruction(&self, name: &str) -> Option<&IdlInstruction> {
        self.instructions.iter().find(|instruction| instruction.name == name)
    }
}

/// The name of one of our programs.
#[track_caller]
pub fn name_of(program: &Address) -> &'static str {
    let found = PROGRAMS.into_iter().find(|(id, _)| id == program);
    found.unwrap_or_else(|| panic!("{program} is none of ours")).1
}
