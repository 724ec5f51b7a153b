//! Mints: what one token is worth in atoms, and what it is called.

use crate::{amount, exit::usage};
use anyhow::{Result, ensure};
use grid_client::{
    Chain,
    nodes::{METADATA_PROGRAM, metadata_address},
    token::{self, Mint},
};
use mpl_token_metadata::accounts::Metadata;
use solana_account::Account;
use solana_address::Address;

/// Byte of a mint's account that holds its decimals, in both token programs.
const DECIMALS_OFFSET: usize = 44;
/// Byte of a mint's account that says that it was initialised.
const INITIALIZED_OFFSET: usize = 45;
/// Longest symbol that is shown, characters.
const MAX_SYMBOL: usize = 10;

/// A mint, as amounts need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MintInfo {
    /// Its address and token program.
    pub mint: Mint,
    /// Decimals of one token.
    pub decimals: u8,
    /// What its tokens are called: a symbol, or the address shortened.
    pub symbol: String,
}

impl MintInfo {
    /// A mint of SPL Token whose symbol is known.
    #[cfg(test)]
    pub fn named(address: Address, decimals: u8, symbol: &str) -> Self {
        Self { mint: address.into(), decimals, symbol: symbol.to_owned() }
    }

    /// Reads a mint and its symbol.
    pub async fn fetch(chain: &dyn Chain, address: Address) -> Result<Self> {
        let mut found = chain.accounts(&[address, metadata_address(&address)]).await?.into_iter();
        let (mint, metadata) = (found.next().flatten(), found.next().flatten());
        Self::read(address, mint.as_ref(), metadata.as_ref())
    }

    fn read(address: Address, mint: Option<&Account>, metadata: Option<&Account>) -> Result<Self> {
        let wrong = || usage(format!("{address} is no mint of a token: give the mint's address"));
        let account = mint.ok_or_else(wrong)?;
        let is_mint = [token::PROGRAM_ID, token::PROGRAM_2022_ID].contains(&account.owner)
            && token::amount(&account.data).is_none()
            && account.data.get(INITIALIZED_OFFSET) == Some(&1);
        ensure!(is_mint, wrong());
        let decimals = account.data.get(DECIMALS_OFFSET).copied().ok_or_else(wrong)?;
        let symbol = metadata.and_then(symbol_of).unwrap_or_else(|| short(&address));
        Ok(Self { mint: Mint { address, program: account.owner }, decimals, symbol })
    }

    /// Atoms, in tokens with the symbol.
    pub fn show(&self, atoms: u64) -> String {
        format!("{} {}", amount::show(atoms.into(), self.decimals), self.symbol)
    }

    /// Reads an amount of tokens.
    pub fn parse(&self, text: &str) -> Result<u64> {
        amount::parse(text, self.decimals).map_err(|error| usage(format!("{error:#}")))
    }

    /// Reads an amount of tokens that is more than nothing.
    pub fn parse_positive(&self, text: &str) -> Result<u64> {
        match self.parse(text)? {
            0 => Err(usage("the amount must be more than nothing")),
            atoms => Ok(atoms),
        }
    }

    /// Reads an amount of tokens, or `all`: then it is `all_atoms`.
    pub fn parse_or_all(&self, text: &str, all_atoms: u64) -> Result<u64> {
        if text == "all" { Ok(all_atoms) } else { self.parse_positive(text) }
    }
}

/// The symbol in a Metaplex metadata account. Whoever made the mint chose it, so that it is no proof of anything, and it is
/// shown only if it can't be taken for something else on a terminal.
fn symbol_of(account: &Account) -> Option<String> {
    if account.owner != METADATA_PROGRAM {
        return None;
    }
    let metadata = Metadata::from_bytes(&account.data).ok()?;
    let symbol = metadata.symbol.trim_end_matches('\0').trim();
    let is_plain = !symbol.is_empty()
        && symbol.len() <= MAX_SYMBOL
        && symbol.bytes().all(|byte| byte.is_ascii_graphic());
    is_plain.then(|| symbol.to_owned())
}

/// An address, shortened for a sentence.
pub fn short(address: &Address) -> String {
    let text = address.to_string();
    match (text.get(..4), text.get(text.len().saturating_sub(4)..)) {
        (Some(head), Some(tail)) if text.len() > 9 => format!("{head}…{tail}"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mint_account(decimals: u8) -> Account {
        let mut data = vec![0; 82];
        data[DECIMALS_OFFSET] = decimals;
        data[INITIALIZED_OFFSET] = 1;
        Account { owner: token::PROGRAM_ID, data, ..Account::default() }
    }

    #[test]
    fn a_mint_without_a_symbol_is_called_by_its_address() {
        let address = Address::new_from_array([7; 32]);
        let mint = MintInfo::read(address, Some(&mint_account(6)), None).unwrap();
        assert_eq!(mint.symbol, short(&address));
        assert_eq!(mint.show(1_500_000), format!("1.500000 {}", short(&address)));
        assert_eq!(mint.parse("1.5").unwrap(), 1_500_000);
        assert_eq!(
            (mint.parse_or_all("all", 9).unwrap(), mint.parse_or_all("2", 9).unwrap()),
            (9, 2_000_000)
        );
        for wrong in ["0", "-1", "1.0000001", "x"] {
            let error = mint.parse_positive(wrong).unwrap_err();
            assert_eq!(crate::exit::code_of(&error), crate::exit::USAGE, "{wrong}");
        }
    }

    #[test]
    fn what_is_no_mint_is_refused() {
        let address = Address::new_from_array([7; 32]);
        let token_account = Account { data: vec![1; 165], ..mint_account(6) };
        let foreign = Account { owner: Address::default(), ..mint_account(6) };
        for account in [None, Some(&token_account), Some(&foreign)] {
            let error = MintInfo::read(address, account, None).unwrap_err().to_string();
            assert!(error.contains("is no mint"), "{error}");
        }
    }

    #[test]
    fn addresses_are_shortened() {
        let address: Address = "So11111111111111111111111111111111111111112".parse().unwrap();
        assert_eq!(short(&address), "So11…1112");
    }
}
