//! The layout of the accounts, byte by byte: what a client in any language, and a later release, may rely on.
//!
//! All offsets, sizes and discriminators here are literals: none is taken from the program.

use grid_client::{
    address,
    instruction::{self, Listing},
};
use grid_jobs::{Config, Device, Job, JobKind, Market, MarketTerms, Member, Project};
use grid_tests::{World, keypair_for, network::GENESIS};
use solana_address::Address;
use solana_signer::Signer;

/// Terms of which no two are the same.
const TERMS: MarketTerms = MarketTerms {
    price_per_second_atoms: 0xa1_b2c3,
    bond_atoms: 0x1234,
    expiry_reward_atoms: 0x0405,
    compensation_atoms: 0x0506,
    fee_bps: 0x0a0b,
    stakers_bps: 0x0708,
    burn_bps: 0x0809,
    max_attempts: 13,
    max_strikes: 0x0607,
    min_timeout_seconds: 0x0102,
    max_timeout_seconds: 0x0020_0304,
    start_window_seconds: 0x0203,
    heartbeat_limit_seconds: 0x0304,
    finish_grace_seconds: 0x0001_0204,
    retention_seconds: 0x0010_0305,
};

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

/// A world with [`TERMS`], whose device 0x01020304 has a payee of its own.
fn world() -> World {
    let mut world = World::bare();
    let (authority, node) = (world.authority.pubkey(), world.node.pubkey());
    world.market = address::market(&authority, 0x0102_0304_0506_0708).0;
    world.device = address::device(&world.market, &node, 0x0102_0304).0;
    world.initialize_config();
    world.open_vault();
    world.land(&[instruction::open_market(authority, world.mint, 0x0102_0304_0506_0708, TERMS)]);
    world.open_project();
    let source = address::token_account(&node, world.mint);
    world.land(&[
        instruction::open_device(node, world.market, 0x0102_0304, keypair_for("payee").pubkey()),
        instruction::fund_bond(node, source, world.device, world.mint, 0x0011_2233),
    ]);
    world
}

/// Lists a job of 0x0201 seconds; returns its address.
fn list(world: &mut World, id: u64) -> Address {
    let listing = Listing {
        id,
        kind: JobKind::Batch,
        definition: [0xdd; 32],
        timeout_seconds: 0x0201,
        max_price_per_second_atoms: u64::MAX,
    };
    world.land(&[instruction::list(world.client.pubkey(), world.project, world.market, &listing)]);
    address::job(&world.project, id).0
}

#[test]
fn a_config_is_208_bytes() {
    let mut world = World::bare();
    world.initialize_config();
    let (config, bump) = address::config();
    world.edit::<Config>(config, |c| {
        c.pending_admin = marker(0xe1);
        c.pauser = marker(0xe2);
        c.treasury = marker(0xe3);
        c.deposits_paused_until = 0x0102_0304_0506_0708.into();
        c.stake_mint = marker(0xe4);
    });
    let expected = Bytes::new(208)
        .put(0, [155, 12, 170, 224, 30, 250, 204, 130])
        .put(8, [1, bump])
        .put(16, world.authority.pubkey())
        .put(48, [0xe1; 32])
        .put(80, [0xe2; 32])
        .put(112, [0xe3; 32])
        .put(144, [8, 7, 6, 5, 4, 3, 2, 1])
        .put(152, [0xe4; 32]);
    assert_bytes(&world, &config, expected);
}

#[test]
fn a_project_is_152_bytes() {
    let mut world = world();
    let bump = address::project(&world.mint, &world.client.pubkey()).1;
    list(&mut world, 1);
    list(&mut world, 2);
    world.edit::<Project>(world.project, |p| {
        p.balance = 0x0102_0304_0506_0708.into();
        p.members = 0x1112_1314.into();
    });
    let expected = Bytes::new(152)
        .put(0, [205, 168, 189, 202, 181, 247, 142, 19])
        .put(8, [1, bump])
        .put(12, [2, 0, 0, 0])
        .put(16, world.client.pubkey())
        .put(48, world.mint)
        .put(80, [8, 7, 6, 5, 4, 3, 2, 1])
        .put(88, [0x14, 0x13, 0x12, 0x11]);
    assert_bytes(&world, &world.project, expected);
}

#[test]
fn a_member_is_136_bytes() {
    let mut world = World::new();
    let (client, key) = (world.client.pubkey(), marker(0xe1));
    let (member, bump) = address::member(&world.project, &key);
    world.land(&[instruction::set_member(client, world.project, key, 0x0102_0304_0506_0708, 0x0011_1213)]);
    world.edit::<Member>(member, |m| {
        m.spent_atoms = 0x2122_2324_2526_2728.into();
        m.period_started_at = 0x3132_3334_3536_3738.into();
    });
    let expected = Bytes::new(136)
        .put(0, [54, 19, 162, 21, 29, 166, 17, 198])
        .put(8, [1, bump])
        .put(12, [0x13, 0x12, 0x11])
        .put(16, world.project)
        .put(48, key)
        .put(80, [8, 7, 6, 5, 4, 3, 2, 1])
        .put(88, [0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21])
        .put(96, [0x38, 0x37, 0x36, 0x35, 0x34, 0x33, 0x32, 0x31]);
    assert_bytes(&world, &member, expected);
}

#[test]
fn a_device_is_288_bytes() {
    let mut world = world();
    let node = world.node.pubkey();
    let bump = address::device(&world.market, &node, 0x0102_0304).1;
    let job = list(&mut world, 1);
    world.land(&[instruction::work(node, world.device, world.market, 0x0a_0b0c)]);
    world.edit::<Device>(world.device, |d| {
        d.slot = 0x0506.into();
        d.strikes = 0x0708_090a.into();
        d.earnings_atoms = 0x1112_1314_1516_1718.into();
        d.jobs_finished = 0x2122_2324_2526_2728.into();
        d.noticed_at = 0x3132_3334_3536_3738.into();
    });
    let expected = Bytes::new(288)
        .put(0, [153, 248, 23, 39, 83, 45, 68, 128])
        .put(8, [1, bump, 3])
        .put(12, [0x06, 0x05])
        .put(16, [4, 3, 2, 1])
        .put(20, [0x0a, 0x09, 0x08, 0x07])
        .put(24, world.market)
        .put(56, node)
        .put(88, keypair_for("payee").pubkey())
        .put(120, world.mint)
        .put(152, job)
        .put(184, [0x0c, 0x0b, 0x0a])
        .put(192, [0x33, 0x22, 0x11])
        .put(200, [0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11])
        .put(208, GENESIS.to_le_bytes())
        .put(216, [0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21])
        .put(224, [0x05, 0x04])
        .put(232, [0x06, 0x05])
        .put(240, [0x38, 0x37, 0x36, 0x35, 0x34, 0x33, 0x32, 0x31]);
    assert_bytes(&world, &world.device, expected);
}

/// Bytes of job 0x0102030405060708 that hold in each of its states.
fn job_terms(world: &World) -> Bytes {
    Bytes::new(328)
        .put(0, [75, 124, 80, 203, 161, 180, 202, 80])
        .put(8, [1, address::job(&world.project, 0x0102_0304_0506_0708).1])
        .put(13, [13])
        .put(14, [0x0b, 0x0a])
        .put(20, [0x01, 0x02])
        .put(24, [8, 7, 6, 5, 4, 3, 2, 1])
        .put(32, world.project)
        .put(64, world.market)
        .put(96, world.client.pubkey())
        .put(160, [0xdd; 32])
        .put(224, [0xc3, 0xb2, 0xa1])
        .put(240, [0x03, 0x02])
        .put(244, [0x04, 0x03])
        .put(248, [0x04, 0x02, 0x01])
        .put(252, [0x05, 0x03, 0x10])
        .put(296, [0x04, 0x03, 0x20])
}

/// 0xa1b2c3 atoms × 0x201 seconds, and 25.71 % of it, rounded up.
const ESCROW: u64 = 5_436_291_267 + 1_397_670_485;

#[test]
fn a_job_is_328_bytes_in_each_of_its_states() {
    let mut world = world();
    list(&mut world, 1);
    let job = list(&mut world, 0x0102_0304_0506_0708);
    let (client, node) = (world.client.pubkey(), world.node.pubkey());
    let queued = job_terms(&world).put(10, [1]).put(16, [1]).put(232, ESCROW.to_le_bytes());
    assert_bytes(&world, &job, queued);

    let first = address::job(&world.project, 1).0;
    world.land(&[
        instruction::delist(client, world.project, world.market, first, client),
        instruction::delist(client, world.project, world.market, job, client),
    ]);
    world.work(world.device);
    list(&mut world, 0x0102_0304_0506_0708);
    let assigned = job_terms(&world)
        .put(10, [2])
        .put(128, world.device)
        .put(232, ESCROW.to_le_bytes())
        .put(256, GENESIS.to_le_bytes());
    assert_bytes(&world, &job, assigned);

    world.network.advance(100);
    world.start(world.device, job);
    let running = job_terms(&world)
        .put(10, [3])
        .put(128, world.device)
        .put(232, ESCROW.to_le_bytes())
        .put(264, (GENESIS + 100).to_le_bytes())
        .put(272, (GENESIS + 100).to_le_bytes());
    assert_bytes(&world, &job, running);

    world.network.advance(200);
    world.land(&[instruction::finish(node, world.run_of(world.device, job), [0xee; 32])]);
    let done = |world: &World| {
        job_terms(world)
            .put(10, [4])
            .put(128, world.device)
            .put(192, [0xee; 32])
            .put(264, (GENESIS + 100).to_le_bytes())
            .put(280, (GENESIS + 300).to_le_bytes())
    };
    assert_bytes(&world, &job, done(&world).put(272, (GENESIS + 100).to_le_bytes()));

    world.edit::<Job>(job, |j| {
        j.kind = 1;
        j.attempts = 7;
        j.last_heartbeat_at = 0x0102_0304.into();
        j.noticed_at = 0x1112_1314_1516_1718.into();
    });
    let edited = done(&world)
        .put(11, [1])
        .put(12, [7])
        .put(272, [4, 3, 2, 1])
        .put(288, [0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11]);
    assert_bytes(&world, &job, edited);
}

/// Bytes of a market's header that its terms give.
fn market_terms(world: &World) -> Bytes {
    let bump = address::market(&world.authority.pubkey(), 0x0102_0304_0506_0708).1;
    Bytes::new(10_240)
        .put(0, [219, 190, 213, 55, 0, 227, 198, 154])
        .put(8, [1, bump, 13])
        .put(12, [0x0b, 0x0a])
        .put(24, [8, 7, 6, 5, 4, 3, 2, 1])
        .put(32, world.authority.pubkey())
        .put(96, world.mint)
        .put(128, [0xc3, 0xb2, 0xa1])
        .put(136, [0x34, 0x12])
        .put(156, [0x07, 0x06])
        .put(160, [0x02, 0x01])
        .put(164, [0x04, 0x03, 0x20])
        .put(168, [0x03, 0x02])
        .put(172, [0x04, 0x03])
        .put(176, [0x04, 0x02, 0x01])
        .put(180, [0x05, 0x03, 0x10])
        .put(192, [0x05, 0x04])
        .put(200, [0x06, 0x05])
        .put(208, [0x08, 0x07])
        .put(210, [0x09, 0x08])
        .put(384, 273_u32.to_le_bytes())
}

/// Adds slot `index`: its address, and who is before and behind.
fn slot(bytes: Bytes, index: u16, address: Option<Address>, previous: u16, next: u16) -> Bytes {
    let offset = 388 + 36 * usize::from(index);
    bytes
        .put(offset, address.unwrap_or_default())
        .put(offset + 32, previous.to_le_bytes())
        .put(offset + 34, next.to_le_bytes())
}

#[test]
fn a_market_is_a_header_of_384_bytes_a_count_and_slots_of_36() {
    let mut world = world();
    let mut expected = market_terms(&world).put(14, [0xff; 4]);
    for index in 0..273 {
        let next = if index == 272 { 0xffff } else { index + 1 };
        expected = slot(expected, index, None, 0xffff, next);
    }
    assert_bytes(&world, &world.market, expected);

    let jobs: Vec<Address> = (1..=3).map(|id| list(&mut world, id)).collect();
    world.edit::<Market>(world.market, |m| {
        m.pending_authority = marker(0xe1);
        m.fees_owed_atoms = 0x0102_0304_0506_0708.into();
        m.entries_paused_until = 0x1112_1314_1516_1718.into();
        m.treasury_owed_atoms = 0x2122_2324_2526_2728.into();
    });
    let mut expected = market_terms(&world)
        .put(14, [0, 0]) // head
        .put(16, [2, 0]) // tail
        .put(18, [3, 0]) // free
        .put(20, [3, 0]) // waiting
        .put(22, [1]) // kind
        .put(64, [0xe1; 32])
        .put(144, [8, 7, 6, 5, 4, 3, 2, 1])
        .put(152, [3, 0, 0, 0])
        .put(184, [0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11])
        .put(216, [0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21]);
    expected = slot(expected, 0, Some(jobs[0]), 0xffff, 1);
    expected = slot(expected, 1, Some(jobs[1]), 0, 2);
    expected = slot(expected, 2, Some(jobs[2]), 1, 0xffff);
    for index in 3..273 {
        let next = if index == 272 { 0xffff } else { index + 1 };
        expected = slot(expected, index, None, 0xffff, next);
    }
    assert_bytes(&world, &world.market, expected);
}

#[test]
fn a_market_of_devices_has_kind_2_and_grows_behind_its_last_slot() {
    let mut world = world();
    world.work(world.device);
    world.grow_market_to(274);
    let data = world.raw(&world.market).data;
    assert_eq!(data.len(), 20_480);
    assert_eq!(data[14..24], [0, 0, 0, 0, 0x11, 0x01, 1, 0, 2, 0]);
    assert_eq!(data[384..388], 558_u32.to_le_bytes());
    assert_eq!(data[388..420], *world.device.as_ref());
    let last = 388 + 36 * 557;
    assert_eq!(data[last..last + 34], [&[0; 32][..], &[0xff, 0xff]].concat());
    assert_eq!(data[last + 34..last + 36], [1, 0], "then the slots that were free before");
    assert!(data[last + 36..].iter().all(|byte| *byte == 0));
}

#[test]
fn reserved_bytes_and_padding_stay_zero_over_a_whole_life() {
    let mut world = World::new();
    let job = world.run_job(1);
    world.network.advance(60);
    world.finish(world.device, job);
    let (client, project, node) = (world.client.pubkey(), world.project, world.node.pubkey());
    world.land(&[instruction::set_member(client, project, node, u64::MAX, 1)]);
    for (address, ranges) in [
        (address::config().0, &[10..16, 48..80, 152..208][..]),
        (project, &[10..12, 92..152]),
        (address::member(&project, &node).0, &[10..12, 104..136]),
        (world.device, &[11..12, 14..16, 248..288]),
        (job, &[18..20, 300..328]),
        (world.market, &[11..12, 23..24, 64..96, 158..160, 208..384]),
    ] {
        let data = world.raw(&address).data;
        for range in ranges {
            assert!(data[range.clone()].iter().all(|byte| *byte == 0), "{address} at {range:?}");
        }
    }
}

#[test]
fn a_vault_has_no_delegate_and_no_close_authority_and_owns_itself() {
    let mut world = World::new();
    let vault = address::vault(&world.mint).0;
    let job = world.run_job(1);
    world.network.advance(60);
    world.finish(world.device, job);
    let node = world.node.pubkey();
    world.land(&[instruction::withdraw_earnings(world.device, world.mint, node)]);
    let amount = world.vault_tokens();
    // Layout: the SPL Token program's `Account`; a `COption` is a tag of 4 bytes and its value.
    let expected = Bytes::new(165)
        .put(0, world.mint)
        .put(32, vault)
        .put(64, amount.to_le_bytes())
        .put(72, [0; 36]) // delegate: none
        .put(108, [1]) // state: initialized
        .put(109, [0; 12]) // is native: no
        .put(121, [0; 8]) // delegated amount
        .put(129, [0; 36]); // close authority: none
    assert_bytes(&world, &vault, expected);
    assert_eq!(world.raw(&vault).owner, grid_client::token::PROGRAM_ID);
}
