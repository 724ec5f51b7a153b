//! Grid jobs: markets for GPU time, with matching, escrow and payout.
//!
//! **Actors.** A *client* owns a project (its prepaid balance) and lists jobs. A *node* owns devices (one per GPU) and
//! runs jobs. A *market authority* opens a market and sets its terms. Anyone may deposit, grow a full market, and push
//! earnings to their owner.
//!
//! **Authorities.** The program's upgrade authority initialises the config, once. A project's tokens leave only by
//! its owner's signature or by the terms its owner signed when listing a job. A device's bond and earnings leave only
//! to the token account of the payee that its node named. No instruction lets a market authority or the config admin
//! touch a token that the ledger owes to somebody else.
//!
//! **Life of a job.** `list` → (`work` of a node, before or after) → `start` → `finish` → `close_job`; or `list` →
//! `delist`. A node may `decline` a match before it starts it.
//!
//! **Order of calls.** `initialize_config`, `open_vault`, `open_market`, `grow_market` until large enough; a client
//! then calls `open_project`, `deposit`, `list`; a node `open_device`, `fund_bond`, `work`.
//!
//! **Money.** Tokens move in `deposit`, `withdraw`, `fund_bond`, `withdraw_bond` and `withdraw_earnings`; everything
//! else is arithmetic between accounts. For each mint, always:
//! Σ project.balance + Σ job.escrow + Σ device.earnings + Σ device.bond + Σ market.fees_owed ≤ vault.amount.
#![cfg_attr(target_os = "solana", no_std)]
#![deny(unsafe_code)]

extern crate alloc;

#[cfg(target_arch = "bpf")]
use solana_compiler_builtins as _;

pub mod constants;
pub mod errors;
pub mod events;
pub mod instructions;
pub mod math;
pub mod state;

use anchor_lang::prelude::*;
pub use {errors::GridError, instructions::*, state::*};

declare_id!("AhNtFQApsGPcC6xBS5hRJNAyY4khwcjcXzb3QTFXetUH");

/// The instructions; the four of the hot path come first, because dispatch walks this list.
#[program]
pub mod grid_jobs {
    use super::*;

    /// Lists a job: takes its price from the project's balance into escrow and matches it with a waiting device or queues it.
    pub fn list(
        ctx: &mut Context<List>,
        id: u64,
        bump: u8,
        definition: &[u8; 32],
        timeout_seconds: u32,
        max_price_per_second_atoms: u64,
    ) -> Result<()> {
        handle_list(ctx, id, bump, definition, timeout_seconds, max_price_per_second_atoms)
    }

    /// Offers an idle device: matches it with the first waiting job or queues it.
    pub fn work(ctx: &mut Context<Work>, min_price_per_second_atoms: u64) -> Result<()> {
        handle_work(ctx, min_price_per_second_atoms)
    }

    /// Starts a matched job on its device; the paid clock starts here.
    pub fn start(ctx: &mut Context<Start>) -> Result<()> {
        handle_start(ctx)
    }

    /// Finishes a running job: posts the hash of its result, pays the device, returns the rest to the project.
    pub fn finish(ctx: &mut Context<Finish>, result: &[u8; 32]) -> Result<()> {
        handle_finish(ctx, result)
    }

    /// Takes a queued job off its market: returns the escrow to the project and the rent to who paid it.
    pub fn delist(ctx: &mut Context<Delist>) -> Result<()> {
        handle_delist(ctx)
    }

    /// Takes a queued device off its market.
    pub fn leave(ctx: &mut Context<Leave>) -> Result<()> {
        handle_leave(ctx)
    }

    /// Hands a matched job back before starting it; the job meets the next device or returns to the head of the queue.
    pub fn decline(ctx: &mut Context<Decline>) -> Result<()> {
        handle_decline(ctx)
    }

    /// Closes a job that is over: the project's owner at any time, anyone after the job's retention.
    pub fn close_job(ctx: &mut Context<CloseJob>) -> Result<()> {
        handle_close_job(ctx)
    }

    /// Pays a device's earnings to its payee's associated token account; anyone may call it.
    pub fn withdraw_earnings(ctx: &mut Context<WithdrawEarnings>) -> Result<()> {
        handle_withdraw_earnings(ctx)
    }

    /// Adds tokens to a project's balance; anyone may pay.
    pub fn deposit(ctx: &mut Context<Deposit>, amount_atoms: u64) -> Result<()> {
        handle_deposit(ctx, amount_atoms)
    }

    /// Takes tokens out of a project's balance.
    pub fn withdraw(ctx: &mut Context<Withdraw>, amount_atoms: u64) -> Result<()> {
        handle_withdraw(ctx, amount_atoms)
    }

    /// Adds tokens to a device's bond; anyone may pay.
    pub fn fund_bond(ctx: &mut Context<FundBond>, amount_atoms: u64) -> Result<()> {
        handle_fund_bond(ctx, amount_atoms)
    }

    /// Takes tokens out of an idle device's bond, to its payee's associated token account.
    pub fn withdraw_bond(ctx: &mut Context<WithdrawBond>, amount_atoms: u64) -> Result<()> {
        handle_withdraw_bond(ctx, amount_atoms)
    }

    /// Opens a project: a prepaid balance of one owner in one mint.
    pub fn open_project(ctx: &mut Context<OpenProject>) -> Result<()> {
        handle_open_project(ctx)
    }

    /// Closes an empty project without jobs.
    pub fn close_project(ctx: &mut Context<CloseProject>) -> Result<()> {
        handle_close_project(ctx)
    }

    /// Opens a device of a node in a market.
    pub fn open_device(ctx: &mut Context<OpenDevice>, index: u32, payee: Address) -> Result<()> {
        handle_open_device(ctx, index, payee)
    }

    /// Closes an idle device without bond and earnings.
    pub fn close_device(ctx: &mut Context<CloseDevice>) -> Result<()> {
        handle_close_device(ctx)
    }

    /// Opens a market: one GPU class, one mint, one price per second.
    pub fn open_market(ctx: &mut Context<OpenMarket>, id: u64, terms: MarketTerms) -> Result<()> {
        handle_open_market(ctx, id, terms)
    }

    /// Grows a market's queue by up to 10 KiB; anyone may pay.
    pub fn grow_market(ctx: &mut Context<GrowMarket>) -> Result<()> {
        handle_grow_market(ctx)
    }

    /// Opens the vault of a mint, which holds the tokens of all its markets, projects and devices.
    pub fn open_vault(ctx: &mut Context<OpenVault>) -> Result<()> {
        handle_open_vault(ctx)
    }

    /// Initialises the config; only the program's upgrade authority may, once.
    pub fn initialize_config(ctx: &mut Context<InitializeConfig>, admin: Address) -> Result<()> {
        handle_initialize_config(ctx, admin)
    }
}
