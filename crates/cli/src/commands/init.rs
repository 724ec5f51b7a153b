//! `grid init`: a key, a configuration file, and a look at whether all is well. Again changes nothing.

use crate::{
    commands::doctor::{self, Scope},
    config::render,
    exit::Exit,
    keys,
    output::Output,
    paths::Paths,
    session::Session,
    settings::{Options, Settings},
};
use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use solana_signer::Signer;
use std::{fs::OpenOptions, io::Write, path::Path};

#[derive(Args)]
pub struct InitOptions {
    /// Do not look at the chain and the machine afterwards
    #[arg(long)]
    no_doctor: bool,
}

pub async fn run(init: &InitOptions, options: &Options) -> Result<Exit> {
    let (out, paths) = (Output { json: options.json }, Paths::from_environment());
    let config = options.config.clone().unwrap_or_else(|| paths.config_file());
    // A file that is named and not there is what this command makes.
    let settings = match config.exists() {
        true => Settings::resolve(options, paths)?,
        false => Settings::resolve(&Options { config: None, ..options.clone() }, paths)?,
    };
    let path = &settings.keypair.value;
    let had_key = path.exists();
    let key = if had_key { keys::read(path)? } else { keys::create(path)? };
    let had_config = config.exists();
    if !had_config {
        let urls = if options.url.is_empty() { vec!["localhost".to_owned()] } else { options.url.clone() };
        write(&config, &render(&urls, path))?;
    }
    let words = |was_there| if was_there { "was there" } else { "written" };
    let json = json!({
        "type": "init",
        "key": key.pubkey().to_string(),
        "keypair": path.display().to_string(),
        "keypair_created": !had_key,
        "config": config.display().to_string(),
        "config_created": !had_config,
    });
    let text = format!(
        "key     {} in {}, {}\nconfig  {}, {}\n",
        key.pubkey(),
        path.display(),
        words(had_key),
        config.display(),
        words(had_config)
    );
    out.print(&json, &text);
    if !had_key {
        out.note("Keep a copy of the key file: what it owns is lost without it.");
    }
    if init.no_doctor {
        return Ok(Exit::Success);
    }
    let options = Options { config: Some(config), ..options.clone() };
    doctor::run(&Session::open(&options)?, Scope::All).await?;
    // What the doctor found is no fault of the files that were made.
    Ok(Exit::Success)
}

fn write(path: &Path, text: &str) -> Result<()> {
    let write = || {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().with_context(|| format!("writing the configuration {}", path.display()))
}
