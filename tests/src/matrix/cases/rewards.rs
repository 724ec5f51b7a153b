//! Reward pools and positions.

use super::{case, clock, mint_slot, only, system_program, token_program, vault_of, with_others};
use crate::{
    keypair_for,
    matrix::{
        Case, Kind, Sample, Slot, Stage, mints,
        stakes::{AMOUNT, Stakes},
    },
};
use grid_client::{
    address, rewards,
    token::{self, Mint},
};
use grid_rewards::constants::ACTIVATION_SECONDS;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;

pub(super) const CASES: &[Case] = &[
    case("open_pool", "of SPL Token", open_pool_of_spl_token),
    case("open_pool", "of Token-2022", open_pool_of_token_2022),
    case("add", "of SPL Token", add_of_spl_token),
    case("add", "of Token-2022", add_of_token_2022),
    case("add", "by a token account that is its own authority", add_by_a_vault),
    only("enter", enter),
    case("sync", "after a slash", sync_after_a_slash),
    case("sync", "activates", sync_activates),
    case("sync", "of a closed stake", sync_of_a_closed_stake),
    case("claim", "of SPL Token", claim_of_spl_token),
    case("claim", "of Token-2022", claim_of_token_2022),
    case("claim", "of a closed stake", claim_of_a_closed_stake),
    only("exit", exit),
    case("exit", "of a closed stake", exit_of_a_closed_stake),
];

fn open_pool_of_spl_token(stage: &Stage) -> Sample {
    open_pool(stage, stage.mint_without_vault, stage.mint_2022_without_vault)
}

fn open_pool_of_token_2022(stage: &Stage) -> Sample {
    open_pool(stage, stage.mint_2022_without_vault, stage.mint_without_vault)
}

/// For the stakes of the world's mint, by a stranger.
fn open_pool(stage: &Stage, mint: Mint, other: Mint) -> Sample {
    let (payer, stake_mint) = (stage.cast.stranger, stage.mint.address);
    let pool = rewards::pool_address(&stake_mint, &mint.address).0;
    let slots = [
        Slot::new("payer", Kind::Wallet).or(stage.all(Kind::Wallet)),
        Slot::new("settings", Kind::Settings),
        Slot::new("mint", Kind::Mint),
        Slot::new("pool", Kind::New).with_seeds(&[b"pool", stake_mint.as_ref(), mint.address.as_ref()]),
        Slot::new("vault", Kind::New).with_seeds(&[b"vault", pool.as_ref()]),
        token_program(),
        system_program(),
    ];
    Sample::new(stage, rewards::open_pool(payer, &stake_mint, mint), slots)
        .or_as_well(rewards::open_pool(payer, &stage.second_mint.address, mint))
        .or_as_well(rewards::open_pool(payer, &stake_mint, other))
        .or_as_well(rewards::open_pool(payer, &stake_mint, stage.second_mint_without_vault))
}

fn add_of_spl_token(stage: &Stage) -> Sample {
    add(stage, stage.stakes)
}

fn add_of_token_2022(stage: &Stage) -> Sample {
    add(stage, stage.other_stakes.token_2022)
}

fn add_slots(pool: &Address, source: Slot, mint: &Mint) -> [Slot; 6] {
    [
        Slot::new("payer", Kind::Wallet),
        Slot::new("pool", Kind::Pool),
        mint_slot(mint),
        source,
        vault_of(pool),
        token_program(),
    ]
}

/// By a staker, from whichever token account of its.
fn add(stage: &Stage, own: Stakes) -> Sample {
    let (payer, mint) = (own.owner, own.mint);
    let add = |set: Stakes| rewards::add(set.owner, set.tokens(), set.pool(), set.mint, AMOUNT);
    let source = Slot::new("source", Kind::TokenAccount).or(stage.token_accounts(&mint, &payer));
    let sample = with_others(stage, Sample::new(stage, add(own), add_slots(&own.pool(), source, &mint)), add);
    let second = stage.second_mint;
    let tokens = address::token_account(&payer, second);
    sample.or_as_well(rewards::add(payer, tokens, stage.second_pool, second, AMOUNT))
}

/// As a vault does it, here with a key that signs: the account pays and is the payer.
fn add_by_a_vault(stage: &Stage) -> Sample {
    let (own, key) = (stage.stakes, keypair_for("own authority").pubkey());
    let rent = stage.world.rent(token::ACCOUNT_SPACE as usize);
    let open = mints::give_apart(stage.cast.authority, own.mint, key, key, rent, AMOUNT);
    let mut slots = add_slots(&own.pool(), Slot::new("source", Kind::Vault), &own.mint);
    slots[0].kind = Kind::Vault;
    let add = rewards::add(key, key, own.pool(), own.mint, AMOUNT);
    open.into_iter().fold(Sample::new(stage, add, slots), Sample::after)
}

/// Of a stake that earns in no pool.
fn enter(stage: &Stage) -> Sample {
    let own = stage.stakes;
    let enter = |set: Stakes| rewards::enter(set.owner, set.outside(), set.pool());
    let slots = [
        Slot::new("owner", Kind::Wallet),
        Slot::new("stake", Kind::Stake),
        Slot::new("pool", Kind::Pool),
        Slot::new("position", Kind::New).with_seeds(&[
            b"position",
            own.pool().as_ref(),
            own.outside().as_ref(),
        ]),
        system_program(),
    ];
    let sample = Sample::new(stage, enter(own), slots)
        .undone_by([rewards::exit(own.owner, own.outside(), own.pool())])
        .or_as_well(rewards::enter(own.owner, own.outside(), stage.second_pool));
    with_others(stage, sample, enter)
}

fn sync_after_a_slash(stage: &Stage) -> Sample {
    sync(stage, Stakes::slashed, seen_stake())
}

/// Weight that has waited for a day.
fn sync_activates(stage: &Stage) -> Sample {
    let own = stage.stakes;
    let sample = sync(stage, Stakes::outside, seen_stake());
    let sets = stage.other_stakes.all().into_iter().chain([own]);
    sets.fold(sample, |sample, set| sample.after(rewards::enter(set.owner, set.outside(), set.pool())))
        .later(ACTIVATION_SECONDS)
}

fn sync_of_a_closed_stake(stage: &Stage) -> Sample {
    sync(stage, Stakes::closed, closed_stake())
}

fn sync(stage: &Stage, which: fn(&Stakes) -> Address, stake: Slot) -> Sample {
    let sync = |set: Stakes| rewards::sync(which(&set), set.pool());
    let slots = [Slot::new("pool", Kind::Pool), Slot::new("position", Kind::Position), stake, clock()];
    with_others(stage, Sample::new(stage, sync(stage.stakes), slots), sync)
}

fn claim_of_spl_token(stage: &Stage) -> Sample {
    let (own, second) = (stage.stakes, stage.second_mint);
    let tokens = address::token_account(&own.owner, second);
    claim(stage, own, Stakes::staked, seen_stake()).or_as_well(rewards::claim(
        own.owner,
        own.staked(),
        stage.second_pool,
        second,
        tokens,
    ))
}

fn claim_of_token_2022(stage: &Stage) -> Sample {
    claim(stage, stage.other_stakes.token_2022, Stakes::staked, seen_stake())
}

fn claim_of_a_closed_stake(stage: &Stage) -> Sample {
    claim(stage, stage.stakes, Stakes::closed, closed_stake())
}

fn claim_all(set: Stakes, stake: Address) -> Instruction {
    rewards::claim(set.owner, stake, set.pool(), set.mint, set.tokens())
}

/// To whichever token account of the mint.
fn claim(stage: &Stage, own: Stakes, which: fn(&Stakes) -> Address, stake: Slot) -> Sample {
    let mint = own.mint;
    let slots = [
        Slot::new("owner", Kind::Wallet),
        Slot::new("pool", Kind::Pool),
        Slot::new("position", Kind::Position),
        stake,
        mint_slot(&mint),
        vault_of(&own.pool()),
        Slot::new("destination", Kind::TokenAccount)
            .or(stage.payable(&mint, &rewards::vault_address(&own.pool()).0)),
        clock(),
        token_program(),
    ];
    let sample = Sample::new(stage, claim_all(own, which(&own)), slots);
    stage.other_stakes.all().into_iter().fold(sample, |sample, set| {
        // Whose token account it is does not matter.
        let groups: &[&[usize]] = if set.mint == mint { &[&[6]] } else { &[] };
        sample.or_as_well_by(claim_all(set, which(&set)), groups)
    })
}

/// Without earnings; the stake is being released.
fn exit(stage: &Stage) -> Sample {
    exit_of(stage, Stakes::unstaking, seen_stake())
}

/// After the last claim.
fn exit_of_a_closed_stake(stage: &Stage) -> Sample {
    let sample = exit_of(stage, Stakes::closed, closed_stake());
    let sets = stage.other_stakes.all().into_iter().chain([stage.stakes]);
    sets.fold(sample, |sample, set| sample.after(claim_all(set, set.closed())))
}

fn exit_of(stage: &Stage, which: fn(&Stakes) -> Address, stake: Slot) -> Sample {
    let exit = |set: Stakes| rewards::exit(set.owner, which(&set), set.pool());
    let slots = [
        Slot::new("owner", Kind::Wallet),
        Slot::new("pool", Kind::Pool),
        Slot::new("position", Kind::Position),
        stake,
        clock(),
    ];
    with_others(stage, Sample::new(stage, exit(stage.stakes), slots).closing(2, 0), exit)
}

/// The stake of a position, told by its address. What belongs to another program counts as one that was closed.
fn seen_stake() -> Slot {
    Slot::new("stake", Kind::Stake).or_gone()
}

fn closed_stake() -> Slot {
    Slot::new("stake", Kind::Gone)
}
