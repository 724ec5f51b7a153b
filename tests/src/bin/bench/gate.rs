//! The gate of a market, and the nodes program: what is measured. Nothing of it depends on the queue's length.

use crate::{cases::take, figures::Figures};
use grid_client::{
    instruction::{self, Evidence},
    nodes::{self, Label},
};
use grid_jobs::{AccessRule, AdmissionTerms};
use grid_nodes::CollectionRole;
use grid_tests::{
    Nodes, metaplex,
    nodes::{ATTESTED_SECONDS, SCORE, hardware, label, software},
};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;

/// Measures every instruction of the nodes program, and the gate.
pub fn measure(figures: &mut Figures) {
    registry(figures);
    collections(figures);
    gates(figures);
}

fn at(figures: &mut Figures, n: &Nodes, name: &str, instruction: Instruction, signer: &Keypair) {
    take(figures, &n.world, name, 0, instruction, signer);
}

fn registry(figures: &mut Figures) {
    let mut n = Nodes::new();
    let (authority, node) = (n.world.authority.insecure_clone(), n.world.node.insecure_clone());
    let (stranger, key) = (n.world.stranger.insecure_clone(), node.pubkey());
    let register = nodes::register_node(stranger.pubkey(), hardware(), software());
    at(figures, &n, "nodes.register_node", register, &stranger);
    let moved = grid_nodes::Software { country: 756, ..software() };
    at(figures, &n, "nodes.update_node", nodes::update_node(key, hardware(), moved), &node);
    n.world.network.svm.warp_to_slot(1_000);
    at(figures, &n, "nodes.close_node", nodes::close_node(key), &node);
    let attest = n.attest_instruction(key, SCORE, ATTESTED_SECONDS);
    at(figures, &n, "nodes.attest (new)", attest.clone(), &authority);
    let attestation = n.attest(key);
    at(figures, &n, "nodes.attest (again)", attest, &authority);
    let payer = authority.pubkey();
    let revoke = nodes::revoke_attestation(payer, &n.collection, attestation, payer);
    at(figures, &n, "nodes.revoke_attestation", revoke, &authority);
    n.world.network.advance(ATTESTED_SECONDS);
    at(figures, &n, "nodes.close_attestation", nodes::close_attestation(attestation, payer), &stranger);
}

fn collections(figures: &mut Figures) {
    let mut n = Nodes::new();
    let (authority, heir) = (n.world.authority.insecure_clone(), n.world.client.insecure_clone());
    let (key, collection) = (authority.pubkey(), n.collection);
    let create = nodes::create_collection(key, 1, longest_label());
    at(figures, &n, "nodes.create_collection", create, &authority);
    let make = metaplex::Make { is_sized_collection: true, ..metaplex::PLAIN };
    let outside = metaplex::make(&mut n.world.network, &authority, "outside", &key, make);
    at(figures, &n, "nodes.adopt_collection", nodes::adopt_collection(key, outside), &authority);
    let role = CollectionRole::Attestor;
    let propose = nodes::propose_collection_role(key, &collection, role, heir.pubkey());
    at(figures, &n, "nodes.propose_collection_role", propose.clone(), &authority);
    n.world.land(&[propose]);
    let accept = nodes::accept_collection_role(heir.pubkey(), &collection, role);
    at(figures, &n, "nodes.accept_collection_role", accept, &heir);
    let node = n.world.node.pubkey();
    let issue = nodes::issue_access(key, &collection, node, 0, longest_label());
    at(figures, &n, "nodes.issue_access", issue, &authority);
    let mint = n.issue(node);
    let revoke = nodes::revoke_access(key, &collection, &mint, key);
    at(figures, &n, "nodes.revoke_access", revoke, &authority);
}

/// As much text as an NFT may have.
fn longest_label() -> Label {
    let uri = format!("https://grid.example/{}", "a".repeat(179));
    Label { uri, ..label("Grid access, nodes of one class.") }
}

fn gates(figures: &mut Figures) {
    let (mut n, mint) = Nodes::gated(AccessRule::Issued);
    let (node, authority) = (n.world.node.insecure_clone(), n.world.authority.insecure_clone());
    let (key, market, device) = (node.pubkey(), n.world.market, n.world.device);
    n.attest(key);
    stake(&mut n, key);
    let terms = [
        ("nothing", AdmissionTerms::OPEN),
        ("stake", n.stake_terms(1)),
        ("access", n.access_terms()),
        ("attestation", n.attestation_terms()),
        ("everything", everything(&n)),
    ];
    at(
        figures,
        &n,
        "set_admission",
        instruction::set_admission(authority.pubkey(), market, everything(&n)),
        &authority,
    );
    at(figures, &n, "dismiss_device", instruction::dismiss_device(key, device, market, &mint), &node);
    let other = n.world.open_device(1);
    let admit = instruction::admit_device(key, other, market, &mint, AccessRule::Issued);
    at(figures, &n, "admit_device", admit, &node);
    for (asked, terms) in terms {
        n.set_admission(terms);
        let evidence = n.evidence(Some(&mint));
        queues_and_starts(figures, &n, asked, evidence);
    }
}

/// Both ways through `work_gated`, and a start after each.
fn queues_and_starts(figures: &mut Figures, n: &Nodes, asked: &str, evidence: Evidence) {
    let node = n.world.node.insecure_clone();
    let mut queued = n.clone();
    at(figures, &queued, &format!("work_gated ({asked}, queues)"), n.work(evidence), &node);
    queued.world.land(&[n.work(evidence)]);
    let job = queued.world.list(1);
    at(figures, &queued, &format!("start_gated ({asked}, met by list)"), n.start(job, evidence), &node);
    let mut waiting = n.clone();
    let job = waiting.world.list(1);
    at(figures, &waiting, &format!("work_gated ({asked}, meets a job)"), n.work(evidence), &node);
    waiting.world.land(&[n.work(evidence)]);
    at(figures, &waiting, &format!("start_gated ({asked}, met by work)"), n.start(job, evidence), &node);
}

fn everything(n: &Nodes) -> AdmissionTerms {
    let stake = n.stake_terms(1);
    AdmissionTerms {
        access: AccessRule::Issued,
        stake_mint: stake.stake_mint,
        min_stake_weight: stake.min_stake_weight,
        ..n.attestation_terms()
    }
}

/// Makes the world's mint stakeable, and stakes for the node.
fn stake(n: &mut Nodes, node: Address) {
    n.open_staking();
    n.stake(node, 1_000_000);
}
