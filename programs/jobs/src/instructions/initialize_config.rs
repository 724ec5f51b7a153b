//! `initialize_config`: the program's upgrade authority writes the one config, naming the admin.
//!
//! Signs: the upgrade authority, who pays the rent.
//! It shall fail when: the config exists already; the signer is not the upgrade authority, or the program has none any
//! more; the program data account is not the one of this program; the admin is the zero address.

use crate::{
    errors::GridError,
    events::{self, ConfigInitialized},
    instructions::pda::require_pda,
    state::Config,
};
use anchor_lang::prelude::*;

/// The upgradeable loader, which owns program data accounts.
const LOADER: Address = anchor_lang::address!("BPFLoaderUpgradeab1e11111111111111111111111");

/// Accounts of `initialize_config`.
#[derive(Accounts)]
pub struct InitializeConfig {
    /// The program's upgrade authority; pays the rent.
    #[account(mut)]
    pub authority: Signer,
    /// The config.
    #[account(init, payer = authority, space = Config::SPACE, seeds = [b"config"], bump)]
    pub config: Account<Config>,
    /// The program data account of this program; checked in the handler.
    #[account(owner = LOADER @ GridError::WrongProgramData)]
    pub program_data: UncheckedAccount,
    /// The system program.
    pub system_program: Program<System>,
}

/// Handles `initialize_config`.
pub fn handle_initialize_config(ctx: &mut Context<InitializeConfig>, admin: Address) -> Result<()> {
    require!(admin != Address::default(), GridError::ZeroAdmin);
    let accounts = &mut ctx.accounts;
    require_pda(&[crate::ID.as_ref()], &LOADER, accounts.program_data.address())
        .map_err(|_| GridError::WrongProgramData)?;
    let authority = {
        let data = accounts.program_data.account().try_borrow()?;
        upgrade_authority(&data).ok_or(GridError::WrongProgramData)?
    };
    require!(authority == Some(*accounts.authority.address()), GridError::NotUpgradeAuthority);
    accounts.config.open(ctx.bumps.config, admin);
    events::log!(ConfigInitialized { admin });
    Ok(())
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
