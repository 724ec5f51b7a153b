//! `docs/accounts.md` against the programs: each table's offsets, sizes and types, the discriminators, the addresses; and its
//! example against accounts that the shipped binary wrote, read as the page tells to read them.

use anchor_lang::Discriminator;
use grid_client::{address, instruction, nodes, pools, rewards, staking};
use grid_tests::{World, keypair_for};
use serde_json::Value;
use solana_address::Address;
use solana_signer::Signer;
use std::{collections::BTreeMap, mem::offset_of, path::PathBuf};

/// A file of the repository.
fn repository(path: &str) -> String {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn page() -> String {
    repository("docs/accounts.md")
}

/// The lines below a heading, up to the next one.
fn section<'a>(page: &'a str, heading: &str) -> Vec<&'a str> {
    let lines = page.lines().skip_while(|line| *line != heading).skip(1);
    let lines: Vec<&str> = lines.take_while(|line| !line.starts_with('#')).collect();
    assert!(!lines.is_empty(), "the page has no section {heading}");
    lines
}

/// The cells of the tables among some lines, without the lines that head them.
fn rows<'a>(lines: &[&'a str]) -> Vec<Vec<&'a str>> {
    let rows = lines.iter().filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'));
    let cells = rows.map(|row| row.split('|').map(|cell| cell.trim().trim_matches('`')).collect());
    cells.filter(|row: &Vec<&str>| !row[0].starts_with("---") && !row[0].starts_with("offset")).collect()
}

fn number(text: &str) -> usize {
    text.replace(',', "").parse().unwrap_or_else(|_| panic!("{text} is no number"))
}

/// One row of an account's table.
#[derive(Debug, PartialEq, Eq)]
struct Field {
    name: String,
    offset: usize,
    size: usize,
}

/// The table of an account, as the page has it; the type's name beside each field.
fn documented(page: &str, account: &str) -> Vec<(Field, String)> {
    let rows = rows(&section(page, &format!("### {account}")));
    let field = |row: &Vec<&str>| Field {
        name: row[3].to_owned(),
        offset: number(row[0]),
        size: number(row[1].split(' ').next().expect("a size")),
    };
    rows.iter().map(|row| (field(row), row[2].to_owned())).collect()
}

fn size_of_field<T, F>(_: impl for<'a> Fn(&'a T) -> &'a F) -> usize {
    size_of::<F>()
}

/// What is checked of each type of account.
struct Layout {
    program: &'static str,
    account: &'static str,
    discriminator: &'static [u8],
    space: usize,
    fields: Vec<Field>,
}

/// The layouts of types, from the types.
macro_rules! layouts {
    ($($program:literal $krate:ident::$account:ident { $($($field:ident).+),* $(,)? })*) => {
        vec![$(Layout {
            program: $program,
            account: stringify!($account),
            discriminator: $krate::$account::DISCRIMINATOR,
            space: 8 + size_of::<$krate::$account>(),
            fields: vec![$(Field {
                name: stringify!($($field).+).replace(' ', ""),
                offset: 8 + offset_of!($krate::$account, $($field).+),
                size: size_of_field(|account: &$krate::$account| &account.$($field).+),
            }),*],
        }),*]
    };
}

fn layouts() -> Vec<Layout> {
    layouts! {
        "jobs" grid_jobs::Config {
            version, bump, padding, admin, pending_admin, pauser, treasury, deposits_paused_until, stake_mint, reserved,
        }
        "jobs" grid_jobs::Market {
            version, bump, max_attempts, padding, fee_bps, queue.head, queue.tail, queue.free, queue.waiting, queue.kind,
            queue.padding, id, authority, pending_authority, mint, price_per_second_atoms, bond_atoms, fees_owed_atoms,
            active_jobs, max_strikes, padding2, min_timeout_seconds, max_timeout_seconds, start_window_seconds,
            heartbeat_limit_seconds, finish_grace_seconds, retention_seconds, entries_paused_until,
            penalties.expiry_reward_atoms, penalties.compensation_atoms, stakers_bps, burn_bps, padding3,
            treasury_owed_atoms, admission.is_asked, admission.access, admission.benchmark_class, admission.padding,
            admission.min_score, admission.min_stake_weight, admission.stake_mint, admission.collection, reserved,
        }
        "jobs" grid_jobs::Project {
            version, bump, padding, open_jobs, owner, mint, balance, members, reserved,
        }
        "jobs" grid_jobs::Member {
            version, bump, padding, period_seconds, project, key, limit_atoms, spent_atoms, period_started_at, reserved,
        }
        "jobs" grid_jobs::Job {
            version, bump, state, kind, attempts, max_attempts, fee_bps, slot, padding, timeout_seconds, id, project,
            market, rent_payer, device, definition, result, price_per_second_atoms, escrow_atoms, start_window_seconds,
            heartbeat_limit_seconds, finish_grace_seconds, retention_seconds, matched_at, started_at,
            last_heartbeat_at, ended_at, noticed_at, max_timeout_seconds, reserved,
        }
        "jobs" grid_jobs::Device {
            version, bump, state, is_gated, slot, padding2, index, strikes, market, node, payee, mint, job,
            min_price_per_second_atoms, bond_atoms, earnings_atoms, matched_at, jobs_finished,
            penalties.expiry_reward_atoms, penalties.compensation_atoms, noticed_at, access_metadata, access, reserved,
        }
        "jobs" grid_jobs::Admission {
            version, bump, padding, devices, market, mint, metadata, node, payer, reserved,
        }
        "nodes" grid_nodes::Node {
            version, bump, country, gpu_count, cpu_cores, hardware_slot, node, registered_at, updated_at, vram_mib,
            ram_mib, disk_gib, compute_major, compute_minor, cuda, driver, software, padding, gpu_model, cpu_model,
            endpoint, reserved,
        }
        "nodes" grid_nodes::Collection {
            version, bump, is_ours, padding, mint, authority, pending_authority, attestor, pending_attestor, reserved,
        }
        "nodes" grid_nodes::Attestation {
            version, bump, class, padding, score, hardware_slot, attested_at, expires_at, collection, node, attestor,
            payer, result, reserved,
        }
        "nodes" grid_nodes::Access {
            version, bump, padding, issued_at, mint, collection, node, payer, reserved,
        }
        "staking" grid_staking::Settings {
            version, bump, vault_bump, decimals, slash_cap_bps, padding2, slash_epoch_seconds, mint, vault, authority,
            pending_authority, slasher, pending_slasher, slash_destination, reserved,
        }
        "staking" grid_staking::Stake {
            version, bump, vault_bump, decimals, decreases, opened_slot, weight, low_weight, owner, mint, vault, id,
            total_atoms, withdrawn_atoms, duration_seconds, padding2, unstaked_at, slash_epoch_started_at,
            slash_allowance_atoms, reserved,
        }
        "rewards" grid_rewards::Pool {
            version, bump, vault_bump, padding, stake_mint, reward_mint, vault, index, total_weight, waiting_atoms,
            shared_atoms, earned_atoms, reserved,
        }
        "rewards" grid_rewards::Position {
            version, bump, padding, decreases, opened_slot, pool, stake, owner, index, active_weight, pending_weight,
            pending_since, earned_atoms, reserved,
        }
        "pools" grid_pools::Emission {
            version, bump, vault_bump, is_closeable, pays_rewards, padding, id, authority, mint, vault, beneficiary,
            beneficiary_authority, rate_per_second_atoms, starts_at, ends_at, balance_atoms, paid_atoms, reserved,
        }
    }
}

#[test]
fn every_offset_and_size_is_the_types() {
    let page = page();
    for layout in layouts() {
        let mut fields: Vec<Field> =
            documented(&page, layout.account).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields.remove(0), Field { name: "discriminator".to_owned(), offset: 0, size: 8 });
        if layout.account == "Market" {
            let slots = fields.pop().expect("the slots");
            let count = fields.pop().expect("the count");
            assert_eq!((count.offset, count.size), (grid_jobs::Market::SLOT_COUNT_OFFSET, 4));
            assert_eq!(
                (slots.offset, slots.size),
                (grid_jobs::Market::SLOTS_OFFSET, size_of::<grid_jobs::QueueSlot>())
            );
        }
        assert_eq!(fields, layout.fields, "{}", layout.account);
        // Nothing was forgotten on both sides: one field begins where the other ends.
        let end = fields.iter().fold(8, |at, field| {
            assert_eq!(field.offset, at, "{}.{}", layout.account, field.name);
            at + field.size
        });
        assert_eq!(end, layout.space, "{}", layout.account);
    }
}

#[test]
fn a_slot_is_as_the_page_says() {
    let page = page();
    let rows = rows(&section(&page, "### The queue behind a market"));
    let found: Vec<(&str, usize, usize)> =
        rows.iter().map(|row| (row[3], number(row[0]), number(row[1]))).collect();
    let expected = [
        ("address", offset_of!(grid_jobs::QueueSlot, address), 32),
        ("previous", offset_of!(grid_jobs::QueueSlot, previous), 2),
        ("next", offset_of!(grid_jobs::QueueSlot, next), 2),
    ];
    assert_eq!(found, expected);
}

#[test]
fn the_numbers_of_states_are_the_programs() {
    use grid_jobs::{AccessRule, DeviceState, JobKind, JobState, QueueKind};
    let page = page();
    let says = |account: &str, field: &str, text: String| {
        let rows = rows(&section(&page, &format!("### {account}")));
        let row = rows.iter().find(|row| row[3] == field).expect("the field");
        assert!(row[4].starts_with(&text), "{account}.{field}: `{}` should begin with `{text}`", row[4]);
    };
    let job = [JobState::Queued, JobState::Assigned, JobState::Running, JobState::Done, JobState::Stopped];
    let [queued, assigned, running, done, stopped] = job.map(|state| state as u8);
    let text =
        format!("{queued} queued, {assigned} assigned, {running} running, {done} done, {stopped} stopped.");
    says("Job", "state", text);
    says("Job", "kind", format!("{} batch, {} service.", JobKind::Batch as u8, JobKind::Service as u8));
    let device = [DeviceState::Idle, DeviceState::Queued, DeviceState::Assigned, DeviceState::Running];
    let [idle, queued, assigned, running] = device.map(|state| state as u8);
    says("Device", "state", format!("{idle} idle, {queued} queued, {assigned} assigned, {running} running."));
    let [jobs, devices] = [QueueKind::Jobs, QueueKind::Devices].map(|kind| kind as u8);
    says("Market", "queue.kind", format!("{jobs} jobs wait, {devices} devices wait."));
    let [none, issued, holder] =
        [AccessRule::NotAsked, AccessRule::Issued, AccessRule::Holder].map(|rule| rule as u8);
    says("Market", "admission.access", format!("{none} `NotAsked`, {issued} `Issued`, {holder} `Holder`"));
}

/// A type of the IDL as the page writes it.
fn type_name(of: &Value) -> String {
    match of {
        Value::String(name) if name == "pubkey" => "address".to_owned(),
        Value::String(name) => name.clone(),
        _ => format!("{}[{}]", type_name(&of["array"][0]), of["array"][1]),
    }
}

/// The fields of a type of an IDL, those of its parts written with a point.
fn idl_fields(idl: &Value, name: &str, prefix: &str, into: &mut Vec<(String, String)>) {
    let types = idl["types"].as_array().expect("types");
    let of_name = types.iter().find(|found| found["name"] == name).expect("the type");
    for field in of_name["type"]["fields"].as_array().expect("fields") {
        let path = format!("{prefix}{}", field["name"].as_str().expect("a name"));
        match field["type"]["defined"]["name"].as_str() {
            Some(part) => idl_fields(idl, part, &format!("{path}."), into),
            None => into.push((path, type_name(&field["type"]))),
        }
    }
}

#[test]
fn every_type_and_discriminator_is_the_idls() {
    let page = page();
    let overview = rows(&section(&page, "## All accounts"));
    for layout in layouts() {
        let idl: Value =
            serde_json::from_str(&repository(&format!("idl/grid_{}.json", layout.program))).unwrap();
        let mut expected = vec![("discriminator".to_owned(), "u8[8]".to_owned())];
        idl_fields(&idl, layout.account, "", &mut expected);
        let documented = documented(&page, layout.account);
        let mut found: Vec<(String, String)> =
            documented.iter().map(|(field, kind)| (field.name.clone(), kind.clone())).collect();
        if layout.account == "Market" {
            assert_eq!(found.split_off(found.len() - 2)[0].1, "u32", "the slots' count");
        }
        assert_eq!(found, expected, "{}", layout.account);

        let link = format!("[{}](#{})", layout.account, layout.account.to_lowercase());
        let row = overview.iter().find(|row| row[0] == layout.program && row[1] == link);
        let row = row.unwrap_or_else(|| panic!("the overview lacks {link} of {}", layout.program));
        let bytes: Vec<String> = layout.discriminator.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(row[3], bytes.join(" "), "{}", layout.account);
        match layout.account {
            "Market" => assert_eq!(row[2], "10,240 + 10,240 × n"),
            _ => assert_eq!(number(row[2]), layout.space, "{}", layout.account),
        }
    }
    let accounts = overview.iter().filter(|row| row.len() == 5 && row[3].len() == 23).count();
    assert_eq!(accounts, layouts().len(), "an account of the overview is not checked");
}

/// The rule about alignment: an aligning decoder finds all fields but one.
#[test]
fn fields_lie_on_multiples_of_their_size_but_for_one() {
    let page = page();
    let mut astray = Vec::new();
    for layout in layouts() {
        for (field, kind) in documented(&page, layout.account) {
            let align = match kind.trim_end_matches(|c: char| c != '[').trim_end_matches('[') {
                "" if kind == "address" => 1,
                array @ ("u8" | "u16") => array[1..].parse::<usize>().unwrap() / 8,
                _ => kind.trim_start_matches(['u', 'i']).parse::<usize>().unwrap_or(8) / 8,
            };
            if (field.offset - 8.min(field.offset)) % align != 0 {
                astray.push(format!("{}.{}", layout.account, field.name));
            }
        }
    }
    assert_eq!(astray, ["Pool.index"]);
}

/// The address that a cell of seeds gives.
fn derive(cell: &str, program: &Address, values: &BTreeMap<&str, Vec<u8>>) -> Address {
    let inner = cell.strip_prefix('[').and_then(|cell| cell.strip_suffix(']')).expect("a list of seeds");
    let seeds: Vec<Vec<u8>> = inner
        .split(", ")
        .map(|seed| match seed.strip_prefix('"') {
            Some(text) => text.trim_end_matches('"').as_bytes().to_vec(),
            None => {
                let value = values.get(seed).unwrap_or_else(|| panic!("what is {seed} in {cell}?"));
                value.clone()
            }
        })
        .collect();
    let seeds: Vec<&[u8]> = seeds.iter().map(Vec::as_slice).collect();
    Address::find_program_address(&seeds, program).0
}

#[test]
fn seeds_give_the_clients_addresses() {
    let page = page();
    // No two seeds have the same value, so that none can stand in another's place.
    let at = |name: &str| keypair_for(name).pubkey();
    let mut values: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    for name in [
        "authority",
        "collection",
        "emission",
        "key",
        "market",
        "mint",
        "node",
        "owner",
        "pool",
        "program",
        "project",
        "reward_mint",
        "stake",
        "stake_mint",
        "wallet",
    ] {
        values.insert(name, at(name).as_ref().to_vec());
    }
    values.insert("TOKEN_METADATA", grid_token_metadata::ID.as_ref().to_vec());
    values.insert("token program", grid_client::token::PROGRAM_ID.as_ref().to_vec());
    values.insert("id u64", 7_u64.to_le_bytes().to_vec());
    values.insert("index u64", 7_u64.to_le_bytes().to_vec());
    values.insert("index u32", 7_u32.to_le_bytes().to_vec());
    values.insert("class u16", 7_u16.to_le_bytes().to_vec());
    let mint = at("mint");
    let (jobs, in_nodes) = (grid_jobs::ID, grid_nodes::ID);
    let (stakes, in_rewards, in_pools) = (grid_staking::ID, grid_rewards::ID, grid_pools::ID);
    let loader = solana_sdk_ids::bpf_loader_upgradeable::ID;
    let expected = [
        ("[Config](#config)", jobs, address::config().0),
        ("[Market](#market)", jobs, address::market(&at("authority"), 7).0),
        ("[Project](#project)", jobs, address::project(&mint, &at("owner")).0),
        ("[Member](#member)", jobs, address::member(&at("project"), &at("key")).0),
        ("[Job](#job)", jobs, address::job(&at("project"), 7).0),
        ("[Device](#device)", jobs, address::device(&at("market"), &at("node"), 7).0),
        ("[Admission](#admission)", jobs, address::admission(&at("market"), &mint).0),
        ("[Node](#node)", in_nodes, nodes::node_address(&at("node")).0),
        ("[Collection](#collection)", in_nodes, nodes::collection_address(&mint).0),
        (
            "[Attestation](#attestation)",
            in_nodes,
            nodes::attestation_address(&at("collection"), &at("node"), 7).0,
        ),
        ("[Access](#access)", in_nodes, nodes::access_address(&mint).0),
        ("[Settings](#settings)", stakes, staking::settings_address(&mint).0),
        ("[Stake](#stake)", stakes, staking::stake_address(&mint, &at("owner"), 7).0),
        ("[Pool](#pool)", in_rewards, rewards::pool_address(&at("stake_mint"), &at("reward_mint")).0),
        ("[Position](#position)", in_rewards, rewards::position_address(&at("pool"), &at("stake")).0),
        ("[Emission](#emission)", in_pools, pools::emission_address(&at("authority"), 7).0),
        ("vault of a mint", jobs, address::vault(&mint).0),
        ("vault of a mint's stakes", stakes, staking::vault_address(&mint).0),
        ("vault of a reward pool", in_rewards, rewards::vault_address(&at("pool")).0),
        ("vault of an emission", in_pools, pools::vault_address(&at("emission")).0),
        ("mint of a collection made here", in_nodes, nodes::collection_mint_address(&at("authority"), 7).0),
        ("mint of an access NFT", in_nodes, nodes::access_mint_address(&at("collection"), 7).0),
        ("metadata of an NFT", grid_token_metadata::ID, nodes::metadata_address(&mint)),
        ("master edition of an NFT", grid_token_metadata::ID, nodes::edition_address(&mint)),
        (
            "associated token account",
            grid_client::token::ASSOCIATED_PROGRAM_ID,
            address::token_account(
                &at("wallet"),
                grid_client::token::Mint { address: mint, program: grid_client::token::PROGRAM_ID },
            ),
        ),
        ("program data, which names the upgrade authority", loader, address::program_data_of(&at("program"))),
    ];
    let overview = rows(&section(&page, "## All accounts"));
    let seeds = |name: &str| {
        let row = overview.iter().find(|row| row[0] == name || row[1] == name);
        let row = row.unwrap_or_else(|| panic!("the page has no row {name}"));
        *row.iter().find(|cell| cell.starts_with('[') && !cell.contains("](")).expect("seeds")
    };
    for (name, program, address) in &expected {
        assert_eq!(derive(seeds(name), program, &values), *address, "{name}");
    }
    let described =
        overview.iter().filter(|row| row.iter().any(|cell| cell.starts_with('[') && !cell.contains("](")));
    assert_eq!(described.count(), expected.len(), "seeds on the page that are not checked");
}

/// The world of the page's example, and its jobs 1 to 5.
fn example() -> (World, Vec<Address>) {
    let mut world = World::new();
    let mut jobs: Vec<Address> = (1..=4).map(|id| world.list(id)).collect();
    let client = world.client.pubkey();
    world.land(&[instruction::delist(client, world.project, world.market, jobs[1], client)]);
    jobs.push(world.list(5));
    world.work(world.device);
    (world, jobs)
}

/// Bytes as the page shows them: 32 a line, behind the offset of the first.
fn dump(bytes: &[u8]) -> String {
    let line = |(index, chunk): (usize, &[u8])| {
        let hex: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{:04}  {}", index * 32, hex.join(" "))
    };
    bytes.chunks(32).enumerate().map(line).collect::<Vec<_>>().join("\n")
}

/// The blocks of bytes of the page's example.
fn blocks(page: &str) -> Vec<String> {
    let example = page.split_once("\n## An example\n").expect("the example").1;
    let blocks = example.split("```hex\n").skip(1);
    blocks.map(|block| block.split("\n```").next().expect("an end").to_owned()).collect()
}

fn bytes_of(block: &str) -> Vec<u8> {
    let pairs = block.lines().flat_map(|line| line.split_whitespace().skip(1));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("hex")).collect()
}

#[test]
fn the_example_is_what_the_binary_writes() {
    let (world, jobs) = example();
    let page = page();
    let named: BTreeMap<&str, &str> =
        rows(&section(&page, "## An example")).iter().map(|row| (row[0], row[1])).collect();
    let mut expected = vec![
        ("market", world.market),
        ("mint", world.mint),
        ("project", world.project),
        ("device", world.device),
    ];
    let names = ["job 1", "job 2, closed", "job 3", "job 4", "job 5"];
    expected.extend(names.into_iter().zip(jobs.iter().copied()));
    let market = world.raw(&world.market).data;
    let table: Vec<String> =
        expected.iter().map(|(name, address)| format!("| {name} | `{address}` |")).collect();
    let dumps = [dump(&market[..568]), dump(&world.raw(&jobs[0]).data), dump(&world.raw(&world.device).data)];
    let is_right = expected
        .iter()
        .all(|(name, address)| named.get(name).is_some_and(|found| *found == address.to_string()))
        && blocks(&page) == dumps;
    assert!(is_right, "the page's example should be\n{}\n\n{}\n", table.join("\n"), dumps.join("\n\n"));
    // What the page says of the rest.
    for slot in 5..273_u16 {
        let at = 388 + 36 * usize::from(slot);
        let next = if slot == 272 { 65_535 } else { slot + 1 };
        let free = [&[0; 32][..], &65_535_u16.to_le_bytes(), &next.to_le_bytes()].concat();
        assert_eq!(market[at..at + 36], free, "slot {slot}");
    }
    assert_eq!((market.len(), &market[10_216..]), (10_240, &[0; 24][..]));
}

/// Reads the example with nothing but the page's own tables and steps.
#[test]
fn the_example_reads_as_the_page_says() {
    let page = page();
    let blocks: Vec<Vec<u8>> = blocks(&page).iter().map(|block| bytes_of(block)).collect();
    let [market, job, device] = &blocks[..] else { panic!("three blocks") };
    let read = |bytes: &[u8], account: &str, name: &str| -> Vec<u8> {
        let fields = documented(&page, account);
        let (field, _) = fields.iter().find(|(field, _)| field.name == name).expect("the field");
        bytes[field.offset..field.offset + field.size].to_vec()
    };
    let word =
        |bytes: Vec<u8>| -> u64 { bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)) };
    let slot = |index: u64| -> (Address, u64, u64) {
        let at = 388 + 36 * index as usize;
        let address = Address::new_from_array(market[at..at + 32].try_into().unwrap());
        (address, word(market[at + 32..at + 34].to_vec()), word(market[at + 34..at + 36].to_vec()))
    };
    let named: BTreeMap<&str, &str> =
        rows(&section(&page, "## An example")).iter().map(|row| (row[0], row[1])).collect();
    assert_eq!(word(read(market, "Market", "queue.kind")), 1);
    assert_eq!(word(read(market, "Market", "slot_count")), 273);

    let (mut waiting, mut before) = (Vec::new(), 65_535);
    let mut at = word(read(market, "Market", "queue.head"));
    while at != 65_535 {
        let (address, previous, next) = slot(at);
        assert_eq!(previous, before);
        waiting.push(address.to_string());
        (before, at) = (at, next);
    }
    assert_eq!(before, word(read(market, "Market", "queue.tail")));
    assert_eq!(waiting.len() as u64, word(read(market, "Market", "queue.waiting")));
    assert_eq!(waiting, ["job 3", "job 4", "job 5"].map(|name| named[name]));

    // Job 1 reads queued, and its slot does not hold it: the device, whose account names it, took it.
    assert_eq!(word(read(job, "Job", "state")), 1);
    let (address, _, _) = slot(word(read(job, "Job", "slot")));
    assert_ne!(address.to_string(), named["job 1"]);
    assert_eq!(word(read(device, "Device", "state")), 3);
    let taken = Address::new_from_array(read(device, "Device", "job").try_into().unwrap());
    assert_eq!(taken.to_string(), named["job 1"]);
}
