//! What the run says when something that it needs is not there.

use std::process::{Command, Output};

fn e2e(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let mut e2e = Command::new(env!("CARGO_BIN_EXE_grid-e2e"));
    for variable in ["GRID_TEST_VALIDATOR", "GRID_BINARY", "GRID_SBF_DIR"] {
        e2e.env_remove(variable);
    }
    e2e.args(arguments).env("TMPDIR", folder.path()).output().expect("grid-e2e runs")
}

#[test]
fn what_is_missing_is_named() {
    let refused = e2e(&[]);
    assert!(!refused.status.success());
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("--grid <GRID>") && said.contains("--programs <PROGRAMS>"), "{said}");
}

#[test]
fn a_program_that_was_not_built_is_named() {
    let refused = e2e(&["--grid", "/no/grid", "--programs", "/no/programs"]);
    assert!(!refused.status.success());
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("/no/programs/grid_jobs.so is missing: run `cargo xtask build`"), "{said}");
}
