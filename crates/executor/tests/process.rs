//! The process executor: isolation, limits, and that nothing of an op outlives it.

mod support;

use std::{fs, time::Duration};

use grid_executor::{
    Definition, Device, Executor, JobError, JobStatus, OpStatus, PrepareError, ProcessExecutor,
    clean_up_abandoned, left_behind,
    result::{ErrorCode, StopReason},
    run_job,
};
use serde_json::json;
use support::*;

#[tokio::test]
async fn output_is_kept_line_by_line_with_its_stream() {
    let bench = Bench::new();
    let done = bench.run(&job(json!([op("a", "echo out; echo err >&2; printf 'no newline'")]))).await;
    let mut lines = done.lines();
    lines.sort();
    assert_eq!(lines, ["a stderr err", "a stdout no newline", "a stdout out"]);
    assert_eq!(done.outcome.document.status, JobStatus::Succeeded);
    assert_eq!(done.op("a").exit_code, Some(0));
    assert_eq!(done.outcome.document.executor, "process");
    assert_eq!(done.op("a").image.as_deref(), Some("any"));
}

#[tokio::test]
async fn binary_output_comes_through() {
    let bench = Bench::new();
    let done = bench.run(&job(json!([op("a", r"printf '\000\001\377\n\200'")]))).await;
    let lines: Vec<_> =
        grid_executor::log::lines(&done.log).map(|line| (line.bytes, line.complete)).collect();
    assert_eq!(lines, [(&b"\x00\x01\xff"[..], true), (&b"\x80"[..], false)]);
}

#[tokio::test]
async fn the_environment_is_cleared() {
    // The test process has some variables of its own, `PATH` and `CARGO_MANIFEST_DIR` at least.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    let bench = Bench::new();
    let done =
        bench.run(&job(json!([op_with("a", ["env"], json!({"env": {"MINE": "1", "LANG": "C"}}))]))).await;
    let mut names: Vec<String> = Vec::new();
    for line in done.lines() {
        let (name, value) = line.trim_start_matches("a stdout ").split_once('=').unwrap();
        match name {
            "MINE" => assert_eq!(value, "1"),
            "LANG" => assert_eq!(value, "C"),
            "GRID_JOB" => assert_eq!(value, "job-1"),
            "GRID_OP" => assert_eq!(value, "a"),
            "CUDA_VISIBLE_DEVICES" => assert_eq!(value, ""),
            "HOME" | "GRID_INPUTS" | "GRID_OUTPUTS" => {
                assert!(value.ends_with("/jobs/job-1/work"), "{value}")
            }
            "TMPDIR" => assert!(value.ends_with("/jobs/job-1/tmp")),
            "PATH" => assert_ne!(Ok(value.to_owned()), std::env::var("PATH")),
            other => panic!("{other} came through"),
        }
        names.push(name.to_owned());
    }
    assert_eq!(names.len(), 10, "{names:?}");
}

#[tokio::test]
async fn no_secret_of_the_worker_is_reachable_by_a_variable() {
    // A worker gets its key file by a variable; an op that asks for it by name gets nothing.
    let bench = Bench::new();
    let script = "echo \"[$GRID_KEYPAIR$KEYPAIR$CARGO_MANIFEST_DIR$SSH_AUTH_SOCK]\"";
    let done = bench.run(&job(json!([op("a", script)]))).await;
    assert_eq!(done.lines(), ["a stdout []"]);
}

#[tokio::test]
async fn file_handles_of_the_worker_are_closed() {
    let bench = Bench::new();
    // One that stays open on exec, as a worker may be started with.
    let open = fs::File::open("/dev/null").unwrap();
    rustix::io::fcntl_setfd(&open, rustix::io::FdFlags::empty()).unwrap();
    // 0 to 2, and the one that `ls` itself opens.
    let done = bench.run(&job(json!([op("a", ["ls", "/proc/self/fd"])]))).await;
    assert_eq!(done.lines(), ["a stdout 0", "a stdout 1", "a stdout 2", "a stdout 3"]);
}

#[tokio::test]
async fn an_op_leads_a_session_and_has_limits() {
    let bench = Bench::new();
    let mut definition = job(json!([op(
        "a",
        "set -- $(cat /proc/$$/stat); echo $1 $5 $6; ulimit -c; ulimit -v; ulimit -f; cat"
    )]));
    definition["limits"] = json!({"memory_bytes": 512 << 20, "disk_bytes": 64 << 20});
    let done = bench.run(&definition).await;
    let lines = done.lines();
    let ids: Vec<&str> = lines[0].trim_start_matches("a stdout ").split(' ').collect();
    assert!(ids[0] == ids[1] && ids[1] == ids[2], "process, group and session are one: {ids:?}");
    assert_eq!(lines[1..3], ["a stdout 0", "a stdout 524288"]);
    // In blocks of 512 or 1024 bytes, by shell.
    assert!(["a stdout 65536", "a stdout 131072"].contains(&lines[3].as_str()), "{lines:?}");
}

#[tokio::test]
async fn memory_beyond_the_limit_is_refused_to_the_process() {
    let bench = Bench::new();
    let allocate =
        "awk 'BEGIN { s = \"0123456789abcdef\"; for (i = 0; i < 26; i++) s = s s; print length(s) }'";
    let mut definition = job(json!([op("a", allocate)]));
    definition["limits"] = json!({"memory_bytes": 256 << 20});
    let done = bench.run(&definition).await;
    assert_eq!(done.op("a").status, OpStatus::Failed);
}

#[tokio::test]
async fn a_non_zero_exit_fails_the_job_whatever_else_succeeds() {
    let bench = Bench::new();
    let ops = json!([
        in_group(op("bad", "exit 3"), "g", &[]),
        in_group(op("good", "echo fine"), "g", &[]),
        op("later", "echo no")
    ]);
    let done = bench.run(&job(ops)).await;
    assert_eq!(done.outcome.document.status, JobStatus::Failed);
    assert_eq!(
        done.statuses(),
        [("bad", OpStatus::Failed), ("good", OpStatus::Succeeded), ("later", OpStatus::Skipped)]
    );
    assert_eq!(done.op("bad").exit_code, Some(3));
    assert_eq!(done.op("bad").errors[0].code, ErrorCode::ExitCode);
    assert_eq!(done.op("later").errors[0].code, ErrorCode::EarlierGroupFailed);
    assert_eq!(done.lines(), ["good stdout fine"]);
}

#[tokio::test]
async fn a_signal_is_recorded() {
    let bench = Bench::new();
    let done = bench.run(&job(json!([op("a", "kill -SEGV $$")]))).await;
    let op = done.op("a");
    assert_eq!((op.status, op.exit_code, op.signal), (OpStatus::Failed, None, Some(11)));
    assert_eq!(op.errors[0].code, ErrorCode::Signal);
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let bench = Bench::new();
    let done = bench.run(&job(json!([op("a", ["no-such-program-here"])]))).await;
    let op = done.op("a");
    assert_eq!((op.status, op.errors[0].code), (OpStatus::Failed, ErrorCode::NotStarted));
    assert!(op.errors[0].message.contains("\"no-such-program-here\" cannot be started"), "{:?}", op.errors);
    assert!(done.lines()[0].starts_with("a node \"no-such-program-here\""), "{:?}", done.lines());
}

/// A command that leaves a child and a grandchild behind, notes their ids, and ignores a polite request to end.
fn stubborn(notes: &std::path::Path) -> String {
    format!(
        "trap '' TERM; (trap '' TERM; (trap '' TERM; echo $$ >/dev/null; sh -c 'echo $PPID' >> {0}; sleep 60) & \
         sh -c 'echo $PPID' >> {0}; wait) & sh -c 'echo $PPID' >> {0}; wait",
        notes.display()
    )
}

async fn wait_for_lines(path: &std::path::Path, count: usize) -> Vec<String> {
    for _ in 0..500 {
        let lines: Vec<String> =
            fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect();
        if lines.len() >= count {
            return lines;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} has too few lines", path.display());
}

#[tokio::test]
async fn a_timeout_ends_the_whole_process_group() {
    let bench = Bench::new();
    let notes = bench.path("pids");
    let mut definition = job(json!([op("a", stubborn(&notes))]));
    definition["limits"] = json!({"wall_seconds": 1});
    let done = bench.run(&definition).await;
    let pids = wait_for_lines(&notes, 3).await;
    assert!(pids.iter().all(|pid| !is_alive(pid)), "{pids:?}");
    let op = done.op("a");
    assert_eq!((op.status, op.signal), (OpStatus::Failed, Some(9)));
    assert_eq!(op.errors[0].code, ErrorCode::OpTimedOut);
    assert_eq!(op.diagnostics.stop_reason, Some(StopReason::OpTimedOut));
    assert_eq!(done.outcome.document.status, JobStatus::Failed);
}

#[tokio::test]
async fn an_op_that_ends_when_asked_is_not_killed() {
    let bench = Bench::new();
    let mut definition = job(json!([op("a", "trap 'echo bye; exit 0' TERM; while :; do sleep 0.05; done")]));
    definition["limits"] = json!({"wall_seconds": 1});
    let done = bench.run(&definition).await;
    assert!(done.lines().contains(&"a stdout bye".to_owned()), "{:?}", done.lines());
    // It ended with zero, and yet not by itself.
    assert_eq!((done.op("a").exit_code, done.op("a").status), (Some(0), OpStatus::Failed));
}

#[tokio::test]
async fn cancelling_ends_everything_and_still_gives_a_document() {
    let bench = Bench::new();
    let notes = bench.path("pids");
    let mut definition =
        job(json!([op("a", format!("echo partial > out; {}", stubborn(&notes))), op("b", "echo never")]));
    definition["outputs"] = json!([{"name": "out", "path": "out"}, {"name": "missing", "path": "missing"}]);
    let cancel = bench.cancel.clone();
    let (done, pids) = tokio::join!(bench.run(&definition), async {
        let pids = wait_for_lines(&notes, 3).await;
        cancel.cancel();
        pids
    });
    assert!(pids.iter().all(|pid| !is_alive(pid)), "{pids:?}");
    assert_eq!(done.outcome.document.status, JobStatus::Cancelled);
    assert_eq!(done.statuses(), [("a", OpStatus::Stopped), ("b", OpStatus::Skipped)]);
    assert_eq!(done.op("a").diagnostics.stop_reason, Some(StopReason::Cancelled));
    assert_eq!(done.op("b").errors[0].code, ErrorCode::Cancelled);
    assert_eq!(bench.artifact(&done, "out").await, b"partial\n");
}

#[tokio::test]
async fn the_jobs_own_time_ends_it() {
    let bench = Bench { timeout: Some(Duration::from_millis(300)), ..Bench::new() };
    let done = bench.run(&job(json!([op("a", "sleep 60"), op("b", "echo never")]))).await;
    assert_eq!(done.outcome.document.status, JobStatus::TimedOut);
    assert_eq!(done.op("a").diagnostics.stop_reason, Some(StopReason::JobTimedOut));
    assert_eq!(done.outcome.document.errors[0].code, ErrorCode::JobTimedOut);
}

#[tokio::test]
async fn a_job_that_is_dropped_leaves_no_process() {
    let bench = Bench::new();
    let notes = bench.path("pids");
    let definition = job(json!([op("a", stubborn(&notes))]));
    let pids = tokio::select! {
        _ = bench.run(&definition) => panic!("it should still run"),
        pids = wait_for_lines(&notes, 3) => pids,
    };
    for _ in 0..100 {
        if pids.iter().all(|pid| !is_alive(pid)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{pids:?} are still there");
}

#[tokio::test]
async fn what_a_command_leaves_running_ends_with_it() {
    let bench = Bench::new();
    let notes = bench.path("pids");
    let done = bench
        .run(&job(json!([op("a", format!("sleep 60 & echo $! > {}; echo done", notes.display()))])))
        .await;
    assert_eq!(done.op("a").status, OpStatus::Succeeded);
    assert_eq!(done.lines(), ["a stdout done"]);
    assert!(!is_alive(&fs::read_to_string(&notes).unwrap()));
}

/// A command that leaves a process in a session of its own, with its output closed, and notes its id.
fn runaway(notes: &std::path::Path) -> String {
    format!(
        "setsid sh -c 'echo $$ > {0}; exec sleep 60' >/dev/null 2>&1 & until [ -s {0} ]; do sleep 0.02; done",
        notes.display()
    )
}

#[tokio::test]
async fn a_process_that_left_its_group_ends_with_the_job() {
    let bench = Bench::new();
    let notes = bench.path("pid");
    let done = bench.run(&job(json!([op("a", runaway(&notes))]))).await;
    assert_eq!(done.outcome.document.status, JobStatus::Succeeded);
    assert!(!is_alive(&fs::read_to_string(&notes).unwrap()));
}

#[tokio::test]
async fn a_process_that_keeps_the_output_open_does_not_hold_up_the_job() {
    let bench = Bench::new();
    let notes = bench.path("pid");
    let script = format!(
        "setsid sh -c 'echo $$ > {0}; exec sleep 60' & until [ -s {0} ]; do sleep 0.02; done; echo done",
        notes.display()
    );
    let done = bench.run(&job(json!([op("a", script)]))).await;
    assert_eq!(done.lines(), ["a stdout done"]);
    assert!(!is_alive(&fs::read_to_string(&notes).unwrap()));
}

#[tokio::test]
async fn a_process_that_wiped_its_environment_and_left_its_session_ends_with_the_op() {
    let bench = Bench::new();
    let notes = bench.path("pid");
    let script = format!(
        "env -i setsid sh -c 'env -i setsid sh -c \"echo \\$\\$ > {0}; exec sleep 60\" &' & until [ -s {0} ]; do sleep 0.02; done",
        notes.display()
    );
    let done = bench.run(&job(json!([op("a", script)]))).await;
    assert_eq!(done.outcome.document.status, JobStatus::Succeeded, "{:?}", done.lines());
    assert!(!is_alive(&fs::read_to_string(&notes).unwrap()));
}

#[tokio::test]
async fn what_a_job_that_was_dropped_left_is_cleaned_up() {
    let bench = Bench::new();
    assert_eq!(clean_up_abandoned(bench.executor(), &bench.workplace, &[]).await.unwrap(), 0);
    let notes = bench.path("pid");
    let definition = job(json!([op("a", format!("{}; sleep 60", runaway(&notes)))]));
    let pid = tokio::select! {
        _ = bench.run(&definition) => panic!("it should still run"),
        pid = wait_for_lines(&notes, 1) => pid.concat(),
    };
    let folder = bench.workplace.scratch.join("job-1");
    assert_eq!(left_behind(&bench.workplace).unwrap(), ["job-1"]);
    let keep = ["job-1".to_owned()];
    assert_eq!(clean_up_abandoned(bench.executor(), &bench.workplace, &keep).await.unwrap(), 0);
    assert!(folder.exists());
    assert_eq!(clean_up_abandoned(bench.executor(), &bench.workplace, &[]).await.unwrap(), 1);
    assert!(!folder.exists() && !is_alive(&pid));
}

#[tokio::test]
async fn the_log_has_a_limit_and_the_op_goes_on() {
    let bench = Bench::new();
    let script = "i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done; echo last; echo done > out";
    let mut flood = op("a", script);
    flood["results"] = json!({"last": "^last$"});
    let mut definition = job(json!([flood]));
    definition["limits"] = json!({"log_bytes": 2000});
    definition["outputs"] = json!([{"name": "out", "path": "out"}]);
    let done = bench.run(&definition).await;
    assert_eq!(done.outcome.document.status, JobStatus::Succeeded);
    assert!(done.outcome.document.log.truncated && done.log.len() < 2200, "{}", done.log.len());
    assert_eq!(
        done.lines().last().unwrap(),
        "a node the log has reached its limit of 2000 bytes; the rest is not kept"
    );
    assert_eq!(done.op("a").results["last"], json!(["last"]), "results still see every line");
    assert_eq!(bench.artifact(&done, "out").await, b"done\n");
}

#[tokio::test]
async fn the_disk_has_a_limit() {
    let bench = Bench::new();
    let script = "i=0; while :; do head -c 300000 /dev/zero > file$i; i=$((i+1)); sleep 0.05; done";
    let mut definition = job(json!([op("a", script)]));
    definition["limits"] = json!({"disk_bytes": 1 << 20});
    let done = bench.run(&definition).await;
    assert_eq!(done.op("a").status, OpStatus::Failed);
    assert_eq!(done.op("a").errors[0].code, ErrorCode::DiskLimit);
}

#[tokio::test]
async fn a_failed_command_is_started_again_as_often_as_asked() {
    let bench = Bench::new();
    let script = "echo x >> tries; echo try $(wc -l < tries); [ $(wc -l < tries) -ge 3 ]";
    let policy = |tries: u32| json!({"restart_policy": {"policy": "on-failure", "restart_tries": tries}});
    let mut retried = op_with("a", script, policy(5));
    retried["results"] = json!({"try": "try ([0-9]+)"});
    let done = bench.run(&job(json!([retried]))).await;
    assert_eq!((done.op("a").status, done.op("a").diagnostics.restarts), (OpStatus::Succeeded, 2));
    assert_eq!(done.op("a").results["try"], json!(["3"]), "only the last try counts");
    assert_eq!(done.lines().len(), 3);
    let done = bench.run(&job(json!([op_with("a", script, policy(1))]))).await;
    assert_eq!((done.op("a").status, done.op("a").diagnostics.restarts), (OpStatus::Failed, 1));
}

#[tokio::test]
async fn volumes_are_shared_folders() {
    let bench = Bench::new();
    let mount = json!({"volumes": [{"name": "my-data", "dest": "deep/data"}], "work_dir": "elsewhere"});
    let definition = job(json!([
        {"type": "container/create-volume", "id": "v", "args": {"name": "my-data"}},
        op("write", "echo kept > \"$GRID_VOLUME_MY_DATA/file\""),
        op_with("read", "pwd; cat ../deep/data/file", mount),
    ]));
    let done = bench.run(&definition).await;
    assert_eq!(done.outcome.document.status, JobStatus::Succeeded, "{done:?}");
    let lines = done.lines();
    assert!(lines[0].ends_with("/job-1/work/elsewhere"), "{lines:?}");
    assert_eq!(lines[1], "read stdout kept");
    assert_eq!(done.op("v").kind, "container/create-volume");
}

#[tokio::test]
async fn everything_that_cannot_be_honoured_is_listed_and_nothing_runs() {
    let bench = Bench::new();
    let marker = bench.path("ran");
    let args = json!({
        "gpu": true,
        "expose": 8080,
        "aliases": "x",
        "resources": [{"type": "Ollama", "model": "m"}],
        "authentication": {"docker": {"username": "u"}},
        "restart_policy": "always",
        "work_dir": "/srv",
        "volumes": [{"name": "v", "dest": "/v"}],
        "required_vram": 8,
        "output": "/out",
        "env": {"CUDA_VISIBLE_DEVICES": "0", "GRID_X": "1"},
    });
    let mut definition = job(json!([
        {"type": "container/create-volume", "id": "v", "args": {"name": "v"}},
        op_with("a", format!("echo %%ops.v.host%% > {}", marker.display()), args),
        {"type": "container/run", "id": "b", "args": {"image": "x", "restart_policy": "on-failure"}},
    ]));
    definition["inputs"] =
        json!([{"name": "i", "sha256": grid_executor::Digest::of(b"").to_string(), "dest": "/i"}]);
    definition["requirements"] = json!({"gpus": 1, "cuda": "12.0", "cpus": 1, "memory_bytes": 1});
    definition["limits"] = json!({"pids": 10});
    definition["logistics"] = json!({"send": {"type": "api-listen", "args": {}}});
    let error = bench.try_run(&definition).await.unwrap_err();
    let JobError::Prepare(PrepareError::Unsupported(unsupported)) = error else { panic!("{error}") };
    let mut paths: Vec<&str> = unsupported.items.iter().map(|item| item.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "inputs[0].dest",
            "limits.pids",
            "logistics.send",
            "ops[1].args.aliases",
            "ops[1].args.authentication.docker",
            "ops[1].args.cmd",
            "ops[1].args.env.CUDA_VISIBLE_DEVICES",
            "ops[1].args.env.GRID_X",
            "ops[1].args.expose",
            "ops[1].args.gpu",
            "ops[1].args.output",
            "ops[1].args.required_vram",
            "ops[1].args.resources",
            "ops[1].args.restart_policy",
            "ops[1].args.volumes[0].dest",
            "ops[1].args.work_dir",
            "ops[2].args.cmd",
            "ops[2].args.restart_policy",
            "requirements.cuda",
            "requirements.gpus",
            "requirements.memory_bytes",
        ]
    );
    assert!(
        unsupported
            .to_string()
            .starts_with("the process executor cannot run this definition: requirements.gpus: needs 1")
    );
    assert!(!marker.exists() && !bench.workplace.scratch.exists());
}

#[tokio::test]
async fn what_a_literal_brings_in_is_refused_too() {
    let bench = Bench::new();
    let mut finder = op("find", "echo dir=/etc");
    finder["results"] = json!({"dir": "dir=(.*)"});
    let done = bench
        .run(&job(json!([finder, op_with("use", "pwd", json!({"work_dir": "%%ops.find.results.dir%%"}))])))
        .await;
    assert_eq!(
        (done.op("use").status, done.op("use").errors[0].code),
        (OpStatus::Failed, ErrorCode::NotStarted)
    );
    assert!(
        done.op("use").errors[0].message.contains("work_dir: an absolute path"),
        "{:?}",
        done.op("use").errors
    );
}

#[test]
fn a_gpu_op_runs_where_the_device_has_one() {
    let definition = job(json!([op_with("a", "true", json!({"gpu": true, "required_vram": 8}))]));
    let definition = Definition::parse(definition.to_string().as_bytes()).unwrap();
    let executor = ProcessExecutor::default();
    assert!(executor.supports(&definition, &Device::cpu("cpu")).is_err());
    let mut gpu =
        Device { gpu_uuids: vec!["GPU-1".into()], vram_bytes: Some(8_000_000_000), ..Device::cpu("gpu") };
    executor.supports(&definition, &gpu).unwrap();
    gpu.vram_bytes = Some(7_999_999_999);
    assert!(executor.supports(&definition, &gpu).is_err());
}

#[tokio::test]
async fn a_gpu_op_sees_its_devices_gpus_only() {
    let bench = Bench::new();
    let definition = job(json!([
        op_with("gpu", "echo $CUDA_VISIBLE_DEVICES", json!({"gpu": true})),
        op("cpu", "echo \"[$CUDA_VISIBLE_DEVICES]\""),
    ]));
    let mut request = bench.request(&definition);
    request.device.gpu_uuids = vec!["GPU-1".into(), "GPU-2".into()];
    let events = Events::default();
    let outcome =
        grid_executor::run_job(request, bench.executor(), &bench.workplace, bench.cancel.clone(), &|event| {
            events.take(event)
        })
        .await
        .unwrap();
    let events = events.all();
    assert!(
        events.contains(&"gpu: GPU-1,GPU-2".to_owned()) && events.contains(&"cpu: []".to_owned()),
        "{events:?}"
    );
    assert_eq!(outcome.document.device.gpu_uuids, ["GPU-1", "GPU-2"]);
}

#[test]
fn a_benchmark_of_gpus_is_refused_where_there_is_none() {
    let definition = job(json!([op("a", "true"), {"type": "bench/gpu", "id": "bench", "args": {}}]));
    let definition = Definition::parse(definition.to_string().as_bytes()).unwrap();
    let executor = ProcessExecutor::default();
    let error = executor.supports(&definition, &Device::cpu("cpu")).unwrap_err();
    let items: Vec<_> = error.items.iter().map(|item| (item.path.as_str(), item.reason.as_str())).collect();
    assert_eq!(items, [("ops[1].type", "this device has no GPU")]);
    let gpu = Device { gpu_uuids: vec!["GPU-1".into()], ..Device::cpu("gpu") };
    executor.supports(&definition, &gpu).unwrap();
}

#[tokio::test]
async fn a_benchmark_of_a_gpu_that_is_not_there_fails_and_says_why() {
    let bench = Bench::new();
    let definition = job(json!([{"type": "bench/gpu", "id": "bench", "args": {"seconds": 0.1}}]));
    let mut request = bench.request(&definition);
    request.device.gpu_uuids = vec!["GPU-00000000-0000-0000-0000-000000000000".into()];
    let outcome = run_job(request, bench.executor.as_ref(), &bench.workplace, bench.cancel.clone(), &|_| {})
        .await
        .unwrap();
    let op = &outcome.document.ops[0];
    assert_eq!((outcome.document.status, op.kind.as_str()), (JobStatus::Failed, "bench/gpu"));
    assert!(op.results.is_empty());
    let [error] = op.errors.as_slice() else { panic!("one error: {op:?}") };
    assert_eq!(error.code, ErrorCode::NotStarted);
    assert!(error.message.starts_with("GPU-00000000-0000-0000-0000-000000000000: "), "{error:?}");
}
