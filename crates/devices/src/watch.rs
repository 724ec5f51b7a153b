//! [`watch()`]: polls a probe and tells what changed.

use std::time::Duration;

use tokio::{
    sync::mpsc,
    time::{Interval, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use crate::{Event, Probe, ProbeError, Rules, Tracker};

/// Events that may wait for their reader before polling waits too.
const WAITING_EVENTS: usize = 64;

/// Polls `probe` every `period`, from now on until `stop` is set off or the receiver is dropped, and tells what changed by the
/// [rules](crate::Tracker).
///
/// A probe that does not come back is left in its call: each period that passes counts as a poll that failed.
///
/// # Panics
/// Outside of a Tokio runtime, and with a `period` of zero.
pub fn watch(
    probe: impl Probe + 'static,
    rules: Rules,
    period: Duration,
    stop: CancellationToken,
) -> mpsc::Receiver<Event> {
    let (sender, receiver) = mpsc::channel(WAITING_EVENTS);
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tokio::spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = sender.closed() => {}
            () = poll(probe, rules, ticks, &sender) => {}
        }
    });
    receiver
}

/// Polls until the receiver is gone.
async fn poll(mut probe: impl Probe, rules: Rules, mut ticks: Interval, sender: &mpsc::Sender<Event>) {
    let mut tracker = Tracker::new(rules);
    // What was logged last, so that a fault that lasts is logged once.
    let mut logged = None;
    loop {
        ticks.tick().await;
        let mut silent_polls = 0;
        let mut snapshot = probe.snapshot();
        let answer = loop {
            tokio::select! {
                biased;
                answer = &mut snapshot => break answer,
                _ = ticks.tick() => {
                    silent_polls += 1;
                    let error = ProbeError::Silent { polls: silent_polls };
                    if silent_polls == rules.patience_polls {
                        tracing::error!(%error, "GPUs cannot be looked at");
                    }
                    if !send(sender, tracker.failed(&error)).await {
                        return;
                    }
                }
            }
        };
        drop(snapshot);
        let events = match answer {
            Ok(snapshot) => {
                logged = None;
                tracker.saw(snapshot)
            }
            Err(error) => {
                if logged.as_ref() != Some(&error) {
                    tracing::error!(%error, "GPUs cannot be looked at");
                }
                let events = tracker.failed(&error);
                logged = Some(error);
                events
            }
        };
        if !send(sender, events).await {
            return;
        }
    }
}

/// Whether somebody still listens.
async fn send(sender: &mpsc::Sender<Event>, events: Vec<Event>) -> bool {
    for event in events {
        if sender.send(event).await.is_err() {
            return false;
        }
    }
    true
}
