//! Step 3: the jobs program is initialised; pauser, treasury and the mint of stakes are named. The admin's role itself is
//! handed over in the last step: until then the deployer has it.

use super::Scene;
use crate::finding::{Change, Differences, Finding, Verdict};
use anyhow::Result;
use grid_client::{account::Config, address, chain, instruction};
use solana_address::Address;

/// What the config is to say.
struct Wanted {
    pauser: Address,
    treasury: Address,
    stake_mint: Address,
}

/// Looks at the config.
pub async fn look(scene: &Scene<'_>) -> Result<Vec<Finding>> {
    let (plan, me) = (&scene.plan.config, scene.deployer);
    let stake_mint = match &plan.stake_mint {
        Some(name) => scene.plan.mint(name)?.address(me),
        None => Address::default(),
    };
    let wanted = Wanted { pauser: plan.pauser.address(me), treasury: plan.treasury.address(me), stake_mint };
    let found = chain::find::<Config>(scene.chain, &address::config().0).await?;
    Ok(vec![Finding::new("config", compare(found.as_ref(), &wanted, me))])
}

fn compare(found: Option<&Config>, wanted: &Wanted, me: Address) -> Verdict {
    let name = |what: &str| format!("{what}: pauser {}, treasury {}", wanted.pauser, wanted.treasury);
    let change = |what, instructions| {
        Verdict::Change(Change { what, kind: "configure", account: address::config().0, instructions })
    };
    let set_roles = || instruction::update_config(me, wanted.pauser, wanted.treasury);
    let set_stake_mint = || instruction::set_stake_mint(me, wanted.stake_mint);
    let Some(found) = found else {
        let mut all = vec![instruction::initialize_config(me, me), set_roles()];
        if wanted.stake_mint != Address::default() {
            all.push(set_stake_mint());
        }
        return change(name("initialise, with the deployer as admin"), all);
    };
    let differences = Differences::default()
        .field("pauser", found.pauser, wanted.pauser)
        .field("treasury", found.treasury, wanted.treasury)
        .field("stake_mint", found.stake_mint, wanted.stake_mint);
    let Some(differences) = differences.into_text() else { return Verdict::AsPlanned };
    if found.admin != me {
        let admin = found.admin;
        return Verdict::Blocked(format!(
            "{differences}: only the admin {admin} can change that, with `grid protocol set` and `grid protocol set-stake-mint`"
        ));
    }
    let mut instructions = Vec::new();
    if (found.pauser, found.treasury) != (wanted.pauser, wanted.treasury) {
        instructions.push(set_roles());
    }
    if found.stake_mint != wanted.stake_mint {
        instructions.push(set_stake_mint());
    }
    change(differences, instructions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable as _;

    #[test]
    fn what_differs_is_changed_by_the_admin_and_by_nobody_else() {
        let [me, other, mint] = [1, 2, 3].map(|byte| Address::new_from_array([byte; 32]));
        let wanted = Wanted { pauser: me, treasury: other, stake_mint: mint };
        let sent = |verdict| match verdict {
            Verdict::Change(change) => change.instructions.len(),
            _ => 0,
        };
        assert_eq!(sent(compare(None, &wanted, me)), 3);
        let mut found = Config::zeroed();
        found.open(255, me);
        assert_eq!(sent(compare(Some(&found), &wanted, me)), 2);
        found.treasury = other;
        assert_eq!(sent(compare(Some(&found), &wanted, me)), 1, "only the stake mint is missing");
        assert!(matches!(
            compare(Some(&found), &wanted, other),
            Verdict::Blocked(text) if text.contains("stake_mint") && text.contains(&me.to_string())
        ));
        found.stake_mint = mint;
        assert_eq!(compare(Some(&found), &wanted, me), Verdict::AsPlanned);
        assert_eq!(compare(Some(&found), &wanted, other), Verdict::AsPlanned);
    }
}
