//! What the stage holds of stakes, rewards and emissions, and how it is built.

use crate::{
    incentives::{DAY, DURATION, SLASH_CAP_BPS},
    matrix::build::Builder,
};
use grid_client::{
    address, pools, rewards, staking,
    token::{self, Mint},
};
use grid_pools::EmissionTerms;
use grid_staking::{Role, SlashReason};
use solana_address::Address;

/// Atoms of each stake, and of what each pool and each emission gets.
pub const AMOUNT: u64 = 1_000_000_000;
/// Rate of the emissions, atoms per second.
pub const RATE: u64 = 10;
/// Length of the slashing epochs, seconds: longer than the stage is old.
pub const SLASH_EPOCH: u32 = 30 * 86_400;

/// An owner's stakes in a mint, one in each state, their positions in the pool in which they earn the same mint, and
/// emissions of it.
#[derive(Debug, Clone, Copy)]
pub struct Stakes {
    /// Owns the stakes.
    pub owner: Address,
    /// Their mint.
    pub mint: Mint,
    /// Authority of the mint's settings.
    pub authority: Address,
    /// Whom that role is offered to.
    pub next_authority: Address,
    /// Slasher of the mint's settings.
    pub slasher: Address,
    /// Whom that role is offered to.
    pub next_slasher: Address,
    /// Authority of the emissions.
    pub emitter: Address,
    /// May name another beneficiary of them.
    pub steward: Address,
    /// First id of the stakes and the emissions.
    pub id: u64,
}

impl Stakes {
    fn stake(&self, number: u64) -> Address {
        staking::stake_address(&self.mint.address, &self.owner, self.id + number).0
    }

    fn emission(&self, number: u64) -> Address {
        pools::emission_address(&self.emitter, self.id + number).0
    }

    /// Staked; its position has earned.
    pub fn staked(&self) -> Address {
        self.stake(0)
    }

    /// Staked and slashed in the epoch that runs; its position was not looked at since.
    pub fn slashed(&self) -> Address {
        self.stake(1)
    }

    /// Was closed; its position has earned.
    pub fn closed(&self) -> Address {
        self.stake(2)
    }

    /// Being released, nothing withdrawn; its position has earned nothing.
    pub fn unstaking(&self) -> Address {
        self.stake(3)
    }

    /// Being released, partly withdrawn.
    pub fn withdrawn(&self) -> Address {
        self.stake(4)
    }

    /// Holds nothing any more.
    pub fn empty(&self) -> Address {
        self.stake(5)
    }

    /// Staked, without a position.
    pub fn outside(&self) -> Address {
        self.stake(6)
    }

    /// Pays a token account, and may be closed.
    pub fn to_account(&self) -> Address {
        self.emission(0)
    }

    /// Pays the reward pool, and may be closed.
    pub fn to_pool(&self) -> Address {
        self.emission(1)
    }

    /// Paid a token account, is over, and has not paid everything.
    pub fn over(&self) -> Address {
        self.emission(2)
    }

    /// Got nothing yet, and may be closed.
    pub fn unfunded(&self) -> Address {
        self.emission(3)
    }

    /// The owner's token account.
    pub fn tokens(&self) -> Address {
        address::token_account(&self.owner, self.mint)
    }

    /// The pool in which the stakes earn their own mint.
    pub fn pool(&self) -> Address {
        rewards::pool_address(&self.mint.address, &self.mint.address).0
    }

    /// Where slashed tokens go to.
    pub fn slash_destination(&self) -> Address {
        address::token_account(&self.authority, self.mint)
    }

    /// The token account that the emissions pay.
    pub fn beneficiary(&self) -> Address {
        address::token_account(&self.steward, self.mint)
    }
}

/// The stakes besides the client's in the world's mint.
#[derive(Debug, Clone, Copy)]
pub struct OtherStakes {
    /// Of another owner.
    pub second_owner: Stakes,
    /// Of the second mint.
    pub second_mint: Stakes,
    /// Of a mint of Token-2022.
    pub token_2022: Stakes,
    /// Of the same owner in the same mint, once more.
    pub again: Stakes,
}

impl OtherStakes {
    /// All of them.
    pub fn all(&self) -> [Stakes; 4] {
        [self.second_owner, self.second_mint, self.token_2022, self.again]
    }
}

impl Builder {
    /// Settings of three mints, pools, stakes and emissions. Weeks pass.
    pub fn stakes(&mut self, mint: Mint, second_mint: Mint, mint_2022: Mint) -> (Stakes, OtherStakes) {
        let cast = self.cast;
        let own = Stakes {
            owner: cast.client,
            mint,
            authority: cast.authority,
            next_authority: cast.heir,
            slasher: cast.admin,
            next_slasher: cast.next_admin,
            emitter: cast.authority,
            steward: cast.treasury,
            id: 0,
        };
        let others = OtherStakes {
            second_owner: Stakes {
                owner: cast.second_client,
                emitter: cast.second_client,
                steward: cast.second_heir,
                ..own
            },
            second_mint: Stakes {
                mint: second_mint,
                authority: cast.second_client,
                next_authority: cast.second_heir,
                slasher: cast.pauser,
                next_slasher: cast.heir,
                id: 100,
                ..own
            },
            token_2022: Stakes { mint: mint_2022, id: 200, ..own },
            again: Stakes { id: 300, ..own },
        };
        // No stake of a real chain was opened in the first slot.
        self.world.network.svm.warp_to_slot(1_000);
        for set in [own, others.second_mint, others.token_2022] {
            self.open_settings(&set);
            self.act(rewards::open_pool(cast.stranger, &set.mint.address, set.mint));
        }
        self.act(rewards::open_pool(cast.stranger, &mint.address, second_mint));
        let sets = [own, others.second_owner, others.second_mint, others.token_2022, others.again];
        sets.iter().for_each(|set| self.open_stakes(set));
        let in_second_pool = [own.staked(), others.second_owner.staked()];
        let second_pool = rewards::pool_address(&mint.address, &second_mint.address).0;
        for (stake, owner) in in_second_pool.into_iter().zip([own.owner, others.second_owner.owner]) {
            self.act(rewards::enter(owner, stake, second_pool));
        }
        self.world.network.advance(DAY);
        for set in &sets {
            for stake in [set.staked(), set.slashed(), set.closed()] {
                self.act(rewards::sync(stake, set.pool()));
            }
        }
        in_second_pool.into_iter().for_each(|stake| self.act(rewards::sync(stake, second_pool)));
        for (pool, mint) in sets.iter().map(|set| (set.pool(), set.mint)).chain([(second_pool, second_mint)])
        {
            let source = address::token_account(&cast.authority, mint);
            self.act(rewards::add(cast.authority, source, pool, mint, AMOUNT));
        }
        sets.iter().for_each(|set| self.release_stakes(set));
        self.world.network.svm.warp_to_slot(2_000);
        self.world.network.advance(DURATION.into());
        sets.iter().for_each(|set| self.withdraw_stakes(set));
        self.world.network.advance(DAY);
        for set in &sets {
            self.act(staking::withdraw(set.owner, set.withdrawn(), set.mint, set.tokens()));
            self.open_emissions(set);
        }
        self.world.network.advance(DAY);
        (own, others)
    }

    /// Makes a mint stakeable and hands the roles over.
    fn open_settings(&mut self, set: &Stakes) {
        let (authority, mint) = (self.cast.authority, set.mint.address);
        let destination = set.slash_destination();
        self.act(staking::open_settings(authority, set.mint, destination, SLASH_CAP_BPS, SLASH_EPOCH));
        for (role, holder) in [(Role::Slasher, set.slasher), (Role::Authority, set.authority)] {
            self.act(staking::propose_role(authority, &mint, role, holder));
            self.act(staking::accept_role(holder, &mint, role));
        }
        for (role, next) in [(Role::Slasher, set.next_slasher), (Role::Authority, set.next_authority)] {
            self.act(staking::propose_role(set.authority, &mint, role, next));
        }
    }

    fn open_stakes(&mut self, set: &Stakes) {
        for number in 0..7 {
            let stake = staking::stake(set.owner, set.tokens(), set.mint, set.id + number, AMOUNT, DURATION);
            self.act(stake);
        }
        for stake in [set.staked(), set.slashed(), set.closed()] {
            self.act(rewards::enter(set.owner, stake, set.pool()));
        }
    }

    fn release_stakes(&mut self, set: &Stakes) {
        for stake in [set.staked(), set.closed()] {
            self.act(rewards::sync(stake, set.pool()));
        }
        for stake in [set.closed(), set.empty()] {
            self.act(staking::unstake(set.owner, stake));
        }
    }

    fn withdraw_stakes(&mut self, set: &Stakes) {
        for stake in [set.closed(), set.empty()] {
            self.act(staking::withdraw(set.owner, stake, set.mint, set.tokens()));
        }
        self.act(staking::close(set.owner, set.closed()));
        self.act(rewards::enter(set.owner, set.unstaking(), set.pool()));
        for stake in [set.unstaking(), set.withdrawn()] {
            self.act(staking::unstake(set.owner, stake));
        }
        self.act(slash(set, set.slashed()));
    }

    fn open_emissions(&mut self, set: &Stakes) {
        let now = self.world.network.time();
        let source = address::token_account(&set.emitter, set.mint);
        for (number, beneficiary, ends_at, funds) in [
            (0, set.beneficiary(), 0, AMOUNT),
            (1, set.pool(), 0, AMOUNT),
            (2, set.beneficiary(), now + 1, AMOUNT),
            (3, set.beneficiary(), 0, 0),
        ] {
            let terms =
                EmissionTerms { ends_at, is_closeable: ends_at == 0, ..emission_terms(now, set.steward) };
            self.act(pools::open(set.emitter, set.mint, set.id + number, beneficiary, terms));
            if funds > 0 {
                let emission = pools::emission_address(&set.emitter, set.id + number).0;
                self.act(pools::top_up(set.emitter, source, emission, set.mint, funds));
            }
        }
    }
}

/// Endless and closeable.
pub fn emission_terms(starts_at: i64, steward: Address) -> EmissionTerms {
    EmissionTerms {
        rate_per_second_atoms: RATE,
        starts_at,
        ends_at: 0,
        is_closeable: true,
        beneficiary_authority: steward,
    }
}

/// The slasher takes an atom from a stake of the set.
pub fn slash(set: &Stakes, stake: Address) -> solana_instruction::Instruction {
    let (reason, evidence) = (SlashReason::WrongResult, [7; 32]);
    staking::slash(set.slasher, stake, set.mint, set.slash_destination(), 1, reason, evidence)
}

/// The token program that is not the mint's.
pub fn other_token_program(mint: &Mint) -> Address {
    if mint.program == token::PROGRAM_ID { token::PROGRAM_2022_ID } else { token::PROGRAM_ID }
}
