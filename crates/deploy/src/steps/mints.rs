//! Step 2: the mints are there. Where the plan has no address, one is created, at an address that follows from deployer and
//! name: so the second run finds it.

use super::Scene;
use crate::{
    finding::{Change, Finding, Verdict},
    plan::MintPlan,
};
use anyhow::Result;
use grid_client::token;
use solana_account::Account;
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};

/// Byte of a mint's account that holds its decimals, in both token programs.
const DECIMALS_OFFSET: usize = 44;
/// Byte of a mint's account that says that it was initialised.
const INITIALIZED_OFFSET: usize = 45;

/// Looks at each mint.
pub async fn look(scene: &Scene<'_>) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for mint in &scene.plan.mints {
        let address = mint.address(scene.deployer);
        let verdict = match scene.account(&address).await? {
            Some(account) => compare(mint, &address, &account),
            None if mint.address.is_some() => {
                Verdict::Blocked(format!("{address} does not exist: correct the plan"))
            }
            None => {
                let rent = scene.chain.minimum_balance(token::MINT_SPACE as usize).await?;
                Verdict::Change(create(mint, scene.deployer, rent))
            }
        };
        findings.push(Finding::new(format!("mint {}", mint.name), verdict));
    }
    Ok(findings)
}

fn compare(mint: &MintPlan, address: &Address, account: &Account) -> Verdict {
    let is_mint = [token::PROGRAM_ID, token::PROGRAM_2022_ID].contains(&account.owner)
        && token::amount(&account.data).is_none()
        && account.data.get(INITIALIZED_OFFSET) == Some(&1);
    let decimals = account.data.get(DECIMALS_OFFSET).copied().unwrap_or_default();
    match is_mint {
        false => Verdict::Blocked(format!("{address} is no mint of a token: correct the plan")),
        true if decimals != mint.decimals => Verdict::Blocked(format!(
            "{address} has {decimals} decimals, planned are {}: a mint keeps its decimals; correct the plan",
            mint.decimals
        )),
        true => Verdict::AsPlanned,
    }
}

fn create(mint: &MintPlan, deployer: Address, rent_lamports: u64) -> Change {
    let address = mint.address(deployer);
    // InitializeMint2 is 20: decimals, mint authority, no freeze authority.
    let initialize = [&[20, mint.decimals][..], deployer.as_ref(), &[0]].concat();
    Change {
        what: format!("create {address} with {} decimals, minted by {deployer}", mint.decimals),
        kind: "create_mint",
        account: address,
        instructions: vec![
            create_with_seed(deployer, address, &mint.seed(), rent_lamports),
            Instruction::new_with_bytes(
                token::PROGRAM_ID,
                &initialize,
                vec![AccountMeta::new(address, false)],
            ),
        ],
    }
}

/// System program: `CreateAccountWithSeed` is variant 3 (u32), then base, seed (length u64, bytes), lamports, space, owner.
fn create_with_seed(base: Address, address: Address, seed: &str, lamports: u64) -> Instruction {
    let data = [
        &3_u32.to_le_bytes()[..],
        base.as_ref(),
        &(seed.len() as u64).to_le_bytes(),
        seed.as_bytes(),
        &lamports.to_le_bytes(),
        &token::MINT_SPACE.to_le_bytes(),
        token::PROGRAM_ID.as_ref(),
    ]
    .concat();
    let accounts = vec![AccountMeta::new(base, true), AccountMeta::new(address, false)];
    Instruction::new_with_bytes(solana_sdk_ids::system_program::ID, &data, accounts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mint_has_the_planned_decimals_or_the_finding_says_which() {
        let plan = crate::plan::tests::plan("[[mints]]\nname = \"grid\"\ndecimals = 6");
        let (mint, address) = (&plan.mints[0], Address::new_from_array([3; 32]));
        let account = |decimals, initialized, owner, length: usize| {
            let mut data = vec![0; length];
            (data[DECIMALS_OFFSET], data[INITIALIZED_OFFSET]) = (decimals, initialized);
            Account { owner, data, ..Account::default() }
        };
        let verdict = |account: Account| compare(mint, &address, &account);
        assert_eq!(verdict(account(6, 1, token::PROGRAM_ID, 82)), Verdict::AsPlanned);
        assert_eq!(verdict(account(6, 1, token::PROGRAM_2022_ID, 82)), Verdict::AsPlanned);
        assert!(
            matches!(verdict(account(9, 1, token::PROGRAM_ID, 82)), Verdict::Blocked(text) if text.contains("9 decimals"))
        );
        for wrong in [
            account(6, 0, token::PROGRAM_ID, 82),
            account(6, 1, address, 82),
            account(6, 1, token::PROGRAM_ID, 165),
        ] {
            assert!(matches!(verdict(wrong), Verdict::Blocked(text) if text.contains("no mint")));
        }
    }
}
