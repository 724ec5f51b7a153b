//! Step 8: the markets are open, with their terms, whom they admit, and room in their queues.

use super::Scene;
use crate::{
    finding::{Change, Differences, Finding, Verdict},
    plan::MarketPlan,
};
use anyhow::Result;
use grid_client::{
    account::{MarketView, terms_of},
    address, chain, instruction, nodes, token,
};
use grid_jobs::{
    AccessRule, AdmissionRule, AdmissionTerms, Market, MarketTerms, QueueSlot, constants::MARKET_GROWTH_BYTES,
};
use solana_address::Address;

/// Looks at each market.
pub async fn look(scene: &Scene<'_>) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for plan in &scene.plan.markets {
        let market = address::market(&scene.deployer, plan.id).0;
        let found = match chain::account(scene.chain, &market).await? {
            Some(account) => Some(MarketView::decode(&market, &account)?),
            None => None,
        };
        let wanted =
            Wanted { plan, market, mint: scene.mint(&plan.mint).await?, admission: admission(scene, plan)? };
        let subject = format!("market {}", plan.name);
        let verdicts = compare(found.as_ref(), &wanted, scene.deployer);
        findings.extend(verdicts.into_iter().map(|verdict| Finding::new(subject.clone(), verdict)));
    }
    Ok(findings)
}

struct Wanted<'a> {
    plan: &'a MarketPlan,
    market: Address,
    mint: token::Mint,
    admission: AdmissionTerms,
}

/// Whom a market is to admit, with the addresses.
fn admission(scene: &Scene<'_>, plan: &MarketPlan) -> Result<AdmissionTerms> {
    let Some(plan) = &plan.admission else { return Ok(AdmissionTerms::OPEN) };
    let collection = plan.collection_id.map(|id| nodes::collection_mint_address(&scene.deployer, id).0);
    let stake_mint = match &plan.stake_mint {
        Some(name) => scene.plan.mint(name)?.address(scene.deployer),
        None => Address::default(),
    };
    Ok(AdmissionTerms {
        access: AccessRule::from(plan.access),
        collection: collection.unwrap_or_default(),
        benchmark_class: plan.benchmark_class,
        min_score: plan.min_score,
        stake_mint,
        min_stake_weight: plan.min_stake_weight,
    })
}

/// One verdict where all is as planned or nothing can be done, else one for each transaction.
fn compare(found: Option<&MarketView>, wanted: &Wanted<'_>, me: Address) -> Vec<Verdict> {
    let (plan, market) = (wanted.plan, wanted.market);
    let change = |what, kind, instruction| {
        Verdict::Change(Change { what, kind, account: market, instructions: vec![instruction] })
    };
    let set_admission =
        |what| change(what, "set_admission", instruction::set_admission(me, market, wanted.admission));
    let mut verdicts = Vec::new();
    match found {
        None => {
            let what = format!("open {market} at {} atoms a second", plan.terms.price_per_second_atoms);
            verdicts.push(change(
                what,
                "open_market",
                instruction::open_market(me, wanted.mint, plan.id, plan.terms),
            ));
            if wanted.admission != AdmissionTerms::OPEN {
                verdicts.push(set_admission("say whom it admits".to_owned()));
            }
        }
        Some(found) => {
            let header = &found.header;
            if header.mint != wanted.mint.address {
                let text = format!("its mint is {}, planned is {}", header.mint, wanted.mint.address);
                return vec![Verdict::Blocked(format!("{text}: a market keeps its mint; plan another id"))];
            }
            let terms = differences(&terms_of(header), &plan.terms);
            let is_admission_other = header.admission != AdmissionRule::from(&wanted.admission);
            if header.authority != me && (terms.is_some() || is_admission_other) {
                let text = terms.unwrap_or_else(|| "whom it admits is not as planned".to_owned());
                let authority = header.authority;
                return vec![Verdict::Blocked(format!(
                    "{text}: only its authority {authority} can change that, with `grid market update` and `set-admission`"
                ))];
            }
            if let Some(terms) = terms {
                verdicts.push(change(
                    terms,
                    "update_market",
                    instruction::update_market(me, market, plan.terms),
                ));
            }
            if is_admission_other {
                verdicts.push(set_admission("whom it admits is not as planned".to_owned()));
            }
        }
    }
    let slots = found.map_or_else(first_slots, |found| found.slots.len());
    for step in 0..growths(slots, plan.min_queue_slots) {
        let what = format!(
            "grow its queue of {}, planned are {}",
            slots + step * slots_of_a_growth(),
            plan.min_queue_slots
        );
        verdicts.push(change(what, "grow_market", instruction::grow_market(me, market)));
    }
    if verdicts.is_empty() { vec![Verdict::AsPlanned] } else { verdicts }
}

/// Slots of a market that was just opened.
fn first_slots() -> usize {
    (MARKET_GROWTH_BYTES - Market::SLOTS_OFFSET) / size_of::<QueueSlot>()
}

/// Slots that one growth adds at least.
fn slots_of_a_growth() -> usize {
    MARKET_GROWTH_BYTES / size_of::<QueueSlot>()
}

/// How often a queue has to grow.
fn growths(slots: usize, wanted: u32) -> usize {
    (wanted as usize).saturating_sub(slots).div_ceil(slots_of_a_growth())
}

fn differences(found: &MarketTerms, planned: &MarketTerms) -> Option<String> {
    Differences::default()
        .field("price_per_second_atoms", found.price_per_second_atoms, planned.price_per_second_atoms)
        .field("bond_atoms", found.bond_atoms, planned.bond_atoms)
        .field("expiry_reward_atoms", found.expiry_reward_atoms, planned.expiry_reward_atoms)
        .field("compensation_atoms", found.compensation_atoms, planned.compensation_atoms)
        .field("fee_bps", found.fee_bps, planned.fee_bps)
        .field("stakers_bps", found.stakers_bps, planned.stakers_bps)
        .field("burn_bps", found.burn_bps, planned.burn_bps)
        .field("max_attempts", found.max_attempts, planned.max_attempts)
        .field("max_strikes", found.max_strikes, planned.max_strikes)
        .field("min_timeout_seconds", found.min_timeout_seconds, planned.min_timeout_seconds)
        .field("max_timeout_seconds", found.max_timeout_seconds, planned.max_timeout_seconds)
        .field("start_window_seconds", found.start_window_seconds, planned.start_window_seconds)
        .field("heartbeat_limit_seconds", found.heartbeat_limit_seconds, planned.heartbeat_limit_seconds)
        .field("finish_grace_seconds", found.finish_grace_seconds, planned.finish_grace_seconds)
        .field("retention_seconds", found.retention_seconds, planned.retention_seconds)
        .into_text()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Who;
    use bytemuck::Zeroable as _;

    const TERMS: MarketTerms = MarketTerms {
        price_per_second_atoms: 1_500,
        bond_atoms: 9,
        expiry_reward_atoms: 2,
        compensation_atoms: 3,
        fee_bps: 250,
        stakers_bps: 5,
        burn_bps: 6,
        max_attempts: 7,
        max_strikes: 8,
        min_timeout_seconds: 10,
        max_timeout_seconds: 11,
        start_window_seconds: 31,
        heartbeat_limit_seconds: 32,
        finish_grace_seconds: 3_601,
        retention_seconds: 12,
    };

    #[test]
    fn a_queue_grows_until_it_has_the_room() {
        assert_eq!((first_slots(), slots_of_a_growth()), (273, 284));
        assert_eq!([0, 273, 274, 557, 558].map(|wanted| growths(273, wanted)), [0, 0, 1, 1, 2]);
    }

    #[test]
    fn a_market_is_opened_updated_or_somebody_elses() {
        let [me, other, mint, market] = [1, 2, 3, 4].map(|byte| Address::new_from_array([byte; 32]));
        let plan = MarketPlan {
            name: "m".into(),
            id: 7,
            mint: "grid".into(),
            authority: Who::Deployer,
            min_queue_slots: 300,
            terms: TERMS,
            admission: None,
        };
        let asked = AdmissionTerms { benchmark_class: 1, collection: other, ..AdmissionTerms::OPEN };
        let wanted = |admission| Wanted { plan: &plan, market, mint: mint.into(), admission };
        let kinds = |found: Option<&MarketView>, admission, me| -> Vec<&'static str> {
            let kind = |verdict: &Verdict| match verdict {
                Verdict::AsPlanned => "as planned",
                Verdict::Change(change) => change.kind,
                Verdict::Waits(_) => "waits",
                Verdict::Blocked(_) => "blocked",
            };
            compare(found, &wanted(admission), me).iter().map(kind).collect()
        };
        assert_eq!(kinds(None, AdmissionTerms::OPEN, me), ["open_market", "grow_market"]);
        assert_eq!(kinds(None, asked, me), ["open_market", "set_admission", "grow_market"]);

        let mut header = Market::zeroed();
        header.open(255, 7, me, mint, &TERMS).unwrap();
        let mut found = MarketView { header, slots: vec![QueueSlot::zeroed(); 300] };
        assert_eq!(kinds(Some(&found), AdmissionTerms::OPEN, me), ["as planned"]);
        assert_eq!(kinds(Some(&found), AdmissionTerms::OPEN, other), ["as planned"]);
        assert_eq!(kinds(Some(&found), asked, me), ["set_admission"]);
        assert_eq!(kinds(Some(&found), asked, other), ["blocked"]);
        found.header.fee_bps = 249.into();
        assert_eq!(kinds(Some(&found), AdmissionTerms::OPEN, me), ["update_market"]);
        assert_eq!(kinds(Some(&found), AdmissionTerms::OPEN, other), ["blocked"]);
        found.header.fee_bps = 250.into();
        found.header.mint = other;
        assert_eq!(kinds(Some(&found), AdmissionTerms::OPEN, me), ["blocked"]);
    }

    #[test]
    fn every_term_is_compared() {
        // Each in turn is one more: exactly it is named.
        type Change = fn(&mut MarketTerms);
        let changed: [(&str, Change); 15] = [
            ("price_per_second_atoms", |t| t.price_per_second_atoms += 1),
            ("bond_atoms", |t| t.bond_atoms += 1),
            ("expiry_reward_atoms", |t| t.expiry_reward_atoms += 1),
            ("compensation_atoms", |t| t.compensation_atoms += 1),
            ("fee_bps", |t| t.fee_bps += 1),
            ("stakers_bps", |t| t.stakers_bps += 1),
            ("burn_bps", |t| t.burn_bps += 1),
            ("max_attempts", |t| t.max_attempts += 1),
            ("max_strikes", |t| t.max_strikes += 1),
            ("min_timeout_seconds", |t| t.min_timeout_seconds += 1),
            ("max_timeout_seconds", |t| t.max_timeout_seconds += 1),
            ("start_window_seconds", |t| t.start_window_seconds += 1),
            ("heartbeat_limit_seconds", |t| t.heartbeat_limit_seconds += 1),
            ("finish_grace_seconds", |t| t.finish_grace_seconds += 1),
            ("retention_seconds", |t| t.retention_seconds += 1),
        ];
        let mut market = Market::zeroed();
        market.set_terms(&TERMS).unwrap();
        assert_eq!(differences(&terms_of(&market), &TERMS), None);
        for (name, change) in changed {
            let mut planned = TERMS;
            change(&mut planned);
            let text = differences(&terms_of(&market), &planned).unwrap();
            assert!(text.starts_with(&format!("{name} is ")) && !text.contains(';'), "{text}");
        }
    }
}
