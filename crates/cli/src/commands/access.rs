//! `grid access`: collections of access NFTs, and who gets one.

use crate::{
    exit::Exit,
    facts::{Fact, Facts},
    session::{Session, still_there},
};
use anchor_lang::Discriminator;
use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use grid_client::{
    Filter,
    account::{Access, Collection},
    chain::{fetch, find},
    nodes::{self, Label, NFT_COMPUTE_UNITS},
    query::find_all,
};
use grid_nodes::CollectionRole;
use solana_address::Address;
use std::mem::offset_of;

#[derive(Subcommand)]
pub enum Command {
    /// Make a collection; this key becomes its authority and attestor
    #[command(after_help = "Example: grid access create --name Example --symbol EX --id 0")]
    Create {
        #[command(flatten)]
        label: LabelOptions,
        /// Number of the collection among yours
        #[arg(long, default_value_t = 0)]
        id: u64,
    },
    /// Enter a collection that was made elsewhere; the update authority of its metadata signs
    #[command(after_help = "Example: grid access adopt 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    Adopt {
        /// Mint of the collection
        collection: Address,
    },
    /// Show a collection, and whom its NFTs were issued to
    #[command(after_help = "Example: grid access show 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    Show {
        /// Mint of the collection
        collection: Address,
    },
    /// Issue an access NFT to a registered node
    #[command(after_help = "Example: grid access issue 9aE476sH92Vz7DMPyq5WLPkrKWivxeuTKEFKd2sZZcde \
                            --collection 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU --name Node")]
    Issue {
        /// The node's key
        node: Address,
        /// Mint of the collection
        #[arg(long, value_name = "ADDRESS")]
        collection: Address,
        /// Number of the NFT in the collection [default: the next free one]
        #[arg(long)]
        index: Option<u64>,
        #[command(flatten)]
        label: LabelOptions,
    },
    /// Take an access NFT out of its collection
    #[command(after_help = "Example: grid access revoke 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    Revoke {
        /// Mint of the NFT
        nft: Address,
    },
    /// Offer a role of a collection
    #[command(
        after_help = "Example: grid access propose-role 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU attestor \
                            --to 9aE476sH92Vz7DMPyq5WLPkrKWivxeuTKEFKd2sZZcde"
    )]
    ProposeRole {
        /// Mint of the collection
        collection: Address,
        /// The role
        role: Role,
        /// Whom to offer it to
        #[arg(long, value_name = "ADDRESS")]
        to: Address,
    },
    /// Take over a role that was offered to this key
    #[command(
        after_help = "Example: grid access accept-role 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU attestor"
    )]
    AcceptRole {
        /// Mint of the collection
        collection: Address,
        /// The role
        role: Role,
    },
}

/// What an NFT shows of itself.
#[derive(Debug, Clone, Args)]
pub struct LabelOptions {
    /// Name, at most 32 bytes
    #[arg(long)]
    name: String,
    /// Symbol, at most 10 bytes
    #[arg(long, default_value = "")]
    symbol: String,
    /// URI of its description
    #[arg(long, default_value = "")]
    uri: String,
}

impl From<LabelOptions> for Label {
    fn from(LabelOptions { name, symbol, uri }: LabelOptions) -> Self {
        Self { name, symbol, uri }
    }
}

/// A role of a collection.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Role {
    /// Issues and revokes access NFTs, offers both roles
    Authority,
    /// Attests benchmarks
    Attestor,
}

impl From<Role> for CollectionRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Authority => Self::Authority,
            Role::Attestor => Self::Attestor,
        }
    }
}

pub async fn run(command: Command, session: &Session) -> Result<Exit> {
    let limit = || nodes::compute_limit(NFT_COMPUTE_UNITS);
    let (facts, landed) = match command {
        Command::Create { label, id } => {
            let me = session.me()?;
            let mint = nodes::collection_mint_address(&me, id).0;
            let create = nodes::create_collection(me, id, label.into());
            let landed = session.send(mint, "create_collection", vec![limit(), create]).await?;
            (Facts::new().address("collection", mint), landed)
        }
        Command::Adopt { collection } => {
            let adopt = nodes::adopt_collection(session.me()?, collection);
            let landed = session.send(collection, "adopt_collection", vec![adopt]).await?;
            (Facts::new().address("collection", collection), landed)
        }
        Command::Show { collection } => {
            show(session, collection).await?;
            return Ok(Exit::Success);
        }
        Command::Issue { node, collection, index, label } => {
            let index = match index {
                Some(index) => index,
                None => next_index(session, &collection).await?,
            };
            let nft = nodes::access_mint_address(&collection, index).0;
            let issue = nodes::issue_access(session.me()?, &collection, node, index, label.into());
            let landed = session.send(nft, "issue_access", vec![limit(), issue]).await?;
            let facts = Facts::new()
                .address("nft", nft)
                .number("index", index)
                .address("node", node)
                .address("collection", collection);
            (facts, landed)
        }
        Command::Revoke { nft } => {
            let record = nodes::access_address(&nft).0;
            let access: Access = fetch(session.chain.as_ref(), "record of the access NFT", &record).await?;
            let revoke = nodes::revoke_access(session.me()?, &access.collection, &nft, access.payer);
            let wanted = vec![still_there(record, Access::DISCRIMINATOR)];
            let landed = session.send_while(nft, "revoke_access", vec![revoke], wanted).await?;
            (Facts::new().address("nft", nft).address("collection", access.collection), landed)
        }
        Command::ProposeRole { collection, role, to } => {
            let propose = nodes::propose_collection_role(session.me()?, &collection, role.into(), to);
            let landed = session.send(collection, "propose_collection_role", vec![propose]).await?;
            (Facts::new().address("collection", collection).address("offered_to", to), landed)
        }
        Command::AcceptRole { collection, role } => {
            let accept = nodes::accept_collection_role(session.me()?, &collection, role.into());
            let landed = session.send(collection, "accept_collection_role", vec![accept]).await?;
            (Facts::new().address("collection", collection), landed)
        }
    };
    session.out.landed(&facts, &[landed], None);
    Ok(Exit::Success)
}

/// The first number whose NFT was never issued. Numbers are looked up in doubling steps, then halved: they are given in order.
async fn next_index(session: &Session, collection: &Address) -> Result<u64> {
    let chain = session.chain.as_ref();
    let is_taken = async |index| -> Result<bool> {
        let mint = nodes::access_mint_address(collection, index).0;
        Ok(grid_client::chain::account(chain, &mint).await?.is_some())
    };
    let (mut free, mut taken) = (0_u64, None);
    while is_taken(free).await? {
        taken = Some(free);
        free = free * 2 + 1;
    }
    let mut least = taken.map_or(0, |taken| taken + 1);
    while least < free {
        let middle = least + (free - least) / 2;
        match is_taken(middle).await? {
            true => least = middle + 1,
            false => free = middle,
        }
    }
    Ok(free)
}

async fn show(session: &Session, collection: Address) -> Result<()> {
    let chain = session.chain.as_ref();
    let record: Option<Collection> = find(chain, &nodes::collection_address(&collection).0).await?;
    let record = record.ok_or_else(|| {
        anyhow::anyhow!("no collection {collection} is entered: `grid access create` or `adopt`")
    })?;
    let of_collection = Filter::field(offset_of!(Access, collection), collection);
    let issued: Vec<(Address, Access)> = find_all(chain, [of_collection]).await?;
    let facts = Facts::new()
        .address("collection", collection)
        .with("made_here", Fact::Flag(record.is_ours == 1))
        .address("authority", record.authority)
        .address("authority_offered_to", record.pending_authority)
        .address("attestor", record.attestor)
        .address("attestor_offered_to", record.pending_attestor)
        .number("issued", issued.len() as u64);
    let row = |(_, access): &(Address, Access)| {
        Facts::new()
            .address("nft", access.mint)
            .address("node", access.node)
            .with("issued_at", Fact::Time(access.issued_at.get()))
    };
    let rows: Vec<Facts> = issued.iter().map(row).collect();
    let mut json = facts.to_json();
    json.insert("nfts".into(), rows.iter().map(|row| serde_json::Value::from(row.to_json())).collect());
    session.out.print(&json.into(), &format!("{}{}", facts.to_text(), crate::facts::table(&rows)));
    Ok(())
}
