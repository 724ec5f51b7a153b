//! The plain model: what each operation does, in whole numbers of 128 bits, and how it fails.

use grid_pools::PoolsError;
use grid_tests::world::TOKENS;
use solana_instruction::error::InstructionError;

/// Emissions of a life: those with an even number are the authority's, the others the stranger's.
pub const SLOTS: usize = 6;
/// Actors of a life; each has a wallet and a token account.
pub const PARTIES: [Party; 4] = [Party::Authority, Party::Client, Party::Node, Party::Stranger];

/// Errors that are not the program's own.
const MISSING: InstructionError = InstructionError::AccountDataTooSmall;
const DUPLICATE_MUTABLE: InstructionError = InstructionError::Custom(2040);
const IN_USE: InstructionError = InstructionError::Custom(0);
const NO_TOKEN_ACCOUNT: InstructionError = InstructionError::InvalidAccountData;
const INSUFFICIENT_FUNDS: InstructionError = InstructionError::Custom(1);
const FROZEN: InstructionError = InstructionError::Custom(17);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    Authority,
    Client,
    Node,
    Stranger,
}

/// What an emission may name as its beneficiary, and what it may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The token account of a party.
    Tokens(Party),
    /// The reward pool.
    Pool,
    /// The vault of an emission.
    Vault(usize),
    /// A reward pool of another mint.
    OtherPool,
    /// The client's token account of another mint.
    OtherTokens,
    /// The client's wallet.
    Wallet,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    pub rate: u64,
    pub starts_at: i64,
    pub ends_at: i64,
    pub is_closeable: bool,
    pub beneficiary_authority: Option<Party>,
}

#[derive(Debug, Clone, Copy)]
pub enum Op {
    Open(usize, Target, Terms),
    TopUp(usize, Party, u64),
    Claim(usize, Target),
    ClaimToRewards(usize, Target),
    SetBeneficiary(usize, Party, Target, Option<Party>),
    Close(usize, Party, Party),
    Donate(usize, Party, u64),
    Freeze(Party, bool),
    CloseTokens(Party),
    OpenTokens(Party),
    Clock(i64),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emission {
    pub rate: u128,
    pub starts_at: i128,
    pub ends_at: Option<i128>,
    pub is_closeable: bool,
    pub beneficiary: Target,
    pub beneficiary_authority: Option<Party>,
    pub balance: u128,
    pub paid: u128,
    /// Came to the vault past the program.
    pub stray: u128,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tokens {
    pub amount: u128,
    pub is_open: bool,
    pub is_frozen: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    pub now: i64,
    pub emissions: [Option<Emission>; SLOTS],
    pub tokens: [Tokens; 4],
    /// In the reward pool.
    pub rewards: u128,
}

impl Emission {
    pub fn is_over(&self, now: i64) -> bool {
        self.ends_at.is_some_and(|end| i128::from(now) >= end)
    }

    pub fn due(&self, now: i64) -> u128 {
        if self.is_over(now) {
            return self.balance;
        }
        let seconds = (i128::from(now) - self.starts_at).max(0) as u128;
        let accrued = self.rate * seconds;
        if accrued > self.paid { (accrued - self.paid).min(self.balance) } else { 0 }
    }
}

pub fn owner_of(slot: usize) -> Party {
    if slot.is_multiple_of(2) { Party::Authority } else { Party::Stranger }
}

fn fails<T>(error: PoolsError) -> Result<T, InstructionError> {
    let anchor_lang::Error::Custom(code) = error.into() else { unreachable!("it has a number") };
    Err(InstructionError::Custom(code))
}

impl Model {
    pub fn new(now: i64) -> Self {
        let tokens = Tokens { amount: TOKENS.into(), is_open: true, is_frozen: false };
        Self { now, emissions: Default::default(), tokens: [tokens; 4], rewards: 0 }
    }

    /// All tokens there are.
    pub fn total(&self) -> u128 {
        let emissions = self.emissions.iter().flatten().map(|emission| emission.balance + emission.stray);
        self.tokens.iter().map(|tokens| tokens.amount).sum::<u128>() + emissions.sum::<u128>() + self.rewards
    }

    fn emission(&mut self, slot: usize) -> Result<&mut Emission, InstructionError> {
        self.emissions[slot].as_mut().ok_or(MISSING)
    }

    pub fn tokens_of(&self, party: Party) -> &Tokens {
        &self.tokens[party as usize]
    }

    fn take(&mut self, party: Party, amount: u128) -> Result<(), InstructionError> {
        let tokens = &mut self.tokens[party as usize];
        match (tokens.is_open, tokens.is_frozen) {
            (false, _) => Err(NO_TOKEN_ACCOUNT),
            (true, true) => Err(FROZEN),
            (true, false) if tokens.amount < amount => Err(INSUFFICIENT_FUNDS),
            (true, false) => {
                tokens.amount -= amount;
                Ok(())
            }
        }
    }

    fn give(&mut self, target: Target, amount: u128) -> Result<(), InstructionError> {
        match target {
            Target::Tokens(party) => {
                let tokens = &mut self.tokens[party as usize];
                match (tokens.is_open, tokens.is_frozen) {
                    (false, _) => return Err(NO_TOKEN_ACCOUNT),
                    (true, true) => return Err(FROZEN),
                    (true, false) => tokens.amount += amount,
                }
            }
            Target::Vault(slot) => {
                self.emissions[slot].as_mut().ok_or(NO_TOKEN_ACCOUNT)?.stray += amount;
            }
            Target::Pool => self.rewards += amount,
            Target::OtherPool | Target::OtherTokens | Target::Wallet => unreachable!("never a beneficiary"),
        }
        Ok(())
    }

    fn may_be_paid(&self, slot: usize, target: Target) -> Result<(), InstructionError> {
        let may = match target {
            Target::Tokens(party) => self.tokens_of(party).is_open,
            Target::Vault(other) => other != slot && self.emissions[other].is_some(),
            Target::Pool => true,
            Target::OtherPool | Target::OtherTokens | Target::Wallet => false,
        };
        if may { Ok(()) } else { fails(PoolsError::WrongBeneficiary) }
    }

    /// Does an operation, or says how it fails; then everything is as it was.
    pub fn apply(&mut self, op: &Op) -> Result<(), InstructionError> {
        let mut after = self.clone();
        after.change(op)?;
        *self = after;
        Ok(())
    }

    fn change(&mut self, op: &Op) -> Result<(), InstructionError> {
        let now = self.now;
        match *op {
            Op::Open(slot, target, terms) => {
                if target == Target::Vault(slot) {
                    return Err(DUPLICATE_MUTABLE);
                }
                if self.emissions[slot].is_some() {
                    return Err(IN_USE);
                }
                if terms.rate == 0 {
                    return fails(PoolsError::ZeroRate);
                }
                if terms.starts_at < 1 || (terms.ends_at != 0 && terms.ends_at <= terms.starts_at) {
                    return fails(PoolsError::TimesOutOfRange);
                }
                self.may_be_paid(slot, target)?;
                self.emissions[slot] = Some(Emission {
                    rate: terms.rate.into(),
                    starts_at: terms.starts_at.into(),
                    ends_at: (terms.ends_at != 0).then_some(terms.ends_at.into()),
                    is_closeable: terms.is_closeable,
                    beneficiary: target,
                    beneficiary_authority: terms.beneficiary_authority,
                    balance: 0,
                    paid: 0,
                    stray: 0,
                });
            }
            Op::TopUp(slot, payer, amount) => {
                let emission = self.emission(slot)?;
                if amount == 0 {
                    return fails(PoolsError::ZeroAmount);
                }
                if emission.is_over(now) {
                    return fails(PoolsError::EmissionOver);
                }
                if emission.paid + emission.balance + u128::from(amount) > u128::from(u64::MAX) {
                    return fails(PoolsError::Overflow);
                }
                emission.balance += u128::from(amount);
                self.take(payer, amount.into())?;
            }
            Op::Claim(slot, target) | Op::ClaimToRewards(slot, target) => {
                let emission = self.emission(slot)?;
                if emission.beneficiary != target {
                    return fails(PoolsError::WrongBeneficiary);
                }
                match (op, target) {
                    (Op::Claim(..), Target::Pool) => return fails(PoolsError::BeneficiaryIsRewardPool),
                    (Op::Claim(..), _) | (_, Target::Pool) => {}
                    _ => return fails(PoolsError::BeneficiaryIsTokenAccount),
                }
                let due = emission.due(now);
                if due == 0 {
                    return fails(PoolsError::NothingDue);
                }
                emission.balance -= due;
                emission.paid += due;
                self.give(target, due)?;
            }
            Op::SetBeneficiary(slot, by, target, next) => {
                if self.emission(slot)?.beneficiary_authority != Some(by) {
                    return fails(PoolsError::NotBeneficiaryAuthority);
                }
                self.may_be_paid(slot, target)?;
                let emission = self.emission(slot)?;
                emission.beneficiary = target;
                emission.beneficiary_authority = next;
            }
            Op::Close(slot, by, to) => {
                let emission = self.emission(slot)?;
                if owner_of(slot) != by {
                    return fails(PoolsError::NotAuthority);
                }
                let is_over = emission.is_over(now);
                let has_paid_everything = is_over && emission.balance == 0;
                if !(emission.is_closeable || has_paid_everything) {
                    return fails(PoolsError::NotCloseable);
                }
                let due = emission.due(now);
                let mut returned = emission.balance - due;
                emission.balance = due;
                if !is_over {
                    emission.ends_at = Some(now.into());
                }
                if due == 0 {
                    returned += emission.stray;
                    self.emissions[slot] = None;
                }
                if returned > 0 {
                    self.give(Target::Tokens(to), returned)?;
                }
            }
            Op::Donate(slot, by, amount) => {
                self.give(Target::Vault(slot), amount.into())?;
                self.take(by, amount.into())?;
            }
            Op::Freeze(party, is_frozen) => self.tokens[party as usize].is_frozen = is_frozen,
            Op::CloseTokens(party) => {
                let amount = self.tokens_of(party).amount;
                self.take(party, amount)?;
                self.give(Target::Tokens(Party::Authority), amount)?;
                self.tokens[party as usize].is_open = false;
            }
            Op::OpenTokens(party) => self.tokens[party as usize].is_open = true,
            Op::Clock(to) => self.now = to,
        }
        Ok(())
    }
}
