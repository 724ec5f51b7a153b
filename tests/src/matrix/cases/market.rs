//! Markets.

use super::{case, config, look_away, mint_slot, only, system_program, token_program, vault};
use crate::{
    TERMS,
    matrix::{Case, Kind, Sample, Slot, Stage, sets::Set},
};
use grid_client::{
    instruction, rewards,
    token::{self, Mint},
};
use grid_jobs::MarketTerms;
use solana_address::Address;

const ID: u64 = 0x0102_0304_0506_0708;
/// Other terms than those that all markets of the stage have.
const NEW_TERMS: MarketTerms = MarketTerms { price_per_second_atoms: 90, max_strikes: 5, ..TERMS };

pub(super) const CASES: &[Case] = &[
    case("open_market", "of SPL Token", open_market_of_spl_token),
    case("open_market", "of Token-2022", open_market_of_token_2022),
    only("grow_market", grow_market),
    only("update_market", update_market),
    only("propose_market_authority", propose_market_authority),
    only("accept_market_authority", accept_market_authority),
    case("pause_market", "begins", pause_market),
    case("pause_market", "ends", end_the_pause_of_a_market),
    case("collect_fees", "for the treasury", collect_for_the_treasury),
    case("collect_fees", "for stakers", collect_for_stakers),
    only("close_market", close_market),
];

fn open_market_of_spl_token(stage: &Stage) -> Sample {
    open_market(stage, stage.mint, stage.second_mint)
}

/// Whoever owns the bytes of a mint without extensions, they are one.
fn open_market_of_token_2022(stage: &Stage) -> Sample {
    let mut sample = open_market(stage, stage.mint_2022, stage.mint);
    sample.slots[2].owners.push(token::PROGRAM_ID);
    sample
}

/// By an authority that has others.
fn open_market(stage: &Stage, mint: Mint, second_mint: Mint) -> Sample {
    let authority = stage.cast.authority;
    let seeds = [&b"market"[..], authority.as_ref(), &ID.to_le_bytes()];
    let slots = [
        Slot::new("authority", Kind::Wallet),
        config().with_seeds(&[b"config"]),
        mint_slot(&mint).or([stage.all(Kind::Mint), vec![stage.forgery]].concat()),
        Slot::new("market", Kind::New).with_seeds(&seeds),
        system_program(),
    ];
    let open = |authority, mint, id| instruction::open_market(authority, mint, id, TERMS);
    let sample = Sample::new(stage, open(authority, mint, ID), slots);
    let market = sample.address(3);
    sample
        .undone_by([instruction::close_market(authority, market)])
        .or_as_well_by(open(authority, second_mint, ID), &[&[2]])
        .or_as_well_by(open(stage.cast.stranger, mint, ID), &[&[0, 3]])
        .or_as_well_by(open(authority, mint, ID + 1), &[&[3, 5]])
}

/// Paid by a stranger, while jobs wait.
fn grow_market(stage: &Stage) -> Sample {
    let slots = [
        Slot::new("payer", Kind::Wallet).or(stage.all(Kind::Wallet)),
        Slot::new("market", Kind::Market).or(stage.all(Kind::Market)),
        system_program(),
    ];
    Sample::new(stage, instruction::grow_market(stage.cast.stranger, stage.world.market), slots)
}

fn update_market(stage: &Stage) -> Sample {
    let own = stage.own;
    let slots = [
        Slot::new("authority", Kind::Wallet),
        Slot::new("market", Kind::Market).or(stage.markets(|market| market.authority == own.authority)),
    ];
    let other = stage.others.another_market;
    Sample::new(stage, instruction::update_market(own.authority, own.market, NEW_TERMS), slots)
        .or_as_well_by(instruction::update_market(other.authority, other.market, TERMS), &[&[0, 1], &[2]])
}

fn propose_market_authority(stage: &Stage) -> Sample {
    let own = stage.own;
    let slots = [
        Slot::new("authority", Kind::Wallet),
        Slot::new("market", Kind::Market).or(stage.markets(|market| market.authority == own.authority)),
    ];
    let stranger = stage.cast.stranger;
    let other = stage.others.another_market;
    Sample::new(stage, instruction::propose_market_authority(own.authority, own.market, stranger), slots)
        .or_as_well(instruction::propose_market_authority(other.authority, other.market, stranger))
}

fn accept_market_authority(stage: &Stage) -> Sample {
    let (heir, market) = (stage.cast.heir, stage.world.market);
    let slots = [
        Slot::new("new_authority", Kind::Wallet),
        Slot::new("market", Kind::Market).or(stage.markets(|market| market.pending_authority == heir)),
    ];
    let other =
        instruction::accept_market_authority(stage.cast.second_heir, stage.others.another_market.market);
    Sample::new(stage, instruction::accept_market_authority(heir, market), slots).or_as_well(other)
}

fn pause_market(stage: &Stage) -> Sample {
    pause(stage, 1_000)
}

fn end_the_pause_of_a_market(stage: &Stage) -> Sample {
    pause(stage, 0).after(instruction::pause_market(stage.cast.pauser, stage.world.market, 1_000))
}

fn pause(stage: &Stage, seconds: u32) -> Sample {
    let slots = [
        Slot::new("pauser", Kind::Wallet),
        config(),
        Slot::new("market", Kind::Market).or(stage.all(Kind::Market)),
    ];
    let pause = instruction::pause_market(stage.cast.pauser, stage.world.market, seconds);
    Sample::new(stage, pause, slots)
}

/// Of a market in which jobs were done, where no stakes are configured.
fn collect_for_the_treasury(stage: &Stage) -> Sample {
    let none = Slot::new("reward_pool", Kind::Gone);
    let no_vault = Slot::new("reward_vault", Kind::Gone);
    let mint = mint_slot(&stage.mint);
    let sample = collect_fees(stage, Address::default(), [mint, none, no_vault], |_| true);
    look_away(stage, sample, 5)
}

/// The same, where its stakes earn half of the fees, and a quarter is burnt.
fn collect_for_stakers(stage: &Stage) -> Sample {
    let (cast, mint) = (&stage.cast, stage.mint.address);
    let pool = rewards::pool_address(&mint, &mint).0;
    let of_pool =
        Slot::new("reward_vault", Kind::Vault).with_seeds_of(grid_rewards::ID, &[b"vault", pool.as_ref()]);
    let slots = [Slot::new("mint", Kind::Mint), Slot::new("reward_pool", Kind::Pool).or_gone(), of_pool];
    let terms = MarketTerms { stakers_bps: 5_000, burn_bps: 2_500, ..TERMS };
    let share = instruction::update_market(cast.authority, stage.world.market, terms);
    collect_fees(stage, mint, slots, |set| set.mint == stage.mint)
        .after(instruction::set_stake_mint(cast.admin, mint))
        .after(share)
}

fn collect_fees(
    stage: &Stage,
    stake_mint: Address,
    [mint_slot, reward_pool, reward_vault]: [Slot; 3],
    is_alike: impl Fn(&Set) -> bool,
) -> Sample {
    let (treasury, mint) = (stage.cast.treasury, stage.mint);
    let others = stage.markets(|market| market.mint == mint.address && market.fees_owed_atoms > 0);
    let seeds = [&b"pool"[..], stake_mint.as_ref(), mint.address.as_ref()];
    let slots = [
        Slot::new("market", Kind::Market).or(others),
        config(),
        mint_slot,
        vault(&mint),
        reward_pool.with_seeds_of(grid_rewards::ID, &seeds),
        reward_vault,
        Slot::new("destination", Kind::TokenAccount).or_anything_at_its_address(),
        Slot::new("rewards_program", Kind::Program),
        token_program(),
    ];
    let collect = |market, mint| instruction::collect_fees(market, mint, treasury, stake_mint);
    let mut sample = Sample::new(stage, collect(stage.world.market, mint), slots);
    for set in stage.others.all().into_iter().filter(is_alike) {
        sample = sample.or_as_well(collect(set.market, set.mint));
    }
    sample
}

/// One in which nobody is.
fn close_market(stage: &Stage) -> Sample {
    let cast = &stage.cast;
    let settled = stage.markets(|market| market.authority == cast.authority && market.is_settled());
    let slots = [Slot::new("authority", Kind::Wallet), Slot::new("market", Kind::Market).or(settled)];
    Sample::new(stage, instruction::close_market(cast.authority, stage.empty_market), slots)
        .closing(1, 0)
        .or_as_well(instruction::close_market(cast.second_client, stage.empty_market_of_another))
}
