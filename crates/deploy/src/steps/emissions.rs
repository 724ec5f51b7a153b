//! Step 9: the emissions are open. Their terms are for good. What fills them is no step: `grid pool top-up` does.

use super::Scene;
use crate::{
    finding::{Change, Differences, Finding, Verdict},
    plan::{Beneficiary, EmissionPlan},
};
use anyhow::Result;
use grid_client::{account::Emission, address, chain, pools, rewards, token};
use grid_pools::EmissionTerms;
use solana_address::Address;

/// Looks at each emission.
pub async fn look(scene: &Scene<'_>) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for plan in &scene.plan.emissions {
        let wanted = wanted(scene, plan).await?;
        let emission = pools::emission_address(&scene.deployer, plan.id).0;
        let found = chain::find::<Emission>(scene.chain, &emission).await?;
        let verdict = match found {
            Some(found) => compare(&found, &wanted),
            None => Verdict::Change(open(&wanted, emission, plan.id, scene.deployer)),
        };
        findings.push(Finding::new(format!("emission {}", plan.id), verdict));
    }
    Ok(findings)
}

struct Wanted {
    mint: token::Mint,
    terms: EmissionTerms,
    beneficiary: Address,
    /// Whose token account it is, where it is one.
    owner: Option<Address>,
}

async fn wanted(scene: &Scene<'_>, plan: &EmissionPlan) -> Result<Wanted> {
    let (me, mint) = (scene.deployer, scene.mint(&plan.mint).await?);
    let (beneficiary, owner) = match &plan.pays {
        Beneficiary::RewardPoolOfStakeMint(stake) => {
            let stake = scene.plan.mint(stake)?.address(me);
            (rewards::pool_address(&stake, &mint.address).0, None)
        }
        Beneficiary::TokenAccountOf(who) => {
            (address::token_account(&who.address(me), mint), Some(who.address(me)))
        }
    };
    let terms = EmissionTerms {
        rate_per_second_atoms: plan.rate_per_second_atoms,
        starts_at: plan.starts_at_unix_seconds,
        ends_at: plan.ends_at_unix_seconds.unwrap_or_default(),
        is_closeable: plan.is_closeable,
        beneficiary_authority: plan.beneficiary_authority.map(|who| who.address(me)).unwrap_or_default(),
    };
    Ok(Wanted { mint, terms, beneficiary, owner })
}

fn open(wanted: &Wanted, emission: Address, id: u64, me: Address) -> Change {
    let account = wanted.owner.map(|owner| token::create_account(me, owner, wanted.mint));
    let open = pools::open(me, wanted.mint, id, wanted.beneficiary, wanted.terms);
    Change {
        what: format!("open {emission} at {} atoms a second", wanted.terms.rate_per_second_atoms),
        kind: "open_emission",
        account: emission,
        instructions: account.into_iter().chain([open]).collect(),
    }
}

fn compare(found: &Emission, wanted: &Wanted) -> Verdict {
    let terms = &wanted.terms;
    let differences = Differences::default()
        .field("mint", found.mint, wanted.mint.address)
        .field("rate_per_second_atoms", found.rate_per_second_atoms.get(), terms.rate_per_second_atoms)
        .field("starts_at_unix_seconds", found.starts_at.get(), terms.starts_at)
        .field("ends_at_unix_seconds", found.ends_at.get(), terms.ends_at)
        .field("is_closeable", found.is_closeable == 1, terms.is_closeable)
        .field("beneficiary", found.beneficiary, wanted.beneficiary)
        .field("beneficiary_authority", found.beneficiary_authority, terms.beneficiary_authority);
    match differences.into_text() {
        None => Verdict::AsPlanned,
        Some(differences) => Verdict::Blocked(format!(
            "{differences}: an emission keeps its terms; plan another id, and end this one with `grid pool close` if it may be"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable as _;

    #[test]
    fn an_emission_has_its_terms_or_the_finding_names_what_differs() {
        let [me, mint, pool] = [1, 2, 3].map(|byte| Address::new_from_array([byte; 32]));
        let terms = EmissionTerms {
            rate_per_second_atoms: 5,
            starts_at: 10,
            ends_at: 20,
            is_closeable: true,
            beneficiary_authority: me,
        };
        let wanted = Wanted { mint: mint.into(), terms, beneficiary: pool, owner: None };
        let mut found = Emission::zeroed();
        found.open(255, 0, me, &terms).unwrap();
        (found.mint, found.beneficiary) = (mint, pool);
        assert_eq!(compare(&found, &wanted), Verdict::AsPlanned);
        found.rate_per_second_atoms = 6.into();
        found.is_closeable = 0;
        assert!(matches!(
            compare(&found, &wanted),
            Verdict::Blocked(text) if text.starts_with("rate_per_second_atoms is 6, planned is 5; is_closeable is false")
        ));
        assert_eq!(open(&wanted, pool, 0, me).instructions.len(), 1);
        let with_account = Wanted { owner: Some(me), ..wanted };
        assert_eq!(open(&with_account, pool, 0, me).instructions.len(), 2, "and the token account");
    }
}
