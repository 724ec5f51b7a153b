//! The layout of the accounts of staking, rewards and pools, byte by byte: what a client in any language, and a later
//! release, may rely on.
//!
//! All offsets, sizes and discriminators here are literals: none is taken from the programs.

use grid_client::{pools, rewards, staking};
use grid_pools::{Emission, EmissionTerms};
use grid_rewards::{Pool, Position};
use grid_staking::{Settings, Stake};
use grid_tests::{Incentives, World, incentives::DAY, keypair_for, network::GENESIS, world::DECIMALS};
use solana_address::Address;
use solana_signer::Signer;

/// Bytes that are zero but for what is put at an offset.
struct Bytes(Vec<u8>);

impl Bytes {
    fn new(size: usize) -> Self {
        Self(vec![0; size])
    }

    fn put(mut self, offset: usize, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        let place = &mut self.0[offset..offset + bytes.len()];
        assert!(place.iter().all(|byte| *byte == 0), "offset {offset} is used twice");
        place.copy_from_slice(bytes);
        self
    }
}

/// Asserts that an account has these bytes, and names the first offset where it has not.
#[track_caller]
fn assert_bytes(world: &World, address: &Address, expected: Bytes) {
    let found = world.raw(address).data;
    assert_eq!(found.len(), expected.0.len(), "size");
    if let Some(offset) = (0..found.len()).find(|offset| found[*offset] != expected.0[*offset]) {
        panic!("byte {offset} is {}, not {}", found[offset], expected.0[offset]);
    }
}

/// An address that is easy to find in a dump.
fn marker(byte: u8) -> Address {
    Address::new_from_array([byte; 32])
}

/// Eight bytes from `first` on, the lowest first; their number is [`number`].
fn counting(first: u8) -> [u8; 8] {
    std::array::from_fn(|index| first + index as u8)
}

fn number(first: u8) -> u64 {
    u64::from_le_bytes(counting(first))
}

const ID: u64 = 0x0102_0304_0506_0708;
const ID_BYTES: [u8; 8] = [8, 7, 6, 5, 4, 3, 2, 1];

#[test]
fn settings_are_280_bytes() {
    let mut i = Incentives::new();
    let (authority, mint, address) = (i.world.authority.pubkey(), i.world.mint, i.settings);
    let destination = i.tokens_of(&i.world.client.pubkey());
    i.world.land(&[staking::update_settings(authority, &mint, destination, 0x0102, 0x0002_0304)]);
    i.world.edit::<Settings>(address, |s| {
        s.authority = marker(0xe1);
        s.pending_authority = marker(0xe2);
        s.slasher = marker(0xe3);
        s.pending_slasher = marker(0xe4);
    });
    let (vault, vault_bump) = staking::vault_address(&mint);
    let expected = Bytes::new(280)
        .put(0, [223, 179, 163, 190, 177, 224, 67, 173])
        .put(8, [1, staking::settings_address(&mint).1, vault_bump, DECIMALS])
        .put(12, [0x02, 0x01])
        .put(20, [0x04, 0x03, 0x02])
        .put(24, mint)
        .put(56, vault)
        .put(88, [0xe1; 32])
        .put(120, [0xe2; 32])
        .put(152, [0xe3; 32])
        .put(184, [0xe4; 32])
        .put(216, destination);
    assert_bytes(&i.world, &address, expected);
}

#[test]
fn a_stake_is_224_bytes_in_each_of_its_states() {
    let mut i = Incentives::new();
    let (client, mint) = (i.world.client.pubkey(), i.world.mint);
    i.world.network.svm.warp_to_slot(0x0a0b);
    let stake = i.stake_for(client, ID, 1_000_000, 0x0020_0102);
    let (vault, vault_bump) = staking::vault_address(&mint);
    let terms = || {
        Bytes::new(224)
            .put(0, [150, 197, 176, 29, 55, 132, 112, 149])
            .put(8, [1, staking::stake_address(&mint, &client, ID).1, vault_bump, DECIMALS])
            .put(16, [0x0b, 0x0a])
            .put(40, client)
            .put(72, mint)
            .put(104, vault)
            .put(136, ID_BYTES)
            .put(160, [0x02, 0x01, 0x20])
    };
    // 2,097,410 seconds of 31,536,000 make 1,199,525 of a million.
    let staked = terms().put(24, 1_199_525_u64.to_le_bytes()).put(144, 1_000_000_u64.to_le_bytes());
    assert_bytes(&i.world, &stake, staked);

    i.slash(stake, 100_000);
    let slashed = terms()
        .put(12, [1])
        .put(24, 1_079_572_u64.to_le_bytes())
        .put(32, 1_079_572_u64.to_le_bytes())
        .put(144, 900_000_u64.to_le_bytes())
        .put(176, GENESIS.to_le_bytes())
        .put(184, 150_000_u64.to_le_bytes());
    assert_bytes(&i.world, &stake, slashed);

    i.world.network.advance(100);
    i.world.land(&[staking::unstake(client, stake)]);
    i.world.edit::<Stake>(stake, |s| {
        s.decreases = 0x0102_0304.into();
        s.low_weight = number(0x31).into();
        s.withdrawn_atoms = number(0x41).into();
        s.slash_epoch_started_at = (number(0x51) as i64).into();
        s.slash_allowance_atoms = number(0x61).into();
    });
    let unstaking = terms()
        .put(12, [4, 3, 2, 1])
        .put(32, counting(0x31))
        .put(144, 900_000_u64.to_le_bytes())
        .put(152, counting(0x41))
        .put(168, (GENESIS + 100).to_le_bytes())
        .put(176, counting(0x51))
        .put(184, counting(0x61));
    assert_bytes(&i.world, &stake, unstaking);
}

#[test]
fn a_pool_is_192_bytes() {
    let mut i = Incentives::new();
    let (mint, pool) = (i.world.mint, i.pool);
    let other = i.world.open_mint("other mint");
    let stranger = i.world.stranger.pubkey();
    i.world.land(&[rewards::open_pool(stranger, &mint, other)]);
    let (theirs, bump) = rewards::pool_address(&mint, &other);
    let (vault, vault_bump) = rewards::vault_address(&theirs);
    let source = grid_client::address::token_account(&stranger, other);
    i.world.land(&[rewards::add(stranger, source, theirs, other, 0x0102)]);
    let waiting = Bytes::new(192)
        .put(0, [241, 154, 109, 4, 17, 177, 109, 188])
        .put(8, [1, bump, vault_bump])
        .put(16, mint)
        .put(48, other)
        .put(80, vault)
        .put(136, [0x02, 0x01]);
    assert_bytes(&i.world, &theirs, waiting);

    i.world.edit::<Pool>(pool, |p| {
        p.index = ((u128::from(number(0x21)) << 64) | u128::from(number(0x11))).into();
        p.total_weight = number(0x31).into();
        p.waiting_atoms = number(0x41).into();
        p.shared_atoms = number(0x51).into();
        p.earned_atoms = number(0x61).into();
    });
    let (vault, vault_bump) = rewards::vault_address(&pool);
    let edited = Bytes::new(192)
        .put(0, [241, 154, 109, 4, 17, 177, 109, 188])
        .put(8, [1, rewards::pool_address(&mint, &mint).1, vault_bump])
        .put(16, mint)
        .put(48, mint)
        .put(80, vault)
        .put(112, counting(0x11))
        .put(120, counting(0x21))
        .put(128, counting(0x31))
        .put(136, counting(0x41))
        .put(144, counting(0x51))
        .put(152, counting(0x61));
    assert_bytes(&i.world, &pool, edited);
}

#[test]
fn a_position_is_200_bytes() {
    let mut i = Incentives::new();
    let (client, pool) = (i.world.client.pubkey(), i.pool);
    i.world.network.svm.warp_to_slot(0x0a0b);
    let stake = i.stake(client, 0, 1_000);
    i.slash(stake, 100);
    i.world.land(&[rewards::enter(client, stake, pool)]);
    let (position, bump) = rewards::position_address(&pool, &stake);
    let terms = || {
        Bytes::new(200)
            .put(0, [170, 188, 143, 228, 122, 64, 247, 208])
            .put(8, [1, bump])
            .put(16, [0x0b, 0x0a])
            .put(24, pool)
            .put(56, stake)
            .put(88, client)
    };
    let entered = terms().put(12, [1]).put(144, 1_003_u64.to_le_bytes()).put(152, GENESIS.to_le_bytes());
    assert_bytes(&i.world, &position, entered);

    i.world.edit::<Position>(position, |p| {
        p.decreases = 0x0102_0304.into();
        p.index = ((u128::from(number(0x21)) << 64) | u128::from(number(0x11))).into();
        p.active_weight = number(0x31).into();
        p.pending_weight = number(0x41).into();
        p.pending_since = (number(0x51) as i64).into();
        p.earned_atoms = number(0x61).into();
    });
    let edited = terms()
        .put(12, [4, 3, 2, 1])
        .put(120, counting(0x11))
        .put(128, counting(0x21))
        .put(136, counting(0x31))
        .put(144, counting(0x41))
        .put(152, counting(0x51))
        .put(160, counting(0x61));
    assert_bytes(&i.world, &position, edited);
}

#[test]
fn an_emission_is_256_bytes_for_either_beneficiary() {
    let mut i = Incentives::new();
    let (authority, mint) = (i.world.authority.pubkey(), i.world.mint);
    let terms = EmissionTerms {
        rate_per_second_atoms: number(0x11),
        starts_at: number(0x21) as i64,
        ends_at: number(0x31) as i64,
        is_closeable: true,
        beneficiary_authority: marker(0xe1),
    };
    let tokens = i.tokens_of(&i.world.client.pubkey());
    let emission = i.open_emission(ID, tokens, terms);
    let fixed = |id: u64| {
        let (emission, bump) = pools::emission_address(&authority, id);
        let (vault, vault_bump) = pools::vault_address(&emission);
        Bytes::new(256)
            .put(0, [56, 101, 133, 79, 248, 233, 131, 140])
            .put(8, [1, bump, vault_bump])
            .put(16, id.to_le_bytes())
            .put(24, authority)
            .put(56, mint)
            .put(88, vault)
            .put(184, counting(0x11))
            .put(192, counting(0x21))
    };
    i.world.edit::<Emission>(emission, |e| {
        e.balance_atoms = number(0x41).into();
        e.paid_atoms = number(0x51).into();
    });
    let to_tokens = fixed(ID)
        .put(11, [1])
        .put(120, tokens)
        .put(152, [0xe1; 32])
        .put(200, counting(0x31))
        .put(208, counting(0x41))
        .put(216, counting(0x51));
    assert_bytes(&i.world, &emission, to_tokens);

    let pool = i.pool;
    let endless =
        EmissionTerms { ends_at: 0, is_closeable: false, beneficiary_authority: Address::default(), ..terms };
    let emission = i.open_emission(1, pool, endless);
    assert_bytes(&i.world, &emission, fixed(1).put(12, [1]).put(120, pool));
}

#[test]
fn reserved_bytes_and_padding_stay_zero_over_a_whole_life() {
    let mut i = Incentives::new();
    let (client, mint, pool) = (i.world.client.pubkey(), i.world.mint, i.pool);
    let tokens = i.tokens_of(&client);
    let stake = i.stake_actively(client, 0, 1_000);
    i.add(500);
    i.slash(stake, 100);
    i.claim(stake);
    i.world.land(&[staking::unstake(client, stake)]);
    i.world.network.advance(DAY);
    i.world.land(&[staking::withdraw(client, stake, mint, tokens), staking::restake(client, stake)]);
    i.world.land(&[rewards::sync(stake, pool)]);
    let terms = EmissionTerms {
        rate_per_second_atoms: 10,
        starts_at: GENESIS,
        ends_at: 0,
        is_closeable: true,
        beneficiary_authority: Address::default(),
    };
    let emission = i.open_emission(0, pool, terms);
    let stranger = i.world.stranger.pubkey();
    let authority = i.world.authority.pubkey();
    i.world.land(&[
        pools::top_up(stranger, i.tokens_of(&stranger), emission, mint, 10_000_000),
        pools::claim_to_rewards(emission, mint, pool),
        pools::close(authority, emission, mint, i.tokens_of(&authority)),
    ]);
    let again = i.open_emission(0, pool, terms);
    assert_eq!(again, emission);
    for (address, ranges) in [
        (i.settings, &[14..20, 248..280][..]),
        (stake, &[164..168, 192..224]),
        (pool, &[11..16, 160..192]),
        (rewards::position_address(&pool, &stake).0, &[10..12, 168..200]),
        (emission, &[13..16, 224..256]),
    ] {
        let data = i.world.raw(&address).data;
        for range in ranges {
            assert!(data[range.clone()].iter().all(|byte| *byte == 0), "{address} at {range:?}");
        }
    }
}

#[test]
fn vaults_have_no_delegate_and_no_close_authority_and_own_themselves() {
    let mut i = Incentives::new();
    let (client, mint, pool, stranger) =
        (i.world.client.pubkey(), i.world.mint, i.pool, i.world.stranger.pubkey());
    i.stake(client, 0, 0x0102);
    i.add(0x0203);
    let terms = EmissionTerms {
        rate_per_second_atoms: 10,
        starts_at: GENESIS,
        ends_at: 0,
        is_closeable: true,
        beneficiary_authority: keypair_for("node").pubkey(),
    };
    let emission = i.open_emission(0, pool, terms);
    i.world.land(&[pools::top_up(stranger, i.tokens_of(&stranger), emission, mint, 0x0304)]);
    for (vault, amount) in [
        (staking::vault_address(&mint).0, [0x02, 0x01]),
        (rewards::vault_address(&pool).0, [0x03, 0x02]),
        (pools::vault_address(&emission).0, [0x04, 0x03]),
    ] {
        // Layout: the SPL Token program's `Account`; a `COption` is a tag of 4 bytes and its value.
        let expected = Bytes::new(165)
            .put(0, mint)
            .put(32, vault)
            .put(64, amount)
            .put(72, [0; 36]) // delegate: none
            .put(108, [1]) // state: initialized
            .put(109, [0; 12]) // is native: no
            .put(121, [0; 8]) // delegated amount
            .put(129, [0; 36]); // close authority: none
        assert_bytes(&i.world, &vault, expected);
        assert_eq!(i.world.raw(&vault).owner, grid_client::token::PROGRAM_ID);
    }
}
