//! Step 1: the programs are there, and may be upgraded by whom the plan names. What is missing here, other commands do.

use super::Scene;
use crate::{
    deployed::{Deployed, PROGRAMS},
    finding::{Finding, Verdict},
};
use anyhow::Result;
use grid_client::address::program_data_of;
use solana_address::Address;

/// Looks at each program.
pub async fn look(scene: &Scene<'_>) -> Result<Vec<Finding>> {
    let planned = scene.plan.programs.upgrade_authority.address(scene.deployer);
    let mut findings = Vec::new();
    for (name, id) in PROGRAMS {
        let mut found = scene.chain.accounts(&[id, program_data_of(&id)]).await?.into_iter();
        let (program, data) = (found.next().flatten(), found.next().flatten());
        let deployed = Deployed::read(&id, program.as_ref(), data.as_ref());
        findings.push(Finding::new(name, compare(&id, deployed.as_ref(), planned, scene.deployer)));
    }
    Ok(findings)
}

fn compare(id: &Address, deployed: Option<&Deployed>, planned: Address, deployer: Address) -> Verdict {
    let Some(deployed) = deployed else {
        return Verdict::Blocked(format!(
            "{id} is not deployed by the upgradeable loader: run `anchor deploy`, with the keys of `anchor keys list`"
        ));
    };
    match deployed.upgrade_authority {
        Some(authority) if authority == planned => Verdict::AsPlanned,
        Some(authority) if authority == deployer => Verdict::Waits(format!(
            "upgrade authority is the deployer, planned is {planned}: \
             `anchor program set-upgrade-authority {id} --new-upgrade-authority {planned}`"
        )),
        Some(authority) => Verdict::Blocked(format!(
            "upgrade authority is {authority}, planned is {planned}: only {authority} can hand it over"
        )),
        None => Verdict::Blocked(format!(
            "it is final, planned is the upgrade authority {planned}: deploy under another key"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authority_is_the_planned_one_or_the_finding_says_who_acts() {
        let [id, deployer, multisig, stranger] = [1, 2, 3, 4].map(|byte| Address::new_from_array([byte; 32]));
        let verdict = |authority| {
            let deployed = Deployed { upgrade_authority: authority, slot: 1, hash: String::new() };
            compare(&id, Some(&deployed), multisig, deployer)
        };
        assert_eq!(verdict(Some(multisig)), Verdict::AsPlanned);
        assert!(
            matches!(verdict(Some(deployer)), Verdict::Waits(text) if text.contains("set-upgrade-authority"))
        );
        assert!(
            matches!(verdict(Some(stranger)), Verdict::Blocked(text) if text.contains(&stranger.to_string()))
        );
        assert!(matches!(verdict(None), Verdict::Blocked(text) if text.contains("final")));
        assert!(
            matches!(compare(&id, None, multisig, deployer), Verdict::Blocked(text) if text.contains("anchor deploy"))
        );
    }
}
