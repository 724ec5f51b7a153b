//! What is wrong with a connector's folder is found before it runs, all of it, each with its place.

mod support;

use grid_connectors::{Config, Connector, Connectors, LoadError};
use support::*;

/// The problems of the connector `shout` changed by `change`.
fn problems(change: impl FnOnce(&mut Files)) -> Vec<String> {
    let bench = Bench::new();
    let folder = bench.write("shout", change);
    match Connector::read(&folder) {
        Ok(_) => Vec::new(),
        Err(error) => error.problems.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn a_good_folder_has_no_problem() {
    assert_eq!(problems(|_| {}), Vec::<String>::new());
}

#[test]
fn each_mistake_is_found_at_its_place() {
    type Change = fn(&mut Files);
    let cases: &[(Change, &str)] = &[
        (|f| f.remove("connector.toml"), "connector.toml: is missing"),
        (|f| f.get("connector.toml").push_str("nam = 1\n"), "connector.toml:7: unknown field `nam`"),
        (
            |f| f.replace("connector.toml", "task = \"embed\"", "task = \"sing\""),
            "connector.toml:3: the task \"sing\" is none of embed, image, transcribe",
        ),
        (
            |f| f.replace("connector.toml", "1.2.3", "1.2"),
            "connector.toml: version: \"1.2\": a version is three numbers",
        ),
        (
            |f| f.replace("connector.toml", "\"shout\"\nv", "\"Shout\"\nv"),
            "connector.toml: name: \"Shout\": a name has",
        ),
        (
            |f| f.replace("connector.toml", "\"shout\"\nv", "\"other\"\nv"),
            "connector.toml: name: \"other\" is not the name of the folder",
        ),
        (|f| f.replace("connector.toml", "[\"shout\"]", "[]"), "connector.toml: models: names no model"),
        (
            |f| f.replace("connector.toml", "[\"shout\"]", "[\"shout\", \"shout\"]"),
            "connector.toml: models[1]: \"shout\" is given twice",
        ),
        (
            |f| f.replace("connector.toml", "[\"shout\"]", "[\"shout\", \"whisper\"]"),
            "connector.toml: models[1]: input.schema.json refuses it: args.model:",
        ),
        (
            |f| f.replace("connector.toml", "\"shout.sh\"", "\"run.sh\""),
            "connector.toml: files[0]: there is no file \"run.sh\"",
        ),
        (
            |f| f.replace("connector.toml", "\"shout.sh\"", "\"shout.sh\", \"shout.sh\""),
            "connector.toml: files[1]: \"shout.sh\" is given twice",
        ),
        (
            |f| {
                f.set("input.json", "{}");
                f.replace("connector.toml", "\"shout.sh\"", "\"input.json\"");
            },
            "connector.toml: files[0]: \"input.json\" is the place",
        ),
        (
            |f| f.get("connector.toml").push_str("[settings.loud]\nabout = \"how\"\n"),
            "connector.toml: settings.loud: no command of template.json uses {{settings.loud}}",
        ),
        (
            |f| f.get("connector.toml").push_str("[setup]\ncommand = []\nmakes = \"../x\"\n"),
            "connector.toml: setup.command: is empty",
        ),
        (
            |f| f.get("connector.toml").push_str("[setup]\ncommand = [\"true\"]\nmakes = \"../x\"\n"),
            "connector.toml: setup.makes: names a file below",
        ),
        (|f| f.remove("README.md"), "README.md: is missing"),
        (|f| f.remove("input.schema.json"), "input.schema.json: is missing"),
        (|f| f.set("input.schema.json", "{"), "input.schema.json: EOF"),
        (|f| f.set("input.schema.json", r#"{"type":"objekt"}"#), "input.schema.json: /type: "),
        (
            |f| f.replace("input.schema.json", "\"additionalProperties\":false,", ""),
            "input.schema.json: must have \"type\": \"object\" and \"additionalProperties\": false",
        ),
        (|f| f.set("output.schema.json", r#"{"$ref":"https://example.org/x.json"}"#), "output.schema.json: "),
        (|f| f.set("template.json", "{}"), "template.json: has a command for no executor"),
        (|f| f.set("template.json", r#"{"podman":{"args":{}}}"#), "template.json: unknown field `podman`"),
        (
            |f| f.replace("template.json", "\"cmd\"", "\"cmdd\""),
            "template.json: process: args.cmdd: unknown field, expected one of image, cmd",
        ),
        (
            |f| f.replace("template.json", "{{folder}}/shout.sh", "{{foldr}}/shout.sh"),
            "template.json: process: {{foldr}} stands for nothing",
        ),
        (
            |f| f.replace("template.json", "{{folder}}/shout.sh", "{{home}}/shout.sh"),
            "template.json: process: {{home}} is empty",
        ),
        (
            |f| f.replace("template.json", "\"process\"", "\"container\""),
            "template.json: container: args.image: is missing",
        ),
        (
            |f| f.set("template.json", r#"{"container":{"args":{"image":"a","cmd":"{{home}}"}}}"#),
            "template.json: container: {{home}} stands for nothing",
        ),
        (
            |f| f.replace("template.json", "{\"args\"", "{\"requirements\":{\"gpu\":1},\"args\""),
            "template.json: process: requirements.gpu: unknown field",
        ),
        (|f| f.remove("test/input.json"), "test/input.json: is missing"),
        (|f| f.set("test/input.json", "[]"), "test/input.json: is not an object"),
        (|f| f.set("test/input.json", r#"{"model":"shout","text":1}"#), "test/input.json: args.text: "),
        (
            |f| f.set("test/input.json", r#"{"model":"shout","text":"a","txet":"b"}"#),
            "test/input.json: args: Additional properties are not allowed ('txet' was unexpected)",
        ),
        (|f| f.remove("test/expect.json"), "test/expect.json: is missing"),
        (|f| f.set("test/expect.json", r#"{"output":[]}"#), "test/expect.json: has no rule"),
    ];
    for (change, expected) in cases {
        let found = problems(change);
        assert!(
            found.iter().any(|problem| problem.starts_with(expected)),
            "expected {expected}\nfound {found:#?}"
        );
    }
}

#[test]
fn all_problems_are_reported_at_once() {
    let found = problems(|files| {
        files.remove("README.md");
        files.replace("connector.toml", "1.2.3", "one");
        files.set("template.json", "{}");
        files.set("test/expect.json", "{}");
    });
    assert_eq!(found.len(), 4, "{found:#?}");
}

#[test]
fn a_folder_of_the_operator_adds_and_overrides() {
    let bench = Bench::new();
    bench.write("shout", |_| {});
    let built_in = Connectors::load(Config::new(bench.path("cache"))).unwrap();
    assert!(built_in.get("shout").is_none());
    bench.write("embed-minilm", |_| {});
    let connectors = bench.connectors();
    assert_eq!(connectors.get("shout").unwrap().manifest().version, "1.2.3");
    assert_eq!(connectors.get("embed-minilm").unwrap().manifest().models, ["shout"]);
    assert_ne!(
        connectors.get("embed-minilm").unwrap().sha256(),
        built_in.get("embed-minilm").unwrap().sha256()
    );
    assert_eq!(connectors.iter().count(), built_in.iter().count() + 1);
}

#[test]
fn a_worker_does_not_start_with_a_broken_set() {
    let bench = Bench::new();
    bench.write("shout", |_| {});
    // The same name in two folders.
    let twice = Config { folders: vec![bench.path("connectors"), bench.path("more")], ..bench.config() };
    std::fs::create_dir(bench.path("more")).unwrap();
    std::os::unix::fs::symlink(bench.path("connectors/shout"), bench.path("more/shout")).unwrap();
    assert!(matches!(Connectors::load(twice), Err(LoadError::Twice { name, .. }) if name == "shout"));

    let absent = Config { folders: vec![bench.path("absent")], ..bench.config() };
    assert!(matches!(Connectors::load(absent), Err(LoadError::Folder { .. })));

    for (connector, setting) in [("shout", "loud"), ("nobody", "x")] {
        let settings = [(connector.to_owned(), [(setting.to_owned(), "1".to_owned())].into())].into();
        let error = Connectors::load(Config { settings, ..bench.config() }).unwrap_err().to_string();
        assert!(error.starts_with(&format!("the setting {connector}.{setting} is unknown")), "{error}");
    }

    bench.write("broken", |files| files.remove("template.json"));
    assert!(matches!(Connectors::load(bench.config()), Err(LoadError::Check(_))));
}
