//! What every page must keep: its links lead somewhere, it stands in the summary, its tests exist, and each of its
//! commands says how it is run.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::{Context as _, Result};
use clap::Parser as _;

use super::markdown::{Block, Markdown};
use crate::cli::Cli;

/// Markdown that is not ours to check: what releases said is left as it was said.
const LEFT_ALONE: [&str; 1] = ["CHANGELOG.md"];

/// Words in backticks that begin so are files or folders of the checkout.
const FOLDERS: [&str; 5] = ["tests/", "crates/", "programs/", "xtask/", "docs/"];

/// All pages of the checkout, by their path from the top.
pub fn pages(root: &Path) -> Result<BTreeMap<String, Markdown>> {
    let files = files(root, &["md"])?.into_iter().filter(|path| !LEFT_ALONE.contains(&path.as_str()));
    files.map(|path| Ok((path.clone(), Markdown::read(&read(&root.join(path))?)))).collect()
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Files with one of these endings, by their path from the top, in order. What tools leave behind is not looked at.
fn files(root: &Path, endings: &[&str]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let path = root.join(&folder);
        for entry in fs::read_dir(&path).with_context(|| format!("cannot list {}", path.display()))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let below = format!("{folder}{name}");
            if entry.file_type()?.is_dir() {
                if !name.starts_with('.') && !["target", "node_modules"].contains(&name.as_str()) {
                    folders.push(format!("{below}/"));
                }
            } else if name.rsplit_once('.').is_some_and(|(_, ending)| endings.contains(&ending)) {
                found.push(below);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Every fault, one a line; none when all is well.
pub fn faults(root: &Path, pages: &BTreeMap<String, Markdown>) -> Result<Vec<String>> {
    let tests = Tests::read(root)?;
    let mut faults = unlisted(root)?;
    faults.extend(unknown_in_ci(root)?);
    for (path, page) in pages {
        let mut add = |line: usize, fault: String| faults.push(format!("{path}:{line}: {fault}"));
        for (line, target) in &page.links {
            if let Some(fault) = dead_link(root, pages, path, target) {
                add(*line, fault);
            }
        }
        for block in page.blocks.iter().filter(|block| block.is_shell()) {
            for fault in unrun(block, &tests) {
                add(block.line, fault);
            }
        }
        // Elsewhere than on the page about tests only what is plainly a path of the checkout.
        let is_name =
            |span: &str| path == "docs/security.md" || FOLDERS.iter().any(|folder| span.starts_with(folder));
        for (line, span) in page.spans.iter().filter(|(_, span)| is_name(span)) {
            if let Some(fault) = tests.missing(span) {
                add(*line, fault);
            }
        }
    }
    Ok(faults)
}

/// Why a link leads nowhere.
fn dead_link(root: &Path, pages: &BTreeMap<String, Markdown>, from: &str, target: &str) -> Option<String> {
    if ["http://", "https://", "mailto:"].iter().any(|scheme| target.starts_with(scheme)) {
        return None;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let folder = Path::new(from).parent().unwrap_or(Path::new(""));
    let path = if file.is_empty() { from.to_owned() } else { normal(&folder.join(file)) };
    if !root.join(&path).exists() {
        return Some(format!("the link to {target} leads nowhere: there is no {path}"));
    }
    let has = |page: &Markdown| page.anchors.iter().any(|found| found == anchor);
    let is_dead = !anchor.is_empty() && !pages.get(&path).is_some_and(has);
    is_dead.then(|| format!("the link to {target} leads nowhere: {path} has no heading #{anchor}"))
}

/// A path without `..`.
fn normal(path: &Path) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.to_str().unwrap_or_default().split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// Pages below `docs` that the summary does not list.
fn unlisted(root: &Path) -> Result<Vec<String>> {
    let docs = root.join("docs");
    let summary = read(&docs.join("SUMMARY.md"))?;
    let listed: BTreeSet<String> =
        Markdown::read(&summary).links.into_iter().map(|(_, target)| target).collect();
    let unlisted =
        files(&docs, &["md"])?.into_iter().filter(|name| name != "SUMMARY.md" && !listed.contains(name));
    Ok(unlisted.map(|name| format!("docs/{name}: is not listed in docs/SUMMARY.md")).collect())
}

/// What is missing of a shell block's word about how it is run.
fn unrun(block: &Block, tests: &Tests) -> Vec<String> {
    let commands = block.commands();
    let xtask = |command: &String| command.split_whitespace().take(2).eq(["cargo", "xtask"]);
    let mut faults: Vec<String> = commands
        .iter()
        .filter(|command| xtask(command))
        .filter_map(|command| unknown_task(command))
        .collect();
    let comment = block.comment.as_deref().unwrap_or_default();
    match comment.split_once(": ").map(|(word, rest)| (word, rest.trim())) {
        // `crates/cli/tests/docs.rs` runs these, and fails when there is one it does not know.
        Some(("run", scenario)) if !scenario.is_empty() => {}
        Some(("not run here", why)) if !why.is_empty() => {}
        Some(("run by", test)) => faults.extend(tests.missing(test)),
        _ if !commands.is_empty() && commands.iter().all(xtask) => {}
        _ => faults.push(
            "nothing says how these commands are run: write `<!-- run: SCENARIO -->`, `<!-- run by: TEST -->` or \
             `<!-- not run here: WHY -->` before the block"
                .to_owned(),
        ),
    }
    faults
}

/// What CI runs that is no task, or that it runs none.
fn unknown_in_ci(root: &Path) -> Result<Vec<String>> {
    let script = read(&root.join(".ci/run"))?;
    let tasks: Vec<&str> = script.lines().filter(|line| line.starts_with("cargo xtask ")).collect();
    let mut faults: Vec<String> = tasks.iter().filter_map(|task| unknown_task(task)).collect();
    if tasks.is_empty() {
        faults.push("no line begins with `cargo xtask`".to_owned());
    }
    Ok(faults.into_iter().map(|fault| format!(".ci/run: {fault}")).collect())
}

/// Why `cargo xtask …` is no command of ours.
fn unknown_task(command: &str) -> Option<String> {
    let words = command.split('#').next().unwrap_or_default().split_whitespace().skip(2);
    let parsed = Cli::try_parse_from(["cargo xtask"].into_iter().chain(words));
    let error = parsed.err().filter(clap::Error::use_stderr)?;
    Some(format!("`{}`: {}", command.trim(), error.to_string().lines().next().unwrap_or_default()))
}

/// The files of tests, and the functions in them.
struct Tests {
    files: Vec<String>,
    functions: BTreeSet<String>,
}

impl Tests {
    fn read(root: &Path) -> Result<Self> {
        let files = files(root, &["rs", "ts", "py", "md", "txt"])?;
        let mut functions = BTreeSet::new();
        for path in files.iter().filter(|path| !path.ends_with(".md") && !path.ends_with(".txt")) {
            let text = read(&root.join(path))?;
            let words: Vec<&str> =
                text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
            let named = words.windows(2).filter(|pair| matches!(pair[0], "fn" | "mod" | "def" | "function"));
            functions.extend(named.map(|pair| pair[1].to_owned()));
        }
        Ok(Self { files, functions })
    }

    /// Why a name in backticks is no test: `file.rs`, `folder/file.rs`, `file::function` or `function_of_many_words`. A name may
    /// be cut with `…`. What is none of these is left alone.
    fn missing(&self, span: &str) -> Option<String> {
        let is_name = |text: &str| text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '…'));
        if span.contains('/') && !span.contains(' ') && !span.contains(['[', '<', '*', '\'']) {
            let path = span.trim_start_matches("../");
            let folder = format!("{}/", path.trim_end_matches('/'));
            let has = |file: &String| {
                file.ends_with(path) || file.contains(&folder) || file.ends_with(&format!("{path}.rs"))
            };
            return (!self.files.iter().any(has)).then(|| format!("there is no test or file `{span}`"));
        }
        if span.ends_with(".rs") && !span.contains(' ') {
            let has = self.files.iter().any(|file| file.rsplit('/').next() == Some(span));
            return (!has).then(|| format!("there is no file `{span}`"));
        }
        let function = span.rsplit("::").next().unwrap_or(span);
        let is_test = is_name(function)
            && function.starts_with(char::is_lowercase)
            && (span.contains("::") || function.matches('_').count() >= 3);
        if !is_test || !is_name(&span.replace("::", "")) {
            return None;
        }
        let matches = |found: &String| match function.split_once('…') {
            Some((begin, end)) => found.starts_with(begin) && found.ends_with(end),
            None => found == function,
        };
        (!self.functions.iter().any(matches)).then(|| format!("there is no test `{span}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(comment: Option<&str>, line: &str) -> Block {
        let comment = comment.map(str::to_owned);
        Block { line: 1, language: "sh".into(), comment, lines: vec![line.to_owned()] }
    }

    fn some_tests() -> Tests {
        let functions = BTreeSet::from(["pays_the_node_and_its_client".to_owned()]);
        Tests { files: vec!["tests/tests/jobs/list.rs".to_owned()], functions }
    }

    #[test]
    fn a_command_must_say_how_it_is_run() {
        let tests = some_tests();
        assert_eq!(unrun(&block(None, "grid init"), &tests).len(), 1);
        assert_eq!(unrun(&block(Some("not run here:"), "grid init"), &tests).len(), 1);
        assert!(unrun(&block(Some("not run here: takes a GPU"), "grid init"), &tests).is_empty());
        assert!(unrun(&block(Some("run: newcomer one"), "grid init"), &tests).is_empty());
        assert!(unrun(&block(Some("run by: jobs/list.rs"), "grid init"), &tests).is_empty());
        assert_eq!(unrun(&block(Some("run by: jobs/lost.rs"), "grid init"), &tests).len(), 1);
    }

    #[test]
    fn a_task_must_parse() {
        let tests = some_tests();
        assert!(unrun(&block(None, "cargo xtask test --package grid-tests"), &tests).is_empty());
        assert_eq!(unrun(&block(None, "cargo xtask tests"), &tests).len(), 1);
        assert_eq!(unrun(&block(None, "cargo xtask lint --fast"), &tests).len(), 1);
    }

    #[test]
    fn a_test_that_is_named_must_be_there() {
        let tests = some_tests();
        for name in [
            "jobs/list.rs",
            "list.rs",
            "list::pays_the_node_and_its_client",
            "pays_the_…_client",
            "u64::MAX",
            "tests/tests/jobs",
        ] {
            assert_eq!(tests.missing(name), None, "{name}");
        }
        for name in [
            "jobs/lost.rs",
            "lost.rs",
            "list::pays_nobody",
            "pays_the_client_and_its_node",
            "tests/tests/job",
        ] {
            assert!(tests.missing(name).is_some(), "{name}");
        }
    }

    #[test]
    fn paths_lose_their_dots() {
        assert_eq!(normal(Path::new("docs/../tests/./src")), "tests/src");
    }
}
