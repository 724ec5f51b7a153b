//! Step 10: the roles are with whom they are planned for. The deployer offers them; who they are offered to has to take them.

use super::Scene;
use crate::finding::{Change, Finding, Verdict};
use anyhow::Result;
use grid_client::{
    account::{Collection, Config, MarketView, Settings},
    address, chain, instruction, nodes, staking,
};
use grid_nodes::CollectionRole;
use grid_staking::Role as StakeRole;
use solana_address::Address;
use solana_instruction::Instruction;

/// A role as it is on the chain, and whom it is planned for.
struct Role {
    name: String,
    holder: Address,
    offered_to: Address,
    planned: Address,
    account: Address,
    offer: Instruction,
    /// How it is taken.
    take: String,
}

/// Looks at each role; those of what is not there yet are left out.
pub async fn look(scene: &Scene<'_>) -> Result<Vec<Finding>> {
    let mut roles = Vec::new();
    roles.extend(admin(scene).await?);
    roles.extend(of_settings(scene).await?);
    roles.extend(of_collections(scene).await?);
    roles.extend(of_markets(scene).await?);
    let finding = |role: Role| Finding::new(role.name.clone(), verdict(role, scene.deployer));
    Ok(roles.into_iter().map(finding).collect())
}

fn verdict(role: Role, me: Address) -> Verdict {
    let Role { holder, offered_to, planned, account, offer, take, .. } = role;
    if holder == planned {
        Verdict::AsPlanned
    } else if offered_to == planned {
        Verdict::Waits(format!("{holder} has it and has offered it to {planned}, who takes it with {take}"))
    } else if holder == me {
        let what = format!("offer it to {planned}");
        Verdict::Change(Change { what, kind: "offer_role", account, instructions: vec![offer] })
    } else {
        Verdict::Blocked(format!("{holder} has it, planned is {planned}: only {holder} can offer it"))
    }
}

async fn admin(scene: &Scene<'_>) -> Result<Option<Role>> {
    let account = address::config().0;
    let Some(config) = chain::find::<Config>(scene.chain, &account).await? else { return Ok(None) };
    let planned = scene.plan.config.admin.address(scene.deployer);
    Ok(Some(Role {
        name: "admin".to_owned(),
        holder: config.admin,
        offered_to: config.pending_admin,
        planned,
        account,
        offer: instruction::propose_admin(scene.deployer, planned),
        take: "`grid protocol accept-admin`".to_owned(),
    }))
}

async fn of_settings(scene: &Scene<'_>) -> Result<Vec<Role>> {
    let (me, mut roles) = (scene.deployer, Vec::new());
    for plan in &scene.plan.stake_settings {
        let mint = scene.plan.mint(&plan.mint)?.address(me);
        let account = staking::settings_address(&mint).0;
        let Some(found) = chain::find::<Settings>(scene.chain, &account).await? else { continue };
        let role = |name: &str, role, holder, offered_to, planned: Address| Role {
            name: format!("{name} of stakes of {}", plan.mint),
            holder,
            offered_to,
            planned,
            account,
            offer: staking::propose_role(me, &mint, role, planned),
            take: format!("`grid stake settings accept-role {name} --mint {mint}`"),
        };
        let (authority, slasher) = (plan.authority.address(me), plan.slasher.address(me));
        // The slasher first: it is the authority that offers both.
        roles.push(role("slasher", StakeRole::Slasher, found.slasher, found.pending_slasher, slasher));
        roles.push(role(
            "authority",
            StakeRole::Authority,
            found.authority,
            found.pending_authority,
            authority,
        ));
    }
    Ok(roles)
}

async fn of_collections(scene: &Scene<'_>) -> Result<Vec<Role>> {
    let (me, mut roles) = (scene.deployer, Vec::new());
    for plan in &scene.plan.collections {
        let mint = nodes::collection_mint_address(&me, plan.id).0;
        let account = nodes::collection_address(&mint).0;
        let Some(found) = chain::find::<Collection>(scene.chain, &account).await? else { continue };
        let role = |name: &str, role, holder, offered_to, planned: Address| Role {
            name: format!("{name} of collection {}", plan.id),
            holder,
            offered_to,
            planned,
            account,
            offer: nodes::propose_collection_role(me, &mint, role, planned),
            take: format!("`grid access accept-role {mint} {name}`"),
        };
        let (authority, attestor) = (plan.authority.address(me), plan.attestor.address(me));
        roles.push(role(
            "attestor",
            CollectionRole::Attestor,
            found.attestor,
            found.pending_attestor,
            attestor,
        ));
        roles.push(role(
            "authority",
            CollectionRole::Authority,
            found.authority,
            found.pending_authority,
            authority,
        ));
    }
    Ok(roles)
}

async fn of_markets(scene: &Scene<'_>) -> Result<Vec<Role>> {
    let (me, mut roles) = (scene.deployer, Vec::new());
    for plan in &scene.plan.markets {
        let market = address::market(&me, plan.id).0;
        let Some(account) = chain::account(scene.chain, &market).await? else { continue };
        let found = MarketView::decode(&market, &account)?.header;
        let planned = plan.authority.address(me);
        roles.push(Role {
            name: format!("authority of {}", plan.name),
            holder: found.authority,
            offered_to: found.pending_authority,
            planned,
            account: market,
            offer: instruction::propose_market_authority(me, market, planned),
            take: format!("`grid market accept-authority {market}`"),
        });
    }
    Ok(roles)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_offered_once_and_waits_then() {
        let [me, planned, stranger] = [1, 2, 3].map(|byte| Address::new_from_array([byte; 32]));
        let verdict = |holder, offered_to| {
            verdict(
                Role {
                    name: "admin".into(),
                    holder,
                    offered_to,
                    planned,
                    account: me,
                    offer: instruction::propose_admin(me, planned),
                    take: "`take`".into(),
                },
                me,
            )
        };
        assert_eq!(verdict(planned, Address::default()), Verdict::AsPlanned);
        assert!(
            matches!(verdict(me, Address::default()), Verdict::Change(change) if change.kind == "offer_role")
        );
        assert!(matches!(verdict(me, stranger), Verdict::Change(_)), "offered to another: offered anew");
        assert!(matches!(verdict(me, planned), Verdict::Waits(text) if text.contains("`take`")));
        assert!(
            matches!(verdict(stranger, me), Verdict::Blocked(text) if text.contains(&stranger.to_string()))
        );
    }
}
