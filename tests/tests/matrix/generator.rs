//! That the generator can find something: for every row a description made wrong on purpose, which must be reported.

use grid_tests::{
    keypair_for,
    matrix::{Free, Kind, Report, Sample, Slot, Stage, cases, chain, check},
};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::AccountMeta;
use solana_signer::Signer;

/// What the matrix finds for a case whose description was changed.
fn found(stage: &Stage, name: &str, change: fn(&Stage, &mut Sample)) -> Report {
    let case = cases::all().into_iter().find(|case| case.name() == name);
    let case = case.unwrap_or_else(|| panic!("there is no case {name}"));
    let mut sample = (case.build)(stage);
    change(stage, &mut sample);
    check(stage, name.to_owned(), sample)
}

const CLOSE: &str = "jobs close_job (by anyone after the retention)";
const DEPOSIT: &str = "jobs deposit (of SPL Token)";
const LEAVE: &str = "jobs leave (by the node)";
const LIST_MANY: &str = "jobs list_many (by the owner)";
const EXPIRE: &str = "jobs expire_assignment (the job met the device)";
const GIFT: &str = "pools close (with a gift in the vault)";
const OPEN_SETTINGS: &str = "staking open_settings (of SPL Token)";
const SLASH: &str = "staking slash (a stake)";
const SYNC: &str = "rewards sync (after a slash)";
const TO_REWARDS: &str = "pools claim_to_rewards (of SPL Token)";

/// Row, case, what is wrong with it.
type Sabotage = (u8, &'static str, fn(&Stage, &mut Sample));

/// What the program does not check, each claimed to be checked; and what it does check, claimed to be free.
const SABOTAGES: [Sabotage; 33] = [
    (0, DEPOSIT, |_, s| s.instruction.accounts[2].is_writable = false),
    (0, DEPOSIT, |_, s| drop(s.slots.pop())),
    (1, "jobs grow_market", |_, s| s.instruction.accounts[1].is_signer = true),
    (2, CLOSE, |_, s| s.slots[3].kind = Kind::TokenAccount),
    (2, "jobs open_project", |_, s| s.slots[1].owners.clear()),
    (2, SYNC, |_, s| s.slots[2].may_be_gone = false),
    (2, SLASH, |_, s| s.slots[3].owners.clear()),
    (3, CLOSE, |_, s| s.slots[3].kind = Kind::TokenAccount),
    (3, CLOSE, |_, s| s.slots[0].free = Free::Nothing),
    (4, "jobs grow_market", |_, s| s.slots[1].free = Free::Nothing),
    (4, LEAVE, |stage, s| s.slots[2].free = Free::These(stage.all(Kind::Market))),
    (4, SLASH, |_, s| s.slots[2].free = Free::Nothing),
    (5, "jobs grow_market", claim_seeds),
    (6, "jobs grow_market", claim_seeds),
    (8, DEPOSIT, |_, s| s.slots[4].kind = Kind::New),
    (8, "jobs set_member (appoints)", |_, s| s.is_repeatable = false),
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
