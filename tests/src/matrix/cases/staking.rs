//! Stakes and their settings.

use super::{case, clock, only, token_account, token_program, vault, with_others};
use crate::{
    incentives::{DURATION, SLASH_CAP_BPS},
    matrix::{
        Case, Kind, Sample, Slot, Stage,
        stakes::{AMOUNT, SLASH_EPOCH, Stakes, slash},
    },
};
use grid_client::{
    address, staking,
    token::{self, Mint},
};
use grid_staking::Role;
use solana_address::Address;
use solana_sdk_ids::bpf_loader_upgradeable;

const ID: u64 = 0x0102_0304_0506_0708;
/// Where the data of `stake` holds the bump: after discriminator and id.
const BUMP_AT: usize = 16;
/// Another cap than the one that all settings of the stage have.
const NEW_CAP_BPS: u16 = 2 * SLASH_CAP_BPS;

pub(super) const CASES: &[Case] = &[
    case("open_settings", "of SPL Token", open_settings_of_spl_token),
    case("open_settings", "of Token-2022", open_settings_of_token_2022),
    only("update_settings", update_settings),
    case("propose_role", "authority", propose_authority),
    case("propose_role", "slasher", propose_slasher),
    case("accept_role", "authority", accept_authority),
    case("accept_role", "slasher", accept_slasher),
    case("stake", "of SPL Token", stake_of_spl_token),
    case("stake", "of Token-2022", stake_of_token_2022),
    case("top_up", "of SPL Token", top_up_of_spl_token),
    case("top_up", "of Token-2022", top_up_of_token_2022),
    only("extend", extend),
    only("unstake", unstake),
    only("restake", restake),
    case("withdraw", "of SPL Token", withdraw_of_spl_token),
    case("withdraw", "of Token-2022", withdraw_of_token_2022),
    case("slash", "a stake", slash_a_stake),
    case("slash", "one that is being released", slash_a_released_one),
    case("slash", "of Token-2022", slash_of_token_2022),
    only("close", close),
];

fn open_settings_of_spl_token(stage: &Stage) -> Sample {
    let twins = [stage.second_mint_without_vault, stage.mint_2022_without_vault];
    open_settings(stage, stage.mint_without_vault, &twins)
}

fn open_settings_of_token_2022(stage: &Stage) -> Sample {
    open_settings(stage, stage.mint_2022_without_vault, &[stage.mint_without_vault])
}

/// By the upgrade authority, of a mint that has none.
fn open_settings(stage: &Stage, mint: Mint, twins: &[Mint]) -> Sample {
    let authority = stage.cast.authority;
    let open = |mint: Mint| {
        let destination = address::token_account(&authority, mint);
        staking::open_settings(authority, mint, destination, SLASH_CAP_BPS, SLASH_EPOCH)
    };
    let slots = [
        Slot::new("authority", Kind::Wallet),
        Slot::new("mint", Kind::Mint),
        Slot::new("settings", Kind::New).with_seeds(&[b"settings", mint.address.as_ref()]),
        Slot::new("vault", Kind::New).with_seeds(&[b"vault", mint.address.as_ref()]),
        token_account(stage, "slash_destination", &mint, stage.payable(&mint, &Address::default())),
        Slot::new("program_data", Kind::ProgramData)
            .with_seeds_of(bpf_loader_upgradeable::ID, &[grid_staking::ID.as_ref()]),
        token_program(),
        super::system_program(),
    ];
    twins.iter().fold(Sample::new(stage, open(mint), slots), |sample, twin| sample.or_as_well(open(*twin)))
}

/// To any token account of the mint but the stakes' vault.
fn update_settings(stage: &Stage) -> Sample {
    let own = stage.stakes;
    let update = |set: Stakes| {
        let mint = set.mint.address;
        staking::update_settings(set.authority, &mint, set.slash_destination(), NEW_CAP_BPS, SLASH_EPOCH)
    };
    let vault = staking::vault_address(&own.mint.address).0;
    let slots = [
        Slot::new("authority", Kind::Wallet),
        Slot::new("settings", Kind::Settings),
        token_account(stage, "slash_destination", &own.mint, stage.payable(&own.mint, &vault)),
    ];
    Sample::new(stage, update(own), slots)
        .or_as_well(update(stage.other_stakes.second_mint))
        .or_as_well(update(stage.other_stakes.token_2022))
}

fn propose_authority(stage: &Stage) -> Sample {
    propose_role(stage, Role::Authority)
}

fn propose_slasher(stage: &Stage) -> Sample {
    propose_role(stage, Role::Slasher)
}

fn propose_role(stage: &Stage, role: Role) -> Sample {
    let (own, stranger) = (stage.stakes, stage.cast.stranger);
    let propose = |set: Stakes| staking::propose_role(set.authority, &set.mint.address, role, stranger);
    let slots = [
        Slot::new("authority", Kind::Wallet),
        Slot::new("settings", Kind::Settings)
            .or(stage.settings(|settings| settings.authority == own.authority)),
    ];
    Sample::new(stage, propose(own), slots).or_as_well(propose(stage.other_stakes.second_mint))
}

fn accept_authority(stage: &Stage) -> Sample {
    let heir = stage.stakes.next_authority;
    let others = stage.settings(|settings| settings.pending_authority == heir);
    accept_role(stage, Role::Authority, others, |set| set.next_authority)
}

fn accept_slasher(stage: &Stage) -> Sample {
    let heir = stage.stakes.next_slasher;
    let others = stage.settings(|settings| settings.pending_slasher == heir);
    accept_role(stage, Role::Slasher, others, |set| set.next_slasher)
}

fn accept_role(stage: &Stage, role: Role, others: Vec<Address>, heir: fn(&Stakes) -> Address) -> Sample {
    let accept = |set: &Stakes| staking::accept_role(heir(set), &set.mint.address, role);
    let slots = [Slot::new("new_holder", Kind::Wallet), Slot::new("settings", Kind::Settings).or(others)];
    Sample::new(stage, accept(&stage.stakes), slots).or_as_well(accept(&stage.other_stakes.second_mint))
}

fn stake_of_spl_token(stage: &Stage) -> Sample {
    stake(stage, stage.stakes)
}

fn stake_of_token_2022(stage: &Stage) -> Sample {
    stake(stage, stage.other_stakes.token_2022)
}

/// From whichever token account of the owner.
fn stake(stage: &Stage, own: Stakes) -> Sample {
    let (owner, mint) = (own.owner, own.mint);
    let stake = |set: Stakes, id| staking::stake(set.owner, set.tokens(), set.mint, id, AMOUNT, DURATION);
    let seeds = [&b"stake"[..], mint.address.as_ref(), owner.as_ref(), &ID.to_le_bytes()];
    let slots = [
        Slot::new("owner", Kind::Wallet),
        Slot::new("settings", Kind::Settings),
        Slot::new("stake", Kind::New).with_seeds(&seeds).with_bump_at(BUMP_AT),
        mint_slot(stage, &mint),
        Slot::new("source", Kind::TokenAccount).or(stage.token_accounts(&mint, &owner)),
        vault(&mint),
        clock(),
        token_program(),
        super::system_program(),
    ];
    let mut sample = Sample::new(stage, stake(own, ID), slots).or_as_well(stake(own, ID + 1));
    for set in stage.other_stakes.all() {
        sample = sample.or_as_well(stake(set, ID));
    }
    sample
}

fn top_up_of_spl_token(stage: &Stage) -> Sample {
    top_up(stage, stage.stakes)
}

fn top_up_of_token_2022(stage: &Stage) -> Sample {
    top_up(stage, stage.other_stakes.token_2022)
}

/// From whichever token account of the owner.
fn top_up(stage: &Stage, own: Stakes) -> Sample {
    let (owner, mint) = (own.owner, own.mint);
    let top_up = |set: Stakes| staking::top_up(set.owner, set.tokens(), set.staked(), set.mint, AMOUNT);
    let others =
        stage.all_stakes(|stake| stake.owner == owner && stake.mint == mint.address && !stake.is_unstaking());
    let slots = [
        Slot::new("owner", Kind::Wallet),
        Slot::new("stake", Kind::Stake).or(others),
        mint_slot(stage, &mint),
        Slot::new("source", Kind::TokenAccount).or(stage.token_accounts(&mint, &owner)),
        vault(&mint),
        token_program(),
    ];
    with_others(stage, Sample::new(stage, top_up(own), slots), top_up)
}

/// To another duration; of whichever mint.
fn extend(stage: &Stage) -> Sample {
    let own = stage.stakes;
    let extend = |set: Stakes| staking::extend(set.owner, set.staked(), 2 * DURATION);
    let others = stage.all_stakes(|stake| stake.owner == own.owner && !stake.is_unstaking());
    let slots = [Slot::new("owner", Kind::Wallet), Slot::new("stake", Kind::Stake).or(others)];
    with_others(stage, Sample::new(stage, extend(own), slots), extend)
}

fn unstake(stage: &Stage) -> Sample {
    let own = stage.stakes;
    let unstake = |set: Stakes| staking::unstake(set.owner, set.staked());
    let others = stage.all_stakes(|stake| stake.owner == own.owner && !stake.is_unstaking());
    let slots = [Slot::new("owner", Kind::Wallet), Slot::new("stake", Kind::Stake).or(others), clock()];
    with_others(stage, Sample::new(stage, unstake(own), slots), unstake)
}

/// Of which a part was withdrawn.
fn restake(stage: &Stage) -> Sample {
    let own = stage.stakes;
    let restake = |set: Stakes| staking::restake(set.owner, set.withdrawn());
    let others =
        stage.all_stakes(|stake| stake.owner == own.owner && stake.is_unstaking() && stake.left() > 0);
    let slots = [Slot::new("owner", Kind::Wallet), Slot::new("stake", Kind::Stake).or(others)];
    with_others(stage, Sample::new(stage, restake(own), slots), restake)
}

fn withdraw_of_spl_token(stage: &Stage) -> Sample {
    withdraw(stage, stage.stakes)
}

fn withdraw_of_token_2022(stage: &Stage) -> Sample {
    withdraw(stage, stage.other_stakes.token_2022)
}

/// For the second time, to whichever token account of the mint.
fn withdraw(stage: &Stage, own: Stakes) -> Sample {
    let (owner, mint) = (own.owner, own.mint);
    let withdraw = |set: Stakes| staking::withdraw(set.owner, set.withdrawn(), set.mint, set.tokens());
    let others = stage.all_stakes(|stake| {
        stake.owner == owner && stake.mint == mint.address && stake.is_unstaking() && stake.left() > 0
    });
    let slots = [
        Slot::new("owner", Kind::Wallet),
        Slot::new("stake", Kind::Stake).or(others),
        mint_slot(stage, &mint),
        vault(&mint),
        Slot::new("destination", Kind::TokenAccount)
            .or(stage.payable(&mint, &staking::vault_address(&mint.address).0)),
        clock(),
        token_program(),
    ];
    let sample = Sample::new(stage, withdraw(own), slots);
    stage.other_stakes.all().into_iter().fold(sample, |sample, set| {
        // Whose token account it is does not matter.
        let groups: &[&[usize]] = if set.mint == mint { &[&[4]] } else { &[] };
        sample.or_as_well_by(withdraw(set), groups)
    })
}

fn slash_a_stake(stage: &Stage) -> Sample {
    slash_one(stage, stage.stakes, Stakes::staked)
}

fn slash_a_released_one(stage: &Stage) -> Sample {
    slash_one(stage, stage.stakes, Stakes::withdrawn)
}

fn slash_of_token_2022(stage: &Stage) -> Sample {
    slash_one(stage, stage.other_stakes.token_2022, Stakes::slashed)
}

/// Any stake of the mint that holds something.
fn slash_one(stage: &Stage, own: Stakes, which: fn(&Stakes) -> Address) -> Sample {
    let mint = own.mint;
    let others = stage.all_stakes(|stake| stake.mint == mint.address && stake.left() > 0);
    let slots = [
        Slot::new("slasher", Kind::Wallet),
        Slot::new("settings", Kind::Settings),
        Slot::new("stake", Kind::Stake).or(others),
        mint_slot(stage, &mint),
        vault(&mint),
        Slot::new("destination", Kind::TokenAccount),
        clock(),
        token_program(),
    ];
    let sample = Sample::new(stage, slash(&own, which(&own)), slots);
    with_others(stage, sample, |set| slash(&set, which(&set)))
}

/// One that holds nothing, in a later slot than it was opened in.
fn close(stage: &Stage) -> Sample {
    let own = stage.stakes;
    let close = |set: Stakes| staking::close(set.owner, set.empty());
    let others = stage.all_stakes(|stake| stake.owner == own.owner && stake.left() == 0);
    let slots = [Slot::new("owner", Kind::Wallet), Slot::new("stake", Kind::Stake).or(others)];
    with_others(stage, Sample::new(stage, close(own), slots).closing(1, 0), close)
}

/// The mint, which only the token program looks at. SPL Token does not look at its owner, and no mint ever changes it.
fn mint_slot(stage: &Stage, mint: &Mint) -> Slot {
    let mut slot = Slot::new("mint", Kind::Mint);
    if mint.program == token::PROGRAM_ID {
        slot.owners = stage.owners();
    }
    slot
}
