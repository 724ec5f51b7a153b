//! What an op of the process executor can do to the machine it runs on, tried from inside.

mod support;

use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

use grid_executor::{OpStatus, ProcessConfig, ProcessExecutor};
use serde_json::json;
use support::*;

/// Runs a script as an op and gives what it wrote to standard output.
async fn said(bench: &Bench, script: &str) -> Vec<String> {
    let done = bench.run(&job(json!([op("a", script)]))).await;
    assert_eq!(done.op("a").status, OpStatus::Succeeded, "{:?}", done.lines());
    done.lines().iter().filter_map(|line| line.strip_prefix("a stdout ")).map(str::to_owned).collect()
}

/// The tests of this file are about what Landlock does.
fn has_landlock() -> bool {
    let there = ProcessExecutor::has_landlock();
    if !there {
        println!("skipped: this kernel has no Landlock");
    }
    there
}

#[tokio::test]
async fn the_nodes_key_cannot_be_read() {
    if !has_landlock() {
        return;
    }
    let bench = Bench::new();
    let key = bench.root.as_path().join("node-key.json");
    fs::write(&key, "[1,2,3]").unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let path = key.display();
    let script = format!(
        "cat {path} || echo no; ls {} || echo no list; ln -s {path} link; cat link || echo no link; \
         cp /bin/cat mine; ./mine {path} || echo no copy; ls /root /home /tmp /var || echo no folders; \
         cat ../journal || echo no journal; cat ../runs/0-0/state || echo no state",
        bench.root.as_path().display()
    );
    assert_eq!(
        said(&bench, &script).await,
        ["no", "no list", "no link", "no copy", "no folders", "no journal", "no state"]
    );
}

#[tokio::test]
async fn the_worker_itself_cannot_be_looked_into_or_ended() {
    if !has_landlock() {
        return;
    }
    let bench = Bench::new();
    let worker = std::process::id();
    let script = format!(
        "cat /proc/{worker}/environ || echo no environment; cat /proc/$PPID/environ || echo no supervisor; \
         head -c1 /proc/{worker}/mem || echo no memory; readlink /proc/{worker}/fd/0 || echo no files; \
         kill -0 {worker} || echo no signal; kill -9 $PPID || echo no signal to the supervisor"
    );
    let expected = [
        "no environment",
        "no supervisor",
        "no memory",
        "no files",
        "no signal",
        "no signal to the supervisor",
    ];
    assert_eq!(said(&bench, &script).await, expected);
}

#[tokio::test]
async fn another_job_cannot_be_seen() {
    if !has_landlock() {
        return;
    }
    let bench = Bench::new();
    let other = bench.workplace.scratch.join("job-2/work");
    fs::create_dir_all(&other).unwrap();
    fs::write(other.join("secret"), "secret").unwrap();
    let script =
        "cat ../../job-2/work/secret || echo no; ls ../.. || echo no list; echo x > ../../x || echo no file";
    assert_eq!(said(&bench, script).await, ["no", "no list", "no file"]);
}

#[tokio::test]
async fn nothing_outside_the_jobs_folder_can_be_changed() {
    if !has_landlock() {
        return;
    }
    let bench = Bench::new();
    let script = "echo x > /usr/x || echo no; echo x > /etc/x || echo no; echo x > /dev/shm/x || echo no; \
                  echo x > /proc/sys/kernel/hostname || echo no; echo x > $TMPDIR/x && echo yes; \
                  echo x > x && echo yes; echo x > /dev/null && echo yes";
    assert_eq!(said(&bench, script).await, ["no", "no", "no", "no", "yes", "yes", "yes"]);
}

#[tokio::test]
async fn what_the_worker_allows_can_be_read_or_changed() {
    let bench = Bench::new();
    let models = bench.root.as_path().join("models");
    fs::create_dir(&models).unwrap();
    fs::write(models.join("m"), "model\n").unwrap();
    let executor =
        ProcessExecutor::new(ProcessConfig { readable: vec![models.clone()], ..ProcessConfig::default() });
    let bench = Bench { executor: std::sync::Arc::new(executor), ..bench };
    let script = format!("cat {0}/m; echo x > {0}/m || echo no", models.display());
    let said = said(&bench, &script).await;
    assert_eq!(said[0], "model");
    if ProcessExecutor::has_landlock() {
        assert_eq!(said[1], "no");
    }
}

#[tokio::test]
async fn an_op_has_no_capabilities_and_gets_no_privileges() {
    let bench = Bench::new();
    let status = said(
        &bench,
        "grep -E '^(Cap|NoNewPrivs)' /proc/self/status; ulimit -c; cat /proc/self/oom_score_adj",
    )
    .await;
    for line in &status {
        match line.split_once(":\t") {
            Some(("NoNewPrivs", value)) => assert_eq!(value, "1"),
            // What could be had by a privileged program; only who is privileged can give it up, and nobody here
            // gets it.
            Some(("CapBnd", _)) if !rustix::process::geteuid().is_root() => {}
            Some((name, value)) => assert_eq!(u64::from_str_radix(value, 16), Ok(0), "{name}"),
            None => {}
        }
    }
    assert_eq!(status.len(), 8, "{status:?}");
    assert_eq!(status[6..], ["0", "500"]);
}

#[tokio::test]
async fn an_op_is_in_a_session_of_its_own_below_its_supervisor() {
    let bench = Bench::new();
    let said =
        said(&bench, "cat /proc/$PPID/comm; cut -d' ' -f4 /proc/$PPID/stat; ls -l /proc/$PPID/fd || true")
            .await;
    assert_eq!(said[0], "grid-supervisor");
    assert_eq!(said[1], std::process::id().to_string(), "the supervisor is the worker's child");
}

#[tokio::test]
async fn a_worker_that_insists_on_landlock_says_so() {
    let executor = ProcessExecutor::new(ProcessConfig { require_landlock: true, ..ProcessConfig::default() });
    let bench = Bench { executor: std::sync::Arc::new(executor), ..Bench::new() };
    let definition = job(json!([op("a", "true")]));
    let definition = grid_executor::Definition::parse(definition.to_string().as_bytes()).unwrap();
    let supported = bench.executor().supports(&definition, &grid_executor::Device::cpu("cpu"));
    assert_eq!(supported.is_ok(), ProcessExecutor::has_landlock());
}

#[tokio::test]
async fn output_reopened_by_name_is_not_cut_off() {
    let bench = Bench::new();
    let done = bench
        .run(&job(json!([op(
            "a",
            "echo one; echo two > /dev/stdout; echo three >> /dev/stdout; echo four > /dev/stderr"
        )])))
        .await;
    let mut lines = done.lines();
    lines.sort();
    assert_eq!(lines, ["a stderr four", "a stdout one", "a stdout three", "a stdout two"]);
}

#[tokio::test]
async fn much_output_comes_through_whole() {
    let bench = Bench::new();
    let script =
        "i=0; while [ $i -lt 200 ]; do head -c 100000 /dev/zero | tr '\\0' x; echo $i; i=$((i+1)); done";
    let mut definition = job(json!([op("a", script)]));
    definition["limits"] = json!({"log_bytes": 100 << 20});
    let done = tokio::time::timeout(Duration::from_secs(60), bench.run(&definition)).await.unwrap();
    let output: usize = grid_executor::log::lines(&done.log).map(|line| line.bytes.len()).sum();
    assert_eq!(output, 200 * 100_000 + 10 + 2 * 90 + 3 * 100);
    let last = grid_executor::log::lines(&done.log).last().unwrap();
    assert!(last.complete && last.bytes.ends_with(b"x199"));
}

#[tokio::test]
async fn an_op_that_floods_its_output_is_stopped() {
    let config = ProcessConfig { max_output_bytes: 1 << 20, ..ProcessConfig::default() };
    let bench = Bench { executor: std::sync::Arc::new(ProcessExecutor::new(config)), ..Bench::new() };
    let done = bench.run(&job(json!([op("a", "yes flood")]))).await;
    assert_eq!(done.op("a").errors[0].code, grid_executor::result::ErrorCode::OutputLimit);
    assert_eq!(done.op("a").diagnostics.stop_reason, Some(grid_executor::result::StopReason::OutputLimit));
}
