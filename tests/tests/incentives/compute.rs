//! What the instructions cost, in compute units, and what the binaries weigh, against their budgets. Nothing here is
//! timed: the figures are the same in every run.

use grid_client::{pools, rewards, staking};
use grid_pools::EmissionTerms;
use grid_staking::{
    SlashReason,
    constants::{MAX_DURATION_SECONDS, MAX_STAKE_ATOMS},
};
use grid_tests::{
    Incentives, binary,
    incentives::{DAY, DURATION},
    network::GENESIS,
};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;

/// Measures of one instruction.
struct Costs {
    name: &'static str,
    budget: u64,
    found: Vec<(&'static str, u64)>,
}

impl Costs {
    fn of(name: &'static str, budget: u64) -> Self {
        Self { name, budget, found: Vec::new() }
    }

    /// Sends an instruction and notes what it costs.
    #[track_caller]
    fn measure(&mut self, i: &mut Incentives, how: &'static str, instruction: Instruction) {
        let units = i.world.land(&[instruction]).compute_units_consumed;
        println!("{:>6} of {:>6} {} {how}", units, self.budget, self.name);
        self.found.push((how, units));
    }

    #[track_caller]
    fn assert(self) {
        let over: Vec<_> = self.found.iter().filter(|(_, units)| *units > self.budget).collect();
        assert!(over.is_empty(), "{} costs more than {}: {over:?}", self.name, self.budget);
    }
}

fn wallets(i: &Incentives) -> (Address, Address, Address) {
    let client = i.world.client.pubkey();
    (client, i.world.mint, i.tokens_of(&client))
}

/// Gives the client so many tokens that it can open the largest stake.
fn enrich(i: &mut Incentives) {
    let (client, mint, _) = wallets(i);
    i.world.give_tokens(&mint, &client, MAX_STAKE_ATOMS);
}

#[test]
fn stake() {
    let mut costs = Costs::of("stake", 3_500);
    let i = Incentives::new();
    let (client, mint, tokens) = wallets(&i);
    for (how, id, amount, duration) in [
        ("typical", 0, 1_000_000_000, 90 * 86_400),
        ("smallest", 1, 1, DURATION),
        ("largest", 2, MAX_STAKE_ATOMS, MAX_DURATION_SECONDS),
    ] {
        let mut i = i.clone();
        enrich(&mut i);
        costs.measure(&mut i, how, staking::stake(client, tokens, mint, id, amount, duration));
    }
    // The address takes lamports that it has before the stake is opened.
    let mut i = i.clone();
    let address = staking::stake_address(&mint, &client, 3).0;
    i.world.network.svm.airdrop(&address, 1_000_000).expect("airdrop");
    costs.measure(
        &mut i,
        "to an address with lamports",
        staking::stake(client, tokens, mint, 3, 1, DURATION),
    );
    costs.assert();
}

#[test]
fn top_up() {
    let mut costs = Costs::of("top_up", 2_000);
    let mut i = Incentives::new();
    let (client, mint, tokens) = wallets(&i);
    enrich(&mut i);
    let stake = i.stake(client, 0, 1_000);
    costs.measure(&mut i, "typical", staking::top_up(client, tokens, stake, mint, 1_000_000));
    i.world.land(&[staking::extend(client, stake, MAX_DURATION_SECONDS)]);
    let rest = MAX_STAKE_ATOMS - 1_001_000;
    costs.measure(&mut i, "to the largest stake", staking::top_up(client, tokens, stake, mint, rest));
    costs.assert();
}

#[test]
fn extend() {
    let mut costs = Costs::of("extend", 500);
    let mut i = Incentives::new();
    let (client, _, _) = wallets(&i);
    enrich(&mut i);
    let stake = i.stake(client, 0, MAX_STAKE_ATOMS);
    costs.measure(&mut i, "typical", staking::extend(client, stake, DURATION + 1));
    costs.measure(&mut i, "to the longest", staking::extend(client, stake, MAX_DURATION_SECONDS));
    costs.assert();
}

#[test]
fn unstake() {
    let mut costs = Costs::of("unstake", 600);
    let mut i = Incentives::new();
    let (client, _, _) = wallets(&i);
    let stake = i.stake(client, 0, 1_000);
    costs.measure(&mut i, "typical", staking::unstake(client, stake));
    i.world.land(&[staking::restake(client, stake)]);
    i.slash(stake, 10);
    costs.measure(&mut i, "after restake and slash", staking::unstake(client, stake));
    costs.assert();
}

#[test]
fn withdraw() {
    let mut costs = Costs::of("withdraw", 2_200);
    let mut i = Incentives::new();
    let (client, mint, tokens) = wallets(&i);
    enrich(&mut i);
    let stake = i.stake(client, 0, MAX_STAKE_ATOMS);
    i.world.land(&[staking::unstake(client, stake)]);
    i.world.network.advance(DAY);
    costs.measure(&mut i, "a part", staking::withdraw(client, stake, mint, tokens));
    i.slash(stake, 1_000);
    i.world.network.advance(DAY);
    costs.measure(&mut i, "a part after a slash", staking::withdraw(client, stake, mint, tokens));
    i.world.network.advance(100 * DAY);
    costs.measure(&mut i, "the rest", staking::withdraw(client, stake, mint, tokens));
    costs.assert();
}

#[test]
fn slash() {
    let mut costs = Costs::of("slash", 2_400);
    let mut i = Incentives::new();
    let (client, mint, _) = wallets(&i);
    let (slasher, destination) = (i.world.authority.pubkey(), i.slash_destination);
    enrich(&mut i);
    let stake = i.stake_for(client, 0, MAX_STAKE_ATOMS, MAX_DURATION_SECONDS);
    let slash = |amount| {
        staking::slash(slasher, stake, mint, destination, amount, SlashReason::BreachOfTrust, [7; 32])
    };
    costs.measure(&mut i, "first of an epoch", slash(1_000));
    costs.measure(&mut i, "second of an epoch", slash(1_000));
    i.world.land(&[staking::unstake(client, stake)]);
    costs.measure(&mut i, "while unstaking", slash(1_000));
    i.world.network.advance(DAY);
    costs.measure(&mut i, "while unstaking, in a new epoch", slash(1_000));
    costs.assert();
}

/// A world in which the client's stake is active and the node's is, with rewards shared out.
fn two_stakes() -> (Incentives, Address, Address) {
    let mut i = Incentives::new();
    let (client, _, _) = wallets(&i);
    let node = i.world.node.pubkey();
    let first = i.stake_actively(client, 0, 1_000_000);
    let second = i.stake_actively(node, 0, 3_000_000);
    (i, first, second)
}

#[test]
fn add() {
    let mut costs = Costs::of("add", 2_400);
    let mut i = Incentives::new();
    let (client, mint, tokens) = wallets(&i);
    let pool = i.pool;
    let add = |amount| rewards::add(client, tokens, pool, mint, amount);
    costs.measure(&mut i, "without weight", add(1_000));
    let (mut i, ..) = two_stakes();
    costs.measure(&mut i, "typical", add(1_000_000));
    costs.measure(&mut i, "an atom", add(1));
    costs.measure(&mut i, "a large amount", add(999_997_000_000));
    i.world.give_tokens(&mint, &client, 1 << 62);
    costs.measure(&mut i, "the most", add(1 << 62));
    costs.assert();
}

#[test]
fn sync() {
    let mut costs = Costs::of("sync", 900);
    let (mut i, first, second) = two_stakes();
    let (client, mint, tokens) = wallets(&i);
    let (node, pool) = (i.world.node.pubkey(), i.pool);
    costs.measure(&mut i, "nothing new", rewards::sync(first, pool));
    i.add(1_000_003);
    costs.measure(&mut i, "with earnings", rewards::sync(first, pool));
    i.world.land(&[staking::top_up(client, tokens, first, mint, 500)]);
    costs.measure(&mut i, "with new weight", rewards::sync(first, pool));
    i.world.network.advance(DAY);
    costs.measure(&mut i, "with activation", rewards::sync(first, pool));
    i.world.land(&[staking::top_up(client, tokens, first, mint, 500), rewards::sync(first, pool)]);
    i.add(1_000_003);
    i.world.network.advance(DAY);
    costs.measure(&mut i, "with earnings and activation", rewards::sync(first, pool));
    i.slash(second, 10);
    costs.measure(&mut i, "with a decrease", rewards::sync(second, pool));
    i.add(1_000_003);
    i.slash(second, 10);
    costs.measure(&mut i, "with earnings and a decrease", rewards::sync(second, pool));
    i.add(1_000_003);
    i.world.land(&[staking::unstake(node, second)]);
    costs.measure(&mut i, "with earnings, unstaking", rewards::sync(second, pool));
    i.world.land(&[staking::restake(node, second)]);
    costs.measure(&mut i, "after restake", rewards::sync(second, pool));
    i.world.network.advance(DAY);
    i.world.land(&[rewards::sync(second, pool)]);
    i.add(1_000_003);
    i.slash(second, 10);
    i.slash(second, 10);
    costs.measure(&mut i, "with earnings and two decreases", rewards::sync(second, pool));
    i.add(1_000_003);
    i.world.land(&[staking::unstake(client, first)]);
    costs.measure(&mut i, "with earnings, unstaking, after activation", rewards::sync(first, pool));
    i.world.network.advance(400 * DAY);
    i.world.network.svm.warp_to_slot(1_000);
    i.world.land(&[staking::withdraw(client, first, mint, tokens), staking::close(client, first)]);
    costs.measure(&mut i, "of a closed stake", rewards::sync(first, pool));
    costs.assert();
}

#[test]
fn claim() {
    let mut costs = Costs::of("claim", 2_600);
    let (mut i, first, second) = two_stakes();
    let (client, mint, tokens) = wallets(&i);
    let (node, pool) = (i.world.node.pubkey(), i.pool);
    let nodes = i.tokens_of(&node);
    let claim = || rewards::claim(client, first, pool, mint, tokens);
    let claim_second = || rewards::claim(node, second, pool, mint, nodes);
    i.add(1_000_003);
    costs.measure(&mut i, "with earnings", claim());
    i.add(1_000_003);
    i.world.land(&[rewards::sync(first, pool)]);
    costs.measure(&mut i, "after sync", claim());
    i.world.land(&[staking::top_up(client, tokens, first, mint, 500)]);
    i.add(1_000_003);
    costs.measure(&mut i, "with earnings and new weight", claim());
    i.world.network.advance(DAY);
    i.add(1_000_003);
    costs.measure(&mut i, "with earnings and activation", claim());
    i.slash(second, 10);
    costs.measure(&mut i, "with earnings and a decrease", claim_second());
    i.add(1_000_003);
    i.world.land(&[rewards::sync(second, pool), staking::unstake(node, second)]);
    i.add(1_000_003);
    costs.measure(&mut i, "while unstaking", claim_second());
    costs.assert();
}

#[test]
fn pool_claim() {
    let mut costs = Costs::of("claim of an emission", 2_400);
    let mut i = Incentives::new();
    let (_, mint, tokens) = wallets(&i);
    let stranger = i.world.stranger.pubkey();
    let terms = EmissionTerms {
        rate_per_second_atoms: 10,
        starts_at: GENESIS,
        ends_at: GENESIS + 1_000,
        is_closeable: true,
        beneficiary_authority: Address::default(),
    };
    let emission = i.open_emission(0, tokens, terms);
    i.world.land(&[pools::top_up(stranger, i.tokens_of(&stranger), emission, mint, 100_000)]);
    i.world.network.advance(1);
    costs.measure(&mut i, "typical", pools::claim(emission, mint, tokens));
    i.world.network.advance(999);
    costs.measure(&mut i, "at the end", pools::claim(emission, mint, tokens));
    let endless = EmissionTerms { rate_per_second_atoms: u64::MAX, ends_at: 0, ..terms };
    let emission = i.open_emission(1, tokens, endless);
    i.world.land(&[pools::top_up(stranger, i.tokens_of(&stranger), emission, mint, 100_000)]);
    costs.measure(&mut i, "endless, at the highest rate", pools::claim(emission, mint, tokens));
    costs.assert();
}

#[test]
fn claim_to_rewards_costs_a_claim_and_an_add() {
    let mut costs = Costs::of("claim_to_rewards", 4_800);
    let (mut i, ..) = two_stakes();
    let (_, mint, _) = wallets(&i);
    let (stranger, pool) = (i.world.stranger.pubkey(), i.pool);
    let terms = EmissionTerms {
        rate_per_second_atoms: 10,
        starts_at: GENESIS,
        ends_at: 0,
        is_closeable: true,
        beneficiary_authority: Address::default(),
    };
    let emission = i.open_emission(0, pool, terms);
    i.world.land(&[pools::top_up(stranger, i.tokens_of(&stranger), emission, mint, 100_000_000)]);
    costs.measure(&mut i, "typical", pools::claim_to_rewards(emission, mint, pool));
    costs.assert();
}

#[test]
fn each_binary_is_under_80_000_bytes() {
    for program in ["grid_staking", "grid_rewards", "grid_pools"] {
        let size = binary::read(program).len();
        println!("{size:>6} of  80000 bytes {program}");
        assert!(size < 80_000, "{program}: {size}");
    }
}
