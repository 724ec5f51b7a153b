//! `grid rewards`: reward pools, and what stakes earn in them.

use crate::{
    exit::Exit,
    facts::{Fact, Facts},
    mint::MintInfo,
    session::{Session, still_there},
};
use anchor_lang::Discriminator;
use anyhow::Result;
use clap::{Args, Subcommand};
use grid_client::{
    Filter,
    account::{Pool, Position, Stake},
    address,
    chain::{clock, fetch, find},
    query::find_all,
    rewards, token,
};
use grid_rewards::Seen;
use solana_address::Address;
use solana_instruction::Instruction;
use std::{mem::offset_of, sync::Arc};

#[derive(Subcommand)]
pub enum Command {
    /// List the reward pools
    #[command(after_help = "Example: grid rewards list")]
    List,
    /// Show a pool, and this key's positions in it
    #[command(after_help = "Example: grid rewards show 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    Show {
        /// The pool
        pool: Address,
    },
    /// Open the pool in which stakes of one mint earn another; anyone may
    #[command(
        after_help = "Example: grid rewards open --stake-mint 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU \
                            --reward-mint 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU"
    )]
    Open {
        /// Mint of the stakes
        #[arg(long, value_name = "ADDRESS")]
        stake_mint: Address,
        /// Mint of the rewards
        #[arg(long, value_name = "ADDRESS")]
        reward_mint: Address,
    },
    /// Bring rewards; anyone may pay
    #[command(after_help = "Example: grid rewards add 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU 100")]
    Add {
        /// The pool
        pool: Address,
        /// Tokens
        amount: String,
    },
    /// Let a stake earn in a pool, from a day later on
    #[command(after_help = "Example: grid rewards enter 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU \
                            --stake 9aE476sH92Vz7DMPyq5WLPkrKWivxeuTKEFKd2sZZcde")]
    Enter(Target),
    /// Bring a position up to date with its stake; anyone may
    #[command(after_help = "Example: grid rewards sync 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU \
                            --stake 9aE476sH92Vz7DMPyq5WLPkrKWivxeuTKEFKd2sZZcde")]
    Sync(Target),
    /// Pay out what a stake has earned
    #[command(after_help = "Example: grid rewards claim 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU \
                            --stake 9aE476sH92Vz7DMPyq5WLPkrKWivxeuTKEFKd2sZZcde")]
    Claim(Target),
    /// Close a stake's position; its rent comes back
    #[command(after_help = "Example: grid rewards exit 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU \
                            --stake 9aE476sH92Vz7DMPyq5WLPkrKWivxeuTKEFKd2sZZcde")]
    Exit(Target),
}

/// Which position.
#[derive(Debug, Clone, Copy, Args)]
pub struct Target {
    /// The pool
    pool: Address,
    /// The stake
    #[arg(long, value_name = "ADDRESS")]
    stake: Address,
}

pub async fn run(command: Command, session: &Session) -> Result<Exit> {
    match command {
        Command::List => list(session).await?,
        Command::Show { pool } => show(session, pool).await?,
        Command::Open { stake_mint, reward_mint } => {
            let (me, mint) = (session.me()?, session.mint(&reward_mint).await?);
            let pool = rewards::pool_address(&stake_mint, &reward_mint).0;
            let open = rewards::open_pool(me, &stake_mint, mint.mint);
            let landed = session.send(pool, "open_pool", vec![open]).await?;
            session.out.landed(&Facts::new().address("pool", pool), &[landed], Some(&mint));
        }
        Command::Add { pool, amount } => {
            let (_, mint) = read(session, &pool).await?;
            let (me, atoms) = (session.me()?, mint.parse_positive(&amount)?);
            let add = rewards::add(me, address::token_account(&me, mint.mint), pool, mint.mint, atoms);
            let landed = session.send(pool, "add", vec![add]).await?;
            session.out.landed(&Facts::new().address("pool", pool), &[landed], Some(&mint));
        }
        Command::Enter(target) => {
            let enter = rewards::enter(session.me()?, target.stake, target.pool);
            done(session, target, "enter", vec![enter]).await?;
        }
        Command::Sync(target) => {
            done(session, target, "sync", vec![rewards::sync(target.stake, target.pool)]).await?;
        }
        Command::Claim(target) => {
            let (_, mint) = read(session, &target.pool).await?;
            let claim = claim(session.me()?, &target.pool, &target.stake, &mint);
            done(session, target, "claim", claim).await?;
        }
        Command::Exit(target) => {
            let (_, mint) = read(session, &target.pool).await?;
            let position = rewards::position_address(&target.pool, &target.stake).0;
            let exit = rewards::exit(session.me()?, target.stake, target.pool);
            let wanted = vec![still_there(position, Position::DISCRIMINATOR)];
            let landed = session.send_while(position, "exit", vec![exit], wanted).await?;
            session.out.landed(&target.facts(), &[landed], Some(&mint));
        }
    }
    Ok(Exit::Success)
}

impl Target {
    fn facts(&self) -> Facts {
        let position = rewards::position_address(&self.pool, &self.stake).0;
        Facts::new().address("position", position).address("pool", self.pool).address("stake", self.stake)
    }
}

async fn read(session: &Session, pool: &Address) -> Result<(Pool, Arc<MintInfo>)> {
    let found: Pool = fetch(session.chain.as_ref(), "reward pool", pool).await?;
    let mint = session.mint(&found.reward_mint).await?;
    Ok((found, mint))
}

async fn done(session: &Session, target: Target, kind: &str, instructions: Vec<Instruction>) -> Result<()> {
    let (_, mint) = read(session, &target.pool).await?;
    let position = rewards::position_address(&target.pool, &target.stake).0;
    let landed = session.send(position, kind, instructions).await?;
    session.out.landed(&target.facts(), &[landed], Some(&mint));
    Ok(())
}

/// Pays what a position has earned to the owner's own token account, which is made where there is none.
pub fn claim(owner: Address, pool: &Address, stake: &Address, mint: &MintInfo) -> Vec<Instruction> {
    let destination = address::token_account(&owner, mint.mint);
    vec![
        token::create_account(owner, owner, mint.mint),
        rewards::claim(owner, *stake, *pool, mint.mint, destination),
    ]
}

/// What a claim at `now` (Unix seconds) would pay, atoms; `stake` is `None` when it is closed.
pub fn claimable(position: &Position, pool: &Pool, stake: Option<&Stake>, now: i64) -> u64 {
    let seen = stake.map_or_else(Seen::default, |stake| Seen {
        opened_slot: stake.opened_slot.get(),
        decreases: stake.decreases.get(),
        weight: stake.weight.get(),
        low_weight: stake.low_weight.get(),
    });
    // The program's own look, at copies.
    let (mut position, mut pool) = (*position, *pool);
    match position.look(&mut pool, seen, now) {
        Ok(()) => position.earned_atoms.get(),
        Err(_) => 0,
    }
}

async fn list(session: &Session) -> Result<()> {
    let mut pools: Vec<(Address, Pool)> = find_all(session.chain.as_ref(), []).await?;
    pools.sort_by_key(|(address, _)| *address);
    let mut rows = Vec::new();
    for (address, pool) in &pools {
        rows.push(facts(*address, pool, &session.mint(&pool.reward_mint).await?));
    }
    session.out.list("pools", &rows, "There is no reward pool yet: `grid rewards open` opens one.");
    Ok(())
}

fn facts(address: Address, pool: &Pool, mint: &Arc<MintInfo>) -> Facts {
    Facts::new()
        .address("pool", address)
        .address("stake_mint", pool.stake_mint)
        .address("reward_mint", pool.reward_mint)
        .number("total_weight", pool.total_weight.get())
        .atoms("waiting", pool.waiting_atoms.get(), mint)
        .atoms("shared", pool.shared_atoms.get(), mint)
        .atoms("earned", pool.earned_atoms.get(), mint)
}

async fn show(session: &Session, address: Address) -> Result<()> {
    let (pool, mint) = read(session, &address).await?;
    let facts = facts(address, &pool, &mint);
    let mut rows = Vec::new();
    if let Ok(me) = session.me() {
        let filters = [
            Filter::field(offset_of!(Position, pool), address),
            Filter::field(offset_of!(Position, owner), me),
        ];
        let now = clock(session.chain.as_ref()).await?.unix_timestamp;
        for (_, position) in find_all::<Position>(session.chain.as_ref(), filters).await? {
            let stake: Option<Stake> = find(session.chain.as_ref(), &position.stake).await?;
            let row = Facts::new()
                .address("stake", position.stake)
                .with("stake_exists", Fact::Flag(stake.is_some()))
                .number("active_weight", position.active_weight.get())
                .number("pending_weight", position.pending_weight.get())
                .atoms("claimable", claimable(&position, &pool, stake.as_ref(), now), &mint);
            rows.push(row);
        }
    }
    let mut json = facts.to_json();
    json.insert("positions".into(), rows.iter().map(|row| serde_json::Value::from(row.to_json())).collect());
    session.out.print(&json.into(), &format!("{}{}", facts.to_text(), crate::facts::table(&rows)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_pays_what_was_credited_and_what_has_grown_since() {
        let (mut pool, mut position): (Pool, Position) =
            (bytemuck::Zeroable::zeroed(), bytemuck::Zeroable::zeroed());
        let mut stake: Stake = bytemuck::Zeroable::zeroed();
        (pool.total_weight, pool.shared_atoms) = (4.into(), 100.into());
        pool.index = (25_u128 << 64).into();
        (position.active_weight, position.earned_atoms, pool.earned_atoms) = (1.into(), 7.into(), 7.into());
        stake.weight = 1.into();
        assert_eq!(claimable(&position, &pool, Some(&stake), 0), 32);
        // Unstaked since the last look: it earned nothing in between.
        (stake.decreases, stake.weight) = (1.into(), 0.into());
        assert_eq!(claimable(&position, &pool, Some(&stake), 0), 7);
    }
}
