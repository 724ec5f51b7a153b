//! The container executor, against a real engine.

mod support;

use std::{
    fs,
    io::Read,
    net::{TcpListener, UdpSocket},
    sync::Arc,
    time::{Duration, Instant},
};

use grid_executor::{
    ContainerConfig, ContentStore, Definition, Device, Executor, JobError, JobStatus, OpStatus, PrepareError,
    PullPolicy, clean_up_abandoned, result::ErrorCode, result::StopReason,
};
use serde_json::{Value, json};
use support::{
    engine::{IMAGE, USER_IMAGE},
    *,
};

/// An op in a container of the tests' image.
fn boxed(id: &str, cmd: impl Into<Value>) -> Value {
    boxed_with(id, cmd, json!({}))
}

fn boxed_with(id: &str, cmd: impl Into<Value>, args: Value) -> Value {
    let mut op = op_with(id, cmd, args);
    if op["args"]["image"] == "any" {
        op["args"]["image"] = IMAGE.into();
    }
    op
}

/// What an op wrote to standard output.
fn said(done: &Done, id: &str) -> Vec<String> {
    let prefix = format!("{id} stdout ");
    done.lines().iter().filter_map(|line| line.strip_prefix(&prefix)).map(str::to_owned).collect()
}

/// Ends a test that has no engine.
macro_rules! bench {
    () => {
        bench!(ContainerConfig::default())
    };
    ($config:expr) => {
        match Bench::with_containers_as($config).await {
            Some(bench) => bench,
            None => return,
        }
    };
}

#[tokio::test]
async fn output_exit_code_and_environment_are_the_containers_own() {
    let bench = bench!();
    let script = "echo out; echo err >&2; printf 'no newline'; exit 3";
    let done = bench
        .run(&job(json!([
            boxed_with("env", ["env"], json!({"env": {"MINE": "1"}})),
            boxed("a", script),
            boxed("never", "true"),
        ])))
        .await;
    let mut lines = done.lines();
    lines.retain(|line| line.starts_with("a "));
    lines.sort();
    assert_eq!(lines, ["a stderr err", "a stdout no newline", "a stdout out"]);
    assert_eq!((done.op("a").status, done.op("a").exit_code), (OpStatus::Failed, Some(3)));
    assert_eq!(done.op("never").status, OpStatus::Skipped);
    assert_eq!(done.outcome.document.executor, "container");
    let env = said(&done, "env");
    for expected in
        ["MINE=1", "GRID_JOB=job-1", "GRID_OP=env", "GRID_OUTPUTS=/grid", "NVIDIA_VISIBLE_DEVICES=void"]
    {
        assert!(env.contains(&expected.to_owned()), "{expected}: {env:?}");
    }
    assert!(!env.iter().any(|line| line.contains("CARGO")), "{env:?}");
}

#[tokio::test]
async fn an_images_own_settings_hold_where_the_op_says_nothing() {
    let bench = bench!();
    let image = json!({"image": USER_IMAGE});
    let mut plain = boxed_with("plain", ["hello"], image.clone());
    plain["args"]["image"] = USER_IMAGE.into();
    let script = "id -u; pwd; echo $FROM_IMAGE; echo $HOSTNAME; hostname";
    let done = bench
        .run(&job(json!([
            plain,
            boxed_with("own", ["-c", script], json!({"image": USER_IMAGE, "entrypoint": "/bin/sh"})),
            boxed_with(
                "list",
                ["x"],
                json!({"image": USER_IMAGE, "entrypoint": ["/bin/echo", "list:"], "work_dir": "/tmp"})
            ),
        ])))
        .await;
    assert_eq!(said(&done, "plain"), ["entry: hello"]);
    assert_eq!(said(&done, "own"), ["1000", "/home/user", "yes", "own", "own"]);
    assert_eq!(said(&done, "list"), ["list: x"]);
}

#[tokio::test]
async fn inputs_outputs_and_volumes_are_shared_and_brought_home() {
    let bench = bench!();
    let words = bench.workplace.store.put(b"some words\n").await.unwrap();
    let outside = bench.workplace.store.put(b"outside\n").await.unwrap();
    let ops = json!([
        {"type": "container/create-volume", "id": "v", "args": {"name": "cache.v1"}},
        boxed_with("write", "cat deep/words /models/m > /cache/f; ls -ld /grid | cut -c1-10; id -u; pwd; echo $GRID_VOLUME_CACHE_V1",
            json!({"volumes": [{"name": "cache.v1", "dest": "/cache"}]})),
        // As a user who is not root.
        boxed_with("read", ["cat data/f > out.txt; mkdir -p all/of; echo x > all/of/it; chmod +x all/of/it; ln -s it all/of/link; cat out.txt; ls"],
            json!({"image": USER_IMAGE, "entrypoint": ["/bin/sh", "-c"], "volumes": [{"name": "cache.v1", "dest": "data"}]})),
    ]);
    let mut definition = job(ops);
    definition["inputs"] = json!([
        {"name": "words", "sha256": words.to_string(), "dest": "deep/words"},
        {"name": "m", "sha256": outside.to_string(), "dest": "/models/m"},
    ]);
    definition["outputs"] = json!([
        {"name": "out", "path": "out.txt"}, {"name": "all", "path": "all"}, {"name": "kept", "path": "deep/words"}]);
    let done = bench.run(&definition).await;
    assert_eq!(
        done.outcome.document.status,
        JobStatus::Succeeded,
        "{:?} {:?}",
        done.lines(),
        done.outcome.document
    );
    assert_eq!(said(&done, "write"), ["drwxrwxrwx", "0", "/grid", "/cache"]);
    assert_eq!(bench.artifact(&done, "out").await, b"some words\noutside\n");
    assert_eq!(bench.artifact(&done, "kept").await, b"some words\n");
    let all = bench.artifact(&done, "all").await;
    let mut archive = tar::Archive::new(all.as_slice());
    let entries: Vec<(String, u32)> = archive
        .entries()
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.path().unwrap().display().to_string(), entry.header().mode().unwrap() & 0o111)
        })
        .collect();
    assert!(entries.contains(&("of/it".to_owned(), 0o111)), "{entries:?}");
    assert!(entries.iter().any(|(path, _)| path == "of/link"), "{entries:?}");
}

#[tokio::test]
async fn outputs_that_lead_astray_are_refused() {
    let bench = bench!();
    let script = "ln -s /etc/passwd link; mkfifo fifo; mkdir folder; ln -s ../../../../etc folder/up; ln -s /proc up; echo fine > good";
    let mut definition = job(json!([boxed("a", script)]));
    let outputs = ["good", "link", "folder", "fifo", "up/version", "missing"];
    definition["outputs"] =
        outputs.iter().map(|name| json!({"name": name.replace('/', "-"), "path": name})).collect();
    let done = bench.run(&definition).await;
    assert_eq!(done.outcome.document.status, JobStatus::Failed);
    let names: Vec<&str> = done.outcome.document.artifacts.iter().map(|a| a.name.as_str()).collect();
    let problems: Vec<_> =
        done.outcome.document.errors.iter().map(|error| (error.code, error.message.clone())).collect();
    assert!(
        names.contains(&"good") && !names.contains(&"link") && !names.contains(&"folder"),
        "{names:?} {problems:?}"
    );
    let code_of = |name: &str| {
        let named = format!("the output \"{name}\"");
        problems.iter().find(|(_, message)| message.starts_with(&named)).map(|(code, _)| *code)
    };
    assert_eq!(code_of("fifo"), Some(ErrorCode::OutputUnsafe), "{problems:?}");
    assert_eq!(code_of("missing"), Some(ErrorCode::OutputMissing), "{problems:?}");
    assert!(code_of("link").is_some() && code_of("folder").is_some(), "{problems:?}");
}

#[tokio::test]
async fn memory_beyond_the_limit_is_reported_as_such() {
    let bench = bench!();
    let mut definition = job(json!([boxed("a", "tail /dev/zero")]));
    definition["limits"] = json!({"memory_bytes": 64 << 20});
    let done = bench.run(&definition).await;
    let op = done.op("a");
    assert_eq!((op.status, op.exit_code), (OpStatus::Failed, Some(137)), "{op:?}");
    assert_eq!(op.diagnostics.out_of_memory, Some(true));
    let mut modest = job(json!([boxed("a", "true")]));
    modest["limits"] = json!({"memory_bytes": 64 << 20});
    assert_eq!(bench.run(&modest).await.op("a").diagnostics.out_of_memory, Some(false));
}

#[tokio::test]
async fn processes_are_counted() {
    let bench = bench!();
    let script = "i=0; while [ $i -lt 50 ]; do sleep 5 & i=$((i+1)); done; echo all";
    let mut definition = job(json!([boxed("a", script)]));
    definition["limits"] = json!({"pids": 20});
    let done = bench.run(&definition).await;
    assert!(!said(&done, "a").contains(&"all".to_owned()), "{:?}", done.lines());
    assert!(done.lines().iter().any(|line| line.contains("fork")), "{:?}", done.lines());
}

#[tokio::test]
async fn the_disk_has_a_limit() {
    let bench = bench!();
    let script = "i=0; while :; do head -c 1000000 /dev/zero > /grid/f$i; i=$((i+1)); sleep 0.05; done";
    let mut definition = job(json!([boxed("volume", script)]));
    definition["limits"] = json!({"disk_bytes": 5_000_000});
    let done = bench.run(&definition).await;
    assert_eq!(done.op("volume").errors[0].code, ErrorCode::DiskLimit, "{:?}", done.op("volume"));
    definition["ops"][0] = boxed("root", script.replace("/grid/", "/tmp/"));
    let done = bench.run(&definition).await;
    assert_eq!(done.op("root").errors[0].code, ErrorCode::DiskLimit, "{:?}", done.op("root"));
}

#[tokio::test]
async fn an_op_has_no_capabilities_no_privileges_and_no_key() {
    let bench = bench!();
    let key = bench.root.join("node-key.json");
    fs::write(&key, "[1,2,3]").unwrap();
    let script = format!(
        "grep -E '^(Cap|NoNewPrivs)' /proc/self/status; ls {} 2>&1; mount -t tmpfs x /tmp 2>&1; \
         cat /proc/1/comm; ls /proc | grep -c '^[0-9]'; dmesg 2>&1 | head -1; cat /proc/sys/kernel/core_pattern > /dev/null; \
         echo x > /proc/sys/kernel/hostname || echo read-only; mknod /tmp/d b 8 0 || echo no device; chroot / true || echo no chroot; \
         grep -c ' /grid ' /proc/self/mounts; ls /dev",
        key.display()
    );
    let done = bench.run(&job(json!([boxed("a", script)]))).await;
    let said = said(&done, "a");
    for line in &said {
        match line.split_once(":\t") {
            Some(("NoNewPrivs", value)) => assert_eq!(value, "1"),
            Some((name, value)) if name.starts_with("Cap") => {
                assert_eq!(u64::from_str_radix(value, 16), Ok(0), "{name}")
            }
            _ => {}
        }
    }
    let all = said.join("\n");
    assert!(all.contains("No such file or directory"), "{all}");
    for expected in ["mount: permission denied", "read-only", "no device", "no chroot"] {
        assert!(all.contains(expected), "{expected}: {all}");
    }
    assert!(!all.contains("nvidia") && !all.contains("sda") && !all.contains("vda"), "{all}");
}

#[tokio::test]
async fn a_read_only_root_leaves_room_where_it_is_meant_to_be() {
    let bench = bench!(ContainerConfig { read_only_root: true, ..ContainerConfig::default() });
    let script = "echo x > /x || echo no; echo x > /etc/x || echo no; echo x > /tmp/x && echo yes; echo x > /grid/x && echo yes";
    let done = bench.run(&job(json!([boxed("a", script)]))).await;
    assert_eq!(said(&done, "a"), ["no", "no", "yes", "yes"], "{:?}", done.lines());
}

/// An address of this machine that is not a loopback one; nothing is sent.
fn own_address() -> String {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.connect("192.0.2.1:9").unwrap();
    socket.local_addr().unwrap().ip().to_string()
}

#[tokio::test]
async fn a_job_does_not_reach_its_machine() {
    let bench = bench!();
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let greet = std::thread::spawn(move || {
        listener.accept().map(|(mut stream, _)| {
            let _ = std::io::Write::write_all(&mut stream, b"hello\n");
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest);
        })
    });
    let script = format!(
        "gateway=$(ip route | sed -n 's/default via \\([^ ]*\\).*/\\1/p'); echo gateway $gateway; \
         for host in $gateway {} 127.0.0.1; do timeout 2 nc $host {port} </dev/null || echo not reached; done",
        own_address()
    );
    let done = bench.run(&job(json!([boxed("a", script)]))).await;
    let said = said(&done, "a");
    assert!(said[0].starts_with("gateway 10."), "{said:?}");
    assert_eq!(said[1..], ["not reached", "not reached", "not reached"]);
    // The listener was there to be reached.
    drop(std::net::TcpStream::connect(("127.0.0.1", port)).unwrap());
    greet.join().unwrap().unwrap();
}

/// A shell function that gives the address of a name: this busybox is linked statically and looks names up only so.
const ADDRESS_OF: &str =
    "address_of() { nslookup $1 2>/dev/null | sed -n 's/^Address: \\([0-9.]*\\)$/\\1/p' | tail -n 1; };";

/// A server of one page that ends with those that depend on it, in the group `g`.
fn server(id: &str) -> Value {
    let serve = "echo starting; sleep 1; mkdir -p /tmp/www; echo content > /tmp/www/index.html; echo up; exec httpd -f -p 80 -h /tmp/www";
    let check = json!({"type": "http", "path": "/index.html", "method": "GET", "expected_status": 200, "continuous": true});
    let args = json!({
        "aliases": ["store"],
        "expose": [{"port": 80, "type": "web", "health_checks": [check]}, "9000-9010"],
    });
    let mut server = in_group(boxed_with(id, serve, args), "g", &[]);
    server["execution"]["stop_if_dependent_stops"] = true.into();
    server
}

#[tokio::test]
async fn two_jobs_do_not_see_each_other() {
    let bench = bench!();
    let peer =
        format!("{ADDRESS_OF} a=$(address_of one); wget -q -O - http://$a/ && echo address $a; sleep 600");
    let first = job(json!([server("one"), in_group(boxed("peer", peer), "g", &["one"])]));
    let (found, mut address) = tokio::sync::mpsc::unbounded_channel();
    let first_cancel = tokio_util::sync::CancellationToken::new();
    let run = async |id: &str, definition: &Value, cancel| {
        let request = grid_executor::JobRequest { job_id: id.to_owned(), ..bench.request(definition) };
        let events = Events::default();
        grid_executor::run_job(request, bench.executor(), &bench.workplace, cancel, &|event| {
            if let Some(address) =
                event_text(event).and_then(|text| Some(text.strip_prefix("peer: address ")?.to_owned()))
            {
                let _ = found.send(address);
            }
            events.take(event);
        })
        .await
        .unwrap();
        events.all()
    };
    let second = async {
        let address = tokio::time::timeout(Duration::from_secs(60), address.recv()).await.unwrap().unwrap();
        let script = format!(
            "{ADDRESS_OF} timeout 2 wget -q -O - http://{address}/ || echo not reached; \
             [ -z \"$(address_of one)\" ] && echo no name; [ -n \"$(address_of two)\" ] && echo own name; ls /grid | wc -l"
        );
        let events = run("job-2", &job(json!([boxed("two", script)])), bench.cancel.clone()).await;
        first_cancel.cancel();
        events
    };
    let (first, second) = tokio::join!(run("job-1", &first, first_cancel.clone()), second);
    assert!(first.contains(&"peer: content".to_owned()), "who may reaches it: {first:?}");
    assert!(!second.contains(&"two: content".to_owned()), "{second:?}");
    for expected in ["two: not reached", "two: no name", "two: own name", "two: 0"] {
        assert!(second.contains(&expected.to_owned()), "{expected}: {second:?}");
    }
}

#[tokio::test]
async fn ops_of_a_job_reach_each_other_once_they_are_healthy() {
    let bench = bench!();
    let probe = format!(
        "{ADDRESS_OF} echo %%ops.server.endpoint.80%% %%ops.server.endpoint.9005%%; \
         for name in %%ops.server.host%% store; do wget -q -O - http://$(address_of $name)/; done"
    );
    let definition = job(json!([server("server"), in_group(boxed("probe", probe), "g", &["server"])]));
    let request = bench.request(&definition);
    let events = Events::default();
    let listening = std::sync::Mutex::new(None);
    let outcome =
        grid_executor::run_job(request, bench.executor(), &bench.workplace, bench.cancel.clone(), &|event| {
            if let grid_executor::JobEvent::OpListening { port, address, .. } = event {
                *listening.lock().unwrap() = Some((port, address));
            }
            events.take(event);
        })
        .await
        .unwrap();
    let events = events.all();
    let position = |text: &str| {
        events.iter().position(|event| event == text).unwrap_or_else(|| panic!("{text}: {events:?}"))
    };
    // Lines are read now and then, so that what the server says may come after what its check found.
    assert!(position("server healthy") < position("probe started"));
    assert_eq!(events.iter().filter(|event| *event == "probe: content").count(), 2, "{events:?}");
    position("probe: http://server:80 server:9005");
    assert_eq!(outcome.document.status, JobStatus::Succeeded, "{:?}", outcome.document);
    assert_eq!(outcome.document.ops[0].diagnostics.stop_reason, Some(StopReason::DependentsEnded));
    let (port, address) = listening.into_inner().unwrap().unwrap();
    assert!(port == 80 && address.ip().is_loopback(), "{address}");
}

#[tokio::test]
async fn a_websocket_is_a_health_check_too() {
    let bench = bench!();
    let serve = "printf 'HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\n\\r\\n\\201\\004pong' > /tmp/answer; \
                 printf '#!/bin/sh\nread line; cat /tmp/answer; sleep 1\n' > /tmp/serve; chmod +x /tmp/serve; \
                 exec nc -ll -p 9000 -e /tmp/serve";
    let mut server = in_group(
        boxed_with(
            "server",
            serve,
            json!({
                "expose": {"port": 9000, "type": "websocket", "health_checks": [{"type": "websocket", "expected_response": "pong", "continuous": false}]},
            }),
        ),
        "g",
        &[],
    );
    server["execution"]["stop_if_dependent_stops"] = true.into();
    let done = bench
        .run(&job(json!([
            server,
            in_group(boxed("after", "echo %%ops.server.endpoint.9000%%"), "g", &["server"])
        ])))
        .await;
    assert_eq!(said(&done, "after"), ["ws://server:9000"], "{:?}", done.lines());
}

#[tokio::test]
async fn a_timeout_stops_and_removes() {
    let bench = bench!();
    let mut definition = job(json!([
        {"type": "container/create-volume", "id": "v", "args": {"name": "v"}},
        boxed_with("a", "trap '' TERM; echo ready; while :; do sleep 1; done", json!({"volumes": [{"name": "v", "dest": "/v"}]})),
    ]));
    definition["limits"] = json!({"wall_seconds": 1});
    let started = Instant::now();
    let done = bench.run(&definition).await;
    assert_eq!(done.op("a").diagnostics.stop_reason, Some(StopReason::OpTimedOut));
    assert_eq!(done.op("a").exit_code, Some(137), "it did not end when asked");
    assert!(started.elapsed() < Duration::from_secs(12), "{:?}", started.elapsed());
    nothing_is_left(&bench).await;
}

#[tokio::test]
async fn cancelling_ends_it_and_what_it_left_is_brought_home() {
    let bench = bench!();
    let mut definition = job(json!([boxed(
        "a",
        "trap 'echo bye; exit 0' TERM; echo partial > out; echo ready; while :; do sleep 0.05; done"
    )]));
    definition["outputs"] = json!([{"name": "out", "path": "out"}]);
    let request = bench.request(&definition);
    let cancel = bench.cancel.clone();
    let outcome =
        grid_executor::run_job(request, bench.executor(), &bench.workplace, bench.cancel.clone(), &|event| {
            if event_text(event).as_deref() == Some("a: ready") {
                cancel.cancel();
            }
        })
        .await
        .unwrap();
    assert_eq!(outcome.document.status, JobStatus::Cancelled);
    assert_eq!(bench.get(outcome.document.artifacts[0].sha256).await, b"partial\n");
    nothing_is_left(&bench).await;
}

#[tokio::test]
async fn a_job_that_is_dropped_is_killed_and_its_rest_is_cleaned_up() {
    let bench = bench!();
    let definition = job(json!([boxed("a", "echo ready; sleep 600")]));
    let ready = tokio_util::sync::CancellationToken::new();
    let request = bench.request(&definition);
    let cancel = bench.cancel.clone();
    let on_event = |event: grid_executor::JobEvent<'_>| {
        if event_text(event).as_deref() == Some("a: ready") {
            ready.cancel();
        }
    };
    tokio::select! {
        _ = grid_executor::run_job(request, bench.executor(), &bench.workplace, cancel, &on_event) => panic!("it should still run"),
        () = ready.cancelled() => {}
    }
    assert_eq!(clean_up_abandoned(bench.executor(), &bench.workplace, &[]).await.unwrap(), 1);
    nothing_is_left(&bench).await;
}

#[tokio::test]
async fn a_failed_op_is_started_again_and_a_service_until_it_is_stopped() {
    let bench = bench!();
    let flaky = boxed_with(
        "flaky",
        "echo x >> /grid/tries; n=$(wc -l < /grid/tries); echo try $n; [ $n -ge 3 ]",
        json!({"restart_policy": {"policy": "on-failure", "restart_tries": 5}}),
    );
    let service =
        in_group(boxed_with("service", "echo served; exit 0", json!({"restart_policy": "always"})), "g", &[]);
    let mut service = service;
    service["execution"]["group"] = "g".into();
    let done = bench.run(&job(json!([flaky]))).await;
    assert_eq!((done.op("flaky").status, done.op("flaky").diagnostics.restarts), (OpStatus::Succeeded, 2));
    assert_eq!(said(&done, "flaky"), ["try 1", "try 2", "try 3"]);
    let mut definition = job(json!([service]));
    definition["limits"] = json!({"wall_seconds": 4});
    let done = bench.run(&definition).await;
    assert!(done.op("service").diagnostics.restarts >= 1, "{:?}", done.op("service"));
    nothing_is_left(&bench).await;
}

#[tokio::test]
async fn much_and_binary_output_comes_through_whole() {
    let bench = bench!();
    let script = "printf '\\000\\001\\377\\n\\200\\n'; i=0; while [ $i -lt 30 ]; do head -c 100000 /dev/zero | tr '\\0' x; echo $i; i=$((i+1)); done; printf end";
    let done = bench.run(&job(json!([boxed("a", script)]))).await;
    let mut whole = Vec::new();
    for line in grid_executor::log::lines(&done.log) {
        whole.extend_from_slice(line.bytes);
        whole.extend(line.complete.then_some(b'\n'));
    }
    let mut expected = b"\x00\x01\xff\n\x80\n".to_vec();
    for number in 0..30 {
        expected.extend([b'x'; 100_000]);
        expected.extend(format!("{number}\n").bytes());
    }
    expected.extend(b"end");
    assert!(whole == expected, "{} bytes came, {} were written", whole.len(), expected.len());
}

#[tokio::test]
async fn a_program_or_image_that_is_not_there_is_named() {
    let bench = bench!(ContainerConfig { pull: PullPolicy::Never, ..ContainerConfig::default() });
    let done = bench.run(&job(json!([boxed("a", ["no-such-program-here"])]))).await;
    assert_eq!(done.op("a").errors[0].code, ErrorCode::NotStarted);
    assert!(done.op("a").errors[0].message.contains("no-such-program-here"), "{:?}", done.op("a").errors);
    let definition = job(json!([boxed_with("a", "true", json!({"image": "localhost/no-such-image"}))]));
    let error = bench.try_run(&definition).await.unwrap_err();
    let JobError::Prepare(PrepareError::Executor { problem, .. }) = error else { panic!("{error}") };
    assert_eq!(
        problem,
        "the image localhost/no-such-image:latest is not on this machine, and this worker pulls none"
    );
    nothing_is_left(&bench).await;
}

#[tokio::test]
async fn everything_that_cannot_be_honoured_is_listed() {
    let bench = bench!();
    let args = json!({
        "gpu": true,
        "aliases": ["Not a name"],
        "resources": [{"type": "Ollama", "model": "m"}],
        "work_dir": "../up",
        "volumes": [{"name": "v", "dest": "/proc/v"}, {"name": "v", "dest": "../x"}],
        "required_vram": 8,
        "output": "/out",
        "image": "x:%%ops.find.results.tag%%",
        "env": {"NVIDIA_VISIBLE_DEVICES": "all", "GRID_X": "1"},
    });
    let mut find = boxed("find", "true");
    find["results"] = json!({"tag": ".*"});
    let mut definition = job(json!([
        {"type": "container/create-volume", "id": "v", "args": {"name": "v"}},
        find,
        op_with("a", "echo %%ops.v.host%% %%ops.find.endpoint.80%%", args),
    ]));
    definition["inputs"] =
        json!([{"name": "i", "sha256": grid_executor::Digest::of(b"").to_string(), "dest": "/sys/i"}]);
    definition["logistics"] = json!({"send": {"type": "api-listen", "args": {}}});
    let definition = Definition::parse(definition.to_string().as_bytes()).unwrap();
    let unsupported = bench.executor().supports(&definition, &Device::cpu("cpu")).unwrap_err();
    let mut paths: Vec<&str> = unsupported.items.iter().map(|item| item.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "inputs[0].dest",
            "logistics.send",
            "ops[2].args.aliases",
            "ops[2].args.cmd",
            "ops[2].args.cmd",
            "ops[2].args.env.GRID_X",
            "ops[2].args.env.NVIDIA_VISIBLE_DEVICES",
            "ops[2].args.gpu",
            "ops[2].args.image",
            "ops[2].args.output",
            "ops[2].args.required_vram",
            "ops[2].args.resources[0]",
            "ops[2].args.volumes[0].dest",
            "ops[2].args.volumes[1].dest",
            "ops[2].args.work_dir",
        ]
    );
}

/// A definition as it was published, read unchanged.
fn published(name: &str) -> Value {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/definitions");
    serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap()
}

#[tokio::test]
async fn published_definitions_run_unchanged() {
    let bench = bench!();
    let cases = [
        ("hello.json", vec!["hello stdout 1", "hello stdout 2", "hello stdout 3"]),
        ("volumes.json", vec!["use stdout warm"]),
        ("restarts.json", vec!["flaky stdout try 1", "flaky stdout try 2"]),
        ("web.json", vec!["visitor stdout visited http://site:8080"]),
        (
            "pipeline.json",
            vec![
                "plan stdout title=Three rivers",
                "plan stdout part=Nile",
                "plan stdout part=Rhine",
                "plan stdout flags=[\"-n\",\"2\"]",
                "left stdout left of Three rivers at level 2",
                "right stdout after Nile Rhine -n 2 in $LANGUAGE",
                "report stdout left of Three rivers at level 2 by project-1 on job-1",
            ],
        ),
    ];
    for (name, expected) in cases {
        let done = bench.run(&published(name)).await;
        assert_eq!(done.outcome.document.status, JobStatus::Succeeded, "{name}: {:?}", done.outcome.document);
        assert_eq!(done.lines(), expected, "{name}");
    }
}

#[tokio::test]
async fn published_definitions_that_cannot_run_say_why() {
    let bench = bench!();
    let cases = [
        (
            "grid.json",
            vec!["requirements.gpus", "requirements.vram_bytes", "requirements.compute_capability"],
        ),
        ("groups.json", vec!["ops[0].args.gpu"]),
        (
            "resources.json",
            vec!["ops[0].args.resources[0]", "ops[0].args.resources[4]", "ops[0].args.output"],
        ),
        ("service.json", vec!["logistics.send", "logistics.receive", "ops[0].args.gpu"]),
    ];
    for (name, expected) in cases {
        let definition = Definition::parse(published(name).to_string().as_bytes()).unwrap();
        let unsupported = bench.executor().supports(&definition, &Device::cpu("cpu")).unwrap_err();
        for path in expected {
            assert!(unsupported.items.iter().any(|item| item.path == path), "{name}: {path}: {unsupported}");
        }
    }
}

/// Nothing of this test's jobs is at the engine.
async fn nothing_is_left(bench: &Bench) {
    let docker = bollard::Docker::connect_with_unix(
        &engine::socket().unwrap().to_string_lossy(),
        30,
        bollard::API_DEFAULT_VERSION,
    )
    .unwrap()
    .negotiate_version()
    .await
    .unwrap();
    let ours = bench.workplace.scratch.to_string_lossy().into_owned();
    let label = |labels: Option<&std::collections::HashMap<String, String>>| {
        labels.and_then(|labels| labels.get("grid.folder")).is_some_and(|folder| folder.starts_with(&ours))
    };
    // Only those of this test: the client library does not know every state that podman has.
    for job in ["job-1", "job-2"] {
        let filter =
            [("label", vec![format!("grid.folder={}", bench.workplace.scratch.join(job).display())])].into();
        let options = bollard::query_parameters::ListContainersOptionsBuilder::default()
            .all(true)
            .filters(&filter)
            .build();
        assert!(docker.list_containers(Some(options)).await.unwrap().is_empty(), "containers are left");
    }
    let volumes = docker.list_volumes(None::<bollard::query_parameters::ListVolumesOptions>).await.unwrap();
    assert!(!volumes.volumes.unwrap_or_default().iter().any(|v| label(Some(&v.labels))), "volumes are left");
    let networks =
        docker.list_networks(None::<bollard::query_parameters::ListNetworksOptions>).await.unwrap();
    assert!(!networks.iter().any(|network| label(network.labels.as_ref())), "networks are left");
}

#[tokio::test]
async fn nothing_is_left_of_an_ordinary_job() {
    let bench = bench!();
    let definition = job(json!([
        {"type": "container/create-volume", "id": "v", "args": {"name": "v"}},
        boxed_with("a", "true", json!({"volumes": [{"name": "v", "dest": "/v"}]})),
    ]));
    bench.run(&definition).await;
    nothing_is_left(&bench).await;
    let _: Arc<dyn Executor> = bench.executor.clone();
}
