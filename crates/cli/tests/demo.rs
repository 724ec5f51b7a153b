//! The `grid` binary as a user runs it: the demo to its end, and wrong input to its error.

use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn grid(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grid"));
    if std::env::var_os("GRID_SBF_DIR").is_none() {
        command.env("GRID_SBF_DIR", concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/deploy"));
    }
    command.args(arguments).output().expect("grid runs")
}

fn file(folder: &Path, name: &str, content: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).expect("the file can be written");
    path
}

#[track_caller]
fn refused(arguments: &[&str], exit_code: i32, says: &[&str]) {
    let output = grid(arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(exit_code), "{error}");
    for part in says {
        assert!(error.contains(part), "`{part}` is missing in: {error}");
    }
    assert!(output.stdout.is_empty(), "nothing was started: {}", String::from_utf8_lossy(&output.stdout));
}

/// Every transition with its cost, the artifact on disk, and the ledger to the atom.
#[test]
fn the_demo_runs_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let words = file(folder.path(), "words.txt", "one two two three three three\n");
    let output = folder.path().join("output");
    let ran =
        grid(&["demo", "--json", "--input", words.to_str().unwrap(), "--output", output.to_str().unwrap()]);
    let (text, error) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{text}\n{error}");
    let lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect();

    let transactions: Vec<&Value> = lines.iter().filter(|line| line["type"] == "transaction").collect();
    for step in [
        "initialize_config",
        "open_vault",
        "open_market",
        "grow_market",
        "open_project",
        "deposit",
        "open_device",
        "fund_bond",
        "list",
        "delist",
        "work_gated",
        "start_gated",
        "finish",
        "leave",
        "withdraw_earnings",
        "withdraw_bond",
        "close_device",
        "close_job",
        "withdraw",
        "close_project",
        "open_settings",
        "open_pool",
        "set_stake_mint",
        "stake",
        "enter",
        "sync",
        "collect_fees",
        "claim",
        "create_collection",
        "propose_collection_role",
        "accept_collection_role",
        "set_admission",
        "register_node",
        "attest",
        "issue_access",
        "admit_device",
        "dismiss_device",
        "revoke_access",
        "revoke_attestation",
        "close_node",
        "close_market",
        "unstake",
        "exit",
        "close",
    ] {
        let found: Vec<_> = transactions.iter().filter(|line| line["step"] == step).collect();
        assert!(!found.is_empty(), "no {step}");
        for line in found {
            assert!(
                line["compute_units"].as_u64().unwrap() > 0 && line["fee_lamports"].as_u64().unwrap() > 0
            );
            let events = if step == "collect_fees" { 2 } else { 1 };
            assert_eq!(line["events"].as_array().unwrap().len(), events, "{line}");
        }
    }
    let transitions: String = transactions.iter().map(|line| line["transitions"].to_string()).collect();
    assert!(transitions.contains("idle -> assigned"), "a job waited");
    assert!(transitions.contains("which waited; escrow"), "a device waited");
    assert!(transitions.contains("queued -> closed"), "a job was delisted");
    assert_eq!(transitions.matches("running -> done").count(), 4);

    the_node_was_onboarded(&lines);

    let counted = std::fs::read_to_string(output.join("top-words.tsv")).unwrap();
    assert!(counted.starts_with("rank\tword\tcount\tper mille\n1\tthree\t3\t500\n"), "{counted}");

    let balances = lines.iter().find(|line| line["type"] == "balances").expect("balances");
    let columns = balances["columns"].as_array().unwrap();
    assert_eq!(columns.len(), 4);
    for column in columns {
        assert_eq!(column["vault"], column["owed"]["total"], "the ledger equality: {column}");
    }
    let atoms = |column: usize, what: &str| columns[column][what].as_u64().expect("atoms");
    // 151 atoms of fees or more, by the seconds that the jobs ran: 60 % to stakers, 10 % burnt, the rest to the treasury.
    let (burnt, treasury) = (atoms(0, "supply") - atoms(3, "supply"), atoms(3, "treasury"));
    let earned = atoms(3, "staker") - atoms(0, "staker");
    let fees = burnt + treasury + earned + atoms(3, "rewards_vault");
    assert_eq!(atoms(0, "supply"), 3_000_000_000);
    assert!(burnt > 0 && burnt == fees / 10, "{burnt} of {fees} burnt");
    assert!(earned == fees * 6 / 10 || earned + 1 == fees * 6 / 10, "{earned} of {fees} earned");
    assert_eq!(atoms(1, "stakes_vault"), 600_000_000, "the staker's 500 tokens and the node's 100");
    let end = &columns[3];
    assert_eq!((&end["vault"], &end["stakes_vault"]), (&0.into(), &0.into()), "nothing is left: {end}");
    assert!(end["node"].as_u64() > Some(1_000_000_000), "the node earned: {end}");
}

/// The benchmark ran for real, its score was attested, what is on chain was checked, and the market refused before.
#[track_caller]
fn the_node_was_onboarded(lines: &[Value]) {
    let position = |what: &dyn Fn(&Value) -> bool, name: &str| {
        lines.iter().position(what).unwrap_or_else(|| panic!("no {name}"))
    };
    let note = |subject: &str, begins: &str| {
        let is_it = |line: &Value| {
            line["subject"] == subject && line["text"].as_str().is_some_and(|text| text.starts_with(begins))
        };
        position(&is_it, begins)
    };
    let step = |name: &str| position(&|line: &Value| line["step"] == name, name);
    let text = |line: usize| lines[line]["text"].as_str().unwrap_or_default().to_owned();
    let transition = |line: usize| lines[line]["transitions"][0].as_str().unwrap_or_default().to_owned();

    let (figure, result) =
        (note("node's benchmark", "fp32_megaflops = "), note("node's benchmark", "Succeeded"));
    let (read, held) = (note("attestor", "reads a score"), note("chain", "record, attestation and the NFT"));
    let refusals =
        [note("work", "refused: AdmissionAsked"), note("work_gated", "refused: DeviceNotAdmitted")];
    let order = [
        step("create_collection"),
        step("set_admission"),
        note("node", ""),
        step("register_node"),
        figure,
        result,
        read,
        step("attest"),
        step("issue_access"),
        held,
        refusals[0],
        refusals[1],
        step("admit_device"),
        step("work_gated"),
        step("start_gated"),
        step("dismiss_device"),
        step("revoke_access"),
        step("close_node"),
    ];
    assert!(order.is_sorted(), "{order:?}");

    let score = text(figure).trim_start_matches("fp32_megaflops = ").to_owned();
    assert!(score.parse::<u64>().unwrap() > 100, "{score}");
    assert!(text(read).contains(&format!("score of {score} fp32 megaflops")), "{}", text(read));
    let attested = transition(step("attest"));
    assert!(attested.starts_with(&format!("node: {score} fp32 megaflops (class 1)")), "{attested}");
    let digest = text(result).rsplit(' ').next().unwrap().to_owned();
    assert!(digest.len() == 64 && attested.ends_with(&digest), "{attested}: {digest}");
    let took = |line: usize| lines[line]["at_ms"].as_u64().unwrap();
    assert!(took(result) >= took(step("register_node")) + 3_000, "the benchmark measures for 3 s");
    assert!(transition(step("set_admission")).contains("at least 100 fp32 megaflops"));
    assert!(text(note("node", "")).contains("MiB of memory"), "{}", text(note("node", "")));
    assert!(!lines.iter().any(|line| line["step"] == "work" && line["type"] == "transaction"));
}

#[test]
fn a_wrong_amount_is_refused() {
    refused(&["demo", "--deposit", "ten"], 2, &["`ten` is no amount of tokens", "--deposit"]);
    refused(&["demo", "--deposit", "1.0000001"], 2, &["7 digits behind the point", "only 6"]);
    refused(&["demo", "--deposit", "0"], 2, &["more than nothing"]);
    refused(&["demo", "--deposit=-1"], 2, &["is no amount of tokens"]);
}

#[test]
fn a_missing_file_is_refused() {
    refused(&["demo", "--input", "no/such/file"], 1, &["--input no/such/file", "No such file", "text file"]);
    refused(&["demo", "--job", "no/such/job.json"], 1, &["--job no/such/job.json", "No such file"]);
}

#[test]
fn an_empty_input_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let empty = file(folder.path(), "empty.txt", "");
    refused(&["demo", "--input", empty.to_str().unwrap()], 1, &["the file is empty"]);
}

#[test]
fn an_unknown_field_in_a_definition_is_refused_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let definition = r#"{"version":"0.1","type":"container","ops":[
        {"type":"container/run","id":"a","args":{"image":"x","cmd":"true","imagee":"y"}}]}"#;
    let job = file(folder.path(), "job.json", definition);
    refused(&["demo", "--job", job.to_str().unwrap()], 1, &["--job", "ops[0].args.imagee", "unknown field"]);
}

#[test]
fn a_deposit_too_small_for_the_jobs_ends_with_the_programs_sentence() {
    let output = grid(&["demo", "--deposit", "0.2"]);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("InsufficientBalance (6021): The project's balance is too small"), "{error}");
}

#[test]
fn a_missing_program_names_what_builds_it() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_grid"))
        .arg("demo")
        .env("GRID_SBF_DIR", folder.path())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains("grid_jobs.so") && error.contains("cargo xtask build"), "{error}");
}
