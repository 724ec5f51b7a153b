//! What several files need.

use grid_client::{
    account,
    address::token_account,
    nodes::{self, edition_address, metadata_address},
    token,
};
use grid_nodes::{Collection, Hardware, Measured, NodesError, Software};
use grid_tests::{
    Nodes, World, keypair_for,
    metaplex::{self, Make, PLAIN},
    nodes::{CLASS, SCORE, hardware, software},
};
use litesvm::types::TransactionMetadata;
use solana_account::Account;
use solana_address::Address;
use solana_clock::Clock;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use solana_transaction_error::TransactionError;

/// Error for an account of ours, to be written, that does not exist.
pub const MISSING: InstructionError = InstructionError::AccountDataTooSmall;
/// Error for an account of ours, to be read, that does not exist.
pub const UNREAD: InstructionError = InstructionError::UninitializedAccount;
/// Error for an account of ours that another program owns.
pub const FOREIGN: InstructionError = InstructionError::IllegalOwner;
/// Anchor's ConstraintDuplicateMutableAccount.
pub const TWICE: InstructionError = InstructionError::Custom(2040);
/// A day, seconds.
pub const DAY: i64 = 86_400;
/// SHA-256 of the results that [`measured`] tells.
pub const RESULT: [u8; 32] = [5; 32];

/// The number of an error of the program.
pub fn ours(error: NodesError) -> InstructionError {
    InstructionError::Custom(6_000 + error as u32)
}

/// The slot that the clock says.
pub fn slot(n: &Nodes) -> u64 {
    n.world.network.svm.get_sysvar::<Clock>().slot
}

/// Goes to the next slot.
pub fn next_slot(n: &mut Nodes) {
    let mut clock = n.world.network.svm.get_sysvar::<Clock>();
    clock.slot += 1;
    n.world.network.svm.set_sysvar(&clock);
}

/// The keys of authority, client, node and stranger.
pub fn keys(n: &Nodes) -> [Address; 4] {
    let world = &n.world;
    [&world.authority, &world.client, &world.node, &world.stranger].map(|actor| actor.pubkey())
}

/// A machine without GPUs.
pub fn cpu_hardware() -> Hardware {
    let none = Hardware { gpu_count: 0, vram_mib: 0, compute_major: 0, compute_minor: 0, ..hardware() };
    Hardware { gpu_model: String::new(), ..none }
}

/// What it runs.
pub fn cpu_software() -> Software {
    Software { driver: [0; 3], cuda: [0; 2], ..software() }
}

/// Machines at the bounds of their values, with what they run.
pub fn at_the_bounds() -> Vec<(Hardware, Software)> {
    let text = |length| "x".repeat(length);
    let gpu = [
        Hardware { gpu_count: 1, ..hardware() },
        Hardware { gpu_count: 63, ..hardware() },
        Hardware { gpu_count: 64, ..hardware() },
        Hardware { vram_mib: 1, ..hardware() },
        Hardware { vram_mib: 4_194_303, ..hardware() },
        Hardware { vram_mib: 4_194_304, ..hardware() },
        Hardware { compute_major: 1, compute_minor: 0, ..hardware() },
        Hardware { compute_major: 98, compute_minor: 8, ..hardware() },
        Hardware { compute_major: 99, compute_minor: 9, ..hardware() },
        Hardware { gpu_model: text(1), ..hardware() },
        Hardware { gpu_model: text(47), ..hardware() },
        Hardware { gpu_model: text(48), ..hardware() },
        Hardware { gpu_model: "!~ ~!".to_owned(), ..hardware() },
        Hardware { cpu_model: text(1), ..hardware() },
        Hardware { cpu_model: text(47), ..hardware() },
        Hardware { cpu_model: text(48), ..hardware() },
        Hardware { cpu_cores: 1, ..hardware() },
        Hardware { cpu_cores: 4_095, ..hardware() },
        Hardware { cpu_cores: 4_096, ..hardware() },
        Hardware { ram_mib: 1, ..hardware() },
        Hardware { ram_mib: 67_108_863, ..hardware() },
        Hardware { ram_mib: 67_108_864, ..hardware() },
        Hardware { disk_gib: 1, ..hardware() },
        Hardware { disk_gib: 1_048_575, ..hardware() },
        Hardware { disk_gib: 1_048_576, ..hardware() },
    ];
    let endpoint = |endpoint: &str| Software { endpoint: endpoint.to_owned(), ..software() };
    let programs = [
        Software { driver: [0, 0, 1], cuda: [0, 1], version: [0, 0, 1], ..software() },
        Software { driver: [u16::MAX; 3], cuda: [u16::MAX; 2], version: [u16::MAX; 3], ..software() },
        Software { country: 4, ..software() },
        Software { country: 894, ..software() },
        endpoint(""),
        endpoint("http://a"),
        endpoint("https://a"),
        endpoint(&format!("http://{}", text(120))),
        endpoint(&format!("http://{}", text(121))),
        endpoint(&format!("https://{}", text(120))),
    ];
    let machines = gpu.into_iter().map(|hardware| (hardware, software()));
    let programs = programs.into_iter().map(|software| (hardware(), software));
    machines.chain(programs).chain([(cpu_hardware(), cpu_software())]).collect()
}

/// Machines of which one value is wrong, with what they run and the error that names the value.
pub fn beyond_the_bounds() -> Vec<(Hardware, Software, NodesError)> {
    use NodesError as E;
    let text = |text: &str| text.to_owned();
    let long = "x".repeat(49);
    let gpu = [
        (Hardware { gpu_count: 65, ..hardware() }, E::GpuCountOutOfRange),
        (Hardware { gpu_count: u16::MAX, ..hardware() }, E::GpuCountOutOfRange),
        (Hardware { vram_mib: 0, ..hardware() }, E::VramOutOfRange),
        (Hardware { vram_mib: 4_194_305, ..hardware() }, E::VramOutOfRange),
        (Hardware { vram_mib: u32::MAX, ..hardware() }, E::VramOutOfRange),
        (Hardware { compute_major: 0, ..hardware() }, E::ComputeCapabilityOutOfRange),
        (Hardware { compute_major: 100, ..hardware() }, E::ComputeCapabilityOutOfRange),
        (Hardware { compute_minor: 10, ..hardware() }, E::ComputeCapabilityOutOfRange),
        (Hardware { gpu_model: text(""), ..hardware() }, E::GpuModelInvalid),
        (Hardware { gpu_model: long.clone(), ..hardware() }, E::GpuModelInvalid),
        (Hardware { gpu_model: text(" RTX"), ..hardware() }, E::GpuModelInvalid),
        (Hardware { gpu_model: text("RTX "), ..hardware() }, E::GpuModelInvalid),
        (Hardware { gpu_model: text("RTX\u{1f}"), ..hardware() }, E::GpuModelInvalid),
        (Hardware { gpu_model: text("RTX\u{7f}"), ..hardware() }, E::GpuModelInvalid),
        (Hardware { gpu_model: text("RTX\0"), ..hardware() }, E::GpuModelInvalid),
        (Hardware { gpu_model: text("RTX™"), ..hardware() }, E::GpuModelInvalid),
        (Hardware { cpu_model: text(""), ..hardware() }, E::CpuModelInvalid),
        (Hardware { cpu_model: long, ..hardware() }, E::CpuModelInvalid),
        (Hardware { cpu_model: text(" EPYC"), ..hardware() }, E::CpuModelInvalid),
        (Hardware { cpu_model: text("EPYC\n"), ..hardware() }, E::CpuModelInvalid),
        (Hardware { cpu_cores: 0, ..hardware() }, E::CpuCoresOutOfRange),
        (Hardware { cpu_cores: 4_097, ..hardware() }, E::CpuCoresOutOfRange),
        (Hardware { ram_mib: 0, ..hardware() }, E::RamOutOfRange),
        (Hardware { ram_mib: 67_108_865, ..hardware() }, E::RamOutOfRange),
        (Hardware { disk_gib: 0, ..hardware() }, E::DiskOutOfRange),
        (Hardware { disk_gib: 1_048_577, ..hardware() }, E::DiskOutOfRange),
    ];
    let cpu = [
        (Hardware { gpu_model: text("none"), ..cpu_hardware() }, E::GpuModelInvalid),
        (Hardware { vram_mib: 1, ..cpu_hardware() }, E::VramOutOfRange),
        (Hardware { compute_major: 1, ..cpu_hardware() }, E::ComputeCapabilityOutOfRange),
        (Hardware { compute_minor: 1, ..cpu_hardware() }, E::ComputeCapabilityOutOfRange),
    ];
    let endpoint =
        |endpoint: &str| (Software { endpoint: endpoint.to_owned(), ..software() }, E::EndpointInvalid);
    let programs = [
        (Software { driver: [0; 3], ..software() }, E::DriverVersionInvalid),
        (Software { cuda: [0; 2], ..software() }, E::CudaVersionInvalid),
        (Software { version: [0; 3], ..software() }, E::SoftwareVersionInvalid),
        (Software { country: 0, ..software() }, E::CountryUnknown),
        (Software { country: 275 + 2, ..software() }, E::CountryUnknown),
        (Software { country: 895, ..software() }, E::CountryUnknown),
        endpoint("node.example"),
        endpoint("ftp://node.example"),
        endpoint("HTTPS://node.example"),
        endpoint("http:/"),
        endpoint("http://"),
        endpoint("https://"),
        endpoint("https:///path"),
        endpoint("https://node .example"),
        endpoint("https://node.example "),
        endpoint(" https://node.example"),
        endpoint("https://nöde.example"),
        endpoint("https://node.example\n"),
        endpoint(&format!("http://{}", "x".repeat(122))),
        endpoint(&format!("https://{}", "x".repeat(121))),
    ];
    let cpu_programs = [
        (Software { driver: [0, 0, 1], ..cpu_software() }, E::DriverVersionInvalid),
        (Software { cuda: [0, 1], ..cpu_software() }, E::CudaVersionInvalid),
    ];
    let machines = gpu.into_iter().map(|(hardware, error)| (hardware, software(), error));
    machines
        .chain(cpu.into_iter().map(|(hardware, error)| (hardware, cpu_software(), error)))
        .chain(programs.into_iter().map(|(software, error)| (hardware(), software, error)))
        .chain(cpu_programs.into_iter().map(|(software, error)| (cpu_hardware(), software, error)))
        .collect()
}

/// A text as it is stored: filled up with zeros.
pub fn field<const N: usize>(text: &str) -> [u8; N] {
    let mut field = [0; N];
    field[..text.len()].copy_from_slice(text.as_bytes());
    field
}

/// What a benchmark of the hardware that the node has now measured, for 30 days.
pub fn measured(n: &Nodes) -> Measured {
    Measured {
        class: CLASS,
        score: SCORE,
        result: RESULT,
        expires_at: n.world.network.time() + 30 * DAY,
        hardware_slot: n.node(&n.world.node.pubkey()).hardware_slot.get(),
    }
}

/// The authority attests the node.
pub fn attest(n: &Nodes, measured: &Measured) -> Instruction {
    nodes::attest(n.world.authority.pubkey(), &n.collection, &n.world.node.pubkey(), measured)
}

/// The collection's record.
pub fn record(n: &Nodes) -> Address {
    nodes::collection_address(&n.collection).0
}

/// Makes another collection of the world's authority; its mint.
#[track_caller]
pub fn other_collection(n: &mut Nodes) -> Address {
    let authority = n.world.authority.pubkey();
    n.world.land(&[nodes::create_collection(authority, 1, grid_tests::nodes::label("Other"))]);
    nodes::collection_mint_address(&authority, 1).0
}

/// Makes a sized collection outside Grid, of which an actor is the update authority; its mint.
pub fn outside_collection(n: &mut Nodes, authority: &Address, name: &str) -> Address {
    let actor = actor(&n.world, authority).insecure_clone();
    let how = Make { is_sized_collection: true, ..PLAIN };
    metaplex::make(&mut n.world.network, &actor, name, authority, how)
}

/// The key pair of an actor.
#[track_caller]
pub fn actor<'a>(world: &'a World, key: &Address) -> &'a solana_keypair::Keypair {
    let actors = [&world.authority, &world.client, &world.node, &world.stranger];
    actors.into_iter().find(|actor| actor.pubkey() == *key).expect("an actor")
}

/// Hands a role of the world's collection from the authority to `to`.
#[track_caller]
pub fn hand_over(n: &mut Nodes, role: grid_nodes::CollectionRole, to: Address) {
    let (authority, mint) = (n.collection().authority, n.collection);
    n.world.land(&[
        nodes::propose_collection_role(authority, &mint, role, to),
        nodes::accept_collection_role(to, &mint, role),
    ]);
}

/// The record of a collection.
#[track_caller]
pub fn collection_of(n: &Nodes, mint: &Address) -> Collection {
    let address = nodes::collection_address(mint).0;
    account::decode(&address, &n.world.raw(&address)).expect("the record of a collection")
}

/// Asserts that there is one token of a mint for ever, and that `holder` has it.
#[track_caller]
pub fn assert_is_nft_of(n: &Nodes, mint: &Address, holder: &Address) {
    let account = n.world.raw(mint);
    let (edition, some) = (edition_address(mint), [1, 0, 0, 0]);
    // Mint authority, supply, decimals, initialised, freeze authority.
    let bytes =
        [&some[..], edition.as_ref(), &1_u64.to_le_bytes(), &[0, 1], &some, edition.as_ref()].concat();
    assert_eq!((account.owner, account.data), (token::PROGRAM_ID, bytes));
    let account = n.world.raw(&token_account(holder, mint));
    // Mint, owner, amount, no delegate, initialised; not native, nothing delegated, no close authority.
    let bytes = [mint.as_ref(), holder.as_ref(), &1_u64.to_le_bytes(), &[0; 36], &[1], &[0; 56]].concat();
    assert_eq!((account.owner, account.data), (token::PROGRAM_ID, bytes));
    let edition = metaplex::master_edition(&n.world.network, mint);
    assert_eq!((edition.supply, edition.max_supply), (0, Some(0)), "prints, and how many there may be");
}

/// The collection that the metadata of a mint names, and whether it is verified.
#[track_caller]
pub fn membership(n: &Nodes, mint: &Address) -> Option<(Address, bool)> {
    let collection = metaplex::metadata(&n.world.network, mint).collection?;
    Some((collection.key, collection.verified))
}

/// Lamports of several accounts together.
pub fn lamports_in(n: &Nodes, addresses: &[Address]) -> u64 {
    addresses.iter().map(|address| n.world.lamports(address)).sum()
}

/// Mint, record, token account, metadata and edition of an NFT that `holder` has; the record is a PDA of ours.
pub fn accounts_of(mint: &Address, record: &Address, holder: &Address) -> [Address; 5] {
    [*mint, *record, token_account(holder, mint), metadata_address(mint), edition_address(mint)]
}

/// Sends instructions that must succeed and change exactly these accounts.
#[track_caller]
pub fn land_changing(
    n: &mut Nodes,
    instructions: &[Instruction],
    expected: &[Address],
) -> TransactionMetadata {
    let before = n.world.state();
    let landed = n.world.land(instructions);
    let after = n.world.state();
    let mut changed: Vec<Address> = before.keys().chain(after.keys()).copied().collect();
    changed.retain(|address| before.get(address) != after.get(address));
    changed.sort();
    changed.dedup();
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(changed, expected, "the accounts that changed");
    landed
}

/// An instruction must fail with each of these accounts at its place, each with its error.
#[track_caller]
pub fn refuse_swaps(n: &Nodes, instruction: &Instruction, swaps: &[(usize, Address, InstructionError)]) {
    let mut found = Vec::new();
    let before = n.world.state();
    for (place, account, error) in swaps {
        let mut swapped = instruction.clone();
        swapped.accounts[*place].pubkey = *account;
        let mut world = n.world.clone();
        let failure = attempt(&mut world, &swapped);
        if failure != *error {
            found.push(format!("account {account} at {place}: {failure:?} instead of {error:?}"));
        }
        assert_eq!(world.state(), before);
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[track_caller]
fn attempt(world: &mut World, instruction: &Instruction) -> InstructionError {
    let signs = |key: &Address| instruction.accounts.iter().any(|meta| meta.is_signer && meta.pubkey == *key);
    let actors = [&world.authority, &world.client, &world.node, &world.stranger];
    let signers: Vec<_> = actors
        .into_iter()
        .filter(|actor| signs(&actor.pubkey()))
        .map(|actor| actor.insecure_clone())
        .collect();
    let result = world.attempt(std::slice::from_ref(instruction), &signers.iter().collect::<Vec<_>>());
    match result.map_err(|failure| failure.error) {
        Err(TransactionError::InstructionError(0, error)) => error,
        other => panic!("an instruction's failure was expected, not {other:?}"),
    }
}

/// An instruction must fail without the signature of its first account.
#[track_caller]
pub fn needs_the_signature(n: &mut Nodes, instruction: &Instruction) {
    let mut unsigned = instruction.clone();
    assert!(unsigned.accounts[0].is_signer);
    unsigned.accounts[0].is_signer = false;
    n.world.refuse_with(&[unsigned], InstructionError::MissingRequiredSignature);
}

/// Copies an account to the address of a name, with another program as its owner.
pub fn forge(n: &mut Nodes, original: &Address, name: &str, owner: Address) -> Address {
    let address = keypair_for(name).pubkey();
    let account = Account { owner, ..n.world.raw(original) };
    n.world.network.set(address, account);
    address
}

/// Sends lamports to an address, as anybody can.
pub fn prefund(n: &mut Nodes, address: Address, lamports: u64) {
    let account = Account { lamports, ..Account::default() };
    assert!(!n.world.exists(&address));
    n.world.network.set(address, account);
}

/// Adds lamports to an account.
pub fn donate(n: &mut Nodes, address: &Address, lamports: u64) {
    let account = n.world.raw(address);
    n.world.network.set(*address, Account { lamports: account.lamports + lamports, ..account });
}
