//! That no instruction and no slot is forgotten. Rows 7 and 16.

use grid_client::{address, nodes, pools, rewards, staking};
use grid_tests::{
    matrix::{
        Kind, Presence, Stage, cases,
        idl::{Idl, IdlSlot},
    },
    network::PROGRAMS,
};
use solana_address::Address;
use solana_sdk_ids::sysvar;
use std::collections::BTreeSet;

#[test]
fn every_instruction_has_a_case() {
    for (program, name) in PROGRAMS {
        let idl: BTreeSet<String> = Idl::of(&program).instructions.into_iter().map(|i| i.name).collect();
        let of = cases::of(&program);
        let cases: BTreeSet<String> = of.iter().map(|case| case.instruction.to_owned()).collect();
        assert_eq!(cases, idl, "{name}");
    }
}

#[test]
fn every_slot_is_described_as_in_the_idl() {
    let stage = Stage::new();
    for case in cases::all() {
        let (name, sample) = (case.name(), (case.build)(&stage));
        assert_eq!(sample.program(), case.program, "{name}");
        let idl = Idl::of(&case.program);
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
                writable: meta.is_writable || slot.is_filled_writable(),
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
    let stage = Stage::new();
    let seen: BTreeSet<(Address, String, String, bool)> = cases::all()
        .iter()
        .flat_map(|case| {
            let slots = (case.build)(&stage).slots.into_iter();
            let (program, name) = (case.program, case.instruction);
            slots.map(move |slot| (program, name.to_owned(), slot.name.to_owned(), slot.is_empty()))
        })
        .collect();
    let mut optional = 0;
    let instructions = |(program, _)| {
        let idl: Idl = Idl::of(&program);
        idl.instructions.into_iter().map(move |instruction| (program, instruction))
    };
    for (program, instruction) in PROGRAMS.into_iter().flat_map(instructions) {
        for slot in instruction.accounts.into_iter().filter(|slot| slot.optional) {
            for is_empty in [false, true] {
                let wanted = (program, instruction.name.clone(), slot.name.clone(), is_empty);
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
    let class = [0; 2].as_slice();
    let zero = Address::default();
    let kinds: [(Address, Vec<&[u8]>, Address); 22] = [
        (grid_jobs::ID, vec![b"config"], address::config().0),
        (grid_jobs::ID, vec![b"vault", key], address::vault(&zero).0),
        (grid_jobs::ID, vec![b"market", key, id], address::market(&zero, 0).0),
        (grid_jobs::ID, vec![b"project", key, key], address::project(&zero, &zero).0),
        (grid_jobs::ID, vec![b"member", key, key], address::member(&zero, &zero).0),
        (grid_jobs::ID, vec![b"job", key, id], address::job(&zero, 0).0),
        (grid_jobs::ID, vec![b"device", key, key, index], address::device(&zero, &zero, 0).0),
        (grid_jobs::ID, vec![b"admission", key, key], address::admission(&zero, &zero).0),
        (grid_nodes::ID, vec![b"node", key], nodes::node_address(&zero).0),
        (grid_nodes::ID, vec![b"collection", key], nodes::collection_address(&zero).0),
        (grid_nodes::ID, vec![b"collection_mint", key, id], nodes::collection_mint_address(&zero, 0).0),
        (
            grid_nodes::ID,
            vec![b"attestation", key, key, class],
            nodes::attestation_address(&zero, &zero, 0).0,
        ),
        (grid_nodes::ID, vec![b"access", key], nodes::access_address(&zero).0),
        (grid_nodes::ID, vec![b"access_mint", key, id], nodes::access_mint_address(&zero, 0).0),
        (grid_staking::ID, vec![b"settings", key], staking::settings_address(&zero).0),
        (grid_staking::ID, vec![b"vault", key], staking::vault_address(&zero).0),
        (grid_staking::ID, vec![b"stake", key, key, id], staking::stake_address(&zero, &zero, 0).0),
        (grid_rewards::ID, vec![b"pool", key, key], rewards::pool_address(&zero, &zero).0),
        (grid_rewards::ID, vec![b"vault", key], rewards::vault_address(&zero).0),
        (grid_rewards::ID, vec![b"position", key, key], rewards::position_address(&zero, &zero).0),
        (grid_pools::ID, vec![b"emission", key, id], pools::emission_address(&zero, 0).0),
        (grid_pools::ID, vec![b"vault", key], pools::vault_address(&zero).0),
    ];
    let mut lengths = BTreeSet::new();
    for (program, seeds, expected) in kinds {
        let name = seeds[0].escape_ascii();
        let derived = Address::find_program_address(&seeds, &program).0;
        assert_eq!(derived, expected, "{name} of {program}: the client derives it so");
        let length: usize = seeds.iter().map(|seed| seed.len()).sum();
        assert!(
            lengths.insert((program, length)),
            "{name} of {program} has {length} bytes, like another kind"
        );
    }
}
