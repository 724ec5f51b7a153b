//! Step 7: the collections of access NFTs are there, with what they show of themselves. That is for good.

use super::Scene;
use crate::{
    finding::{Change, Differences, Finding, Verdict},
    plan::CollectionPlan,
};
use anyhow::Result;
use grid_client::{
    account::Collection,
    chain,
    nodes::{self, Label, METADATA_PROGRAM, NFT_COMPUTE_UNITS},
};
use mpl_token_metadata::accounts::Metadata;
use solana_account::Account;

/// Looks at each collection.
pub async fn look(scene: &Scene<'_>) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for plan in &scene.plan.collections {
        let mint = nodes::collection_mint_address(&scene.deployer, plan.id).0;
        let record = chain::find::<Collection>(scene.chain, &nodes::collection_address(&mint).0).await?;
        let verdict = match record {
            Some(_) => compare(scene.account(&nodes::metadata_address(&mint)).await?.as_ref(), plan),
            None => Verdict::Change(Change {
                what: format!("create {mint}"),
                kind: "create_collection",
                account: mint,
                instructions: vec![
                    nodes::compute_limit(NFT_COMPUTE_UNITS),
                    nodes::create_collection(scene.deployer, plan.id, label(plan)),
                ],
            }),
        };
        findings.push(Finding::new(format!("collection {}", plan.id), verdict));
    }
    Ok(findings)
}

fn label(plan: &CollectionPlan) -> Label {
    Label { name: plan.name.clone(), symbol: plan.symbol.clone(), uri: plan.uri.clone() }
}

fn compare(metadata: Option<&Account>, plan: &CollectionPlan) -> Verdict {
    let metadata = metadata.filter(|account| account.owner == METADATA_PROGRAM);
    let Some(found) = metadata.and_then(|account| Metadata::from_bytes(&account.data).ok()) else {
        return Verdict::Blocked("its metadata can't be read: plan a collection with another id".to_owned());
    };
    let shown = |text: &str| text.trim_end_matches('\0').to_owned();
    let differences = Differences::default()
        .field("name", shown(&found.name), plan.name.clone())
        .field("symbol", shown(&found.symbol), plan.symbol.clone())
        .field("uri", shown(&found.uri), plan.uri.clone());
    match differences.into_text() {
        None => Verdict::AsPlanned,
        Some(differences) => {
            Verdict::Blocked(format!("{differences}: that is for good; correct the plan, or plan another id"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collection_without_metadata_is_named() {
        let plan = crate::plan::tests::plan(
            "[[collections]]\nid = 0\nname = \"n\"\nsymbol = \"s\"\nuri = \"u\"\nauthority = \"deployer\"\nattestor = \"deployer\"",
        );
        let foreign = Account { data: vec![4; 700], ..Account::default() };
        for account in [None, Some(&foreign)] {
            assert!(matches!(
                compare(account, &plan.collections[0]),
                Verdict::Blocked(text) if text.contains("another id")
            ));
        }
    }
}
