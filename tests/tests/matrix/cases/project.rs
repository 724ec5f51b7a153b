//! Projects.

use super::{keys, system_program, token_program, vault};
use grid_client::{address, instruction};
use grid_tests::matrix::{Case, Kind, Sample, Slot, Stage};

const AMOUNT: u64 = 12_345;

/// Of the stranger, who has none.
pub struct OpenProject;

impl Case for OpenProject {
    fn instruction(&self) -> &'static str {
        "open_project"
    }

    fn build_valid(&self, stage: &Stage) -> Sample {
        let (owner, mint) = (keys(stage).stranger, stage.world.mint);
        let slots = [
            Slot::new("owner", Kind::Wallet),
            Slot::new("mint", Kind::Mint),
            Slot::new("project", Kind::New).with_seeds(&[b"project", mint.as_ref(), owner.as_ref()]),
            system_program(),
        ];
        let open = instruction::open_project(owner, mint);
        let project = address::project(&mint, &owner).0;
        Sample::new(stage, open, slots)
            .undone_by(instruction::close_project(owner, project))
            .or_as_well(instruction::open_project(owner, stage.second_mint))
            .or_as_well(instruction::open_project(stage.second_node, mint))
    }
}

/// An empty one.
pub struct CloseProject;

impl Case for CloseProject {
    fn instruction(&self) -> &'static str {
        "close_project"
    }

    fn build_valid(&self, stage: &Stage) -> Sample {
        let owner = keys(stage).node;
        let empty = stage.projects(|project| project.owner == owner && project.balance == 0);
        let slots = [Slot::new("owner", Kind::Wallet), Slot::new("project", Kind::Project).or(empty)];
        let close = instruction::close_project(owner, stage.empty_project);
        Sample::new(stage, close, slots).closing(1, 0)
    }
}

/// By the owner; whoever deposits, any project of the mint may get it.
pub struct Deposit;

impl Case for Deposit {
    fn instruction(&self) -> &'static str {
        "deposit"
    }

    fn build_valid(&self, stage: &Stage) -> Sample {
        let (depositor, mint) = (keys(stage).client, stage.world.mint);
        let slots = [
            Slot::new("depositor", Kind::Wallet),
            Slot::new("project", Kind::Project).or(stage.projects(|project| project.mint == mint)),
            Slot::new("mint", Kind::Mint),
            Slot::new("source", Kind::TokenAccount).or(stage.token_accounts(&mint, Some(&depositor))),
            vault(&mint),
            token_program(),
        ];
        let source = address::token_account(&depositor, &mint);
        let deposit = instruction::deposit(depositor, source, stage.world.project, mint, AMOUNT);
        let mut sample = Sample::new(stage, deposit, slots);
        for set in stage.others.all() {
            let source = address::token_account(&set.owner, &set.mint);
            let twin = instruction::deposit(set.owner, source, set.project, set.mint, AMOUNT);
            let groups: &[&[usize]] = if set.mint == mint { &[&[0, 3], &[1]] } else { &[] };
            sample = sample.or_as_well_by(twin, groups);
        }
        sample
    }
}

/// By the owner, to whichever token account of the mint.
pub struct Withdraw;

impl Case for Withdraw {
    fn instruction(&self) -> &'static str {
        "withdraw"
    }

    fn build_valid(&self, stage: &Stage) -> Sample {
        let (owner, mint) = (keys(stage).client, stage.world.mint);
        let slots = [
            Slot::new("owner", Kind::Wallet),
            Slot::new("project", Kind::Project),
            Slot::new("mint", Kind::Mint),
            vault(&mint),
            Slot::new("destination", Kind::TokenAccount).or(stage.token_accounts(&mint, None)),
            token_program(),
        ];
        let destination = address::token_account(&owner, &mint);
        let withdraw = instruction::withdraw(owner, stage.world.project, mint, destination, AMOUNT);
        let mut sample = Sample::new(stage, withdraw, slots);
        for set in stage.others.all() {
            let destination = address::token_account(&set.owner, &set.mint);
            let twin = instruction::withdraw(set.owner, set.project, set.mint, destination, AMOUNT);
            let groups: &[&[usize]] = if set.mint == mint { &[&[0, 1], &[4]] } else { &[] };
            sample = sample.or_as_well_by(twin, groups);
        }
        sample
    }
}
