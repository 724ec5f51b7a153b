//! `grid node status`: what the node does, live.

mod read;
mod view;

use crate::{exit::Exit, output::say, session::Session};
use anyhow::{Context, Result};
use clap::Args;
use ratatui::{
    DefaultTerminal,
    crossterm::event::{self, Event, KeyCode, KeyModifiers},
};
use solana_address::Address;
use std::{io::IsTerminal, time::Duration};

/// Time between two looks.
const LOOK: Duration = Duration::from_secs(2);
/// Longest wait for a key before the terminal is asked again.
const KEY_WAIT: Duration = Duration::from_millis(100);

#[derive(Debug, Args)]
pub struct Options {
    /// The node's key [default: this key]
    #[arg(long, value_name = "ADDRESS")]
    node: Option<Address>,
    /// Where the node tells its operator how it is
    #[arg(long, value_name = "URL", env = "GRID_NODE_API", default_value = "http://127.0.0.1:8471")]
    api: String,
    /// What that address asks for
    #[arg(long, value_name = "TOKEN", env = "GRID_NODE_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Print once, as text
    #[arg(long)]
    once: bool,
}

pub async fn run(session: &Session, options: &Options) -> Result<Exit> {
    let node = match options.node {
        Some(node) => node,
        None => session.me()?,
    };
    let reader = read::Reader::new(session, node, &options.api, options.token.clone())?;
    let status = reader.read().await?;
    if session.out.json {
        say(&format!("{}\n", status.to_json()));
        return Ok(Exit::Success);
    }
    if options.once || !std::io::stdout().is_terminal() {
        say(&view::to_text(&status));
        return Ok(Exit::Success);
    }
    let mut terminal = ratatui::try_init().context("the terminal")?;
    let shown = live(&mut terminal, &reader, status).await;
    ratatui::restore();
    shown?;
    Ok(Exit::Success)
}

/// Shows the status until `q`, Esc or Ctrl-C. What can't be read now stays as it was, with the reason.
async fn live(
    terminal: &mut DefaultTerminal,
    reader: &read::Reader<'_>,
    mut status: view::Status,
) -> Result<()> {
    loop {
        terminal.draw(|frame| view::draw(frame, &status))?;
        let began = tokio::time::Instant::now();
        while began.elapsed() < LOOK {
            if tokio::task::spawn_blocking(is_quit).await?? {
                return Ok(());
            }
        }
        match reader.read().await {
            Ok(new) => status = new,
            Err(error) => status.trouble = Some(format!("{error:#}")),
        }
    }
}

fn is_quit() -> Result<bool> {
    if !event::poll(KEY_WAIT)? {
        return Ok(false);
    }
    let Event::Key(key) = event::read()? else { return Ok(false) };
    let is_ctrl_c = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    Ok(is_ctrl_c || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc))
}
