//! Typed ops become commands: which connector, what is checked, what comes out.

mod support;

use grid_connectors::{Config, Connectors, ExecutorKind, ExpandError};
use grid_executor::{Device, Executor, JobRequest, ProcessExecutor, definition::Action, prepare};
use serde_json::{Value, json};
use support::*;

fn shout(args: Value) -> Value {
    job(json!([{"type": "inference/embed", "id": "e", "args": args}]))
}

fn refusal(connectors: &Connectors, definition: &Value) -> ExpandError {
    connectors.expand(&parse(definition), ExecutorKind::Process).unwrap_err()
}

#[test]
fn the_op_keeps_its_place_and_the_rest_is_merged_in() {
    let bench = Bench::new();
    bench.write("shout", |files| {
        files.replace(
            "template.json",
            "{\"args\"",
            "{\"requirements\":{\"cpus\":2,\"memory_bytes\":10},\"args\"",
        );
        files.get("connector.toml").push_str("output_files = true\n");
    });
    let mut definition = job(json!([
        {"type": "container/run", "id": "first", "args": {"cmd": "echo x"}},
        {"type": "inference/embed", "id": "e", "args": {"model": "shout", "text": "%%global.variables.text%%"},
            "results": {"lines": "(.*)"}, "execution": {"group": "g"}},
        {"type": "container/run", "id": "last", "args": {"cmd": "echo %%ops.e.results.lines%%"},
            "execution": {"group": "g", "depends_on": ["e"]}},
    ]));
    definition["global"] = json!({
        "image": "any", "entrypoint": ["sh", "-c"], "env": {"LD_PRELOAD": "evil.so"}, "work_dir": "elsewhere",
        "variables": {"text": "a \"quoted\" text"}
    });
    definition["requirements"] = json!({"cpus": 1, "memory_bytes": 20});
    definition["outputs"] = json!([{"name": "own", "path": "own"}]);
    let definition = parse(&definition);
    let expanded = bench.connectors().expand(&definition, ExecutorKind::Process).unwrap();

    let op = &expanded.definition.ops[1];
    assert_eq!((op.id.as_str(), op.group.as_str()), ("e", "g"));
    assert_eq!((&op.results, &op.execution), (&definition.ops[1].results, &definition.ops[1].execution));
    let Action::Run(args) = &op.action else { panic!("{op:?}") };
    assert_eq!(args.argv(), ["sh", "connectors/e/shout.sh", "connectors/e"]);
    // Nothing of `global` reaches the connector's command.
    assert_eq!((&args.entrypoint, &args.work_dir, args.env.len()), (&None, &None, 0));
    assert_eq!(args.image, "connector/shout:1.2.3");

    let requirements = &expanded.definition.requirements;
    assert_eq!((requirements.cpus, requirements.memory_bytes), (Some(2), Some(20)));
    let outputs: Vec<_> = expanded
        .definition
        .outputs
        .iter()
        .map(|output| (output.name.as_str(), output.path.as_str()))
        .collect();
    assert_eq!(
        outputs,
        [("own", "own"), ("e.json", "connectors/e/output.json"), ("e.files", "connectors/e/files")]
    );
    let inputs: Vec<_> = expanded.definition.inputs.iter().map(|input| input.dest.as_str()).collect();
    assert_eq!(inputs, ["connectors/e/shout.sh", "connectors/e/input.json"]);
    let input = &expanded.files[&expanded.definition.inputs[1].sha256];
    assert_eq!(
        serde_json::from_slice::<Value>(input).unwrap(),
        json!({"model": "shout", "text": "a \"quoted\" text"})
    );
    assert_eq!(expanded.checks.keys().collect::<Vec<_>>(), ["e"]);
    // The others are untouched.
    assert_eq!(expanded.definition.ops[0], definition.ops[0]);
    assert_eq!(expanded.definition.ops[2], definition.ops[2]);
}

#[test]
fn a_definition_without_typed_ops_goes_through() {
    let mut definition =
        job(json!([{"type": "container/run", "id": "a", "args": {"image": "any", "cmd": "true"}}]));
    definition["inputs"] = json!([{"name": "x", "sha256": "0".repeat(64), "dest": "connectors/x"}]);
    let definition = parse(&definition);
    let expanded = Bench::new().connectors().expand(&definition, ExecutorKind::Process).unwrap();
    assert_eq!(expanded.definition, definition);
    assert!(expanded.files.is_empty() && expanded.checks.is_empty());
}

#[test]
fn the_connector_is_picked_by_model_name_and_version() {
    let bench = Bench::new();
    bench.write("shout", |_| {});
    let connectors = bench.connectors();
    for args in [
        json!({"model": "shout", "text": "a"}),
        json!({"connector": "shout", "model": "shout", "text": "a"}),
        json!({"connector": "shout@1.2.3", "model": "shout", "text": "a"}),
    ] {
        let expanded = connectors.expand(&parse(&shout(args.clone())), ExecutorKind::Process).unwrap();
        let typed = expanded.definition.ops[0].typed.as_ref().unwrap();
        assert_eq!(typed.connector, connectors.get("shout").unwrap().record(), "{args}");
    }
    for (args, expected) in [
        (json!({"text": "a"}), "ops[0].args.model: is missing: name the model, or the connector"),
        (json!({"model": 1}), "ops[0].args.model: expected a string"),
        (
            json!({"model": "gpt"}),
            "ops[0].args.model: no connector here for \"gpt\"; there is embed-minilm@1.0.0 (all-minilm-l6-v2), shout@1.2.3 (shout)",
        ),
        (json!({"connector": "shout@1.2.4"}), "ops[0].args.connector: no connector here for \"shout@1.2.4\""),
        (
            json!({"connector": "shout", "model": "gpt"}),
            "ops[0].args.connector: no connector here for \"shout\" with model \"gpt\"",
        ),
        // The right name, the wrong task.
        (json!({"connector": "image-sd"}), "ops[0].args.connector: no connector here for \"image-sd\""),
    ] {
        let error = refusal(&connectors, &shout(args)).to_string();
        assert!(error.starts_with(expected), "expected {expected}\nfound {error}");
    }
    // Two that answer to one model: the client must say which.
    bench.write("shout-too", |_| {});
    let error = refusal(&bench.connectors(), &shout(json!({"model": "shout", "text": "a"})));
    assert_eq!(
        error.to_string(),
        "ops[0].args.model: shout, shout-too answer to it: name one in \"connector\""
    );
    assert!(matches!(error, ExpandError::Invalid { .. }));
}

#[test]
fn args_that_break_the_schema_are_refused_at_their_path() {
    let bench = Bench::new();
    bench.write("shout", |_| {});
    let connectors = bench.connectors();
    for (args, path) in [
        (json!({"model": "shout", "text": 1}), "ops[0].args.text: "),
        (json!({"model": "shout"}), "ops[0].args: \"text\" is a required property"),
        (
            json!({"model": "shout", "text": "a", "txet": 1}),
            "ops[0].args: Additional properties are not allowed ('txet'",
        ),
        (
            json!({"model": "shout", "text": "%%global.job%%"}),
            "ops[0].args.text: %%global.job%%: the args of a typed op",
        ),
    ] {
        let error = refusal(&connectors, &shout(args));
        assert!(matches!(error, ExpandError::Invalid { .. }), "{error}");
        assert!(error.to_string().starts_with(path), "expected {path}\nfound {error}");
    }
}

#[test]
fn names_that_the_op_needs_must_be_free() {
    let bench = Bench::new();
    bench.write("shout", |_| {});
    let connectors = bench.connectors();
    let mut definition = shout(json!({"model": "shout", "text": "a"}));
    definition["outputs"] = json!([{"name": "e.json", "path": "x"}]);
    assert!(
        refusal(&connectors, &definition).to_string().starts_with("ops[0].id: an output is named \"e.json\"")
    );

    for dest in ["connectors/e/shout.sh", "./connectors/e/x", "connectors"] {
        let mut definition = shout(json!({"model": "shout", "text": "a"}));
        definition["inputs"] = json!([{"name": "x", "sha256": "0".repeat(64), "dest": dest}]);
        assert!(
            refusal(&connectors, &definition).to_string().starts_with("inputs[0].dest: the folder"),
            "{dest}"
        );
    }
}

#[test]
fn what_the_operator_has_not_done_is_said() {
    let bench = Bench::new();
    let connectors = bench.connectors();
    let embed = shout(json!({"model": "all-minilm-l6-v2", "texts": ["a"]}));
    let error = refusal(&connectors, &embed);
    assert!(matches!(&error, ExpandError::NotReady { connector, .. } if connector == "embed-minilm"));
    assert!(
        error.to_string().starts_with("ops[0]: the connector embed-minilm is not set up on this machine: ")
    );
    let error = connectors.expand(&parse(&embed), ExecutorKind::Container).unwrap_err();
    assert!(error.to_string().ends_with("has no command for the container executor"), "{error}");

    let image = job(
        json!([{"type": "inference/image", "id": "i", "args": {"model": "stable-diffusion", "prompt": "a"}}]),
    );
    let error = connectors.expand(&parse(&image), ExecutorKind::Container).unwrap_err();
    assert!(error.to_string().contains("waits for its operator to give the setting \"image\": "), "{error}");
    let image_sd = connectors.get("image-sd").unwrap();
    assert!(connectors.missing(image_sd, ExecutorKind::Container).unwrap().contains("\"image\""));
}

#[test]
fn containers_get_what_the_operator_set() {
    let bench = Bench::new();
    let settings = |image: &str| {
        [("image", image), ("model", "/models/it")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    };
    let config = Config {
        settings: [
            ("image-sd".to_owned(), settings("registry.example/sd:1")),
            ("transcribe-whisper".to_owned(), settings("registry.example/whisper:1")),
        ]
        .into(),
        ..bench.config()
    };
    let connectors = Connectors::load(config).unwrap();
    let definition = job(json!([
        {"type": "inference/image", "id": "i", "args": {"model": "stable-diffusion", "prompt": "a lighthouse"}},
        {"type": "inference/transcribe", "id": "t", "args": {"model": "whisper", "audio_file": "a.wav"}},
    ]));
    let expanded = connectors.expand(&parse(&definition), ExecutorKind::Container).unwrap().definition;
    let run = |index: usize| match &expanded.ops[index].action {
        Action::Run(args) => args.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(run(0).image, "registry.example/sd:1");
    assert_eq!(
        run(0).argv(),
        ["/bin/sh", "-c", "exec python3 -I \"$GRID_INPUTS/connectors/i/generate.py\" \"connectors/i\""]
    );
    assert_eq!(run(0).env["CONNECTOR_MODEL"], "/models/it");
    assert!(run(0).gpu && run(1).gpu);
    assert_eq!(run(1).image, "registry.example/whisper:1");
    assert_eq!(
        (expanded.requirements.gpus, expanded.requirements.vram_bytes),
        (Some(1), Some(8_000_000_000))
    );
    let outputs: Vec<_> = expanded.outputs.iter().map(|output| output.name.as_str()).collect();
    assert_eq!(outputs, ["i.json", "i.files", "t.json"]);
}

#[tokio::test]
async fn an_executor_refuses_what_nobody_expanded() {
    let bench = Bench::new();
    let definition = shout(json!({"model": "shout", "text": "a"}));
    let request = JobRequest::new("job-1", definition.to_string().as_bytes(), Device::cpu("cpu")).unwrap();
    let refused = ProcessExecutor::default().supports(&request.definition, &request.device).unwrap_err();
    assert_eq!(refused.items.len(), 1);
    assert_eq!(refused.items[0].path, "ops[0].type");
    assert!(refused.items[0].reason.contains("no connector has turned it into a command"));
    prepare(request, &bench.executor, &bench.workplace).await.unwrap_err();
}
