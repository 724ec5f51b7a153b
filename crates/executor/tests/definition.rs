//! The job format: what is read, what is refused, and where an error points.

use std::{fs, path::Path};

use grid_executor::{
    Definition, DefinitionError, Digest, Template, TemplateError,
    definition::{
        Action, Command, HealthCheck, InferenceTask, Literals, MAX_DEFINITION_BYTES, Resource, RestartPolicy,
        RunArgs, Service, Typed,
    },
    json,
    result::ConnectorRecord,
};
use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};

fn samples() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/definitions");
    let mut samples: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, json::parse_strict(&fs::read(path).unwrap()).unwrap())
        })
        .collect();
    samples.sort_by(|a, b| a.0.cmp(&b.0));
    samples
}

fn sample(name: &str) -> Definition {
    let (_, value) = samples().into_iter().find(|(sample, _)| sample == name).unwrap();
    parse(&value).unwrap()
}

fn parse(value: &Value) -> Result<Definition, DefinitionError> {
    Definition::parse(value.to_string().as_bytes())
}

#[track_caller]
fn refused(value: &Value, message: &str) {
    let error = parse(value).expect_err("it should be refused").to_string();
    assert!(error.contains(message), "\"{error}\" does not say \"{message}\"");
}

/// A definition with one op of these args.
fn run(args: Value) -> Value {
    let mut all = json!({"image": "alpine"});
    all.as_object_mut().unwrap().extend(args.as_object().unwrap().clone());
    with_ops(json!([{"type": "container/run", "id": "a", "args": all}]))
}

fn with_ops(ops: Value) -> Value {
    json!({"version": "0.1", "type": "container", "ops": ops})
}

fn op(id: &str, execution: Value) -> Value {
    json!({"type": "container/run", "id": id, "args": {"image": "alpine", "cmd": "true"}, "execution": execution})
}

fn run_args<'a>(definition: &'a Definition, id: &str) -> &'a RunArgs {
    match &definition.ops.iter().find(|op| op.id == id).unwrap().action {
        Action::Run(args) => args,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_sample_is_read() {
    let names: Vec<String> = samples()
        .into_iter()
        .map(|(name, value)| {
            parse(&value).unwrap_or_else(|error| panic!("{name}: {error}"));
            name
        })
        .collect();
    assert_eq!(
        names,
        [
            "grid",
            "groups",
            "hello",
            "pipeline",
            "resources",
            "restarts",
            "results",
            "service",
            "volumes",
            "web"
        ]
    );
}

#[test]
fn global_fills_in_what_an_op_leaves_out() {
    let definition = sample("groups");
    let plan = run_args(&definition, "plan");
    assert_eq!((plan.image.as_str(), plan.gpu), ("docker.io/library/debian:12", true));
    assert_eq!(
        plan.env,
        [("LANGUAGE", "en"), ("LEVEL", "1")].map(|(k, v)| (k.to_owned(), v.to_owned())).into()
    );
    let store = run_args(&definition, "store");
    assert_eq!(
        store.env,
        [("LANGUAGE", "en"), ("LEVEL", "2")].map(|(k, v)| (k.to_owned(), v.to_owned())).into()
    );
    assert_eq!(store.aliases, ["store"]);
    assert_eq!(run_args(&definition, "frame").restart_policy, RestartPolicy::OnFailure { tries: None });
    assert_eq!(run_args(&definition, "report").restart_policy, RestartPolicy::OnFailure { tries: Some(3) });
}

#[test]
fn groups_run_in_order_of_appearance() {
    let definition = sample("groups");
    assert_eq!(definition.groups(), [("plan", vec![0]), ("work", vec![1, 2, 3]), ("report", vec![4])]);
}

#[test]
fn commands_have_two_forms() {
    let argv = |args| run_args(&parse(&run(args)).unwrap(), "a").argv();
    assert_eq!(argv(json!({"cmd": "echo a | cat"})), ["/bin/sh", "-c", "echo a | cat"]);
    assert_eq!(argv(json!({"cmd": ["echo", "a b"]})), ["echo", "a b"]);
    assert_eq!(argv(json!({"cmd": ["-c", "x"], "entrypoint": ["bash"]})), ["bash", "-c", "x"]);
    assert_eq!(argv(json!({"cmd": ["x"], "entrypoint": "my program"})), ["my program", "x"]);
    assert_eq!(argv(json!({})), [""; 0]);
    let definition = sample("hello");
    assert!(
        matches!(&run_args(&definition, "hello").cmd, Some(Command::Line(line)) if line.starts_with("for i"))
    );
}

#[test]
fn ports_have_four_forms() {
    let definition = sample("service");
    let ports = |id| {
        let exposed = run_args(&definition, id).expose.as_ref().unwrap();
        exposed.iter().map(|exposed| (exposed.first, exposed.last, exposed.service)).collect::<Vec<_>>()
    };
    assert_eq!(
        ports("server"),
        [
            (8080, 8080, Some(Service::WebApi)),
            (9000, 9000, Some(Service::WebSocket)),
            (10000, 10010, None),
            (7000, 7000, None)
        ]
    );
    assert_eq!(ports("prober"), [(20000, 20001, None)]);
    assert_eq!(ports("plain"), [(80, 80, None)]);
    assert_eq!(ports("single"), [(8000, 8001, Some(Service::None))]);
    let checks = &run_args(&definition, "server").expose.as_ref().unwrap()[0].health_checks;
    assert!(matches!(
        &checks[1],
        HealthCheck::Http { expected_status: 200, body: Some(_), continuous: false, .. }
    ));
}

#[test]
fn resources_and_credentials_are_read_and_not_shown() {
    let definition = sample("resources");
    let resources = run_args(&definition, "model").resources.as_ref().unwrap();
    assert_eq!(resources.len(), 6);
    assert!(matches!(&resources[2], Resource::S3 { buckets, .. } if buckets.len() == 2));
    let shown = format!("{:?} {:?}", definition.ops[0].action, sample("service").ops[0].action);
    assert!(shown.contains("SECRET_ACCESS_KEY") && !shown.contains("\"example\""), "{shown}");
}

#[test]
fn a_field_filled_in_at_run_time_is_checked_then() {
    use grid_executor::definition::Literals;
    let definition = sample("results");
    assert_eq!(run_args(&definition, "serve").expose.as_ref().unwrap().len(), 1);
    let results = |ports: &str| {
        let found = [("devices".to_owned(), json!(["d 0", "d 1"])), ("ports".to_owned(), json!([ports]))];
        Literals { results: [("scan".to_owned(), found.into())].into(), ..Literals::default() }
    };
    let args = definition.hydrate(1, &results("[7000,7001]")).unwrap().unwrap();
    assert_eq!(args.argv(), ["serve", "d 0", "d 1"]);
    assert_eq!(
        args.expose.unwrap().iter().map(|exposed| exposed.first).collect::<Vec<_>>(),
        [6000, 7000, 7001]
    );
    assert_eq!(args.env["FIRST"], "d 0 d 1");
    assert_eq!(args.env["A"], "1");
    let error = definition.hydrate(1, &results("[6000]")).unwrap_err().to_string();
    assert_eq!(error, "ops[1].args.expose: port 6000 is exposed twice");
    assert!(definition.hydrate(1, &results("[0]")).is_err());
    assert!(definition.hydrate(1, &Literals::default()).is_err());
}

/// Objects whose keys are free.
fn has_free_keys(path: &str) -> bool {
    ["meta", "env", "variables", "headers", "body", "IAM", "results"]
        .iter()
        .any(|free| path.split(['.', '[']).any(|part| part == *free))
        && !path.contains("results.")
}

/// Every object below `value` with its path.
fn objects(path: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if !map.contains_key("__spread__") {
                found.push(path.to_owned());
            }
            for (key, item) in map {
                objects(&if path.is_empty() { key.clone() } else { format!("{path}.{key}") }, item, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                objects(&format!("{path}[{index}]"), item, found);
            }
        }
        _ => {}
    }
}

fn at<'a>(value: &'a mut Value, path: &str) -> &'a mut Value {
    let pointer = path.replace('[', ".").replace(']', "");
    pointer.split('.').filter(|part| !part.is_empty()).fold(value, |value, part| match value {
        Value::Array(items) => &mut items[part.parse::<usize>().unwrap()],
        other => &mut other[part],
    })
}

#[test]
fn an_unknown_field_anywhere_is_named_with_its_path() {
    let mut checked = 0;
    for (name, value) in samples() {
        let mut paths = Vec::new();
        objects("", &value, &mut paths);
        for path in paths.iter().filter(|path| !has_free_keys(path)) {
            let mut changed = value.clone();
            at(&mut changed, path).as_object_mut().unwrap().insert("imagee".to_owned(), json!("x"));
            let error = parse(&changed).expect_err(path).to_string();
            let expected = if path.is_empty() { "imagee".to_owned() } else { format!("{path}.imagee") };
            assert!(
                error.starts_with(&format!("{expected}: unknown field, expected one of ")),
                "{name}: {path}: {error}"
            );
            checked += 1;
        }
    }
    assert!(checked > 60, "{checked}");
}

#[test]
fn a_null_anywhere_is_refused_with_its_path() {
    for (name, value) in samples() {
        let mut paths = Vec::new();
        objects("", &value, &mut paths);
        for path in paths.iter().filter(|path| !has_free_keys(path)) {
            let keys: Vec<String> =
                at(&mut value.clone(), path).as_object().unwrap().keys().cloned().collect();
            // Any JSON may be the body of a health check.
            for key in keys.into_iter().filter(|key| key != "body") {
                let mut changed = value.clone();
                at(&mut changed, path)[&key] = Value::Null;
                let error = parse(&changed).expect_err(&key).to_string();
                // A union is refused as a whole where its tag is gone.
                assert!(error.starts_with(path.as_str()), "{name}: {path}.{key}: {error}");
            }
        }
    }
}

#[test]
fn the_bytes_may_be_written_in_any_way() {
    for (name, value) in samples() {
        let pretty = Definition::parse(serde_json::to_string_pretty(&value).unwrap().as_bytes()).unwrap();
        assert_eq!(pretty, parse(&value).unwrap(), "{name}");
    }
}

/// Random damage gives an error or a definition that reads the same again, and never a panic.
#[test]
fn damaged_definitions_never_panic() {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let samples = samples();
    let values = [
        json!(null),
        json!(-1),
        json!(70000),
        json!(1.5),
        json!(""),
        json!("%%"),
        json!("%%ops.a.results.%%"),
        json!("%%global.job%%"),
        json!("9-1"),
        json!("../x"),
        json!([]),
        json!({}),
        json!([[[]]]),
        json!({"__spread__": "%%ops.scan.results.ports%%"}),
        json!("__remove-if-empty__"),
    ];
    let (mut read, mut refused) = (0, 0);
    for _ in 0..4000 {
        let mut value = samples.choose(&mut random).unwrap().1.clone();
        for _ in 0..random.random_range(1..3) {
            damage(&mut value, &mut random, &values);
        }
        match parse(&value) {
            Ok(definition) => {
                assert_eq!(Definition::parse(value.to_string().as_bytes()).unwrap(), definition);
                read += 1;
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                refused += 1;
            }
        }
    }
    assert!(read > 100 && refused > 1000, "{read} {refused}");
    for _ in 0..2000 {
        let mut bytes = samples.choose(&mut random).unwrap().1.to_string().into_bytes();
        let position = random.random_range(0..bytes.len());
        bytes[position] = random.random();
        let _ = Definition::parse(&bytes);
    }
}

fn damage(value: &mut Value, random: &mut ChaCha8Rng, values: &[Value]) {
    let deeper = random.random_range(0..4) != 0;
    match value {
        Value::Object(map) if deeper && !map.is_empty() => {
            let keys: Vec<String> = map.keys().cloned().collect();
            let key = keys.choose(random).unwrap();
            if random.random_range(0..8) == 0 {
                drop(map.remove(key))
            } else {
                damage(&mut map[key], random, values)
            }
        }
        Value::Array(items) if deeper && !items.is_empty() => {
            let index = random.random_range(0..items.len());
            if random.random_range(0..8) == 0 {
                let copy = items[index].clone();
                items.push(copy);
            } else {
                damage(&mut items[index], random, values);
            }
        }
        other => *other = values.choose(random).unwrap().clone(),
    }
}

#[test]
fn the_outside_is_checked() {
    let good = with_ops(json!([op("a", json!({}))]));
    parse(&good).unwrap();
    let change = |key: &str, value: Value| {
        let mut changed = good.clone();
        changed[key] = value;
        changed
    };
    refused(&change("version", json!("0.2")), "version: \"0.2\" is none of 0.1");
    refused(&change("type", json!("vm")), "type: \"vm\" is none of container");
    refused(&change("ops", json!([])), "ops: a definition has 1 to 64 ops, this one has 0");
    refused(&json!([]), "the definition: expected an object, found a list");
    refused(&json!({"version": "0.1", "type": "container"}), "ops: is missing");
    let many: Vec<Value> = (0..65).map(|index| op(&format!("op{index}"), json!({}))).collect();
    refused(&with_ops(json!(many)), "ops: a definition has 1 to 64 ops, this one has 65");
    let rules: Map<String, Value> = (0..257).map(|index| (index.to_string(), json!("x"))).collect();
    refused(
        &with_ops(json!([{"type": "container/run", "id": "a", "args": {"image": "x"}, "results": rules}])),
        "ops: a definition has at most 256 results, this one has 257",
    );
}

#[test]
fn bytes_that_are_no_definition_are_refused() {
    let error = Definition::parse(b"{\"version\":\"0.1\",\"version\":\"0.1\"}").unwrap_err().to_string();
    assert!(error.contains("the key \"version\" is given twice"), "{error}");
    assert!(matches!(Definition::parse(b"{"), Err(DefinitionError::Json(_))));
    assert!(matches!(Definition::parse(b"\xff\xfe"), Err(DefinitionError::Json(_))));
    let mut large = serde_json::to_vec(&with_ops(json!([op("a", json!({}))]))).unwrap();
    large.resize(MAX_DEFINITION_BYTES, b' ');
    Definition::parse(&large).unwrap();
    large.push(b' ');
    let error = Definition::parse(&large).unwrap_err();
    assert!(
        matches!(error, DefinitionError::TooLarge { size_bytes } if size_bytes == MAX_DEFINITION_BYTES + 1)
    );
}

#[test]
fn ids_and_types_are_checked() {
    for id in ["", "a b", "a\tb", "a\n", &"x".repeat(129)] {
        refused(&with_ops(json!([op(id, json!({}))])), "ops[0].id: an id has 1 to 128 bytes and no spaces");
    }
    refused(
        &with_ops(json!([op("a", json!({})), op("a", json!({}))])),
        "ops[1].id: \"a\" is the id of ops[0] already",
    );
    let of_type = |kind: &str| with_ops(json!([{"type": kind, "id": "a", "args": {}}]));
    refused(&of_type("container/ran"), "ops[0].type: \"container/ran\" is none of container/run,");
    refused(
        &of_type("inference/sing"),
        "ops[0].type: \"inference/sing\" is none of inference/embed, inference/image, inference/transcribe",
    );
    refused(
        &of_type("bench/tpu"),
        "\"bench/tpu\" is none of container/run, container/create-volume, bench/cpu, bench/gpu",
    );
    refused(&of_type("container/run"), "ops[0].args.image: is missing: set it here or in global.image");
    refused(&of_type("container/create-volume"), "ops[0].args.name: is missing");
    refused(&with_ops(json!([{"id": "a", "args": {}}])), "ops[0].type: is missing");
    refused(&with_ops(json!([{"type": "container/run", "id": "a"}])), "ops[0].args: is missing");
}

#[test]
fn dependencies_are_checked() {
    let group = |depends_on: Value| json!({"group": "g", "depends_on": depends_on});
    let two = |a: Value, b: Value| with_ops(json!([op("a", a), op("b", b)]));
    parse(&two(group(json!([])), group(json!(["a"])))).unwrap();
    parse(&two(group(json!(["b"])), group(json!([])))).unwrap();
    parse(&two(json!({}), json!({"depends_on": ["a"]}))).unwrap();
    let path = "ops[1].execution.depends_on[0]: ";
    refused(&two(group(json!([])), group(json!(["c"]))), &format!("{path}\"c\" is no op of this definition"));
    refused(&two(group(json!([])), group(json!(["b"]))), &format!("{path}\"b\" is the op itself"));
    refused(&two(group(json!([])), group(json!(["a", "a"]))), "depends_on[1]: \"a\" is given twice");
    refused(&two(json!({"group": "h"}), group(json!(["a"]))), &format!("{path}\"a\" is in another group"));
    refused(&two(json!({}), group(json!(["a"]))), &format!("{path}\"a\" is in another group"));
    refused(
        &two(json!({"depends_on": ["b"]}), json!({})),
        "ops[0].execution.depends_on[0]: \"b\" comes later",
    );
    refused(
        &two(group(json!(["b"])), group(json!(["a"]))),
        "ops[0].execution.depends_on: depends on itself in a circle; look at a, b",
    );
    refused(
        &with_ops(json!([
            op("a", group(json!(["c"]))),
            op("b", group(json!(["a"]))),
            op("c", group(json!(["b"])))
        ])),
        "in a circle",
    );
}

#[test]
fn ports_are_checked() {
    for good in
        [json!(1), json!(65535), json!("80"), json!("1-65535"), json!([1, "2-3", {"port": 4}]), json!([])]
    {
        parse(&run(json!({"expose": good}))).unwrap();
    }
    for bad in [
        json!(0),
        json!(65536),
        json!(-1),
        json!(1.5),
        json!("a"),
        json!("5-5"),
        json!("6-5"),
        json!("1-2-3"),
        json!(true),
    ] {
        refused(&run(json!({"expose": bad})), "ops[0].args.expose: expected a port from 1 to 65535");
    }
    refused(&run(json!({"expose": [1, 2, "0-5"]})), "ops[0].args.expose[2]: expected a port");
    refused(&run(json!({"expose": [80, 80]})), "ops[0].args.expose: port 80 is exposed twice");
    refused(&run(json!({"expose": ["80-90", 85]})), "port 85 is exposed twice");
    refused(&run(json!({"expose": ["80-90", "90-91"]})), "port 90 is exposed twice");
    refused(
        &run(json!({"expose": {"port": 80, "type": "webs"}})),
        "expose.type: \"webs\" is none of web, api",
    );
    let check = |check: Value| run(json!({"expose": [{"port": 80, "health_checks": [check]}]}));
    let path = "ops[0].args.expose[0].health_checks[0]";
    refused(&check(json!({"type": "tcp"})), &format!("{path}: needs a \"type\", \"http\" or \"websocket\""));
    refused(&check(json!({"type": "http", "path": "x"})), &format!("{path}.path: must start with \"/\""));
    refused(
        &check(json!({"type": "http", "path": "/", "method": "get"})),
        &format!("{path}.method: \"get\" is none of GET"),
    );
    refused(
        &check(json!({"type": "http", "path": "/", "method": "GET", "expected_status": 99})),
        &format!("{path}.expected_status: must be an HTTP status"),
    );
}

#[test]
fn args_are_checked() {
    refused(&run(json!({"image": ""})), "ops[0].args.image: must not be empty");
    refused(&run(json!({"cmd": 5})), "ops[0].args.cmd: expected a string or a list of strings");
    refused(&run(json!({"cmd": ["a", 5]})), "ops[0].args.cmd[1]: expected a string, found the number 5");
    refused(&run(json!({"cmd": "a\u{0}b"})), "ops[0].args.cmd: must not hold a NUL character");
    refused(&run(json!({"env": {"A": 1}})), "ops[0].args.env.A: expected a string, found the number 1");
    refused(&run(json!({"env": {"A B.c": 1}})), "ops[0].args.env[\"A B.c\"]: expected a string");
    refused(&run(json!({"env": {"A=B": "1"}})), "ops[0].args.env: \"A=B\" cannot be an environment variable");
    refused(&run(json!({"gpu": "yes"})), "ops[0].args.gpu: expected true or false");
    refused(
        &run(json!({"restart_policy": "sometimes"})),
        "ops[0].args.restart_policy: \"sometimes\" is none of",
    );
    refused(
        &run(json!({"restart_policy": {"policy": "no", "restart_tries": 1}})),
        "ops[0].args.restart_policy.restart_tries: belongs to the policy \"on-failure\" only",
    );
    refused(&run(json!({"resources": [{"type": "FTP"}]})), "ops[0].args.resources[0]: needs a \"type\"");
    refused(
        &run(json!({"resources": [{"type": "S3", "target": "/x"}]})),
        "ops[0].args.resources[0]: needs either \"url\"",
    );
    refused(&run(json!({"volumes": [{"name": "v"}]})), "ops[0].args.volumes[0].dest: is missing");
    // A mistake in global is reported there, not at the op that inherits it.
    let mut global = run(json!({}));
    global["global"] = json!({"gpu": 1});
    refused(&global, "global.gpu: expected true or false");
}

#[test]
fn volumes_are_checked() {
    let volume =
        |id: &str, name: &str| json!({"type": "container/create-volume", "id": id, "args": {"name": name}});
    let user = json!({"type": "container/run", "id": "u", "args": {"image": "x", "volumes": [{"name": "v", "dest": "/d"}]}});
    parse(&with_ops(json!([volume("a", "v"), user]))).unwrap();
    refused(&with_ops(json!([user])), "ops[0].args.volumes[0].name: no container/create-volume op");
    refused(
        &with_ops(json!([user, volume("a", "v")])),
        "ops[0].args.volumes[0].name: no container/create-volume op",
    );
    refused(
        &with_ops(json!([volume("a", "v"), volume("b", "v")])),
        "ops[1].args.name: the volume \"v\" is made twice",
    );
    for name in ["", "..", ".hidden", "a/b", "a b", &"x".repeat(65)] {
        refused(&with_ops(json!([volume("a", name)])), "ops[0].args.name: a volume's name has");
    }
}

#[test]
fn results_are_checked() {
    let with = |results: Value| {
        with_ops(json!([{"type": "container/run", "id": "a", "args": {"image": "x"}, "results": results}]))
    };
    parse(&with(json!({"k": "a(b)?c", "l": {"regex": "x", "logType": ["stdout"]}}))).unwrap();
    refused(
        &with(json!({"k": "a("})),
        "ops[0].results.k: is no regular expression this format knows: unclosed group",
    );
    refused(
        &with(json!({"k": "(?=a)"})),
        "ops[0].results.k: is no regular expression this format knows: look-around",
    );
    refused(&with(json!({"k": "(a{1000}){1000}"})), "ops[0].results.k: is no regular expression");
    refused(&with(json!({"k": {"regex": "("}})), "ops[0].results.k.logType: is missing");
    refused(&with(json!({"k": {"regex": "x", "logType": []}})), "ops[0].results.k.logType: names 1 to 4 of");
    refused(
        &with(json!({"k": {"regex": "x", "logType": ["stdlog"]}})),
        "ops[0].results.k.logType[0]: \"stdlog\" is none of stdin, stdout, stderr, nodeerr",
    );
}

#[test]
fn literals_are_checked() {
    refused(&run(json!({"cmd": "%%global.moon%%"})), "ops[0].args.cmd: %%global.moon%% stands for nothing");
    refused(
        &run(json!({"cmd": ["%%global.variables.x%%"]})),
        "ops[0].args.cmd[0]: %%global.variables.x%%: global.variables has no",
    );
    refused(
        &run(json!({"env": {"A": "%%ops.b.host%%"}})),
        "ops[0].args.env.A: %%ops.b.host%%: there is no op of that id",
    );
    let two = |group: Value, depends_on: Value, cmd: &str| {
        let mut first = op("a", group.clone());
        first["results"] = json!({"k": "x"});
        let mut second = op("b", json!({"depends_on": depends_on}));
        if let Some(group) = group.get("group") {
            second["execution"]["group"] = group.clone();
        }
        second["args"]["cmd"] = json!(cmd);
        with_ops(json!([first, second]))
    };
    parse(&two(json!({}), json!([]), "%%ops.a.results.k%%")).unwrap();
    parse(&two(json!({"group": "g"}), json!(["a"]), "%%ops.a.results.k%%")).unwrap();
    refused(
        &two(json!({"group": "g"}), json!([]), "%%ops.a.results.k%%"),
        "ops[1].args.cmd: %%ops.a.results.k%%: that op does not end before this one",
    );
    refused(&two(json!({}), json!([]), "%%ops.a.results.z%%"), "that op's results have no such key");
    refused(&run(json!({"cmd": "%%ops.a.results.k%%"})), "that op does not end before this one");
}

#[test]
fn what_grid_adds_is_checked() {
    let with = |key: &str, value: Value| {
        let mut definition = run(json!({}));
        definition[key] = value;
        definition
    };
    const HEX: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    refused(
        &with("requirements", json!({"compute_capability": 8.6})),
        "requirements.compute_capability: expected a string",
    );
    refused(&with("requirements", json!({"cuda": "twelve"})), "requirements.cuda: expected a version");
    refused(&with("limits", json!({"memory_bytes": 0})), "limits.memory_bytes: must be at least 1");
    refused(&with("limits", json!({"log_bytes": 1_u64 << 31})), "limits.log_bytes: must be at most");
    refused(&with("limits", json!({"wall_seconds": 1.5})), "limits.wall_seconds: expected a whole number");

    refused(&with("inputs", json!([{"name": "a"}])), "inputs[0].sha256: is missing: bind the input \"a\"");
    refused(
        &with("inputs", json!([{"name": "a", "sha256": "xyz"}])),
        "inputs[0].sha256: \"xyz\" is not a SHA-256",
    );
    let input = |name: &str, dest: &str| json!({"name": name, "sha256": HEX, "dest": dest});
    for dest in ["../a", "a/../../b", "", "/", "."] {
        refused(&with("inputs", json!([input("a", dest)])), "inputs[0].dest: ");
    }
    refused(
        &with("inputs", json!([input("a", "x"), input("a", "y")])),
        "inputs[1].name: \"a\" is given twice",
    );
    refused(
        &with("inputs", json!([input("a", "x"), input("b", "x")])),
        "inputs[0].dest: \"x\" and \"x\" cannot both",
    );
    refused(
        &with("inputs", json!([input("a", "x"), input("b", "x/y")])),
        "inputs[1].dest: \"x\" and \"x/y\" cannot both",
    );
    parse(&with("inputs", json!([input("a", "x"), input("b", "xy")]))).unwrap();

    let many: Vec<Value> = (0..257).map(|index| input(&index.to_string(), &index.to_string())).collect();
    refused(&with("inputs", json!(many)), "inputs: has 257 items, the limit is 256");

    let output = |name: &str, path: &str| json!({"name": name, "path": path});
    for path in ["/etc/shadow", "../up", "a/../../b", ""] {
        refused(&with("outputs", json!([output("a", path)])), "outputs[0].path: ");
    }
    for name in ["", "..", "a/b", ".x", "a b"] {
        refused(&with("outputs", json!([output(name, "x")])), "outputs[0].name: a name has 1 to 64");
    }
    refused(
        &with("outputs", json!([output("a", "x"), output("a", "y")])),
        "outputs[1].name: \"a\" is given twice",
    );

    for kind in ["bench/cpu", "bench/gpu"] {
        let bench = |args: Value| with_ops(json!([{"type": kind, "id": "b", "args": args}]));
        parse(&bench(json!({}))).unwrap();
        parse(&bench(json!({"seconds": 0.1}))).unwrap();
        refused(&bench(json!({"seconds": 0.09})), "ops[0].args.seconds: must be from 0.1 to 60");
        refused(&bench(json!({"seconds": 61})), "ops[0].args.seconds: must be from 0.1 to 60");
        refused(&bench(json!({"second": 1})), "ops[0].args.second: unknown field, expected one of seconds");
        let mut limited = bench(json!({"seconds": 5}));
        limited["limits"] = json!({"wall_seconds": 2});
        refused(&limited, "ops[0].args.seconds: is more than limits.wall_seconds, 2");
    }
}

#[test]
fn a_template_is_bound_then_published() {
    let mut document = run(json!({"cmd": "cat words"}));
    document["inputs"] =
        json!([{"name": "words"}, {"name": "fixed", "sha256": Digest::of(b"fixed").to_string()}]);
    let mut template = Template::parse(document.to_string().as_bytes()).unwrap();
    assert_eq!(template.unbound_inputs(), ["words"]);
    let error = template.publish().unwrap_err().to_string();
    assert!(error.starts_with("inputs[0].sha256: is missing: bind the input \"words\""), "{error}");

    let error = template.bind_input("word", Digest::of(b"")).unwrap_err().to_string();
    assert_eq!(error, "the definition has no input \"word\"; it has words, fixed");
    let error = template.bind_input("fixed", Digest::of(b"other")).unwrap_err();
    assert!(matches!(error, TemplateError::BoundOtherwise { .. }), "{error}");
    template.bind_input("fixed", Digest::of(b"fixed")).unwrap();

    template.bind_input("words", Digest::of(b"some words")).unwrap();
    assert!(template.unbound_inputs().is_empty());
    let (definition, bytes) = template.publish().unwrap();
    assert_eq!(definition.inputs[0].sha256, Digest::of(b"some words"));
    assert_eq!(Definition::parse(&bytes).unwrap(), definition);
    assert_eq!(template.publish().unwrap().1, bytes, "the same template gives the same bytes");
}

fn typed(id: &str, args: Value) -> Value {
    json!({"type": "inference/embed", "id": id, "args": args})
}

#[test]
fn typed_ops_are_read_and_wait_for_a_connector() {
    let mut later = op("later", json!({}));
    later["args"]["cmd"] = "echo %%ops.e.results.count%%".into();
    let mut first = typed("e", json!({"model": "m", "texts": ["%%global.variables.text%%"]}));
    first["results"] = json!({"count": "([0-9]+) texts"});
    let mut value = with_ops(json!([first, later]));
    value["global"] = json!({"image": "alpine", "variables": {"text": "hello"}});
    let definition = parse(&value).unwrap();
    assert_eq!(definition.ops[0].action, Action::Inference(InferenceTask::Embed));
    // `global` is for commands.
    assert_eq!(definition.args(0), Some(&json!({"model": "m", "texts": ["%%global.variables.text%%"]})));
    assert_eq!(definition.hydrate(0, &Literals::default()).unwrap(), None);

    // Its results are those of its log, as any other op's.
    value["ops"][0]["results"] = json!({});
    refused(&value, "ops[1].args.cmd: %%ops.e.results.count%%: that op's results have no such key");
    refused(&with_ops(json!([typed("e", json!([]))])), "ops[0].args: expected an object");
    for id in ["a/b", ".a", "ä", &"a".repeat(59)] {
        refused(
            &with_ops(json!([typed(id, json!({}))])),
            "ops[0].id: a typed op's artifacts are named after it",
        );
    }
    parse(&with_ops(json!([typed(&"a".repeat(58), json!({}))]))).unwrap();
}

#[test]
fn a_connectors_command_takes_the_place_of_a_typed_op() {
    let connector = ConnectorRecord { name: "c".into(), version: "1.0.0".into(), sha256: Digest::of(b"c") };
    let mut value = with_ops(json!([typed("e", json!({"model": "m"})), op("a", json!({}))]));
    value["global"] =
        json!({"image": "alpine", "env": {"A": "1"}, "gpu": true, "entrypoint": "sh", "work_dir": "w"});
    let mut definition = parse(&value).unwrap();
    let before = definition.clone();
    let args = json!({"image": "any", "cmd": ["run"]});
    definition.expand_inference(0, args.clone(), connector.clone()).unwrap();
    let run = run_args(&definition, "e");
    assert_eq!(
        (run.argv(), run.gpu, &run.work_dir, run.env.len()),
        (vec!["run".to_owned()], false, &None, 0)
    );
    assert_eq!(definition.hydrate(0, &Literals::default()).unwrap().as_ref(), Some(run));
    assert_eq!(
        definition.ops[0].typed,
        Some(Typed { task: InferenceTask::Embed, connector: connector.clone() })
    );
    assert_eq!(definition.ops[1], before.ops[1]);
    definition.validate().unwrap();

    // Only a typed op can be replaced, and only by a command that the format knows.
    let expanded = definition.clone();
    definition.expand_inference(0, json!({"image": "other"}), connector.clone()).unwrap();
    definition.expand_inference(1, args, connector.clone()).unwrap();
    assert_eq!(definition, expanded);
    let error =
        before.clone().expand_inference(0, json!({"image": "any", "cmdd": "x"}), connector).unwrap_err();
    assert!(error.to_string().starts_with("ops[0].args.cmdd: unknown field"), "{error}");
}
