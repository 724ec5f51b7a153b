//! Watching a job until it is over: where it is, what it writes, and handing its bytes to the node that runs it.

use crate::{
    exit::Exit,
    output::say,
    session::Session,
    time::show_duration,
    transfer::{self, Peer, log_lines},
};
use anyhow::{Context, Result};
use grid_client::{
    Filter,
    account::{Device, Job, JobPhase, job_phase},
    chain::{fetch_market, find},
    query::find_all,
};
use grid_executor::{Definition, Digest, FolderStore, JobStatus};
use grid_jobs::DeviceState;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use solana_address::Address;
use std::{mem::offset_of, time::Duration};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{Instant, sleep, timeout},
};

/// Time between two looks at a job.
const LOOK: Duration = Duration::from_millis(500);
/// Longest wait for the next piece of a log.
const LOG_PATIENCE: Duration = Duration::from_secs(5);

/// Where a job is, as its client sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Waits: how many are served before it, and how many wait in all.
    Queued {
        /// Jobs before it; `None` in a moment in which it is neither here nor there.
        before: Option<usize>,
        /// Jobs that wait.
        waiting: usize,
    },
    /// Matched, not started.
    Assigned(Address),
    /// Runs.
    Running(Address),
    /// Over and paid.
    Done,
    /// Over, after too many lost matches, refunded.
    Stopped,
    /// Its account is closed.
    Closed,
}

impl Place {
    /// Its name in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Queued { .. } => "queued",
            Self::Assigned(_) => "assigned",
            Self::Running(_) => "running",
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Closed => "closed",
        }
    }

    /// In words.
    pub fn text(&self) -> String {
        match self {
            Self::Queued { before: Some(before), waiting } => {
                format!("queued, place {} of {waiting}", before + 1)
            }
            Self::Queued { before: None, .. } => "queued".to_owned(),
            Self::Assigned(device) => format!("assigned to device {device}, which prepares it"),
            Self::Running(device) => format!("running on device {device}"),
            Self::Done => "done".to_owned(),
            Self::Stopped => "stopped after too many lost matches, and refunded".to_owned(),
            Self::Closed => "closed: its account is gone".to_owned(),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Queued { before, waiting } => {
                json!({ "type": "state", "state": self.name(), "before": before, "waiting": waiting })
            }
            Self::Assigned(device) | Self::Running(device) => {
                json!({ "type": "state", "state": self.name(), "device": device.to_string() })
            }
            _ => json!({ "type": "state", "state": self.name() }),
        }
    }

    fn is_over(&self) -> bool {
        matches!(self, Self::Done | Self::Stopped | Self::Closed)
    }
}

/// Looks where a job is.
pub async fn look(session: &Session, address: &Address) -> Result<(Place, Option<Job>)> {
    let chain = session.chain.as_ref();
    let Some(job) = find::<Job>(chain, address).await? else { return Ok((Place::Closed, None)) };
    if job.is_over() {
        let is_done = job.is(grid_jobs::JobState::Done);
        return Ok((if is_done { Place::Done } else { Place::Stopped }, Some(job)));
    }
    let market = fetch_market(chain, &job.market).await?;
    let place = match job_phase(address, &job, &market) {
        JobPhase::Queued => {
            let waiting = market.waiting().unwrap_or_default();
            let before = waiting.iter().position(|found| found == address);
            Place::Queued { before, waiting: waiting.len() }
        }
        JobPhase::Running => Place::Running(job.device),
        _ => match device_of(session, address, &job).await? {
            Some(device) => Place::Assigned(device),
            // A read between the match and its being visible everywhere.
            None => Place::Queued { before: None, waiting: 0 },
        },
    };
    Ok((place, Some(job)))
}

/// The device of a match or run: the job's account names it, or the device's account names the job.
pub async fn device_of(session: &Session, address: &Address, job: &Job) -> Result<Option<Address>> {
    if job.device != Address::default() {
        return Ok(Some(job.device));
    }
    let names_it = [
        Filter::field(offset_of!(Device, job), address),
        Filter::field(offset_of!(Device, state), [DeviceState::Assigned as u8]),
    ];
    let found: Vec<(Address, Device)> = find_all(session.chain.as_ref(), names_it).await?;
    Ok(found.first().map(|(device, _)| *device))
}

/// What to do while a job is not over.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// Show what the job writes.
    pub follow: bool,
    /// Wait for this long at most.
    pub at_most: Option<Duration>,
}

/// How a watch ended.
pub enum Ended {
    /// The job is over.
    Over(Place, Option<Box<Job>>),
    /// Something else was: see the exit code.
    Before(Exit),
}

/// Watches a job until it is over, Ctrl-C, or the time that was given.
pub async fn watch(session: &Session, job: Address, wishes: &Wishes) -> Result<Ended> {
    let deadline = wishes.at_most.map(|time| Instant::now() + time);
    // One listener for all the time: a signal between two of them would be lost.
    let mut interrupt = signal(SignalKind::interrupt()).context("waiting for Ctrl-C")?;
    let mut watched = Watched::new(session, job, wishes.follow).await;
    let ended = loop {
        let again = tokio::select! {
            looked = watched.look() => looked?,
            _ = interrupt.recv() => break Ended::Before(Exit::Interrupted),
        };
        if let Some(over) = again {
            break over;
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            break Ended::Before(Exit::StillWaiting);
        }
        tokio::select! {
            () = sleep(LOOK) => {}
            _ = interrupt.recv() => break Ended::Before(Exit::Interrupted),
        }
    };
    watched.bar.finish_and_clear();
    if let Ended::Before(exit) = &ended {
        let why = if *exit == Exit::Interrupted { "stopped waiting" } else { "the time to wait is over" };
        session.out.note(&format!("{why}; the job goes on: come back with `grid job wait {job}`"));
    }
    Ok(ended)
}

struct Watched<'a> {
    session: &'a Session,
    job: Address,
    follow: bool,
    content: Vec<Digest>,
    store: Option<FolderStore>,
    last: Option<Place>,
    peer: Option<(Address, Peer)>,
    is_pushed: bool,
    complaint: String,
    log_bytes: u64,
    bar: ProgressBar,
}

impl<'a> Watched<'a> {
    async fn new(session: &'a Session, job: Address, follow: bool) -> Self {
        let bar = if session.out.json { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self {
            session,
            job,
            follow,
            content: Vec::new(),
            store: FolderStore::open(session.settings.store()).ok(),
            last: None,
            peer: None,
            is_pushed: false,
            complaint: String::new(),
            log_bytes: 0,
            bar,
        }
    }

    /// One look; `Some` when the job is over.
    async fn look(&mut self) -> Result<Option<Ended>> {
        let (place, job) = look(self.session, &self.job).await?;
        self.tell(&place, job.as_ref());
        if let (Place::Assigned(device) | Place::Running(device), Some(job)) = (&place, &job) {
            // What a node can't be asked for now is asked for again at the next look; the job itself goes on.
            if let Err(error) = self.exchange(device, job).await {
                self.complain(&format!("{error:#}"));
            }
        } else {
            self.peer = None;
            self.is_pushed = false;
        }
        if !place.is_over() {
            return Ok(None);
        }
        if let Some(job) = job.as_ref().filter(|_| self.follow) {
            self.rest_of_log(job).await?;
        }
        Ok(Some(Ended::Over(place, job.map(Box::new))))
    }

    fn tell(&mut self, place: &Place, job: Option<&Job>) {
        let started = job.map_or(0, |job| job.started_at.get());
        let text = match place {
            Place::Running(_) if started > 0 => {
                let seconds = u64::try_from(crate::time::now() - started).unwrap_or_default();
                format!("{}, {}", place.text(), show_duration(seconds))
            }
            _ => place.text(),
        };
        self.bar.set_message(text);
        if self.last.as_ref() == Some(place) {
            return;
        }
        if self.session.out.json {
            say(&format!("{}\n", place.json()));
        } else {
            self.bar.suspend(|| self.session.out.note(&place.text()));
        }
        self.last = Some(place.clone());
    }

    fn complain(&mut self, text: &str) {
        if self.complaint != text {
            self.bar.suspend(|| self.session.out.note(&format!("still trying: {text}")));
            self.complaint = text.to_owned();
        }
    }

    /// Gives the node what it needs of the job, and reads on in the log.
    async fn exchange(&mut self, device: &Address, job: &Job) -> Result<()> {
        if self.peer.as_ref().is_none_or(|(of, _)| of != device) {
            let found: Option<Device> = find(self.session.chain.as_ref(), device).await?;
            let node = found.context("the device is gone")?.node;
            let peer = transfer::peer_of(self.session, &node).await?;
            let peer = peer.with_context(|| {
                format!("node {node} says no endpoint in its record: it must find the job's files elsewhere, see --serve")
            })?;
            self.peer = Some((*device, peer));
        }
        let Some((_, peer)) = &self.peer else { return Ok(()) };
        if !self.is_pushed {
            if self.content.is_empty() {
                self.content = content_of(self.store.as_ref(), Digest(job.definition)).await;
            }
            if let Some(store) = &self.store {
                peer.push(&self.job, store, &self.content).await?;
            }
            self.is_pushed = true;
        }
        if self.follow {
            // A node that is slow to answer must not hide that the job is over.
            let read = timeout(LOG_PATIENCE, peer.log_from(&self.job, self.log_bytes)).await;
            if let Some(bytes) = read.context("its log does not come")?? {
                self.show_log(&bytes);
            }
        }
        Ok(())
    }

    /// Shows whole lines and counts them; what is behind the last newline comes again.
    fn show_log(&mut self, bytes: &[u8]) {
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        for line in log_lines(&bytes[..whole]) {
            match self.session.out.json {
                true => say(&format!("{}\n", json!({ "type": "log", "line": line }))),
                false => self.bar.suspend(|| say(&format!("{line}\n"))),
            }
        }
        self.log_bytes += whole as u64;
    }

    /// Shows what was not shown yet of the log of a job that is over.
    async fn rest_of_log(&mut self, job: &Job) -> Result<()> {
        if grid_jobs::math::is_zero(&job.result) {
            return Ok(());
        }
        let (peer, _, document) = fetch_result(self.session, &self.job, job).await?;
        let all = transfer::log_of(peer.content(), &document).await?;
        let from = usize::try_from(self.log_bytes).unwrap_or(usize::MAX);
        if let Some(rest) = all.get(from..) {
            self.show_log(rest);
        }
        Ok(())
    }
}

/// The digests of a job's definition and inputs, as far as the client's store has them.
pub async fn content_of(store: Option<&FolderStore>, definition: Digest) -> Vec<Digest> {
    use grid_executor::{ContentSource, definition::MAX_DEFINITION_BYTES};
    let Some(store) = store else { return Vec::new() };
    let Ok(bytes) = store.get(definition, MAX_DEFINITION_BYTES as u64).await else { return Vec::new() };
    let Ok(read) = Definition::parse(&bytes) else { return Vec::new() };
    let mut wanted = vec![definition];
    for input in read.inputs {
        if store.has(input.sha256).await.unwrap_or(false) {
            wanted.push(input.sha256);
        }
    }
    wanted
}

/// The result of a job, from the node that ran it.
pub async fn fetch_result(
    session: &Session,
    address: &Address,
    job: &Job,
) -> Result<(Peer, Vec<u8>, grid_executor::ResultDocument)> {
    let device: Option<Device> = find(session.chain.as_ref(), &job.device).await?;
    let node = device
        .with_context(|| format!("device {} is closed, so its node is not known any more", job.device))?
        .node;
    let peer = transfer::peer_of(session, &node).await?;
    let peer = peer.with_context(|| format!("node {node} says no endpoint in its record"))?;
    let (bytes, document) =
        transfer::result_document(peer.content(), Digest(job.result), Digest(job.definition), address)
            .await?;
    Ok((peer, bytes, document))
}

/// The exit code that a job's end has.
pub fn exit_of(status: JobStatus) -> Exit {
    match status {
        JobStatus::Succeeded => Exit::Success,
        JobStatus::Failed => Exit::JobFailed,
        JobStatus::Cancelled | JobStatus::TimedOut => Exit::JobEnded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_from_one() {
        assert_eq!(Place::Queued { before: Some(0), waiting: 3 }.text(), "queued, place 1 of 3");
        assert_eq!(Place::Queued { before: None, waiting: 0 }.text(), "queued");
        let json = Place::Queued { before: Some(2), waiting: 3 }.json();
        assert_eq!(json, json!({ "type": "state", "state": "queued", "before": 2, "waiting": 3 }));
    }

    #[test]
    fn what_is_over_ends_the_watch() {
        let device = Address::default();
        for (place, is_over) in [
            (Place::Queued { before: None, waiting: 0 }, false),
            (Place::Assigned(device), false),
            (Place::Running(device), false),
            (Place::Done, true),
            (Place::Stopped, true),
            (Place::Closed, true),
        ] {
            assert_eq!(place.is_over(), is_over, "{place:?}");
        }
    }

    #[test]
    fn each_status_has_its_exit_code() {
        assert_eq!(exit_of(JobStatus::Succeeded) as u8, 0);
        assert_eq!(exit_of(JobStatus::Failed) as u8, 3);
        assert_eq!(exit_of(JobStatus::TimedOut) as u8, 4);
        assert_eq!(exit_of(JobStatus::Cancelled) as u8, 4);
    }
}
