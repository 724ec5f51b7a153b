//! What of a key's deposits can come back: a plan over its accounts, as a pure function.

use crate::{
    commands::{
        device::{empty, withdraw_earnings},
        pool, project,
        rewards::{claim, claimable},
        stake::{withdraw, withdrawable},
    },
    mint::MintInfo,
    session::{still, still_there},
};
use anchor_lang::Discriminator;
use grid_client::{
    Expectation,
    account::{Attestation, Device, Emission, Job, Pool, Position, Project, Stake},
    instruction, nodes, rewards, staking, token,
};
use grid_jobs::{DeviceState, Market};
use solana_address::Address;
use solana_instruction::Instruction;
use std::{collections::HashMap, mem::offset_of, sync::Arc};

/// Rent of an account of each kind, lamports.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rents {
    /// Of a job.
    pub job: u64,
    /// Of a device.
    pub device: u64,
    /// Of a project.
    pub project: u64,
    /// Of a stake.
    pub stake: u64,
    /// Of a position.
    pub position: u64,
    /// Of an attestation.
    pub attestation: u64,
}

/// What a key has to do with.
#[derive(Default)]
pub struct Holdings {
    /// The key.
    pub me: Address,
    /// The chain's time, Unix seconds.
    pub now: i64,
    /// Rents.
    pub rents: Rents,
    /// All mints of the accounts below.
    pub mints: HashMap<Address, Arc<MintInfo>>,
    /// Projects that the key owns.
    pub projects: Vec<(Address, Project)>,
    /// Jobs of these projects, and those that the key paid the rent of.
    pub jobs: Vec<(Address, Job)>,
    /// Devices whose node or payee the key is.
    pub devices: Vec<(Address, Device)>,
    /// Markets whose fees reach the key.
    pub markets: Vec<(Address, Market)>,
    /// The config's stake mint, for fees.
    pub stake_mint: Address,
    /// Stakes that the key owns.
    pub stakes: Vec<(Address, Stake)>,
    /// Positions that the key owns, with their pools.
    pub positions: Vec<(Address, Position, Pool)>,
    /// Emissions that pay a token account of the key's.
    pub emissions: Vec<(Address, Emission)>,
    /// Attestations that the key paid the rent of.
    pub attestations: Vec<(Address, Attestation)>,
}

/// Something that can come back.
#[derive(Debug)]
pub struct Due {
    /// In words.
    pub what: String,
    /// The account.
    pub account: Address,
    /// Name of what is done.
    pub kind: &'static str,
    /// How.
    pub instructions: Vec<Instruction>,
    /// What the chain holds as long as it is due.
    pub wanted_while: Vec<Expectation>,
    /// Tokens that come back to the key, as far as that is known before, atoms.
    pub tokens: Option<(Arc<MintInfo>, u64)>,
    /// SOL that comes back to the key, lamports.
    pub lamports: u64,
}

/// What can come back now. With `all` also what is in use but not at work: bonds of idle devices, balances of projects.
pub fn plan(holdings: &Holdings, all: bool) -> Vec<Due> {
    let mut due = jobs(holdings);
    let closed_jobs = due.len();
    due.extend(devices(holdings, all));
    due.extend(fees(holdings));
    due.extend(positions(holdings));
    due.extend(stakes(holdings));
    due.extend(emissions(holdings));
    due.extend(attestations(holdings));
    if all {
        let closed: Vec<Address> = due[..closed_jobs].iter().map(|job| job.account).collect();
        due.extend(projects(holdings, &closed));
    }
    due
}

impl Holdings {
    fn tokens(&self, mint: &Address, atoms: u64) -> Option<(Arc<MintInfo>, u64)> {
        self.mints.get(mint).filter(|_| atoms > 0).map(|mint| (mint.clone(), atoms))
    }
}

fn jobs(holdings: &Holdings) -> Vec<Due> {
    let owns = |job: &Job| holdings.projects.iter().any(|(project, _)| *project == job.project);
    let is_due = |job: &Job| job.is_over() && (owns(job) || holdings.now >= job.closable_at());
    let due = |(address, job): &(Address, Job)| Due {
        what: "job that is over".to_owned(),
        account: *address,
        kind: "close_job",
        instructions: vec![instruction::close_job(holdings.me, job.project, *address, job.rent_payer)],
        wanted_while: vec![still_there(*address, Job::DISCRIMINATOR)],
        tokens: None,
        lamports: if job.rent_payer == holdings.me { holdings.rents.job } else { 0 },
    };
    holdings.jobs.iter().filter(|(_, job)| is_due(job)).map(due).collect()
}

fn devices(holdings: &Holdings, all: bool) -> Vec<Due> {
    let mut found = Vec::new();
    for (address, device) in &holdings.devices {
        let Some(mint) = holdings.mints.get(&device.mint) else { continue };
        let (bond, earnings) = (device.bond_atoms.get(), device.earnings_atoms.get());
        let mine = |atoms| if device.payee == holdings.me { atoms } else { 0 };
        let can_close = device.node == holdings.me && device.is(DeviceState::Idle) && device.access == 0;
        if all && can_close {
            let mut instructions = empty(holdings.me, *address, device, mint);
            instructions.push(instruction::close_device(holdings.me, device.node, *address));
            found.push(Due {
                what: "idle device with its bond".to_owned(),
                account: *address,
                kind: "close_device",
                instructions,
                wanted_while: vec![still_there(*address, Device::DISCRIMINATOR)],
                tokens: holdings.tokens(&device.mint, mine(bond.saturating_add(earnings))),
                lamports: holdings.rents.device,
            });
        } else if earnings > 0 {
            found.push(Due {
                what: "earnings of a device".to_owned(),
                account: *address,
                kind: "withdraw_earnings",
                instructions: withdraw_earnings(holdings.me, *address, device, mint),
                wanted_while: vec![still(
                    *address,
                    offset_of!(Device, earnings_atoms),
                    earnings.to_le_bytes(),
                )],
                tokens: holdings.tokens(&device.mint, mine(earnings)),
                lamports: 0,
            });
        }
    }
    found
}

fn fees(holdings: &Holdings) -> Vec<Due> {
    let mut found = Vec::new();
    for (address, market) in &holdings.markets {
        let owed = market.fees_owed_atoms.get().saturating_add(market.treasury_owed_atoms.get());
        let (Some(mint), true) = (holdings.mints.get(&market.mint), owed > 0) else { continue };
        let (me, fees_owed) = (holdings.me, market.fees_owed_atoms.get());
        found.push(Due {
            what: "fees of a market, of which the treasury's share comes here".to_owned(),
            account: *address,
            kind: "collect_fees",
            instructions: vec![
                token::create_account(me, me, mint.mint),
                instruction::collect_fees(*address, mint.mint, me, holdings.stake_mint),
            ],
            wanted_while: vec![still(*address, offset_of!(Market, fees_owed_atoms), fees_owed.to_le_bytes())],
            tokens: holdings.tokens(&market.mint, treasury_share(market)),
            lamports: 0,
        });
    }
    found
}

/// What of a market's fees is the treasury's, atoms, where there is a reward pool; more where there is none.
fn treasury_share(market: &Market) -> u64 {
    let (stakers, burnt) = (market.stakers_bps.get(), market.burn_bps.get());
    let shares = grid_jobs::math::share_fees(market.fees_owed_atoms.get(), stakers, burnt);
    shares.map_or(0, |shares| shares.treasury_atoms).saturating_add(market.treasury_owed_atoms.get())
}

fn positions(holdings: &Holdings) -> Vec<Due> {
    let mut found = Vec::new();
    for (address, position, pool) in &holdings.positions {
        let Some(mint) = holdings.mints.get(&pool.reward_mint) else { continue };
        let pool_address = position.pool;
        let stake =
            holdings.stakes.iter().find(|(stake, _)| *stake == position.stake).map(|(_, stake)| stake);
        let atoms = claimable(position, pool, stake, holdings.now);
        let ends = stake.is_none_or(|stake| stake.is_unstaking());
        if atoms == 0 && !ends {
            continue;
        }
        let mut instructions = Vec::new();
        if atoms > 0 {
            instructions.extend(claim(holdings.me, &pool_address, &position.stake, mint));
        }
        if ends {
            instructions.push(rewards::exit(holdings.me, position.stake, pool_address));
        }
        found.push(Due {
            what: if ends { "position of a stake that ended" } else { "rewards of a stake" }.to_owned(),
            account: *address,
            kind: if ends { "exit" } else { "claim" },
            instructions,
            wanted_while: vec![still_there(*address, Position::DISCRIMINATOR)],
            tokens: holdings.tokens(&pool.reward_mint, atoms),
            lamports: if ends { holdings.rents.position } else { 0 },
        });
    }
    found
}

fn stakes(holdings: &Holdings) -> Vec<Due> {
    let mut found = Vec::new();
    for (address, stake) in &holdings.stakes {
        let Some(mint) = holdings.mints.get(&stake.mint) else { continue };
        let atoms = withdrawable(stake, holdings.now);
        let ends = stake.left() == atoms;
        if atoms == 0 && !ends {
            continue;
        }
        let mut instructions = Vec::new();
        if atoms > 0 {
            instructions.extend(withdraw(holdings.me, *address, mint));
        }
        if ends {
            instructions.push(staking::close(holdings.me, *address));
        }
        let withdrawn = stake.withdrawn_atoms.get();
        found.push(Due {
            what: if ends { "stake that has come free" } else { "what has come free of a stake" }.to_owned(),
            account: *address,
            kind: if ends { "close" } else { "withdraw" },
            instructions,
            wanted_while: vec![still(*address, offset_of!(Stake, withdrawn_atoms), withdrawn.to_le_bytes())],
            tokens: holdings.tokens(&stake.mint, atoms),
            lamports: if ends { holdings.rents.stake } else { 0 },
        });
    }
    found
}

fn emissions(holdings: &Holdings) -> Vec<Due> {
    let mut found = Vec::new();
    for (address, emission) in &holdings.emissions {
        let (atoms, mint) = (emission.due(holdings.now), holdings.mints.get(&emission.mint));
        let (Some(mint), true) = (mint, atoms > 0) else { continue };
        let paid = emission.paid_atoms.get();
        found.push(Due {
            what: "what an emission owes".to_owned(),
            account: *address,
            kind: "claim",
            instructions: vec![pool::claim(*address, emission, mint)],
            wanted_while: vec![still(*address, offset_of!(Emission, paid_atoms), paid.to_le_bytes())],
            tokens: holdings.tokens(&emission.mint, atoms),
            lamports: 0,
        });
    }
    found
}

fn attestations(holdings: &Holdings) -> Vec<Due> {
    let due = |(address, _): &(Address, Attestation)| Due {
        what: "attestation that has expired".to_owned(),
        account: *address,
        kind: "close_attestation",
        instructions: vec![nodes::close_attestation(*address, holdings.me)],
        wanted_while: vec![still_there(*address, Attestation::DISCRIMINATOR)],
        tokens: None,
        lamports: holdings.rents.attestation,
    };
    holdings.attestations.iter().filter(|(_, found)| found.is_expired(holdings.now)).map(due).collect()
}

/// Projects that are empty once `closed` jobs are.
fn projects(holdings: &Holdings, closed: &[Address]) -> Vec<Due> {
    let mut found = Vec::new();
    for (address, project) in &holdings.projects {
        let Some(mint) = holdings.mints.get(&project.mint) else { continue };
        let closing = holdings.jobs.iter().filter(|(job, of)| of.project == *address && closed.contains(job));
        let is_free = closing.count() == project.open_jobs.get() as usize && project.members.is_zero();
        let balance = project.balance.get();
        let mut instructions = Vec::new();
        if balance > 0 {
            instructions.extend(project::withdraw_of(holdings.me, *address, mint, balance));
        }
        if is_free {
            instructions.push(instruction::close_project(holdings.me, *address));
        }
        if instructions.is_empty() {
            continue;
        }
        found.push(Due {
            what: if is_free { "project without jobs" } else { "balance of a project" }.to_owned(),
            account: *address,
            kind: if is_free { "close_project" } else { "withdraw" },
            instructions,
            wanted_while: vec![still_there(*address, Project::DISCRIMINATOR)],
            tokens: holdings.tokens(&project.mint, balance),
            lamports: if is_free { holdings.rents.project } else { 0 },
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;
    use grid_jobs::JobState;

    fn address(number: u8) -> Address {
        Address::new_from_array([number; 32])
    }

    const NOW: i64 = 1_000_000;

    fn holdings() -> Holdings {
        let mint = Arc::new(MintInfo::named(address(9), 6, "GRID"));
        Holdings {
            me: address(1),
            now: NOW,
            rents: Rents { job: 1, device: 2, project: 4, stake: 8, position: 16, attestation: 32 },
            mints: HashMap::from([(address(9), mint)]),
            ..Holdings::default()
        }
    }

    fn job(project: Address, state: JobState, ended_at: i64) -> Job {
        let mut job = Job::zeroed();
        (job.project, job.rent_payer, job.state) = (project, address(1), state as u8);
        (job.ended_at, job.retention_seconds) = (ended_at.into(), 100.into());
        job
    }

    fn project(open_jobs: u32, balance: u64) -> Project {
        let mut project = Project::zeroed();
        (project.owner, project.mint) = (address(1), address(9));
        (project.open_jobs, project.balance) = (open_jobs.into(), balance.into());
        project
    }

    fn accounts(due: &[Due]) -> Vec<(&'static str, Address)> {
        due.iter().map(|due| (due.kind, due.account)).collect()
    }

    #[test]
    fn a_job_is_closed_when_it_is_over_and_the_key_may() {
        let (mine, foreign) = (address(20), address(21));
        let mut holdings = holdings();
        holdings.projects = vec![(mine, project(2, 0))];
        holdings.jobs = vec![
            (address(30), job(mine, JobState::Done, NOW)),
            (address(31), job(mine, JobState::Running, 0)),
            (address(32), job(foreign, JobState::Stopped, NOW - 100)),
            (address(33), job(foreign, JobState::Done, NOW - 99)),
        ];
        let due = plan(&holdings, false);
        assert_eq!(accounts(&due), [("close_job", address(30)), ("close_job", address(32))]);
        assert_eq!(due.iter().map(|due| due.lamports).sum::<u64>(), 2);
    }

    #[test]
    fn a_project_is_closed_with_its_last_job() {
        let mut holdings = holdings();
        holdings.projects =
            vec![(address(20), project(1, 500)), (address(21), project(1, 7)), (address(22), project(1, 0))];
        holdings.jobs = vec![
            (address(30), job(address(20), JobState::Done, NOW)),
            (address(31), job(address(21), JobState::Running, 0)),
        ];
        assert_eq!(accounts(&plan(&holdings, false)), [("close_job", address(30))]);
        let due = plan(&holdings, true);
        let expected =
            [("close_job", address(30)), ("close_project", address(20)), ("withdraw", address(21))];
        assert_eq!(accounts(&due), expected);
        assert_eq!(due[1].tokens.as_ref().map(|(_, atoms)| *atoms), Some(500));
        assert_eq!((due[1].lamports, due[2].lamports), (4, 0));
    }

    #[test]
    fn bonds_stay_unless_all_is_asked_for() {
        let mut device = Device::zeroed();
        (device.node, device.payee, device.mint) = (address(1), address(1), address(9));
        (device.state, device.bond_atoms) = (DeviceState::Idle as u8, 40.into());
        let mut earning = device;
        earning.earnings_atoms = 2.into();
        earning.state = DeviceState::Running as u8;
        let mut foreign = earning;
        foreign.node = address(5);
        let mut admitted = device;
        admitted.access = 1;
        let mut holdings = holdings();
        holdings.devices = vec![
            (address(40), device),
            (address(41), earning),
            (address(42), foreign),
            (address(43), admitted),
        ];
        let earnings = [("withdraw_earnings", address(41)), ("withdraw_earnings", address(42))];
        assert_eq!(accounts(&plan(&holdings, false)), earnings);
        let due = plan(&holdings, true);
        assert_eq!(accounts(&due)[0], ("close_device", address(40)));
        assert_eq!(due.len(), 3, "neither a running device nor an admitted one is closed");
        assert_eq!((due[0].tokens.as_ref().unwrap().1, due[0].lamports), (40, 2));
    }

    #[test]
    fn stakes_give_what_has_come_free_and_close_when_that_is_all() {
        let stake = |unstaked_at: i64, withdrawn: u64| {
            let mut stake = Stake::zeroed();
            (stake.owner, stake.mint, stake.duration_seconds) = (address(1), address(9), 100.into());
            (stake.total_atoms, stake.withdrawn_atoms) = (1_000.into(), withdrawn.into());
            stake.unstaked_at = unstaked_at.into();
            stake
        };
        let mut holdings = holdings();
        holdings.stakes = vec![
            (address(50), stake(0, 0)),
            (address(51), stake(NOW - 50, 0)),
            (address(52), stake(NOW - 500, 400)),
            (address(53), stake(NOW, 0)),
        ];
        let due = plan(&holdings, false);
        assert_eq!(accounts(&due), [("withdraw", address(51)), ("close", address(52))]);
        let atoms: Vec<u64> = due.iter().map(|due| due.tokens.as_ref().unwrap().1).collect();
        assert_eq!(atoms, [500, 600]);
    }

    #[test]
    fn fees_emissions_positions_and_attestations_are_among_it() {
        let mut market = Market::zeroed();
        (market.mint, market.fees_owed_atoms, market.burn_bps) = (address(9), 100.into(), 1_000.into());
        let mut emission = Emission::zeroed();
        (emission.mint, emission.rate_per_second_atoms) = (address(9), 2.into());
        (emission.starts_at, emission.balance_atoms) = ((NOW - 10).into(), 15.into());
        let (mut position, mut pool) = (Position::zeroed(), Pool::zeroed());
        (position.owner, position.earned_atoms) = (address(1), 3.into());
        (pool.reward_mint, pool.earned_atoms) = (address(9), 3.into());
        let mut expired = Attestation::zeroed();
        expired.expires_at = NOW.into();
        let mut valid = expired;
        valid.expires_at = (NOW + 1).into();
        let mut holdings = holdings();
        holdings.markets = vec![(address(60), market), (address(61), Market::zeroed())];
        holdings.emissions = vec![(address(62), emission)];
        holdings.positions = vec![(address(63), position, pool)];
        holdings.attestations = vec![(address(64), expired), (address(65), valid)];
        let due = plan(&holdings, false);
        let expected = [
            ("collect_fees", address(60)),
            ("exit", address(63)),
            ("claim", address(62)),
            ("close_attestation", address(64)),
        ];
        assert_eq!(accounts(&due), expected);
        let atoms: Vec<u64> = due.iter().filter_map(|due| Some(due.tokens.as_ref()?.1)).collect();
        assert_eq!(atoms, [90, 3, 15]);
    }
}
