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
//! **Money.** Tokens move in `deposit`, `withdraw`, `fund_bond`, `withdraw_bond`, `withdraw_earnings` and `collect_fees`;
//! everything else is arithmetic between accounts. For each mint, always: Σ project.balance + Σ job.escrow +
//! Σ device.earnings + Σ device.bond + Σ (market.fees_owed + market.treasury_owed) ≤ vault.amount.
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

use alloc::vec::Vec;
use anchor_lang::prelude::*;
pub use {errors::GridError, grid_onchain::vault::VAULT_SEED, instructions::*, state::*};

declare_id!("AhNtFQApsGPcC6xBS5hRJNAyY4khwcjcXzb3QTFXetUH");

#[cfg(all(target_os = "solana", not(feature = "no-entrypoint")))]
grid_onchain::security_txt!("Grid jobs");

/// The instructions; the ones of the hot path come first, because dispatch walks this list.
#[program]
pub mod grid_jobs {
    use super::*;
    use crate::instructions::new_job::NewJob;

    /// Lists a job: takes its price from the project's balance into escrow and matches it with a waiting device or queues it.
    ///
    /// * `id`: number among the project's jobs, chosen by the client; part of the address.
    /// * `bump`: bump of the job's address.
    /// * `kind`: what the job pays for.
    /// * `definition`: SHA-256 of the job definition.
    /// * `timeout_seconds`: longest paid run, seconds; the escrow is for all of it.
    /// * `max_price_per_second_atoms`: refused when the market asks for more, atoms per second.
    pub fn list(
        ctx: &mut Context<List>,
        id: u64,
        bump: u8,
        kind: JobKind,
        definition: &[u8; 32],
        timeout_seconds: u32,
        max_price_per_second_atoms: u64,
    ) -> Result<()> {
        let new = NewJob { id, bump, kind, definition, timeout_seconds, max_price_per_second_atoms };
        handle_list(ctx, &new)
    }

    /// Offers an idle device: matches it with the first waiting job or queues it.
    ///
    /// * `min_price_per_second_atoms`: least price that a job must pay, atoms per second; a job below it may be declined without a strike.
    pub fn work(ctx: &mut Context<Work>, min_price_per_second_atoms: u64) -> Result<()> {
        handle_work(ctx, min_price_per_second_atoms)
    }

    /// Starts a matched job on its device; the paid clock starts here.
    pub fn start(ctx: &mut Context<Start>) -> Result<()> {
        handle_start(ctx)
    }

    /// Finishes a running job: posts the hash of its result, pays the device, returns the rest to the project.
    ///
    /// * `result`: SHA-256 of the result document.
    pub fn finish(ctx: &mut Context<Finish>, result: &[u8; 32]) -> Result<()> {
        handle_finish(ctx, result)
    }

    /// Shows that the node of a running job lives.
    pub fn heartbeat(ctx: &mut Context<Heartbeat>) -> Result<()> {
        handle_heartbeat(ctx)
    }

    /// Offers an idle device to a market that asks for something: shows it, then matches the device or queues it.
    ///
    /// * `min_price_per_second_atoms`: least price that a job must pay, atoms per second; a job below it may be declined without a strike.
    pub fn work_gated(ctx: &mut Context<WorkGated>, min_price_per_second_atoms: u64) -> Result<()> {
        handle_work_gated(ctx, min_price_per_second_atoms)
    }

    /// Starts a matched job on a device that offered itself with `work_gated`: shows again what the market asks for.
    pub fn start_gated(ctx: &mut Context<StartGated>) -> Result<()> {
        handle_start_gated(ctx)
    }

    /// Lists several jobs in one transaction, with consecutive ids; their accounts follow the named ones.
    ///
    /// * `first_id`: number of the first job; the others follow it.
    /// * `max_price_per_second_atoms`: refused when the market asks for more, atoms per second.
    /// * `jobs`: the jobs, in the order of their accounts.
    pub fn list_many(
        ctx: &mut Context<ListMany>,
        first_id: u64,
        max_price_per_second_atoms: u64,
        jobs: Vec<JobRequest>,
    ) -> Result<()> {
        handle_list_many(ctx, first_id, max_price_per_second_atoms, &jobs)
    }

    /// Lists a job for one waiting device.
    ///
    /// * `id`: number among the project's jobs, chosen by the client; part of the address.
    /// * `bump`: bump of the job's address.
    /// * `kind`: what the job pays for.
    /// * `definition`: SHA-256 of the job definition.
    /// * `timeout_seconds`: longest paid run, seconds; the escrow is for all of it.
    /// * `max_price_per_second_atoms`: refused when the market asks for more, atoms per second.
    pub fn list_direct(
        ctx: &mut Context<ListDirect>,
        id: u64,
        bump: u8,
        kind: JobKind,
        definition: &[u8; 32],
        timeout_seconds: u32,
        max_price_per_second_atoms: u64,
    ) -> Result<()> {
        let new = NewJob { id, bump, kind, definition, timeout_seconds, max_price_per_second_atoms };
        handle_list_direct(ctx, &new)
    }

    /// Gives a job a longer timeout, at its own price.
    ///
    /// * `timeout_seconds`: the new longest paid run, seconds; more than the old one.
    pub fn extend(ctx: &mut Context<Extend>, timeout_seconds: u32) -> Result<()> {
        handle_extend(ctx, timeout_seconds)
    }

    /// Ends a run before its node finishes it: pays the seconds so far, returns the rest to the project.
    pub fn end(ctx: &mut Context<End>) -> Result<()> {
        handle_end(ctx)
    }

    /// Adds the hash of the result of a job that its client ended.
    ///
    /// * `result`: SHA-256 of the result document.
    pub fn post_result(ctx: &mut Context<PostResult>, result: &[u8; 32]) -> Result<()> {
        handle_post_result(ctx, result)
    }

    /// Gives up a run; the job meets the next device or returns to the head of the queue.
    pub fn quit(ctx: &mut Context<Quit>) -> Result<()> {
        handle_quit(ctx)
    }

    /// Takes a job back from a device that did not start it in time; anyone may call it.
    pub fn expire_assignment(ctx: &mut Context<ExpireAssignment>) -> Result<()> {
        handle_expire_assignment(ctx)
    }

    /// Takes a job back from a device that shows no life, or did not finish it in time; anyone may call it.
    pub fn expire_run(ctx: &mut Context<ExpireRun>) -> Result<()> {
        handle_expire_run(ctx)
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
    ///
    /// * `amount_atoms`: what is moved from the source to the vault, atoms.
    pub fn deposit(ctx: &mut Context<Deposit>, amount_atoms: u64) -> Result<()> {
        handle_deposit(ctx, amount_atoms)
    }

    /// Takes tokens out of a project's balance.
    ///
    /// * `amount_atoms`: what is moved from the vault to the destination, atoms.
    pub fn withdraw(ctx: &mut Context<Withdraw>, amount_atoms: u64) -> Result<()> {
        handle_withdraw(ctx, amount_atoms)
    }

    /// Adds tokens to a device's bond; anyone may pay.
    ///
    /// * `amount_atoms`: what is moved from the source to the vault, atoms.
    pub fn fund_bond(ctx: &mut Context<FundBond>, amount_atoms: u64) -> Result<()> {
        handle_fund_bond(ctx, amount_atoms)
    }

    /// Takes tokens out of an idle device's bond, to its payee's associated token account.
    ///
    /// * `amount_atoms`: what is moved from the vault to the payee, atoms.
    pub fn withdraw_bond(ctx: &mut Context<WithdrawBond>, amount_atoms: u64) -> Result<()> {
        handle_withdraw_bond(ctx, amount_atoms)
    }

    /// Pays a market's fees to the reward pool of its mint, to nobody (burnt) and to the treasury; anyone may call it.
    pub fn collect_fees(ctx: &mut Context<CollectFees>) -> Result<()> {
        handle_collect_fees(ctx)
    }

    /// Gives notice to a job that waits: after 30 days anyone may delist it.
    pub fn notify_job(ctx: &mut Context<NotifyJob>) -> Result<()> {
        handle_notify_job(ctx)
    }

    /// Gives notice to a device that waits or is idle: after 30 days anyone may send its deposits home.
    pub fn notify_device(ctx: &mut Context<NotifyDevice>) -> Result<()> {
        handle_notify_device(ctx)
    }

    /// Opens a project: a prepaid balance of one owner in one mint.
    pub fn open_project(ctx: &mut Context<OpenProject>) -> Result<()> {
        handle_open_project(ctx)
    }

    /// Closes an empty project without jobs.
    pub fn close_project(ctx: &mut Context<CloseProject>) -> Result<()> {
        handle_close_project(ctx)
    }

    /// Appoints a member of a project, or changes its spending limit.
    ///
    /// * `key`: who becomes a member.
    /// * `limit_atoms`: what it may put into escrow within a period, atoms.
    /// * `period_seconds`: the period of the limit, seconds.
    pub fn set_member(
        ctx: &mut Context<SetMember>,
        key: Address,
        limit_atoms: u64,
        period_seconds: u32,
    ) -> Result<()> {
        handle_set_member(ctx, key, limit_atoms, period_seconds)
    }

    /// Ends a membership.
    pub fn close_member(ctx: &mut Context<CloseMember>) -> Result<()> {
        handle_close_member(ctx)
    }

    /// Opens a device of a node in a market.
    ///
    /// * `index`: number among the node's devices, chosen by the node; part of the address.
    /// * `payee`: whose associated token account is paid earnings and bond.
    pub fn open_device(ctx: &mut Context<OpenDevice>, index: u32, payee: Address) -> Result<()> {
        handle_open_device(ctx, index, payee)
    }

    /// Backs a device with an access NFT of its node.
    pub fn admit_device(ctx: &mut Context<AdmitDevice>) -> Result<()> {
        handle_admit_device(ctx)
    }

    /// Ends what `admit_device` began.
    pub fn dismiss_device(ctx: &mut Context<DismissDevice>) -> Result<()> {
        handle_dismiss_device(ctx)
    }

    /// Names another payee of a device.
    ///
    /// * `payee`: whose associated token account is paid from now on.
    pub fn set_payee(ctx: &mut Context<SetPayee>, payee: Address) -> Result<()> {
        handle_set_payee(ctx, payee)
    }

    /// Closes an idle device without bond and earnings.
    pub fn close_device(ctx: &mut Context<CloseDevice>) -> Result<()> {
        handle_close_device(ctx)
    }

    /// Opens a market: one GPU class, one mint, one price per second.
    ///
    /// * `id`: number among the authority's markets, chosen by the authority; part of the address.
    /// * `terms`: price, deadlines, bond, penalties and fee.
    pub fn open_market(ctx: &mut Context<OpenMarket>, id: u64, terms: MarketTerms) -> Result<()> {
        handle_open_market(ctx, id, terms)
    }

    /// Grows a market's queue by up to 10 KiB; anyone may pay.
    pub fn grow_market(ctx: &mut Context<GrowMarket>) -> Result<()> {
        handle_grow_market(ctx)
    }

    /// Sets a market's terms, for jobs listed and devices offered from now on.
    ///
    /// * `terms`: price, deadlines, bond, penalties and fee.
    pub fn update_market(ctx: &mut Context<UpdateMarket>, terms: MarketTerms) -> Result<()> {
        handle_update_market(ctx, terms)
    }

    /// Sets whom a market admits.
    ///
    /// * `terms`: what a node must show; zeros admit everybody.
    pub fn set_admission(ctx: &mut Context<SetAdmission>, terms: AdmissionTerms) -> Result<()> {
        handle_set_admission(ctx, &terms)
    }

    /// Offers a market to another authority.
    ///
    /// * `new_authority`: whom the market is offered to; zero takes the offer back.
    pub fn propose_market_authority(
        ctx: &mut Context<ProposeMarketAuthority>,
        new_authority: Address,
    ) -> Result<()> {
        handle_propose_market_authority(ctx, new_authority)
    }

    /// Takes over a market that was offered.
    pub fn accept_market_authority(ctx: &mut Context<AcceptMarketAuthority>) -> Result<()> {
        handle_accept_market_authority(ctx)
    }

    /// Names the mint whose stakes earn shares of the fees.
    ///
    /// * `stake_mint`: the mint of the stakes.
    pub fn set_stake_mint(ctx: &mut Context<SetStakeMint>, stake_mint: Address) -> Result<()> {
        handle_set_stake_mint(ctx, stake_mint)
    }

    /// Refuses entries to a market for some time, never exits.
    ///
    /// * `seconds`: for how long, seconds, at most three days; zero ends the pause.
    pub fn pause_market(ctx: &mut Context<PauseMarket>, seconds: u32) -> Result<()> {
        handle_pause_market(ctx, seconds)
    }

    /// Closes a market that nothing depends on.
    pub fn close_market(ctx: &mut Context<CloseMarket>) -> Result<()> {
        handle_close_market(ctx)
    }

    /// Opens the vault of a mint, which holds the tokens of all its markets, projects and devices.
    pub fn open_vault(ctx: &mut Context<OpenVault>) -> Result<()> {
        handle_open_vault(ctx)
    }

    /// Initialises the config; only the program's upgrade authority may, once.
    ///
    /// * `admin`: who gets the admin role.
    pub fn initialize_config(ctx: &mut Context<InitializeConfig>, admin: Address) -> Result<()> {
        handle_initialize_config(ctx, admin)
    }

    /// Names the pauser, and the treasury that fees are paid to.
    ///
    /// * `pauser`: who may pause.
    /// * `treasury`: whose associated token accounts receive the treasury's share of fees.
    pub fn update_config(ctx: &mut Context<UpdateConfig>, pauser: Address, treasury: Address) -> Result<()> {
        handle_update_config(ctx, pauser, treasury)
    }

    /// Refuses deposits, bonds and new markets for some time, never exits.
    ///
    /// * `seconds`: for how long, seconds, at most three days; zero ends the pause.
    pub fn pause_deposits(ctx: &mut Context<PauseDeposits>, seconds: u32) -> Result<()> {
        handle_pause_deposits(ctx, seconds)
    }

    /// Offers the admin role to another key.
    ///
    /// * `new_admin`: whom the role is offered to; zero takes the offer back.
    pub fn propose_admin(ctx: &mut Context<ProposeAdmin>, new_admin: Address) -> Result<()> {
        handle_propose_admin(ctx, new_admin)
    }

    /// Takes over the admin role that was offered.
    pub fn accept_admin(ctx: &mut Context<AcceptAdmin>) -> Result<()> {
        handle_accept_admin(ctx)
    }
}
