//! The self-test, as part of the test run.

use std::{env, fs, path::PathBuf};

#[test]
fn the_toolchain_computes_like_the_host() {
    let built = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/self-test/grid_builtins.so");
    let path = env::var_os("GRID_BUILTINS_SO").map(PathBuf::from).unwrap_or_else(built);
    let program = fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask build` first", path.display()));
    let mut operations = 0;
    grid_vm_check::check(&program, |passed| {
        assert!(passed.cases > 0, "{} was not tried", passed.operation);
        operations += 1;
    })
    .unwrap();
    assert_eq!(
        operations,
        grid_builtins::arithmetic::OPERATIONS.len() + grid_builtins::memory::OPERATIONS.len()
    );
}
