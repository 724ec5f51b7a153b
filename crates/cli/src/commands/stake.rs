//! `grid stake`: locked tokens, and who may slash them.

use crate::{
    exit::{Exit, usage},
    facts::{Fact, Facts},
    mint::MintInfo,
    session::{Session, still_there},
    time::parse_duration,
};
use anchor_lang::Discriminator;
use anyhow::{Context, Result};
use clap::{Subcommand, ValueEnum};
use grid_client::{
    Filter,
    account::{Settings, Stake},
    address,
    chain::{self, fetch, find},
    query::find_all,
    staking, token,
};
use grid_executor::Digest;
use grid_staking::{Role, SlashReason, math::released};
use solana_address::Address;
use solana_instruction::Instruction;
use std::{mem::offset_of, sync::Arc};

#[derive(Subcommand)]
pub enum Command {
    /// List a key's stakes
    #[command(after_help = "Example: grid stake list")]
    List {
        /// Whose [default: this key's]
        owner: Option<Address>,
    },
    /// Show a stake
    #[command(after_help = "Example: grid stake show 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    Show {
        /// The stake
        stake: Address,
    },
    /// Lock tokens; the longer, the more they weigh
    #[command(
        after_help = "Example: grid stake open 100 --for 30d --mint 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU"
    )]
    Open {
        /// Tokens
        amount: String,
        /// Time over which they come free after `unstake`: 14d to 365d
        #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration)]
        duration: u32,
        /// The mint
        #[arg(long, value_name = "ADDRESS", env = "GRID_MINT")]
        mint: Option<Address>,
        /// Number of the stake among yours in the mint
        #[arg(long, default_value_t = 0)]
        id: u64,
    },
    /// Add tokens to a stake
    #[command(after_help = "Example: grid stake top-up 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU 50")]
    TopUp {
        /// The stake
        stake: Address,
        /// Tokens
        amount: String,
    },
    /// Give a stake a longer duration
    #[command(after_help = "Example: grid stake extend 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU 90d")]
    Extend {
        /// The stake
        stake: Address,
        /// The whole duration
        #[arg(value_parser = parse_duration)]
        duration: u32,
    },
    /// Begin the release: the stake weighs nothing, its tokens come free evenly over its duration
    #[command(after_help = "Example: grid stake unstake 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    Unstake {
        /// The stake
        stake: Address,
    },
    /// End the release: what is left weighs again
    #[command(after_help = "Example: grid stake restake 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    Restake {
        /// The stake
        stake: Address,
    },
    /// Pay out what has come free
    #[command(after_help = "Example: grid stake withdraw 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    Withdraw {
        /// The stake
        stake: Address,
    },
    /// Close a stake that holds nothing; its rent comes back
    #[command(after_help = "Example: grid stake close 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    Close {
        /// The stake
        stake: Address,
    },
    /// Take tokens from a stake; the slasher signs
    #[command(
        after_help = "Example: grid stake slash 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU 5 --reason wrong-result \
                            --evidence ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )]
    Slash {
        /// The stake
        stake: Address,
        /// Tokens
        amount: String,
        /// Why
        #[arg(long, value_enum)]
        reason: Reason,
        /// SHA-256 of what shows it
        #[arg(long, value_name = "DIGEST")]
        evidence: Digest,
    },
    /// A mint's settings: who may slash its stakes, how much, and where that goes
    #[command(subcommand)]
    Settings(SettingsCommand),
}

#[derive(Subcommand)]
pub enum SettingsCommand {
    /// Show a mint's settings
    #[command(
        after_help = "Example: grid stake settings show --mint 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU"
    )]
    Show {
        /// The mint
        #[arg(long, value_name = "ADDRESS", env = "GRID_MINT")]
        mint: Option<Address>,
    },
    /// Make a mint stakeable; the staking program's upgrade authority signs
    #[command(
        after_help = "Example: grid stake settings open --mint 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU \
                            --slash-cap-bps 2500 --slash-epoch 1d"
    )]
    Open {
        /// The mint
        #[arg(long, value_name = "ADDRESS", env = "GRID_MINT")]
        mint: Option<Address>,
        #[command(flatten)]
        slashing: Slashing,
    },
    /// Set what may be slashed, and where it goes; what is not given stays. The authority signs
    #[command(
        after_help = "Example: grid stake settings update --mint 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU \
                            --slash-cap-bps 1000"
    )]
    Update {
        /// The mint
        #[arg(long, value_name = "ADDRESS", env = "GRID_MINT")]
        mint: Option<Address>,
        #[command(flatten)]
        slashing: Slashing,
    },
    /// Offer a role
    #[command(
        after_help = "Example: grid stake settings propose-role slasher --to 9aE476sH92Vz7DMPyq5WLPkrKWivxeuTKEFKd2sZZcde \
                            --mint 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU"
    )]
    ProposeRole {
        /// The role
        role: SettingsRole,
        /// Whom to offer it to
        #[arg(long, value_name = "ADDRESS")]
        to: Address,
        /// The mint
        #[arg(long, value_name = "ADDRESS", env = "GRID_MINT")]
        mint: Option<Address>,
    },
    /// Take over a role that was offered to this key
    #[command(
        after_help = "Example: grid stake settings accept-role slasher --mint 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU"
    )]
    AcceptRole {
        /// The role
        role: SettingsRole,
        /// The mint
        #[arg(long, value_name = "ADDRESS", env = "GRID_MINT")]
        mint: Option<Address>,
    },
}

/// What may be slashed, and where it goes.
#[derive(Debug, Clone, clap::Args)]
pub struct Slashing {
    /// Share of a stake that may be slashed within an epoch, basis points [default: 2500]
    #[arg(long, value_name = "BPS")]
    slash_cap_bps: Option<u16>,
    /// Length of a slashing epoch [default: 1d]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    slash_epoch: Option<u32>,
    /// Token account that slashed tokens go to [default: this key's]
    #[arg(long, value_name = "ADDRESS")]
    slash_destination: Option<Address>,
}

/// A role of a mint's settings.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum SettingsRole {
    /// Changes the settings, offers both roles
    Authority,
    /// Slashes
    Slasher,
}

impl From<SettingsRole> for Role {
    fn from(role: SettingsRole) -> Self {
        match role {
            SettingsRole::Authority => Self::Authority,
            SettingsRole::Slasher => Self::Slasher,
        }
    }
}

/// Why a stake is slashed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Reason {
    /// Posted a result that the job does not give
    WrongResult,
    /// Offered hardware that it does not have
    FalseHardware,
    /// Looked at, kept or passed on what belongs to a client
    BreachOfTrust,
    /// Another reason, which the evidence tells
    Other,
}

impl From<Reason> for SlashReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::WrongResult => Self::WrongResult,
            Reason::FalseHardware => Self::FalseHardware,
            Reason::BreachOfTrust => Self::BreachOfTrust,
            Reason::Other => Self::Other,
        }
    }
}

pub async fn run(command: Command, session: &Session) -> Result<Exit> {
    match command {
        Command::List { owner } => list(session, owner).await?,
        Command::Show { stake } => {
            let (found, mint) = read(session, &stake).await?;
            let now = chain::clock(session.chain.as_ref()).await?.unix_timestamp;
            let facts = facts(stake, &found, &mint, now)
                .address("owner", found.owner)
                .number("id", found.id.get())
                .number("weight_in_atoms", found.weight.get())
                .with("unstaked_at", Fact::Time(found.unstaked_at.get()));
            session.out.facts(&facts);
        }
        Command::Open { amount, duration, mint, id } => {
            let (me, mint) = (session.me()?, session.mint_or_default(mint).await?);
            let atoms = mint.parse_positive(&amount)?;
            let source = address::token_account(&me, mint.mint);
            let stake = staking::stake_address(&mint.mint.address, &me, id).0;
            let open = staking::stake(me, source, mint.mint, id, atoms, duration);
            done(session, stake, "stake", vec![open], &mint).await?;
        }
        Command::TopUp { stake, amount } => {
            let (_, mint) = read(session, &stake).await?;
            let (me, atoms) = (session.me()?, mint.parse_positive(&amount)?);
            let source = address::token_account(&me, mint.mint);
            let add = staking::top_up(me, source, stake, mint.mint, atoms);
            done(session, stake, "top_up", vec![add], &mint).await?;
        }
        Command::Extend { stake, duration } => {
            let (_, mint) = read(session, &stake).await?;
            let extend = staking::extend(session.me()?, stake, duration);
            done(session, stake, "extend", vec![extend], &mint).await?;
        }
        Command::Unstake { stake } => {
            let (_, mint) = read(session, &stake).await?;
            let unstake = staking::unstake(session.me()?, stake);
            done(session, stake, "unstake", vec![unstake], &mint).await?;
        }
        Command::Restake { stake } => {
            let (_, mint) = read(session, &stake).await?;
            let restake = staking::restake(session.me()?, stake);
            done(session, stake, "restake", vec![restake], &mint).await?;
        }
        Command::Withdraw { stake } => {
            let (_, mint) = read(session, &stake).await?;
            let withdraw = withdraw(session.me()?, stake, &mint);
            done(session, stake, "withdraw", withdraw, &mint).await?;
        }
        Command::Close { stake } => {
            let (_, mint) = read(session, &stake).await?;
            let close = staking::close(session.me()?, stake);
            let wanted = vec![still_there(stake, Stake::DISCRIMINATOR)];
            let landed = session.send_while(stake, "close", vec![close], wanted).await?;
            session.out.landed(&Facts::new().address("stake", stake), &[landed], Some(&mint));
        }
        Command::Slash { stake, amount, reason, evidence } => {
            let (found, mint) = read(session, &stake).await?;
            let settings: Settings =
                fetch(session.chain.as_ref(), "settings", &staking::settings_address(&found.mint).0).await?;
            let slash = staking::slash(
                session.me()?,
                stake,
                mint.mint,
                settings.slash_destination,
                mint.parse_positive(&amount)?,
                reason.into(),
                evidence.0,
            );
            done(session, stake, "slash", vec![slash], &mint).await?;
        }
        Command::Settings(command) => settings(command, session).await?,
    }
    Ok(Exit::Success)
}

async fn read(session: &Session, stake: &Address) -> Result<(Stake, Arc<MintInfo>)> {
    let found: Stake = fetch(session.chain.as_ref(), "stake", stake).await?;
    let mint = session.mint(&found.mint).await?;
    Ok((found, mint))
}

async fn done(
    session: &Session,
    stake: Address,
    kind: &str,
    instructions: Vec<Instruction>,
    mint: &Arc<MintInfo>,
) -> Result<()> {
    let landed = session.send(stake, kind, instructions).await?;
    let (found, _) = read(session, &stake).await?;
    let now = chain::clock(session.chain.as_ref()).await?.unix_timestamp;
    session.out.landed(&facts(stake, &found, mint, now), &[landed], Some(mint));
    Ok(())
}

/// Pays out what has come free to the owner's own token account, which is made where there is none.
pub fn withdraw(owner: Address, stake: Address, mint: &MintInfo) -> Vec<Instruction> {
    let destination = address::token_account(&owner, mint.mint);
    vec![
        token::create_account(owner, owner, mint.mint),
        staking::withdraw(owner, stake, mint.mint, destination),
    ]
}

/// What may be withdrawn at `now` (Unix seconds), atoms.
pub fn withdrawable(stake: &Stake, now: i64) -> u64 {
    if !stake.is_unstaking() {
        return 0;
    }
    let elapsed = now.saturating_sub(stake.unstaked_at.get());
    let free = released(stake.total_atoms.get(), elapsed, stake.duration_seconds.get());
    free.saturating_sub(stake.withdrawn_atoms.get())
}

fn facts(address: Address, stake: &Stake, mint: &Arc<MintInfo>, now: i64) -> Facts {
    Facts::new()
        .address("stake", address)
        .text("state", if stake.is_unstaking() { "unstaking" } else { "staked" })
        .atoms("holds", stake.left(), mint)
        .seconds("duration", stake.duration_seconds.get())
        .atoms("weight", stake.weight.get(), mint)
        .atoms("withdrawable", withdrawable(stake, now), mint)
}

async fn list(session: &Session, owner: Option<Address>) -> Result<()> {
    let owner = match owner {
        Some(owner) => owner,
        None => session.me()?,
    };
    let chain = session.chain.as_ref();
    let of_owner = Filter::field(offset_of!(Stake, owner), owner);
    let mut stakes: Vec<(Address, Stake)> = find_all(chain, [of_owner]).await?;
    stakes.sort_by_key(|(address, stake)| (stake.mint, stake.id.get(), *address));
    let now = chain::clock(chain).await?.unix_timestamp;
    let mut rows = Vec::new();
    for (address, stake) in &stakes {
        rows.push(facts(*address, stake, &session.mint(&stake.mint).await?, now));
    }
    session.out.list("stakes", &rows, "No stake: `grid stake open` opens one.");
    Ok(())
}

async fn settings(command: SettingsCommand, session: &Session) -> Result<()> {
    let chain = session.chain.as_ref();
    let (kind, mint, instructions) = match command {
        SettingsCommand::Show { mint } => {
            let mint = session.mint_or_default(mint).await?;
            let address = staking::settings_address(&mint.mint.address).0;
            let found: Option<Settings> = find(chain, &address).await?;
            let found = found.with_context(|| {
                format!("the mint {} is not stakeable: `grid stake settings open`", mint.mint.address)
            })?;
            let facts = Facts::new()
                .address("settings", address)
                .address("mint", found.mint)
                .address("authority", found.authority)
                .address("authority_offered_to", found.pending_authority)
                .address("slasher", found.slasher)
                .address("slasher_offered_to", found.pending_slasher)
                .with("slash_cap", Fact::Bps(found.slash_cap_bps.get()))
                .seconds("slash_epoch", found.slash_epoch_seconds.get())
                .address("slash_destination", found.slash_destination);
            session.out.facts(&facts);
            return Ok(());
        }
        SettingsCommand::Open { mint, slashing } => {
            let (me, mint) = (session.me()?, session.mint_or_default(mint).await?);
            let own = address::token_account(&me, mint.mint);
            let destination = slashing.slash_destination.unwrap_or(own);
            let mut instructions = Vec::new();
            if destination == own {
                instructions.push(token::create_account(me, me, mint.mint));
            }
            let (cap, epoch) =
                (slashing.slash_cap_bps.unwrap_or(2_500), slashing.slash_epoch.unwrap_or(86_400));
            instructions.push(staking::open_settings(me, mint.mint, destination, cap, epoch));
            ("open_settings", mint, instructions)
        }
        SettingsCommand::Update { mint, slashing } => {
            let mint = session.mint_or_default(mint).await?;
            let address = staking::settings_address(&mint.mint.address).0;
            let found: Settings = fetch(chain, "settings", &address).await?;
            if slashing.slash_cap_bps.is_none()
                && slashing.slash_epoch.is_none()
                && slashing.slash_destination.is_none()
            {
                return Err(usage(
                    "what is to change? Give --slash-cap-bps, --slash-epoch or --slash-destination",
                ));
            }
            let update = staking::update_settings(
                session.me()?,
                &mint.mint.address,
                slashing.slash_destination.unwrap_or(found.slash_destination),
                slashing.slash_cap_bps.unwrap_or(found.slash_cap_bps.get()),
                slashing.slash_epoch.unwrap_or(found.slash_epoch_seconds.get()),
            );
            ("update_settings", mint, vec![update])
        }
        SettingsCommand::ProposeRole { role, to, mint } => {
            let mint = session.mint_or_default(mint).await?;
            let propose = staking::propose_role(session.me()?, &mint.mint.address, role.into(), to);
            ("propose_role", mint, vec![propose])
        }
        SettingsCommand::AcceptRole { role, mint } => {
            let mint = session.mint_or_default(mint).await?;
            let accept = staking::accept_role(session.me()?, &mint.mint.address, role.into());
            ("accept_role", mint, vec![accept])
        }
    };
    let address = staking::settings_address(&mint.mint.address).0;
    let landed = session.send(address, kind, instructions).await?;
    let facts = Facts::new().address("settings", address).address("mint", mint.mint.address);
    session.out.landed(&facts, &[landed], Some(&mint));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_free_evenly_and_once() {
        let mut stake: Stake = bytemuck::Zeroable::zeroed();
        stake.total_atoms = 1_000.into();
        stake.duration_seconds = 100.into();
        assert_eq!(withdrawable(&stake, 1_000), 0, "staked");
        stake.unstaked_at = 1_000.into();
        assert_eq!(withdrawable(&stake, 1_050), 500);
        stake.withdrawn_atoms = 500.into();
        assert_eq!((withdrawable(&stake, 1_050), withdrawable(&stake, 2_000)), (0, 500));
        assert_eq!(withdrawable(&stake, 0), 0, "a clock that went backwards");
    }
}
