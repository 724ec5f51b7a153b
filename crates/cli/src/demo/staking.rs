//! The demo's staker: it locks tokens, earns a share of the market's fees, and leaves. The node's stake ends with it.

use crate::demo::stage::Stage;
use anyhow::{Result, ensure};
use grid_client::{
    account::{Pool, Stake},
    address, chain, instruction, rewards, staking, token,
};
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;

/// Tokens that the staker locks, atoms.
const STAKE: u64 = 500_000_000;
/// For how long, seconds: 14 days.
const DURATION: u32 = 14 * 24 * 60 * 60;
/// Time after which the weight of a stake begins to earn, seconds.
const ACTIVATION: u64 = grid_rewards::constants::ACTIVATION_SECONDS as u64;
/// Share of a stake that may be slashed within an epoch, basis points.
const SLASH_CAP_BPS: u16 = 2_500;
/// Length of a slashing epoch, seconds: a day.
const SLASH_EPOCH: u32 = 24 * 60 * 60;

impl Stage {
    /// Makes the mint stakeable, opens its reward pool and tells the jobs program of it.
    pub async fn open_staking(&self) -> Result<()> {
        let (admin, mint) = (self.admin.pubkey(), self.mint);
        let treasury = address::token_account(&admin, mint);
        let create = token::create_account(admin, admin, mint);
        self.send("create account", &[create], &[&self.admin]).await?;
        let open = staking::open_settings(admin, mint, treasury, SLASH_CAP_BPS, SLASH_EPOCH);
        self.send("open_settings", &[open], &[&self.admin]).await?;
        self.send("open_pool", &[rewards::open_pool(admin, &mint, mint)], &[&self.admin]).await?;
        self.send("set_stake_mint", &[instruction::set_stake_mint(admin, mint)], &[&self.admin]).await?;
        Ok(())
    }

    /// The staker stakes and enters the pool; a day later its weight earns.
    pub async fn stake(&self) -> Result<()> {
        let (owner, mint) = (self.staker.pubkey(), self.mint);
        let source = address::token_account(&owner, mint);
        let stake = staking::stake(owner, source, mint, 0, STAKE, DURATION);
        self.send("stake", &[stake], &[&self.staker]).await?;
        let enter = rewards::enter(owner, self.stake_address(), self.pool());
        self.send("enter", &[enter], &[&self.staker]).await?;
        self.pass("a day passes", ACTIVATION).await?;
        self.send("sync", &[rewards::sync(self.stake_address(), self.pool())], &[&self.staker]).await?;
        Ok(())
    }

    /// Anyone collects the market's fees; the staker claims its share.
    pub async fn share_fees(&self) -> Result<()> {
        let (admin, mint) = (self.admin.pubkey(), self.mint);
        let collect = instruction::collect_fees(self.market, mint, admin, mint);
        self.send("collect_fees", &[collect], &[&self.staker]).await?;
        let (owner, pool) = (self.staker.pubkey(), self.pool());
        let destination = address::token_account(&owner, mint);
        let claim = rewards::claim(owner, self.stake_address(), pool, mint, destination);
        self.send("claim", &[claim], &[&self.staker]).await?;
        let close = instruction::close_market(admin, self.market);
        self.send("close_market", &[close], &[&self.admin]).await?;
        Ok(())
    }

    /// Staker and node take their stakes home.
    pub async fn unstake(&self) -> Result<()> {
        let stakes: [(&Keypair, Address); 2] =
            [(&self.staker, self.stake_address()), (&self.node, self.node_stake())];
        for (owner, stake) in stakes {
            self.send("unstake", &[staking::unstake(owner.pubkey(), stake)], &[owner]).await?;
        }
        self.pass("the tokens come free within 14 days", DURATION.into()).await?;
        let (staker, mint) = (self.staker.pubkey(), self.mint);
        let exit = rewards::exit(staker, self.stake_address(), self.pool());
        self.send("exit", &[exit], &[&self.staker]).await?;
        for (owner, stake) in stakes {
            let destination = address::token_account(&owner.pubkey(), mint);
            let withdraw = staking::withdraw(owner.pubkey(), stake, mint, destination);
            self.send("withdraw", &[withdraw], &[owner]).await?;
            self.send("close", &[staking::close(owner.pubkey(), stake)], &[owner]).await?;
        }
        Ok(())
    }

    /// The reward pool.
    pub fn pool(&self) -> Address {
        rewards::pool_address(&self.mint, &self.mint).0
    }

    /// The staker's stake.
    pub fn stake_address(&self) -> Address {
        staking::stake_address(&self.mint, &self.staker.pubkey(), 0).0
    }

    /// What the pool's account says its vault holds, atoms. It must be what the vault holds.
    pub async fn rewards_held(&self) -> Result<u64> {
        let found = chain::find::<Pool>(self.chain.as_ref(), &self.pool()).await?;
        let Some(pool) = found else { return Ok(0) };
        let owed = pool.waiting_atoms.get() + pool.shared_atoms.get() + pool.earned_atoms.get();
        let held = self.tokens_in(&rewards::vault_address(&self.pool()).0).await?;
        ensure!(owed == held, "the reward pool's vault holds {held} atoms, its account says {owed}");
        Ok(held)
    }

    /// What the stakes' accounts say is left, atoms. It must be what the vault of the stakes holds.
    pub async fn stakes_held(&self) -> Result<u64> {
        let vault = staking::vault_address(&self.mint).0;
        if chain::account(self.chain.as_ref(), &vault).await?.is_none() {
            return Ok(0);
        }
        let (mut left, held) = (0, self.tokens_in(&vault).await?);
        for address in [self.stake_address(), self.node_stake()] {
            let stake = chain::find::<Stake>(self.chain.as_ref(), &address).await?;
            left += stake.map_or(0, |stake| stake.left());
        }
        ensure!(left == held, "the vault of the stakes holds {held} atoms, the stakes {left}");
        Ok(held)
    }

    async fn pass(&self, what: &str, seconds: u64) -> Result<()> {
        self.localnet.advance_clock(seconds).await?;
        self.report.note("clock", what);
        Ok(())
    }
}
