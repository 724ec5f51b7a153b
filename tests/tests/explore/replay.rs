//! Walks through the states of a space on the shipped binary: machine and model side by side.

use crate::space::Space;
use grid_tests::{arena::Arena, model::Op};
use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Steps of a random walk.
const STEPS: usize = 40;

/// A machine on which a space can be walked through.
pub struct Stage<'a> {
    space: &'a Space,
    arena: Arena,
}

impl<'a> Stage<'a> {
    /// Sets a space up.
    pub fn new(space: &'a Space) -> Self {
        let mut arena = Arena::new(space.bare.clone());
        for op in &space.setup {
            arena.step(op).unwrap_or_else(|refusal| panic!("{op:?}: {refusal:?}"));
        }
        Self { space, arena }
    }

    /// Repeats a way of the explorer; returns its steps.
    pub fn repeat(&self, way: &[Op]) -> usize {
        self.walk(|arena| {
            for op in way {
                arena.step(op).unwrap_or_else(|refusal| panic!("{op:?}: {refusal:?}"));
            }
        })
    }

    /// A random walk; every other step of it is one that anybody could try, most of which are refused.
    pub fn stroll(&self, seed: u64) -> usize {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        self.walk(|arena| {
            for _ in 0..STEPS {
                let mut ops = self.space.ops(&arena.model);
                if random.random() {
                    ops.retain(|op| op.apply(&mut arena.model.clone()).is_ok());
                }
                let op = ops.choose(&mut random).expect("time can always pass");
                let _ = arena.step(op);
            }
        })
    }

    fn walk(&self, steps: impl FnOnce(&mut Arena)) -> usize {
        let mut arena = self.arena.clone();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| steps(&mut arena))) {
            eprintln!("{}, after\n    {}", self.space.name, arena.trace.join("\n    "));
            resume_unwind(panic);
        }
        arena.trace.len() - self.arena.trace.len()
    }
}
