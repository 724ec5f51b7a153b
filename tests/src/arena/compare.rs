//! Every account, field by field, against the model.

use crate::{
    arena::Arena,
    model::{
        Deposit, Device, DevicePhase, Job, JobKey, JobPhase, Kind, Market, Member, Party, Project, Record,
    },
    world::{DEFINITION, RESULT},
};
use anchor_lang::Discriminator;
use bytemuck::AnyBitPattern;
use grid_client::{account::MarketView, token};
use grid_jobs::{DeviceState, JobState, MarketTerms};
use solana_account::ReadableAccount;
use solana_address::Address;

/// Asserts that two sides agree, and names what does not.
macro_rules! same {
    ($found:expr, $expected:expr, $($what:tt)*) => {{
        let (found, expected) = (&$found, &$expected);
        assert!(*found == *expected, "{}: {found:?}, the model says {expected:?}", format!($($what)*));
    }};
}

impl Arena {
    /// Compares every account with the model.
    ///
    /// # Panics
    /// When they differ.
    pub fn compare(&self) {
        let (model, at) = (&self.model, &self.at);
        same!(u128::from(self.tokens_in(&at.vault)), model.vault, "tokens in the vault");
        same!(model.owed() + model.donated, model.vault, "the ledger");
        for party in at.parties() {
            same!(
                u128::from(self.tokens_in(&at.tokens(party))),
                model.tokens_of(party),
                "tokens of {party:?}"
            );
        }
        for (party, before) in &self.lamports {
            same!(
                self.lamports_of(&at.key(*party)) + self.rents_of(*party),
                *before,
                "lamports of {party:?}"
            );
        }
        self.compare_config();
        for (number, project) in model.projects.iter().enumerate() {
            if let Some((found, project)) = self.both(&at.projects[number], project.as_ref()) {
                compare_project(number, found, project);
            }
        }
        for (key, account) in at.memberships() {
            if let Some((found, member)) = self.both(&account, model.members.get(&key)) {
                compare_member(key, found, member);
            }
        }
        for (number, device) in model.devices.iter().enumerate() {
            if let Some((found, device)) = self.both(&at.devices[number], device.as_deref()) {
                self.compare_device(number, found, device);
            }
        }
        for (number, market) in model.markets.iter().enumerate() {
            if let Some((found, market)) = self.both(&at.markets[number], market.as_deref()) {
                self.compare_market(number, found, market);
            }
        }
        for key in at.known_jobs() {
            if let Some((found, job)) = self.both(&at.job(key), model.jobs.get(&key).map(AsRef::as_ref)) {
                self.compare_job(key, found, job);
            }
        }
    }

    /// An account and what the model says of it, if it is open; it must be so for both.
    fn both<'a, T, M>(&'a self, address: &Address, expected: Option<&'a M>) -> Option<(&'a T, &'a M)>
    where
        T: AnyBitPattern + bytemuck::NoUninit + Discriminator,
    {
        let accounts = &self.world.network.svm.accounts_db().inner;
        let found = accounts.get(address).filter(|account| account.lamports() > 0);
        let name = std::any::type_name::<T>();
        same!(found.is_some(), expected.is_some(), "whether {name} {address} is open");
        let data = found?.data();
        assert!(data.starts_with(T::DISCRIMINATOR), "{address} is no {name}");
        Some((bytemuck::from_bytes(&data[8..8 + size_of::<T>()]), expected?))
    }

    fn tokens_in(&self, account: &Address) -> u64 {
        let found = self.world.network.svm.accounts_db().inner.get(account);
        found.and_then(|account| token::amount(account.data())).expect("a token account")
    }

    /// Rents that somebody has paid for open accounts, lamports.
    fn rents_of(&self, party: Party) -> u64 {
        let spaces = [
            (Deposit::Project, grid_jobs::Project::SPACE),
            (Deposit::Member, grid_jobs::Member::SPACE),
            (Deposit::Device, grid_jobs::Device::SPACE),
            (Deposit::Job, grid_jobs::Job::SPACE),
        ];
        let rent = |(deposit, space)| u64::from(self.model.rents_of(party, deposit)) * self.world.rent(space);
        spaces.into_iter().map(rent).sum()
    }

    fn compare_config(&self) {
        let (expected, at) = (&self.model.config, &self.at);
        let (found, expected): (&grid_jobs::Config, _) =
            self.both(&at.config, Some(expected)).expect("the config is open");
        same!(found.admin, at.key(expected.admin), "admin");
        same!(found.pending_admin, self.key_or_zero(expected.pending_admin), "pending admin");
        same!(found.pauser, at.key(expected.pauser), "pauser");
        same!(found.treasury, at.key(expected.treasury), "treasury");
        same!(found.deposits_paused_until, expected.deposits_paused_until, "pause of deposits");
    }

    fn key_or_zero(&self, party: Option<Party>) -> Address {
        party.map_or(Address::default(), |party| self.at.key(party))
    }

    fn compare_market(&self, number: usize, found: &grid_jobs::Market, market: &Market) {
        let at = &self.at;
        same!(found.authority, at.key(market.authority), "authority of market {number}");
        let pending = self.key_or_zero(market.pending_authority);
        same!(found.pending_authority, pending, "pending authority of market {number}");
        same!(terms_of(found), market.terms, "terms of market {number}");
        same!(u128::from(found.fees_owed_atoms.get()), market.fees, "fees of market {number}");
        same!(found.active_jobs, market.active_jobs, "active jobs of market {number}");
        same!(found.entries_paused_until, market.paused_until, "pause of market {number}");
        let view = self.world.market_at(&at.markets[number]);
        let jobs = market.jobs.iter().map(|job| at.job(*job));
        let devices = market.devices.iter().map(|device| at.devices[*device]);
        let waiting: Vec<Address> = jobs.chain(devices).collect();
        same!(view.waiting(), Some(waiting.clone()), "queue of market {number}");
        same!(view.slots.len(), market.capacity, "room of market {number}");
        same!(free_slots(&view), market.capacity - waiting.len(), "free slots of market {number}");
    }

    fn compare_device(&self, number: usize, found: &grid_jobs::Device, device: &Device) {
        let (state, job, matched_at) = match device.phase {
            DevicePhase::Idle => (DeviceState::Idle, None, 0),
            DevicePhase::Queued => (DeviceState::Queued, None, 0),
            DevicePhase::Matched(job) => match self.model.jobs[&job].phase {
                JobPhase::Matched { record: Record::InDevice, since, .. } => {
                    (DeviceState::Assigned, Some(job), since)
                }
                _ => (DeviceState::Queued, None, 0),
            },
            DevicePhase::Running(job) => (DeviceState::Running, Some(job), 0),
        };
        same!(found.state, state as u8, "state of device {number}");
        same!(found.node, self.at.key(self.model.node_of(number)), "node of device {number}");
        same!(found.payee, self.at.key(device.payee), "payee of device {number}");
        same!(found.job, job.map_or(Address::default(), |job| self.at.job(job)), "job of device {number}");
        same!(found.matched_at, matched_at, "match of device {number}");
        same!(u128::from(found.bond_atoms.get()), device.bond, "bond of device {number}");
        same!(u128::from(found.earnings_atoms.get()), device.earnings, "earnings of device {number}");
        same!(found.min_price_per_second_atoms, device.min_price, "price of device {number}");
        let penalties = (found.penalties.expiry_reward_atoms.get(), found.penalties.compensation_atoms.get());
        let agreed =
            device.agreed.map_or((0, 0), |terms| (terms.expiry_reward_atoms, terms.compensation_atoms));
        same!(penalties, agreed, "penalties of device {number}");
        same!(found.strikes, device.strikes, "strikes of device {number}");
        same!(found.jobs_finished, device.finished, "jobs of device {number}");
        same!(found.noticed_at, device.noticed.unwrap_or(0), "notice to device {number}");
    }

    fn compare_job(&self, key: JobKey, found: &grid_jobs::Job, job: &Job) {
        let (mut matched, mut run) = (0, None);
        let (state, ended) = match job.phase {
            JobPhase::Queued | JobPhase::Matched { record: Record::InDevice, .. } => (JobState::Queued, 0),
            JobPhase::Matched { since, .. } => {
                matched = since;
                (JobState::Assigned, 0)
            }
            JobPhase::Running { since, heartbeat, .. } => {
                run = Some((since, heartbeat));
                (JobState::Running, 0)
            }
            JobPhase::Done { since, .. } => (JobState::Done, since),
            JobPhase::Stopped { since } => (JobState::Stopped, since),
        };
        same!(found.state, state as u8, "state of job {key:?}");
        same!(found.ended_at, ended, "end of job {key:?}");
        same!(found.matched_at, matched, "match of job {key:?}");
        // What a job that is done tells of its run is history.
        if state != JobState::Done {
            let (since, heartbeat) = run.unwrap_or((0, 0));
            same!(found.started_at, since, "start of job {key:?}");
            same!(found.last_heartbeat_at, heartbeat, "heartbeat of job {key:?}");
        }
        let device = job.named_device().map_or(Address::default(), |device| self.at.devices[device]);
        same!(found.device, device, "device of job {key:?}");
        let has_result = matches!(job.phase, JobPhase::Done { has_result: true, .. });
        same!(found.result, if has_result { RESULT } else { [0; 32] }, "result of job {key:?}");
        same!(found.definition, DEFINITION, "definition of job {key:?}");
        same!(found.kind, u8::from(job.kind == Kind::Service), "kind of job {key:?}");
        same!(found.rent_payer, self.at.key(job.lister), "lister of job {key:?}");
        same!(found.market, self.at.markets[job.market], "market of job {key:?}");
        same!(found.project, self.at.projects[key.0], "project of job {key:?}");
        same!(found.attempts, job.attempts, "attempts of job {key:?}");
        same!(found.timeout_seconds, job.timeout, "timeout of job {key:?}");
        same!(u128::from(found.escrow_atoms.get()), job.escrow, "escrow of job {key:?}");
        same!(found.noticed_at, job.noticed.unwrap_or(0), "notice to job {key:?}");
        same!(found.price_per_second_atoms, job.terms.price_per_second_atoms, "price of job {key:?}");
        same!(found.fee_bps, job.terms.fee_bps, "fee of job {key:?}");
        same!(found.max_attempts, job.terms.max_attempts, "most attempts of job {key:?}");
        same!(found.max_timeout_seconds, job.terms.max_timeout_seconds, "longest timeout of job {key:?}");
        same!(found.start_window_seconds, job.terms.start_window_seconds, "window of job {key:?}");
        same!(found.heartbeat_limit_seconds, job.terms.heartbeat_limit_seconds, "limit of job {key:?}");
        same!(found.finish_grace_seconds, job.terms.finish_grace_seconds, "grace of job {key:?}");
        same!(found.retention_seconds, job.terms.retention_seconds, "retention of job {key:?}");
    }
}

fn compare_project(number: usize, found: &grid_jobs::Project, project: &Project) {
    same!(u128::from(found.balance.get()), project.balance, "balance of project {number}");
    same!(found.open_jobs, project.open_jobs, "open jobs of project {number}");
    same!(found.members, project.members, "members of project {number}");
}

fn compare_member(key: (usize, usize), found: &grid_jobs::Member, member: &Member) {
    same!(u128::from(found.limit_atoms.get()), member.limit, "limit of member {key:?}");
    same!(u128::from(found.spent_atoms.get()), member.spent, "what member {key:?} spent");
    same!(found.period_seconds, member.period, "period of member {key:?}");
    same!(found.period_started_at, member.since, "begin of the period of member {key:?}");
}

fn terms_of(market: &grid_jobs::Market) -> MarketTerms {
    MarketTerms {
        price_per_second_atoms: market.price_per_second_atoms.get(),
        bond_atoms: market.bond_atoms.get(),
        expiry_reward_atoms: market.penalties.expiry_reward_atoms.get(),
        compensation_atoms: market.penalties.compensation_atoms.get(),
        fee_bps: market.fee_bps.get(),
        stakers_bps: market.stakers_bps.get(),
        burn_bps: market.burn_bps.get(),
        max_attempts: market.max_attempts,
        max_strikes: market.max_strikes.get(),
        min_timeout_seconds: market.min_timeout_seconds.get(),
        max_timeout_seconds: market.max_timeout_seconds.get(),
        start_window_seconds: market.start_window_seconds.get(),
        heartbeat_limit_seconds: market.heartbeat_limit_seconds.get(),
        finish_grace_seconds: market.finish_grace_seconds.get(),
        retention_seconds: market.retention_seconds.get(),
    }
}

/// Length of the list of free slots.
pub(super) fn free_slots(market: &MarketView) -> usize {
    let (mut count, mut index) = (0, market.header.queue.free.get());
    while index != grid_jobs::NO_SLOT {
        let slot = &market.slots[usize::from(index)];
        assert_eq!(slot.address, Address::default(), "a free slot is empty");
        (count, index) = (count + 1, slot.next.get());
        assert!(count <= market.slots.len(), "the free slots run in a circle");
    }
    count
}
