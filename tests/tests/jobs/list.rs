//! `list`

use grid_client::address;
use grid_client::instruction::{self, Listing};
use grid_jobs::{GridError, Job, JobKind, JobState, Market, NO_SLOT, Project, QueueLinks, QueueSlot};
use grid_tests::{
    TERMS, World, assert_event, assert_ledger,
    world::{DEFINITION, DEPOSIT, TIMEOUT},
};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// 100 atoms × 600 seconds and 2.5 % of it.
const ESCROW: u64 = 61_500;

/// Lists job 1 with a listing that is as it should be but for `change`.
fn list(world: &World, change: impl FnOnce(&mut Listing)) -> Instruction {
    let mut listing = Listing {
        id: 1,
        kind: JobKind::Batch,
        definition: DEFINITION,
        timeout_seconds: TIMEOUT,
        max_price_per_second_atoms: TERMS.price_per_second_atoms,
    };
    change(&mut listing);
    instruction::list(world.client.pubkey(), world.project, world.market, &listing)
}

/// Job 1 of the world's project, as it is listed in a queue's first slot.
fn listed(world: &World) -> Job {
    Job {
        version: 1,
        bump: address::job(&world.project, 1).1,
        state: JobState::Queued as u8,
        kind: 0,
        attempts: 0,
        max_attempts: 3,
        fee_bps: 250.into(),
        slot: 0.into(),
        padding: [0; 2],
        timeout_seconds: 600.into(),
        id: 1.into(),
        project: world.project,
        market: world.market,
        rent_payer: world.client.pubkey(),
        device: Address::default(),
        definition: DEFINITION,
        result: [0; 32],
        price_per_second_atoms: 100.into(),
        escrow_atoms: ESCROW.into(),
        start_window_seconds: 60.into(),
        heartbeat_limit_seconds: 120.into(),
        finish_grace_seconds: 3_600.into(),
        retention_seconds: 86_400.into(),
        matched_at: 0.into(),
        started_at: 0.into(),
        last_heartbeat_at: 0.into(),
        ended_at: 0.into(),
        noticed_at: 0.into(),
        max_timeout_seconds: 7_200.into(),
        reserved: [0; 28],
    }
}

#[test]
fn queues_a_job_and_takes_its_escrow() {
    let mut world = World::new();
    let (project, market, client) = (world.project(), world.market(), world.client.pubkey());
    let (device, vault) = (world.raw(&world.device), world.vault_tokens());
    let lamports = world.lamports(&client);
    let job = address::job(&world.project, 1).0;

    let landed = world.land(&[list(&world, |_| ())]);

    let account = world.raw(&job);
    assert_eq!((account.owner, account.data.len()), (grid_jobs::ID, 328));
    assert_eq!(account.lamports, world.rent(328));
    assert_eq!(world.lamports(&client), lamports - world.rent(328));
    assert_eq!(world.job(&job), listed(&world));
    assert_eq!(
        world.project(),
        Project { balance: (DEPOSIT - ESCROW).into(), open_jobs: 1.into(), ..project }
    );
    assert_eq!(
        world.market().header,
        Market {
            queue: QueueLinks {
                head: 0.into(),
                tail: 0.into(),
                free: 1.into(),
                waiting: 1.into(),
                kind: 1,
                padding: 0,
            },
            active_jobs: 1.into(),
            ..market.header
        }
    );
    let entry = QueueSlot { address: job, previous: NO_SLOT.into(), next: NO_SLOT.into() };
    assert_eq!(world.market().slots[0], entry);
    assert_eq!(world.market().slots[1..], market.slots[1..]);
    assert_eq!(world.raw(&world.device), device);
    assert_eq!(world.vault_tokens(), vault, "no token moves");
    assert_event!(
        landed,
        JobQueued {
            job: job,
            project: world.project,
            market: world.market,
            escrow_atoms: ESCROW,
            balance_after_atoms: DEPOSIT - ESCROW,
        }
    );
    assert_ledger(&world, 0);
}

#[test]
fn meets_the_device_that_waited_longest() {
    let mut world = World::new();
    let second = world.open_device(1);
    world.work(world.device);
    world.work(second);
    let (device, header) = (world.raw(&world.device), world.market().header);
    let job = address::job(&world.project, 1).0;

    let landed = world.land(&[list(&world, |_| ())]);

    assert_eq!(
        world.job(&job),
        Job {
            state: JobState::Assigned as u8,
            device: world.device,
            matched_at: world.network.time().into(),
            ..listed(&world)
        }
    );
    assert_eq!(
        world.market().header,
        Market {
            queue: QueueLinks {
                head: 1.into(),
                tail: 1.into(),
                free: 0.into(),
                waiting: 1.into(),
                kind: 2,
                padding: 0,
            },
            active_jobs: 1.into(),
            ..header
        }
    );
    assert_eq!(world.market().waiting(), Some(vec![second]));
    assert_eq!(world.raw(&world.device), device, "the device's account was not needed");
    assert_event!(
        landed,
        JobMatched {
            job: job,
            project: world.project,
            market: world.market,
            device: world.device,
            escrow_atoms: ESCROW,
            balance_after_atoms: DEPOSIT - ESCROW,
        }
    );
    assert_ledger(&world, 0);
}

#[test]
fn jobs_queue_in_the_order_they_came() {
    let mut world = World::new();
    let jobs: Vec<Address> = [7, 3, 5].map(|id| world.list(id)).to_vec();
    assert_eq!(world.market().waiting(), Some(jobs));
    assert_ledger(&world, 0);
}

#[test]
fn takes_any_id() {
    let mut world = World::new();
    for id in [0, 1, 255, 256, u64::MAX] {
        world.land(&[list(&world, |l| l.id = id)]);
        let job = address::job(&world.project, id).0;
        assert_eq!(world.job(&job).id, id);
    }
    assert_ledger(&world, 0);
}

#[test]
fn notes_the_kind() {
    let world = World::new();
    for (kind, number) in [(JobKind::Batch, 0), (JobKind::Service, 1)] {
        let mut world = world.clone();
        world.land(&[list(&world, |l| l.kind = kind)]);
        let job = address::job(&world.project, 1).0;
        assert_eq!(world.job(&job), Job { kind: number, ..listed(&world) });
    }
}

#[test]
fn refuses_a_kind_that_is_none() {
    let mut world = World::new();
    for number in [2, u8::MAX] {
        let mut list = list(&world, |_| ());
        list.data[17] = number;
        world.refuse_with(&[list], InstructionError::InvalidInstructionData);
    }
}

#[test]
fn takes_any_definition_but_zero() {
    let world = World::new();
    world.clone().refuse(&[list(&world, |l| l.definition = [0; 32])], GridError::ZeroDefinition);
    for place in [0, 7, 8, 31] {
        let mut definition = [0; 32];
        definition[place] = 1;
        world.clone().land(&[list(&world, |l| l.definition = definition)]);
    }
}

#[test]
fn rounds_the_fee_up() {
    let world = World::new();
    for (timeout, escrow) in [(10, 1_025), (11, 1_128), (12, 1_230), (13, 1_333), (7_200, 738_000)] {
        let mut world = world.clone();
        world.land(&[list(&world, |l| l.timeout_seconds = timeout)]);
        let job = address::job(&world.project, 1).0;
        assert_eq!(world.job(&job).escrow_atoms, escrow);
        assert_eq!(world.project().balance, DEPOSIT - escrow);
        assert_ledger(&world, 0);
    }
}

#[test]
fn an_escrow_up_to_the_whole_balance_is_enough() {
    let world = World::new();
    let client = world.client.pubkey();
    let destination = address::token_account(&client, world.mint);
    let leave = |balance: u64| {
        let amount = DEPOSIT - balance;
        instruction::withdraw(client, world.project, world.mint, destination, amount)
    };
    for balance in [0, 1, ESCROW - 1] {
        let mut poor = world.clone();
        poor.land(&[leave(balance)]);
        poor.refuse(&[list(&world, |_| ())], GridError::InsufficientBalance);
    }
    for balance in [ESCROW, ESCROW + 1] {
        let mut rich = world.clone();
        rich.land(&[leave(balance), list(&world, |_| ())]);
        assert_eq!(rich.project().balance, balance - ESCROW);
        assert_ledger(&rich, 0);
    }
}

#[test]
fn refuses_another_owner() {
    let mut world = World::new();
    let mut list = list(&world, |_| ());
    list.accounts[0].pubkey = world.stranger.pubkey();
    world.refuse(&[list], GridError::NotProjectOwner);
}

#[test]
fn refuses_a_market_of_another_mint() {
    let mut world = World::new();
    let other = world.open_mint("other mint");
    let authority = world.authority.pubkey();
    world.land(&[instruction::open_market(authority, other, 1, TERMS)]);
    let mut list = list(&world, |_| ());
    list.accounts[2].pubkey = address::market(&authority, 1).0;
    world.refuse(&[list], GridError::WrongMint);
}

#[test]
fn refuses_a_timeout_out_of_the_markets_range() {
    let world = World::new();
    for timeout in [0, 1, 9, 7_201, u32::MAX] {
        let list = list(&world, |l| l.timeout_seconds = timeout);
        world.clone().refuse(&[list], GridError::TimeoutOutOfRange);
    }
    for timeout in [10, 11, 7_199, 7_200] {
        world.clone().land(&[list(&world, |l| l.timeout_seconds = timeout)]);
    }
}

#[test]
fn refuses_a_price_above_the_clients_maximum() {
    let world = World::new();
    for maximum in [0, 1, 99] {
        let list = list(&world, |l| l.max_price_per_second_atoms = maximum);
        world.clone().refuse(&[list], GridError::PriceAboveMaximum);
    }
    for maximum in [100, 101, u64::MAX] {
        world.clone().land(&[list(&world, |l| l.max_price_per_second_atoms = maximum)]);
    }
}

#[test]
fn refuses_a_job_that_exists() {
    let mut world = World::new();
    // AccountAlreadyInUse of the system program.
    let in_use = InstructionError::Custom(0);
    let list = list(&world, |_| ());
    world.refuse_with(&[list.clone(), list.clone()], in_use.clone());
    world.land(from_ref(&list));
    world.refuse_with(from_ref(&list), in_use.clone());
    world.work(world.device);
    let job = address::job(&world.project, 1).0;
    world.start(world.device, job);
    world.finish(world.device, job);
    world.refuse_with(&[list], in_use);
    assert_eq!(world.project().open_jobs, 1);
    assert_ledger(&world, 0);
}

#[test]
fn refuses_an_address_that_is_not_the_jobs() {
    let mut world = World::new();
    let stranger = world.open_strangers_project();
    let fakes = [address::job(&world.project, 2).0, address::job(&stranger, 1).0];
    for fake in fakes {
        let mut list = list(&world, |_| ());
        list.accounts[3].pubkey = fake;
        world.refuse_with(&[list], InstructionError::PrivilegeEscalation);
    }
}

#[test]
fn refuses_a_bump_that_is_not_the_addresss() {
    let mut world = World::new();
    let bump = address::job(&world.project, 1).1;
    for wrong in (0..=u8::MAX).filter(|wrong| *wrong != bump) {
        let mut list = list(&world, |_| ());
        list.data[16] = wrong;
        let failure = world.attempt(&[list], &[&world.client.insecure_clone()]).unwrap_err();
        // Another address, or none at all, for which the runtime aborts the program.
        let expected = [InstructionError::PrivilegeEscalation, InstructionError::ProgramFailedToComplete]
            .map(|error| solana_transaction_error::TransactionError::InstructionError(0, error));
        assert!(expected.contains(&failure.error), "bump {wrong}: {}", failure.error);
    }
    assert!(!world.exists(&address::job(&world.project, 1).0));
}

#[test]
fn refuses_an_owner_who_can_not_pay_the_rent() {
    let mut world = World::new();
    let client = world.client.pubkey();
    let poor = |lamports| Account { lamports, ..Account::default() };
    world.network.set(client, poor(world.rent(328) - 1));
    // ResultWithNegativeLamports of the system program.
    world.refuse_with(&[list(&world, |_| ())], InstructionError::Custom(1));
    world.network.set(client, poor(world.rent(328)));
    world.land(&[list(&world, |_| ())]);
    assert_eq!(world.lamports(&client), 0);
}

#[test]
fn refuses_when_the_queue_is_full_and_works_again_after_growth() {
    let mut world = World::new();
    let next = world.fill_with_jobs(1);
    let waiting = world.market().waiting().unwrap();
    assert_eq!((waiting.len(), world.market().header.queue.free), (273, NO_SLOT.into()));
    let list = list(&world, |l| l.id = next);
    world.refuse(from_ref(&list), GridError::QueueFull);
    assert_ledger(&world, 0);
    world.grow_market_to(274);
    world.land(&[list]);
    let job = address::job(&world.project, next).0;
    assert_eq!(world.market().waiting().unwrap(), [waiting, vec![job]].concat());
    assert_ledger(&world, 0);
}

#[test]
fn works_again_when_somebody_left_the_full_queue() {
    let mut world = World::new();
    let next = world.fill_with_jobs(1);
    let (list, client) = (list(&world, |l| l.id = next), world.client.pubkey());
    let middle = address::job(&world.project, 100).0;
    let delist = instruction::delist(client, world.project, world.market, middle, client);
    world.refuse(from_ref(&list), GridError::QueueFull);
    world.land(&[delist, list.clone()]);
    let again = self::list(&world, |l| l.id = next + 1);
    world.refuse(from_ref(&again), GridError::QueueFull);
    world.work(world.device);
    world.land(&[again]);
    let waiting = world.market().waiting().unwrap();
    assert_eq!(waiting.len(), 273);
    assert_eq!(waiting[0], address::job(&world.project, 2).0);
    assert_ledger(&world, 0);
}

#[test]
fn refuses_counts_that_do_not_fit() {
    let world = World::new();
    let list = list(&world, |_| ());
    let mut many = world.clone();
    many.edit::<Project>(world.project, |p| p.open_jobs = u32::MAX.into());
    many.refuse(from_ref(&list), GridError::Overflow);
    many.edit::<Project>(world.project, |p| p.open_jobs = (u32::MAX - 1).into());
    many.land(from_ref(&list));
    let mut many = world.clone();
    many.edit::<Market>(world.market, |m| m.active_jobs = u32::MAX.into());
    many.refuse(from_ref(&list), GridError::Overflow);
    many.edit::<Market>(world.market, |m| m.active_jobs = (u32::MAX - 1).into());
    many.land(&[list]);
}

#[test]
fn refuses_an_escrow_that_does_not_fit() {
    let mut world = World::new();
    world.edit::<Market>(world.market, |m| m.price_per_second_atoms = u64::MAX.into());
    let list = list(&world, |l| l.max_price_per_second_atoms = u64::MAX);
    world.refuse(&[list], GridError::Overflow);
}

#[test]
fn keeps_its_terms_whatever_becomes_of_the_markets() {
    let mut world = World::new();
    let job = world.list(1);
    let before = world.job(&job);
    world.edit::<Market>(world.market, |m| {
        m.price_per_second_atoms = 7.into();
        m.fee_bps = 3_000.into();
        m.retention_seconds = 0.into();
    });
    assert_eq!(world.job(&job), before);
    world.work(world.device);
    world.start(world.device, job);
    world.network.advance(10);
    world.finish(world.device, job);
    assert_eq!(world.device(&world.device).earnings_atoms, 1_000);
    assert_eq!(world.market().header.fees_owed_atoms, 25);
    assert_ledger(&world, 0);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let world = World::new();
    world.assert_ignores_donations(&[list(&world, |_| ())]);
}
