//! Child processes, with output that shows life in a terminal and in a log.

use std::{
    ffi::OsStr,
    io::{self, ErrorKind, IsTerminal as _, Read, Write},
    process::{Command, ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

/// A log that stays silent for this long gets a line that says what is running.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Announces a step.
pub fn step(name: &str) {
    eprintln!("==> {name}");
}

/// Runs a step's command to its end, its output passed on, and fails when it fails.
pub fn run(name: &str, command: &mut Command) -> Result<()> {
    step(name);
    let start = Instant::now();
    let status = stream(name, command, start)?;
    if !status.success() {
        bail!("{name}: `{}` failed ({status})", shown(command));
    }
    eprintln!("    {name}: {}", elapsed(start));
    Ok(())
}

/// Runs a command and returns what it printed; fails with its error output when it fails.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| not_started(command, error))?;
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` failed ({}): {}", shown(command), output.status, error.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a command that succeeds quickly, without its output.
pub fn quiet(command: &mut Command) -> Result<()> {
    output(command).map(drop)
}

/// Time since the start, for people.
pub fn elapsed(start: Instant) -> String {
    duration(start.elapsed())
}

fn duration(time: Duration) -> String {
    match time.as_secs() {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        seconds @ 10..120 => format!("{seconds} s"),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

/// In a terminal the child draws its own progress; in a log its silence is filled.
fn stream(name: &str, command: &mut Command, start: Instant) -> Result<ExitStatus> {
    if io::stderr().is_terminal() {
        return command.status().map_err(|error| not_started(command, error));
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| not_started(command, error))?;
    let last = Arc::new(AtomicU64::new(0));
    let readers = [
        child.stdout.take().map(|pipe| forward(pipe, io::stdout(), start, &last)),
        child.stderr.take().map(|pipe| forward(pipe, io::stderr(), start, &last)),
    ];
    let (done, wait) = mpsc::channel::<()>();
    let heart = thread::spawn({
        let (name, last) = (name.to_owned(), Arc::clone(&last));
        move || {
            while wait.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
                let now = start.elapsed();
                let silent = now.saturating_sub(Duration::from_millis(last.load(Ordering::Relaxed)));
                if silent >= HEARTBEAT {
                    eprintln!("    {name}: still running, {}", duration(now));
                    last.store(millis(now), Ordering::Relaxed);
                }
            }
        }
    });
    let status = child.wait().with_context(|| format!("lost `{}`", shown(command)))?;
    for reader in readers.into_iter().flatten() {
        reader.join().ok();
    }
    drop(done);
    heart.join().ok();
    Ok(status)
}

fn forward(
    mut from: impl Read + Send + 'static,
    mut to: impl Write + Send + 'static,
    start: Instant,
    last: &Arc<AtomicU64>,
) -> thread::JoinHandle<()> {
    let last = Arc::clone(last);
    thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            last.store(millis(start.elapsed()), Ordering::Relaxed);
            if to.write_all(&buffer[..length]).and_then(|()| to.flush()).is_err() {
                break;
            }
        }
    })
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn not_started(command: &Command, error: io::Error) -> anyhow::Error {
    let program = command.get_program().to_string_lossy().into_owned();
    match error.kind() {
        ErrorKind::NotFound => anyhow::anyhow!(
            "`{program}` was not found: run `cargo xtask doctor` to see what is missing and how to get it"
        ),
        _ => anyhow::Error::new(error).context(format!("cannot start `{program}`")),
    }
}

/// The command as one would type it.
fn shown(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_time_for_people() {
        assert_eq!(duration(Duration::from_millis(1_240)), "1.2 s");
        assert_eq!(duration(Duration::from_secs(75)), "75 s");
        assert_eq!(duration(Duration::from_secs(605)), "10 min 05 s");
    }

    #[test]
    fn names_a_missing_program_and_the_remedy() {
        let error = output(&mut Command::new("no-such-program")).unwrap_err().to_string();
        assert!(error.contains("no-such-program") && error.contains("doctor"), "{error}");
    }

    #[test]
    fn reports_what_a_failing_command_said() {
        let error =
            output(Command::new("sh").args(["-c", "echo reason >&2; exit 3"])).unwrap_err().to_string();
        assert!(error.contains("reason") && error.contains('3'), "{error}");
    }
}
