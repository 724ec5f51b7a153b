//! Tokens and rents: what goes in comes out.

use super::{Model, Party, Refusal};
use grid_jobs::MarketTerms;

/// An amount of the mint.
pub type Atoms = u128;

/// Types of accounts whose rent goes back to who paid it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deposit {
    /// A project; its owner pays.
    Project,
    /// A member; the project's owner pays.
    Member,
    /// A device; its node pays.
    Device,
    /// A job; who lists it pays.
    Job,
}

/// The price of some seconds.
pub fn price(terms: &MarketTerms, seconds: u32) -> Atoms {
    Atoms::from(terms.price_per_second_atoms) * Atoms::from(seconds)
}

/// The share of fees that is burnt: rounded down.
pub fn fees_burnt(terms: &MarketTerms, fees: Atoms) -> Atoms {
    fees * Atoms::from(terms.burn_bps) / 10_000
}

/// The fee on what a device is paid: rounded up.
pub fn fee_on(terms: &MarketTerms, paid: Atoms) -> Atoms {
    (paid * Atoms::from(terms.fee_bps)).div_ceil(10_000)
}

/// What a job costs at most.
pub fn escrow_for(terms: &MarketTerms, timeout: u32) -> Atoms {
    let most = price(terms, timeout);
    most + fee_on(terms, most)
}

impl Model {
    /// What the accounts say is owed, atoms.
    pub fn owed(&self) -> Atoms {
        let balances: Atoms = self.projects.iter().flatten().map(|project| project.balance).sum();
        let escrows: Atoms = self.jobs.values().map(|job| job.escrow).sum();
        let devices: Atoms = self.devices.iter().flatten().map(|device| device.bond + device.earnings).sum();
        let fees: Atoms = self.markets.iter().flatten().map(|market| market.fees).sum();
        balances + escrows + devices + fees
    }

    /// Tokens in somebody's hands, atoms.
    pub fn tokens_of(&self, party: Party) -> Atoms {
        self.tokens.get(&party).copied().unwrap_or(0)
    }

    /// For how many open accounts of a type somebody paid the rent.
    pub fn rents_of(&self, party: Party, deposit: Deposit) -> u32 {
        self.rents.get(&(party, deposit)).copied().unwrap_or(0)
    }

    /// A donation to the vault, past the program.
    pub fn donate(&mut self, from: Party, amount: Atoms) -> Result<(), Refusal> {
        self.pay_in(from, amount)?;
        self.donated += amount;
        Ok(())
    }

    pub(super) fn pay_in(&mut self, from: Party, amount: Atoms) -> Result<(), Refusal> {
        let left = self.tokens_of(from).checked_sub(amount).ok_or(Refusal::Other)?;
        self.tokens.insert(from, left);
        self.vault += amount;
        Ok(())
    }

    pub(super) fn pay_out(&mut self, to: Party, amount: Atoms) {
        self.vault -= amount;
        *self.tokens.entry(to).or_default() += amount;
    }

    pub(super) fn pay_rent(&mut self, from: Party, deposit: Deposit) {
        *self.rents.entry((from, deposit)).or_default() += 1;
    }

    pub(super) fn return_rent(&mut self, to: Party, deposit: Deposit) {
        let paid = self.rents.get_mut(&(to, deposit)).expect("who gets rent back has paid it");
        *paid -= 1;
    }
}
