//! Whom a market admits: its rule, and the record of an access NFT that backs a node's devices.

use crate::errors::GridError;
use anchor_lang::prelude::*;
use bytemuck::{Pod, Zeroable};

/// Whom an access NFT of the market's collection admits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, IdlType)]
pub enum AccessRule {
    /// The market asks for no access NFT.
    NotAsked,
    /// The node that the NFT was issued to by grid-nodes, as long as it holds it.
    Issued,
    /// Whichever node holds the NFT: of a collection that was made elsewhere, or one whose NFTs may be passed on.
    Holder,
}

/// What a market asks of a node before it gives it work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, IdlType)]
pub struct AdmissionTerms {
    /// Whom an access NFT admits.
    pub access: AccessRule,
    /// Mint of the collection of access NFTs and attestations; zero when the market asks for neither.
    pub collection: Address,
    /// Benchmark class that must be attested, by the collection's attestor; zero for none.
    pub benchmark_class: u16,
    /// Least score in that class, in its own unit.
    pub min_score: u64,
    /// Mint that the node must have staked; zero when no stake is asked for.
    pub stake_mint: Address,
    /// Least weight of one stake of the node; zero when no stake is asked for.
    pub min_stake_weight: u64,
}

impl AdmissionTerms {
    /// Asks for nothing: every node is admitted.
    pub const OPEN: Self = Self {
        access: AccessRule::NotAsked,
        collection: Address::new_from_array([0; 32]),
        benchmark_class: 0,
        min_score: 0,
        stake_mint: Address::new_from_array([0; 32]),
        min_stake_weight: 0,
    };

    /// Checks that the terms fit together.
    ///
    /// Errors: [`GridError::AdmissionCollectionInvalid`], [`GridError::AdmissionStakeInvalid`],
    /// [`GridError::AdmissionScoreInvalid`].
    pub fn validate(&self) -> Result<()> {
        let needs_collection = self.access != AccessRule::NotAsked || self.benchmark_class != 0;
        let has_collection = self.collection != Address::default();
        require!(needs_collection == has_collection, GridError::AdmissionCollectionInvalid);
        let has_stake_mint = self.stake_mint != Address::default();
        require!((self.min_stake_weight > 0) == has_stake_mint, GridError::AdmissionStakeInvalid);
        require!(self.min_score == 0 || self.benchmark_class != 0, GridError::AdmissionScoreInvalid);
        Ok(())
    }
}

/// A market's [`AdmissionTerms`], as its account holds them.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable, IdlType)]
pub struct AdmissionRule {
    /// 1 when the market asks for anything, else 0.
    pub is_asked: u8,
    /// See [`AccessRule`]: 0 not asked, 1 issued, 2 holder.
    pub access: u8,
    /// See [`AdmissionTerms::benchmark_class`].
    pub benchmark_class: PodU16,
    /// Padding, zero.
    pub padding: [u8; 4],
    /// See [`AdmissionTerms::min_score`].
    pub min_score: PodU64,
    /// See [`AdmissionTerms::min_stake_weight`].
    pub min_stake_weight: PodU64,
    /// See [`AdmissionTerms::stake_mint`].
    pub stake_mint: Address,
    /// See [`AdmissionTerms::collection`].
    pub collection: Address,
}

impl From<&AdmissionTerms> for AdmissionRule {
    fn from(terms: &AdmissionTerms) -> Self {
        Self {
            is_asked: u8::from(*terms != AdmissionTerms::OPEN),
            access: terms.access as u8,
            benchmark_class: terms.benchmark_class.into(),
            padding: [0; 4],
            min_score: terms.min_score.into(),
            min_stake_weight: terms.min_stake_weight.into(),
            stake_mint: terms.stake_mint,
            collection: terms.collection,
        }
    }
}

impl AdmissionRule {
    /// Whether the market asks for anything.
    #[inline(always)]
    pub fn is_asked(&self) -> bool {
        self.is_asked != 0
    }
}

/// The record of an access NFT that backs devices in a market: they are all of one node.
/// Address: PDA `["admission", market, mint]`; it exists as long as there are such devices.
#[account]
#[derive(Debug, PartialEq, Eq)]
pub struct Admission {
    /// Layout version.
    pub version: u8,
    /// Bump of the address.
    pub bump: u8,
    /// Padding, zero.
    pub padding: [u8; 2],
    /// How many devices it backs.
    pub devices: PodU32,
    /// The market.
    pub market: Address,
    /// The NFT's mint.
    pub mint: Address,
    /// The NFT's metadata.
    pub metadata: Address,
    /// The node whose devices it backs.
    pub node: Address,
    /// Paid the rent, and gets it back.
    pub payer: Address,
    /// Zero, for fields of later versions.
    pub reserved: [u8; 32],
}

const _: () = assert!(core::mem::size_of::<AdmissionRule>() == 88);
const _: () = assert!(core::mem::size_of::<Admission>() == 200);

impl Admission {
    /// First seed of the address.
    pub const SEED: &'static [u8] = b"admission";
    /// Bytes of the account.
    pub const SPACE: usize = 8 + core::mem::size_of::<Self>();

    /// Counts a device. Error: [`GridError::Overflow`].
    pub fn add_device(&mut self) -> Result<()> {
        self.devices = self.devices.get().checked_add(1).ok_or(GridError::Overflow)?.into();
        Ok(())
    }

    /// Counts a device less. Error: [`GridError::Overflow`].
    pub fn remove_device(&mut self) -> Result<()> {
        self.devices = self.devices.get().checked_sub(1).ok_or(GridError::Overflow)?.into();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Address = Address::new_from_array([1; 32]);

    #[test]
    fn what_fits_together_is_taken() {
        let open = AdmissionTerms::OPEN;
        let access = AdmissionTerms { access: AccessRule::Issued, collection: A, ..open };
        let class = AdmissionTerms { benchmark_class: 1, min_score: 7, collection: A, ..open };
        let stake = AdmissionTerms { stake_mint: A, min_stake_weight: 1, ..open };
        for (terms, is_asked) in [(open, false), (access, true), (class, true), (stake, true)] {
            assert_eq!(terms.validate(), Ok(()), "{terms:?}");
            assert_eq!(AdmissionRule::from(&terms).is_asked(), is_asked, "{terms:?}");
        }
    }

    #[test]
    fn what_does_not_is_named() {
        use GridError::{AdmissionCollectionInvalid, AdmissionScoreInvalid, AdmissionStakeInvalid};
        let open = AdmissionTerms::OPEN;
        for (terms, error) in [
            (AdmissionTerms { access: AccessRule::Holder, ..open }, AdmissionCollectionInvalid),
            (AdmissionTerms { benchmark_class: 1, ..open }, AdmissionCollectionInvalid),
            (AdmissionTerms { collection: A, ..open }, AdmissionCollectionInvalid),
            (AdmissionTerms { stake_mint: A, ..open }, AdmissionStakeInvalid),
            (AdmissionTerms { min_stake_weight: 1, ..open }, AdmissionStakeInvalid),
            (AdmissionTerms { min_score: 1, ..open }, AdmissionScoreInvalid),
        ] {
            assert_eq!(terms.validate(), Err(error.into()), "{terms:?}");
        }
    }
}
