//! The binary's side of a life, and the comparison.

use super::model::{Model, Op, PARTIES, Party, SLOTS, Target, Terms, owner_of};
use crate::support::{SPACE, close_account};
use anchor_lang::AccountDeserialize;
use grid_client::{address, pools, rewards, token};
use grid_pools::{Emission, EmissionTerms};
use grid_tests::{Incentives, Network};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_keypair::Keypair;
use solana_signer::Signer;
use solana_transaction_error::TransactionError;

/// A world and the model of it.
pub struct Stage {
    incentives: Incentives,
    pub model: Model,
    pub trace: Vec<String>,
    keys: [Keypair; 4],
    tokens: [Address; 4],
    emissions: [Address; SLOTS],
    vaults: [Address; SLOTS],
    other_pool: Address,
    other_tokens: Address,
    lamports: [u64; 4],
    total: u128,
}

impl Stage {
    pub fn new() -> Self {
        let mut incentives = Incentives::new();
        let world = &mut incentives.world;
        let mint = world.mint;
        let other = world.open_mint("other mint");
        world.land(&[rewards::open_pool(world.stranger.pubkey(), &mint, other)]);
        let keys = [&world.authority, &world.client, &world.node, &world.stranger];
        let keys = keys.map(|key| key.insecure_clone());
        let tokens = keys.each_ref().map(|key| address::token_account(&key.pubkey(), mint));
        let emission =
            |slot: usize| pools::emission_address(&keys[owner_of(slot) as usize].pubkey(), slot as u64 / 2).0;
        let emissions: [Address; SLOTS] = std::array::from_fn(emission);
        let model = Model::new(world.network.time());
        Self {
            other_pool: rewards::pool_address(&mint, &other).0,
            other_tokens: address::token_account(&world.client.pubkey(), other),
            lamports: keys.each_ref().map(|key| world.lamports(&key.pubkey())),
            total: model.total(),
            vaults: emissions.map(|emission| pools::vault_address(&emission).0),
            trace: Vec::new(),
            incentives,
            model,
            keys,
            tokens,
            emissions,
        }
    }

    fn key(&self, party: Party) -> Address {
        self.keys[party as usize].pubkey()
    }

    fn target(&self, target: Target) -> Address {
        match target {
            Target::Tokens(party) => self.tokens[party as usize],
            Target::Vault(slot) => self.vaults[slot],
            Target::Pool => self.incentives.pool,
            Target::OtherPool => self.other_pool,
            Target::OtherTokens => self.other_tokens,
            Target::Wallet => self.key(Party::Client),
        }
    }

    fn terms(&self, terms: Terms) -> EmissionTerms {
        EmissionTerms {
            rate_per_second_atoms: terms.rate,
            starts_at: terms.starts_at,
            ends_at: terms.ends_at,
            is_closeable: terms.is_closeable,
            beneficiary_authority: terms.beneficiary_authority.map_or(Address::default(), |by| self.key(by)),
        }
    }

    /// What an operation sends; nothing when the world is changed by hand.
    fn instructions(&self, op: &Op) -> Vec<Instruction> {
        let mint = self.incentives.world.mint;
        match *op {
            Op::Open(slot, target, terms) => {
                let (by, id) = (self.key(owner_of(slot)), slot as u64 / 2);
                vec![pools::open(by, mint, id, self.target(target), self.terms(terms))]
            }
            Op::TopUp(slot, payer, amount) => {
                let source = self.tokens[payer as usize];
                vec![pools::top_up(self.key(payer), source, self.emissions[slot], mint, amount)]
            }
            Op::Claim(slot, target) => vec![pools::claim(self.emissions[slot], mint, self.target(target))],
            Op::ClaimToRewards(slot, target) => {
                vec![pools::claim_to_rewards(self.emissions[slot], mint, self.target(target))]
            }
            Op::SetBeneficiary(slot, by, target, next) => {
                let (emission, next) =
                    (self.emissions[slot], next.map_or(Address::default(), |by| self.key(by)));
                vec![pools::set_beneficiary(self.key(by), emission, self.target(target), next)]
            }
            Op::Close(slot, by, to) => {
                vec![pools::close(self.key(by), self.emissions[slot], mint, self.tokens[to as usize])]
            }
            Op::Donate(slot, by, amount) => {
                vec![token::transfer(self.tokens[by as usize], self.vaults[slot], self.key(by), amount)]
            }
            Op::CloseTokens(party) => {
                let (from, by) = (self.tokens[party as usize], self.key(party));
                let (to, amount) = (self.tokens[0], self.model.tokens_of(party).amount as u64);
                vec![token::transfer(from, to, by, amount), close_account(from, by, by)]
            }
            Op::OpenTokens(party) => vec![token::create_account(self.key(party), self.key(party), mint)],
            Op::Freeze(..) | Op::Clock(_) => Vec::new(),
        }
    }

    fn network(&mut self) -> &mut Network {
        &mut self.incentives.world.network
    }

    fn send(&mut self, instructions: &[Instruction]) -> Result<(), TransactionError> {
        let signs = |key: &&Keypair| {
            let metas = || instructions.iter().flat_map(|instruction| &instruction.accounts);
            metas().any(|meta| meta.is_signer && meta.pubkey == key.pubkey())
        };
        let signers: Vec<Keypair> = self.keys.iter().filter(signs).map(Keypair::insecure_clone).collect();
        let signers: Vec<&Keypair> = signers.iter().collect();
        let sent = self.network().send(instructions, &signers);
        sent.map(drop).map_err(|failure| failure.error)
    }

    /// Does an operation in the world and in the model.
    pub fn step(&mut self, op: &Op) -> Result<(), InstructionError> {
        self.trace.push(format!("{} {op:?}", self.model.now));
        let instructions = self.instructions(op);
        let outcome = match *op {
            Op::Freeze(party, is_frozen) => {
                let account = self.tokens[party as usize];
                let mut data = self.network().account(&account);
                data.data[108] = if is_frozen { 2 } else { 1 };
                self.network().set(account, data);
                Ok(())
            }
            Op::Clock(to) => {
                self.network().set_time(to);
                Ok(())
            }
            _ => self.send(&instructions),
        };
        let expected = self.model.apply(op);
        let last = instructions.len().saturating_sub(1) as u8;
        let expected_error = |error| TransactionError::InstructionError(last, error);
        assert_eq!(outcome, expected.clone().map_err(expected_error), "{op:?}");
        self.compare();
        expected
    }

    /// Sends an instruction bent so that it must fail, whatever the state.
    pub fn must_fail(&mut self, how: String, instruction: Instruction) {
        self.trace.push(how.clone());
        assert!(self.send(&[instruction]).is_err(), "{how}");
        self.compare();
    }

    /// Ways to bend an operation that would succeed.
    pub fn bends(&self, op: &Op) -> Vec<(String, Instruction)> {
        let [honest] = &self.instructions(op)[..] else { return Vec::new() };
        if matches!(op, Op::Donate(..) | Op::OpenTokens(_)) {
            return Vec::new();
        }
        let mut found = Vec::new();
        let mut bend = |how: String, change: &dyn Fn(&mut Instruction)| {
            let mut bent = honest.clone();
            change(&mut bent);
            if bent != *honest {
                found.push((format!("{op:?}, {how}"), bent));
            }
        };
        for (slot, meta) in honest.accounts.iter().enumerate() {
            if meta.is_signer {
                bend(format!("slot {slot} does not sign"), &|bent| bent.accounts[slot].is_signer = false);
                for other in PARTIES {
                    bend(format!("{other:?} signs in slot {slot}"), &|bent| {
                        bent.accounts[slot].pubkey = self.key(other);
                    });
                }
            }
            if meta.is_writable {
                bend(format!("slot {slot} is read-only"), &|bent| bent.accounts[slot].is_writable = false);
            }
            for other in 0..SLOTS {
                let replaced = match meta.pubkey {
                    key if self.vaults.contains(&key) && is_vault(op, slot) => self.vaults[other],
                    key if self.emissions.contains(&key) && !self.is_anothers(op, other) => {
                        self.emissions[other]
                    }
                    _ => continue,
                };
                bend(format!("slot {slot} is that of {other}"), &|bent| {
                    bent.accounts[slot].pubkey = replaced;
                });
            }
        }
        bend("the data is one byte short".into(), &|bent| bent.data.truncate(bent.data.len() - 1));
        found
    }

    /// Whether the operation would be as good with another emission: it has the same beneficiary authority.
    fn is_anothers(&self, op: &Op, other: usize) -> bool {
        let Op::SetBeneficiary(_, by, ..) = op else { return false };
        self.model.emissions[other].as_ref().is_some_and(|other| other.beneficiary_authority == Some(*by))
    }

    /// Asserts that everybody has what the model says, and that no atom came or went.
    fn compare(&self) {
        let (model, world) = (&self.model, &self.incentives.world);
        let mut total = 0;
        for (slot, expected) in model.emissions.iter().enumerate() {
            let (emission, vault) = (&self.emissions[slot], &self.vaults[slot]);
            let Some(expected) = expected else {
                assert!(!world.exists(emission) && !world.exists(vault), "emission {slot} exists");
                continue;
            };
            let held = u128::from(world.tokens_in(vault));
            assert_eq!(held, expected.balance + expected.stray, "vault of emission {slot}");
            total += held;
            let data = world.raw(emission).data;
            let found = Emission::try_deserialize(&mut &data[..]).expect("an emission");
            let expected = Emission {
                version: 1,
                bump: found.bump,
                vault_bump: found.vault_bump,
                is_closeable: expected.is_closeable.into(),
                pays_rewards: (expected.beneficiary == Target::Pool).into(),
                padding: [0; 3],
                id: (slot as u64 / 2).into(),
                authority: self.key(owner_of(slot)),
                mint: world.mint,
                vault: *vault,
                beneficiary: self.target(expected.beneficiary),
                beneficiary_authority: expected
                    .beneficiary_authority
                    .map_or(Address::default(), |by| self.key(by)),
                rate_per_second_atoms: (expected.rate as u64).into(),
                starts_at: (expected.starts_at as i64).into(),
                ends_at: (expected.ends_at.unwrap_or(0) as i64).into(),
                balance_atoms: (expected.balance as u64).into(),
                paid_atoms: (expected.paid as u64).into(),
                reserved: [0; 32],
            };
            assert_eq!(found, expected, "emission {slot}");
        }
        for party in PARTIES {
            let (account, expected) = (&self.tokens[party as usize], model.tokens_of(party));
            assert_eq!(world.exists(account), expected.is_open, "token account of {party:?}");
            if expected.is_open {
                let amount = u128::from(world.tokens_in(account));
                assert_eq!(amount, expected.amount, "tokens of {party:?}");
                assert_eq!(world.raw(account).data[108] == 2, expected.is_frozen, "{party:?} is frozen");
                total += amount;
            }
            self.compare_lamports(party);
        }
        let rewards = u128::from(self.incentives.rewards_vault());
        assert_eq!(rewards, model.rewards, "the reward pool's vault");
        assert_eq!(u128::from(self.incentives.pool().waiting_atoms.get()), rewards, "the reward pool");
        assert_eq!(total + rewards, self.total, "all tokens");
    }

    /// Asserts that a party has paid for the accounts it opened, and got the rent of those that are closed.
    fn compare_lamports(&self, party: Party) {
        let (model, world) = (&self.model, &self.incentives.world);
        let is_theirs = |slot: &usize| owner_of(*slot) == party && model.emissions[*slot].is_some();
        let open = (0..SLOTS).filter(is_theirs).count() as u64;
        let returned = if model.tokens_of(party).is_open { 0 } else { world.rent(165) };
        let lamports =
            self.lamports[party as usize] + returned - open * (world.rent(SPACE) + world.rent(165));
        assert_eq!(world.lamports(&self.key(party)), lamports, "lamports of {party:?}");
    }
}

/// Whether the slot of an operation is the one of its emission's vault, not of somebody who is paid.
fn is_vault(op: &Op, slot: usize) -> bool {
    match op {
        Op::Open(..) | Op::Close(..) => slot == 3,
        Op::TopUp(..) => slot == 4,
        Op::Claim(..) | Op::ClaimToRewards(..) => slot == 2,
        _ => false,
    }
}
