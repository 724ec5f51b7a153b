//! `grid attest`: who vouches for a node's benchmark.

use crate::{
    commands::device::node_record,
    exit::{Exit, usage},
    facts::{Fact, Facts},
    session::{Session, still_there},
    time::parse_duration,
    transfer::Peer,
};
use anchor_lang::Discriminator;
use anyhow::{Context, Result, ensure};
use clap::Subcommand;
use grid_client::{
    Filter,
    account::Attestation,
    chain::{self, fetch},
    nodes,
    query::find_all,
};
use grid_executor::{BenchClass, ContentSource, Digest, ResultDocument, result::MAX_RESULT_BYTES};
use grid_node::registration::benchmark_job;
use grid_nodes::{Measured, text};
use solana_address::Address;
use std::mem::offset_of;

#[derive(Subcommand)]
pub enum Command {
    /// Attest a benchmark: fetches its result from the node, hashes it, reads the score
    #[command(
        after_help = "Example: grid attest make 9aE476sH92Vz7DMPyq5WLPkrKWivxeuTKEFKd2sZZcde --class 1 \
                            --collection 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU --for 30d \
                            --result ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )]
    Make {
        /// The node's key
        node: Address,
        /// Mint of the collection for which it holds
        #[arg(long, value_name = "ADDRESS")]
        collection: Address,
        /// Benchmark class
        #[arg(long)]
        class: u16,
        /// SHA-256 of the benchmark's result
        #[arg(long, value_name = "DIGEST")]
        result: Digest,
        /// How long it holds, at most 366d
        #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration, default_value = "30d")]
        duration: u32,
    },
    /// Take an attestation back; the collection's attestor signs
    #[command(
        after_help = "Example: grid attest revoke 9aE476sH92Vz7DMPyq5WLPkrKWivxeuTKEFKd2sZZcde --class 1 \
                            --collection 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU"
    )]
    Revoke {
        /// The node's key
        node: Address,
        /// Mint of the collection
        #[arg(long, value_name = "ADDRESS")]
        collection: Address,
        /// Benchmark class
        #[arg(long)]
        class: u16,
    },
    /// Close an attestation that has expired; its rent goes to who paid it. Anyone may
    #[command(
        after_help = "Example: grid attest close 9aE476sH92Vz7DMPyq5WLPkrKWivxeuTKEFKd2sZZcde --class 1 \
                            --collection 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU"
    )]
    Close {
        /// The node's key
        node: Address,
        /// Mint of the collection
        #[arg(long, value_name = "ADDRESS")]
        collection: Address,
        /// Benchmark class
        #[arg(long)]
        class: u16,
    },
    /// List a node's attestations
    #[command(after_help = "Example: grid attest list 9aE476sH92Vz7DMPyq5WLPkrKWivxeuTKEFKd2sZZcde")]
    List {
        /// The node's key [default: this key]
        node: Option<Address>,
    },
}

pub async fn run(command: Command, session: &Session) -> Result<Exit> {
    match command {
        Command::Make { node, collection, class, result, duration } => {
            make(session, node, collection, class, result, duration).await?;
        }
        Command::Revoke { node, collection, class } => {
            let address = nodes::attestation_address(&collection, &node, class).0;
            let found: Attestation = fetch(session.chain.as_ref(), "attestation", &address).await?;
            let revoke = nodes::revoke_attestation(session.me()?, &collection, address, found.payer);
            let wanted = vec![still_there(address, Attestation::DISCRIMINATOR)];
            let landed = session.send_while(address, "revoke_attestation", vec![revoke], wanted).await?;
            let facts = Facts::new().address("attestation", address).address("node", node);
            session.out.landed(&facts, &[landed], None);
        }
        Command::Close { node, collection, class } => {
            let address = nodes::attestation_address(&collection, &node, class).0;
            let found: Attestation = fetch(session.chain.as_ref(), "attestation", &address).await?;
            let close = nodes::close_attestation(address, found.payer);
            let wanted = vec![still_there(address, Attestation::DISCRIMINATOR)];
            let landed = session.send_while(address, "close_attestation", vec![close], wanted).await?;
            let facts = Facts::new().address("attestation", address).address("node", node);
            session.out.landed(&facts, &[landed], None);
        }
        Command::List { node } => {
            let node = match node {
                Some(node) => node,
                None => session.me()?,
            };
            let of_node = Filter::field(offset_of!(Attestation, node), node);
            let row = |(address, found): &(Address, Attestation)| {
                Facts::new()
                    .address("attestation", *address)
                    .address("collection", found.collection)
                    .text("score", crate::describe::score(found.class.get(), found.score.get()))
                    .with("expires_at", Fact::Time(found.expires_at.get()))
                    .address("attestor", found.attestor)
            };
            let rows: Vec<Facts> =
                find_all(session.chain.as_ref(), [of_node]).await?.iter().map(row).collect();
            session.out.list("attestations", &rows, "The node has no attestation.");
        }
    }
    Ok(Exit::Success)
}

/// The document tells what the node's machine said. That it ran there, the attestor has to know otherwise.
async fn make(
    session: &Session,
    node: Address,
    collection: Address,
    class: u16,
    result: Digest,
    duration: u32,
) -> Result<()> {
    let class = BenchClass::from_number(class)
        .ok_or_else(|| usage(format!("--class {class}: there is no such benchmark class")))?;
    let record = node_record(session, &node).await?;
    let record = record.with_context(|| format!("{node} is not registered"))?;
    let endpoint = text::read(&record.endpoint);
    ensure!(!endpoint.is_empty(), "node {node} says no endpoint, so its result can't be fetched");
    let peer = Peer::new(endpoint, node, session.key()?.clone())?;
    let bytes =
        peer.content().get(result, MAX_RESULT_BYTES as u64).await.context("the benchmark's result")?;
    let document = ResultDocument::parse_expecting(&bytes, result).context("the benchmark's result")?;
    let hardware_slot = record.hardware_slot.get();
    let score =
        class.score(&benchmark_job(&node, hardware_slot), &document).context("the benchmark's result")?;
    let now = chain::clock(session.chain.as_ref()).await?.unix_timestamp;
    let measured = Measured {
        class: class.number(),
        score,
        result: result.0,
        expires_at: now.saturating_add(duration.into()),
        hardware_slot,
    };
    let attest = nodes::attest(session.me()?, &collection, &node, &measured);
    let address = nodes::attestation_address(&collection, &node, class.number()).0;
    let landed = session.send(address, "attest", vec![attest]).await?;
    let facts = Facts::new()
        .address("attestation", address)
        .address("node", node)
        .number("score", score)
        .text("unit", class.unit())
        .with("expires_at", Fact::Time(measured.expires_at));
    session.out.landed(&facts, &[landed], None);
    Ok(())
}
