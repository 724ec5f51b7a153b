//! Assertions on failures.

use crate::network::Failure;
use grid_jobs::GridError;
use litesvm::types::TransactionMetadata;

/// Number of the first error of a program.
const FIRST_CODE: u32 = 6000;

/// Asserts that a transaction failed with this error of the jobs program.
#[track_caller]
pub fn expect_error(result: Result<TransactionMetadata, Failure>, error: GridError) {
    let name = format!("{error:?}");
    let code = error as u32 + FIRST_CODE;
    match result {
        Ok(_) => panic!("succeeded, but {name} ({code}) was expected"),
        Err(failure) => assert_eq!(
            failure.code(),
            Some(code),
            "{name} was expected, not {}:\n{}",
            failure.error,
            failure.logs.join("\n")
        ),
    }
}

/// Asserts that a transaction failed, whatever with.
#[track_caller]
pub fn expect_failure(result: Result<TransactionMetadata, Failure>) -> Failure {
    match result {
        Ok(_) => panic!("succeeded, but a failure was expected"),
        Err(failure) => failure,
    }
}
