//! `set_admission`

use crate::support::*;
use grid_client::instruction::{self, Evidence};
use grid_jobs::{AccessRule, AdmissionRule, AdmissionTerms, GridError, Market};
use grid_tests::{
    assert_event, assert_ledger,
    nodes::{CLASS, SCORE},
};
use solana_address::Address;
use solana_signer::Signer;

#[test]
fn writes_what_the_market_asks_for() {
    let mut gate = Gate::before(Source::Issued);
    gate.nodes.set_admission(AdmissionTerms::OPEN);
    let market = gate.nodes.world.market();
    let (authority, address, terms) =
        (gate.nodes.world.authority.pubkey(), gate.nodes.world.market, gate.terms());

    let landed = gate.nodes.world.land(&[instruction::set_admission(authority, address, terms)]);

    let admission = AdmissionRule {
        is_asked: 1,
        access: 1,
        benchmark_class: CLASS.into(),
        padding: [0; 4],
        min_score: SCORE.into(),
        min_stake_weight: terms.min_stake_weight.into(),
        stake_mint: gate.nodes.world.mint,
        collection: gate.nodes.collection,
    };
    assert_eq!(gate.nodes.world.market().header, Market { admission, ..market.header });
    assert_eq!(gate.nodes.world.market().slots, market.slots);
    assert_event!(landed, AdmissionChanged { market: address, admission: admission });
}

#[test]
fn an_open_market_asks_for_nothing_again() {
    let mut gate = Gate::before(Source::Issued);
    let (authority, market) = (gate.nodes.world.authority.pubkey(), gate.nodes.world.market);
    let landed =
        gate.nodes.world.land(&[instruction::set_admission(authority, market, AdmissionTerms::OPEN)]);
    let nothing: AdmissionRule = bytemuck::Zeroable::zeroed();
    assert_eq!(gate.nodes.world.market().header.admission, nothing);
    assert_event!(landed, AdmissionChanged { market: market, admission: nothing });
}

#[test]
fn refuses_everybody_but_the_authority() {
    let mut gate = Gate::before(Source::Issued);
    let market = gate.nodes.world.market;
    for other in [gate.first.node, gate.second.node, gate.nodes.world.client.pubkey()] {
        let set = instruction::set_admission(other, market, AdmissionTerms::OPEN);
        gate.nodes.world.refuse(&[set], GridError::NotMarketAuthority);
    }
}

#[test]
fn goes_over_to_the_new_authority() {
    let mut gate = Gate::before(Source::Issued);
    let market = gate.nodes.world.market;
    let (old, new) = (gate.nodes.world.authority.pubkey(), gate.nodes.world.client.pubkey());
    gate.nodes.world.land(&[instruction::propose_market_authority(old, market, new)]);
    let set = |by| instruction::set_admission(by, market, AdmissionTerms::OPEN);
    gate.nodes.world.refuse(&[set(new)], GridError::NotMarketAuthority);
    gate.nodes.world.land(&[instruction::accept_market_authority(new, market)]);
    gate.nodes.world.refuse(&[set(old)], GridError::NotMarketAuthority);
    gate.nodes.world.land(&[set(new)]);
}

#[test]
fn refuses_terms_that_do_not_fit_together() {
    use GridError::{AdmissionCollectionInvalid, AdmissionScoreInvalid, AdmissionStakeInvalid};
    let mut gate = Gate::before(Source::Issued);
    let (authority, market) = (gate.nodes.world.authority.pubkey(), gate.nodes.world.market);
    let (all, open) = (gate.terms(), AdmissionTerms::OPEN);
    let nobody = Address::default();
    let no_class = AdmissionTerms { benchmark_class: 0, min_score: 0, ..all };
    for (terms, error) in [
        (AdmissionTerms { collection: nobody, ..all }, AdmissionCollectionInvalid),
        (AdmissionTerms { access: AccessRule::Issued, ..open }, AdmissionCollectionInvalid),
        (AdmissionTerms { access: AccessRule::Holder, ..open }, AdmissionCollectionInvalid),
        (AdmissionTerms { benchmark_class: 1, ..open }, AdmissionCollectionInvalid),
        (AdmissionTerms { collection: all.collection, ..open }, AdmissionCollectionInvalid),
        (AdmissionTerms { access: AccessRule::NotAsked, ..no_class }, AdmissionCollectionInvalid),
        (AdmissionTerms { stake_mint: nobody, ..all }, AdmissionStakeInvalid),
        (AdmissionTerms { min_stake_weight: 0, ..all }, AdmissionStakeInvalid),
        (AdmissionTerms { stake_mint: all.stake_mint, ..open }, AdmissionStakeInvalid),
        (AdmissionTerms { min_stake_weight: 1, ..open }, AdmissionStakeInvalid),
        (AdmissionTerms { benchmark_class: 0, ..all }, AdmissionScoreInvalid),
        (AdmissionTerms { min_score: 1, ..open }, AdmissionScoreInvalid),
    ] {
        let set = instruction::set_admission(authority, market, terms);
        gate.nodes.world.refuse(&[set], error);
    }
}

#[test]
fn refuses_a_rule_that_there_is_not() {
    let mut gate = Gate::before(Source::Issued);
    let (authority, market) = (gate.nodes.world.authority.pubkey(), gate.nodes.world.market);
    for rule in [3, 255] {
        let mut set = instruction::set_admission(authority, market, gate.terms());
        assert_eq!(set.data[8], AccessRule::Issued as u8, "the rule comes first");
        set.data[8] = rule;
        let signers = [gate.nodes.world.authority.insecure_clone()];
        let before = gate.nodes.world.state();
        let attempt = gate.nodes.world.attempt(&[set], &signers.iter().collect::<Vec<_>>());
        grid_tests::expect_failure(attempt);
        assert_eq!(gate.nodes.world.state(), before);
    }
}

/// Each requirement alone, and the slots that it takes.
fn alone(gate: &Gate) -> [(AdmissionTerms, Evidence); 5] {
    let all = gate.evidence(gate.first);
    let none = Evidence::default();
    let (access_token, access_metadata) = (all.access_token, all.access_metadata);
    let (attestation, node_record) = (all.attestation, all.node_record);
    let access = Evidence { access_token, access_metadata, ..none };
    let measured = Evidence { attestation, node_record, ..none };
    let weight = gate.stake(gate.first).weight.get();
    [
        (gate.access_terms(), access),
        (AdmissionTerms { access: AccessRule::Holder, ..gate.access_terms() }, access),
        (gate.nodes.attestation_terms(), measured),
        (AdmissionTerms { min_score: 0, ..gate.nodes.attestation_terms() }, measured),
        (gate.nodes.stake_terms(weight), Evidence { stake: all.stake, ..none }),
    ]
}

#[test]
fn each_requirement_alone_takes_its_own_evidence_and_no_other() {
    let gate = Gate::new(Source::Issued);
    let all = gate.evidence(gate.first);
    for (terms, needed) in alone(&gate) {
        let mut gate = gate.clone();
        gate.nodes.set_admission(terms);
        gate.takes(|_| needed);
        gate.takes(|_| all);
        let without = Evidence {
            stake: all.stake.filter(|_| needed.stake.is_none()),
            access_token: all.access_token.filter(|_| needed.access_token.is_none()),
            access_metadata: all.access_metadata.filter(|_| needed.access_metadata.is_none()),
            attestation: all.attestation.filter(|_| needed.attestation.is_none()),
            node_record: all.node_record.filter(|_| needed.node_record.is_none()),
        };
        let error = match terms {
            AdmissionTerms { min_stake_weight: 1.., .. } => GridError::WrongStake,
            AdmissionTerms { access: AccessRule::NotAsked, .. } => GridError::WrongAttestation,
            _ => GridError::WrongAccessMetadata,
        };
        let mut idle = gate.clone();
        let work = idle.work_with(idle.first, without);
        idle.nodes.world.refuse(&[work], error);
        let job = gate.match_first(1);
        let start = gate.start_with(gate.first, job, without);
        gate.nodes.world.refuse(&[start], error);
        gate.run_and_pay(gate.first, job);
        assert_ledger(&gate.nodes.world, 0);
    }
}

#[test]
fn a_device_needs_no_admission_where_no_nft_is_asked_for() {
    let gate = Gate::before(Source::Issued);
    let weight = gate.stake(gate.first).weight.get();
    let stake = gate.nodes.stake_terms(weight);
    let attestation = gate.nodes.attestation_terms();
    let (stake_mint, min_stake_weight) = (stake.stake_mint, stake.min_stake_weight);
    for terms in [stake, attestation, AdmissionTerms { stake_mint, min_stake_weight, ..attestation }] {
        let mut gate = gate.clone();
        gate.nodes.set_admission(terms);
        gate.takes(|gate| gate.evidence(gate.first));
    }
}

#[test]
fn all_together_need_all_slots() {
    let gate = Gate::new(Source::Issued);
    let all = gate.evidence(gate.first);
    gate.takes(|_| all);
    for (evidence, error) in [
        (Evidence { stake: None, ..all }, GridError::WrongStake),
        (Evidence { access_token: None, ..all }, GridError::AccessNotHeld),
        (Evidence { access_metadata: None, ..all }, GridError::WrongAccessMetadata),
        (Evidence { attestation: None, ..all }, GridError::WrongAttestation),
        (Evidence { node_record: None, ..all }, GridError::WrongNodeRecord),
        (Evidence::default(), GridError::WrongStake),
    ] {
        gate.refuses(error, |_| evidence);
    }
}

#[test]
fn a_device_that_waited_while_the_market_was_open_may_start() {
    // Not admitted, not attested, without a stake.
    for took in [false, true] {
        let mut gate = Gate::before(Source::Issued);
        let (first, market, terms) = (gate.first, gate.nodes.world.market, gate.terms());
        gate.nodes.set_admission(AdmissionTerms::OPEN);
        let work = instruction::work(first.node, first.device, market, 0);
        let job = if took {
            let job = gate.nodes.world.list(1);
            gate.nodes.world.land(std::slice::from_ref(&work));
            gate.nodes.set_admission(terms);
            job
        } else {
            gate.nodes.world.land(std::slice::from_ref(&work));
            gate.nodes.set_admission(terms);
            gate.nodes.world.list(1)
        };
        gate.nodes.world.land(&[instruction::start(first.node, first.device, job)]);
        finish_and_pay(&mut gate.nodes.world, first, job);
        gate.nodes.world.refuse(&[work], GridError::AdmissionAsked);
        let work = gate.work(first);
        gate.nodes.world.refuse(&[work], GridError::DeviceNotAdmitted);
        assert_ledger(&gate.nodes.world, 0);
    }
}

#[test]
fn a_device_that_waits_without_evidence_may_still_decline_and_leave() {
    let mut gate = Gate::before(Source::Issued);
    let (first, market, terms) = (gate.first, gate.nodes.world.market, gate.terms());
    gate.nodes.set_admission(AdmissionTerms::OPEN);
    gate.nodes.world.land(&[instruction::work(first.node, first.device, market, 0)]);
    gate.nodes.set_admission(terms);
    gate.clone().nodes.world.land(&[instruction::leave(first.node, first.device, market)]);
    let job = gate.nodes.world.list(1);
    let run = gate.nodes.world.run_of(first.device, job);
    gate.nodes.world.land(&[instruction::decline(first.node, run)]);
    assert_eq!(gate.nodes.world.market().waiting(), Some(vec![job]));
}

#[test]
fn a_gated_device_starts_with_empty_slots_when_the_market_is_open_again() {
    let mut gate = Gate::new(Source::Issued);
    let (first, job) = (gate.first, gate.match_first(1));
    gate.unverify(first);
    gate.slash(first, STAKE / 10);
    let start = gate.start_with(first, job, Evidence::default());
    gate.nodes.world.refuse(std::slice::from_ref(&start), GridError::WrongStake);
    gate.nodes.set_admission(AdmissionTerms::OPEN);
    gate.nodes.world.land(&[start]);
    finish_and_pay(&mut gate.nodes.world, first, job);
    // It may offer itself like any other, and starts like any other then.
    let (market, device) = (gate.nodes.world.market, first.device);
    gate.nodes.world.land(&[instruction::work(first.node, device, market, 0)]);
    let job = gate.nodes.world.list(2);
    gate.nodes.world.land(&[instruction::start(first.node, device, job)]);
    finish_and_pay(&mut gate.nodes.world, first, job);
    assert_ledger(&gate.nodes.world, 0);
}

#[test]
fn other_terms_of_the_market_stay_as_they_are_and_leave_it_as_it_is() {
    let mut gate = Gate::new(Source::Issued);
    let (authority, market) = (gate.nodes.world.authority.pubkey(), gate.nodes.world.market);
    let before = gate.nodes.world.market().header.admission;
    gate.nodes.world.land(&[instruction::update_market(authority, market, grid_tests::TERMS)]);
    assert_eq!(gate.nodes.world.market().header.admission, before);
}

#[test]
fn works_in_a_market_that_has_grown() {
    let mut gate = Gate::new(Source::Issued);
    gate.nodes.world.grow_market_to(300);
    let terms = AdmissionTerms { min_score: SCORE - 1, ..gate.terms() };
    gate.nodes.set_admission(terms);
    gate.takes(|gate| gate.evidence(gate.first));
}
