//! Who takes part, and on which terms.

use grid_jobs::MarketTerms;
use grid_tests::{
    TERMS as USUAL,
    model::{Model, Op, Party, Place},
    network::GENESIS,
};
use rand::{Rng, seq::IndexedRandom};

/// Clients, each with a project.
pub const PROJECTS: usize = 2;
/// Nodes.
pub const NODES: usize = 3;
/// Markets; every node has a device in each.
pub const MARKETS: usize = 2;
/// Ids of jobs that a project uses, again and again.
pub const IDS: u64 = 7;

/// Tokens that each client begins with: together with the nodes' they fit a mint's supply.
const CLIENT_TOKENS: u64 = 5_000_000_000_000_000_000;
/// Tokens that each node begins with.
const NODE_TOKENS: u64 = 10_000_000_000_000_000;

/// A market whose jobs cost atoms.
const CHEAP: MarketTerms = MarketTerms {
    price_per_second_atoms: 3,
    bond_atoms: 10,
    expiry_reward_atoms: 3,
    compensation_atoms: 5,
    fee_bps: 333,
    stakers_bps: 2_500,
    burn_bps: 1_250,
    max_strikes: 6,
    min_timeout_seconds: 2,
    max_timeout_seconds: 10_000,
    ..USUAL
};
/// A market at the upper bounds.
const DEAR: MarketTerms = MarketTerms {
    price_per_second_atoms: 1_000_000_000_000,
    bond_atoms: 1_000_000_000_000_000,
    expiry_reward_atoms: 1_000_000_000_000_000,
    compensation_atoms: 0,
    fee_bps: 3_000,
    stakers_bps: 3_333,
    burn_bps: 6_667,
    max_attempts: 16,
    max_strikes: u16::MAX,
    min_timeout_seconds: 60,
    max_timeout_seconds: 2_592_000,
    retention_seconds: 0,
    ..USUAL
};

/// The terms that each market has had or may get.
pub const TERMS: [[MarketTerms; 3]; MARKETS] = [
    [
        CHEAP,
        MarketTerms { price_per_second_atoms: 4, max_attempts: 1, max_strikes: 3, ..CHEAP },
        MarketTerms { bond_atoms: 0, expiry_reward_atoms: 0, compensation_atoms: 0, fee_bps: 0, ..CHEAP },
    ],
    [
        DEAR,
        MarketTerms { price_per_second_atoms: 999_999_999_999, max_timeout_seconds: 86_400, ..DEAR },
        MarketTerms { expiry_reward_atoms: 1, compensation_atoms: 999_999_999_999_999, ..DEAR },
    ],
];

/// Some of a market's terms.
pub fn terms(market: usize, random: &mut impl Rng) -> MarketTerms {
    *TERMS[market].choose(random).unwrap_or(&TERMS[market][0])
}

/// Room of a queue that is full now and then.
pub fn room(random: &mut impl Rng) -> usize {
    random.random_range(2..6)
}

/// Everybody, with tokens; nothing is open.
pub fn bare() -> Model {
    let places = (0..NODES).flat_map(|node| (0..MARKETS).map(move |market| Place { node, market }));
    let mut model = Model::new(GENESIS, PROJECTS, MARKETS, places.collect());
    for (parties, tokens) in [
        ((0..PROJECTS).map(Party::Client).collect::<Vec<_>>(), CLIENT_TOKENS),
        ((0..NODES).map(Party::Node).collect(), NODE_TOKENS),
    ] {
        model.tokens.extend(parties.into_iter().map(|party| (party, tokens.into())));
    }
    model
}

/// Markets, projects and devices.
pub fn opening(random: &mut impl Rng) -> Vec<Op> {
    let markets = (0..MARKETS).map(|market| Op::OpenMarket(market, TERMS[market][0], room(random)));
    let projects = (0..PROJECTS).map(Op::OpenProject);
    markets.chain(projects).chain((0..NODES * MARKETS).map(Op::OpenDevice)).collect()
}
