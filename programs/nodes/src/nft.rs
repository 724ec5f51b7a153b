//! NFTs: made, verified into a collection and taken out of it, by CPI to the real programs.
//!
//! The authority of everything is a collection's record, which signs as PDA `["collection", mint]`. Token Metadata, SPL
//! Token and the associated token program check the addresses and the bytes of the accounts that they are given.

use crate::{
    metaplex::{CREATE_MASTER_EDITION, UNVERIFY, VERIFY},
    state::Collection,
};
use anchor_lang::{
    cpi::{CpiSeed, CpiSigner},
    pinocchio::{
        cpi::invoke_signed,
        instruction::{InstructionAccount, InstructionView},
    },
    prelude::*,
    CpiContext, CpiHandle, CpiHandleMut,
};
use anchor_spl::{associated_token, mint::Mint};
use grid_onchain::{metadata::TOKEN_METADATA, pda::require_pda};
use pinocchio_token_2022::instructions::{InitializeMint2, MintTo};

/// The programs that an NFT takes, besides Token Metadata.
pub struct Programs<'a> {
    /// SPL Token.
    pub token: &'a AccountView,
    /// The associated token program.
    pub associated_token: &'a AccountView,
    /// The system program.
    pub system: &'a AccountView,
}

/// The record of a collection, which signs.
pub struct Authority<'a> {
    /// Its account.
    pub account: &'a AccountView,
    /// The collection's mint: the second seed.
    pub mint: &'a Address,
    /// The bump.
    pub bump: u8,
}

impl Authority<'_> {
    /// Runs a CPI that the record signs.
    fn sign(&self, invoke: impl FnOnce(&[CpiSigner]) -> ProgramResult) -> Result<()> {
        let bump = [self.bump];
        let seeds =
            [CpiSeed::from(Collection::SEED), CpiSeed::from(self.mint.as_array()), CpiSeed::from(&bump)];
        invoke(&[CpiSigner::from(&seeds)])
    }
}

/// An NFT's accounts.
pub struct Nft<'a> {
    /// Pays the rent.
    pub payer: &'a AccountView,
    /// Mint, freeze and update authority.
    pub authority: Authority<'a>,
    /// Its mint, a PDA of this program.
    pub mint: &'a AccountView,
    /// Whose NFT it becomes.
    pub holder: &'a AccountView,
    /// The holder's associated token account.
    pub token: &'a AccountView,
    /// Its metadata.
    pub metadata: &'a AccountView,
    /// Its master edition.
    pub edition: &'a AccountView,
}

impl Nft<'_> {
    /// Makes the NFT: its mint at the PDA of `seeds`, one token for the holder, metadata by `create_metadata`
    /// ([`crate::metaplex::Label::create_metadata`]), and a master edition of which nothing can be printed.
    #[inline(never)]
    pub fn create(&self, programs: &Programs, seeds: [&[u8]; 3], create_metadata: &[u8]) -> Result<()> {
        self.create_mint(programs, seeds)?;
        self.create_token(programs)?;
        self.create_metadata(programs, create_metadata)?;
        self.create_edition(programs)
    }

    fn create_mint(&self, programs: &Programs, seeds: [&[u8]; 3]) -> Result<()> {
        let token_program = programs.token.address();
        let bump = [require_pda(&seeds, &crate::ID, self.mint.address())?];
        let [kind, first, second] = seeds;
        create_account_signed(
            self.payer,
            self.mint,
            Mint::LEN,
            token_program,
            &[kind, first, second, &bump],
        )?;
        InitializeMint2 {
            mint: self.mint,
            decimals: 0,
            mint_authority: self.authority.account.address(),
            freeze_authority: Some(self.authority.account.address()),
            token_program,
        }
        .invoke()
    }

    fn create_token(&self, programs: &Programs) -> Result<()> {
        let (mut payer, mut token) = (*self.payer, *self.token);
        let accounts = associated_token::Create {
            payer: CpiHandleMut::writable(&mut payer),
            associated_token: CpiHandleMut::writable(&mut token),
            authority: CpiHandle::readonly(self.holder),
            mint: CpiHandle::readonly(self.mint),
            system_program: CpiHandle::readonly(programs.system),
            token_program: CpiHandle::readonly(programs.token),
        };
        associated_token::create(CpiContext::new(programs.associated_token.address(), accounts))?;
        let mint_to = MintTo {
            mint: self.mint,
            account: self.token,
            mint_authority: self.authority.account,
            amount: 1,
            token_program: programs.token.address(),
        };
        self.authority.sign(|signers| mint_to.invoke_signed(signers))
    }

    fn create_metadata(&self, programs: &Programs, data: &[u8]) -> Result<()> {
        let authority = self.authority.account;
        let accounts = [
            InstructionAccount::writable(self.metadata.address()),
            InstructionAccount::readonly(self.mint.address()),
            InstructionAccount::readonly_signer(authority.address()), // mint authority
            InstructionAccount::writable_signer(self.payer.address()),
            InstructionAccount::readonly_signer(authority.address()), // update authority
            InstructionAccount::readonly(programs.system.address()),
        ];
        let views = [self.metadata, self.mint, authority, self.payer, authority, programs.system];
        let instruction = InstructionView { program_id: &TOKEN_METADATA, accounts: &accounts, data };
        self.authority.sign(|signers| invoke_signed(&instruction, &views, signers))
    }

    fn create_edition(&self, programs: &Programs) -> Result<()> {
        let authority = self.authority.account;
        let accounts = [
            InstructionAccount::writable(self.edition.address()),
            InstructionAccount::writable(self.mint.address()),
            InstructionAccount::readonly_signer(authority.address()), // update authority
            InstructionAccount::readonly_signer(authority.address()), // mint authority
            InstructionAccount::writable_signer(self.payer.address()),
            InstructionAccount::writable(self.metadata.address()),
            InstructionAccount::readonly(programs.token.address()),
            InstructionAccount::readonly(programs.system.address()),
        ];
        let views = [
            self.edition,
            self.mint,
            authority,
            authority,
            self.payer,
            self.metadata,
            programs.token,
            programs.system,
        ];
        let data = &CREATE_MASTER_EDITION;
        let instruction = InstructionView { program_id: &TOKEN_METADATA, accounts: &accounts, data };
        self.authority.sign(|signers| invoke_signed(&instruction, &views, signers))
    }
}

/// An NFT in a collection: what verifies it into the collection and takes it out.
pub struct Member<'a> {
    /// Pays for the transaction.
    pub payer: &'a AccountView,
    /// The collection's record.
    pub authority: Authority<'a>,
    /// The NFT's metadata.
    pub metadata: &'a AccountView,
    /// The collection's mint.
    pub collection_mint: &'a AccountView,
    /// The collection's metadata, which counts its NFTs.
    pub collection_metadata: &'a AccountView,
    /// The collection's master edition.
    pub collection_edition: &'a AccountView,
}

impl Member<'_> {
    /// Verifies the NFT into the collection.
    pub fn verify(&self) -> Result<()> {
        self.invoke(&VERIFY)
    }

    /// Takes the NFT out of the collection; its holder keeps it.
    pub fn unverify(&self) -> Result<()> {
        self.invoke(&UNVERIFY)
    }

    #[inline(never)]
    fn invoke(&self, data: &[u8]) -> Result<()> {
        let authority = self.authority.account;
        let accounts = [
            InstructionAccount::writable(self.metadata.address()),
            InstructionAccount::readonly_signer(authority.address()),
            InstructionAccount::writable_signer(self.payer.address()),
            InstructionAccount::readonly(self.collection_mint.address()),
            InstructionAccount::writable(self.collection_metadata.address()),
            InstructionAccount::readonly(self.collection_edition.address()),
        ];
        let views = [
            self.metadata,
            authority,
            self.payer,
            self.collection_mint,
            self.collection_metadata,
            self.collection_edition,
        ];
        let instruction = InstructionView { program_id: &TOKEN_METADATA, accounts: &accounts, data };
        self.authority.sign(|signers| invoke_signed(&instruction, &views, signers))
    }
}
