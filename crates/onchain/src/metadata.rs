//! Accounts of Metaplex Token Metadata, read from their bytes. Each length is checked; nothing is copied.
//!
//! Layout: `Metadata` and `MasterEdition` of the `mpl-token-metadata` crate, in Borsh.

use crate::pda::require_pda;
use anchor_lang::prelude::*;

/// Metaplex Token Metadata.
pub const TOKEN_METADATA: Address = anchor_lang::address!("metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s");

const SEED: &[u8] = b"metadata";
const EDITION_SEED: &[u8] = b"edition";

/// `Key::MetadataV1`, the first byte of a metadata account.
const KEY_METADATA: u8 = 4;
/// `Key::MasterEditionV2`, the first byte of a master edition; a print has another one.
const KEY_MASTER_EDITION: u8 = 6;
/// Bytes of a creator: address, verified, share.
const CREATOR_BYTES: usize = 34;
/// Bytes of the seller's fee.
const SELLER_FEE_BYTES: usize = 2;
/// Bytes of the flags: primary sale happened, is mutable.
const FLAG_BYTES: usize = 2;

/// What a metadata account says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata<'a> {
    /// May change the metadata.
    pub update_authority: &'a Address,
    /// The mint.
    pub mint: &'a Address,
    /// The mint of the collection whose authority says that the NFT is in it.
    pub verified_collection: Option<&'a Address>,
}

impl Metadata<'_> {
    /// Whether the collection's authority says that the NFT is in `collection`.
    pub fn is_in(&self, collection: &Address) -> bool {
        self.verified_collection.is_some_and(|found| anchor_lang::address_eq(found, collection))
    }
}

/// Reads a metadata account; `None` when the bytes are not those of one.
///
/// An account of the first generation ends before the collection: it is in none.
pub fn read(data: &[u8]) -> Option<Metadata<'_>> {
    let mut bytes = Bytes(data);
    if bytes.byte()? != KEY_METADATA {
        return None;
    }
    let (update_authority, mint) = (bytes.address()?, bytes.address()?);
    for _name_symbol_uri in 0..3 {
        let length = bytes.length()?;
        bytes.skip(length)?;
    }
    bytes.skip(SELLER_FEE_BYTES)?;
    if bytes.option()? {
        let count = bytes.length()?;
        bytes.skip(count.checked_mul(CREATOR_BYTES)?)?;
    }
    bytes.skip(FLAG_BYTES)?;
    Some(Metadata { update_authority, mint, verified_collection: bytes.verified_collection() })
}

/// Bytes that are read from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    #[inline(always)]
    fn skip(&mut self, count: usize) -> Option<()> {
        self.0 = self.0.get(count..)?;
        Some(())
    }

    #[inline(always)]
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    #[inline(always)]
    fn length(&mut self) -> Option<usize> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        usize::try_from(u32::from_le_bytes(*first)).ok()
    }

    /// The tag of an option: whether there is a value.
    #[inline(always)]
    fn option(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    #[inline(always)]
    fn address(&mut self) -> Option<&'a Address> {
        let (first, rest) = self.0.split_first_chunk::<32>()?;
        self.0 = rest;
        Some(bytemuck::cast_ref(first))
    }

    /// What follows the flags: edition nonce, token standard, collection. Each may be missing, with all behind it.
    #[inline(always)]
    fn verified_collection(&mut self) -> Option<&'a Address> {
        for _nonce_and_standard in 0..2 {
            if self.option()? {
                self.skip(1)?;
            }
        }
        if !self.option()? || self.byte()? != 1 {
            return None;
        }
        self.address()
    }
}

/// Whether `address` is the canonical address of the metadata of `mint`.
pub fn is_address_of(address: &Address, mint: &Address) -> bool {
    require_pda(&[SEED, TOKEN_METADATA.as_ref(), mint.as_ref()], &TOKEN_METADATA, address).is_ok()
}

/// Whether `account`, a metadata account whose address has been checked, says that its NFT is in `collection`. One that is
/// gone says nothing.
pub fn is_member(account: &AccountView, collection: &Address) -> bool {
    account.owned_by(&TOKEN_METADATA)
        && account
            .try_borrow()
            .is_ok_and(|data| read(&data).is_some_and(|metadata| metadata.is_in(collection)))
}

/// Looks at the metadata of `mint`; `None` when `account` is not it: by address, owner and bytes.
pub fn with<T>(account: &AccountView, mint: &Address, look: impl FnOnce(&Metadata) -> T) -> Option<T> {
    if !account.owned_by(&TOKEN_METADATA) || !is_address_of(account.address(), mint) {
        return None;
    }
    let data = account.try_borrow().ok()?;
    let metadata = read(&data)?;
    anchor_lang::address_eq(metadata.mint, mint).then(|| look(&metadata))
}

/// Whether `account` is the master edition of `mint`, and not a print: there is one such token, for ever.
pub fn is_master_edition(account: &AccountView, mint: &Address) -> bool {
    let seeds = [SEED, TOKEN_METADATA.as_ref(), mint.as_ref(), EDITION_SEED];
    account.owned_by(&TOKEN_METADATA)
        && require_pda(&seeds, &TOKEN_METADATA, account.address()).is_ok()
        && account.try_borrow().is_ok_and(|data| data.first() == Some(&KEY_MASTER_EDITION))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUTHORITY: [u8; 32] = [1; 32];
    const MINT: [u8; 32] = [2; 32];
    const COLLECTION: [u8; 32] = [3; 32];

    /// A metadata account in Borsh, up to its collection.
    fn account(creators: Option<u32>, collection: &[u8]) -> Vec<u8> {
        let text = |text: &str, bytes: usize| {
            let mut field = (bytes as u32).to_le_bytes().to_vec();
            field.extend(text.as_bytes());
            field.resize(4 + bytes, 0);
            field
        };
        let creators = match creators {
            None => vec![0],
            Some(count) => {
                [&[1][..], &count.to_le_bytes(), &vec![9; CREATOR_BYTES * count as usize]].concat()
            }
        };
        [
            &[KEY_METADATA][..],
            &AUTHORITY,
            &MINT,
            &text("Grid node", 32),
            &text("NODE", 10),
            &text("https://a", 200),
            &[0, 0],
            &creators,
            &[0, 1],
            &[1, 254],
            &[1, 0],
            collection,
        ]
        .concat()
    }

    fn member(verified: u8) -> Vec<u8> {
        [&[1, verified][..], &COLLECTION].concat()
    }

    fn in_collection(data: &[u8]) -> Option<bool> {
        read(data).map(|metadata| metadata.is_in(&Address::new_from_array(COLLECTION)))
    }

    #[test]
    fn reads_who_and_what() {
        for creators in [None, Some(0), Some(1), Some(5)] {
            let data = account(creators, &member(1));
            let metadata = read(&data).expect("a metadata account");
            assert_eq!(metadata.update_authority.to_bytes(), AUTHORITY);
            assert_eq!(metadata.mint.to_bytes(), MINT);
            assert!(metadata.is_in(&Address::new_from_array(COLLECTION)), "{creators:?}");
            assert!(!metadata.is_in(&Address::new_from_array([4; 32])));
        }
    }

    #[test]
    fn only_a_verified_collection_counts() {
        assert_eq!(in_collection(&account(None, &member(1))), Some(true));
        for collection in [&member(0)[..], &member(2), &[0], &[], &member(1)[..33], &[2]] {
            assert_eq!(in_collection(&account(None, collection)), Some(false), "{collection:?}");
        }
    }

    #[test]
    fn other_bytes_are_nothing() {
        let whole = account(Some(2), &member(1));
        let head = whole.len() - member(1).len() - 4;
        for length in 0..head {
            assert_eq!(read(&whole[..length]), None, "{length}");
        }
        for length in head..whole.len() {
            assert_eq!(in_collection(&whole[..length]), Some(false), "{length}");
        }
        for key in [0, 1, 2, 6, 7, 255] {
            let other = [&[key][..], &whole[1..]].concat();
            assert_eq!(read(&other), None, "{key}");
        }
        // Lengths that lead out of the account.
        for (offset, value) in [(65, u32::MAX), (101, u32::MAX), (115, 2_000), (322, u32::MAX)] {
            let mut other = whole.clone();
            other[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
            assert_eq!(read(&other), None, "{offset}");
        }
    }
}
