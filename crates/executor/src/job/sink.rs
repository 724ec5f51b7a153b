//! Where an op's lines go: into the log, through its `results`, to whoever watches.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use serde_json::Value;

use super::{JobEvent, OnEvent};
use crate::{
    definition::{Op, Stream},
    exec::LineSink,
    log::JobLog,
};

/// Matches kept per key.
const MAX_MATCHES: usize = 256;
/// Bytes kept of a match.
const MAX_MATCH_BYTES: usize = 4096;

/// Takes the lines of one op.
pub(super) struct OpSink<'a> {
    op: &'a Op,
    log: &'a JobLog,
    on_event: OnEvent<'a>,
    matches: Mutex<Matches>,
}

#[derive(Default)]
struct Matches {
    found: BTreeMap<String, Vec<Value>>,
    truncated: bool,
}

impl<'a> OpSink<'a> {
    pub(super) fn new(op: &'a Op, log: &'a JobLog, on_event: OnEvent<'a>) -> Self {
        Self { op, log, on_event, matches: Mutex::default() }
    }

    /// What was matched since the last call, by key, and whether more was matched than is kept.
    pub(super) fn take_results(&self) -> (BTreeMap<String, Value>, bool) {
        let matches = std::mem::take(&mut *self.matches.lock().unwrap_or_else(PoisonError::into_inner));
        (
            matches.found.into_iter().map(|(key, found)| (key, Value::Array(found))).collect(),
            matches.truncated,
        )
    }
}

impl LineSink for OpSink<'_> {
    fn line(&self, stream: Stream, line: &[u8], complete: bool) {
        self.log.write(&self.op.id, stream, line, complete);
        (self.on_event)(JobEvent::Line { op: &self.op.id, stream, bytes: line, complete });
        for (key, rule) in &self.op.results {
            let Some(mut found) = rule.find(stream, line) else {
                continue;
            };
            let mut matches = self.matches.lock().unwrap_or_else(PoisonError::into_inner);
            if found.len() > MAX_MATCH_BYTES {
                found.truncate(found.floor_char_boundary(MAX_MATCH_BYTES));
                matches.truncated = true;
            }
            let list = matches.found.entry(key.clone()).or_default();
            if list.len() < MAX_MATCHES {
                list.push(found.into());
            } else {
                matches.truncated = true;
            }
        }
    }
}
