//! Projects and their members.

use super::{case, config, mint_slot, only, system_program, token_program, vault};
use crate::matrix::{Case, Kind, Sample, Slot, Stage, sets::Set};
use grid_client::{address, instruction};

const AMOUNT: u64 = 12_345;
const PERIOD: u32 = 3_600;

pub(super) const CASES: &[Case] = &[
    only("open_project", open_project),
    only("close_project", close_project),
    case("deposit", "of SPL Token", deposit_of_spl_token),
    case("deposit", "of Token-2022", deposit_of_token_2022),
    only("withdraw", withdraw),
    case("set_member", "appoints", appoint),
    case("set_member", "changes the limit", change_the_limit),
    case("close_member", "by the owner", close_member_by_the_owner),
    case("close_member", "by the member", close_member_by_the_member),
];

/// Of the stranger, who has none.
fn open_project(stage: &Stage) -> Sample {
    let (owner, mint) = (stage.cast.stranger, stage.mint);
    let seeds = [&b"project"[..], mint.address.as_ref(), owner.as_ref()];
    let slots = [
        Slot::new("owner", Kind::Wallet),
        mint_slot(&mint),
        Slot::new("project", Kind::New).with_seeds(&seeds),
        system_program(),
    ];
    let sample = Sample::new(stage, instruction::open_project(owner, mint), slots);
    let project = sample.address(2);
    sample
        .undone_by([instruction::close_project(owner, project)])
        .or_as_well(instruction::open_project(owner, stage.second_mint))
        .or_as_well(instruction::open_project(owner, stage.mint_2022))
        .or_as_well(instruction::open_project(stage.cast.second_node, mint))
}

/// An empty one.
fn close_project(stage: &Stage) -> Sample {
    let owner = stage.cast.node;
    let empty = stage.projects(|project| project.owner == owner && project.balance == 0);
    let slots = [Slot::new("owner", Kind::Wallet), Slot::new("project", Kind::Project).or(empty)];
    let close = instruction::close_project(owner, stage.empty_project);
    Sample::new(stage, close, slots).closing(1, 0)
}

fn deposit_of_spl_token(stage: &Stage) -> Sample {
    deposit(stage, stage.own)
}

fn deposit_of_token_2022(stage: &Stage) -> Sample {
    deposit(stage, stage.others.token_2022)
}

/// By the owner; whoever deposits, any project of the mint may get it.
fn deposit(stage: &Stage, own: Set) -> Sample {
    let (depositor, mint) = (own.owner, own.mint);
    let slots = [
        Slot::new("depositor", Kind::Wallet),
        config(),
        Slot::new("project", Kind::Project).or(stage.projects(|project| project.mint == mint.address)),
        mint_slot(&mint),
        Slot::new("source", Kind::TokenAccount).or(stage.token_accounts(&mint, &depositor)),
        vault(&mint),
        token_program(),
    ];
    let deposit = |of: Set| {
        let source = address::token_account(&of.owner, of.mint);
        instruction::deposit(of.owner, source, of.project, of.mint, AMOUNT)
    };
    let mut sample = Sample::new(stage, deposit(own), slots);
    for set in stage.others.all() {
        let groups: &[&[usize]] = if set.mint == mint { &[&[0, 4], &[2]] } else { &[] };
        sample = sample.or_as_well_by(deposit(set), groups);
    }
    sample
}

/// By the owner, to whichever token account of the mint.
fn withdraw(stage: &Stage) -> Sample {
    let (owner, mint) = (stage.cast.client, stage.mint);
    let slots = [
        Slot::new("owner", Kind::Wallet),
        Slot::new("project", Kind::Project),
        mint_slot(&mint),
        vault(&mint),
        Slot::new("destination", Kind::TokenAccount)
            .or(stage.payable(&mint, &address::vault(&mint.address).0)),
        token_program(),
    ];
    let destination = address::token_account(&owner, mint);
    let withdraw = instruction::withdraw(owner, stage.world.project, mint, destination, AMOUNT);
    let mut sample = Sample::new(stage, withdraw, slots);
    for set in stage.others.all() {
        let destination = address::token_account(&set.owner, set.mint);
        let twin = instruction::withdraw(set.owner, set.project, set.mint, destination, AMOUNT);
        let groups: &[&[usize]] = if set.mint == mint { &[&[0, 1], &[4]] } else { &[] };
        sample = sample.or_as_well_by(twin, groups);
    }
    sample
}

/// A new one.
fn appoint(stage: &Stage) -> Sample {
    let (own, key) = (stage.own, stage.cast.stranger);
    let seeds = [&b"member"[..], own.project.as_ref(), key.as_ref()];
    let slots = [
        Slot::new("owner", Kind::Wallet),
        Slot::new("project", Kind::Project),
        Slot::new("member", Kind::New).with_seeds(&seeds),
        system_program(),
    ];
    let set = |owner, project, key| instruction::set_member(owner, project, key, AMOUNT, PERIOD);
    let (theirs, second) = (stage.others.second_parties, stage.others.second_mint);
    Sample::new(stage, set(own.owner, own.project, key), slots)
        .repeatable()
        .undone_by([instruction::close_member(own.owner, own.owner, own.project, key)])
        .or_as_well(set(theirs.owner, theirs.project, key))
        .or_as_well(set(second.owner, second.project, key))
        .or_as_well(set(own.owner, own.project, stage.cast.second_node))
}

/// Of one that is appointed already.
fn change_the_limit(stage: &Stage) -> Sample {
    let own = stage.own;
    let seeds = [&b"member"[..], own.project.as_ref(), own.member.as_ref()];
    let slots = [
        Slot::new("owner", Kind::Wallet),
        Slot::new("project", Kind::Project),
        Slot::new("member", Kind::Member).with_seeds(&seeds),
        system_program(),
    ];
    let set = |owner, project, key| instruction::set_member(owner, project, key, AMOUNT, PERIOD);
    let (theirs, second) = (stage.others.second_parties, stage.others.second_mint);
    Sample::new(stage, set(own.owner, own.project, own.member), slots)
        .or_as_well(set(theirs.owner, theirs.project, own.member))
        .or_as_well(set(second.owner, second.project, own.member))
        .or_as_well(set(own.owner, own.project, stage.cast.second_member))
}

fn close_member_by_the_owner(stage: &Stage) -> Sample {
    let own = stage.own;
    let (key, other_key) = (own.member, stage.cast.second_member);
    let slots = [
        Slot::new("signer", Kind::Wallet).or(vec![key]),
        Slot::new("owner", Kind::Wallet),
        Slot::new("project", Kind::Project),
        Slot::new("member", Kind::Member).or(vec![address::member(&own.project, &other_key).0]),
    ];
    let close = |owner, project, key| instruction::close_member(owner, owner, project, key);
    let (theirs, second) = (stage.others.second_parties, stage.others.second_mint);
    Sample::new(stage, close(own.owner, own.project, key), slots)
        .closing(3, 1)
        .or_as_well(close(theirs.owner, theirs.project, other_key))
        .or_as_well(close(second.owner, second.project, key))
        .or_as_well(close(own.owner, own.project, other_key))
}

fn close_member_by_the_member(stage: &Stage) -> Sample {
    let own = stage.own;
    let (key, other_key) = (own.member, stage.cast.second_member);
    let slots = [
        Slot::new("signer", Kind::Wallet).or(vec![own.owner]),
        Slot::new("owner", Kind::Wallet),
        Slot::new("project", Kind::Project),
        Slot::new("member", Kind::Member),
    ];
    let close = |key, owner, project| instruction::close_member(key, owner, project, key);
    let (theirs, second) = (stage.others.second_parties, stage.others.second_mint);
    Sample::new(stage, close(key, own.owner, own.project), slots)
        .closing(3, 1)
        .or_as_well(close(other_key, theirs.owner, theirs.project))
        .or_as_well(close(key, second.owner, second.project))
        .or_as_well(close(other_key, own.owner, own.project))
}
