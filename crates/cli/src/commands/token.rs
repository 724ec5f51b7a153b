//! `grid token`: tokens of this key, and mints to try things with.

use crate::{
    exit::Exit,
    facts::{Fact, Facts},
    session::Session,
};
use anyhow::Result;
use clap::Subcommand;
use grid_client::{
    address, chain,
    token::{self, MINT_SPACE},
};
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;

#[derive(Subcommand)]
pub enum Command {
    /// What an address holds: SOL, and tokens of a mint
    #[command(after_help = "Example: grid token balance --mint 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    Balance {
        /// Whose [default: this key's]
        address: Option<Address>,
        /// The mint
        #[arg(long, value_name = "ADDRESS", env = "GRID_MINT")]
        mint: Option<Address>,
    },
    /// Make a mint of your own, to try things with
    #[command(after_help = "Example: grid token create --decimals 6")]
    Create {
        /// Decimals of one token
        #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u8).range(0..=19))]
        decimals: u8,
    },
    /// Mint tokens of a mint of your own to an address
    #[command(
        after_help = "Example: grid token mint 1000 --mint 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU"
    )]
    Mint {
        /// Tokens
        amount: String,
        /// The mint
        #[arg(long, value_name = "ADDRESS", env = "GRID_MINT")]
        mint: Option<Address>,
        /// Who gets them [default: this key]
        #[arg(long, value_name = "ADDRESS")]
        to: Option<Address>,
    },
}

pub async fn run(command: Command, session: &Session) -> Result<Exit> {
    match command {
        Command::Balance { address, mint } => balance(session, address, mint).await?,
        Command::Create { decimals } => {
            let (me, mint) = (session.me()?, Keypair::new());
            let rent = session.chain.minimum_balance(MINT_SPACE as usize).await?;
            let create = token::create_mint(me, mint.pubkey(), me, decimals, rent);
            let landed = session.send_with(&mint, "create_mint", create.to_vec()).await?;
            session.out.landed(&Facts::new().address("mint", mint.pubkey()), &[landed], None);
        }
        Command::Mint { amount, mint, to } => {
            let (me, mint) = (session.me()?, session.mint_or_default(mint).await?);
            let (atoms, to) = (mint.parse_positive(&amount)?, to.unwrap_or(me));
            let account = address::token_account(&to, mint.mint);
            let instructions = vec![
                token::create_account(me, to, mint.mint),
                token::mint_to(mint.mint.address, account, me, atoms),
            ];
            let landed = session.send(account, "mint_to", instructions).await?;
            let facts = Facts::new()
                .address("mint", mint.mint.address)
                .address("to", to)
                .address("token_account", account)
                .atoms("minted", atoms, &mint);
            session.out.landed(&facts, &[landed], Some(&mint));
        }
    }
    Ok(Exit::Success)
}

async fn balance(session: &Session, address: Option<Address>, mint: Option<Address>) -> Result<()> {
    let chain = session.chain.as_ref();
    let address = match address {
        Some(address) => address,
        None => session.me()?,
    };
    let lamports = chain::account(chain, &address).await?.map_or(0, |account| account.lamports);
    let mut facts = Facts::new().address("address", address).with("balance", Fact::Lamports(lamports));
    if let Some(mint) = mint.or(session.settings.mint) {
        let mint = session.mint(&mint).await?;
        let account = address::token_account(&address, mint.mint);
        let found = chain::account(chain, &account).await?;
        let atoms = found.and_then(|account| token::amount(&account.data)).unwrap_or_default();
        facts = facts.address("mint", mint.mint.address).atoms("tokens", atoms, &mint);
    }
    session.out.facts(&facts);
    Ok(())
}
