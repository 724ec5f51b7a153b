//! A worker that is killed loses no job: the next one goes on with it.
//!
//! The worker that is killed is this test's own program, started again to be one.

mod support;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use grid_executor::{
    CancellationToken, Digest, JobEvent, JobOutcome, JobStatus, OpStatus, Reattached, clean_up_abandoned,
    forget, left_behind, log, prepare, reattach, result::StopReason,
};
use serde_json::{Value, json};
use support::*;

/// Where a worker is killed, counted in what it sees happen; "prepared" and "done" come before the first and after the
/// last.
const KILL_AT: &str = "GRID_TEST_KILL_AT";
const FOLDER: &str = "GRID_TEST_FOLDER";
const DEFINITION: &str = "GRID_TEST_DEFINITION";
/// The executor whose jobs a worker runs.
const EXECUTOR: &str = "GRID_TEST_EXECUTOR";

fn die() -> ! {
    let me = rustix::process::getpid();
    let _ = rustix::process::kill_process(me, rustix::process::Signal::KILL);
    unreachable!("nobody survives this signal")
}

/// The worker: no test by itself.
#[tokio::test]
#[ignore = "started by the other tests as the worker that is killed"]
async fn a_worker_to_be_killed() {
    let (Ok(kill_at), Ok(folder), Ok(definition)) =
        (env::var(KILL_AT), env::var(FOLDER), env::var(DEFINITION))
    else {
        return;
    };
    let mut bench = Bench::in_folder(Path::new(&folder));
    if env::var(EXECUTOR).is_ok_and(|name| name == "container") {
        bench.executor =
            Bench::with_containers().await.expect("the engine of the test that starts this").executor;
    }
    let definition: Value = serde_json::from_str(&definition).unwrap();
    let prepared = prepare(bench.request(&definition), bench.executor(), &bench.workplace).await.unwrap();
    if kill_at == "prepared" {
        die();
    }
    let seen = AtomicUsize::new(0);
    let on_event = |event: JobEvent<'_>| {
        let number = seen.fetch_add(1, Ordering::Relaxed);
        let text = event_text(event).unwrap_or_default();
        if kill_at == number.to_string() || kill_at == text {
            die();
        }
    };
    let cancel = CancellationToken::new();
    prepared.run_and_keep(bench.executor(), &bench.workplace, cancel, &on_event).await.unwrap();
    if kill_at == "done" {
        die();
    }
}

/// A job with a worker that was killed over it.
struct Killed {
    bench: Bench,
    /// Whether the worker was killed; else it came to the end first.
    killed: bool,
}

impl Killed {
    async fn at(kill_at: &str, definition: &Value) -> Self {
        Self::on(Bench::new(), kill_at, definition).await
    }

    async fn on(bench: Bench, kill_at: &str, definition: &Value) -> Self {
        let worker = Command::new(env::current_exe().unwrap())
            .args(["--exact", "a_worker_to_be_killed", "--ignored", "--nocapture"])
            .env(KILL_AT, kill_at)
            .env(FOLDER, bench.root.as_path())
            .env(EXECUTOR, bench.executor().name())
            .env(DEFINITION, definition.to_string().replace("NOTES", &bench.path("").display().to_string()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let status = tokio::task::spawn_blocking(move || worker.wait_with_output().unwrap().status);
        let status = status.await.unwrap();
        use std::os::unix::process::ExitStatusExt;
        assert!(status.success() || status.signal() == Some(9), "the worker: {status}");
        Self { bench, killed: !status.success() }
    }

    /// What a next worker makes of it.
    async fn reattach(&self) -> Reattached {
        assert_eq!(left_behind(&self.bench.workplace).unwrap(), ["job-1"]);
        reattach("job-1", self.bench.executor(), &self.bench.workplace).await.unwrap()
    }

    async fn go_on(&self, on_event: &(dyn for<'e> Fn(JobEvent<'e>) + Send + Sync)) -> JobOutcome {
        let Reattached::Job(job) = self.reattach().await else { panic!("there should be a job") };
        let cancel = self.bench.cancel.clone();
        job.run_and_keep(self.bench.executor(), &self.bench.workplace, cancel, on_event).await.unwrap()
    }

    async fn finish(&self) -> Done {
        let outcome = match self.reattach().await {
            Reattached::Done(outcome) => *outcome,
            Reattached::Job(_) => self.go_on(&|_| {}).await,
            Reattached::Nothing(reason) => panic!("nothing left: {reason}"),
        };
        self.done(outcome).await
    }

    async fn done(&self, outcome: JobOutcome) -> Done {
        let workplace = &self.bench.workplace;
        let log = self.bench.get(outcome.document.log.sha256).await;
        let kept: Vec<_> = fs::read_dir(workplace.scratch.join("job-1")).unwrap().collect();
        assert_eq!(kept.len(), 2, "definition and journal: {kept:?}");
        forget(workplace, "job-1").unwrap();
        assert!(left_behind(workplace).unwrap().is_empty());
        Done { outcome, log }
    }
}

/// Everything a job has that can go wrong: several ops, side by side and one after the other, results, a restart, a
/// volume, an output.
fn eventful() -> Value {
    let mut first =
        op("first", "for i in 1 2 3; do echo line $i; echo warning $i >&2; done; printf 'the end'");
    first["results"] = json!({"line": "line (.*)", "end": "the (end)"});
    let mut flaky = op_with(
        "flaky",
        "echo x >> tries; echo try $(wc -l < tries); [ $(wc -l < tries) -ge 3 ]",
        json!({"restart_policy": {"policy": "on-failure", "restart_tries": 5}}),
    );
    flaky["results"] = json!({"try": "try (.*)"});
    let mut definition = job(json!([
        {"type": "container/create-volume", "id": "volume", "args": {"name": "v"}},
        first,
        in_group(flaky, "together", &[]),
        in_group(op("beside", "echo \"%%ops.first.results.line%%\" > \"$GRID_VOLUME_V/f\"; exit 0"), "together", &[]),
        op("last", "cat \"$GRID_VOLUME_V/f\" | tee out; echo done"),
    ]));
    definition["outputs"] = json!([{"name": "out", "path": "out"}]);
    definition
}

/// What must be the same however often the worker was killed: everything but times.
fn essence(done: &Done) -> Value {
    let mut document: Value = serde_json::to_value(&done.outcome.document).unwrap();
    for key in ["started_ms", "ended_ms", "log", "definition"] {
        document.as_object_mut().unwrap().remove(key);
    }
    for op in document["ops"].as_array_mut().unwrap() {
        for key in ["started_ms", "ended_ms"] {
            op.as_object_mut().unwrap().remove(key);
        }
    }
    // Streams come in any order; each has its own.
    let mut lines: Vec<(String, String)> = log::lines(&done.log)
        .map(|line| {
            let text =
                format!("{}{}", String::from_utf8_lossy(line.bytes), if line.complete { "\n" } else { "" });
            (format!("{} {}", line.op, line.stream.name()), text)
        })
        .collect();
    lines.sort_by(|one, other| one.0.cmp(&other.0));
    json!({"document": document, "lines": lines})
}

#[tokio::test]
async fn a_worker_killed_at_any_moment_loses_nothing() {
    let definition = eventful();
    let untouched = Killed::at("never", &definition).await;
    assert!(!untouched.killed);
    let expected = essence(&untouched.finish().await);
    assert_eq!(expected["document"]["status"], "succeeded", "{expected:#}");
    let mut moments = vec!["prepared".to_owned(), "done".to_owned()];
    moments.extend((0..40).map(|number| number.to_string()));
    let killed = AtomicUsize::new(0);
    let try_moment = async |moment: &String| {
        let job = Killed::at(moment, &definition).await;
        killed.fetch_add(usize::from(job.killed), Ordering::Relaxed);
        let found = essence(&job.finish().await);
        assert_eq!(found, expected, "killed at {moment}");
    };
    for some in moments.chunks(4) {
        futures_util::future::join_all(some.iter().map(try_moment)).await;
    }
    // Fewer would mean that the job has become less eventful than this test believes.
    assert!(killed.into_inner() > 25);
}

/// An op that writes, waits for its test, and writes on.
fn patient() -> Value {
    let mut patient = op(
        "a",
        "i=0; while [ $i -lt 500 ]; do echo line $i; echo error $i >&2; i=$((i+1)); done; echo half; \
         until [ -e NOTES/go ]; do sleep 0.02; done; \
         while [ $i -lt 1000 ]; do echo line $i; i=$((i+1)); done; exit 7",
    );
    patient["results"] = json!({"early": "line (7)$", "late": "line (999)$"});
    job(json!([patient]))
}

fn check_patient(done: &Done) {
    assert_eq!((done.op("a").status, done.op("a").exit_code), (OpStatus::Failed, Some(7)));
    assert_eq!(done.op("a").results["early"], json!(["7"]));
    assert_eq!(done.op("a").results["late"], json!(["999"]));
    let of = |stream: &str| -> Vec<String> {
        let prefix = format!("a {stream} ");
        done.lines().iter().filter_map(|line| line.strip_prefix(&prefix)).map(str::to_owned).collect()
    };
    let mut expected: Vec<String> = (0..1000).map(|number| format!("line {number}")).collect();
    expected.insert(500, "half".to_owned());
    assert_eq!(of("stdout"), expected, "neither gap nor repetition");
    assert_eq!(of("stderr"), (0..500).map(|number| format!("error {number}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_op_goes_on_without_its_worker_and_with_the_next() {
    let job = Killed::at("a: half", &patient()).await;
    assert!(job.killed);
    let started_ms = started_ms(&job.bench);
    let seen = std::sync::Mutex::new(Vec::new());
    let on_event = |event: JobEvent<'_>| seen.lock().unwrap().extend(event_text(event));
    let (outcome, ()) = tokio::join!(job.go_on(&on_event), async {
        fs::write(job.bench.path("go"), "").unwrap();
    });
    let done = job.done(outcome).await;
    check_patient(&done);
    assert_eq!(done.outcome.document.started_ms, started_ms);
    let seen = seen.into_inner().unwrap();
    assert!(
        seen.contains(&"a: line 999".to_owned()) && !seen.contains(&"a: line 7".to_owned()),
        "only what is new"
    );
}

#[tokio::test]
async fn an_op_that_ended_while_no_worker_was_there_is_found() {
    let job = Killed::at("a: half", &patient()).await;
    let state = job.bench.workplace.scratch.join("job-1/runs/0-0/state");
    assert_eq!(fs::read_to_string(&state).unwrap(), "started\n");
    fs::write(job.bench.path("go"), "").unwrap();
    wait_until(|| fs::read_to_string(&state).unwrap() == "started\ncode 7\n").await;
    check_patient(&job.finish().await);
}

#[tokio::test]
async fn limits_count_from_the_first_start() {
    let mut definition = patient();
    definition["limits"] = json!({"wall_seconds": 2});
    let job = Killed::at("a: half", &definition).await;
    let killed_at = Instant::now();
    let started_ms = started_ms(&job.bench);
    // Nobody is there for a while.
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let done = job.finish().await;
    assert_eq!(done.op("a").diagnostics.stop_reason, Some(StopReason::OpTimedOut));
    assert!(killed_at.elapsed() < Duration::from_millis(2900), "{:?}", killed_at.elapsed());
    assert_eq!(done.op("a").started_ms.map(|ms| ms.abs_diff(started_ms) < 500), Some(true));
}

#[tokio::test]
async fn a_job_that_was_being_ended_is_not_well_afterwards() {
    // The op ends with zero when it is asked to; killed in the moment of its last word, the worker saw nothing of that.
    let polite = "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.02; done";
    let mut definition = job(json!([op("a", polite), op("b", "echo never")]));
    definition["limits"] = json!({"wall_seconds": 1});
    let job = Killed::at("a: bye", &definition).await;
    assert!(job.killed);
    let done = job.finish().await;
    assert_eq!(done.outcome.document.status, JobStatus::Failed);
    assert_eq!(done.op("a").diagnostics.stop_reason, Some(StopReason::OpTimedOut));
    assert_eq!(done.op("b").status, OpStatus::Skipped);
}

#[tokio::test]
async fn what_is_not_kept_is_ended_and_removed() {
    let job = Killed::at("a: half", &patient()).await;
    let bench = &job.bench;
    assert_eq!(clean_up_abandoned(bench.executor(), &bench.workplace, &[]).await.unwrap(), 1);
    assert!(left_behind(&bench.workplace).unwrap().is_empty());
    let nothing = reattach("job-1", bench.executor(), &bench.workplace).await.unwrap();
    assert!(matches!(nothing, Reattached::Nothing(_)));
    assert!(find_process(&bench.workplace.scratch).is_none(), "the op has ended");
}

#[tokio::test]
async fn a_job_cannot_be_gone_on_with_after_a_restart_of_the_machine() {
    let job = Killed::at("a: half", &patient()).await;
    let journal = job.bench.workplace.scratch.join("job-1/journal");
    let text = fs::read_to_string(&journal).unwrap();
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    assert!(text.contains(boot.trim()));
    fs::write(&journal, text.replace(boot.trim(), "another")).unwrap();
    let Reattached::Nothing(reason) = job.reattach().await else { panic!("gone on with") };
    assert_eq!(reason, "the machine was restarted while it ran");
    assert!(left_behind(&job.bench.workplace).unwrap().is_empty());
}

#[tokio::test]
async fn an_op_whose_supervisor_was_killed_is_lost() {
    let job = Killed::at("a: half", &patient()).await;
    let (supervisor, op) = find_process(&job.bench.workplace.scratch).unwrap();
    for pid in [supervisor, op] {
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }
    let done = job.finish().await;
    assert_eq!(done.op("a").status, OpStatus::Failed);
    assert_eq!(done.op("a").errors[0].code, grid_executor::result::ErrorCode::Lost);
}

#[tokio::test]
async fn a_result_that_nobody_was_told_is_found_again() {
    let definition = job(json!([op("a", "echo hello")]));
    let job = Killed::at("done", &definition).await;
    let Reattached::Done(first) = job.reattach().await else { panic!("it was done") };
    let Reattached::Done(second) = job.reattach().await else { panic!("it is still there") };
    assert_eq!(first, second);
    assert_eq!(first.digest, Digest::of(&job.bench.get(first.digest).await));
    job.done(*first).await;
}

/// The same job as that of [`patient`], in a container; it goes on when it is told to through the engine.
fn patient_container() -> Value {
    let mut definition = patient();
    let args = definition["ops"][0]["args"].as_object_mut().unwrap();
    args["image"] = engine::IMAGE.into();
    let cmd = args["cmd"].as_str().unwrap().replace("NOTES/go", "/grid/go");
    args["cmd"] = cmd.into();
    definition
}

/// Tells the op of [`patient_container`] to go on.
async fn tell_to_go_on(bench: &Bench) {
    let docker = bollard::Docker::connect_with_unix(
        &engine::socket().unwrap().to_string_lossy(),
        30,
        bollard::API_DEFAULT_VERSION,
    );
    let docker = docker.unwrap().negotiate_version().await.unwrap();
    let folder = bench.workplace.scratch.join("job-1").canonicalize().unwrap();
    let filters =
        [("label", vec![format!("grid.folder={}", folder.display()), "grid.op=a".to_owned()])].into();
    let options =
        bollard::query_parameters::ListContainersOptionsBuilder::default().filters(&filters).build();
    let found = docker.list_containers(Some(options)).await.unwrap();
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(0);
    header.set_mode(0o644);
    archive.append_data(&mut header, "go", std::io::empty()).unwrap();
    let options = bollard::query_parameters::UploadToContainerOptionsBuilder::default().path("/grid").build();
    let archive = bollard::body_full(archive.into_inner().unwrap().into());
    docker.upload_to_container(found[0].id.as_deref().unwrap(), Some(options), archive).await.unwrap();
}

#[tokio::test]
async fn a_container_goes_on_without_its_worker_and_with_the_next() {
    let Some(bench) = Bench::with_containers().await else { return };
    let job = Killed::on(bench, "a: half", &patient_container()).await;
    assert!(job.killed);
    let (outcome, ()) = tokio::join!(job.go_on(&|_| {}), tell_to_go_on(&job.bench));
    let done = job.done(outcome).await;
    check_patient(&done);
    assert_eq!(done.outcome.document.executor, "container");
}

#[tokio::test]
async fn a_container_that_ended_while_no_worker_was_there_is_found() {
    let Some(bench) = Bench::with_containers().await else { return };
    let mut definition = patient_container();
    definition["outputs"] = json!([{"name": "go", "path": "go"}]);
    let job = Killed::on(bench, "a: half", &definition).await;
    tell_to_go_on(&job.bench).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let done = job.finish().await;
    check_patient(&done);
    assert_eq!(job.bench.artifact(&done, "go").await, b"");
}

#[tokio::test]
async fn a_worker_killed_over_containers_loses_nothing() {
    let Some(bench) = Bench::with_containers().await else { return };
    let mut definition = eventful();
    definition["ops"] = json!([definition["ops"][0], definition["ops"][1], definition["ops"][4]]);
    for op in definition["ops"].as_array_mut().unwrap().iter_mut().skip(1) {
        op["args"]["image"] = engine::IMAGE.into();
        op["args"]["volumes"] = json!([{"name": "v", "dest": "/v"}]);
    }
    definition["ops"][2]["args"]["cmd"] =
        "echo %%ops.first.results.line%% | tee /v/f > out; echo done".into();
    let untouched = Killed::on(bench, "never", &definition).await;
    let expected = essence(&untouched.finish().await);
    assert_eq!(expected["document"]["status"], "succeeded", "{expected:#}");
    let moments = [
        "prepared",
        "volume Succeeded",
        "first started",
        "first: line 2",
        "first Succeeded",
        "last started",
        "last: done",
        "stored out",
        "done",
    ];
    for moment in moments {
        let bench = Bench::with_containers().await.unwrap();
        let job = Killed::on(bench, moment, &definition).await;
        assert!(job.killed, "{moment}");
        assert_eq!(essence(&job.finish().await), expected, "killed at {moment}");
    }
}

#[tokio::test]
async fn a_container_that_is_not_kept_is_removed() {
    let Some(bench) = Bench::with_containers().await else { return };
    let job = Killed::on(bench, "a: half", &patient_container()).await;
    let bench = &job.bench;
    let folder = bench.workplace.scratch.join("job-1").canonicalize().unwrap();
    assert_eq!(clean_up_abandoned(bench.executor(), &bench.workplace, &[]).await.unwrap(), 1);
    let docker = bollard::Docker::connect_with_unix(
        &engine::socket().unwrap().to_string_lossy(),
        30,
        bollard::API_DEFAULT_VERSION,
    );
    let docker = docker.unwrap().negotiate_version().await.unwrap();
    let filters = [("label", vec![format!("grid.folder={}", folder.display())])].into();
    let options = bollard::query_parameters::ListContainersOptionsBuilder::default()
        .all(true)
        .filters(&filters)
        .build();
    assert!(docker.list_containers(Some(options)).await.unwrap().is_empty());
}

fn started_ms(bench: &Bench) -> u64 {
    let journal = fs::read_to_string(bench.workplace.scratch.join("job-1/journal")).unwrap();
    let started: Value = serde_json::from_str(journal.lines().nth(1).unwrap()).unwrap();
    started["started"]["at_ms"].as_u64().unwrap()
}

/// The ids of an op's supervisor and of its first process, by the op's working folder.
fn find_process(scratch: &Path) -> Option<(i32, i32)> {
    let scratch = scratch.canonicalize().ok()?;
    fs::read_dir("/proc").unwrap().flatten().find_map(|entry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        let folder: PathBuf = fs::read_link(entry.path().join("cwd")).ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit(") ").next()?.split(' ').collect();
        // The leader of its session.
        let is_first = fields[3].parse() == Ok(pid);
        (folder.starts_with(&scratch) && is_first).then(|| (fields[1].parse().unwrap(), pid))
    })
}
