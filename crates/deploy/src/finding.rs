//! What a look at the chain found, held against the plan.

use solana_address::Address;
use solana_instruction::Instruction;

/// One thing of the plan, and how it stands on the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about: `config`, `market h100-80gb`.
    pub subject: String,
    /// How it stands.
    pub verdict: Verdict,
}

/// How a thing of the plan stands on the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As planned.
    AsPlanned,
    /// Not yet, and the deployer can change that.
    Change(Change),
    /// Not yet, and somebody else has to act: who and how.
    Waits(String),
    /// Otherwise, in a way that the deployer can't change: what differs, and what to do.
    Blocked(String),
}

/// A transaction that brings the chain closer to the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What it does, in words.
    pub what: String,
    /// The instruction's name.
    pub kind: &'static str,
    /// The account that it is about.
    pub account: Address,
    /// What is sent.
    pub instructions: Vec<Instruction>,
}

impl Finding {
    /// A finding.
    pub fn new(subject: impl Into<String>, verdict: Verdict) -> Self {
        Self { subject: subject.into(), verdict }
    }
}

impl Verdict {
    /// Whether the chain is as planned.
    pub fn is_as_planned(&self) -> bool {
        *self == Self::AsPlanned
    }
}

/// Names each field that differs: `fee_bps is 100, planned is 250`. Empty when none does.
#[derive(Debug, Default)]
pub struct Differences(Vec<String>);

impl Differences {
    /// Compares a field.
    pub fn field<T: PartialEq + std::fmt::Display>(mut self, name: &str, found: T, planned: T) -> Self {
        if found != planned {
            self.0.push(format!("{name} is {found}, planned is {planned}"));
        }
        self
    }

    /// All of them; `None` when there are none.
    pub fn into_text(self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_that_differs_is_named() {
        let same = Differences::default().field("a", 1, 1).field("b", "x", "x");
        assert_eq!(same.into_text(), None);
        let other = Differences::default().field("a", 1, 2).field("b", "x", "x").field("c", true, false);
        assert_eq!(other.into_text().unwrap(), "a is 1, planned is 2; c is true, planned is false");
    }
}
