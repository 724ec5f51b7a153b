//! Typed ops run: the result tells the connector, and what it left is held against its schema.

mod support;

use std::fs;

use grid_connectors::{Config, Connector, Connectors, SelfTestError, SetUpError};
use grid_executor::{JobStatus, OpStatus, ResultDocument, result::ErrorCode};
use serde_json::{Value, json};
use support::*;

fn shout(text: &str) -> Value {
    job(json!([{"type": "inference/embed", "id": "e", "args": {"model": "shout", "text": text}}]))
}

#[tokio::test]
async fn the_result_tells_the_connector_and_holds_the_typed_output() {
    let bench = Bench::new();
    bench.write("shout", |_| {});
    let connectors = bench.connectors();
    let definition = shout("hello");
    let done = bench.run(&connectors, &definition).await;
    let document = &done.outcome.document;
    assert_eq!(document.status, JobStatus::Succeeded, "{:?}", done.lines());
    assert_eq!(document.definition, grid_executor::Digest::of(definition.to_string().as_bytes()));
    let op = &document.ops[0];
    assert_eq!(op.kind, "inference/embed");
    assert_eq!(op.connector, Some(connectors.get("shout").unwrap().record()));
    let output: Value = serde_json::from_slice(&bench.artifact(&done, "e.json").await).unwrap();
    assert_eq!(output["said"]["TEXT"], "HELLO");
    // It is written and read as any other document.
    let bytes = document.to_bytes().unwrap();
    assert!(String::from_utf8_lossy(&bytes).contains("\"connector\":{\"name\":\"shout\",\"sha256\":"));
    assert_eq!(&ResultDocument::parse(&bytes).unwrap(), document);
}

#[tokio::test]
async fn other_ops_build_on_a_typed_one() {
    let bench = Bench::new();
    bench.write("shout", |files| files.get("shout.sh").push_str("echo loud=yes\n"));
    let done = bench
        .run(
            &bench.connectors(),
            &job(json!([
                {"type": "inference/embed", "id": "e", "args": {"model": "shout", "text": "hello"},
                    "results": {"loud": "loud=(.*)"}, "execution": {"group": "g"}},
                {"type": "container/run", "id": "after", "execution": {"group": "g", "depends_on": ["e"]},
                    "args": {"image": "any", "cmd": "echo %%ops.e.results.loud%%; cat connectors/e/output.json"}},
            ])),
        )
        .await;
    assert_eq!(done.outcome.document.status, JobStatus::Succeeded, "{:?}", done.lines());
    assert!(done.lines().contains(&"after stdout yes".to_owned()), "{:?}", done.lines());
    assert!(done.lines().iter().any(|line| line.contains("HELLO")), "{:?}", done.lines());
}

#[tokio::test]
async fn an_output_that_is_not_as_promised_fails_the_op() {
    for (script, expected) in [
        ("echo '{\"said\":1}' >\"$1/output.json\"", "output.said: 1 is not of type \"object\""),
        ("echo '{' >\"$1/output.json\"", "output.json is not JSON: "),
        ("echo '{\"said\":{},\"said\":{}}' >\"$1/output.json\"", "output.json is not JSON: "),
        ("true", "connectors/e/output.json: No such file"),
        ("mkdir \"$1/output.json\"", "output.json is no file"),
        ("ln -s /etc/hostname \"$1/output.json\"", "connectors/e/output.json leads out of the job's folder"),
        ("truncate -s 65M \"$1/output.json\"", "output.json is no file of at most 67108864 bytes"),
        ("echo '{\"said\":{}}' >\"$1/output.json\"", "connectors/e/files: No such file"),
    ] {
        let bench = Bench::new();
        bench.write("shout", |files| {
            files.set("shout.sh", script);
            files.get("connector.toml").push_str("output_files = true\n");
        });
        let definition = job(json!([
            {"type": "inference/embed", "id": "e", "args": {"model": "shout", "text": "x"}, "execution": {"group": "g"}},
            {"type": "container/run", "id": "after", "args": {"image": "any", "cmd": "true"},
                "execution": {"group": "g", "depends_on": ["e"]}},
        ]));
        let done = bench.run(&bench.connectors(), &definition).await;
        let document = &done.outcome.document;
        assert_eq!(document.status, JobStatus::Failed, "{script}");
        let op = &document.ops[0];
        assert_eq!((op.status, op.errors[0].code), (OpStatus::Failed, ErrorCode::OutputInvalid), "{script}");
        let promised = format!("the connector shout did not leave what it promises: {expected}");
        assert!(op.errors[0].message.starts_with(&promised), "{script}: {}", op.errors[0].message);
        // Nobody builds on it.
        assert_eq!(document.ops[1].status, OpStatus::Skipped, "{script}");
    }
}

#[tokio::test]
async fn a_command_that_fails_is_not_asked_for_its_output() {
    let bench = Bench::new();
    bench.write("shout", |files| files.set("shout.sh", "exit 3"));
    let done = bench.run(&bench.connectors(), &shout("x")).await;
    let op = &done.outcome.document.ops[0];
    assert_eq!((op.exit_code, op.errors.len(), op.errors[0].code), (Some(3), 1, ErrorCode::ExitCode));
}

#[tokio::test]
async fn a_self_test_passes_or_says_why_not() {
    let bench = Bench::new();
    bench.write("shout", |files| {
        files.set("test/files/sub/word", "world");
        files.get("shout.sh").push_str("cat sub/word\n");
    });
    bench.write("wrong", |files| files.replace("test/expect.json", "HELLO", "hello"));
    bench.write("fails", |files| files.set("shout.sh", "echo no such luck >&2; exit 1"));
    let connectors = bench.connectors();
    let test = async |name: &str| {
        let connector = connectors.get(name).unwrap();
        connectors.self_test(connector, &bench.executor, cpu_device(), &bench.workplace).await
    };
    let tested = test("shout").await.unwrap();
    assert_eq!(tested.output["said"]["TEXT"], "HELLO");
    let problems = |result: Result<_, _>| match result {
        Err(SelfTestError::Failed { problems, .. }) => problems,
        Err(other) => panic!("{other}"),
        Ok(tested) => panic!("{tested:?}"),
    };
    assert_eq!(problems(test("wrong").await), ["output/said/TEXT: expected \"hello\", found \"HELLO\""]);
    assert_eq!(problems(test("fails").await), ["the command ended with exit code 1", "stderr: no such luck"]);
}

#[test]
fn set_up_installs_below_the_cache() {
    let bench = Bench::new();
    let cache = bench.path("cache");
    let with_setup = |name: &str, command: &str| {
        let folder = bench.write(name, |files| {
            let setup = format!("[setup]\ncommand = [\"sh\", \"-c\", {command:?}]\nmakes = \"bin/tool\"\n");
            files.get("connector.toml").push_str(&setup);
        });
        Connector::read(&folder).unwrap()
    };
    let good = with_setup("good", "mkdir -p $CONNECTOR_HOME/bin && cp shout.sh $CONNECTOR_HOME/bin/tool");
    let home = good.set_up(&cache).unwrap();
    assert_eq!(home, cache.join("connectors/good-1.2.3"));
    assert_eq!(
        fs::read(home.join("bin/tool")).unwrap(),
        fs::read(bench.path("connectors/good/shout.sh")).unwrap()
    );
    let failing = with_setup("failing", "exit 7");
    assert!(
        matches!(failing.set_up(&cache), Err(SetUpError::Failed { status, .. }) if status.code() == Some(7))
    );
    let lazy = with_setup("lazy", "true");
    assert!(
        matches!(lazy.set_up(&cache), Err(SetUpError::Missing { missing, .. }) if missing.ends_with("lazy-1.2.3/bin/tool"))
    );
}

#[test]
fn what_a_sandbox_must_let_commands_read_is_known() {
    let bench = Bench::new();
    let folder = bench.write("tool", |files| {
        let command = "printf '/usr\\nrelative\\n/not/there\\n' > $CONNECTOR_HOME/readable; touch $CONNECTOR_HOME/tool";
        let manifest = format!(
            "[setup]\ncommand = [\"sh\", \"-c\", {command:?}]\nmakes = \"tool\"\n[settings.model]\nabout = \"a folder\"\n"
        );
        files.get("connector.toml").push_str(&manifest);
        files.set("template.json", r#"{"process":{"args":{"cmd":["{{home}}/tool","{{settings.model}}"]}}}"#);
    });
    let model = bench.path("model");
    fs::create_dir(&model).unwrap();
    let settings = [("model".to_owned(), model.to_str().unwrap().to_owned())].into();
    let config = Config { settings: [("tool".to_owned(), settings)].into(), ..bench.config() };
    // Nothing of a connector that cannot run yet.
    assert!(Connectors::load(config.clone()).unwrap().readable().is_empty());
    let home = Connector::read(&folder).unwrap().set_up(&bench.path("cache")).unwrap();
    let mut expected = [home, "/usr".into(), model];
    expected.sort();
    assert_eq!(Connectors::load(config).unwrap().readable(), expected);
}
