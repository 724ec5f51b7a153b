//! Who may upgrade a program, read from its program data account.

use crate::pda::require_pda;
use anchor_lang::prelude::*;

/// The upgradeable loader, which owns program data accounts.
pub const LOADER: Address = anchor_lang::address!("BPFLoaderUpgradeab1e11111111111111111111111");

/// Whether `authority` may upgrade `program`. `None` when `program_data` is not the program's; nobody may when it is
/// final.
pub fn is_upgrade_authority(
    program: &Address,
    program_data: &AccountView,
    authority: &Address,
) -> Option<bool> {
    require_pda(&[program.as_ref()], &LOADER, program_data.address()).ok()?;
    let data = program_data.try_borrow().ok()?;
    Some(upgrade_authority(&data)?.is_some_and(|found| anchor_lang::address_eq(&found, authority)))
}

/// Reads the upgrade authority from a program data account: tag 3 (`u32`), slot (`u64`), option tag (`u8`), address.
///
/// `None` when the bytes are not of that form, `Some(None)` when the program is final.
/// Layout: `UpgradeableLoaderState::ProgramData` of the `solana-loader-v3-interface` crate, in bincode.
fn upgrade_authority(data: &[u8]) -> Option<Option<Address>> {
    let (tag, rest) = data.split_first_chunk::<4>()?;
    let (_slot, rest) = rest.split_first_chunk::<8>()?;
    let (option, rest) = rest.split_first()?;
    match (u32::from_le_bytes(*tag), option) {
        (3, 0) => Some(None),
        (3, 1) => rest.first_chunk::<32>().map(|bytes| Some(Address::new_from_array(*bytes))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program_data(tag: u32, option: u8, authority: &[u8]) -> Vec<u8> {
        [&tag.to_le_bytes()[..], &[0; 8], &[option], authority].concat()
    }

    #[test]
    fn reads_the_authority() {
        let data = program_data(3, 1, &[9; 40]);
        assert_eq!(upgrade_authority(&data), Some(Some(Address::new_from_array([9; 32]))));
    }

    #[test]
    fn a_final_program_has_none() {
        assert_eq!(upgrade_authority(&program_data(3, 0, &[])), Some(None));
    }

    #[test]
    fn other_bytes_are_refused() {
        assert_eq!(upgrade_authority(&[]), None);
        assert_eq!(upgrade_authority(&program_data(2, 1, &[9; 32])), None);
        assert_eq!(upgrade_authority(&program_data(3, 2, &[9; 32])), None);
        assert_eq!(upgrade_authority(&program_data(3, 1, &[9; 31])), None);
    }
}
