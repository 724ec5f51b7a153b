//! [`BenchClass`]: what an attested score is a score of.
//!
//! | number | class | what runs | the score |
//! | --- | --- | --- | --- |
//! | 1 | [`BenchClass::CpuFp32`] | `bench/cpu` for 3 s, on all threads at once | single-precision matrix multiplication, megaflops: 10^6 floating-point operations per second |
//! | 2 | [`BenchClass::GpuMemory`] | `bench/gpu` for 3 s, on each GPU of the device | memory copied within the GPU, megabytes: 10^6 bytes read or written per second |
//! | 3 | [`BenchClass::GpuFp32`] | the same | single-precision fused multiply-adds, megaflops |
//! | 4 | [`BenchClass::GpuBf16`] | the same | brain-float matrix products on tensor cores, megaflops; no score where there are none |
//!
//! Classes 2 to 4 are scores of one run: one definition, one result. Of several GPUs, the lowest counts.
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
    /// The GPU's memory bandwidth.
    GpuMemory = 2,
    /// The GPU's single-precision arithmetic.
    GpuFp32 = 3,
    /// The GPU's brain-float arithmetic on tensor cores.
    GpuBf16 = 4,
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
            2 => Some(Self::GpuMemory),
            3 => Some(Self::GpuFp32),
            4 => Some(Self::GpuBf16),
            _ => None,
        }
    }

    /// Its number on chain.
    pub fn number(self) -> u16 {
        self as u16
    }

    /// Whether it measures GPUs.
    pub fn is_of_gpus(self) -> bool {
        self != Self::CpuFp32
    }

    /// The unit of its score, in words.
    pub fn unit(self) -> &'static str {
        match self {
            Self::CpuFp32 => "fp32 megaflops",
            Self::GpuMemory => "megabytes per second of GPU memory",
            Self::GpuFp32 => "fp32 megaflops of a GPU",
            Self::GpuBf16 => "bf16 megaflops of a GPU",
        }
    }

    /// The published bytes of the job definition that measures it: one op.
    pub fn definition(self) -> &'static [u8] {
        match self {
            Self::CpuFp32 => {
                br#"{"meta":{"trigger":"attestor"},"ops":[{"args":{"seconds":3},"id":"bench","type":"bench/cpu"}],"type":"container","version":"0.1"}"#
            }
            Self::GpuMemory | Self::GpuFp32 | Self::GpuBf16 => {
                br#"{"meta":{"trigger":"attestor"},"ops":[{"args":{"seconds":3},"id":"bench","type":"bench/gpu"}],"type":"container","version":"0.1"}"#
            }
        }
    }

    /// The figure of the op that is the score.
    fn figure(self) -> &'static str {
        match self {
            Self::CpuFp32 | Self::GpuFp32 => "fp32_megaflops",
            Self::GpuMemory => "memory_megabytes_per_second",
            Self::GpuBf16 => "bf16_megaflops",
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

    /// Pinned: classes 2 to 4.
    const DEFINITION_2: &str = "a71e31907a3f0b7a9e4bb827df710953b04bb38a8861791b9ed6842cbead9794";
    /// All of them, in order.
    const ALL: [BenchClass; 4] =
        [BenchClass::CpuFp32, BenchClass::GpuMemory, BenchClass::GpuFp32, BenchClass::GpuBf16];

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
        let definitions = [DEFINITION_1, DEFINITION_2, DEFINITION_2, DEFINITION_2];
        for ((class, number), definition) in ALL.into_iter().zip(1..).zip(definitions) {
            assert_eq!((class.number(), BenchClass::from_number(number)), (number, Some(class)));
            assert_eq!(Digest::of(class.definition()).to_string(), definition, "{class:?}");
        }
        assert_eq!((BenchClass::from_number(0), BenchClass::from_number(5)), (None, None));
    }

    #[test]
    fn definitions_are_one_op_in_canonical_bytes() {
        for class in ALL {
            let definition = Definition::parse(class.definition()).unwrap();
            let [op] = definition.ops.as_slice() else { panic!("one op: {definition:?}") };
            let duration = match (class, &op.action) {
                (BenchClass::CpuFp32, Action::BenchCpu { duration }) => duration,
                (
                    BenchClass::GpuMemory | BenchClass::GpuFp32 | BenchClass::GpuBf16,
                    Action::BenchGpu { duration },
                ) => duration,
                (class, action) => panic!("{class:?} runs {action:?}"),
            };
            assert_eq!(*duration, Duration::from_secs(3));
            let (_, published) = Template::parse(class.definition()).unwrap().publish().unwrap();
            assert_eq!(published, class.definition());
        }
    }

    #[test]
    fn one_run_of_the_gpus_gives_three_scores() {
        let mut document = document();
        document.definition = Digest::of(BenchClass::GpuFp32.definition());
        document.ops[0].kind = "bench/gpu".to_owned();
        let results =
            json!({"gpus": 1, "memory_megabytes_per_second": 7, "fp32_megaflops": 8, "bf16_megaflops": 9});
        document.ops[0].results = serde_json::from_value(results).unwrap();
        let scores = ALL.map(|class| class.score("node-7", &document).ok());
        assert_eq!(scores, [None, Some(7), Some(8), Some(9)]);
        document.ops[0].results.remove("bf16_megaflops");
        let none = BenchClass::GpuBf16.score("node-7", &document);
        assert_eq!(none, Err(ScoreError::NoFigure("bf16_megaflops")));
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
