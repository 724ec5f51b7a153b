//! Who may change what: told from the accounts before and after an instruction, and from who signed. It says less than
//! a model of the program, and nothing about amounts; it is about strangers.

mod gates;
mod stakes;

use crate::network::PROGRAMS;
use anchor_lang::{AccountDeserialize, Discriminator, Owner};
use grid_client::{account, address};
use grid_jobs::{
    Config, Device, DeviceState, Job, JobState, Market, Member, Project, constants::NOTICE_SECONDS,
    math::passed,
};
use litesvm::LiteSVM;
use solana_account::Account;
use solana_address::Address;
use solana_clock::Clock;
use solana_instruction::Instruction;

/// An instruction that succeeded.
struct Done<'a> {
    before: &'a LiteSVM,
    after: &'a LiteSVM,
    signers: Vec<Address>,
    accounts: Vec<Address>,
    now: i64,
}

/// Whether an account belongs to one of our programs.
fn is_ours(account: &Account) -> bool {
    PROGRAMS.iter().any(|(program, _)| account.owner == *program)
}

/// The first account that a stranger changed: nobody who had to agree to the change signed, and no deadline had passed.
pub fn changed_by_a_stranger(
    before: &LiteSVM,
    after: &LiteSVM,
    instruction: &Instruction,
) -> Option<Address> {
    let signs = instruction.accounts.iter().filter(|meta| meta.is_signer);
    let done = Done {
        before,
        after,
        signers: signs.map(|meta| meta.pubkey).collect(),
        accounts: instruction.accounts.iter().map(|meta| meta.pubkey).collect(),
        now: after.get_sysvar::<Clock>().unix_timestamp,
    };
    done.accounts.iter().find(|address| !done.is_agreed(address)).copied()
}

impl Done<'_> {
    fn is_agreed(&self, address: &Address) -> bool {
        let Some(old) = self.before.get_account(address) else {
            return self.created(address);
        };
        if Some(&old) == self.after.get_account(address).as_ref() {
            return true;
        }
        if old.owner == grid_token_metadata::ID {
            return self.metadata();
        }
        if !is_ours(&old) {
            return self.created(address);
        }
        self.config(address, &old)
            && self.market(address, &old)
            && self.project(address, &old)
            && self.member(address, &old)
            && self.device(address, &old)
            && self.job(address, &old)
            && self.settings(address, &old)
            && self.stake(address, &old)
            && self.pool(address, &old)
            && self.position(address, &old)
            && self.emission(address, &old)
            && self.admission(address, &old)
            && self.node(address, &old)
            && self.collection(address, &old)
            && self.attestation(address, &old)
            && self.access(address, &old)
    }

    fn signed(&self, key: &Address) -> bool {
        self.signers.contains(key)
    }

    /// The account before and, unless it was closed, after; `None` when it is of another type.
    fn both<T: AccountDeserialize + Discriminator + Owner>(
        &self,
        address: &Address,
        old: &Account,
    ) -> Option<(T, Option<T>)> {
        let read = |account: &Account| account::decode::<T>(address, account).ok();
        let new = self.after.get_account(address);
        Some((read(old)?, new.as_ref().and_then(read)))
    }

    /// The account after, when it is of a type.
    fn made<T: AccountDeserialize + Owner>(&self, address: &Address) -> Option<T> {
        account::decode(address, &self.after.get_account(address)?).ok()
    }

    /// All accounts of a type that the instruction was given, as they were.
    fn given<T: AccountDeserialize + Owner>(&self) -> impl Iterator<Item = (Address, T)> {
        self.accounts.iter().filter_map(|address| {
            let account = self.before.get_account(address)?;
            Some((*address, account::decode::<T>(address, &account).ok()?))
        })
    }

    fn config(&self, address: &Address, old: &Account) -> bool {
        let Some((old, new)) = self.both::<Config>(address, old) else {
            return true;
        };
        new.is_some_and(|new| {
            let is_paused_as_before = new.deposits_paused_until == old.deposits_paused_until;
            let roles = |config: &Config| (config.pauser, config.treasury, config.stake_mint);
            let are_roles_as_before = roles(&new) == roles(&old);
            (is_paused_as_before || self.signed(&old.pauser))
                && (are_roles_as_before || self.signed(&old.admin))
                && (new.pending_admin == old.pending_admin
                    || self.signed(&old.admin)
                    || self.signed(&old.pending_admin))
                && (new.admin == old.admin || self.signed(&old.pending_admin))
        })
    }

    fn market(&self, address: &Address, old: &Account) -> bool {
        let Some((old, new)) = self.both::<Market>(address, old) else {
            return true;
        };
        let Some(new) = new else {
            return self.signed(&old.authority) && old.active_jobs == 0 && old.fees_owed_atoms == 0;
        };
        let config = address::config().0;
        let pauser = self.given::<Config>().find(|(at, _)| *at == config).map(|(_, config)| config.pauser);
        // What jobs and devices change without the authority.
        let plain = Market {
            queue: new.queue,
            active_jobs: new.active_jobs,
            fees_owed_atoms: new.fees_owed_atoms,
            entries_paused_until: new.entries_paused_until,
            ..old
        };
        (new.entries_paused_until == old.entries_paused_until || pauser.is_some_and(|key| self.signed(&key)))
            && (plain == new || self.signed(&old.authority) || self.signed(&old.pending_authority))
            && (new.authority == old.authority || self.signed(&old.pending_authority))
    }

    fn project(&self, address: &Address, old: &Account) -> bool {
        let Some((old, new)) = self.both::<Project>(address, old) else {
            return true;
        };
        let members = || self.given::<Member>().filter(|(_, member)| member.project == *address);
        let is_member = || members().any(|(_, member)| self.signed(&member.key));
        self.signed(&old.owner)
            || new.is_some_and(|new| {
                let spends = new.balance < old.balance;
                (new.owner, new.mint) == (old.owner, old.mint)
                    && new.members <= old.members
                    && (new.members == old.members && !spends || is_member())
            })
    }

    fn member(&self, address: &Address, old: &Account) -> bool {
        let Some((old, new)) = self.both::<Member>(address, old) else {
            return true;
        };
        let is_owner =
            self.given::<Project>().any(|(at, project)| at == old.project && self.signed(&project.owner));
        let is_same = |new: Member| {
            (new.project, new.key, new.limit_atoms, new.period_seconds)
                == (old.project, old.key, old.limit_atoms, old.period_seconds)
        };
        is_owner || self.signed(&old.key) && new.is_none_or(is_same)
    }

    fn device(&self, address: &Address, old: &Account) -> bool {
        let Some((old, new)) = self.both::<Device>(address, old) else {
            return true;
        };
        let may_go = self.signed(&old.node) || self.was_noticed(&old);
        let Some(new) = new else {
            return may_go && old.bond_atoms == 0 && old.earnings_atoms == 0 && old.access == 0;
        };
        let gate = |device: &Device| (device.is_gated, device.access, device.access_metadata);
        let is_dismissed = gate(&new) == (old.is_gated, 0, Address::default());
        let may_be_dismissed = || may_go || self.is_unbacked(&old);
        let is_late = || self.given::<Job>().any(|(_, job)| self.is_late(&job, &old));
        let is_ended = || self.given::<Job>().any(|(_, job)| job.device == *address && self.is_client(&job));
        (new.node, new.market, new.mint, new.index) == (old.node, old.market, old.mint, old.index)
            && (new.payee == old.payee || self.signed(&old.payee))
            && (new.bond_atoms >= old.bond_atoms || may_go || is_late())
            && (gate(&new) == gate(&old) || self.signed(&old.node) || is_dismissed && may_be_dismissed())
            && (new.state == old.state || may_be_dismissed() || is_late() || is_ended())
    }

    fn job(&self, address: &Address, old: &Account) -> bool {
        let Some((old, new)) = self.both::<Job>(address, old) else {
            return true;
        };
        let is_node = self.given::<Device>().any(|(_, device)| self.signed(&device.node));
        let is_member = self
            .given::<Member>()
            .any(|(_, member)| member.project == old.project && self.signed(&member.key));
        let was_noticed = !old.noticed_at.is_zero() && passed(old.noticed_at, NOTICE_SECONDS, self.now);
        let is_late = || self.given::<Device>().any(|(_, device)| self.is_late(&old, &device));
        let Some(new) = new else {
            let is_old = old.is_over() && self.now >= old.closable_at();
            return self.is_client(&old) || is_old || old.is(JobState::Queued) && was_noticed;
        };
        let terms = |job: &Job| {
            (
                job.id.get(),
                job.project,
                job.market,
                job.rent_payer,
                job.definition,
                job.price_per_second_atoms,
            )
        };
        let is_only_noticed = new == Job { noticed_at: new.noticed_at, ..old };
        terms(&new) == terms(&old)
            && (is_node || is_member || self.is_client(&old) || is_late() || is_only_noticed)
    }

    /// Whether the owner of the job's project or its lister signed.
    fn is_client(&self, job: &Job) -> bool {
        let owner = self.given::<Project>().find(|(at, _)| *at == job.project).map(|(_, p)| p.owner);
        self.signed(&job.rent_payer) || owner.is_some_and(|owner| self.signed(&owner))
    }

    /// Whether the job's match or run on the device may be ended by anyone.
    fn is_late(&self, job: &Job, device: &Device) -> bool {
        let matched_at = if device.is(DeviceState::Assigned) { device.matched_at } else { job.matched_at };
        match job.is(JobState::Running) {
            true => job.is_silent(self.now) || job.is_overdue(self.now),
            false => !matched_at.is_zero() && passed(matched_at, job.start_window_seconds, self.now),
        }
    }
}
