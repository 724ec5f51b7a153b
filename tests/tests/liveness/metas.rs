//! What the instructions of the hot path write, and so what two of them can't do at the same time: by the accounts
//! that the client names and by the IDL.

use crate::support::*;
use grid_client::{
    address,
    instruction::{self, Run, Spender},
};
use grid_jobs::JobKind;
use grid_tests::{keypair_for, matrix::idl::Idl};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use std::collections::BTreeSet;

/// A client, a node and what is theirs in a market.
#[derive(Clone, Copy)]
struct Side {
    client: Address,
    member: Address,
    node: Address,
    stranger: Address,
    reward_project: Address,
    run: Run,
}

/// Side `name` in market `market`; all sides have one mint and one authority.
fn side(name: &str, market: u64) -> Side {
    let key = |role: &str| keypair_for(&format!("{role} of {name}")).pubkey();
    let mint = keypair_for("mint").pubkey();
    let market = address::market(&keypair_for("upgrade authority").pubkey(), market).0;
    let project = address::project(&mint, &key("client")).0;
    let job = address::job(&project, 1).0;
    Side {
        client: key("client"),
        member: key("member"),
        node: key("node"),
        stranger: key("stranger"),
        reward_project: address::project(&mint, &key("stranger")).0,
        run: Run { device: address::device(&market, &key("node"), 0).0, job, market, project },
    }
}

/// The instructions of the hot path, by their names in the IDL.
fn hot(side: &Side) -> Vec<(&'static str, Instruction)> {
    let Side { client, member, node, stranger, run, reward_project } = *side;
    let Run { device, job, market, project } = run;
    let request = listing(1, JobKind::Batch);
    let requests = [(JobKind::Batch, 600, [1; 32]); 2];
    let mut all = vec![
        ("list", instruction::list(client, project, market, &request)),
        ("work", instruction::work(node, device, market, 0)),
        ("start", instruction::start(node, device, job)),
        ("heartbeat", instruction::heartbeat(node, device, job)),
        ("finish", instruction::finish(node, run, [1; 32])),
        ("end", instruction::end(client, run)),
        ("post_result", instruction::post_result(node, device, job, [1; 32])),
        ("decline", instruction::decline(node, run)),
        ("quit", instruction::quit(node, run)),
        ("delist", instruction::delist(client, project, market, job, client)),
        ("delist", instruction::delist(stranger, project, market, job, member)),
        ("leave", instruction::leave(node, device, market)),
        ("leave", instruction::leave(stranger, device, market)),
    ];
    for spender in [Spender::Owner(client), Spender::Member(member)] {
        all.extend([
            ("list_many", instruction::list_many(spender, project, market, 1, 100, &requests)),
            ("list_direct", instruction::list_direct(spender, project, market, device, &request)),
            ("extend", instruction::extend(spender, project, job, 700)),
        ]);
    }
    for reward_project in [None, Some(reward_project)] {
        all.extend([
            ("expire_assignment", instruction::expire_assignment(run, reward_project)),
            ("expire_run", instruction::expire_run(run, reward_project)),
        ]);
    }
    all
}

fn writes(instruction: &Instruction) -> BTreeSet<Address> {
    instruction.accounts.iter().filter(|meta| meta.is_writable).map(|meta| meta.pubkey).collect()
}

/// Asserts what any two instructions of two sides both write.
#[track_caller]
fn assert_common(one: &Side, other: &Side, may_be_common: &[Address]) {
    for (name, first) in hot(one) {
        for (other_name, second) in hot(other) {
            let common: Vec<Address> = writes(&first).intersection(&writes(&second)).copied().collect();
            let expected: Vec<Address> = may_be_common
                .iter()
                .filter(|address| writes(&first).contains(address) && writes(&second).contains(address))
                .copied()
                .collect();
            assert_eq!(common, expected, "{name} and {other_name}");
        }
    }
}

#[test]
fn two_markets_have_nothing_in_common() {
    assert_common(&side("one", 0), &side("two", 1), &[]);
}

#[test]
fn two_projects_in_one_market_have_only_the_market_in_common() {
    let (one, two) = (side("one", 0), side("two", 0));
    assert_common(&one, &two, &[one.run.market]);
}

#[test]
fn a_run_that_begins_lives_and_grows_does_not_write_the_market() {
    for (name, instruction) in hot(&side("one", 0)) {
        let is_free_of_it = matches!(name, "start" | "heartbeat" | "post_result" | "extend");
        let market = side("one", 0).run.market;
        assert_eq!(writes(&instruction).contains(&market), !is_free_of_it, "{name}");
    }
}

#[test]
fn two_devices_of_a_node_have_only_the_market_in_common() {
    let mut one = side("one", 0);
    let mut other = side("two", 0);
    other.node = one.node;
    one.run.device = address::device(&one.run.market, &one.node, 0).0;
    other.run.device = address::device(&one.run.market, &one.node, 1).0;
    assert_common(&one, &other, &[one.run.market]);
}

#[test]
fn one_project_in_two_markets_has_only_itself_in_common() {
    let (one, mut other) = (side("one", 0), side("two", 1));
    other.client = one.client;
    other.run.project = one.run.project;
    other.run.job = address::job(&one.run.project, 7).0;
    let own = |name: &'static str, side: &Side| {
        let all = hot(side).into_iter().filter(move |(found, _)| *found == name);
        all.map(|(_, instruction)| instruction).collect::<Vec<_>>()
    };
    for name in ["finish", "end", "decline", "quit", "expire_assignment", "expire_run"] {
        for (first, second) in own(name, &one).iter().zip(own(name, &other)) {
            let common: Vec<Address> = writes(first).intersection(&writes(&second)).copied().collect();
            assert_eq!(common, [one.run.project], "{name}");
        }
    }
}

#[test]
fn the_client_writes_what_the_idl_says() {
    let idl = Idl::of(&grid_jobs::ID);
    for (name, instruction) in hot(&side("one", 0)) {
        let slots = &idl.instruction(name).unwrap_or_else(|| panic!("{name} is not in the IDL")).accounts;
        assert!(instruction.accounts.len() >= slots.len(), "{name}");
        for (slot, meta) in slots.iter().zip(&instruction.accounts) {
            let is_left_out = slot.optional && meta.pubkey == grid_jobs::ID;
            assert_eq!(meta.is_writable, slot.writable && !is_left_out, "{name}: {}", slot.name);
            assert_eq!(meta.is_signer, slot.signer, "{name}: {}", slot.name);
        }
        let more = &instruction.accounts[slots.len()..];
        assert_eq!(more.len(), if name == "list_many" { 2 } else { 0 }, "{name}");
        assert!(more.iter().all(|meta| meta.is_writable && !meta.is_signer), "{name}: a job");
    }
}

/// The IDL's word: no slot that is written names an account that all markets of a mint share.
#[test]
fn the_idl_lets_no_hot_instruction_write_what_all_share() {
    let idl = Idl::of(&grid_jobs::ID);
    let own = [
        "owner",
        "client",
        "node",
        "project",
        "market",
        "job",
        "device",
        "member",
        "reward_project",
        "rent_payer",
    ];
    for (name, _) in hot(&side("one", 0)) {
        for slot in &idl.instruction(name).expect("it is there").accounts {
            let is_own = own.contains(&slot.name.as_str()) && slot.address.is_none();
            assert!(!slot.writable || is_own, "{name} writes {}", slot.name);
        }
    }
}
