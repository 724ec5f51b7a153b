//! [`BenchClass`]: what an attested score is a score of.
//!
//! | number | class | what runs | the score |
//! | --- | --- | --- | --- |
//! | 1 | [`BenchClass::CpuFp32`] | `bench/cpu` for 3 s, on all threads at once | single-precision matrix multiplication, megaflops: 10^6 floating-point operations per second |
//!
//! Attestations and the rules of markets hold these numbers on chain: a number is never given to another class, and a class
//! never runs something else; a better benchmark is a new class. 0 is no class.

use crate::{Digest, JobStatus, OpStatus, ResultDocument};

/// What a benchmark measures, in which unit. See the [table](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum BenchClass {
    /// The processor's single-precision arithmetic.
    CpuFp32 = 1,
}

/// A result document that gives no score in a class.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScoreError {
    /// It is of another definition.
    #[error("the result is of definition {found}, not of the one of the benchmark class, {expected}")]
    OtherDefinition {
        /// The class's definition.
        expected: Digest,
        /// The document's.
        found: Digest,
    },
    /// It is of another job.
    #[error("the result is of job {found}, not of {expected}")]
    OtherJob {
        /// The job that was asked about.
        expected: String,
        /// The document's.
        found: String,
    },
    /// The benchmark did not come to its end.
    #[error("the benchmark ended as {0:?}")]
    NotSucceeded(JobStatus),
    /// The benchmark measured nothing.
    #[error("the result has no figure {0}")]
    NoFigure(&'static str),
}

impl BenchClass {
    /// The class of a number.
    pub fn from_number(number: u16) -> Option<Self> {
        match number {
            1 => Some(Self::CpuFp32),
            _ => None,
        }
    }

    /// Its number on chain.
    pub fn number(self) -> u16 {
        self as u16
    }

    /// The unit of its score, in words.
    pub fn unit(self) -> &'static str {
        match self {
            Self::CpuFp32 => "fp32 megaflops",
        }
    }

    /// The published bytes of the job definition that measures it: one op.
    pub fn definition(self) -> &'static [u8] {
        match self {
            Self::CpuFp32 => {
                br#"{"meta":{"trigger":"attestor"},"ops":[{"args":{"seconds":3},"id":"bench","type":"bench/cpu"}],"type":"container","version":"0.1"}"#
            }
        }
    }

    /// The figure of the op that is the score.
    fn figure(self) -> &'static str {
        match self {
            Self::CpuFp32 => "fp32_megaflops",
        }
    }

    /// The score that a document gives, if it is of this class and of the job `job`.
    ///
    /// The document tells what the machine that ran it says: that it did run there, the caller has to know otherwise.
    pub fn score(self, job: &str, document: &ResultDocument) -> Result<u64, ScoreError> {
        let (expected, found) = (Digest::of(self.definition()), document.definition);
        if found != expected {
            return Err(ScoreError::OtherDefinition { expected, found });
        }
        if document.job != job {
            return Err(ScoreError::OtherJob { expected: job.to_owned(), found: document.job.clone() });
        }
        if document.status != JobStatus::Succeeded {
            return Err(ScoreError::NotSucceeded(document.status));
        }
        let op = document.ops.first().filter(|op| op.status == OpStatus::Succeeded);
        let figure = op.and_then(|op| op.results.get(self.figure())?.as_u64());
        figure.ok_or(ScoreError::NoFigure(self.figure()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Definition, Template, definition::Action};
    use serde_json::json;
    use std::time::Duration;

    /// Pinned: what a class runs never changes.
    const DEFINITION_1: &str = "4d96b2e2c45d511f46cd735353cb6922580a482cb6725d1ac529cd51741e82bc";

    fn document() -> ResultDocument {
        let text = json!({
            "version": "0.1", "job": "node-7", "definition": Digest::of(BenchClass::CpuFp32.definition()),
            "status": "succeeded", "started_ms": 1, "ended_ms": 2, "executor": "process",
            "device": {"label": "cpu-0"},
            "ops": [{"id": "bench", "group": "bench", "type": "bench/cpu", "status": "succeeded",
                     "results": {"fp32_megaflops": 12_345, "threads": 2}}],
            "log": {"sha256": Digest::of(b""), "size_bytes": 0},
        });
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn numbers_and_definitions_are_what_they_were() {
        let class = BenchClass::CpuFp32;
        assert_eq!((class.number(), BenchClass::from_number(1)), (1, Some(class)));
        assert_eq!((BenchClass::from_number(0), BenchClass::from_number(2)), (None, None));
        assert_eq!(Digest::of(class.definition()).to_string(), DEFINITION_1);
        let definition = Definition::parse(class.definition()).unwrap();
        let [op] = definition.ops.as_slice() else { panic!("one op: {definition:?}") };
        assert!(matches!(op.action, Action::BenchCpu { duration } if duration == Duration::from_secs(3)));
        let (_, published) = Template::parse(class.definition()).unwrap().publish().unwrap();
        assert_eq!(published, class.definition(), "the bytes are the canonical ones");
    }

    #[test]
    fn the_score_is_the_figure() {
        assert_eq!(BenchClass::CpuFp32.score("node-7", &document()), Ok(12_345));
    }

    #[test]
    fn what_gives_no_score_says_why() {
        let score = |document: &ResultDocument| BenchClass::CpuFp32.score("node-7", document);
        let other = ResultDocument { definition: Digest([1; 32]), ..document() };
        assert!(matches!(score(&other), Err(ScoreError::OtherDefinition { found: Digest([1, ..]), .. })));
        let other = ResultDocument { job: "node-8".into(), ..document() };
        assert!(matches!(score(&other), Err(ScoreError::OtherJob { found, .. }) if found == "node-8"));
        let failed = ResultDocument { status: JobStatus::Failed, ..document() };
        assert_eq!(score(&failed), Err(ScoreError::NotSucceeded(JobStatus::Failed)));
        let none = Err(ScoreError::NoFigure("fp32_megaflops"));
        assert_eq!(score(&ResultDocument { ops: Vec::new(), ..document() }), none);
        let mut text = document();
        text.ops[0].results.insert("fp32_megaflops".into(), json!("12345"));
        assert_eq!(score(&text), none);
    }
}
