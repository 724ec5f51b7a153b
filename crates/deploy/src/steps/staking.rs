//! Step 5: the mints can be staked, and what may be slashed is as planned.

use super::Scene;
use crate::{
    finding::{Change, Differences, Finding, Verdict},
    plan::StakePlan,
};
use anyhow::Result;
use grid_client::{account::Settings, address, chain, staking, token};
use solana_address::Address;

/// Looks at the settings of each mint.
pub async fn look(scene: &Scene<'_>) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for plan in &scene.plan.stake_settings {
        let mint = scene.mint(&plan.mint).await?;
        let found = chain::find::<Settings>(scene.chain, &staking::settings_address(&mint.address).0).await?;
        let owner = plan.slash_destination_owner.address(scene.deployer);
        let verdict = compare(found.as_ref(), plan, mint, owner, scene.deployer);
        findings.push(Finding::new(format!("stakes of {}", plan.mint), verdict));
    }
    Ok(findings)
}

fn compare(
    found: Option<&Settings>,
    plan: &StakePlan,
    mint: token::Mint,
    destination_owner: Address,
    me: Address,
) -> Verdict {
    let destination = address::token_account(&destination_owner, mint);
    let (cap, epoch) = (plan.slash_cap_bps, plan.slash_epoch_seconds);
    let change = |what, instruction| {
        Verdict::Change(Change {
            what,
            kind: "staking_settings",
            account: staking::settings_address(&mint.address).0,
            instructions: vec![token::create_account(me, destination_owner, mint), instruction],
        })
    };
    let Some(found) = found else {
        let open = staking::open_settings(me, mint, destination, cap, epoch);
        return change(format!("open, at most {cap} bps slashed in {epoch} s, to {destination}"), open);
    };
    let differences = Differences::default()
        .field("slash_cap_bps", found.slash_cap_bps.get(), cap)
        .field("slash_epoch_seconds", found.slash_epoch_seconds.get(), epoch)
        .field("slash_destination", found.slash_destination, destination);
    match differences.into_text() {
        None => Verdict::AsPlanned,
        Some(differences) if found.authority == me => {
            let update = staking::update_settings(me, &mint.address, destination, cap, epoch);
            change(differences, update)
        }
        Some(differences) => Verdict::Blocked(format!(
            "{differences}: only the authority {} can change that, with `grid stake settings update`",
            found.authority
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable as _;

    #[test]
    fn settings_are_opened_updated_or_somebody_elses() {
        let plan = crate::plan::tests::plan(
            "[[stake_settings]]\nmint = \"grid\"\nslash_cap_bps = 2500\nslash_epoch_seconds = 86400\n\
             slash_destination_owner = \"deployer\"\nauthority = \"deployer\"\nslasher = \"deployer\"",
        );
        let [me, other, mint] = [1, 2, 3].map(|byte| Address::new_from_array([byte; 32]));
        let mint = token::Mint::from(mint);
        let verdict = |found: Option<&Settings>, me| compare(found, &plan.stake_settings[0], mint, me, me);
        assert!(matches!(verdict(None, me), Verdict::Change(change) if change.what.starts_with("open")));
        let mut found = Settings::zeroed();
        found.authority = me;
        found.set_slashing(2_500, 86_400, address::token_account(&me, mint)).unwrap();
        assert_eq!(verdict(Some(&found), me), Verdict::AsPlanned);
        found.set_slashing(2_499, 86_400, address::token_account(&me, mint)).unwrap();
        assert!(matches!(
            verdict(Some(&found), me),
            Verdict::Change(change) if change.what == "slash_cap_bps is 2499, planned is 2500"
        ));
        assert!(matches!(
            compare(Some(&found), &plan.stake_settings[0], mint, me, other),
            Verdict::Blocked(text) if text.contains(&me.to_string())
        ));
    }
}
