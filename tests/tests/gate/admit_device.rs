//! `admit_device`

use crate::support::*;
use grid_client::{address, instruction, nodes, token};
use grid_jobs::{AccessRule, Admission, AdmissionTerms, Device, GridError};
use grid_tests::{
    TERMS, World, assert_event, keypair_for,
    metaplex::{self, Make, PLAIN},
    nodes::label,
};
use grid_token_metadata::ID as TOKEN_METADATA;
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// Places of the accounts.
const TOKEN: usize = 3;
const METADATA: usize = 4;
const EDITION: usize = 5;
const ACCESS: usize = 6;
const ADMISSION: usize = 7;

/// The first node's device, to be admitted with the NFT of `mint`.
fn with(gate: &Gate, mint: Address) -> Instruction {
    gate.admit(Party { mint, ..gate.first })
}

#[test]
fn records_device_and_nft() {
    for source in SOURCES {
        let mut gate = Gate::before(source);
        let Party { node, device, mint } = gate.first;
        let (before, lamports) = (gate.nodes.world.device(&device), gate.nodes.world.lamports(&node));
        let admit = gate.admit(gate.first);

        let landed = gate.nodes.world.land(&[admit]);

        let metadata = nodes::metadata_address(&mint);
        let access = source.rule() as u8;
        assert_eq!(gate.nodes.world.device(&device), Device { access, access_metadata: metadata, ..before });
        let (admission, bump) = address::admission(&gate.nodes.world.market, &mint);
        assert_eq!(
            gate.nodes.admission(&mint),
            Admission {
                version: 1,
                bump,
                padding: [0; 2],
                devices: 1.into(),
                market: gate.nodes.world.market,
                mint,
                metadata,
                node,
                payer: node,
                reserved: [0; 32],
            }
        );
        let rent = gate.nodes.world.rent(208);
        assert_eq!(gate.nodes.world.lamports(&admission), rent);
        assert_eq!(gate.nodes.world.lamports(&node), lamports - rent);
        assert_event!(landed, DeviceAdmitted { device: device, mint: mint, devices_after: 1 });
    }
}

#[test]
fn a_second_device_is_counted_and_pays_nothing() {
    let mut gate = Gate::before(Source::Issued);
    let device = gate.nodes.world.open_device(1);
    let again = Party { device, ..gate.first };
    let steps = [gate.admit(gate.first), gate.admit(again)];
    gate.nodes.world.land(&steps[..1]);
    let lamports = gate.nodes.world.lamports(&gate.first.node);
    let landed = gate.nodes.world.land(&steps[1..]);
    assert_eq!(gate.nodes.world.lamports(&gate.first.node), lamports);
    assert_eq!(gate.nodes.admission(&gate.first.mint).devices, 2);
    assert_event!(landed, DeviceAdmitted { device: device, mint: gate.first.mint, devices_after: 2 });
}

#[test]
fn refuses_where_no_nft_is_asked_for() {
    let mut gate = Gate::before(Source::Issued);
    for terms in [AdmissionTerms::OPEN, gate.nodes.attestation_terms(), gate.nodes.stake_terms(1)] {
        gate.nodes.set_admission(terms);
        let admit = gate.admit(gate.first);
        gate.nodes.world.refuse(&[admit], GridError::AccessNotAsked);
    }
}

#[test]
fn refuses_another_node() {
    let mut gate = Gate::before(Source::Issued);
    let mut admit = gate.admit(gate.first);
    admit.accounts[0].pubkey = gate.second.node;
    gate.nodes.world.refuse(&[admit], GridError::NotDeviceNode);
    let mut admit = gate.admit(gate.second);
    admit.accounts[1].pubkey = gate.first.device;
    gate.nodes.world.refuse(&[admit], GridError::NotDeviceNode);
}

#[test]
fn refuses_another_market() {
    let mut gate = Gate::before(Source::Issued);
    let market = gate.nodes.world.open_market(1, TERMS);
    let authority = gate.nodes.world.authority.pubkey();
    gate.nodes.world.land(&[instruction::set_admission(authority, market, gate.terms())]);
    let Party { node, device, mint } = gate.first;
    let admit = instruction::admit_device(node, device, market, &mint, AccessRule::Issued);
    gate.nodes.world.refuse(&[admit], GridError::WrongMarket);
}

#[test]
fn refuses_a_device_that_is_not_idle() {
    let gate = Gate::before(Source::Issued);
    let mut queued = gate.clone();
    let (first, market) = (gate.first, gate.nodes.world.market);
    queued.nodes.set_admission(AdmissionTerms::OPEN);
    queued.nodes.world.land(&[instruction::work(first.node, first.device, market, 0)]);
    queued.nodes.set_admission(gate.terms());
    let admit = gate.admit(first);
    queued.nodes.world.refuse(from_ref(&admit), GridError::DeviceNotIdle);
    let job = queued.nodes.world.list(1);
    queued.nodes.world.refuse(from_ref(&admit), GridError::DeviceNotIdle);
    queued.nodes.world.land(&[instruction::start(first.node, first.device, job)]);
    queued.nodes.world.refuse(from_ref(&admit), GridError::DeviceNotIdle);
    finish_and_pay(&mut queued.nodes.world, first, job);
    queued.nodes.world.land(&[admit]);
}

#[test]
fn happens_once() {
    let mut gate = Gate::before(Source::Issued);
    let admit = gate.admit(gate.first);
    gate.nodes.world.refuse(&[admit.clone(), admit.clone()], GridError::DeviceAdmitted);
    gate.nodes.world.land(from_ref(&admit));
    gate.nodes.world.refuse(&[admit], GridError::DeviceAdmitted);
    let other = gate.give_access("access 3", gate.first.node);
    let admit = with(&gate, other);
    gate.nodes.world.refuse(&[admit], GridError::DeviceAdmitted);
}

#[test]
fn refuses_the_token_account_of_another_owner() {
    for source in SOURCES {
        let mut gate = Gate::before(source);
        let client = gate.nodes.world.client.pubkey();
        let mut admit = gate.admit(gate.first);
        gate.move_access(gate.first.mint, gate.first.node, client);
        gate.nodes.world.refuse(from_ref(&admit), GridError::AccessNotHeld);
        admit.accounts[TOKEN].pubkey = address::token_account(&client, gate.first.mint);
        gate.nodes.world.refuse(&[admit], GridError::AccessNotHeld);
    }
}

#[test]
fn refuses_the_token_account_of_another_mint() {
    let mut gate = Gate::before(Source::Issued);
    let plain = gate.nodes.world.create_mint("coin");
    gate.nodes.world.give_tokens(&plain, &gate.first.node, 1);
    let mut admit = gate.admit(gate.first);
    admit.accounts[TOKEN].pubkey = address::token_account(&gate.first.node, plain);
    admit.accounts[ADMISSION].pubkey = address::admission(&gate.nodes.world.market, &plain).0;
    gate.nodes.world.refuse(from_ref(&admit), GridError::WrongAccessMetadata);
    admit.accounts[METADATA].pubkey = nodes::metadata_address(&plain);
    gate.nodes.world.refuse(&[admit], GridError::WrongAccessMetadata);
}

#[test]
fn refuses_forged_token_accounts() {
    let mut gate = Gate::before(Source::Issued);
    let token = address::token_account(&gate.first.node, gate.first.mint);
    for owner in [token::PROGRAM_2022_ID, grid_jobs::ID, solana_sdk_ids::system_program::ID] {
        let mut admit = gate.admit(gate.first);
        admit.accounts[TOKEN].pubkey = forge(&mut gate.nodes.world, &token, owner);
        gate.nodes.world.refuse_with(&[admit], InstructionError::IllegalOwner);
    }
}

#[test]
fn refuses_the_metadata_of_another_nft() {
    for source in SOURCES {
        let mut gate = Gate::before(source);
        let mut admit = gate.admit(gate.first);
        admit.accounts[METADATA].pubkey = nodes::metadata_address(&gate.second.mint);
        gate.nodes.world.refuse(&[admit], GridError::WrongAccessMetadata);
    }
}

#[test]
fn refuses_forged_metadata() {
    let mut gate = Gate::before(Source::Issued);
    let metadata = nodes::metadata_address(&gate.first.mint);
    for owner in [TOKEN_METADATA, grid_nodes::ID, grid_jobs::ID] {
        let mut admit = gate.admit(gate.first);
        admit.accounts[METADATA].pubkey = forge(&mut gate.nodes.world, &metadata, owner);
        gate.nodes.world.refuse(&[admit], GridError::WrongAccessMetadata);
    }
    let admit = gate.admit(gate.first);
    disown(&mut gate.nodes.world, metadata, grid_nodes::ID);
    gate.nodes.world.refuse(&[admit], GridError::WrongAccessMetadata);
}

#[test]
fn refuses_metadata_that_names_another_mint() {
    let mut gate = Gate::before(Source::Issued);
    let metadata = nodes::metadata_address(&gate.first.mint);
    let mut account = gate.nodes.world.raw(&metadata);
    account.data[33..65].copy_from_slice(gate.second.mint.as_ref());
    gate.nodes.world.network.set(metadata, account);
    let admit = gate.admit(gate.first);
    gate.nodes.world.refuse(&[admit], GridError::WrongAccessMetadata);
}

#[test]
fn refuses_an_unverified_collection() {
    for source in SOURCES {
        let mut gate = Gate::before(source);
        let mut admit = gate.admit(gate.first);
        gate.unverify(gate.first);
        gate.nodes.world.refuse(from_ref(&admit), GridError::AccessNotVerified);
        if source == Source::Issued {
            admit.accounts[ACCESS].pubkey = grid_jobs::ID; // none
            gate.nodes.world.refuse(&[admit], GridError::AccessNotVerified);
        }
    }
}

#[test]
fn refuses_an_nft_that_only_says_that_it_is_in_the_collection() {
    for source in [Source::Held, Source::Sized, Source::Unsized] {
        let mut gate = Gate::before(source);
        let collection = Some(gate.nodes.collection);
        let claims = make(&mut gate.nodes.world, "claims", &gate.first.node, Make { collection, ..PLAIN });
        let none = make(&mut gate.nodes.world, "none", &gate.first.node, PLAIN);
        for mint in [claims, none] {
            let admit = with(&gate, mint);
            gate.nodes.world.refuse(&[admit], GridError::AccessNotVerified);
        }
    }
}

#[test]
fn refuses_an_nft_of_another_collection() {
    let mut gate = Gate::before(Source::Sized);
    let node = gate.first.node;
    for (name, is_sized) in [("other", true), ("another", false)] {
        let other = make_collection(&mut gate.nodes.world, name, is_sized);
        let member = format!("member of {name}");
        let mint = make_member(&mut gate.nodes.world, &member, &node, other, is_sized, PLAIN);
        let admit = with(&gate, mint);
        gate.nodes.world.refuse(&[admit], GridError::AccessNotVerified);
    }
    let authority = gate.nodes.world.authority.pubkey();
    let ours = nodes::collection_mint_address(&authority, 0).0;
    gate.nodes.world.land(&[nodes::issue_access(authority, &ours, node, 0, label("Grid access"))]);
    let admit = with(&gate, nodes::access_mint_address(&ours, 0).0);
    gate.nodes.world.refuse(&[admit], GridError::AccessNotVerified);
}

#[test]
fn refuses_the_collections_own_nft() {
    // Whoever made an outside collection holds its NFT, which is in no collection.
    let mut gate = Gate::before(Source::Sized);
    let (authority, collection) = (gate.nodes.world.authority.pubkey(), gate.nodes.collection);
    gate.move_access(collection, authority, gate.first.node);
    let admit = with(&gate, collection);
    gate.nodes.world.refuse(&[admit], GridError::AccessNotVerified);
}

/// A gate of an outside collection, and a verified master edition of the authority that may be printed.
fn printable(is_sized: bool) -> (Gate, Address) {
    let source = if is_sized { Source::Sized } else { Source::Unsized };
    let mut gate = Gate::before(source);
    let (authority, collection) = (gate.nodes.world.authority.pubkey(), gate.nodes.collection);
    let how = Make { prints: Some(10), ..PLAIN };
    let world = &mut gate.nodes.world;
    let master = make_member(world, "master", &authority, collection, is_sized, how);
    (gate, master)
}

/// Prints edition `number` for a holder.
fn print(world: &mut World, master: Address, number: u64, holder: Address) -> Address {
    let authority = world.authority.insecure_clone();
    let name = format!("print {number}");
    metaplex::print(&mut world.network, &authority, &master, number, &name, &holder)
}

#[test]
fn a_print_inherits_its_masters_verified_collection_and_is_refused_for_its_edition() {
    for is_sized in [true, false] {
        let (mut gate, master) = printable(is_sized);
        let print = print(&mut gate.nodes.world, master, 1, gate.first.node);
        let collection = metaplex::metadata(&gate.nodes.world.network, &print).collection;
        let collection = collection.expect("it is inherited");
        assert_eq!((collection.verified, collection.key), (true, gate.nodes.collection));
        let mut admit = with(&gate, print);
        gate.nodes.world.refuse(from_ref(&admit), GridError::NotMasterEdition);
        admit.accounts[EDITION].pubkey = nodes::edition_address(&master);
        gate.nodes.world.refuse(&[admit], GridError::NotMasterEdition);
    }
}

#[test]
fn a_master_that_is_printed_is_still_one_of_its_kind() {
    let (mut gate, master) = printable(true);
    let authority = gate.nodes.world.authority.pubkey();
    print(&mut gate.nodes.world, master, 1, authority);
    gate.move_access(master, authority, gate.first.node);
    let admit = with(&gate, master);
    gate.nodes.world.land(&[admit]);
}

#[test]
fn refuses_tokens_without_a_master_edition() {
    for (is_sized, supply) in [(true, 1), (true, 2), (false, 1), (false, 2)] {
        let mut gate = Gate::before(if is_sized { Source::Sized } else { Source::Unsized });
        let (node, collection) = (gate.first.node, gate.nodes.collection);
        let how = Make { prints: None, supply, ..PLAIN };
        let mint = make_member(&mut gate.nodes.world, "many", &node, collection, is_sized, how);
        if supply == 2 {
            let client = gate.nodes.world.client.pubkey();
            gate.move_access(mint, node, client);
        }
        let mut admit = with(&gate, mint);
        gate.nodes.world.refuse(from_ref(&admit), GridError::NotMasterEdition);
        for other in [nodes::edition_address(&gate.first.mint), nodes::edition_address(&collection)] {
            admit.accounts[EDITION].pubkey = other;
            gate.nodes.world.refuse(from_ref(&admit), GridError::NotMasterEdition);
        }
        admit.accounts[EDITION].pubkey = nodes::metadata_address(&mint);
        gate.nodes.world.refuse(&[admit], GridError::NotMasterEdition);
    }
}

#[test]
fn refuses_two_tokens_of_a_kind() {
    let mut gate = Gate::before(Source::Sized);
    let (node, collection) = (gate.first.node, gate.nodes.collection);
    let how = Make { prints: None, supply: 2, ..PLAIN };
    let mint = make_member(&mut gate.nodes.world, "pair", &node, collection, true, how);
    let admit = with(&gate, mint);
    gate.nodes.world.refuse(&[admit], GridError::AccessNotHeld);
}

#[test]
fn refuses_another_edition() {
    let mut gate = Gate::before(Source::Issued);
    let edition = nodes::edition_address(&gate.first.mint);
    let forged = forge(&mut gate.nodes.world, &edition, TOKEN_METADATA);
    let metadata = nodes::metadata_address(&gate.first.mint);
    let nobody = keypair_for("nobody").pubkey();
    for other in [nodes::edition_address(&gate.second.mint), forged, metadata, nobody] {
        let mut admit = gate.admit(gate.first);
        admit.accounts[EDITION].pubkey = other;
        gate.nodes.world.refuse(&[admit], GridError::NotMasterEdition);
    }
    let admit = gate.admit(gate.first);
    let print = gate.clone();
    disown(&mut gate.nodes.world, edition, grid_nodes::ID);
    gate.nodes.world.refuse(from_ref(&admit), GridError::NotMasterEdition);
    // The keys of a print, of an old master edition, and of nothing.
    for key in [0, 1, 2, 4, 7] {
        let mut print = print.clone();
        let mut account = print.nodes.world.raw(&edition);
        account.data[0] = key;
        print.nodes.world.network.set(edition, account);
        print.nodes.world.refuse(from_ref(&admit), GridError::NotMasterEdition);
    }
}

#[test]
fn refuses_a_burned_nft() {
    for source in SOURCES {
        let mut gate = Gate::before(source);
        let admit = gate.admit(gate.first);
        gate.burn(gate.first);
        // Its token account is gone; one can be opened again, and is empty.
        gate.nodes.world.refuse_with(from_ref(&admit), InstructionError::IllegalOwner);
        let Party { node, mint, .. } = gate.first;
        gate.nodes.world.land(&[token::create_account(node, node, mint)]);
        gate.nodes.world.refuse(&[admit], GridError::AccessNotHeld);
    }
}

#[test]
fn the_node_that_an_nft_was_issued_to_must_be_shown() {
    let mut gate = Gate::before(Source::Issued);
    let mut admit = gate.admit(gate.first);
    admit.accounts[ACCESS].pubkey = grid_jobs::ID; // none
    gate.nodes.world.refuse(from_ref(&admit), GridError::NotIssuedToNode);
    let other = gate.give_access("access 3", gate.first.node);
    for other in [other, gate.second.mint] {
        admit.accounts[ACCESS].pubkey = nodes::access_address(&other).0;
        gate.nodes.world.refuse(from_ref(&admit), GridError::NotIssuedToNode);
    }
}

#[test]
fn refuses_forged_records_of_whom_an_nft_was_issued_to() {
    let mut gate = Gate::before(Source::Issued);
    let access = nodes::access_address(&gate.first.mint).0;
    for owner in [grid_jobs::ID, grid_staking::ID, solana_sdk_ids::system_program::ID] {
        let mut admit = gate.admit(gate.first);
        admit.accounts[ACCESS].pubkey = forge(&mut gate.nodes.world, &access, owner);
        gate.nodes.world.refuse(&[admit], GridError::NotIssuedToNode);
    }
    for other in
        [nodes::node_address(&gate.first.node).0, nodes::collection_address(&gate.nodes.collection).0]
    {
        let mut admit = gate.admit(gate.first);
        admit.accounts[ACCESS].pubkey = other;
        gate.nodes.world.refuse(&[admit], GridError::NotIssuedToNode);
    }
}

#[test]
fn refuses_whom_the_nft_was_not_issued_to() {
    let mut gate = Gate::before(Source::Issued);
    let (first, second) = (gate.first, gate.second);
    gate.move_access(first.mint, first.node, second.node);
    let admit = gate.admit(Party { mint: first.mint, ..second });
    gate.nodes.world.refuse(from_ref(&admit), GridError::NotIssuedToNode);
    let terms = AdmissionTerms { access: AccessRule::Holder, ..gate.terms() };
    gate.nodes.set_admission(terms);
    gate.nodes.world.land(&[admit]);
}

#[test]
fn refuses_an_outside_nft_where_it_counts_whom_it_was_issued_to() {
    let mut gate = Gate::before(Source::Sized);
    let terms = AdmissionTerms { access: AccessRule::Issued, ..gate.terms() };
    gate.nodes.set_admission(terms);
    let admit = gate.admit(gate.first);
    gate.nodes.world.refuse(&[admit], GridError::NotIssuedToNode);
}

#[test]
fn a_revoked_nft_does_not_come_back_but_another_one_does() {
    let mut gate = Gate::new(Source::Issued);
    let old = gate.first;
    gate.unverify(old);
    let work = gate.work(old);
    gate.nodes.world.refuse(&[work], GridError::AccessNotVerified);
    let mint = gate.nodes.issue(old.node);
    let new = Party { mint, ..old };
    let work = gate.work(new);
    gate.nodes.world.refuse(&[work], GridError::WrongAccessMetadata);
    let steps = [gate.dismiss(old), gate.admit(new), gate.work(new)];
    gate.nodes.world.land(&steps);
    let job = gate.nodes.world.list(1);
    gate.run_and_pay(new, job);
    // With the old one nobody is admitted any more.
    let steps = [gate.dismiss(new), gate.admit(old)];
    gate.nodes.world.land(&steps[..1]);
    gate.nodes.world.refuse(&steps[1..], GridError::AccessNotVerified);
}

#[test]
fn refuses_an_nft_that_backs_another_node() {
    for source in [Source::Held, Source::Sized, Source::Unsized] {
        let mut gate = Gate::before(source);
        let (first, second) = (gate.first, gate.second);
        let admit = gate.admit(first);
        gate.nodes.world.land(&[admit]);
        gate.move_access(first.mint, first.node, second.node);
        let admit = gate.admit(Party { mint: first.mint, ..second });
        gate.nodes.world.refuse(&[admit], GridError::AccessInUse);
    }
}

#[test]
fn refuses_another_record() {
    let mut gate = Gate::before(Source::Issued);
    let (market, mint) = (gate.nodes.world.market, gate.first.mint);
    let other_market = gate.nodes.world.open_market(1, TERMS);
    for other in [
        address::admission(&market, &gate.second.mint).0,
        address::admission(&other_market, &mint).0,
        gate.nodes.world.device,
        keypair_for("nobody").pubkey(),
    ] {
        let mut admit = gate.admit(gate.first);
        admit.accounts[ADMISSION].pubkey = other;
        let signers = [gate.nodes.world.node.insecure_clone()];
        let before = gate.nodes.world.state();
        let attempt = gate.nodes.world.attempt(&[admit], &signers.iter().collect::<Vec<_>>());
        grid_tests::expect_failure(attempt);
        assert_eq!(gate.nodes.world.state(), before);
    }
}

#[test]
fn lamports_at_the_records_address_keep_nobody_out() {
    let mut gate = Gate::before(Source::Issued);
    let admission = address::admission(&gate.nodes.world.market, &gate.first.mint).0;
    for lamports in [1, 1_000_000_000] {
        let mut gate = gate.clone();
        let account = solana_account::Account { lamports, ..Default::default() };
        gate.nodes.world.network.set(admission, account);
        let (admit, dismiss) = (gate.admit(gate.first), gate.dismiss(gate.first));
        let before = gate.nodes.world.lamports(&gate.first.node);
        gate.nodes.world.land(&[admit]);
        assert_eq!(gate.nodes.admission(&gate.first.mint).devices, 1);
        gate.nodes.world.land(&[dismiss]);
        assert!(!gate.nodes.world.exists(&admission));
        assert_eq!(gate.nodes.world.lamports(&gate.first.node), before + lamports);
    }
    let admit = gate.admit(gate.first);
    gate.nodes.world.land(&[admit]);
}
