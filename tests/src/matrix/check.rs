//! The generator: runs the rows over a case.

use crate::{
    matrix::{Entry, Finding, Kind, Report, Sample, Slot, Stage, chain, rows},
    network::Failure,
};
use litesvm::{LiteSVM, types::TransactionMetadata};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_transaction_error::TransactionError;
use std::rc::Rc;

/// Runs every row over a case.
pub fn check(stage: &Stage, case: String, sample: Sample) -> Report {
    let base = Rc::new(sample.world.network.svm.clone());
    let mut checker = Checker { stage, case, sample, base, valid: None, report: Report::default() };
    if checker.is_valid() {
        for row in rows::ALL {
            row(&mut checker);
        }
    }
    checker.report
}

/// A case under check.
pub struct Checker<'a> {
    /// Where substitutes come from.
    pub stage: &'a Stage,
    /// The case's name.
    pub case: String,
    /// The valid instruction.
    pub sample: Sample,
    base: Rc<LiteSVM>,
    valid: Option<LiteSVM>,
    /// What was found so far.
    pub report: Report,
}

fn is_abort(error: &InstructionError) -> bool {
    matches!(error, InstructionError::ProgramFailedToComplete | InstructionError::ComputationalBudgetExceeded)
}

/// What a check changed.
pub struct Change<'a> {
    /// The row it belongs to.
    pub row: u8,
    /// The slot, if one was changed.
    pub slot: Option<usize>,
    /// In words.
    pub what: String,
    /// Accounts that are written before.
    pub accounts: &'a [(Address, Account)],
}

impl<'a> Change<'a> {
    /// A change of a slot.
    pub fn of(row: u8, slot: usize, what: impl Into<String>) -> Self {
        Self { row, slot: Some(slot), what: what.into(), accounts: &[] }
    }

    /// A change of no particular slot.
    pub fn of_all(row: u8, what: impl Into<String>) -> Self {
        Self { row, slot: None, what: what.into(), accounts: &[] }
    }

    /// Writes accounts before the transaction.
    pub fn with(mut self, accounts: &'a [(Address, Account)]) -> Self {
        self.accounts = accounts;
        self
    }
}

impl Checker<'_> {
    /// Runs the unchanged instruction, which must succeed and change something.
    fn is_valid(&mut self) -> bool {
        let before = self.shared(&[]);
        let (after, result) = self.send(&before, std::slice::from_ref(&self.sample.instruction));
        let change = Change::of_all(0, "the unchanged instruction");
        self.report.count(0);
        match result {
            Err(failure) => self.note(&change, chain::describe(&failure)),
            Ok(_) if self.sample.slots.len() != self.sample.instruction.accounts.len() => {
                self.note(&change, "has another number of accounts than slots");
            }
            Ok(_) if chain::differences(&before, &after, &Stage::fee_payer()).is_empty() => {
                self.note(&change, "changes nothing");
            }
            Ok(_) => {
                self.valid = Some(after);
                return true;
            }
        }
        false
    }

    /// A copy of the world, with some accounts written.
    pub fn world(&self, accounts: &[(Address, Account)]) -> LiteSVM {
        let mut svm = LiteSVM::clone(&self.base);
        for (address, account) in accounts {
            svm.set_account(*address, account.clone()).expect("the account can be written");
        }
        svm
    }

    /// The world, with some accounts written; nothing is copied when there are none.
    fn shared(&self, accounts: &[(Address, Account)]) -> Rc<LiteSVM> {
        if accounts.is_empty() { Rc::clone(&self.base) } else { Rc::new(self.world(accounts)) }
    }

    /// What the unchanged instruction leaves behind.
    pub fn valid(&self) -> &LiteSVM {
        self.valid.as_ref().expect("the case is valid")
    }

    /// The instruction's slots, with their places.
    pub fn slots(&self) -> Vec<(usize, Slot)> {
        self.sample.slots.iter().cloned().enumerate().collect()
    }

    /// The substitutes that could be given to a slot: all accounts of the stage but its own.
    pub fn substitutes(&self, slot: usize) -> Vec<Entry> {
        let own = self.sample.address(slot);
        let signs = self.sample.instruction.accounts[slot].is_signer;
        let others = self.stage.pool.iter().filter(|entry| entry.address != own);
        // Program-derived addresses have no key to sign with.
        others
            .filter(|entry| !signs || (entry.address.is_on_curve() && entry.kind != Kind::Program))
            .cloned()
            .collect()
    }

    /// The instruction with another address in a slot; one that was empty takes it writable.
    pub fn with_address(&self, slot: usize, address: Address) -> Instruction {
        let mut instruction = self.sample.instruction.clone();
        instruction.accounts[slot].pubkey = address;
        instruction.accounts[slot].is_writable |= self.sample.slots[slot].is_filled_writable();
        instruction
    }

    fn send(
        &self,
        before: &LiteSVM,
        instructions: &[Instruction],
    ) -> (LiteSVM, Result<TransactionMetadata, Failure>) {
        let mut after = before.clone();
        let result = chain::send(&mut after, &Stage::fee_payer(), instructions);
        (after, result)
    }

    /// Notes a finding.
    pub fn note(&mut self, change: &Change, outcome: impl Into<String>) {
        let slot = change.slot.and_then(|slot| self.sample.slots.get(slot));
        let finding = Finding {
            case: self.case.clone(),
            row: change.row,
            slot: slot.map(|slot| slot.name.to_owned()),
            what: change.what.clone(),
            outcome: outcome.into(),
        };
        self.report.findings.push(finding);
    }

    /// Checks that the last of `instructions` refuses by itself, and that no byte of any account changes.
    pub fn refused(&mut self, change: Change, instructions: &[Instruction]) {
        let before = self.shared(change.accounts);
        self.refused_in(&before, change, instructions);
    }

    /// The same, in a world of its own.
    pub fn refused_in(&mut self, before: &LiteSVM, change: Change, instructions: &[Instruction]) {
        let (after, result) = self.send(before, instructions);
        let last = (instructions.len() - 1) as u8;
        self.report.count(change.row);
        match result {
            Ok(_) => return self.note(&change, "was accepted"),
            Err(failure) => match &failure.error {
                // An abort is no refusal: nothing that an instruction is given may make it panic or run out of units. What
                // another program answers with that it hands the account on to, is that program's.
                TransactionError::InstructionError(_, error) if is_abort(error) => {
                    match chain::is_foreign(&failure) {
                        true => self.report.foreign_aborts += 1,
                        false if chain::is_refused_bump(&failure) => {}
                        false => self.note(&change, format!("aborted: {}", chain::describe(&failure))),
                    }
                }
                TransactionError::InstructionError(at, _) if *at == last => {}
                _ => self.note(&change, format!("failed otherwise: {}", chain::describe(&failure))),
            },
        }
        self.report.count(20);
        let changed = chain::differences(before, &after, &Stage::fee_payer());
        if !changed.is_empty() {
            let change = Change { row: 20, ..change };
            self.note(&change, format!("failed, and changed {changed:?}"));
        }
    }

    /// Checks that `instructions` succeed; returns the world after them.
    pub fn accepted(&mut self, change: Change, instructions: &[Instruction]) -> Option<LiteSVM> {
        let before = self.shared(change.accounts);
        self.accepted_in(&before, change, instructions)
    }

    /// The same, in a world of its own.
    pub fn accepted_in(
        &mut self,
        before: &LiteSVM,
        change: Change,
        instructions: &[Instruction],
    ) -> Option<LiteSVM> {
        let (after, result) = self.send(before, instructions);
        self.report.count(change.row);
        match result {
            Ok(_) => Some(after),
            Err(failure) => {
                self.note(&change, format!("was refused: {}", chain::describe(&failure)));
                None
            }
        }
    }

    /// Checks that `instructions` succeed and leave behind exactly what the unchanged instruction does.
    pub fn same(&mut self, change: Change, instructions: &[Instruction]) {
        let before = self.shared(change.accounts);
        self.same_in(&before, change, instructions);
    }

    /// The same, in a world of its own.
    pub fn same_in(&mut self, before: &LiteSVM, change: Change, instructions: &[Instruction]) {
        let again = Change { what: change.what.clone(), ..change };
        let Some(after) = self.accepted_in(before, change, instructions) else {
            return;
        };
        let changed = chain::differences(self.valid(), &after, &Stage::fee_payer());
        if !changed.is_empty() {
            self.note(&again, format!("had another effect, on {changed:?}"));
        }
    }
}
