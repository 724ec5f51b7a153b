//! The ledger of a mint: what the accounts say is owed, to be held against what the vault has.

use crate::{address, chain, chain::Chain, error::ChainError, token};
use anchor_lang::{AccountDeserialize, Discriminator};
use grid_jobs::{Device, ID, Job, Market, Project};
use solana_account::Account;
use solana_address::Address;

/// What the accounts of a mint owe, atoms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Σ project.balance
    pub balances: u128,
    /// Σ job.escrow
    pub escrows: u128,
    /// Σ device.earnings
    pub earnings: u128,
    /// Σ device.bond
    pub bonds: u128,
    /// Σ market.fees_owed + market.treasury_owed
    pub fees: u128,
}

impl Ledger {
    /// Adds up the accounts of the jobs program that belong to `mint`.
    pub fn of(accounts: &[(Address, Account)], mint: &Address) -> Self {
        let markets: Vec<(Address, Market)> = decode_all(accounts);
        let mut ledger = Self::default();
        for (_, project) in
            decode_all::<Project>(accounts).iter().filter(|(_, project)| project.mint == *mint)
        {
            ledger.balances += u128::from(project.balance.get());
        }
        for (_, job) in decode_all::<Job>(accounts) {
            let market = markets.iter().find(|(address, _)| *address == job.market);
            if market.is_some_and(|(_, market)| market.mint == *mint) {
                ledger.escrows += u128::from(job.escrow_atoms.get());
            }
        }
        for (_, device) in decode_all::<Device>(accounts).iter().filter(|(_, device)| device.mint == *mint) {
            ledger.earnings += u128::from(device.earnings_atoms.get());
            ledger.bonds += u128::from(device.bond_atoms.get());
        }
        for (_, market) in markets.iter().filter(|(_, market)| market.mint == *mint) {
            ledger.fees += u128::from(market.fees_owed_atoms.get());
            ledger.fees += u128::from(market.treasury_owed_atoms.get());
        }
        ledger
    }

    /// All that is owed.
    pub fn total(&self) -> u128 {
        self.balances + self.escrows + self.earnings + self.bonds + self.fees
    }
}

/// The accounts of one type among those of the jobs program, decoded.
pub fn decode_all<T: AccountDeserialize + Discriminator>(
    accounts: &[(Address, Account)],
) -> Vec<(Address, T)> {
    accounts
        .iter()
        .filter(|(_, account)| account.data.starts_with(T::DISCRIMINATOR))
        .filter_map(|(address, account)| Some((*address, T::try_deserialize(&mut &account.data[..]).ok()?)))
        .collect()
}

/// Reads the ledger of a mint and what its vault holds, atoms.
///
/// The reads are not of one slot: call it while nothing moves.
pub async fn fetch_ledger(chain: &dyn Chain, mint: &Address) -> Result<(Ledger, u64), ChainError> {
    let accounts = chain.program_accounts(&ID, &[]).await?;
    let vault = address::vault(mint).0;
    let found = chain::account(chain, &vault).await?;
    let held = found.and_then(|account| token::amount(&account.data));
    Ok((Ledger::of(&accounts, mint), held.ok_or(ChainError::Missing { what: "vault", address: vault })?))
}
