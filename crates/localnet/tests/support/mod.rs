//! Wallets, transactions and the few instructions that the tests send, encoded by hand.

use std::time::{Duration, Instant};

use grid_localnet::{Localnet, LocalnetConfig, ids};
use solana_address::Address;
use solana_commitment_config::CommitmentConfig;
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::{Keypair, Signer as _};
use solana_message::Message;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_transaction::Transaction;

pub const SOL: u64 = 1_000_000_000;
pub const SYSTEM: Address = Address::from_str_const("11111111111111111111111111111111");
const RENT: Address = Address::from_str_const("SysvarRent111111111111111111111111111111111");
pub const MINT_BYTES: u64 = 82;
pub const TOKEN_ACCOUNT_BYTES: u64 = 165;

/// A network, a client at `confirmed` and a wallet of 100 SOL.
pub async fn localnet() -> (Localnet, RpcClient, Keypair) {
    with_config(LocalnetConfig::default()).await
}

pub async fn with_config(config: LocalnetConfig) -> (Localnet, RpcClient, Keypair) {
    let localnet = Localnet::start(config).await.expect("the localnet starts");
    let wallet = Keypair::new();
    localnet.airdrop(&wallet.pubkey(), 100 * SOL).await.expect("the airdrop lands");
    let rpc = client(&localnet);
    (localnet, rpc, wallet)
}

pub fn client(localnet: &Localnet) -> RpcClient {
    RpcClient::new_with_commitment(localnet.rpc_url().to_owned(), CommitmentConfig::confirmed())
}

/// Signs `instructions` with the newest blockhash; the first signer pays.
pub async fn sign(rpc: &RpcClient, instructions: &[Instruction], signers: &[&Keypair]) -> Transaction {
    let blockhash = rpc.get_latest_blockhash().await.expect("a blockhash");
    let message = Message::new(instructions, Some(&signers[0].pubkey()));
    Transaction::new(signers, message, blockhash)
}

/// Sends `instructions` and waits until they are confirmed.
pub async fn send(rpc: &RpcClient, instructions: &[Instruction], signers: &[&Keypair]) -> Transaction {
    let transaction = sign(rpc, instructions, signers).await;
    rpc.send_transaction(&transaction).await.expect("the transaction is accepted");
    confirmed(rpc, &transaction).await;
    transaction
}

/// Waits until a transaction is confirmed, and tells how long that took.
pub async fn confirmed(rpc: &RpcClient, transaction: &Transaction) -> Duration {
    let start = Instant::now();
    let mut pause = tokio::time::interval(Duration::from_millis(1));
    while start.elapsed() < Duration::from_secs(30) {
        pause.tick().await;
        if rpc.confirm_transaction(&transaction.signatures[0]).await.expect("a status") {
            return start.elapsed();
        }
    }
    panic!("{} is not confirmed", transaction.signatures[0]);
}

pub fn transfer(from: &Address, to: &Address, lamports: u64) -> Instruction {
    let data = [&2_u32.to_le_bytes()[..], &lamports.to_le_bytes()].concat();
    instruction(SYSTEM, data, vec![AccountMeta::new(*from, true), AccountMeta::new(*to, false)])
}

pub fn create_account(
    payer: &Address,
    new: &Address,
    lamports: u64,
    bytes: u64,
    owner: &Address,
) -> Instruction {
    let data = [&[0; 4][..], &lamports.to_le_bytes(), &bytes.to_le_bytes(), owner.as_ref()].concat();
    instruction(SYSTEM, data, vec![AccountMeta::new(*payer, true), AccountMeta::new(*new, true)])
}

/// `InitializeMint2` without a freeze authority.
pub fn initialize_mint(mint: &Address, authority: &Address, decimals: u8) -> Instruction {
    let data = [&[20, decimals][..], authority.as_ref(), &[0]].concat();
    instruction(ids::TOKEN, data, vec![AccountMeta::new(*mint, false)])
}

/// `InitializeAccount3`.
pub fn initialize_token_account(account: &Address, mint: &Address, owner: &Address) -> Instruction {
    let data = [&[18][..], owner.as_ref()].concat();
    let accounts = vec![AccountMeta::new(*account, false), AccountMeta::new_readonly(*mint, false)];
    instruction(ids::TOKEN, data, accounts)
}

pub fn mint_to(mint: &Address, account: &Address, authority: &Address, amount: u64) -> Instruction {
    let data = [&[7][..], &amount.to_le_bytes()].concat();
    let accounts = vec![
        AccountMeta::new(*mint, false),
        AccountMeta::new(*account, false),
        AccountMeta::new_readonly(*authority, true),
    ];
    instruction(ids::TOKEN, data, accounts)
}

pub fn transfer_tokens(from: &Address, to: &Address, owner: &Address, amount: u64) -> Instruction {
    let data = [&[3][..], &amount.to_le_bytes()].concat();
    let accounts = vec![
        AccountMeta::new(*from, false),
        AccountMeta::new(*to, false),
        AccountMeta::new_readonly(*owner, true),
    ];
    instruction(ids::TOKEN, data, accounts)
}

/// The associated token account of `owner`.
pub fn associated_account(owner: &Address, mint: &Address) -> Address {
    let seeds = [owner.as_ref(), ids::TOKEN.as_ref(), mint.as_ref()];
    Address::find_program_address(&seeds, &ids::ASSOCIATED_TOKEN).0
}

pub fn create_associated_account(payer: &Address, owner: &Address, mint: &Address) -> Instruction {
    let accounts = vec![
        AccountMeta::new(*payer, true),
        AccountMeta::new(associated_account(owner, mint), false),
        AccountMeta::new_readonly(*owner, false),
        AccountMeta::new_readonly(*mint, false),
        AccountMeta::new_readonly(SYSTEM, false),
        AccountMeta::new_readonly(ids::TOKEN, false),
    ];
    instruction(ids::ASSOCIATED_TOKEN, Vec::new(), accounts)
}

pub fn memo(text: &str) -> Instruction {
    instruction(ids::MEMO, text.as_bytes().to_vec(), Vec::new())
}

/// The metadata account of `mint`.
pub fn metadata_account(mint: &Address) -> Address {
    let seeds = [b"metadata".as_ref(), ids::TOKEN_METADATA.as_ref(), mint.as_ref()];
    Address::find_program_address(&seeds, &ids::TOKEN_METADATA).0
}

/// `CreateMetadataAccount`, the first version, with a name and a symbol.
pub fn create_metadata(mint: &Address, authority: &Address, name: &str, symbol: &str) -> Instruction {
    // CreateMetadataAccountV3.
    let mut data = vec![33];
    for text in [name, symbol, ""] {
        data.extend((text.len() as u32).to_le_bytes());
        data.extend(text.as_bytes());
    }
    // No seller fee, no creators, no collection, no uses; mutable; no collection itself.
    data.extend([0, 0, 0, 0, 0, 1, 0]);
    let accounts = vec![
        AccountMeta::new(metadata_account(mint), false),
        AccountMeta::new_readonly(*mint, false),
        AccountMeta::new_readonly(*authority, true),
        AccountMeta::new(*authority, true),
        AccountMeta::new_readonly(*authority, false),
        AccountMeta::new_readonly(SYSTEM, false),
        AccountMeta::new_readonly(RENT, false),
    ];
    instruction(ids::TOKEN_METADATA, data, accounts)
}

fn instruction(program_id: Address, data: Vec<u8>, accounts: Vec<AccountMeta>) -> Instruction {
    Instruction { program_id, accounts, data }
}
