//! Finding accounts of the programs by what stands in them.

use crate::{
    account,
    chain::{Chain, Filter},
    error::ChainError,
};
use anchor_lang::{AccountDeserialize, Discriminator, Owner};
use solana_address::Address;

/// Bytes of an account in front of its fields.
pub const DISCRIMINATOR_BYTES: usize = 8;

impl Filter {
    /// The field at `offset` of an account's type, as `std::mem::offset_of!` gives it, holds `bytes`.
    pub fn field(offset: usize, bytes: impl AsRef<[u8]>) -> Self {
        Self { offset: DISCRIMINATOR_BYTES + offset, bytes: bytes.as_ref().to_vec() }
    }
}

/// Finds all accounts of a type whose fields pass the filters.
///
/// # Errors
/// Those of the endpoint. An account of this type that can't be decoded is an error too.
pub async fn find_all<T: AccountDeserialize + Owner + Discriminator>(
    chain: &dyn Chain,
    filters: impl IntoIterator<Item = Filter>,
) -> Result<Vec<(Address, T)>, ChainError> {
    let kind = Filter { offset: 0, bytes: T::DISCRIMINATOR.to_vec() };
    let filters: Vec<Filter> = std::iter::once(kind).chain(filters).collect();
    let found = chain.program_accounts(&T::OWNER, &filters).await?;
    found.into_iter().map(|(address, found)| Ok((address, account::decode(&address, &found)?))).collect()
}
