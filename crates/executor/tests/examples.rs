//! The definitions in `examples/` do what they say.

mod support;

use std::{collections::BTreeMap, fs, path::Path};

use grid_executor::{ContentStore, JobStatus, OpStatus, Template};
use serde_json::{Value, json};
use support::*;

fn example(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)).unwrap()
}

fn json_of(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

#[tokio::test]
async fn hello_counts_to_three() {
    let bench = Bench::new();
    let done = bench.run(&json_of(&example("hello.json"))).await;
    assert_eq!(done.outcome.document.status, JobStatus::Succeeded);
    assert_eq!(done.lines(), ["hello stdout 1", "hello stdout 2", "hello stdout 3"]);
}

#[tokio::test]
async fn failing_fails() {
    let bench = Bench::new();
    let done = bench.run(&json_of(&example("failing.json"))).await;
    assert_eq!(done.outcome.document.status, JobStatus::Failed);
    assert_eq!((done.op("failing").status, done.op("failing").exit_code), (OpStatus::Failed, Some(3)));
    assert_eq!(done.lines(), ["failing stderr this job fails on purpose"]);
}

#[tokio::test]
async fn bench_cpu_measures() {
    let bench = Bench::new();
    let done = bench.run(&json_of(&example("bench-cpu.json"))).await;
    assert_eq!(done.outcome.document.status, JobStatus::Succeeded);
    assert!(done.op("bench").results["fp32_megaflops"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn word_count_counts_words() {
    let bench = Bench::new();
    let words = example("words.txt");
    let digest = bench.workplace.store.put(&words).await.unwrap();
    let mut template = Template::parse(&example("word-count.json")).unwrap();
    assert_eq!(template.unbound_inputs(), ["words"]);
    template.bind_input("words", digest).unwrap();
    let (_, bytes) = template.publish().unwrap();

    let done = bench.run(&json_of(&bytes)).await;
    assert_eq!(done.outcome.document.status, JobStatus::Succeeded, "{:?}", done.lines());

    // The same count, the slow way.
    let text = String::from_utf8(words).unwrap().to_lowercase();
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for word in text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty()) {
        *counts.entry(word).or_default() += 1;
    }
    let total: u32 = counts.values().sum();
    assert_eq!(done.op("count").results["words"], json!([total.to_string()]));
    assert_eq!(done.op("count").results["distinct"], json!([counts.len().to_string()]));
    let mut ranked: Vec<(&str, u32)> = counts.into_iter().collect();
    ranked.sort_by_key(|(word, count)| (u32::MAX - count, *word));
    let mut expected = "rank\tword\tcount\tper mille\n".to_owned();
    for (rank, (word, count)) in ranked.iter().take(10).enumerate() {
        let per_mille = (1000.0 * f64::from(*count) / f64::from(total) + 0.5) as u32;
        expected += &format!("{}\t{word}\t{count}\t{per_mille}\n", rank + 1);
    }
    assert_eq!(String::from_utf8(bench.artifact(&done, "top-words.tsv").await).unwrap(), expected);
}
