//! `grid market`: markets, their terms, and whom they admit.

use crate::{
    describe::{self, Words},
    exit::{Exit, usage},
    facts::{Fact, Facts},
    mint::{MintInfo, short},
    session::{Session, still_there},
    terms::{self, TermsOptions},
    time::parse_duration,
};
use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use grid_client::{
    account::{Config, MarketView, terms_of},
    address,
    chain::{self, fetch, fetch_market},
    instruction,
    query::find_all,
};
use grid_jobs::{AccessRule, AdmissionTerms, Market, QueueKind};
use solana_address::Address;
use std::sync::Arc;

#[derive(Subcommand)]
pub enum Command {
    /// List all markets
    #[command(after_help = "Example: grid market list --mint 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    List {
        /// Only those of this mint
        #[arg(long, value_name = "ADDRESS", env = "GRID_MINT")]
        mint: Option<Address>,
    },
    /// Show a market: terms, queue, fees, whom it admits
    #[command(after_help = "Example: grid market show 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    Show(Target),
    /// Open a market, and the vault of its mint where there is none
    #[command(after_help = "Example: grid market open --mint 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU \
                            --price-per-second 0.0015 --bond 2 --fee-bps 250")]
    Open {
        /// Mint of all amounts
        #[arg(long, value_name = "ADDRESS", env = "GRID_MINT")]
        mint: Option<Address>,
        /// Number of the market among yours
        #[arg(long, default_value_t = 0)]
        id: u64,
        /// How often to grow the queue by 10 KiB, some 280 places, each time
        #[arg(long, default_value_t = 0, value_name = "TIMES")]
        grow: u32,
        #[command(flatten)]
        terms: TermsOptions,
    },
    /// Change terms, for jobs listed and devices offered from then on; what is not given stays
    #[command(
        after_help = "Example: grid market update 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU --price-per-second 0.002"
    )]
    Update {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        terms: TermsOptions,
    },
    /// Add room to a market's queue; anyone may
    #[command(
        after_help = "Example: grid market grow 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU --times 3"
    )]
    Grow {
        #[command(flatten)]
        target: Target,
        /// How often, each time by 10 KiB, some 280 places
        #[arg(long, default_value_t = 1)]
        times: u32,
    },
    /// Set whom a market admits; without options everybody
    #[command(
        after_help = "Example: grid market set-admission 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU \
                            --collection 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU --access issued --class 1 --min-score 100"
    )]
    SetAdmission {
        #[command(flatten)]
        target: Target,
        /// Mint of the collection of access NFTs and attestations
        #[arg(long, value_name = "ADDRESS")]
        collection: Option<Address>,
        /// Whom an access NFT of it admits
        #[arg(long, value_enum, default_value_t = Access::None)]
        access: Access,
        /// Benchmark class that must be attested
        #[arg(long, default_value_t = 0, value_name = "NUMBER")]
        class: u16,
        /// Least score in the class, in its unit
        #[arg(long, default_value_t = 0, value_name = "SCORE")]
        min_score: u64,
        /// Mint that a node must have staked
        #[arg(long, value_name = "ADDRESS")]
        stake_mint: Option<Address>,
        /// Least weight of one stake of the node, in tokens
        #[arg(long, value_name = "TOKENS", requires = "stake_mint")]
        min_stake_weight: Option<String>,
    },
    /// Pay out a market's fees: to stakers, burnt, to the treasury; anyone may
    #[command(after_help = "Example: grid market collect-fees 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    CollectFees(Target),
    /// Refuse entries to a market for some time; 0 ends that. The pauser signs
    #[command(
        after_help = "Example: grid market pause 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU --for 12h"
    )]
    Pause {
        #[command(flatten)]
        target: Target,
        /// For how long, at most 3d
        #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration)]
        duration: u32,
    },
    /// Offer a market to another authority
    #[command(
        after_help = "Example: grid market propose-authority 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU \
                            --to 9aE476sH92Vz7DMPyq5WLPkrKWivxeuTKEFKd2sZZcde"
    )]
    ProposeAuthority {
        #[command(flatten)]
        target: Target,
        /// Whom to offer it to
        #[arg(long, value_name = "ADDRESS")]
        to: Address,
    },
    /// Take over a market that was offered to this key
    #[command(
        after_help = "Example: grid market accept-authority 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU"
    )]
    AcceptAuthority(Target),
    /// Close a market that nothing depends on; its rent comes back
    #[command(after_help = "Example: grid market close 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    Close(Target),
}

/// Which market.
#[derive(Args)]
pub struct Target {
    /// The market [default: the configured one]
    #[arg(value_name = "MARKET", env = "GRID_MARKET")]
    market: Option<Address>,
}

/// Whom an access NFT admits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Access {
    /// No access NFT is asked for
    None,
    /// The node that it was issued to, as long as it holds it
    Issued,
    /// Whichever node holds it
    Holder,
}

impl From<Access> for AccessRule {
    fn from(access: Access) -> Self {
        match access {
            Access::None => Self::NotAsked,
            Access::Issued => Self::Issued,
            Access::Holder => Self::Holder,
        }
    }
}

pub async fn run(command: Command, session: &Session) -> Result<Exit> {
    match command {
        Command::List { mint } => list(session, mint).await?,
        Command::Show(target) => show(session, &target.of(session)?).await?,
        Command::Open { mint, id, grow, terms } => open(session, mint, id, grow, &terms).await?,
        Command::Update { target, terms } => update(session, &target.of(session)?, &terms).await?,
        Command::Grow { target, times } => {
            let (market, me) = (target.of(session)?, session.me()?);
            let mut landed = Vec::new();
            for _ in 0..times {
                let grow = instruction::grow_market(me, market);
                landed.push(session.send(market, "grow_market", vec![grow]).await?);
            }
            session.out.landed(&Facts::new().address("market", market), &landed, None);
        }
        Command::SetAdmission {
            target,
            collection,
            access,
            class,
            min_score,
            stake_mint,
            min_stake_weight,
        } => {
            let stake_mint = match stake_mint {
                Some(address) => Some(session.mint(&address).await?),
                None => None,
            };
            let weight = match (&stake_mint, &min_stake_weight) {
                (Some(mint), Some(text)) => mint.parse_positive(text)?,
                (Some(_), None) => return Err(usage("how much stake? Give --min-stake-weight TOKENS")),
                _ => 0,
            };
            let terms = AdmissionTerms {
                access: access.into(),
                collection: collection.unwrap_or_default(),
                benchmark_class: class,
                min_score,
                stake_mint: stake_mint.as_ref().map(|mint| mint.mint.address).unwrap_or_default(),
                min_stake_weight: weight,
            };
            let market = target.of(session)?;
            let set = instruction::set_admission(session.me()?, market, terms);
            let landed = session.send(market, "set_admission", vec![set]).await?;
            let facts = Facts::new().address("market", market);
            session.out.landed(&facts, &[landed], stake_mint.as_ref());
        }
        Command::CollectFees(target) => {
            let market = target.of(session)?;
            let (_, mint) = header_and_mint(session, &market).await?;
            let collect = collect_fees(session, &market, &mint).await?;
            let landed = session.send(market, "collect_fees", collect).await?;
            session.out.landed(&Facts::new().address("market", market), &[landed], Some(&mint));
        }
        Command::Pause { target, duration } => {
            let market = target.of(session)?;
            let pause = instruction::pause_market(session.me()?, market, duration);
            let landed = session.send(market, "pause_market", vec![pause]).await?;
            session.out.landed(&Facts::new().address("market", market), &[landed], None);
        }
        Command::ProposeAuthority { target, to } => {
            let market = target.of(session)?;
            let propose = instruction::propose_market_authority(session.me()?, market, to);
            let landed = session.send(market, "propose_market_authority", vec![propose]).await?;
            let facts = Facts::new().address("market", market).address("offered_to", to);
            session.out.landed(&facts, &[landed], None);
        }
        Command::AcceptAuthority(target) => {
            let market = target.of(session)?;
            let accept = instruction::accept_market_authority(session.me()?, market);
            let landed = session.send(market, "accept_market_authority", vec![accept]).await?;
            session.out.landed(&Facts::new().address("market", market), &[landed], None);
        }
        Command::Close(target) => {
            let market = target.of(session)?;
            let close = instruction::close_market(session.me()?, market);
            let wanted = vec![still_there(market, <Market as anchor_lang::Discriminator>::DISCRIMINATOR)];
            let landed = session.send_while(market, "close_market", vec![close], wanted).await?;
            session.out.landed(&Facts::new().address("market", market), &[landed], None);
        }
    }
    Ok(Exit::Success)
}

impl Target {
    fn of(&self, session: &Session) -> Result<Address> {
        session.market_or_default(self.market)
    }
}

async fn header_and_mint(session: &Session, market: &Address) -> Result<(Market, Arc<MintInfo>)> {
    let header: Market = fetch(session.chain.as_ref(), "market", market).await?;
    let mint = session.mint(&header.mint).await?;
    Ok((header, mint))
}

/// What pays out a market's fees.
pub async fn collect_fees(
    session: &Session,
    market: &Address,
    mint: &MintInfo,
) -> Result<Vec<solana_instruction::Instruction>> {
    let config: Config = fetch(session.chain.as_ref(), "config", &address::config().0).await?;
    Ok(vec![instruction::collect_fees(*market, mint.mint, config.treasury, config.stake_mint)])
}

async fn open(
    session: &Session,
    mint: Option<Address>,
    id: u64,
    grow: u32,
    terms: &TermsOptions,
) -> Result<()> {
    let (me, mint) = (session.me()?, session.mint_or_default(mint).await?);
    let terms = terms.open(&mint)?;
    let market = address::market(&me, id).0;
    let mut instructions = Vec::new();
    let vault = address::vault(&mint.mint.address).0;
    if chain::account(session.chain.as_ref(), &vault).await?.is_none() {
        instructions.push(instruction::open_vault(me, mint.mint));
    }
    instructions.push(instruction::open_market(me, mint.mint, id, terms));
    let mut landed = vec![session.send(market, "open_market", instructions).await?];
    for _ in 0..grow {
        landed.push(session.send(market, "grow_market", vec![instruction::grow_market(me, market)]).await?);
    }
    let facts = Facts::new().address("market", market).address("vault", vault);
    session.out.landed(&terms::facts(facts, &terms, &mint), &landed, Some(&mint));
    Ok(())
}

async fn update(session: &Session, market: &Address, given: &TermsOptions) -> Result<()> {
    let (header, mint) = header_and_mint(session, market).await?;
    let terms = given.over(terms_of(&header), &mint)?;
    let update = instruction::update_market(session.me()?, *market, terms);
    let landed = session.send(*market, "update_market", vec![update]).await?;
    let facts = terms::facts(Facts::new().address("market", *market), &terms, &mint);
    session.out.landed(&facts, &[landed], Some(&mint));
    Ok(())
}

async fn list(session: &Session, mint: Option<Address>) -> Result<()> {
    let mint = mint.or(session.settings.mint);
    let mut markets: Vec<(Address, Market)> = find_all(session.chain.as_ref(), []).await?;
    markets.retain(|(_, market)| mint.is_none_or(|mint| market.mint == mint));
    markets.sort_by_key(|(address, market)| (market.mint, market.price_per_second_atoms.get(), *address));
    let mut rows = Vec::new();
    for (address, market) in &markets {
        let mint = session.mint(&market.mint).await?;
        let row = Facts::new()
            .address("market", *address)
            .atoms("price_per_second", market.price_per_second_atoms.get(), &mint)
            .atoms("bond", market.bond_atoms.get(), &mint)
            .with("fee", Fact::Bps(market.fee_bps.get()))
            .text("waiting", waiting(market))
            .number("active_jobs", market.active_jobs.get())
            .with("gated", Fact::Flag(market.admission.is_asked()));
        rows.push(row);
    }
    session.out.list("markets", &rows, "There is no market yet: `grid market open` opens one.");
    Ok(())
}

/// What waits in a market's queue.
fn waiting(market: &Market) -> String {
    let count = market.queue.waiting.get();
    match market.queue.kind() {
        QueueKind::Empty => "nothing".to_owned(),
        QueueKind::Jobs => format!("{count} jobs"),
        QueueKind::Devices => format!("{count} devices"),
    }
}

async fn show(session: &Session, address: &Address) -> Result<()> {
    let MarketView { header: market, slots } = fetch_market(session.chain.as_ref(), address).await?;
    let mint = session.mint(&market.mint).await?;
    let weight = match market.admission.min_stake_weight.is_zero() {
        true => None,
        false => Some(session.mint(&market.admission.stake_mint).await?),
    };
    let facts = Facts::new()
        .address("market", *address)
        .number("id", market.id.get())
        .address("authority", market.authority)
        .address("offered_to", market.pending_authority)
        .address("mint", market.mint);
    let facts = terms::facts(facts, &terms_of(&market), &mint)
        .text("waiting", waiting(&market))
        .number("places", slots.len() as u64)
        .number("active_jobs", market.active_jobs.get())
        .atoms(
            "fees_owed",
            market.fees_owed_atoms.get().saturating_add(market.treasury_owed_atoms.get()),
            &mint,
        )
        .with("entries_paused_until", Fact::Time(market.entries_paused_until.get()))
        .text("admission", describe::admission(&market.admission, &Asked(weight)))
        .address("collection", market.admission.collection)
        .address("stake_mint", market.admission.stake_mint);
    session.out.facts(&facts);
    Ok(())
}

/// Words of a market's rule.
struct Asked(Option<Arc<MintInfo>>);

impl Words for Asked {
    fn name(&self, address: &Address) -> String {
        format!("collection {}", short(address))
    }

    fn tokens(&self, atoms: u64) -> String {
        self.0.as_ref().map_or_else(|| atoms.to_string(), |mint| mint.show(atoms))
    }
}
