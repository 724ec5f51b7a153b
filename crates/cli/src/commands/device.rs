//! `grid device`: a node's devices in markets, their bonds and earnings.

use crate::{
    exit::{Exit, usage},
    facts::{Fact, Facts},
    mint::MintInfo,
    session::{Session, still, still_there},
};
use anchor_lang::Discriminator;
use anyhow::{Context, Result, bail, ensure};
use clap::Subcommand;
use grid_client::{
    Filter,
    account::{Access, Device, DevicePhase, Job, device_phase},
    address,
    chain::{self, fetch, fetch_market, find, job_assigned_to},
    instruction, nodes,
    query::find_all,
    token,
};
use grid_jobs::{AccessRule, DeviceState, Market};
use grid_onchain::metadata;
use solana_address::Address;
use solana_instruction::Instruction;
use std::{mem::offset_of, sync::Arc};

#[derive(Subcommand)]
pub enum Command {
    /// List a node's devices
    #[command(after_help = "Example: grid device list")]
    List {
        /// The node's key [default: this key]
        #[arg(long, value_name = "ADDRESS")]
        node: Option<Address>,
    },
    /// Show a device
    #[command(after_help = "Example: grid device show 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    Show {
        /// The device
        device: Address,
    },
    /// Open a device in a market: one GPU, or the CPU
    #[command(
        after_help = "Example: grid device open --market 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU --index 0 --bond"
    )]
    Open {
        /// The market
        #[arg(long, value_name = "ADDRESS", env = "GRID_MARKET")]
        market: Option<Address>,
        /// Number of the device among the node's in the market
        #[arg(long, default_value_t = 0)]
        index: u32,
        /// Owner of the token account that earnings and bond go to [default: this key]
        #[arg(long, value_name = "ADDRESS")]
        payee: Option<Address>,
        /// Pay the bond that the market asks for, too
        #[arg(long)]
        bond: bool,
    },
    /// Take a device that waits out of its market's queue
    #[command(after_help = "Example: grid device leave 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    Leave {
        /// The device
        device: Address,
    },
    /// Move a device to another market: leaves the queue, pays out, closes it, opens it there
    #[command(after_help = "Example: grid device move 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU \
                            --to 9aE476sH92Vz7DMPyq5WLPkrKWivxeuTKEFKd2sZZcde --bond")]
    Move {
        /// The device
        device: Address,
        /// The other market
        #[arg(long, value_name = "MARKET")]
        to: Address,
        /// Number of the device there [default: the same]
        #[arg(long)]
        index: Option<u32>,
        /// Pay the bond that the other market asks for, too
        #[arg(long)]
        bond: bool,
    },
    /// A device's bond
    #[command(subcommand)]
    Bond(BondCommand),
    /// Pay out a device's earnings to its payee; anyone may
    #[command(after_help = "Example: grid device withdraw 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    Withdraw {
        /// The device
        device: Address,
    },
    /// Back a device with its node's access NFT
    #[command(after_help = "Example: grid device admit 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    Admit {
        /// The device
        device: Address,
        /// Mint of the NFT [default: the one issued to this node in the market's collection]
        #[arg(long, value_name = "ADDRESS")]
        nft: Option<Address>,
    },
    /// End what an access NFT did for a device
    #[command(after_help = "Example: grid device dismiss 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    Dismiss {
        /// The device
        device: Address,
        /// Another token account that holds the NFT now: then anyone may dismiss it
        #[arg(long, value_name = "ADDRESS")]
        holder: Option<Address>,
        /// The NFT is not in the market's collection any more: then anyone may dismiss it
        #[arg(long, conflicts_with = "holder")]
        lapsed: bool,
    },
    /// Name another payee; the payee signs
    #[command(after_help = "Example: grid device set-payee 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU \
                            9aE476sH92Vz7DMPyq5WLPkrKWivxeuTKEFKd2sZZcde")]
    SetPayee {
        /// The device
        device: Address,
        /// The new payee
        payee: Address,
    },
    /// Hand a matched job back, or give up a run, for a worker that can't; it may cost a strike
    #[command(after_help = "Example: grid device give-up 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    GiveUp {
        /// The device
        device: Address,
    },
    /// Give notice to a device that waits or is idle: after 30 days anyone may send its deposits home
    #[command(after_help = "Example: grid device notify 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    Notify {
        /// The device
        device: Address,
    },
    /// Close an idle, empty device; its rent goes to the node
    #[command(
        after_help = "Example: grid device close 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU --pay-out"
    )]
    Close {
        /// The device
        device: Address,
        /// Pay out bond and earnings first
        #[arg(long)]
        pay_out: bool,
    },
}

#[derive(Subcommand)]
pub enum BondCommand {
    /// Add tokens to a device's bond; anyone may pay
    #[command(after_help = "Example: grid device bond fund 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU 2")]
    Fund {
        /// The device
        device: Address,
        /// Tokens
        amount: String,
    },
    /// Take tokens out of an idle device's bond, to its payee
    #[command(
        after_help = "Example: grid device bond withdraw 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU all"
    )]
    Withdraw {
        /// The device
        device: Address,
        /// Tokens, or `all`
        amount: String,
    },
}

pub async fn run(command: Command, session: &Session) -> Result<Exit> {
    match command {
        Command::List { node } => list(session, node).await?,
        Command::Show { device } => show(session, &device).await?,
        Command::Open { market, index, payee, bond } => {
            let market = session.market_or_default(market)?;
            let (address, mint, instructions) = open_in(session, market, index, payee, bond).await?;
            let landed = session.send(address, "open_device", instructions).await?;
            let facts = Facts::new().address("device", address).address("market", market);
            session.out.landed(&facts, &[landed], Some(&mint));
        }
        Command::Leave { device } => {
            let (found, _) = read(session, &device).await?;
            let leave = instruction::leave(session.me()?, device, found.market);
            simple(session, device, "leave", leave, None).await?;
        }
        Command::Move { device, to, index, bond } => move_to(session, device, to, index, bond).await?,
        Command::Bond(BondCommand::Fund { device, amount }) => {
            let (_, mint) = read(session, &device).await?;
            let fund = fund(session.me()?, device, &mint, mint.parse_positive(&amount)?);
            simple(session, device, "fund_bond", fund, Some(&mint)).await?;
        }
        Command::Bond(BondCommand::Withdraw { device, amount }) => {
            let (found, mint) = read(session, &device).await?;
            let atoms = mint.parse_or_all(&amount, found.bond_atoms.get())?;
            let instructions = withdraw_bond(session.me()?, device, &found, &mint, atoms);
            let landed = session.send(device, "withdraw_bond", instructions).await?;
            session.out.landed(&Facts::new().address("device", device), &[landed], Some(&mint));
        }
        Command::Withdraw { device } => {
            let (found, mint) = read(session, &device).await?;
            ensure!(!found.earnings_atoms.is_zero(), "device {device} has no earnings to pay out");
            let instructions = withdraw_earnings(session.me()?, device, &found, &mint);
            let wanted = vec![still(
                device,
                offset_of!(Device, earnings_atoms),
                found.earnings_atoms.get().to_le_bytes(),
            )];
            let landed = session.send_while(device, "withdraw_earnings", instructions, wanted).await?;
            session.out.landed(&Facts::new().address("device", device), &[landed], Some(&mint));
        }
        Command::Admit { device, nft } => admit(session, device, nft).await?,
        Command::Dismiss { device, holder, lapsed } => dismiss(session, device, holder, lapsed).await?,
        Command::SetPayee { device, payee } => {
            let set = instruction::set_payee(session.me()?, device, payee);
            simple(session, device, "set_payee", set, None).await?;
        }
        Command::GiveUp { device } => give_up(session, device).await?,
        Command::Notify { device } => {
            simple(session, device, "notify_device", instruction::notify_device(device), None).await?;
        }
        Command::Close { device, pay_out } => {
            let (found, mint) = read(session, &device).await?;
            let mut instructions = Vec::new();
            if pay_out {
                instructions = empty(session.me()?, device, &found, &mint);
            }
            instructions.push(instruction::close_device(session.me()?, found.node, device));
            let wanted = vec![still_there(device, Device::DISCRIMINATOR)];
            let landed = session.send_while(device, "close_device", instructions, wanted).await?;
            session.out.landed(&Facts::new().address("device", device), &[landed], Some(&mint));
        }
    }
    Ok(Exit::Success)
}

async fn simple(
    session: &Session,
    device: Address,
    kind: &str,
    instruction: Instruction,
    mint: Option<&Arc<MintInfo>>,
) -> Result<()> {
    let landed = session.send(device, kind, vec![instruction]).await?;
    session.out.landed(&Facts::new().address("device", device), &[landed], mint);
    Ok(())
}

async fn read(session: &Session, device: &Address) -> Result<(Device, Arc<MintInfo>)> {
    let found: Device = fetch(session.chain.as_ref(), "device", device).await?;
    let mint = session.mint(&found.mint).await?;
    Ok((found, mint))
}

fn fund(funder: Address, device: Address, mint: &MintInfo, atoms: u64) -> Instruction {
    instruction::fund_bond(funder, address::token_account(&funder, mint.mint), device, mint.mint, atoms)
}

/// Pays earnings to the payee's token account, which `payer` makes where there is none.
pub fn withdraw_earnings(
    payer: Address,
    address: Address,
    device: &Device,
    mint: &MintInfo,
) -> Vec<Instruction> {
    vec![
        token::create_account(payer, device.payee, mint.mint),
        instruction::withdraw_earnings(address, mint.mint, device.payee),
    ]
}

/// Pays some of the bond to the payee's token account, which `signer` makes where there is none.
pub fn withdraw_bond(
    signer: Address,
    address: Address,
    device: &Device,
    mint: &MintInfo,
    atoms: u64,
) -> Vec<Instruction> {
    vec![
        token::create_account(signer, device.payee, mint.mint),
        instruction::withdraw_bond(signer, address, mint.mint, device.payee, atoms),
    ]
}

/// Pays out all that a device holds.
pub fn empty(signer: Address, address: Address, device: &Device, mint: &MintInfo) -> Vec<Instruction> {
    let mut instructions = Vec::new();
    if !device.earnings_atoms.is_zero() {
        instructions.extend(withdraw_earnings(signer, address, device, mint));
    }
    if !device.bond_atoms.is_zero() {
        instructions.extend(withdraw_bond(signer, address, device, mint, device.bond_atoms.get()));
    }
    instructions
}

async fn open_in(
    session: &Session,
    market: Address,
    index: u32,
    payee: Option<Address>,
    bond: bool,
) -> Result<(Address, Arc<MintInfo>, Vec<Instruction>)> {
    let me = session.me()?;
    let header: Market = fetch(session.chain.as_ref(), "market", &market).await?;
    let mint = session.mint(&header.mint).await?;
    let device = address::device(&market, &me, index).0;
    let mut instructions = vec![instruction::open_device(me, market, index, payee.unwrap_or(me))];
    if bond && !header.bond_atoms.is_zero() {
        instructions.push(fund(me, device, &mint, header.bond_atoms.get()));
    }
    Ok((device, mint, instructions))
}

/// One transaction: a device that is closed and not opened again would be neither here nor there.
async fn move_to(
    session: &Session,
    device: Address,
    to: Address,
    index: Option<u32>,
    bond: bool,
) -> Result<()> {
    let me = session.me()?;
    let (found, mint) = read(session, &device).await?;
    ensure!(found.market != to, usage("the device is in that market already"));
    let here = fetch_market(session.chain.as_ref(), &found.market).await?;
    let mut instructions = Vec::new();
    match device_phase(&device, &found, &here) {
        DevicePhase::Idle => {}
        DevicePhase::Queued => instructions.push(instruction::leave(me, device, found.market)),
        _ => bail!("device {device} has a job: it can move when the job is over"),
    }
    if found.access != 0 {
        bail!("an access NFT backs device {device}: first `grid device dismiss {device}`");
    }
    instructions.extend(empty(me, device, &found, &mint));
    instructions.push(instruction::close_device(me, found.node, device));
    let index = index.unwrap_or(found.index.get());
    let (opened, new_mint, open) = open_in(session, to, index, Some(found.payee), bond).await?;
    instructions.extend(open);
    let wanted = vec![still_there(device, Device::DISCRIMINATOR)];
    let landed = session.send_while(device, "move_device", instructions, wanted).await?;
    let facts = Facts::new().address("device", opened).address("before", device).address("market", to);
    session.out.landed(&facts, &[landed], Some(&new_mint));
    Ok(())
}

/// The name of a state.
pub fn phase_name(phase: DevicePhase) -> &'static str {
    match phase {
        DevicePhase::Idle => "idle",
        DevicePhase::Queued => "queued",
        DevicePhase::Assigned | DevicePhase::TakenByJob => "assigned",
        DevicePhase::Running => "running",
    }
}

async fn list(session: &Session, node: Option<Address>) -> Result<()> {
    let chain = session.chain.as_ref();
    let node = match node {
        Some(node) => node,
        None => session.me()?,
    };
    let of_node = Filter::field(offset_of!(Device, node), node);
    let mut devices: Vec<(Address, Device)> = find_all(chain, [of_node]).await?;
    devices.sort_by_key(|(address, device)| (device.market, device.index.get(), *address));
    let mut rows = Vec::new();
    for (address, device) in &devices {
        let mint = session.mint(&device.mint).await?;
        let row = Facts::new()
            .address("device", *address)
            .number("index", device.index.get())
            .text("state", state(session, address, device).await?)
            .address("market", device.market)
            .atoms("earnings", device.earnings_atoms.get(), &mint)
            .atoms("bond", device.bond_atoms.get(), &mint)
            .number("jobs", device.jobs_finished.get())
            .number("strikes", device.strikes.get());
        rows.push(row);
    }
    session.out.list("devices", &rows, "The node has no device: `grid device open` opens one.");
    Ok(())
}

/// What a device does, by its account and its market's. The market may be gone.
async fn state(session: &Session, address: &Address, device: &Device) -> Result<&'static str> {
    let market = chain::account(session.chain.as_ref(), &device.market).await?;
    let Some(account) = market else { return Ok("idle, its market is closed") };
    let market = grid_client::account::MarketView::decode(&device.market, &account)?;
    Ok(phase_name(device_phase(address, device, &market)))
}

async fn show(session: &Session, address: &Address) -> Result<()> {
    let (device, mint) = read(session, address).await?;
    let job = match device.job == Address::default() && device.is(DeviceState::Queued) {
        true => job_assigned_to(session.chain.as_ref(), address).await?.map(|(job, _)| job),
        false => Some(device.job),
    };
    let facts = Facts::new()
        .address("device", *address)
        .text("state", state(session, address, &device).await?)
        .address("job", job.unwrap_or_default())
        .number("index", device.index.get())
        .address("market", device.market)
        .address("node", device.node)
        .address("payee", device.payee)
        .address("mint", device.mint)
        .atoms("earnings", device.earnings_atoms.get(), &mint)
        .atoms("bond", device.bond_atoms.get(), &mint)
        .number("jobs_finished", device.jobs_finished.get())
        .number("strikes", device.strikes.get())
        .with("admitted", Fact::Flag(device.access != 0))
        .with("noticed_at", Fact::Time(device.noticed_at.get()));
    session.out.facts(&facts);
    Ok(())
}

async fn admit(session: &Session, device: Address, nft: Option<Address>) -> Result<()> {
    let (chain, me) = (session.chain.as_ref(), session.me()?);
    let (found, _) = read(session, &device).await?;
    let market: Market = fetch(chain, "market", &found.market).await?;
    let rule = match market.admission.access {
        0 => bail!("market {} asks for no access NFT: the device needs none", found.market),
        access if access == AccessRule::Issued as u8 => AccessRule::Issued,
        _ => AccessRule::Holder,
    };
    let nft = match nft {
        Some(nft) => nft,
        None => issued_to(session, &me, &market.admission.collection).await?,
    };
    let admit = instruction::admit_device(me, device, found.market, &nft, rule);
    let landed = session.send(device, "admit_device", vec![admit]).await?;
    session.out.landed(&Facts::new().address("device", device).address("nft", nft), &[landed], None);
    Ok(())
}

/// The mint of the access NFT that was issued to a node in a collection.
async fn issued_to(session: &Session, node: &Address, collection: &Address) -> Result<Address> {
    let filters = [
        Filter::field(offset_of!(Access, node), node),
        Filter::field(offset_of!(Access, collection), collection),
    ];
    let found: Vec<(Address, Access)> = find_all(session.chain.as_ref(), filters).await?;
    let first = found.first().with_context(|| {
        format!("no access NFT of collection {collection} was issued to {node}: ask the collection's authority, or name one with --nft")
    })?;
    Ok(first.1.mint)
}

async fn dismiss(session: &Session, device: Address, holder: Option<Address>, lapsed: bool) -> Result<()> {
    let (chain, me) = (session.chain.as_ref(), session.me()?);
    let (found, _) = read(session, &device).await?;
    ensure!(found.access != 0, "no access NFT backs device {device}");
    let account = chain::account(chain, &found.access_metadata).await?;
    let nft = account
        .and_then(|account| Some(*metadata::read(&account.data)?.mint))
        .with_context(|| format!("the NFT's metadata {} can't be read", found.access_metadata))?;
    let market: Option<Market> = find(chain, &found.market).await?;
    let dismiss = match (holder, market) {
        (Some(holder), _) => {
            instruction::dismiss_moved_device(me, found.node, device, found.market, &nft, holder)
        }
        (None, Some(_)) if lapsed => {
            instruction::dismiss_lapsed_device(me, found.node, device, found.market, &nft)
        }
        (None, Some(_)) => instruction::dismiss_device(me, device, found.market, &nft),
        (None, None) => instruction::dismiss_left_device(me, device, found.market, &nft),
    };
    let landed = session.send(device, "dismiss_device", vec![dismiss]).await?;
    session.out.landed(&Facts::new().address("device", device).address("nft", nft), &[landed], None);
    Ok(())
}

async fn give_up(session: &Session, device: Address) -> Result<()> {
    let (chain, me) = (session.chain.as_ref(), session.me()?);
    let (found, mint) = read(session, &device).await?;
    let market = fetch_market(chain, &found.market).await?;
    let (job_address, is_running) = match device_phase(&device, &found, &market) {
        DevicePhase::Running => (found.job, true),
        DevicePhase::Assigned => (found.job, false),
        DevicePhase::TakenByJob => {
            let job = job_assigned_to(chain, &device).await?;
            (job.context("the match is not visible yet: try again in a moment")?.0, false)
        }
        DevicePhase::Idle | DevicePhase::Queued => bail!("device {device} has no job"),
    };
    let job: Job = fetch(chain, "job", &job_address).await?;
    let run = instruction::Run { device, job: job_address, market: job.market, project: job.project };
    let (kind, instruction) = match is_running {
        true => ("quit", instruction::quit(me, run)),
        false => ("decline", instruction::decline(me, run)),
    };
    let landed = session.send(job_address, kind, vec![instruction]).await?;
    let facts = Facts::new().address("device", device).address("job", job_address);
    session.out.landed(&facts, &[landed], Some(&mint));
    Ok(())
}

/// The nodes program's record of a node, if it has registered.
pub async fn node_record(session: &Session, node: &Address) -> Result<Option<grid_client::account::Node>> {
    Ok(find(session.chain.as_ref(), &nodes::node_address(node).0).await?)
}
