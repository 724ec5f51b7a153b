//! The watcher, over a probe that plays a story.

mod support;

use std::{collections::VecDeque, future::pending, time::Duration};

use async_trait::async_trait;
use grid_devices::{CancellationToken, Cause, Event, Probe, ProbeError, Rules, Snapshot, watch};
use support::{A100, Machine, appeared, recovered, unhealthy};
use tokio::sync::mpsc;

/// Short: the stories are told by polls, not by time.
const PERIOD: Duration = Duration::from_millis(1);

/// One look.
enum Look {
    Answer(Result<Snapshot, ProbeError>),
    /// Answers when told to.
    Held(tokio::sync::oneshot::Receiver<()>, Snapshot),
}

/// What must come, and comes at once.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), what).await.expect("it comes at once")
}

/// Plays its looks, then never answers again.
struct Story(VecDeque<Look>);

#[async_trait]
impl Probe for Story {
    async fn snapshot(&mut self) -> Result<Snapshot, ProbeError> {
        match self.0.pop_front() {
            Some(Look::Answer(answer)) => answer,
            Some(Look::Held(release, snapshot)) => {
                let _ = release.await;
                Ok(snapshot)
            }
            None => pending().await,
        }
    }
}

fn tell(looks: impl IntoIterator<Item = Look>) -> (mpsc::Receiver<Event>, CancellationToken) {
    let stop = CancellationToken::new();
    let story = Story(looks.into_iter().collect());
    (watch(story, Rules { patience_polls: 3 }, PERIOD, stop.clone()), stop)
}

async fn next(events: &mut mpsc::Receiver<Event>, count: usize) -> Vec<Event> {
    let mut taken = Vec::new();
    while taken.len() < count {
        taken.push(soon(events.recv()).await.expect("the watcher goes on"));
    }
    taken
}

#[tokio::test]
async fn what_changes_is_told_in_order() {
    let mut machine = Machine::new();
    let all: Vec<Event> = (0..3).map(|at| appeared(machine.gpu(at))).collect();
    let first = machine.snapshot();
    machine.vitals(A100).xids = vec![79];
    let (mut events, _stop) = tell([
        Look::Answer(Ok(first.clone())),
        Look::Answer(Err(ProbeError::NoPermission)),
        Look::Answer(Ok(first)),
        Look::Answer(Ok(machine.snapshot())),
    ]);
    assert_eq!(next(&mut events, 3).await, all);
    let xid = Cause::Xid { xid: 79 };
    assert_eq!(next(&mut events, 1).await, [unhealthy(&machine.uuid(A100), xid)]);
}

#[tokio::test]
async fn a_driver_that_hangs_makes_gpus_unhealthy_and_its_answer_well_again() {
    let machine = Machine::new();
    let (release, held) = tokio::sync::oneshot::channel();
    let (mut events, _stop) =
        tell([Look::Answer(Ok(machine.snapshot())), Look::Held(held, machine.snapshot())]);
    next(&mut events, 3).await;
    let unknown = Cause::Unknown { reason: ProbeError::Silent { polls: 3 }.to_string() };
    let expected: Vec<Event> = (0..3).map(|at| unhealthy(&machine.uuid(at), unknown.clone())).collect();
    assert_eq!(next(&mut events, 3).await, expected);
    release.send(()).unwrap();
    let expected: Vec<Event> = (0..3).map(|at| recovered(&machine.uuid(at))).collect();
    assert_eq!(next(&mut events, 3).await, expected);
}

#[tokio::test]
async fn it_ends_when_it_is_stopped_also_while_the_driver_hangs() {
    let (mut events, stop) = tell([]);
    stop.cancel();
    assert_eq!(soon(events.recv()).await, None);
}

#[tokio::test]
async fn it_ends_when_nobody_listens() {
    struct Guarded(Story, #[allow(dead_code)] mpsc::Sender<()>);
    #[async_trait]
    impl Probe for Guarded {
        async fn snapshot(&mut self) -> Result<Snapshot, ProbeError> {
            self.0.snapshot().await
        }
    }
    let (alive, mut gone) = mpsc::channel(1);
    let probe = Guarded(Story(VecDeque::new()), alive);
    let events = watch(probe, Rules::default(), PERIOD, CancellationToken::new());
    drop(events);
    assert_eq!(soon(gone.recv()).await, None, "the probe was dropped with its watcher");
}
