//! The binary of Metaplex Token Metadata: the real program, as it was on mainnet in early 2023, with sized collections,
//! `CreateMetadataAccountV3`, `CreateMasterEditionV3` and `BurnNft`.

use std::{borrow::Cow, env, fs, io, path::PathBuf};

use solana_address::Address;

/// The program's address.
pub const ID: Address = Address::from_str_const("metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s");

/// The environment variable that names a `.so` file to use instead of the one built in.
pub const VARIABLE: &str = "GRID_METADATA_SO";

/// What `build.rs` found; empty if it found nothing.
const BUILT_IN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/token_metadata.so"));

/// Why there is no binary.
#[derive(Debug, thiserror::Error)]
pub enum Missing {
    /// None was found when this was built, and none is given.
    #[error("this build holds no Token Metadata program: set {VARIABLE} to its .so file")]
    NotBuiltIn,
    /// The file that the variable names can't be read.
    #[error("{VARIABLE} names {path}, which cannot be read")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// The program: the file that `GRID_METADATA_SO` names, else the one built in.
///
/// # Errors
/// [`Missing`], when there is neither.
pub fn elf() -> Result<Cow<'static, [u8]>, Missing> {
    match env::var_os(VARIABLE).map(PathBuf::from) {
        Some(path) => fs::read(&path).map(Cow::Owned).map_err(|source| Missing::File { path, source }),
        None if BUILT_IN.is_empty() => Err(Missing::NotBuiltIn),
        None => Ok(Cow::Borrowed(BUILT_IN)),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_built_in() {
        assert!(super::BUILT_IN.starts_with(b"\x7fELF"), "the build warned why not");
    }
}
