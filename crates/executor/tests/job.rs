//! Whole jobs: order, literals, inputs, artifacts, the document.

mod support;

use std::{fs, sync::Arc};

use grid_executor::{
    ContentStore, Digest, FolderStore, JobError, JobStatus, OpStatus, PrepareError, ResultDocument, Sources,
    StoreError, prepare,
    result::{ArtifactKind, ErrorCode, ResultError, StopReason},
};
use rand::{Rng, SeedableRng};
use serde_json::json;
use support::*;

#[tokio::test]
async fn results_of_one_op_are_literals_of_the_next() {
    let bench = Bench::new();
    let mut scan = op("scan", "echo 'Device 0: fast'; echo 'Device 1: faster'; echo 'x=1' >&2; echo none");
    scan["results"] = json!({
        "devices": "Device [0-9]: (.*)",
        "x": {"regex": "x=[0-9]", "logType": ["stderr"]},
        "not-there": {"regex": "x=[0-9]", "logType": ["stdout"]},
    });
    let mut definition = job(json!([
        scan,
        op(
            "use",
            [
                json!("printf"),
                json!("[%s]"),
                json!("%%ops.scan.results.devices%%"),
                json!("%%global.job%%/%%global.host%%/%%global.project%%/%%global.variables.v%%")
            ]
        ),
        op("lacks", "echo %%ops.scan.results.not-there%%"),
    ]));
    definition["global"] = json!({"variables": {"v": "constant"}});
    let done = bench.run(&definition).await;
    assert_eq!(done.op("scan").results["devices"], json!(["fast", "faster"]));
    assert_eq!(done.op("scan").results["x"], json!(["x=1"]));
    assert!(
        done.lines().contains(&"use stdout [fast][faster][job-1/node-1/project-1/constant]".to_owned()),
        "{:?}",
        done.lines()
    );
    assert_eq!(done.op("lacks").errors[0].code, ErrorCode::LiteralUnresolved);
    assert!(
        done.op("lacks").errors[0].message.starts_with("ops[2].args.cmd: %%ops.scan.results.not-there%%")
    );
    assert_eq!(done.outcome.document.status, JobStatus::Failed);
}

#[tokio::test]
async fn ops_of_a_group_run_side_by_side() {
    let bench = Bench::new();
    // Each waits for the other: one after the other they would wait for ever.
    let meet = |mine: &str, other: &str| {
        format!("touch {mine}; until [ -e {other} ]; do sleep 0.02; done; echo met")
    };
    let mut definition = job(json!([
        in_group(op("a", meet("a", "b")), "g", &[]),
        in_group(op("b", meet("b", "a")), "g", &[])
    ]));
    definition["limits"] = json!({"wall_seconds": 20});
    assert_eq!(bench.run(&definition).await.outcome.document.status, JobStatus::Succeeded);
}

#[tokio::test]
async fn groups_and_dependencies_order_ops() {
    let bench = Bench::new();
    let slow = |id: &str| format!("sleep 0.1; echo {id} >> order");
    let mut definition = job(json!([
        in_group(op("c", slow("c")), "first", &["b"]),
        in_group(op("b", slow("b")), "first", &["a"]),
        in_group(op("a", slow("a")), "first", &[]),
        op("d", slow("d")),
        in_group(op("late", slow("late")), "first", &["c"]),
    ]));
    definition["outputs"] = json!([{"name": "order", "path": "order"}]);
    let done = bench.run(&definition).await;
    assert_eq!(bench.artifact(&done, "order").await, b"a\nb\nc\nlate\nd\n");
    let ids: Vec<&str> = done.outcome.document.ops.iter().map(|op| op.id.as_str()).collect();
    assert_eq!(ids, ["c", "b", "a", "d", "late"], "the document keeps the definition's order");
}

#[tokio::test]
async fn what_depends_on_a_failed_op_is_skipped() {
    let bench = Bench::new();
    let definition = job(json!([
        in_group(op("a", "exit 1"), "g", &[]),
        in_group(op("b", "echo no"), "g", &["a"]),
        in_group(op("c", "echo no"), "g", &["b"]),
        in_group(op("d", "echo yes"), "g", &[]),
    ]));
    let done = bench.run(&definition).await;
    assert_eq!(
        done.statuses(),
        [
            ("a", OpStatus::Failed),
            ("b", OpStatus::Skipped),
            ("c", OpStatus::Skipped),
            ("d", OpStatus::Succeeded)
        ]
    );
    assert_eq!(done.op("b").errors[0].code, ErrorCode::DependencyFailed);
    assert_eq!(done.op("b").started_ms, None);
}

#[tokio::test]
async fn an_op_stops_with_those_that_depend_on_it() {
    let bench = Bench::new();
    let mut helper = in_group(op("helper", "sleep 60"), "g", &[]);
    helper["execution"]["stop_if_dependent_stops"] = json!(true);
    // `user` never starts, since `broken` fails; so `helper` is needed no more.
    let definition = job(json!([
        helper,
        in_group(op("broken", "exit 1"), "g", &[]),
        in_group(op("user", "true"), "g", &["broken", "helper"]),
    ]));
    let done = bench.run(&definition).await;
    assert_eq!(
        done.statuses(),
        [("helper", OpStatus::Stopped), ("broken", OpStatus::Failed), ("user", OpStatus::Skipped)]
    );
    assert_eq!(done.op("helper").diagnostics.stop_reason, Some(StopReason::DependentsEnded));
}

#[tokio::test]
async fn inputs_come_from_the_store_or_a_source_and_lie_where_asked() {
    let bench = Bench::new();
    let local = bench.workplace.store.put(b"local bytes").await.unwrap();
    let other = FolderStore::open(bench.path("other")).unwrap();
    let remote = other.put(b"remote bytes").await.unwrap();
    let mut workplace = bench.workplace.clone();
    workplace.sources = Sources::new(vec![Arc::new(other.clone())]);
    let bench = Bench { workplace, ..bench };
    let mut definition = job(json!([op("a", "cat near; cat $GRID_INPUTS/deep/er/far")]));
    definition["inputs"] = json!([
        {"name": "near", "sha256": local.to_string()},
        {"name": "far", "sha256": remote.to_string(), "dest": "deep/er/far"},
    ]);
    let done = bench.run(&definition).await;
    assert_eq!(done.lines().concat(), "a stdout local bytesremote bytes");

    fs::write(other.path_of(remote), "forged bytes").unwrap();
    let JobError::Prepare(PrepareError::Input { name, error }) =
        bench.try_run(&definition).await.unwrap_err()
    else {
        panic!("another error")
    };
    assert_eq!(name, "far");
    assert!(
        error.to_string().contains(&format!("gave {} for {remote}", Digest::of(b"forged bytes"))),
        "{error}"
    );
    assert!(!bench.workplace.scratch.join("job-1").exists(), "a job that cannot start leaves nothing");
}

#[tokio::test]
async fn inputs_larger_than_the_worker_takes_are_refused() {
    let mut bench = Bench::new();
    bench.workplace.max_input_bytes = 8;
    let digest = bench.workplace.store.put(b"1234").await.unwrap();
    let other = bench.workplace.store.put(b"12345").await.unwrap();
    let mut definition = job(json!([op("a", "true")]));
    definition["inputs"] =
        json!([{"name": "i", "sha256": digest.to_string()}, {"name": "j", "sha256": digest.to_string()}]);
    bench.run(&definition).await;
    definition["inputs"][1]["sha256"] = json!(other.to_string());
    let error = bench.try_run(&definition).await.unwrap_err();
    assert!(
        matches!(&error, JobError::Prepare(PrepareError::Input { error: StoreError::TooLarge { .. }, .. })),
        "{error}"
    );
}

#[tokio::test]
async fn files_and_folders_come_home() {
    let bench = Bench::new();
    let script = "mkdir -p out/sub; echo one > out/1; echo two > out/sub/2; ln -s sub/2 out/link; cp out/1 single; ln -s single also";
    let mut definition = job(json!([op("a", script)]));
    definition["outputs"] = json!([
        {"name": "folder", "path": "out"},
        {"name": "file", "path": "./single"},
        {"name": "linked", "path": "also"},
    ]);
    let first = bench.run(&definition).await;
    assert_eq!(first.outcome.document.status, JobStatus::Succeeded);
    let kinds: Vec<_> = first.outcome.document.artifacts.iter().map(|a| (a.name.as_str(), a.kind)).collect();
    assert_eq!(
        kinds,
        [("folder", ArtifactKind::FolderTar), ("file", ArtifactKind::File), ("linked", ArtifactKind::File)]
    );
    assert_eq!(bench.artifact(&first, "file").await, b"one\n");
    let place = bench.path("unpacked");
    tar::Archive::new(bench.artifact(&first, "folder").await.as_slice()).unpack(&place).unwrap();
    assert_eq!(fs::read_to_string(place.join("link")).unwrap(), "two\n");
    let second = bench.run(&definition).await;
    assert_eq!(
        first.outcome.document.artifacts, second.outcome.document.artifacts,
        "same content, same digests"
    );
}

#[tokio::test]
async fn outputs_that_cannot_come_home_fail_the_job() {
    let mut bench = Bench::new();
    bench.workplace.max_artifact_bytes = 1000;
    let secret = bench.path("secret");
    fs::write(&secret, "of the host").unwrap();
    let script = format!(
        "ln -s {0} link; mkdir folder; ln -s {0} folder/link; ln -s {1} up; mkfifo fifo; head -c 2000 /dev/zero > big; echo ok > good",
        secret.display(),
        bench.path("").display(),
    );
    let mut definition = job(json!([op("a", script)]));
    definition["outputs"] = json!([
        {"name": "good", "path": "good"},
        {"name": "link", "path": "link"},
        {"name": "folder", "path": "folder"},
        {"name": "up", "path": "up/secret"},
        {"name": "fifo", "path": "fifo"},
        {"name": "big", "path": "big"},
        {"name": "missing", "path": "missing"},
    ]);
    let done = bench.run(&definition).await;
    assert_eq!(done.statuses(), [("a", OpStatus::Succeeded)]);
    assert_eq!(done.outcome.document.status, JobStatus::Failed);
    let codes: Vec<ErrorCode> = done.outcome.document.errors.iter().map(|error| error.code).collect();
    use ErrorCode::{OutputMissing, OutputTooLarge, OutputUnsafe};
    assert_eq!(
        codes,
        [OutputUnsafe, OutputUnsafe, OutputUnsafe, OutputUnsafe, OutputTooLarge, OutputMissing]
    );
    let names: Vec<&str> =
        done.outcome.document.artifacts.iter().map(|artifact| artifact.name.as_str()).collect();
    assert_eq!(names, ["good"]);
    assert!(!bench.workplace.store.path_of(Digest::of(b"of the host")).exists());
}

#[tokio::test]
async fn the_benchmark_is_an_op() {
    let bench = Bench::new();
    let definition = job(json!([
        {"type": "bench/cpu", "id": "bench", "args": {"seconds": 0.3}},
        op("use", "echo %%ops.bench.results.threads%% threads"),
    ]));
    let done = bench.run(&definition).await;
    assert_eq!(done.outcome.document.status, JobStatus::Succeeded, "{done:?}");
    let results = &done.op("bench").results;
    for name in ["threads", "copy_megabytes_per_second", "fp32_megaflops", "sha256_megabytes_per_second"] {
        assert!(results[name].as_u64().unwrap() > 0, "{name}: {results:?}");
    }
    assert!(done.lines().contains(&format!("use stdout {} threads", results["threads"])));
    assert_eq!(done.op("bench").kind, "bench/cpu");
}

#[tokio::test]
async fn the_benchmark_can_be_cancelled() {
    let bench = Bench::new();
    let cancel = bench.cancel.clone();
    let definition = job(json!([{"type": "bench/cpu", "id": "bench", "args": {"seconds": 60}}]));
    let (done, ()) = tokio::join!(bench.run(&definition), async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        cancel.cancel();
    });
    assert_eq!(done.outcome.document.status, JobStatus::Cancelled);
}

#[tokio::test]
async fn events_tell_the_story() {
    let bench = Bench::new();
    let mut definition = job(json!([op("a", "echo hi > out; echo hello"), op("b", "exit 1")]));
    definition["outputs"] = json!([{"name": "out", "path": "out"}]);
    let events = Events::default();
    let request = bench.request(&definition);
    let prepared = prepare(request, bench.executor(), &bench.workplace).await.unwrap();
    prepared
        .run(bench.executor(), &bench.workplace, bench.cancel.clone(), &|event| events.take(event))
        .await
        .unwrap();
    assert_eq!(events.all(), ["a started", "a: hello", "a Succeeded", "b started", "b Failed", "stored out"]);
}

#[tokio::test]
async fn two_jobs_run_side_by_side() {
    let bench = Bench::new();
    let definition = job(json!([op("a", "pwd; echo %%global.job%% > me; sleep 0.2; cat me")]));
    let run = |id: &str| {
        let request = grid_executor::JobRequest { job_id: id.to_owned(), ..bench.request(&definition) };
        let events = Events::default();
        let bench = &bench;
        async move {
            let on_event = |event: grid_executor::JobEvent<'_>| events.take(event);
            grid_executor::run_job(
                request,
                bench.executor(),
                &bench.workplace,
                bench.cancel.clone(),
                &on_event,
            )
            .await
            .unwrap();
            events.all()
        }
    };
    let (one, two) = tokio::join!(run("one"), run("two"));
    assert_eq!((one[2].as_str(), two[2].as_str()), ("a: one", "a: two"));
}

#[tokio::test]
async fn a_job_id_that_climbs_is_refused() {
    let bench = Bench::new();
    let mut request = bench.request(&job(json!([op("a", "true")])));
    request.job_id = "../job".into();
    let error = prepare(request, bench.executor(), &bench.workplace).await.unwrap_err();
    assert!(matches!(error, PrepareError::Scratch(_)), "{error}");
}

#[tokio::test]
async fn any_change_of_a_document_shows() {
    let bench = Bench::new();
    let mut first = op("a", "echo k=1");
    first["results"] = json!({"k": "k=(.*)"});
    let done = bench.run(&job(json!([first, op("b", "exit 2")]))).await;
    let digest = done.outcome.digest;
    let bytes = bench.get(digest).await;
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(
        text.starts_with(r#"{"definition":""#) && !text.contains(['\n', ' ']) || text.contains("\"message\"")
    );

    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(3);
    for _ in 0..2000 {
        let mut changed = bytes.clone();
        let position = random.random_range(0..changed.len());
        changed[position] ^= random.random_range(1..=255_u8);
        let error = ResultDocument::parse_expecting(&changed, digest).unwrap_err();
        assert!(matches!(error, ResultError::DigestMismatch { .. }), "{error}");
        // Whatever is read without a digest is canonical and free of contradiction.
        if let Ok(document) = ResultDocument::parse(&changed) {
            assert_eq!(document.to_bytes().unwrap(), changed);
        }
    }

    let change = |from: &str, to: &str| {
        assert!(text.contains(from), "{text}");
        ResultDocument::parse(text.replacen(from, to, 1).as_bytes()).unwrap_err()
    };
    assert!(matches!(
        change(r#","status":"failed","#, r#","status":"succeeded","#),
        ResultError::Contradiction(_)
    ));
    assert!(matches!(change("{", "{ "), ResultError::NotCanonical(_)));
    assert!(matches!(change(r#""version":"0.1""#, r#""version":"9""#), ResultError::Version(_)));
    assert!(matches!(change(r#""version""#, r#""extra":1,"version""#), ResultError::Json(_)));
    assert!(matches!(change(r#""exit_code":0"#, r#""exit_code":1"#), ResultError::Contradiction(_)));
    assert!(matches!(change(r#""exit_code":0"#, r#""exit_code":0.5"#), ResultError::Json(_)));
}

#[tokio::test]
async fn metered_seconds_are_filled_in_by_the_caller() {
    let bench = Bench::new();
    let mut document = bench.run(&job(json!([op("a", "true")]))).await.outcome.document;
    let before = document.digest().unwrap();
    document.metered_seconds = Some(12);
    let digest = document.store(&bench.workplace.store).await.unwrap();
    assert_ne!(digest, before);
    assert_eq!(
        ResultDocument::parse_expecting(&bench.get(digest).await, digest).unwrap().metered_seconds,
        Some(12)
    );
}
