//! `grid config`: the configuration file, and what holds.

use crate::{
    config::ConfigFile,
    exit::{Exit, usage},
    facts::Facts,
    output::Output,
    paths::Paths,
    settings::{Options, Settings, Source, endpoint},
};
use anyhow::{Context, Result};
use clap::Subcommand;
use serde_json::json;
use std::path::PathBuf;

#[derive(Subcommand)]
pub enum Command {
    /// Read a configuration file and say what is wrong with it
    #[command(after_help = "Example: grid config check my-config.toml")]
    Check {
        /// The file [default: the one that holds]
        file: Option<PathBuf>,
    },
    /// Show what holds, and where each value comes from
    #[command(after_help = "Example: grid config show")]
    Show,
    /// Print where the configuration file is
    #[command(after_help = "Example: grid config path")]
    Path,
}

pub fn run(command: &Command, options: &Options) -> Result<Exit> {
    let (out, paths) = (Output { json: options.json }, Paths::from_environment());
    let path = options.config.clone().unwrap_or_else(|| paths.config_file());
    match command {
        Command::Check { file } => {
            let path = file.clone().unwrap_or(path);
            check(&path)?;
            let facts = Facts::new().text("config", path.display()).text("state", "valid");
            out.facts(&facts);
        }
        Command::Show => show(&out, &Settings::resolve(options, paths)?),
        Command::Path => {
            out.print(&json!({ "config": path.display().to_string() }), &format!("{}\n", path.display()));
        }
    }
    Ok(Exit::Success)
}

/// Reads a file, and what can be wrong with its values.
fn check(path: &std::path::Path) -> Result<()> {
    let file = ConfigFile::find(path)?.ok_or_else(|| {
        usage(format!("there is no configuration file {}: `grid init` makes one", path.display()))
    })?;
    for url in &file.urls {
        endpoint(url).with_context(|| format!("the configuration {}: urls", path.display()))?;
    }
    Ok(())
}

fn show(out: &Output, settings: &Settings) {
    let row = |name: &str, value: String, source: Source| {
        Facts::new().text("setting", name).text("value", value).text("from", source.name())
    };
    let file = |value: Option<String>| match value {
        Some(value) => (value, Source::File),
        None => ("-".to_owned(), Source::Default),
    };
    let (mint, market) = (settings.mint.map(|a| a.to_string()), settings.market.map(|a| a.to_string()));
    let ((mint, mint_from), (market, market_from)) = (file(mint), file(market));
    let (node, node_from) = file(settings.node.as_ref().map(|_| "configured".to_owned()));
    let there = if settings.has_config { "" } else { " (not there)" };
    let rows = [
        row("config", format!("{}{there}", settings.config.value.display()), settings.config.source),
        row("urls", settings.urls.value.join(", "), settings.urls.source),
        row("keypair", settings.keypair.value.display().to_string(), settings.keypair.source),
        row("store", settings.store.value.display().to_string(), settings.store.source),
        row("mint", mint, mint_from),
        row("market", market, market_from),
        row("node", node, node_from),
    ];
    out.list("settings", &rows, "");
}
