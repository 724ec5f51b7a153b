//! What the library's errors mean to who runs the machine.

use nvml_wrapper::error::NvmlError;

use crate::ProbeError;

/// Why the library as a whole cannot be used.
pub(super) fn explain(error: NvmlError) -> ProbeError {
    match error {
        NvmlError::LibloadingError(error) => not_loaded(&innermost(&error)),
        NvmlError::FailedToLoadSymbol(_) | NvmlError::FunctionNotFound => {
            ProbeError::BadLibrary(error.to_string())
        }
        NvmlError::DriverNotLoaded => ProbeError::NoDriver,
        NvmlError::LibRmVersionMismatch => ProbeError::VersionMismatch,
        NvmlError::NoPermission => ProbeError::NoPermission,
        error => ProbeError::Driver(error.to_string()),
    }
}

/// Why the library could not be loaded, out of the dynamic loader's words: only they tell a file that is missing from one that is
/// broken, or that needs another one.
fn not_loaded(reason: &str) -> ProbeError {
    let is_missing = reason.starts_with("libnvidia-ml.so.1: cannot open") && reason.contains("No such file");
    if is_missing { ProbeError::NoLibrary } else { ProbeError::BadLibrary(reason.to_owned()) }
}

/// The message of the error at the bottom: those above it say only that loading failed.
fn innermost(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), innermost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_its_own_sentence() {
        for (error, expected) in [
            (NvmlError::DriverNotLoaded, "modprobe nvidia"),
            (NvmlError::LibRmVersionMismatch, "different versions"),
            (NvmlError::NoPermission, "/dev/nvidiactl"),
            (NvmlError::FailedToLoadSymbol("nvmlInit_v2".to_owned()), "driver 510 or newer"),
            (NvmlError::Unknown, "an internal driver error occurred"),
        ] {
            let sentence = explain(error).to_string();
            assert!(sentence.contains(expected), "{sentence}");
        }
    }

    #[test]
    fn a_missing_library_is_told_from_a_broken_one() {
        let missing = "libnvidia-ml.so.1: cannot open shared object file: No such file or directory";
        assert_eq!(not_loaded(missing), ProbeError::NoLibrary);
        for broken in [
            "/usr/lib/libnvidia-ml.so.1: file too short",
            "libfoo.so.2: cannot open shared object file: No such file or directory",
        ] {
            assert_eq!(not_loaded(broken), ProbeError::BadLibrary(broken.to_owned()));
        }
    }
}
