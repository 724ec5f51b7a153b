//! What the network reports: forwarded to `tracing`, and the signal for eager blocks, start and end.

use std::thread::{self, JoinHandle};

use crossbeam_channel::Receiver;
use surfpool_core::surfnet::locker::SurfnetSvmLocker;
use surfpool_types::SimnetEvent;
use tokio::sync::{mpsc, oneshot};

use crate::{LocalnetError, blocks::EagerBlocks};

/// JSON-RPC and websocket.
const SERVERS: usize = 2;

/// The ends that the event thread signals on.
pub(crate) struct Signals {
    /// The network serves, or it has failed.
    pub(crate) started: mpsc::UnboundedSender<Result<(), LocalnetError>>,
    /// Both servers have closed their ports.
    pub(crate) ended: oneshot::Sender<()>,
}

/// Starts the thread that reads the network's events. It ends with the servers: the channel itself stays open as
/// long as surfpool's clock thread, which never ends.
pub(crate) fn spawn(
    events: Receiver<SimnetEvent>,
    signals: Signals,
    chain: SurfnetSvmLocker,
    mut eager_blocks: Option<EagerBlocks>,
) -> std::io::Result<JoinHandle<()>> {
    thread::Builder::new().name("grid-localnet-events".to_owned()).spawn(move || {
        let mut servers = SERVERS;
        while let Ok(event) = events.recv() {
            log(&event);
            match event {
                SimnetEvent::CoreStarted(_) => {
                    let _ = signals.started.send(Ok(()));
                }
                SimnetEvent::Aborted(reason) => {
                    let _ = signals.started.send(Err(LocalnetError::Start { reason }));
                }
                SimnetEvent::Shutdown => {
                    servers -= 1;
                    if servers == 0 {
                        break;
                    }
                }
                SimnetEvent::TransactionProcessed(..) | SimnetEvent::AccountUpdate(..) => {
                    if let Some(blocks) = &mut eager_blocks {
                        // Right behind the transaction in the queue for the lock, so that the block is
                        // there before the client can ask for it.
                        chain.with_svm_writer(|svm| blocks.close_open_slot(svm));
                    }
                }
                _ => {}
            }
        }
        let _ = signals.ended.send(());
    })
}

/// Forwards an event to `tracing`: what happens every slot at trace, the rest at debug.
fn log(event: &SimnetEvent) {
    match event {
        SimnetEvent::SystemClockUpdated(clock) => tracing::trace!(slot = clock.slot, "clock"),
        SimnetEvent::AccountUpdate(_, address) => tracing::trace!(%address, "account updated"),
        SimnetEvent::TransactionReceived(_, transaction) => {
            tracing::debug!(signature = ?transaction.signatures.first(), "transaction received");
        }
        SimnetEvent::TransactionProcessed(_, meta, error) => {
            tracing::debug!(signature = %meta.signature, ?error, "transaction processed");
        }
        SimnetEvent::InfoLog(_, message) => tracing::debug!(level = "info", "{message}"),
        SimnetEvent::WarnLog(_, message) => tracing::debug!(level = "warn", "{message}"),
        SimnetEvent::ErrorLog(_, message) => tracing::debug!(level = "error", "{message}"),
        SimnetEvent::DebugLog(_, message) => tracing::debug!(level = "debug", "{message}"),
        SimnetEvent::TaggedProfile { tag, .. } => tracing::debug!(tag, "profile"),
        other => tracing::debug!(?other, "network"),
    }
}
