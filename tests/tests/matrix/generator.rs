//! That the generator can find something: for every row a description made wrong on purpose, which must be reported.

use grid_client::nodes::METADATA_PROGRAM;
use grid_tests::{
    Failure, keypair_for,
    matrix::{Free, Kind, Report, Sample, Slot, Stage, cases, chain, check},
};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::{AccountMeta, error::InstructionError};
use solana_signer::Signer;
use solana_transaction_error::TransactionError;

/// What the matrix finds for a case whose description was changed.
fn found(stage: &Stage, name: &str, change: fn(&Stage, &mut Sample)) -> Report {
    let case = cases::all().into_iter().find(|case| case.name() == name);
    let case = case.unwrap_or_else(|| panic!("there is no case {name}"));
    let mut sample = (case.build)(stage);
    change(stage, &mut sample);
    check(stage, name.to_owned(), sample)
}

const ADMIT: &str = "jobs admit_device (the NFT's first, by the node it was issued to)";
const ADOPT: &str = "nodes adopt_collection (for the first time)";
const BURNED: &str = "nodes revoke_access (of an NFT that was burned)";
const CLOSE: &str = "jobs close_job (by anyone after the retention)";
const DEPOSIT: &str = "jobs deposit (of SPL Token)";
const LEAVE: &str = "jobs leave (by the node)";
const LIST_MANY: &str = "jobs list_many (by the owner)";
const DISMISS: &str = "jobs dismiss_device (by the node)";
const EXPIRE: &str = "jobs expire_assignment (the job met the device)";
const GIFT: &str = "pools close (with a gift in the vault)";
const MOVED: &str = "jobs dismiss_device (the NFT is another's)";
const OPEN_SETTINGS: &str = "staking open_settings (of SPL Token)";
const REVOKE: &str = "nodes revoke_access (by who issued it)";
const SLASH: &str = "staking slash (a stake)";
const SYNC: &str = "rewards sync (after a slash)";
const START: &str = "jobs start_gated (shows all, the job met the device)";
const TO_REWARDS: &str = "pools claim_to_rewards (of SPL Token)";

const WORK: &str = "jobs work_gated (shows a stake, takes a job)";

/// Row, case, what is wrong with it.
type Sabotage = (u8, &'static str, fn(&Stage, &mut Sample));

/// What the program does not check, each claimed to be checked; and what it does check, claimed to be free.
const SABOTAGES: [Sabotage; 48] = [
    (0, DEPOSIT, |_, s| s.instruction.accounts[2].is_writable = false),
    (0, DEPOSIT, |_, s| drop(s.slots.pop())),
    (1, "jobs grow_market", |_, s| s.instruction.accounts[1].is_signer = true),
    (2, CLOSE, |_, s| s.slots[3].kind = Kind::TokenAccount),
    (2, "jobs open_project", |_, s| s.slots[1].owners.clear()),
    (2, SYNC, |_, s| s.slots[2].may_be_gone = false),
    (2, SLASH, |_, s| s.slots[3].owners.clear()),
    (2, ADOPT, |_, s| s.slots[1].may_be_anything = false),
    (2, REVOKE, |_, s| s.slots[6].may_be_anything = false),
    (2, START, |_, s| s.slots[5].may_be_gone = true),
    (3, CLOSE, |_, s| s.slots[3].kind = Kind::TokenAccount),
    (3, CLOSE, |_, s| s.slots[0].free = Free::Nothing),
    (3, REVOKE, |_, s| s.slots[2].may_have_any_bytes = false),
    (3, REVOKE, |_, s| s.slots[3].may_have_any_bytes = true),
    (3, BURNED, |_, s| s.slots[4].free = Free::Nothing),
    (4, WORK, |_, s| s.slots[4].free = Free::Nothing),
    (4, START, |stage, s| s.slots[8].free = Free::These(stage.all(Kind::Attestation))),
    (4, "jobs grow_market", |_, s| s.slots[1].free = Free::Nothing),
    (4, LEAVE, |stage, s| s.slots[2].free = Free::These(stage.all(Kind::Market))),
    (4, SLASH, |_, s| s.slots[2].free = Free::Nothing),
    (5, "jobs grow_market", claim_seeds),
    (5, REVOKE, claim_the_metadatas_seeds),
    (6, "jobs grow_market", claim_seeds),
    (6, REVOKE, claim_the_metadatas_seeds),
    (8, DEPOSIT, |_, s| s.slots[4].kind = Kind::New),
    (8, "jobs set_member (appoints)", |_, s| s.is_repeatable = false),
    (8, ADMIT, |_, s| s.slots[7].may_exist = false),
    (9, "jobs initialize_config", |stage, s| s.slots[0].free = Free::These(stage.all(Kind::Wallet))),
    (9, OPEN_SETTINGS, |stage, s| s.slots[0].free = Free::These(stage.all(Kind::Wallet))),
    (10, DEPOSIT, |_, s| s.slots[4].kind = Kind::New),
    (11, DEPOSIT, |_, s| s.closes = Some((2, 4))),
    (11, SLASH, |_, s| s.closes = Some((2, 5))),
    (12, CLOSE, |_, s| s.closes = Some((3, 0))),
    (14, CLOSE, |_, s| s.instruction.accounts[0].is_writable = true),
    (15, CLOSE, |_, s| s.instruction.accounts[0].pubkey = keypair_for("nobody").pubkey()),
    (16, EXPIRE, |_, s| s.slots[4] = s.slots[4].clone().filled()),
    (16, LIST_MANY, |_, s| s.slots[3].free = Free::Nothing),
    (16, DISMISS, |_, s| s.slots[5].free = Free::Nothing),
    (16, MOVED, |_, s| s.slots[5] = s.slots[5].clone().or_empty()),
    (16, WORK, |_, s| s.slots[5].free = Free::Nothing),
    (17, BURNED, |_, s| s.slots[4].is_unlooked = false),
    (17, LIST_MANY, |_, s| s.remaining = 0),
    (18, DEPOSIT, |_, s| s.instruction.accounts[3].is_writable = true),
    (19, DEPOSIT, |_, s| s.instruction.data.push(0)),
    (21, "jobs withdraw", |stage, s| s.slots[5].free = Free::These(stage.all(Kind::Program))),
    (21, TO_REWARDS, |stage, s| s.slots[6].free = Free::These(stage.all(Kind::Program))),
    (31, GIFT, |_, s| s.sweeps_to = None),
    (31, SLASH, |_, s| s.sweeps_to = Some(5)),
];

fn claim_seeds(stage: &Stage, sample: &mut Sample) {
    let authority = stage.world.authority.pubkey();
    let slot = Slot::new("market", Kind::Market).or(stage.all(Kind::Market));
    sample.slots[1] = slot.with_seeds(&[b"market", authority.as_ref(), &0_u64.to_le_bytes()]);
}

fn claim_the_metadatas_seeds(stage: &Stage, sample: &mut Sample) {
    let mint = stage.gates.issuers[0].collection;
    let slot = sample.slots[3].clone();
    let seeds = [&b"metadata"[..], METADATA_PROGRAM.as_ref(), mint.as_ref()];
    sample.slots[3] = slot.with_seeds_of(METADATA_PROGRAM, &seeds);
}

#[test]
fn a_wrong_description_is_found() {
    let stage = Stage::new();
    for (row, name, change) in SABOTAGES {
        let report = found(&stage, name, change);
        assert!(report.found(row), "row {row} of {name}: {:?}", report.findings);
    }
}

/// Rows 17 and 21: a slot that the instruction does not have can be left out, and can hold any program.
#[test]
fn a_slot_too_many_is_found() {
    let report = found(&Stage::new(), DEPOSIT, |stage, sample| {
        let meta = AccountMeta::new_readonly(stage.attacker_program, false);
        sample.instruction.accounts.push(meta);
        sample.slots.push(Slot::new("extra_program", Kind::Program));
        sample.twins.clear();
    });
    assert!(report.found(17) && report.found(21), "{:?}", report.findings);
}

#[test]
fn a_true_description_is_clean() {
    found(&Stage::new(), DEPOSIT, |_, _| ()).assert_clean();
}

/// Row 20: nothing that an account has escapes the comparison, but the fee payer's lamports.
#[test]
fn every_difference_is_seen() {
    let stage = Stage::new();
    let before = &stage.world.network.svm;
    let (address, payer) = (stage.world.project, Stage::fee_payer());
    assert_eq!(chain::differences(before, &before.clone(), &payer), []);

    let original = stage.world.raw(&address);
    let mut last_byte = original.clone();
    *last_byte.data.last_mut().expect("it has bytes") ^= 1;
    let mut longer = original.clone();
    longer.data.push(0);
    let changes = [
        last_byte,
        longer,
        Account { lamports: original.lamports + 1, ..original.clone() },
        Account { owner: stage.attacker_program, ..original },
        Account::default(),
    ];
    for change in changes {
        let mut after = before.clone();
        after.set_account(address, change).expect("it can be written");
        assert_eq!(chain::differences(before, &after, &payer), [address]);
        assert_eq!(chain::differences(&after, before, &payer), [address]);
    }

    let mut after = before.clone();
    let mut paid = stage.world.raw(&payer);
    paid.lamports -= 1;
    after.set_account(payer, paid).expect("it can be written");
    assert_eq!(chain::differences(before, &after, &payer), []);
    assert_eq!(chain::differences(before, &after, &Address::default()), [payer], "another's lamports count");
}

/// An abort of a program that was called is that program's answer; one of ours, or of whoever runs out of units, is ours.
#[test]
fn the_program_that_aborts_is_told_from_its_callers() {
    let is_foreign = |programs: &[Address], why: &str| {
        let error = TransactionError::InstructionError(0, InstructionError::ProgramFailedToComplete);
        let logs = programs.iter().map(|program| format!("Program {program} failed: {why}")).collect();
        chain::is_foreign(&Failure { error, logs })
    };
    let (ours, called) = (grid_nodes::ID, METADATA_PROGRAM);
    let why = "Program failed to complete";
    assert!(is_foreign(&[called, ours], why));
    assert!(!is_foreign(&[ours], why) && !is_foreign(&[ours, called], why) && !is_foreign(&[], why));
    assert!(!is_foreign(&[called, ours], "exceeded CUs meter at BPF instruction"));
}
