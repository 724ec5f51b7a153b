//! One builder per instruction. Each takes what the caller decides and derives the rest.

use crate::{address, token};
use grid_jobs::{MarketTerms, accounts, instruction as data};
use solana_address::Address;
use solana_instruction::Instruction;

const SYSTEM_PROGRAM: Address = solana_sdk_ids::system_program::ID;
const CLOCK: Address = solana_sdk_ids::sysvar::clock::ID;

/// Initialises the config. Signs: the program's upgrade authority.
pub fn initialize_config(authority: Address, admin: Address) -> Instruction {
    data::InitializeConfig { admin }.to_instruction(accounts::InitializeConfig {
        authority,
        config: address::config().0,
        program_data: address::program_data(),
        system_program: SYSTEM_PROGRAM,
    })
}

/// Opens the vault of a mint. Signs: the payer.
pub fn open_vault(payer: Address, mint: Address) -> Instruction {
    data::OpenVault {}.to_instruction(accounts::OpenVault {
        payer,
        mint,
        vault: address::vault(&mint).0,
        token_program: token::PROGRAM_ID,
        system_program: SYSTEM_PROGRAM,
    })
}

/// Opens a market. Signs: its authority.
pub fn open_market(authority: Address, mint: Address, id: u64, terms: MarketTerms) -> Instruction {
    data::OpenMarket { id, terms }.to_instruction(accounts::OpenMarket {
        authority,
        config: address::config().0,
        mint,
        market: address::market(&authority, id).0,
        system_program: SYSTEM_PROGRAM,
    })
}

/// Grows a market's queue. Signs: the payer.
pub fn grow_market(payer: Address, market: Address) -> Instruction {
    data::GrowMarket {}.to_instruction(accounts::GrowMarket { payer, market, system_program: SYSTEM_PROGRAM })
}

/// Opens a project. Signs: its owner.
pub fn open_project(owner: Address, mint: Address) -> Instruction {
    data::OpenProject {}.to_instruction(accounts::OpenProject {
        owner,
        mint,
        project: address::project(&mint, &owner).0,
        system_program: SYSTEM_PROGRAM,
    })
}

/// Closes an empty project. Signs: its owner.
pub fn close_project(owner: Address, project: Address) -> Instruction {
    data::CloseProject {}.to_instruction(accounts::CloseProject { owner, project })
}

/// Adds tokens to a project's balance. Signs: the depositor.
pub fn deposit(
    depositor: Address,
    source: Address,
    project: Address,
    mint: Address,
    amount_atoms: u64,
) -> Instruction {
    data::Deposit { amount_atoms }.to_instruction(accounts::Deposit {
        depositor,
        project,
        mint,
        source,
        vault: address::vault(&mint).0,
        token_program: token::PROGRAM_ID,
    })
}

/// Takes tokens out of a project's balance. Signs: its owner.
pub fn withdraw(
    owner: Address,
    project: Address,
    mint: Address,
    destination: Address,
    amount_atoms: u64,
) -> Instruction {
    data::Withdraw { amount_atoms }.to_instruction(accounts::Withdraw {
        owner,
        project,
        mint,
        vault: address::vault(&mint).0,
        destination,
        token_program: token::PROGRAM_ID,
    })
}

/// Opens a device. Signs: its node.
pub fn open_device(node: Address, market: Address, index: u32, payee: Address) -> Instruction {
    data::OpenDevice { index, payee }.to_instruction(accounts::OpenDevice {
        node,
        market,
        device: address::device(&market, &node, index).0,
        system_program: SYSTEM_PROGRAM,
    })
}

/// Closes an idle, empty device. Signs: its node.
pub fn close_device(node: Address, device: Address, market: Address) -> Instruction {
    data::CloseDevice {}.to_instruction(accounts::CloseDevice { node, device, market })
}

/// Adds tokens to a device's bond. Signs: the funder.
pub fn fund_bond(
    funder: Address,
    source: Address,
    device: Address,
    mint: Address,
    amount_atoms: u64,
) -> Instruction {
    data::FundBond { amount_atoms }.to_instruction(accounts::FundBond {
        funder,
        device,
        mint,
        source,
        vault: address::vault(&mint).0,
        token_program: token::PROGRAM_ID,
    })
}

/// Takes tokens out of an idle device's bond, to its payee. Signs: its node.
pub fn withdraw_bond(
    node: Address,
    device: Address,
    mint: Address,
    payee: Address,
    amount_atoms: u64,
) -> Instruction {
    data::WithdrawBond { amount_atoms }.to_instruction(accounts::WithdrawBond {
        node,
        device,
        mint,
        vault: address::vault(&mint).0,
        destination: address::token_account(&payee, &mint),
        token_program: token::PROGRAM_ID,
    })
}

/// Pays a device's earnings to its payee. Signs: nobody but the fee payer.
pub fn withdraw_earnings(device: Address, mint: Address, payee: Address) -> Instruction {
    data::WithdrawEarnings {}.to_instruction(accounts::WithdrawEarnings {
        device,
        mint,
        vault: address::vault(&mint).0,
        destination: address::token_account(&payee, &mint),
        token_program: token::PROGRAM_ID,
    })
}

/// What a client decides when it lists a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing {
    /// Tells the project's jobs apart.
    pub id: u64,
    /// SHA-256 of the job definition.
    pub definition: [u8; 32],
    /// Longest paid run, seconds.
    pub timeout_seconds: u32,
    /// Highest acceptable price of the market, atoms per second.
    pub max_price_per_second_atoms: u64,
}

/// Lists a job. Signs: the project's owner.
pub fn list(owner: Address, project: Address, market: Address, listing: &Listing) -> Instruction {
    let (job, bump) = address::job(&project, listing.id);
    data::List {
        id: listing.id,
        bump,
        definition: &listing.definition,
        timeout_seconds: listing.timeout_seconds,
        max_price_per_second_atoms: listing.max_price_per_second_atoms,
    }
    .to_instruction(accounts::List { owner, project, market, job, system_program: SYSTEM_PROGRAM })
}

/// Takes a queued job off its market. Signs: the project's owner.
pub fn delist(
    owner: Address,
    project: Address,
    market: Address,
    job: Address,
    rent_payer: Address,
) -> Instruction {
    data::Delist {}.to_instruction(accounts::Delist { owner, project, market, job, rent_payer })
}

/// Offers an idle device. Signs: its node.
pub fn work(node: Address, device: Address, market: Address, min_price_per_second_atoms: u64) -> Instruction {
    data::Work { min_price_per_second_atoms }.to_instruction(accounts::Work {
        node,
        device,
        market,
        clock: CLOCK,
    })
}

/// Takes a queued device off its market. Signs: its node.
pub fn leave(node: Address, device: Address, market: Address) -> Instruction {
    data::Leave {}.to_instruction(accounts::Leave { node, device, market })
}

/// Starts a matched job. Signs: the device's node.
pub fn start(node: Address, device: Address, job: Address) -> Instruction {
    data::Start {}.to_instruction(accounts::Start { node, device, job, clock: CLOCK })
}

/// Hands a matched job back. Signs: the device's node.
pub fn decline(
    node: Address,
    device: Address,
    job: Address,
    market: Address,
    project: Address,
) -> Instruction {
    data::Decline {}.to_instruction(accounts::Decline { node, device, job, market, project })
}

/// Finishes a running job. Signs: the device's node.
pub fn finish(
    node: Address,
    device: Address,
    job: Address,
    market: Address,
    project: Address,
    result: [u8; 32],
) -> Instruction {
    data::Finish { result: &result }.to_instruction(accounts::Finish {
        node,
        device,
        job,
        market,
        project,
        clock: CLOCK,
    })
}

/// Closes a job that is over. Signs: the project's owner, or anyone after the retention.
pub fn close_job(closer: Address, project: Address, job: Address, rent_payer: Address) -> Instruction {
    data::CloseJob {}.to_instruction(accounts::CloseJob { closer, project, job, rent_payer })
}
