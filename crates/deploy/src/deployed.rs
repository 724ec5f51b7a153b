//! Programs as they lie on the chain: who may upgrade them, and which bytes they are.

use grid_client::address::program_data_of;
use sha2::{Digest as _, Sha256};
use solana_account::Account;
use solana_address::Address;

/// The programs by the names of their binaries and IDLs.
pub const PROGRAMS: [(&str, Address); 5] = [
    ("grid_jobs", grid_jobs::ID),
    ("grid_nodes", grid_nodes::ID),
    ("grid_pools", grid_pools::ID),
    ("grid_rewards", grid_rewards::ID),
    ("grid_staking", grid_staking::ID),
];

/// Bytes of a program data account in front of the program: tag (4), slot (8), option tag (1), authority (32).
pub const HEADER_BYTES: usize = 45;
/// Bytes of a program's own account, which points to its program data account.
pub const PROGRAM_BYTES: usize = 36;

/// A program as it was deployed by the upgradeable loader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// Who may upgrade it; `None` when it is final.
    pub upgrade_authority: Option<Address>,
    /// The slot in which it was deployed last.
    pub slot: u64,
    /// Hash of its bytes, as [`executable_hash`] takes it.
    pub hash: String,
}

impl Deployed {
    /// Reads a program and its program data account; `None` when they are not those of a deployed program.
    pub fn read(id: &Address, program: Option<&Account>, data: Option<&Account>) -> Option<Self> {
        let (program, data) = (program?, &data?.data);
        // `UpgradeableLoaderState::Program`: tag 2 (u32), address of the program data.
        let points = [&2_u32.to_le_bytes()[..], program_data_of(id).as_ref()].concat();
        if !program.executable || program.data.get(..PROGRAM_BYTES)? != points {
            return None;
        }
        // `UpgradeableLoaderState::ProgramData`: tag 3 (u32), slot (u64), optional authority.
        if data.get(..4)? != 3_u32.to_le_bytes() {
            return None;
        }
        let slot = u64::from_le_bytes(data.get(4..12)?.try_into().ok()?);
        let upgrade_authority = match data.get(12)? {
            1 => Some(Address::new_from_array(data.get(13..HEADER_BYTES)?.try_into().ok()?)),
            _ => None,
        };
        Some(Self { upgrade_authority, slot, hash: executable_hash(data.get(HEADER_BYTES..)?) })
    }
}

/// SHA-256 of a program's bytes without the zeros at the end, which a program data account has more of than the file: as
/// `solana-verify get-executable-hash` and `get-program-hash` take it.
pub fn executable_hash(bytes: &[u8]) -> String {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    hex::encode(Sha256::digest(&bytes[..end]))
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// The two accounts of a program with these bytes.
    pub fn accounts(id: &Address, authority: Option<Address>, bytes: &[u8]) -> (Account, Account) {
        let program = [&2_u32.to_le_bytes()[..], program_data_of(id).as_ref()].concat();
        let authority = authority.map_or(vec![0; 33], |key| [&[1], key.as_ref()].concat());
        let data = [&3_u32.to_le_bytes()[..], &77_u64.to_le_bytes(), &authority, bytes].concat();
        let account = |data, executable| Account { data, executable, ..Account::default() };
        (account(program, true), account(data, false))
    }

    #[test]
    fn a_program_says_its_authority_its_slot_and_its_bytes() {
        let (id, key) = (Address::new_from_array([1; 32]), Address::new_from_array([9; 32]));
        let (program, data) = accounts(&id, Some(key), b"elf\0\0\0");
        let read = Deployed::read(&id, Some(&program), Some(&data)).unwrap();
        assert_eq!((read.upgrade_authority, read.slot), (Some(key), 77));
        assert_eq!(read.hash, executable_hash(b"elf"), "zeros at the end do not count");
        assert_ne!(read.hash, executable_hash(b"el"));
        let (program, data) = accounts(&id, None, b"elf");
        assert_eq!(Deployed::read(&id, Some(&program), Some(&data)).unwrap().upgrade_authority, None);
    }

    #[test]
    fn what_is_no_program_is_none() {
        let (id, other) = (Address::new_from_array([1; 32]), Address::new_from_array([2; 32]));
        let (program, data) = accounts(&id, None, b"elf");
        assert_eq!(Deployed::read(&id, None, Some(&data)), None);
        assert_eq!(Deployed::read(&id, Some(&program), None), None);
        assert_eq!(Deployed::read(&other, Some(&program), Some(&data)), None, "it points elsewhere");
        assert_eq!(Deployed::read(&id, Some(&program), Some(&program)), None);
        let short = Account { data: data.data[..44].to_vec(), ..data.clone() };
        assert_eq!(Deployed::read(&id, Some(&program), Some(&short)), None);
        let still = Account { executable: false, ..program };
        assert_eq!(Deployed::read(&id, Some(&still), Some(&data)), None);
    }

    #[test]
    fn the_hash_is_that_of_sha256() {
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(executable_hash(b"abc\0"), known);
    }
}
