//! Where an op's lines go: into the log, through its `results`, to whoever watches.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
};

use serde_json::Value;
use tokio::sync::watch;

use super::{JobEvent, OnEvent, flow::OpState};
use crate::{
    definition::{Op, Stream},
    exec::OpObserver,
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
    state: &'a watch::Sender<OpState>,
    /// Bytes of standard output and standard error that an earlier worker logged already.
    logged_bytes: Mutex<[u64; 2]>,
    matches: Mutex<Matches>,
}

#[derive(Default)]
struct Matches {
    found: BTreeMap<String, Vec<Value>>,
    truncated: bool,
}

impl<'a> OpSink<'a> {
    pub(super) fn new(
        op: &'a Op,
        log: &'a JobLog,
        on_event: OnEvent<'a>,
        state: &'a watch::Sender<OpState>,
        logged_bytes: [u64; 2],
    ) -> Self {
        let logged_bytes = Mutex::new(logged_bytes);
        Self { op, log, on_event, state, logged_bytes, matches: Mutex::default() }
    }

    /// What was matched since the last call, by key, and whether more was matched than is kept.
    pub(super) fn take_results(&self) -> (BTreeMap<String, Value>, bool) {
        let matches = std::mem::take(&mut *self.matches.lock().unwrap_or_else(PoisonError::into_inner));
        (
            matches.found.into_iter().map(|(key, found)| (key, Value::Array(found))).collect(),
            matches.truncated,
        )
    }

    /// Whether a line is one that an earlier worker logged.
    fn is_logged(&self, stream: Stream, line: &[u8], complete: bool) -> bool {
        let index = match stream {
            Stream::Stdout => 0,
            Stream::Stderr => 1,
            Stream::Node => return false,
        };
        let mut logged_bytes = self.logged_bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let left = &mut logged_bytes[index];
        let was_logged = *left > 0;
        *left = left.saturating_sub(line.len() as u64 + u64::from(complete));
        was_logged
    }
}

impl OpObserver for OpSink<'_> {
    fn line(&self, stream: Stream, line: &[u8], complete: bool) {
        if !self.is_logged(stream, line, complete) {
            self.log.write(&self.op.id, stream, line, complete);
            (self.on_event)(JobEvent::Line { op: &self.op.id, stream, bytes: line, complete });
        }
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

    fn healthy(&self) {
        self.state.send_modify(|state| state.healthy = true);
        (self.on_event)(JobEvent::OpHealthy { op: &self.op.id });
    }

    fn listening(&self, port: u16, address: SocketAddr) {
        (self.on_event)(JobEvent::OpListening { op: &self.op.id, port, address });
    }
}
