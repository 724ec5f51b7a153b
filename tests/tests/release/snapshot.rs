//! The kept accounts: complete, and read as they were.

use anyhow::Result;
use grid_tests::release::{Idls, Snapshot, Stage, VERSION};

/// What to do when the accounts of this release are others than those that are kept.
const ANEW: &str = "the programs write other accounts than those in tests/fixtures. Before a release: \
    `GRID_KEEP_RELEASE=1 cargo xtask test that_of_this_release_is_kept`. After one: raise the version";

#[test]
fn that_of_this_release_is_kept() -> Result<()> {
    let now = Snapshot::of(&Stage::build().world, &Idls::read()?);
    if std::env::var_os("GRID_KEEP_RELEASE").is_some() {
        println!("{} accounts in {}", now.accounts.len(), now.write()?.display());
    }
    let kept = Snapshot::read(&Snapshot::path(VERSION))?;
    assert_eq!((&kept.release, kept.unix_timestamp, kept.slot), (&now.release, now.unix_timestamp, now.slot));
    let addresses = |snapshot: &Snapshot| -> Vec<String> {
        snapshot.accounts.iter().map(|account| account.address.clone()).collect()
    };
    assert_eq!(addresses(&kept), addresses(&now), "{ANEW}");
    for (kept, now) in kept.accounts.iter().zip(&now.accounts) {
        assert_eq!(kept, now, "{ANEW}");
    }
    Ok(())
}

#[test]
fn every_kind_of_account_is_kept() -> Result<()> {
    let kept = Snapshot::read(&Snapshot::path(VERSION))?;
    let data: Vec<Vec<u8>> = kept.accounts.iter().map(|account| account.bytes()).collect::<Result<_>>()?;
    let kinds = Idls::read()?.kinds();
    assert!(kinds.len() >= 18, "{kinds:?}");
    for (kind, discriminator) in kinds {
        assert!(data.iter().any(|data| data.starts_with(&discriminator)), "no {kind} is kept");
    }
    Ok(())
}

/// Fields may be added in reserved bytes; those that were there keep their names and values.
#[test]
fn accounts_of_all_releases_read_as_they_did() -> Result<()> {
    let idls = Idls::read()?;
    for snapshot in Snapshot::all()? {
        for kept in &snapshot.accounts {
            let now = idls.decode(&kept.owner.parse()?, &kept.bytes()?);
            let (type_, fields) = now.map(|(type_, fields)| (Some(type_), Some(fields))).unwrap_or_default();
            assert_eq!(type_, kept.type_, "{} of {}", kept.address, snapshot.release);
            for (name, value) in kept.fields.iter().filter_map(|fields| fields.as_object()).flatten() {
                if !name.starts_with("reserved") {
                    let now = fields.as_ref().map(|fields| &fields[name]);
                    assert_eq!(now, Some(value), "{name} of {} of {}", kept.address, snapshot.release);
                }
            }
        }
    }
    Ok(())
}
