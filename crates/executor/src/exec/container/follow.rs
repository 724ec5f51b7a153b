//! Reading what a container writes, from the engine's log of it.

use bollard::{Docker, container::LogOutput, errors::Error, query_parameters::LogsOptionsBuilder};
use futures_util::{StreamExt, stream::BoxStream};

use crate::{
    definition::Stream,
    exec::{OpObserver, output::Lines},
};

/// The output of a container, as it is handed on.
pub(super) struct Output<'a> {
    docker: &'a Docker,
    container: &'a str,
    observer: &'a dyn OpObserver,
    lines: [Lines; 2],
    /// What the present reading repeats of the ones before, in bytes.
    repeated: [u64; 2],
    reading: Option<BoxStream<'a, Result<LogOutput, Error>>>,
}

impl<'a> Output<'a> {
    /// Follows the container's output from its beginning.
    pub(super) fn follow(docker: &'a Docker, container: &'a str, observer: &'a dyn OpObserver) -> Self {
        let lines = [Lines::new(Stream::Stdout), Lines::new(Stream::Stderr)];
        let mut output = Self { docker, container, observer, lines, repeated: [0; 2], reading: None };
        output.read_again(true);
        output
    }

    /// Reads the output from its beginning once more, and hands on what is new only.
    fn read_again(&mut self, follow: bool) {
        let options = LogsOptionsBuilder::default().follow(follow).stdout(true).stderr(true).build();
        self.repeated = [self.lines[0].total_bytes(), self.lines[1].total_bytes()];
        self.reading = Some(self.docker.logs(self.container, Some(options)).boxed());
    }

    /// All bytes so far.
    pub(super) fn total_bytes(&self) -> u64 {
        self.lines.iter().map(Lines::total_bytes).sum()
    }

    /// Whether a reading is under way.
    pub(super) fn is_open(&self) -> bool {
        self.reading.is_some()
    }

    /// Hands on the next piece of output. Whoever stops waiting loses nothing. `false` where the reading has ended.
    pub(super) async fn next(&mut self) -> bool {
        let Some(reading) = &mut self.reading else {
            return false;
        };
        match reading.next().await {
            Some(Ok(piece)) => {
                self.take(piece);
                true
            }
            Some(Err(error)) => {
                tracing::debug!(container = self.container, %error, "reading a container's output broke off");
                self.reading = None;
                false
            }
            None => {
                self.reading = None;
                false
            }
        }
    }

    /// Begins to follow once more, after a reading that has ended too early.
    pub(super) fn resume(&mut self) {
        self.read_again(true);
    }

    /// Hands on what is left when the container has ended: reads all of it once more, and hands on what is new.
    pub(super) async fn finish(&mut self) -> Result<(), Error> {
        self.read_again(false);
        while let Some(reading) = &mut self.reading {
            match reading.next().await {
                Some(piece) => self.take(piece?),
                None => self.reading = None,
            }
        }
        for lines in &mut self.lines {
            lines.finish(self.observer);
        }
        Ok(())
    }

    fn take(&mut self, piece: LogOutput) {
        let (index, message) = match piece {
            LogOutput::StdErr { message } => (1, message),
            LogOutput::StdOut { message } | LogOutput::Console { message } | LogOutput::StdIn { message } => {
                (0, message)
            }
        };
        let skipped = self.repeated[index].min(message.len() as u64);
        self.repeated[index] -= skipped;
        self.lines[index].push(&message[skipped as usize..], self.observer);
    }
}
