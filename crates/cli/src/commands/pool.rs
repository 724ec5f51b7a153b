//! `grid pool`: emissions, tokens that are paid out at a rate.

use crate::{
    exit::Exit,
    facts::{Fact, Facts},
    mint::MintInfo,
    session::{Session, still, still_there},
    time::{now, parse_duration},
};
use anchor_lang::Discriminator;
use anyhow::Result;
use clap::Subcommand;
use grid_client::{
    account::Emission,
    address,
    chain::{self, fetch},
    pools,
    query::find_all,
    token,
};
use grid_pools::EmissionTerms;
use solana_address::Address;
use solana_instruction::Instruction;
use std::{mem::offset_of, sync::Arc};

#[derive(Subcommand)]
pub enum Command {
    /// List all emissions
    #[command(after_help = "Example: grid pool list")]
    List,
    /// Show an emission
    #[command(after_help = "Example: grid pool show 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    Show {
        /// The emission
        emission: Address,
    },
    /// Open an emission to a token account or a reward pool
    #[command(
        after_help = "Example: grid pool open --mint 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU --rate-per-second 0.01 \
                            --to 9aE476sH92Vz7DMPyq5WLPkrKWivxeuTKEFKd2sZZcde --for 90d --closeable --fund 1000"
    )]
    Open {
        /// Mint of the tokens
        #[arg(long, value_name = "ADDRESS", env = "GRID_MINT")]
        mint: Option<Address>,
        /// Number of the emission among yours
        #[arg(long, default_value_t = 0)]
        id: u64,
        /// Tokens per second
        #[arg(long, value_name = "TOKENS")]
        rate_per_second: String,
        /// Token account or reward pool that is paid
        #[arg(long, value_name = "ADDRESS")]
        to: Address,
        /// Starts so much later
        #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "0")]
        starts_in: u32,
        /// How long it goes on [default: until it is empty]
        #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration)]
        duration: Option<u32>,
        /// This key may end it before
        #[arg(long)]
        closeable: bool,
        /// Who may name another beneficiary [default: nobody]
        #[arg(long, value_name = "ADDRESS")]
        beneficiary_authority: Option<Address>,
        /// Tokens to add at once
        #[arg(long, value_name = "TOKENS")]
        fund: Option<String>,
    },
    /// Add tokens to an emission; anyone may pay
    #[command(after_help = "Example: grid pool top-up 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU 500")]
    TopUp {
        /// The emission
        emission: Address,
        /// Tokens
        amount: String,
    },
    /// Pay what is due to the beneficiary; anyone may
    #[command(after_help = "Example: grid pool claim 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    Claim {
        /// The emission
        emission: Address,
    },
    /// Hand an emission over to another beneficiary
    #[command(
        after_help = "Example: grid pool set-beneficiary 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU \
                            --to 9aE476sH92Vz7DMPyq5WLPkrKWivxeuTKEFKd2sZZcde"
    )]
    SetBeneficiary {
        /// The emission
        emission: Address,
        /// Token account or reward pool that is paid from now on
        #[arg(long, value_name = "ADDRESS")]
        to: Address,
        /// Who may do so from then on [default: this key]
        #[arg(long, value_name = "ADDRESS")]
        authority: Option<Address>,
    },
    /// End an emission: what is not due comes back; what is due is still paid
    #[command(after_help = "Example: grid pool close 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    Close {
        /// The emission
        emission: Address,
    },
}

pub async fn run(command: Command, session: &Session) -> Result<Exit> {
    match command {
        Command::List => list(session).await?,
        Command::Show { emission } => {
            let (found, mint) = read(session, &emission).await?;
            let now = chain::clock(session.chain.as_ref()).await?.unix_timestamp;
            let facts = facts(emission, &found, &mint, now)
                .address("authority", found.authority)
                .address("beneficiary_authority", found.beneficiary_authority)
                .with("closeable", Fact::Flag(found.is_closeable == 1))
                .with("starts_at", Fact::Time(found.starts_at.get()))
                .with("ends_at", Fact::Time(found.ends_at.get()))
                .atoms("paid", found.paid_atoms.get(), &mint);
            session.out.facts(&facts);
        }
        Command::Open {
            mint,
            id,
            rate_per_second,
            to,
            starts_in,
            duration,
            closeable,
            beneficiary_authority,
            fund,
        } => {
            let (me, mint) = (session.me()?, session.mint_or_default(mint).await?);
            let starts_at = now().saturating_add(starts_in.into());
            let terms = EmissionTerms {
                rate_per_second_atoms: mint.parse_positive(&rate_per_second)?,
                starts_at,
                ends_at: duration.map_or(0, |seconds| starts_at.saturating_add(seconds.into())),
                is_closeable: closeable,
                beneficiary_authority: beneficiary_authority.unwrap_or_default(),
            };
            let emission = pools::emission_address(&me, id).0;
            let mut instructions = vec![pools::open(me, mint.mint, id, to, terms)];
            if let Some(text) = fund {
                instructions.push(top_up(me, emission, &mint, mint.parse_positive(&text)?));
            }
            let landed = session.send(emission, "open", instructions).await?;
            let facts = Facts::new().address("emission", emission).address("beneficiary", to);
            session.out.landed(&facts, &[landed], Some(&mint));
        }
        Command::TopUp { emission, amount } => {
            let (_, mint) = read(session, &emission).await?;
            let add = top_up(session.me()?, emission, &mint, mint.parse_positive(&amount)?);
            let landed = session.send(emission, "top_up", vec![add]).await?;
            session.out.landed(&Facts::new().address("emission", emission), &[landed], Some(&mint));
        }
        Command::Claim { emission } => {
            let (found, mint) = read(session, &emission).await?;
            let wanted =
                vec![still(emission, offset_of!(Emission, paid_atoms), found.paid_atoms.get().to_le_bytes())];
            let claim = claim(emission, &found, &mint);
            let landed = session.send_while(emission, "claim", vec![claim], wanted).await?;
            let facts = Facts::new().address("emission", emission).address("beneficiary", found.beneficiary);
            session.out.landed(&facts, &[landed], Some(&mint));
        }
        Command::SetBeneficiary { emission, to, authority } => {
            let (_, mint) = read(session, &emission).await?;
            let me = session.me()?;
            let set = pools::set_beneficiary(me, emission, to, authority.unwrap_or(me));
            let landed = session.send(emission, "set_beneficiary", vec![set]).await?;
            let facts = Facts::new().address("emission", emission).address("beneficiary", to);
            session.out.landed(&facts, &[landed], Some(&mint));
        }
        Command::Close { emission } => {
            let (_, mint) = read(session, &emission).await?;
            let me = session.me()?;
            let instructions = vec![
                token::create_account(me, me, mint.mint),
                pools::close(me, emission, mint.mint, address::token_account(&me, mint.mint)),
            ];
            let wanted = vec![still_there(emission, Emission::DISCRIMINATOR)];
            let landed = session.send_while(emission, "close", instructions, wanted).await?;
            session.out.landed(&Facts::new().address("emission", emission), &[landed], Some(&mint));
        }
    }
    Ok(Exit::Success)
}

async fn read(session: &Session, emission: &Address) -> Result<(Emission, Arc<MintInfo>)> {
    let found: Emission = fetch(session.chain.as_ref(), "emission", emission).await?;
    let mint = session.mint(&found.mint).await?;
    Ok((found, mint))
}

fn top_up(payer: Address, emission: Address, mint: &MintInfo, atoms: u64) -> Instruction {
    pools::top_up(payer, address::token_account(&payer, mint.mint), emission, mint.mint, atoms)
}

/// Pays what is due, by the way that the beneficiary takes it.
pub fn claim(address: Address, emission: &Emission, mint: &MintInfo) -> Instruction {
    match emission.pays_rewards {
        0 => pools::claim(address, mint.mint, emission.beneficiary),
        _ => pools::claim_to_rewards(address, mint.mint, emission.beneficiary),
    }
}

fn facts(address: Address, emission: &Emission, mint: &Arc<MintInfo>, now: i64) -> Facts {
    Facts::new()
        .address("emission", address)
        .text("pays", if emission.pays_rewards == 0 { "a token account" } else { "a reward pool" })
        .address("beneficiary", emission.beneficiary)
        .atoms("rate_per_second", emission.rate_per_second_atoms.get(), mint)
        .atoms("balance", emission.balance_atoms.get(), mint)
        .atoms("due", emission.due(now), mint)
}

async fn list(session: &Session) -> Result<()> {
    let chain = session.chain.as_ref();
    let mut emissions: Vec<(Address, Emission)> = find_all(chain, []).await?;
    emissions.sort_by_key(|(address, _)| *address);
    let now = chain::clock(chain).await?.unix_timestamp;
    let mut rows = Vec::new();
    for (address, emission) in &emissions {
        rows.push(facts(*address, emission, &session.mint(&emission.mint).await?, now));
    }
    session.out.list("emissions", &rows, "There is no emission yet: `grid pool open` opens one.");
    Ok(())
}
