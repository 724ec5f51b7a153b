//! The built-in connectors, run for real where they are set up below the cache folder (`$GRID_CACHE`, else the user's).
//!
//! What is not set up is skipped, and says so. With `GRID_REQUIRE_CONNECTORS=1`, those that a CPU can run must be
//! there. `GRID_CONNECTOR_SETTINGS` may name a TOML file with the settings of others, such as
//! `[transcribe-whisper]`, `python = "…"`, `model = "…"`.

mod support;

use std::{env, fs, path::Path};

use grid_connectors::{Config, Connectors, ExecutorKind, default_cache};
use grid_executor::JobStatus;
use serde_json::{Value, json};
use support::*;

fn connectors() -> Connectors {
    let settings = env::var_os("GRID_CONNECTOR_SETTINGS")
        .map_or_else(Default::default, |path| toml::from_str(&fs::read_to_string(&path).unwrap()).unwrap());
    let cache = default_cache().unwrap_or_else(env::temp_dir);
    Connectors::load(Config { settings, ..Config::new(cache) }).unwrap()
}

/// Whether the connector can run here.
fn ready(connectors: &Connectors, name: &str) -> bool {
    let connector = connectors.get(name).unwrap();
    let missing = connectors.missing(connector, ExecutorKind::Process);
    if let Some(reason) = &missing {
        let required = env::var_os("GRID_REQUIRE_CONNECTORS").is_some_and(|value| value == "1");
        assert!(!(required && connector.manifest().setup.is_some()), "{name} {reason}");
        println!("skipped: the connector {name} {reason}");
    }
    missing.is_none()
}

async fn passes_its_own_test(name: &str) {
    let (bench, connectors) = (Bench::new(), connectors());
    if ready(&connectors, name) {
        let connector = connectors.get(name).unwrap();
        let tested = connectors.self_test(connector, &bench.executor, cpu_device(), &bench.workplace).await;
        println!("{name}: {:?}", tested.unwrap().outcome.document.ops[0].connector);
    }
}

#[tokio::test]
async fn embed_minilm_passes_its_own_test() {
    passes_its_own_test("embed-minilm").await;
}

#[tokio::test]
async fn transcribe_sphinx_passes_its_own_test() {
    passes_its_own_test("transcribe-sphinx").await;
}

#[tokio::test]
async fn transcribe_whisper_passes_its_own_test() {
    passes_its_own_test("transcribe-whisper").await;
}

fn embed(args: Value) -> Value {
    let mut args = args;
    args["model"] = "all-minilm-l6-v2".into();
    job(json!([{"type": "inference/embed", "id": "e", "args": args}]))
}

fn vectors(output: &[u8]) -> Vec<Vec<f64>> {
    let output: Value = serde_json::from_slice(output).unwrap();
    serde_json::from_value(output["embeddings"].clone()).unwrap()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[tokio::test]
async fn embeddings_mean_something() {
    let (bench, connectors) = (Bench::new(), connectors());
    if !ready(&connectors, "embed-minilm") {
        return;
    }
    let texts = [
        "How do I reset my password?",
        "I forgot my login and need a new one.",
        "The recipe needs two eggs and some flour.",
        "Mix flour with eggs to make the dough.",
        "",
        "GRÜSSE aus Zürich, 東京 🎉",
    ];
    let definition = embed(json!({"texts": texts}));
    let done = bench.run(&connectors, &definition).await;
    assert_eq!(done.outcome.document.status, JobStatus::Succeeded, "{:#?}", done.lines());
    let output = bench.artifact(&done, "e.json").await;
    let found = vectors(&output);
    assert_eq!(found.len(), texts.len());
    for vector in &found {
        assert_eq!(vector.len(), 384);
        assert!((dot(vector, vector) - 1.0).abs() < 1e-4);
    }
    let unrelated = dot(&found[0], &found[2]).max(dot(&found[1], &found[3]));
    for (a, b) in [(0, 1), (2, 3)] {
        assert!(
            dot(&found[a], &found[b]) > unrelated + 0.3,
            "{a} {b} {} {unrelated}",
            dot(&found[a], &found[b])
        );
    }
    // Measured with sentence-transformers 6.2.0 on torch 2.15.0.
    for (vector, first) in found.iter().zip(REFERENCE) {
        for (found, expected) in vector.iter().zip(first) {
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
    }
    // The same texts give the same bytes, from a file too.
    let words: String = texts.map(|text| format!("{}\n", json!({"text": text}))).concat();
    let again =
        bench.run(&connectors, &with_file(embed(json!({"texts_file": "texts"})), &bench, &words).await).await;
    assert_eq!(bench.artifact(&again, "e.json").await, output);
}

#[tokio::test]
async fn the_example_runs() {
    let (bench, connectors) = (Bench::new(), connectors());
    if !ready(&connectors, "embed-minilm") {
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/embed.json");
    let definition: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let done = bench.run(&connectors, &definition).await;
    let found = vectors(&bench.artifact(&done, "embed.json").await);
    assert!(dot(&found[0], &found[1]) > 0.7 && dot(&found[0], &found[2]) < 0.1);
}

/// The first three numbers of each vector.
const REFERENCE: [[f64; 3]; 6] = [
    [0.006903, -0.063023, -0.072044],
    [-0.078174, -0.101198, 0.044941],
    [-0.038052, -0.009609, 0.007637],
    [-0.056738, -0.006159, 0.019660],
    [-0.118838, 0.048299, -0.002548],
    [0.070411, 0.053374, 0.088875],
];

#[tokio::test]
async fn long_texts_are_cut_and_many_are_batched() {
    let (bench, connectors) = (Bench::new(), connectors());
    if !ready(&connectors, "embed-minilm") {
        return;
    }
    // Of many lengths, so that batches mix them and pad.
    let mut texts: Vec<String> =
        (0..40).map(|n| format!("number {n}{}", " and more".repeat(n % 9))).collect();
    texts.push("word ".repeat(400));
    texts.push("word ".repeat(254));
    let done = bench.run(&connectors, &embed(json!({"texts": texts}))).await;
    let output = bench.artifact(&done, "e.json").await;
    let document: Value = serde_json::from_slice(&output).unwrap();
    assert_eq!((&document["truncated"], &document["count"]), (&json!(1), &json!(42)));
    let found = vectors(&output);
    // 254 words and the two marks at the ends are all that the model takes.
    assert!(dot(&found[40], &found[41]) > 0.99999);
    // A text's vector does not depend on its neighbours.
    let alone = bench.run(&connectors, &embed(json!({"texts": [texts[17]]}))).await;
    let alone = vectors(&bench.artifact(&alone, "e.json").await);
    assert!(std::iter::zip(&alone[0], &found[17]).all(|(a, b)| (a - b).abs() < 5e-6));
    assert!(done.lines().contains(&"e stdout 42 of 42 texts".to_owned()), "{:?}", done.lines());
}

#[tokio::test]
async fn a_bad_file_is_named_with_its_line() {
    let (bench, connectors) = (Bench::new(), connectors());
    if !ready(&connectors, "embed-minilm") {
        return;
    }
    for (content, expected) in [
        ("\"good\"\nbad\n", "embed.py: texts, line 2: not JSON: "),
        ("\n{\"txt\":\"x\"}\n", "embed.py: texts, line 2: expected a string or {\"text\": string}"),
        ("\n\n", "embed.py: texts has no texts"),
    ] {
        let definition = with_file(embed(json!({"texts_file": "texts"})), &bench, content).await;
        let done = bench.run(&connectors, &definition).await;
        assert_eq!(done.outcome.document.status, JobStatus::Failed);
        let line = format!("e stderr {expected}");
        assert!(done.lines().iter().any(|found| found.starts_with(&line)), "{line}\n{:#?}", done.lines());
    }
    let done = bench.run(&connectors, &embed(json!({"texts_file": "absent"}))).await;
    let line = "e stderr embed.py: absent cannot be read: ";
    assert!(done.lines().iter().any(|found| found.starts_with(line)), "{:#?}", done.lines());
}

#[tokio::test]
async fn files_outside_the_jobs_folder_are_out_of_reach() {
    let connectors = connectors();
    if !ready(&connectors, "embed-minilm") || !ready(&connectors, "transcribe-sphinx") {
        return;
    }
    let bytes = |definition: Value| definition.to_string().into_bytes();
    for path in ["/etc/passwd", "../x", "a/../../x", "a//b", ".hidden", ""] {
        let audio = json!({"model": "pocketsphinx-en-us", "audio_file": path});
        for definition in [
            embed(json!({"texts_file": path})),
            job(json!([{"type": "inference/transcribe", "id": "t", "args": audio}])),
        ] {
            let definition = grid_executor::Definition::parse(&bytes(definition)).unwrap();
            let error = connectors.expand(&definition, ExecutorKind::Process).unwrap_err().to_string();
            assert!(error.starts_with("ops[0].args.") && error.contains("_file: "), "{path}: {error}");
        }
    }
}

/// `definition` with the input `texts`.
async fn with_file(mut definition: Value, bench: &Bench, content: &str) -> Value {
    use grid_executor::ContentStore;
    let sha256 = bench.workplace.store.put(content.as_bytes()).await.unwrap();
    definition["inputs"] = json!([{"name": "texts", "sha256": sha256}]);
    definition
}
