//! The upgrade: what was on its way goes on, and pays to the atom.

use anyhow::Result;
use grid_client::{
    address,
    instruction::{self, Run},
    pools, rewards, staking,
};
use grid_jobs::JobState;
use grid_tests::{
    World, assert_ledger, assert_solvent,
    incentives::DURATION,
    release::{Snapshot, Stage, stage},
    world::RESULT,
};
use solana_address::Address;
use solana_signer::Signer;

/// The stages of all releases that are kept, with the programs of this checkout.
fn stages() -> Result<Vec<Stage>> {
    let stages: Vec<Stage> =
        Snapshot::all()?.iter().map(|snapshot| Ok(Stage::on(snapshot.network()?))).collect::<Result<_>>()?;
    assert!(!stages.is_empty());
    Ok(stages)
}

fn check(stage: &Stage) {
    assert_ledger(&stage.world, 0);
    assert_solvent(&stage.world);
}

/// Finishes a run now: price × seconds go to the device, the fee to the market, the rest of the escrow to the project.
fn finish(stage: &mut Stage, market: u64, index: u32, id: u64) {
    let run = Run {
        device: stage.device(market, index),
        job: stage.job(id),
        market: stage.market(market),
        project: stage.world.project,
    };
    let (job, before) = (stage.world.job(&run.job), books(&stage.world, &run));
    let seconds = u64::try_from(stage.world.network.time() - job.started_at.get()).expect("it has begun");
    assert!(seconds > 0, "job {id} has run for a while");
    let paid = seconds * job.price_per_second_atoms.get();
    let fee = (paid * u64::from(job.fee_bps.get())).div_ceil(10_000);
    stage.world.land(&[instruction::finish(stage.world.node.pubkey(), run, RESULT)]);

    let after = books(&stage.world, &run);
    assert_eq!(after.earnings - before.earnings, paid, "job {id}");
    assert_eq!(after.fees - before.fees, fee, "job {id}");
    assert_eq!(after.balance - before.balance, job.escrow_atoms.get() - paid - fee, "job {id}");
    assert!(stage.world.job(&run.job).is(JobState::Done));
    check(stage);
}

/// What changes hands when a job is over, atoms.
struct Books {
    earnings: u64,
    fees: u64,
    balance: u64,
}

fn books(world: &World, run: &Run) -> Books {
    let market = world.market_at(&run.market).header;
    Books {
        earnings: world.device(&run.device).earnings_atoms.get(),
        fees: market.fees_owed_atoms.get() + market.treasury_owed_atoms.get(),
        balance: world.project_at(&run.project).balance.get(),
    }
}

fn start(stage: &mut Stage, market: u64, index: u32, id: u64) {
    let (device, job) = (stage.device(market, index), stage.job(id));
    stage.world.start(device, job);
}

/// Every open job is paid, from each phase that it can be in.
fn pay_all(stage: &mut Stage) {
    stage.world.network.advance(10);
    start(stage, stage::OPEN, 1, stage::ASSIGNED);
    start(stage, stage::OPEN, 2, stage::MATCHED);
    stage.world.network.advance(7);
    finish(stage, stage::GATED, 0, stage::GATED_RUN);
    finish(stage, stage::OPEN, 0, stage::RUNS);
    finish(stage, stage::OPEN, 1, stage::ASSIGNED);
    finish(stage, stage::OPEN, 2, stage::MATCHED);
    finish(stage, stage::OPEN, 3, stage::SERVICE);

    // What waits is matched in the order of the queue.
    for (index, id) in [(0, stage::BY_MEMBER), (4, stage::QUEUED)] {
        stage.world.work(stage.device(stage::OPEN, index));
        start(stage, stage::OPEN, index, id);
        stage.world.network.advance(3);
        finish(stage, stage::OPEN, index, id);
    }

    // The device that waits meets a new job.
    let new = 100;
    stage.world.market = stage.market(stage::WAITING);
    stage.world.list(new);
    start(stage, stage::WAITING, 0, new);
    stage.world.network.advance(5);
    finish(stage, stage::WAITING, 0, new);
    stage.world.market = stage.market(stage::OPEN);
}

#[test]
fn every_open_job_still_pays() -> Result<()> {
    for mut stage in stages()? {
        check(&stage);
        pay_all(&mut stage);
    }
    Ok(())
}

#[test]
fn everything_can_still_be_taken_home() -> Result<()> {
    for mut stage in stages()? {
        pay_all(&mut stage);
        let (mint, project) = (stage.world.mint, stage.world.project);
        let (client, node) = (stage.world.client.pubkey(), stage.world.node.pubkey());
        let (authority, member) = (stage.world.authority.pubkey(), stage.world.stranger.pubkey());

        let ids = [
            stage::GATED_RUN,
            stage::RUNS,
            stage::ASSIGNED,
            stage::MATCHED,
            stage::SERVICE,
            stage::DONE,
            stage::BY_MEMBER,
            stage::QUEUED,
            stage::STOPPED,
            100,
        ];
        for id in ids {
            let job = stage.job(id);
            let payer = stage.world.job(&job).rent_payer;
            stage.world.land(&[instruction::close_job(client, project, job, payer)]);
        }
        let devices: Vec<(u64, u32)> = (0..5).map(|index| (stage::OPEN, index)).collect();
        for (market, index) in devices.into_iter().chain([(stage::GATED, 0), (stage::WAITING, 0)]) {
            take_device_home(&mut stage, market, index);
        }
        for market in [stage::GATED, stage::OPEN, stage::WAITING] {
            let market = stage.market(market);
            stage.world.land(&[instruction::collect_fees(market, mint, authority, mint)]);
            stage.world.land(&[instruction::close_market(authority, market)]);
        }
        let left = stage.world.project().balance.get();
        let home = address::token_account(&client, mint);
        stage.world.land(&[
            instruction::withdraw(client, project, mint, home, left),
            instruction::close_member(client, client, project, member),
            instruction::close_project(client, project),
        ]);
        assert_eq!(stage.world.vault_tokens(), 0);
        check(&stage);

        take_stake_home(&mut stage, node);
        check(&stage);
    }
    Ok(())
}

fn take_device_home(stage: &mut Stage, market: u64, index: u32) {
    let (device, node, mint) = (stage.device(market, index), stage.world.node.pubkey(), stage.world.mint);
    let bond = stage.world.device(&device).bond_atoms.get();
    if market == stage::GATED {
        let dismiss = instruction::dismiss_device(node, device, stage.market(market), &stage.access());
        stage.world.land(&[dismiss]);
    }
    stage.world.land(&[
        instruction::withdraw_earnings(device, mint, node),
        instruction::withdraw_bond(node, device, mint, node, bond),
        instruction::close_device(node, node, device),
    ]);
    check(stage);
}

/// Emissions and rewards are paid, the stake is released in full.
fn take_stake_home(stage: &mut Stage, node: Address) {
    let (mint, stake, pool) = (stage.world.mint, stage.stake(), stage.pool());
    let home = address::token_account(&node, mint);
    let treasury = address::token_account(&stage.world.authority.pubkey(), mint);
    stage.world.land(&[
        pools::claim(stage.emission(0), mint, treasury),
        pools::claim_to_rewards(stage.emission(1), mint, pool),
    ]);
    let before = stage.world.tokens_in(&home);
    stage.world.land(&[rewards::claim(node, stake, pool, mint, home)]);
    let rewarded = stage.world.tokens_in(&home) - before;
    assert!(rewarded > stage::STAKE, "what was brought, and of the emission and the fees");

    stage.world.land(&[rewards::exit(node, stake, pool), staking::unstake(node, stake)]);
    stage.world.network.advance(i64::from(DURATION));
    let before = stage.world.tokens_in(&home);
    stage.world.land(&[staking::withdraw(node, stake, mint, home), staking::close(node, stake)]);
    assert_eq!(stage.world.tokens_in(&home) - before, stage::STAKE);
}
