//! The book, from a copy of the pages.
//!
//! mdBook's own link checks know only the book's folder, so what leads out of it is turned to the repository; and the
//! script that draws the diagrams is put beside the pages, so that the book needs no network to be read.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result};

use crate::{
    context::Context,
    process, stamp,
    toolchain::installed::{MDBOOK, MDBOOK_MERMAID},
};

/// Builds the book to `target/book`.
pub fn build(context: &Context) -> Result<()> {
    let root = &context.workspace.root;
    let mdbook = MDBOOK.install(&context.cache)?;
    let mermaid = MDBOOK_MERMAID.install(&context.cache)?;
    let stage = root.join("target/book-source");
    stamp::remove_folder(&stage)?;
    let settings = read(&root.join("book.toml"))?;
    let repository = repository(&settings).context("book.toml names no git-repository-url")?.to_owned();
    stamp::write(&stage.join("book.toml"), &settings)?;
    let docs = root.join("docs");
    for entry in fs::read_dir(&docs).with_context(|| format!("cannot list {}", docs.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            let name = path.file_name().context("a file without a name")?;
            stamp::write(&stage.join("docs").join(name), &turned(&read(&path)?, &repository))?;
        }
    }
    process::quiet(Command::new(&mermaid).arg("install").arg(&stage))?;
    let book = root.join("target/book");
    stamp::remove_folder(&book)?;
    let mut command = Command::new(mdbook);
    command.arg("build").arg(&stage).arg("--dest-dir").arg(&book);
    process::run(
        "book",
        command.env("PATH", with_first(mermaid.parent().context("a binary lies in a folder")?)?),
    )?;
    println!("the book: {}", book.join("index.html").display());
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The PATH with a folder first: mdBook looks for its preprocessors there.
fn with_first(folder: &Path) -> Result<std::ffi::OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&path));
    std::env::join_paths(folders).context("a folder on the PATH has a colon in its name")
}

/// The repository's address.
fn repository(settings: &str) -> Option<&str> {
    let line = settings.lines().find_map(|line| line.strip_prefix("git-repository-url = \""))?;
    line.strip_suffix('"')
}

/// A page whose links out of the book lead to the repository.
fn turned(page: &str, repository: &str) -> String {
    page.replace("](../", &format!("]({repository}/blob/main/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_out_of_the_book_lead_to_the_repository() {
        let settings = "[output.html]\ngit-repository-url = \"https://example.org/grid\"\n";
        let page = turned("[a](b.md) [c](../tests/d.rs)", repository(settings).unwrap());
        assert_eq!(page, "[a](b.md) [c](https://example.org/grid/blob/main/tests/d.rs)");
    }
}
