//! Key files: JSON arrays of 64 bytes, as the Solana tools write them.

use anyhow::{Context, Result, bail};
use solana_keypair::Keypair;
use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

/// Who may do what with a key file: its owner, nobody else.
const OWNER_ONLY: u32 = 0o600;

/// Reads a key.
pub fn read(path: &Path) -> Result<Keypair> {
    let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => anyhow::anyhow!(
            "there is no key at {}: make one with `grid init`, or name another one with --keypair",
            path.display()
        ),
        _ => anyhow::anyhow!("the key {}: {error}", path.display()),
    })?;
    parse(&text).with_context(|| format!("the key {}", path.display()))
}

/// Never says what the file holds: it is a secret.
fn parse(text: &str) -> Result<Keypair> {
    const SHAPE: &str = "the file is no JSON array of 64 bytes, as `solana-keygen` and `grid init` write it";
    let Ok(bytes) = serde_json::from_str::<Vec<u8>>(text) else { bail!(SHAPE) };
    if bytes.len() != 64 {
        bail!("{SHAPE}: it has {}", bytes.len());
    }
    match Keypair::try_from(bytes.as_slice()) {
        Ok(key) => Ok(key),
        Err(_) => bail!("the second half of its 64 bytes is not the public key of the first"),
    }
}

/// Writes a new key that only its owner can read; a file that is there is never touched.
pub fn create(path: &Path) -> Result<Keypair> {
    let key = Keypair::new();
    let write = || {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(path)?;
        writeln!(file, "{}", serde_json::to_string(&key.to_bytes().as_slice())?)?;
        file.sync_all()
    };
    write().with_context(|| format!("writing a new key to {}", path.display()))?;
    Ok(key)
}

/// What of a file's mode lets others than its owner at it; zero when nothing does.
pub fn open_to_others(path: &Path) -> std::io::Result<u32> {
    Ok(std::fs::metadata(path)?.permissions().mode() & 0o077)
}

#[cfg(test)]
mod tests {
    use super::*;
    use solana_signer::Signer;

    #[test]
    fn a_key_is_written_for_its_owner_alone_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join("id.json");
        let key = create(&path).unwrap();
        assert_eq!(read(&path).unwrap().pubkey(), key.pubkey());
        assert_eq!(open_to_others(&path).unwrap(), 0);
        let before = std::fs::read(&path).unwrap();
        assert!(create(&path).is_err(), "a key is never overwritten");
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn what_is_no_key_is_refused_without_showing_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("id.json");
        let mut swapped = Keypair::new().to_bytes().to_vec();
        swapped[40] ^= 1;
        for (text, says) in [
            ("secret words".to_owned(), "no JSON array"),
            ("[201, 202]".to_owned(), "it has 2"),
            (format!("{swapped:?}"), "not the public key"),
        ] {
            std::fs::write(&path, &text).unwrap();
            let error = format!("{:#}", read(&path).unwrap_err());
            assert!(error.contains(says) && error.contains("id.json"), "{error}");
            assert!(!error.contains("secret") && !error.contains("201"), "{error}");
        }
        let missing = read(&folder.path().join("none.json")).unwrap_err().to_string();
        assert!(missing.contains("grid init"), "{missing}");
    }
}
