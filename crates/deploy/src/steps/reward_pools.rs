//! Step 6: stakes can earn rewards. A pool has no terms: it is there or it is not.

use super::Scene;
use crate::finding::{Change, Finding, Verdict};
use anyhow::Result;
use grid_client::{account::Pool, chain, rewards};

/// Looks at each pool.
pub async fn look(scene: &Scene<'_>) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for plan in &scene.plan.reward_pools {
        let stake = scene.plan.mint(&plan.stake_mint)?.address(scene.deployer);
        let reward = scene.mint(&plan.reward_mint).await?;
        let pool = rewards::pool_address(&stake, &reward.address).0;
        let verdict = match chain::find::<Pool>(scene.chain, &pool).await? {
            Some(_) => Verdict::AsPlanned,
            None => Verdict::Change(Change {
                what: format!("open {pool}"),
                kind: "open_pool",
                account: pool,
                instructions: vec![rewards::open_pool(scene.deployer, &stake, reward)],
            }),
        };
        let subject = format!("{} for stakes of {}", plan.reward_mint, plan.stake_mint);
        findings.push(Finding::new(subject, verdict));
    }
    Ok(findings)
}
