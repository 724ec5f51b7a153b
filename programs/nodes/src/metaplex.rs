//! What this program sends to Metaplex Token Metadata: the data of four of its instructions.
//!
//! Layout: `MetadataInstruction` of Token Metadata, in Borsh: the variant's number, then its arguments. Written by hand, because
//! Metaplex's own crate comes under a licence that restricts its use; the tests read what comes of it with that crate.

use crate::{constants::*, errors::NodesError};
use alloc::{string::String, vec::Vec};
use anchor_lang::{prelude::*, Id};
use grid_onchain::metadata::TOKEN_METADATA;

/// Metaplex Token Metadata, in an instruction's accounts.
#[derive(Clone)]
pub struct TokenMetadata;

impl Id for TokenMetadata {
    fn id() -> Address {
        TOKEN_METADATA
    }

    const IDL_ADDRESS: &'static str = "metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s";
}

/// `CreateMasterEditionV3`, of which nothing can be printed: `max_supply` is `Some(0)`.
pub const CREATE_MASTER_EDITION: [u8; 10] = [17, 1, 0, 0, 0, 0, 0, 0, 0, 0];
/// `VerifySizedCollectionItem`.
pub const VERIFY: [u8; 1] = [30];
/// `UnverifySizedCollectionItem`.
pub const UNVERIFY: [u8; 1] = [31];

/// `CreateMetadataAccountV3`.
const CREATE_METADATA: u8 = 33;
/// An option without a value.
const NONE: u8 = 0;
/// The tag of an option with a value.
const SOME: u8 = 1;
/// `CollectionDetails::V1`: a collection that counts its NFTs.
const DETAILS_V1: u8 = 0;

/// What an NFT shows of itself.
pub struct Label {
    /// Name.
    pub name: String,
    /// Symbol.
    pub symbol: String,
    /// URI of its description.
    pub uri: String,
}

/// Where an NFT belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// It is a collection, of no NFTs yet.
    Collection,
    /// It is of this collection, whose authority has not verified it yet.
    Of(&'a Address),
}

impl Label {
    /// Errors: [`NodesError::NameOutOfRange`], [`NodesError::SymbolOutOfRange`], [`NodesError::UriOutOfRange`].
    pub fn validate(&self) -> Result<()> {
        require!((1..=MAX_NAME_BYTES).contains(&self.name.len()), NodesError::NameOutOfRange);
        require!(self.symbol.len() <= MAX_SYMBOL_BYTES, NodesError::SymbolOutOfRange);
        require!(self.uri.len() <= MAX_URI_BYTES, NodesError::UriOutOfRange);
        Ok(())
    }

    /// The data of `CreateMetadataAccountV3`: mutable, no fee for the seller, no creators, no uses.
    ///
    /// Errors: those of [`Self::validate`].
    pub fn create_metadata(&self, place: Place) -> Result<Vec<u8>> {
        self.validate()?;
        let mut data = Vec::with_capacity(320);
        data.push(CREATE_METADATA);
        for text in [&self.name, &self.symbol, &self.uri] {
            // Validated: a length fits.
            data.extend_from_slice(&(text.len() as u32).to_le_bytes());
            data.extend_from_slice(text.as_bytes());
        }
        data.extend_from_slice(&[0, 0, NONE]); // Seller's fee, creators.
        let details: &[u8] = match place {
            Place::Of(collection) => {
                data.extend_from_slice(&[SOME, 0]); // Not verified.
                data.extend_from_slice(collection.as_ref());
                &[NONE]
            }
            Place::Collection => {
                data.push(NONE);
                &[SOME, DETAILS_V1, 0, 0, 0, 0, 0, 0, 0, 0]
            }
        };
        data.extend_from_slice(&[NONE, 1]); // Uses; is mutable.
        data.extend_from_slice(details);
        Ok(data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(name: usize, symbol: usize, uri: usize) -> Label {
        Label { name: "n".repeat(name), symbol: "s".repeat(symbol), uri: "u".repeat(uri) }
    }

    #[test]
    fn texts_have_bounds() {
        for (name, symbol, uri) in [(1, 0, 0), (32, 10, 200)] {
            assert_eq!(label(name, symbol, uri).validate(), Ok(()));
        }
        for (wrong, error) in [
            (label(0, 0, 0), NodesError::NameOutOfRange),
            (label(33, 0, 0), NodesError::NameOutOfRange),
            (label(1, 11, 0), NodesError::SymbolOutOfRange),
            (label(1, 0, 201), NodesError::UriOutOfRange),
        ] {
            assert_eq!(wrong.validate(), Err(error.into()));
            assert_eq!(wrong.create_metadata(Place::Collection), Err(error.into()));
        }
    }

    #[test]
    fn data_is_laid_out_in_borsh() {
        let label = Label { name: "ab".into(), symbol: "c".into(), uri: String::new() };
        let text = [33, 2, 0, 0, 0, b'a', b'b', 1, 0, 0, 0, b'c', 0, 0, 0, 0, 0, 0, 0];
        let collection = Address::new_from_array([7; 32]);
        let member = [&text[..], &[1, 0], &[7; 32], &[0, 1, 0]].concat();
        assert_eq!(label.create_metadata(Place::Of(&collection)), Ok(member));
        let own = [&text[..], &[0, 0, 1, 1, 0], &[0; 8]].concat();
        assert_eq!(label.create_metadata(Place::Collection), Ok(own));
    }

    #[test]
    fn the_idl_names_the_program() {
        assert_eq!(TokenMetadata::IDL_ADDRESS, TOKEN_METADATA.to_string());
    }
}
