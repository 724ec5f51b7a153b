//! That no instruction and no slot is forgotten. Rows 7 and 16.

use grid_client::address;
use grid_tests::matrix::{
    Kind, Presence, Stage, cases,
    idl::{Idl, IdlSlot},
};
use solana_address::Address;
use solana_sdk_ids::sysvar;
use std::collections::BTreeSet;

#[test]
fn every_instruction_has_a_case() {
    let idl: BTreeSet<String> = Idl::jobs().instructions.into_iter().map(|i| i.name).collect();
    let cases: BTreeSet<String> = cases::all().iter().map(|case| case.instruction.to_owned()).collect();
    assert_eq!(cases, idl);
}

#[test]
fn every_slot_is_described_as_in_the_idl() {
    let (stage, idl) = (Stage::new(), Idl::jobs());
    for case in cases::all() {
        let (name, sample) = (case.name(), (case.build)(&stage));
        let expected = idl.instruction(case.instruction).expect("it is in the IDL");
        assert!(sample.instruction.data.starts_with(&expected.discriminator), "{name}");
        assert_eq!(sample.slots.len(), expected.accounts.len() + sample.remaining, "{name}");
        for ((meta, slot), expected) in
            sample.instruction.accounts.iter().zip(&sample.slots).zip(&expected.accounts)
        {
            // Of an address that another account names, the IDL has the field.
            let address = expected.address.clone().filter(|address| !address.contains('.'));
            let expected = IdlSlot { address, ..expected.clone() };
            // Which of the two token programs, the IDL does not say.
            let is_one_program = slot.kind == Kind::Program && slot.name != "token_program";
            let described = IdlSlot {
                name: slot.name.into(),
                signer: meta.is_signer,
                writable: meta.is_writable || slot.is_empty(),
                optional: slot.presence != Presence::Required,
                address: (is_one_program || expected.address.is_some()).then(|| meta.pubkey.to_string()),
            };
            assert_eq!(described, expected, "{name}");
        }
    }
}

/// Row 16: of each optional slot there is a case in which it is empty and one in which it is not.
#[test]
fn every_optional_slot_is_empty_and_filled() {
    let (stage, idl) = (Stage::new(), Idl::jobs());
    let seen: BTreeSet<(String, String, bool)> = cases::all()
        .iter()
        .flat_map(|case| {
            let slots = (case.build)(&stage).slots.into_iter();
            slots.map(|slot| (case.instruction.to_owned(), slot.name.to_owned(), slot.is_empty()))
        })
        .collect();
    let mut optional = 0;
    for instruction in idl.instructions {
        for slot in instruction.accounts.into_iter().filter(|slot| slot.optional) {
            for is_empty in [false, true] {
                let wanted = (instruction.name.clone(), slot.name.clone(), is_empty);
                assert!(seen.contains(&wanted), "{wanted:?}");
            }
            optional += 1;
        }
    }
    assert!(optional > 0, "the IDL names optional slots");
}

/// Row 7: what takes a sysvar is described as such, so that the matrix forges it; all others ask the runtime.
#[test]
fn sysvars_are_taken_for_what_they_are() {
    let stage = Stage::new();
    for case in cases::all() {
        let sample = (case.build)(&stage);
        for (meta, slot) in sample.instruction.accounts.iter().zip(&sample.slots) {
            let found = stage.world.network.find(&meta.pubkey);
            let is_sysvar = found.is_some_and(|account| account.owner == sysvar::ID);
            let name = case.name();
            assert_eq!(is_sysvar, slot.kind == Kind::Sysvar, "{name}, {}", slot.name);
        }
    }
}

/// Row 5: the seeds of different kinds have different lengths in all, so that no choice of authority, mint, id or
/// index makes the address of one kind that of another: the hash is taken over the bytes without their boundaries.
#[test]
fn seeds_of_different_kinds_have_different_lengths() {
    let (key, id, index) = ([0; 32].as_slice(), [0; 8].as_slice(), [0; 4].as_slice());
    let kinds: [(&str, Vec<&[u8]>, Address); 7] = [
        ("config", vec![b"config"], address::config().0),
        ("vault", vec![b"vault", key], address::vault(&Address::default()).0),
        ("market", vec![b"market", key, id], address::market(&Address::default(), 0).0),
        ("project", vec![b"project", key, key], address::project(&Address::default(), &Address::default()).0),
        ("member", vec![b"member", key, key], address::member(&Address::default(), &Address::default()).0),
        ("job", vec![b"job", key, id], address::job(&Address::default(), 0).0),
        (
            "device",
            vec![b"device", key, key, index],
            address::device(&Address::default(), &Address::default(), 0).0,
        ),
    ];
    let mut lengths = BTreeSet::new();
    for (name, seeds, expected) in kinds {
        let derived = Address::find_program_address(&seeds, &grid_jobs::ID).0;
        assert_eq!(derived, expected, "{name}: the client derives it so");
        let length: usize = seeds.iter().map(|seed| seed.len()).sum();
        assert!(lengths.insert(length), "{name} has {length} bytes, like another kind");
    }
}
