//! Emissions.

use super::{
    case, clock, look_away, mint_slot, system_program, token_account, token_program, vault_of, with_others,
};
use crate::matrix::{
    Case, Kind, Sample, Slot, Stage,
    stakes::{AMOUNT, Stakes, emission_terms},
};
use grid_client::{
    address, pools,
    token::{self, Mint},
};
use solana_address::Address;
use solana_instruction::Instruction;

const ID: u64 = 0x0102_0304_0506_0708;
/// Where the data of `open` holds the bump: after discriminator and id.
const BUMP_AT: usize = 16;

pub(super) const CASES: &[Case] = &[
    case("open", "to a token account", open_to_a_token_account),
    case("open", "to a reward pool", open_to_a_reward_pool),
    case("open", "of Token-2022", open_of_token_2022),
    case("top_up", "of SPL Token", top_up_of_spl_token),
    case("top_up", "of Token-2022", top_up_of_token_2022),
    case("claim", "of SPL Token", claim_of_spl_token),
    case("claim", "of Token-2022", claim_of_token_2022),
    case("claim", "of one that is over", claim_of_one_that_is_over),
    case("claim_to_rewards", "of SPL Token", claim_to_rewards_of_spl_token),
    case("claim_to_rewards", "of Token-2022", claim_to_rewards_of_token_2022),
    case("set_beneficiary", "a token account", set_a_token_account),
    case("set_beneficiary", "a reward pool", set_a_reward_pool),
    case("close", "while something is due", close_while_something_is_due),
    case("close", "of Token-2022", close_of_token_2022),
    case("close", "with a gift in the vault", close_with_a_gift),
    case("close", "without a token", close_without_a_token),
    case("close", "of one that has paid everything", close_of_one_that_has_paid),
];

fn open_to_a_token_account(stage: &Stage) -> Sample {
    open(stage, stage.stakes, Stakes::beneficiary, paid_account)
}

fn open_of_token_2022(stage: &Stage) -> Sample {
    open(stage, stage.other_stakes.token_2022, Stakes::beneficiary, paid_account)
}

fn open_to_a_reward_pool(stage: &Stage) -> Sample {
    open(stage, stage.stakes, Stakes::pool, paid_pool)
}

/// A token account among all that an emission of the mint with that vault may pay.
fn paid_account(stage: &Stage, mint: &Mint, vault: &Address) -> Slot {
    token_account(stage, "beneficiary", mint, stage.beneficiaries(mint, vault))
}

/// A reward pool among them.
fn paid_pool(stage: &Stage, mint: &Mint, vault: &Address) -> Slot {
    Slot::new("beneficiary", Kind::Pool).or(stage.beneficiaries(mint, vault))
}

/// By a stranger.
fn open(
    stage: &Stage,
    own: Stakes,
    paid: fn(&Stakes) -> Address,
    beneficiary: fn(&Stage, &Mint, &Address) -> Slot,
) -> Sample {
    let (authority, mint) = (stage.cast.stranger, own.mint);
    let terms = emission_terms(stage.world.network.time(), own.steward);
    let open = |authority, set: &Stakes, id| pools::open(authority, set.mint, id, paid(set), terms);
    let emission = pools::emission_address(&authority, ID).0;
    let vault = pools::vault_address(&emission).0;
    let slots = [
        Slot::new("authority", Kind::Wallet),
        Slot::new("mint", Kind::Mint),
        Slot::new("emission", Kind::New)
            .with_seeds(&[b"emission", authority.as_ref(), &ID.to_le_bytes()])
            .with_bump_at(BUMP_AT),
        Slot::new("vault", Kind::New).with_seeds(&[b"vault", emission.as_ref()]),
        beneficiary(stage, &mint, &vault),
        token_program(),
        system_program(),
    ];
    let others = stage.other_stakes;
    let sample = Sample::new(stage, open(authority, &own, ID), slots)
        .undone_by([pools::close(authority, emission, mint, address::token_account(&authority, mint))])
        .or_as_well(open(authority, &own, ID + 1))
        .or_as_well(open(own.owner, &own, ID));
    let mints = [stage.stakes, others.second_mint, others.token_2022].into_iter();
    mints
        .filter(|set| set.mint != mint)
        .fold(sample, |sample, set| sample.or_as_well(open(authority, &set, ID)))
}

fn top_up_of_spl_token(stage: &Stage) -> Sample {
    top_up(stage, stage.stakes)
}

fn top_up_of_token_2022(stage: &Stage) -> Sample {
    top_up(stage, stage.other_stakes.token_2022)
}

/// By a staker, from whichever token account of its.
fn top_up(stage: &Stage, own: Stakes) -> Sample {
    let (payer, mint) = (own.owner, own.mint);
    let top_up = |set: Stakes| pools::top_up(set.owner, set.tokens(), set.to_account(), set.mint, AMOUNT);
    let slots = [
        Slot::new("payer", Kind::Wallet),
        Slot::new("emission", Kind::Emission),
        mint_slot(&mint),
        Slot::new("source", Kind::TokenAccount).or(stage.token_accounts(&mint, &payer)),
        vault_of(&own.to_account()),
        token_program(),
    ];
    let sample = Sample::new(stage, top_up(own), slots);
    stage.other_stakes.all().into_iter().fold(sample, |sample, set| {
        let groups: &[&[usize]] = if set.mint == mint { &[&[0, 3]] } else { &[] };
        sample.or_as_well_by(top_up(set), groups)
    })
}

fn claim_of_spl_token(stage: &Stage) -> Sample {
    claim(stage, stage.stakes, Stakes::to_account)
}

fn claim_of_token_2022(stage: &Stage) -> Sample {
    claim(stage, stage.other_stakes.token_2022, Stakes::to_account)
}

fn claim_of_one_that_is_over(stage: &Stage) -> Sample {
    claim(stage, stage.stakes, Stakes::over)
}

fn claim(stage: &Stage, own: Stakes, which: fn(&Stakes) -> Address) -> Sample {
    let claim = |set: Stakes| pools::claim(which(&set), set.mint, set.beneficiary());
    let slots = [
        Slot::new("emission", Kind::Emission),
        mint_slot(&own.mint),
        vault_of(&which(&own)),
        Slot::new("beneficiary", Kind::TokenAccount),
        clock(),
        token_program(),
    ];
    with_others(stage, Sample::new(stage, claim(own), slots), claim)
}

fn claim_to_rewards_of_spl_token(stage: &Stage) -> Sample {
    claim_to_rewards(stage, stage.stakes)
}

fn claim_to_rewards_of_token_2022(stage: &Stage) -> Sample {
    claim_to_rewards(stage, stage.other_stakes.token_2022)
}

fn claim_to_rewards(stage: &Stage, own: Stakes) -> Sample {
    let claim = |set: Stakes| pools::claim_to_rewards(set.to_pool(), set.mint, set.pool());
    let slots = [
        Slot::new("emission", Kind::Emission),
        mint_slot(&own.mint),
        vault_of(&own.to_pool()),
        Slot::new("beneficiary", Kind::Pool),
        Slot::new("rewards_vault", Kind::Vault)
            .with_seeds_of(grid_rewards::ID, &[b"vault", own.pool().as_ref()]),
        clock(),
        Slot::new("rewards_program", Kind::Program),
        token_program(),
    ];
    with_others(stage, Sample::new(stage, claim(own), slots), claim)
}

fn set_a_token_account(stage: &Stage) -> Sample {
    set_beneficiary(stage, Stakes::slash_destination, paid_account)
}

fn set_a_reward_pool(stage: &Stage) -> Sample {
    set_beneficiary(stage, Stakes::pool, paid_pool)
}

/// Of any emission that the steward may hand over.
fn set_beneficiary(
    stage: &Stage,
    paid: fn(&Stakes) -> Address,
    beneficiary: fn(&Stage, &Mint, &Address) -> Slot,
) -> Sample {
    let (own, stranger) = (stage.stakes, stage.cast.stranger);
    let set_it = |set: Stakes| pools::set_beneficiary(set.steward, set.to_account(), paid(&set), stranger);
    let others = stage.emissions(|emission| {
        emission.beneficiary_authority == own.steward && emission.mint == own.mint.address
    });
    let vault = pools::vault_address(&own.to_account()).0;
    let slots = [
        Slot::new("beneficiary_authority", Kind::Wallet),
        Slot::new("emission", Kind::Emission).or(others),
        beneficiary(stage, &own.mint, &vault),
    ];
    let sample = Sample::new(stage, set_it(own), slots);
    stage.other_stakes.all().into_iter().fold(sample, |sample, set| {
        let groups: &[&[usize]] = if set.mint == own.mint { &[&[2]] } else { &[] };
        sample.or_as_well_by(set_it(set), groups)
    })
}

/// The rest leaves; what is due stays.
fn close_while_something_is_due(stage: &Stage) -> Sample {
    close(stage, stage.stakes, Stakes::to_account)
}

fn close_of_token_2022(stage: &Stage) -> Sample {
    close(stage, stage.other_stakes.token_2022, Stakes::to_pool)
}

/// The gift leaves with the accounts.
fn close_with_a_gift(stage: &Stage) -> Sample {
    let own = stage.stakes;
    let sets = stage.other_stakes.all().into_iter().chain([own]);
    sets.fold(close(stage, own, Stakes::unfunded), |sample, set| {
        sample.after(gift(&set, pools::vault_address(&set.unfunded()).0))
    })
    .closing(1, 0)
    .sweeping_to(4)
}

/// Nothing is paid, so that nobody looks at the destination.
fn close_without_a_token(stage: &Stage) -> Sample {
    let sample = close(stage, stage.stakes, Stakes::unfunded).closing(1, 0).sweeping_to(4);
    look_away(stage, sample, 4)
}

/// Not closeable before.
fn close_of_one_that_has_paid(stage: &Stage) -> Sample {
    let own = stage.stakes;
    let sets = stage.other_stakes.all().into_iter().chain([own]);
    let sample = sets
        .fold(close(stage, own, Stakes::over), |sample, set| {
            sample.after(pools::claim(set.over(), set.mint, set.beneficiary()))
        })
        .closing(1, 0)
        .sweeping_to(4);
    look_away(stage, sample, 4)
}

/// To whichever token account of the mint.
fn close(stage: &Stage, own: Stakes, which: fn(&Stakes) -> Address) -> Sample {
    let mint = own.mint;
    let close = |set: Stakes| {
        let destination = address::token_account(&set.emitter, set.mint);
        pools::close(set.emitter, which(&set), set.mint, destination)
    };
    let vault = pools::vault_address(&which(&own)).0;
    let slots = [
        Slot::new("authority", Kind::Wallet),
        Slot::new("emission", Kind::Emission),
        mint_slot(&mint),
        vault_of(&which(&own)),
        Slot::new("destination", Kind::TokenAccount).or(stage.payable(&mint, &vault)),
        token_program(),
    ];
    let sample = Sample::new(stage, close(own), slots);
    stage.other_stakes.all().into_iter().fold(sample, |sample, set| {
        // Whose token account it is does not matter.
        let groups: &[&[usize]] = if set.mint == mint { &[&[4]] } else { &[] };
        sample.or_as_well_by(close(set), groups)
    })
}

fn gift(set: &Stakes, vault: Address) -> Instruction {
    let gift = token::transfer(set.tokens(), vault, set.owner, 1);
    Instruction { program_id: set.mint.program, ..gift }
}
