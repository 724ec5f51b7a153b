//! The world that every seed begins with: the real jobs program in a litesvm, a market, a funded project, two devices.

use grid_client::{
    address,
    instruction::{self},
    token,
};
use grid_jobs::MarketTerms;
use litesvm::LiteSVM;
use solana_account::Account;
use solana_address::Address;
use solana_clock::Clock;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use solana_transaction::Transaction;
use std::{path::PathBuf, sync::Arc};

/// Time at which every seed begins, Unix seconds.
pub const BEGINNING: i64 = 1_800_000_000;
/// Tokens that the client begins with, atoms.
pub const TOKENS: u64 = 1_000_000_000;
/// Balance that the project begins with, atoms.
pub const BALANCE: u64 = 100_000_000;
/// Lamports of client and node.
pub const LAMPORTS: u64 = 1_000_000_000_000;
/// Devices of the node.
pub const DEVICES: u32 = 2;
/// The market's price, atoms per second.
pub const PRICE: u64 = 100;
/// The market's fee, basis points.
pub const FEE_BPS: u64 = 250;
/// Longest run of a job, seconds.
pub const TIMEOUT: u32 = 3_600;

const TERMS: MarketTerms = MarketTerms {
    price_per_second_atoms: PRICE,
    bond_atoms: 0,
    expiry_reward_atoms: 0,
    compensation_atoms: 0,
    fee_bps: FEE_BPS as u16,
    stakers_bps: 0,
    burn_bps: 0,
    max_attempts: 16,
    max_strikes: 10,
    min_timeout_seconds: 10,
    max_timeout_seconds: TIMEOUT,
    start_window_seconds: 60,
    heartbeat_limit_seconds: 120,
    finish_grace_seconds: 3_600,
    retention_seconds: 86_400,
};

/// The machine and who is in it.
#[derive(Clone)]
pub struct World {
    pub svm: LiteSVM,
    /// Lists jobs and deposits.
    pub client: Arc<Keypair>,
    /// Works; its own payee.
    pub node: Arc<Keypair>,
    pub mint: Address,
    pub market: Address,
    pub project: Address,
    pub devices: Vec<Address>,
}

fn key(byte: u8) -> Keypair {
    Keypair::new_from_array([byte; 32])
}

fn binary() -> Vec<u8> {
    let folder = std::env::var_os("GRID_SBF_DIR").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/deploy")),
        PathBuf::from,
    );
    let path = folder.join("grid_jobs.so");
    std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask build` makes it", path.display()))
}

impl World {
    pub fn new() -> Self {
        let (authority, client, node, mint) = (key(1), key(2), key(3), key(4));
        // The chain of the simulation keeps blockhashes and signatures itself.
        let mut svm = LiteSVM::new().with_sigverify(false).with_blockhash_check(false);
        svm = svm.with_transaction_history(0);
        svm.add_program(grid_jobs::ID, &binary()).unwrap();
        let program_data = address::program_data();
        let mut account = svm.get_account(&program_data).unwrap();
        account.data[12] = 1;
        account.data[13..45].copy_from_slice(authority.pubkey().as_ref());
        svm.set_account(program_data, account).unwrap();
        for actor in [&authority, &client, &node] {
            let account = Account { lamports: LAMPORTS, ..Account::default() };
            svm.set_account(actor.pubkey(), account).unwrap();
        }
        let mut clock = svm.get_sysvar::<Clock>();
        clock.unix_timestamp = BEGINNING;
        svm.set_sysvar(&clock);

        let (owner, worker) = (client.pubkey(), node.pubkey());
        let market = address::market(&authority.pubkey(), 0).0;
        let project = address::project(&mint.pubkey(), &owner).0;
        let tokens = address::token_account(&owner, mint.pubkey());
        let rent = svm.minimum_balance_for_rent_exemption(token::MINT_SPACE as usize);
        let at = |index| address::device(&market, &worker, index).0;
        let devices: Vec<Address> = (0..DEVICES).map(at).collect();
        let (a, m) = (authority.pubkey(), mint.pubkey());
        let open_devices = (0..DEVICES).map(|index| instruction::open_device(worker, market, index, worker));
        let steps: Vec<(Vec<Instruction>, Vec<&Keypair>)> = vec![
            (token::create_mint(a, m, a, 6, rent).into(), vec![&authority, &mint]),
            (
                vec![
                    token::create_account(a, owner, m),
                    token::create_account(a, worker, m),
                    token::mint_to(m, tokens, a, TOKENS),
                ],
                vec![&authority],
            ),
            (vec![instruction::initialize_config(a, a), instruction::open_vault(a, m)], vec![&authority]),
            (vec![instruction::open_market(a, m, 0, TERMS)], vec![&authority]),
            (
                vec![
                    instruction::open_project(owner, m),
                    instruction::deposit(owner, tokens, project, m, BALANCE),
                ],
                vec![&client],
            ),
            (open_devices.collect(), vec![&node]),
        ];
        for (instructions, signers) in steps {
            let mut transaction = Transaction::new_with_payer(&instructions, Some(&signers[0].pubkey()));
            transaction.sign(&signers, svm.latest_blockhash());
            svm.send_transaction(transaction).unwrap_or_else(|failed| panic!("{:?}", failed));
        }
        let (client, node) = (Arc::new(client), Arc::new(node));
        Self { svm, client, node, mint: m, market, project, devices }
    }

    /// The client's token account.
    pub fn client_tokens(&self) -> Address {
        address::token_account(&self.client.pubkey(), self.mint)
    }

    /// The node's token account, where its earnings go.
    pub fn node_tokens(&self) -> Address {
        address::token_account(&self.node.pubkey(), self.mint)
    }
}
