//! [`NvmlProbe`]: NVIDIA's GPUs, through the management library that comes with the driver, loaded at run time.

mod error;
mod read;
mod session;

use std::{
    io,
    sync::mpsc::{self, Receiver, Sender},
    thread,
};

use async_trait::async_trait;
use nvml_wrapper::Nvml;
use tokio::sync::oneshot;

use crate::{Probe, ProbeError, Snapshot};

/// Takes the answer to one look.
type Request = oneshot::Sender<Result<Snapshot, ProbeError>>;

/// NVIDIA's GPUs.
///
/// The library is called on a thread of its own: a call that the driver never comes back from holds up nothing else. It is loaded at
/// the first look. After a look that failed, and when the kernel's list of GPUs has changed, it is initialised anew, because it counts
/// the GPUs then and only then.
#[derive(Debug)]
pub struct NvmlProbe {
    requests: Sender<Request>,
}

impl NvmlProbe {
    /// Starts the thread; it ends with the probe.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start() -> io::Result<Self> {
        let (requests, received) = mpsc::channel();
        thread::Builder::new().name("nvml".to_owned()).spawn(move || serve(&received))?;
        Ok(Self { requests })
    }
}

#[async_trait]
impl Probe for NvmlProbe {
    async fn snapshot(&mut self) -> Result<Snapshot, ProbeError> {
        let (request, answer) = oneshot::channel();
        let ended = || ProbeError::Driver("the thread that calls it has ended".to_owned());
        self.requests.send(request).map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }
}

/// Answers requests until the probe is gone.
fn serve(requests: &Receiver<Request>) {
    let mut unanswered: Option<Request> = None;
    while let Some(request) = unanswered.take().or_else(|| requests.recv().ok()) {
        match Nvml::init() {
            Ok(nvml) => unanswered = session::serve(&nvml, request, requests),
            Err(error) => answer(request, Err(error::explain(error))),
        }
    }
}

fn answer(request: Request, snapshot: Result<Snapshot, ProbeError>) {
    // Whoever asked may not wait any more.
    let _ = request.send(snapshot);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever the machine has: GPUs, or a sentence that says why not.
    #[tokio::test]
    async fn this_machine_is_looked_at() {
        let mut probe = NvmlProbe::start().unwrap();
        for _ in 0..2 {
            match probe.snapshot().await {
                Ok(snapshot) => println!("{snapshot:?}"),
                Err(error) => assert!(error.to_string().contains("; "), "it says what to do: {error}"),
            }
        }
    }
}
