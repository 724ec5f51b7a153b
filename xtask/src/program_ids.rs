//! Program ids: `declare_id!` is the one place, Anchor.toml has to agree.

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::context::Context;

/// The clusters Anchor.toml lists the programs for.
const CLUSTERS: [&str; 3] = ["localnet", "devnet", "mainnet"];

/// Fails with every difference.
pub fn check(context: &Context) -> Result<()> {
    let root = &context.workspace.root;
    let anchor = fs::read_to_string(root.join("Anchor.toml")).context("cannot read Anchor.toml")?;
    let mut differences = Vec::new();
    for program in context.workspace.programs()? {
        let path = program.folder.join("src/lib.rs");
        let source = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let id = declared(&source).with_context(|| format!("no declare_id! in {}", path.display()))?;
        differences.extend(differing(&anchor, &program.name(), id));
    }
    if !differences.is_empty() {
        bail!("program ids differ:\n    {}", differences.join("\n    "));
    }
    Ok(())
}

/// The id in a program's source.
pub fn declared(source: &str) -> Option<&str> {
    let (_, rest) = source.split_once("declare_id!(\"")?;
    rest.split_once('"').map(|(id, _)| id)
}

/// A sentence for each cluster whose id is another, or missing.
fn differing(anchor: &str, program: &str, id: &str) -> Vec<String> {
    let clusters = CLUSTERS.iter().filter_map(|cluster| match entry(anchor, cluster, program) {
        Some(found) if found == id => None,
        Some(found) => {
            Some(format!("{program}: declare_id! says {id}, Anchor.toml's {cluster} says {found}"))
        }
        None => Some(format!("{program}: Anchor.toml has no [programs.{cluster}] entry; it should be {id}")),
    });
    clusters.collect()
}

/// The value of `program` in `[programs.cluster]`.
fn entry<'a>(anchor: &'a str, cluster: &str, program: &str) -> Option<&'a str> {
    let (_, table) = anchor.split_once(&format!("[programs.{cluster}]"))?;
    let table = table.split("\n[").next()?;
    let lines = table.lines().filter_map(|line| line.split_once('='));
    lines.filter(|(name, _)| name.trim() == program).map(|(_, id)| id.trim().trim_matches('"')).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANCHOR: &str = "[programs.localnet]\ngrid_jobs = \"A\"\n\n[programs.devnet]\ngrid_jobs = \"B\"\n";

    #[test]
    fn finds_the_declared_id() {
        assert_eq!(declared("use x;\n\ndeclare_id!(\"A\");\n"), Some("A"));
        assert_eq!(declared("// none"), None);
    }

    #[test]
    fn names_every_cluster_that_differs() {
        let differences = differing(ANCHOR, "grid_jobs", "A");
        assert_eq!(differences.len(), 2, "{differences:?}");
        assert!(differences[0].contains("devnet") && differences[0].contains('B'));
        assert!(differences[1].contains("[programs.mainnet]"));
    }
}
