//! `solana-test-validator`, and what compiling it needs.

use std::path::PathBuf;

use anyhow::Result;

use super::{
    apt::{self, Package},
    installed::VALIDATOR,
};
use crate::cache::Cache;

/// What compiling it needs besides the host's packages.
const PACKAGES: [Package; 7] = [
    Package { name: "clang", purpose: "RocksDB's bindings, for the validator" },
    Package { name: "libclang-dev", purpose: "RocksDB's bindings, for the validator" },
    Package { name: "cmake", purpose: "C++ sources of the validator" },
    Package { name: "libssl-dev", purpose: "OpenSSL, for the validator" },
    Package { name: "libudev-dev", purpose: "hardware wallets, which the validator links" },
    Package { name: "pkg-config", purpose: "finding the two libraries before" },
    Package { name: "protobuf-compiler", purpose: "the validator's protocols" },
];

/// Compiles it, unless it is there.
pub fn install(cache: &Cache) -> Result<PathBuf> {
    if !VALIDATOR.path(cache).is_file() {
        apt::install(&apt::HOST_PACKAGES)?;
        apt::install(&PACKAGES)?;
    }
    VALIDATOR.install(cache)
}
