//! The IDLs on the chain. The Program Metadata program, which `anchor idl init` writes them with, is in no package registry: so the
//! accounts that it would have made stand in the ledger from the beginning, and its own client reads them.

use crate::tools::Tools;
use anyhow::{Context, Result, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::ZlibEncoder};
use serde_json::{Value, json};
use solana_address::Address;
use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

/// The programs by the names of their IDLs.
pub const PROGRAMS: [(&str, Address); 5] = [
    ("grid_jobs", grid_jobs::ID),
    ("grid_nodes", grid_nodes::ID),
    ("grid_pools", grid_pools::ID),
    ("grid_rewards", grid_rewards::ID),
    ("grid_staking", grid_staking::ID),
];
/// The Program Metadata program.
const METADATA_PROGRAM: Address = Address::from_str_const("ProgM6JCCvbYkfKqJYHePx4xxSUSqJp7rh8Lyv7nk7S");
const SEED: &[u8; 16] = b"idl\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// Writes the accounts of the IDLs in `idls` as files of a genesis; address and file of each.
pub fn accounts(idls: &Path, folder: &Path) -> Result<Vec<(Address, PathBuf)>> {
    let account = |(name, program): (&str, Address)| {
        let file = idls.join(format!("{name}.json"));
        let idl = fs::read(&file).with_context(|| format!("{}: `anchor build` writes it", file.display()))?;
        let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
        packer.write_all(&idl)?;
        let packed = packer.finish()?;
        let address = Address::find_program_address(&[program.as_ref(), SEED], &METADATA_PROGRAM).0;
        // Metadata (2), program, no authority of its own, mutable, canonical, seed, UTF-8 (1), zlib (2), JSON (1), in the
        // account (0), length, padding.
        let header = [&[2][..], program.as_ref(), &[0; 32], &[1, 1], SEED, &[1, 2, 1, 0]].concat();
        let length = u32::try_from(packed.len())?.to_le_bytes();
        let data = [&header[..], &length, &[0; 5], &packed].concat();
        let account = json!({
            "pubkey": address.to_string(),
            "account": {
                "lamports": 1_000_000_000,
                "data": [STANDARD.encode(&data), "base64"],
                "owner": METADATA_PROGRAM.to_string(),
                "executable": false,
                "rentEpoch": 0,
                "space": data.len(),
            },
        });
        let to = folder.join(format!("{name}-idl-account.json"));
        fs::write(&to, account.to_string())?;
        Ok((address, to))
    };
    PROGRAMS.into_iter().map(account).collect()
}

/// `anchor idl fetch` gives each IDL back as it was built.
pub async fn fetched(tools: &Tools) -> Result<()> {
    for (name, program) in PROGRAMS {
        let file = tools.journal.with_file_name(format!("{name}-fetched.json"));
        let to = file.display().to_string();
        tools.anchor("idl fetch", &["idl", "fetch", &program.to_string(), "--out", &to]).await?;
        let read = |path: &Path| -> Result<Value> { Ok(serde_json::from_slice(&fs::read(path)?)?) };
        let built = read(&tools.checkout.join(format!("target/idl/{name}.json")))?;
        ensure!(read(&file)? == built, "anchor idl fetch gave another IDL of {name}: {to}");
        ensure!(built["address"] == program.to_string(), "{name}'s IDL names another program");
    }
    Ok(())
}

/// A copy of the IDLs, the first instruction of the jobs program with another name.
pub fn with_a_change(idls: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for (name, _) in PROGRAMS {
        let file = format!("{name}.json");
        let mut idl: Value = serde_json::from_slice(&fs::read(idls.join(&file))?)?;
        if name == "grid_jobs" {
            idl["instructions"][0]["name"] = "another".into();
        }
        fs::write(to.join(&file), idl.to_string())?;
    }
    Ok(())
}
