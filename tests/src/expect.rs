//! Assertions on failures.

use crate::network::Failure;
use litesvm::types::TransactionMetadata;

/// Asserts that a transaction failed with this error of a program of ours.
#[track_caller]
pub fn expect_error(
    result: Result<TransactionMetadata, Failure>,
    error: impl Into<anchor_lang::Error> + std::fmt::Debug,
) {
    let name = format!("{error:?}");
    let anchor_lang::Error::Custom(code) = error.into() else { panic!("{name} has no number") };
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
