//! `grid reclaim`: every deposit of this key that is due, with one command.

use crate::{
    exit::Exit,
    facts::{Fact, Facts},
    mint::MintInfo,
    reclaim::{Due, Holdings, Rents, plan},
    session::Session,
};
use anyhow::Result;
use clap::Args;
use grid_client::{
    Filter,
    account::{Attestation, Config, Device, Emission, Job, Pool, Position, Project, Stake},
    address,
    chain::{clock, find},
    query::find_all,
    token::Mint,
};
use grid_jobs::Market;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use solana_address::Address;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    mem::offset_of,
    sync::Arc,
};

#[derive(Args)]
pub struct ReclaimOptions {
    /// Only say what would come back
    #[arg(long)]
    dry_run: bool,
    /// Also close idle devices with their bonds, and projects with their balances
    #[arg(long)]
    all: bool,
}

pub async fn run(options: &ReclaimOptions, session: &Session) -> Result<Exit> {
    let holdings = gather(session).await?;
    let due = plan(&holdings, options.all);
    let rows: Vec<Facts> = due.iter().map(row).collect();
    let sums = sums(&due);
    let (mut failed, mut signatures) = (Vec::new(), Vec::new());
    if !options.dry_run {
        let bar = if session.out.json { ProgressBar::hidden() } else { ProgressBar::new(due.len() as u64) };
        for item in &due {
            bar.set_message(item.what.clone());
            let sent = session
                .send_while(item.account, item.kind, item.instructions.clone(), item.wanted_while.clone())
                .await;
            match sent {
                Ok(landed) => signatures.push(landed.signature.to_string()),
                // One that fails keeps none of the others back.
                Err(error) => failed.push(format!("{} {}: {error:#}", item.what, item.account)),
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
    }
    let items: Vec<Value> = rows.iter().map(|row| row.to_json().into()).collect();
    let tokens: Vec<Value> = sums
        .tokens
        .iter()
        .map(|(mint, (_, atoms))| json!({ "mint": mint.to_string(), "atoms": atoms }))
        .collect();
    let value = json!({
        "dry_run": options.dry_run,
        "due": items,
        "lamports": sums.lamports,
        "tokens": tokens,
        "signatures": signatures,
        "failed": failed,
    });
    let mut text = crate::facts::table(&rows);
    text.push_str(&sums.text(options.dry_run));
    for failure in &failed {
        text.push_str(&format!("failed: {failure}\n"));
    }
    session.out.print(&value, &text);
    Ok(if failed.is_empty() { Exit::Success } else { Exit::Faulty })
}

fn row(due: &Due) -> Facts {
    let tokens = due.tokens.as_ref().map_or(Fact::None, |(mint, atoms)| Fact::Atoms(*atoms, mint.clone()));
    Facts::new()
        .text("what", &due.what)
        .address("account", due.account)
        .with("tokens", tokens)
        .with("rent", Fact::Lamports(due.lamports))
}

struct Sums {
    lamports: u64,
    tokens: BTreeMap<Address, (Arc<MintInfo>, u64)>,
}

impl Sums {
    fn text(&self, dry_run: bool) -> String {
        let mut parts: Vec<String> = self.tokens.values().map(|(mint, atoms)| mint.show(*atoms)).collect();
        if self.lamports > 0 {
            parts.push(crate::facts::sol(self.lamports));
        }
        match (parts.is_empty(), dry_run) {
            (true, _) => "Nothing is due.\n".to_owned(),
            (false, true) => format!("would come back: {}\n", parts.join(", ")),
            (false, false) => format!("came back: {}\n", parts.join(", ")),
        }
    }
}

fn sums(due: &[Due]) -> Sums {
    let mut sums = Sums { lamports: 0, tokens: BTreeMap::new() };
    for item in due {
        sums.lamports = sums.lamports.saturating_add(item.lamports);
        if let Some((mint, atoms)) = &item.tokens {
            let sum = sums.tokens.entry(mint.mint.address).or_insert_with(|| (mint.clone(), 0));
            sum.1 = sum.1.saturating_add(*atoms);
        }
    }
    sums
}

/// Reads all that the key has to do with.
async fn gather(session: &Session) -> Result<Holdings> {
    let (chain, me) = (session.chain.as_ref(), session.me()?);
    let projects: Vec<(Address, Project)> =
        find_all(chain, [Filter::field(offset_of!(Project, owner), me)]).await?;
    let mut jobs: BTreeMap<Address, Job> = BTreeMap::new();
    for (project, _) in &projects {
        jobs.extend(find_all::<Job>(chain, [Filter::field(offset_of!(Job, project), project)]).await?);
    }
    jobs.extend(find_all::<Job>(chain, [Filter::field(offset_of!(Job, rent_payer), me)]).await?);
    let mut devices: BTreeMap<Address, Device> = BTreeMap::new();
    for offset in [offset_of!(Device, node), offset_of!(Device, payee)] {
        devices.extend(find_all::<Device>(chain, [Filter::field(offset, me)]).await?);
    }
    let config: Option<Config> = find(chain, &address::config().0).await?;
    let markets: Vec<(Address, Market)> = match config.as_ref().is_some_and(|config| config.treasury == me) {
        true => find_all(chain, []).await?,
        false => Vec::new(),
    };
    let stakes: Vec<(Address, Stake)> =
        find_all(chain, [Filter::field(offset_of!(Stake, owner), me)]).await?;
    let mut positions = Vec::new();
    let mine = Filter::field(offset_of!(Position, owner), me);
    for (address, position) in find_all::<Position>(chain, [mine]).await? {
        if let Some(pool) = find::<Pool>(chain, &position.pool).await? {
            positions.push((address, position, pool));
        }
    }
    let mut emissions: Vec<(Address, Emission)> = find_all(chain, []).await?;
    emissions.retain(|(_, emission)| emission.pays_rewards == 0 && is_own_account(&me, emission));
    let mut mints: BTreeSet<Address> = emissions.iter().map(|(_, emission)| emission.mint).collect();
    mints.extend(projects.iter().map(|(_, project)| project.mint));
    mints.extend(devices.values().map(|device| device.mint));
    mints.extend(markets.iter().map(|(_, market)| market.mint));
    mints.extend(stakes.iter().map(|(_, stake)| stake.mint));
    mints.extend(positions.iter().map(|(_, _, pool)| pool.reward_mint));
    let mut known = HashMap::new();
    for mint in mints {
        known.insert(mint, session.mint(&mint).await?);
    }
    let attestations: Vec<(Address, Attestation)> =
        find_all(chain, [Filter::field(offset_of!(Attestation, payer), me)]).await?;
    Ok(Holdings {
        me,
        now: clock(chain).await?.unix_timestamp,
        rents: Rents {
            job: chain.minimum_balance(Job::SPACE).await?,
            device: chain.minimum_balance(Device::SPACE).await?,
            project: chain.minimum_balance(Project::SPACE).await?,
            stake: chain.minimum_balance(Stake::SPACE).await?,
            position: chain.minimum_balance(Position::SPACE).await?,
            attestation: chain.minimum_balance(Attestation::SPACE).await?,
        },
        mints: known,
        projects,
        jobs: jobs.into_iter().collect(),
        devices: devices.into_iter().collect(),
        markets,
        stake_mint: config.map(|config| config.stake_mint).unwrap_or_default(),
        stakes,
        positions,
        emissions,
        attestations,
    })
}

/// Whether an emission pays the key's own token account, of whichever token program: strangers' mints need not be read.
fn is_own_account(me: &Address, emission: &Emission) -> bool {
    let own = [Mint::from(emission.mint), Mint::token_2022(emission.mint)];
    own.into_iter().any(|mint| address::token_account(me, mint) == emission.beneficiary)
}
