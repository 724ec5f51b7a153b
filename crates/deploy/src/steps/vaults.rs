//! Step 4: the jobs program can hold tokens of the mints.

use super::Scene;
use crate::finding::{Change, Finding, Verdict};
use anyhow::Result;
use grid_client::{address, instruction};

/// Looks at the vault of each mint that shall have one.
pub async fn look(scene: &Scene<'_>) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for planned in scene.plan.mints.iter().filter(|mint| mint.has_vault) {
        let mint = scene.mint(&planned.name).await?;
        let vault = address::vault(&mint.address).0;
        let verdict = match scene.account(&vault).await? {
            // A vault's address is derived: only the jobs program can have made a token account there.
            Some(account) if account.owner == mint.program => Verdict::AsPlanned,
            _ => Verdict::Change(Change {
                what: format!("open {vault}"),
                kind: "open_vault",
                account: vault,
                instructions: vec![instruction::open_vault(scene.deployer, mint)],
            }),
        };
        findings.push(Finding::new(format!("vault of {}", planned.name), verdict));
    }
    Ok(findings)
}
