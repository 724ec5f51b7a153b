//! The same of stakes, rewards and emissions.

use super::Done;
use grid_pools::Emission;
use grid_rewards::{Pool, Position};
use grid_staking::{Settings, Stake};
use solana_account::Account;
use solana_address::Address;

impl Done<'_> {
    pub(super) fn settings(&self, address: &Address, old: &Account) -> bool {
        let Some((old, new)) = self.both::<Settings>(address, old) else {
            return true;
        };
        new.is_some_and(|new| {
            let rules = |of: &Settings| (of.slash_cap_bps, of.slash_epoch_seconds, of.slash_destination);
            let is_authority = self.signed(&old.authority);
            (new.mint, new.vault) == (old.mint, old.vault)
                && (rules(&new) == rules(&old) || is_authority)
                && (new.authority == old.authority || self.signed(&old.pending_authority))
                && (new.slasher == old.slasher || self.signed(&old.pending_slasher))
                && (new.pending_authority == old.pending_authority
                    || is_authority
                    || self.signed(&old.pending_authority))
                && (new.pending_slasher == old.pending_slasher
                    || is_authority
                    || self.signed(&old.pending_slasher))
        })
    }

    pub(super) fn stake(&self, address: &Address, old: &Account) -> bool {
        let Some((old, new)) = self.both::<Stake>(address, old) else {
            return true;
        };
        let Some(new) = new else {
            return self.signed(&old.owner) && old.left() == 0;
        };
        let mut settings = self.given::<Settings>();
        let is_slasher = settings.any(|(_, of)| of.mint == old.mint && self.signed(&of.slasher));
        let is_slashed = new
            == Stake {
                total_atoms: new.total_atoms,
                weight: new.weight,
                low_weight: new.low_weight,
                decreases: new.decreases,
                slash_epoch_started_at: new.slash_epoch_started_at,
                slash_allowance_atoms: new.slash_allowance_atoms,
                ..old
            };
        let is_allowed_as_before = (new.slash_epoch_started_at, new.slash_allowance_atoms)
            == (old.slash_epoch_started_at, old.slash_allowance_atoms);
        (new.owner, new.mint, new.id) == (old.owner, old.mint, old.id)
            && (is_slasher && is_slashed || self.signed(&old.owner) && is_allowed_as_before)
    }

    pub(super) fn pool(&self, address: &Address, old: &Account) -> bool {
        let Some((old, new)) = self.both::<Pool>(address, old) else {
            return true;
        };
        let owed = |pool: &Pool| {
            [pool.waiting_atoms, pool.shared_atoms, pool.earned_atoms].map(|part| u128::from(part.get()))
        };
        let names = |pool: &Pool| (pool.stake_mint, pool.reward_mint, pool.vault);
        let is_owner = || {
            let mut positions = self.given::<Position>();
            positions.any(|(_, position)| position.pool == *address && self.signed(&position.owner))
        };
        new.is_some_and(|new| {
            let pays_nothing = owed(&new).iter().sum::<u128>() >= owed(&old).iter().sum();
            names(&new) == names(&old) && (pays_nothing || is_owner())
        })
    }

    pub(super) fn position(&self, address: &Address, old: &Account) -> bool {
        let Some((old, new)) = self.both::<Position>(address, old) else {
            return true;
        };
        let is_owner = self.signed(&old.owner);
        match new {
            None => is_owner && old.earned_atoms == 0,
            Some(new) => {
                (new.pool, new.stake, new.owner) == (old.pool, old.stake, old.owner)
                    && (new.earned_atoms.get() >= old.earned_atoms.get() || is_owner)
            }
        }
    }

    pub(super) fn emission(&self, address: &Address, old: &Account) -> bool {
        let Some((old, new)) = self.both::<Emission>(address, old) else {
            return true;
        };
        let is_authority = self.signed(&old.authority);
        let Some(new) = new else {
            return is_authority && (old.is_closeable == 1 || old.balance_atoms == 0);
        };
        // What claims and payers change.
        let plain = Emission { balance_atoms: new.balance_atoms, paid_atoms: new.paid_atoms, ..old };
        let handed_over = Emission {
            beneficiary: new.beneficiary,
            pays_rewards: new.pays_rewards,
            beneficiary_authority: new.beneficiary_authority,
            ..plain
        };
        let in_all = |of: &Emission| u128::from(of.balance_atoms.get()) + u128::from(of.paid_atoms.get());
        let leaves_nothing_unpaid =
            in_all(&new) >= in_all(&old) && new.paid_atoms.get() >= old.paid_atoms.get();
        new == plain && leaves_nothing_unpaid
            || new == handed_over && self.signed(&old.beneficiary_authority)
            || new == Emission { ends_at: new.ends_at, ..plain } && is_authority && old.is_closeable == 1
    }
}
