//! Whom markets admit, and who offers a device to a market that asks for something.

use super::{case, clock, device::AFTER_THE_NOTICE, look_away, system_program};
use crate::{
    matrix::{
        Case, Free, Kind, Sample, Slot, Stage,
        gates::{Gate, Moved, weight},
        sets::Pair,
    },
    metaplex,
    world::BOND,
};
use grid_client::{
    instruction::{self, Evidence},
    nodes::{self, METADATA_PROGRAM},
};
use grid_jobs::{AccessRule, AdmissionTerms, Device, DeviceState};
use solana_address::Address;
use solana_instruction::Instruction;

pub(super) const CASES: &[Case] = &[
    case("set_admission", "asks for all", set_admission),
    case("set_admission", "asks for nothing", open_the_gate),
    case("admit_device", "the NFT's first, by the node it was issued to", admit_first_issued),
    case("admit_device", "one more, by the node it was issued to", admit_more_issued),
    case("admit_device", "the NFT's first, by its holder", admit_first_held),
    case("admit_device", "one more, by its holder", admit_more_held),
    case("dismiss_device", "by the node", dismiss_by_the_node),
    case("dismiss_device", "the NFT's last, by the node", dismiss_the_last),
    case("dismiss_device", "one that waits, by the node", dismiss_a_queued_one),
    case("dismiss_device", "the NFT is another's", dismiss_a_moved_one),
    case("dismiss_device", "one that waits, the last, the NFT is another's", dismiss_the_last_moved_one),
    case("dismiss_device", "the last, the NFT was revoked", dismiss_a_revoked_one),
    case("dismiss_device", "one that waits, the NFT was burned", dismiss_a_burned_one),
    case("dismiss_device", "by anyone after the notice", dismiss_by_anyone),
    case("work_gated", "shows a stake, takes a job", work_with_a_stake),
    case("work_gated", "shows an access NFT, queues", work_with_access),
    case("work_gated", "shows an attestation, takes a job", work_with_an_attestation),
    case("work_gated", "shows all, takes a job", work_with_all),
    case("work_gated", "shows all, queues", work_with_all_and_wait),
    case("work_gated", "asked for nothing", work_with_nothing),
    case("start_gated", "shows a stake, the job met the device", start_with_a_stake),
    case("start_gated", "shows an access NFT, the device took the job", start_with_access),
    case("start_gated", "shows an attestation, the device took the job", start_with_an_attestation),
    case("start_gated", "shows all, the device took the job", start_after_work),
    case("start_gated", "shows all, the job met the device", start_after_list),
    case("start_gated", "asked for nothing any more", start_with_nothing),
];

fn set_admission(stage: &Stage) -> Sample {
    let terms = stage.gates.own.terms(&stage.mint.address);
    set_terms(stage, [stage.own.market, stage.others.another_market.market], terms)
}

fn open_the_gate(stage: &Stage) -> Sample {
    set_terms(stage, [stage.gates.own.market, stage.gates.far.market], AdmissionTerms::OPEN)
}

/// Of a market of the authority, and of one of the second client.
fn set_terms(stage: &Stage, [market, other]: [Address; 2], terms: AdmissionTerms) -> Sample {
    let cast = &stage.cast;
    let slots = [
        Slot::new("authority", Kind::Wallet),
        Slot::new("market", Kind::Market).or(stage.markets(|market| market.authority == cast.authority)),
    ];
    let twin = AdmissionTerms {
        collection: stage.gates.own.collection,
        access: AccessRule::Holder,
        ..AdmissionTerms::OPEN
    };
    Sample::new(stage, instruction::set_admission(cast.authority, market, terms), slots)
        .or_as_well_by(instruction::set_admission(cast.second_client, other, twin), &[&[0, 1], &[2]])
}

/// An instruction whose slots are left empty.
fn without(mut instruction: Instruction, slots: &[usize]) -> Instruction {
    for slot in slots {
        instruction.accounts[*slot].pubkey = instruction.program_id;
        instruction.accounts[*slot].is_writable = false;
    }
    instruction
}

fn market() -> Slot {
    Slot::new("market", Kind::Market)
}

/// An address of Token Metadata.
fn of_metadata(slot: Slot, mint: &Address, tail: &[&[u8]]) -> Slot {
    let head = [&b"metadata"[..], METADATA_PROGRAM.as_ref(), mint.as_ref()];
    slot.with_seeds_of(METADATA_PROGRAM, &[&head, tail].concat())
}

fn admit_first_issued(stage: &Stage) -> Sample {
    let [own, other] = stage.gates.lone;
    admit_first(stage, [own, other])
}

fn admit_first_held(stage: &Stage) -> Sample {
    let [own, other] = stage.gates.lone.map(held);
    let asks = AdmissionTerms { access: own.rule, collection: own.collection, ..AdmissionTerms::OPEN };
    let sample = admit_first(stage, [own, other]);
    look_away(stage, sample.after(instruction::set_admission(own.authority, own.market, asks)), 6)
}

fn held(gate: Gate) -> Gate {
    Gate { rule: AccessRule::Holder, ..gate }
}

/// A device that was admitted, and dismissed: the only one of its NFT in the market.
fn admit_first(stage: &Stage, [own, other]: [Gate; 2]) -> Sample {
    let admission = Slot::new("admission", Kind::New).or_existing();
    admit(stage, own, own.idle, admission)
        .undone_by([own.dismiss(own.idle)])
        .after(own.dismiss(own.idle))
        .after(other.dismiss(other.idle))
        .or_as_well(other.admit(other.idle))
}

/// Where there is one already.
fn admit_more_issued(stage: &Stage) -> Sample {
    let (own, second) = (stage.gates.own, stage.gates.second_node);
    let far = Gate { rule: AccessRule::Issued, ..stage.gates.far };
    let asks = far.terms(&stage.mint.address);
    admit(stage, own, own.plain, Slot::new("admission", Kind::Admission))
        .after(instruction::set_admission(far.authority, far.market, asks))
        .or_as_well(second.admit(second.plain))
        .or_as_well(far.admit(far.plain))
}

fn admit_more_held(stage: &Stage) -> Sample {
    let (far, far_second, own) = (stage.gates.far, stage.gates.far_second, held(stage.gates.own));
    let asks = own.terms(&stage.mint.address);
    let sample = admit(stage, far, far.plain, Slot::new("admission", Kind::Admission))
        .after(instruction::set_admission(own.authority, own.market, asks))
        .or_as_well(far_second.admit(far_second.plain))
        .or_as_well(own.admit(own.plain));
    look_away(stage, sample, 6)
}

/// Whom the NFT was issued to, its record tells, where that is asked for; it is not looked at elsewhere.
fn admit(stage: &Stage, own: Gate, device: Address, admission: Slot) -> Sample {
    let others = stage.devices(|device| {
        device.node == own.node
            && device.market == own.market
            && device.is(DeviceState::Idle)
            && device.access == 0
    });
    let access = match own.rule {
        AccessRule::Issued => Slot::new("access", Kind::Access).filled(),
        _ => Slot::empty("access", Kind::Access),
    };
    let slots = [
        Slot::new("node", Kind::Wallet),
        Slot::new("device", Kind::Device).or(others),
        market(),
        Slot::new("access_token", Kind::TokenAccount),
        of_metadata(Slot::new("access_metadata", Kind::Metadata), &own.nft, &[]),
        of_metadata(Slot::new("access_edition", Kind::Edition), &own.nft, &[b"edition"]),
        access.read_only(),
        admission.with_seeds(&[b"admission", own.market.as_ref(), own.nft.as_ref()]),
        system_program(),
    ];
    Sample::new(stage, own.admit(device), slots)
}

/// An idle one, of several. Neither the market nor anything else is asked for.
fn dismiss_by_the_node(stage: &Stage) -> Sample {
    let (own, second, far) = (stage.gates.own, stage.gates.second_node, stage.gates.far);
    let dismiss = |gate: Gate| without(gate.dismiss(gate.idle), &[4, 5, 6]);
    let slots = dismiss_slots(stage, own, signer(), [no_market(own), no_holder(stage)]);
    let sample = Sample::new(stage, dismiss(own), slots).or_as_well(dismiss(second)).or_as_well(dismiss(far));
    look_away(stage, sample, 6)
}

fn dismiss_the_last(stage: &Stage) -> Sample {
    let [own, other] = stage.gates.lone;
    let dismiss = |gate: Gate| without(gate.dismiss(gate.idle), &[4, 5, 6]);
    let slots = dismiss_slots(stage, own, signer(), [no_market(own), no_holder(stage)]);
    let sample = Sample::new(stage, dismiss(own), slots).closing(2, 3).or_as_well(dismiss(other));
    look_away(stage, sample, 6)
}

/// Any that waits, or is idle.
fn dismiss_a_queued_one(stage: &Stage) -> Sample {
    let (own, second) = (stage.gates.far, stage.gates.far_second);
    let dismiss = |gate: Gate| without(gate.dismiss(gate.queued), &[5, 6]);
    let mut slots = dismiss_slots(stage, own, signer(), [market().filled(), no_holder(stage)]);
    slots[1].free = Free::These(backed(stage, own));
    look_away(stage, Sample::new(stage, dismiss(own), slots).or_as_well(dismiss(second)), 6)
}

/// An idle one.
fn dismiss_a_moved_one(stage: &Stage) -> Sample {
    let [own, other] = stage.gates.moved;
    let dismiss = |moved: Moved| without(dismiss_moved(stage, moved, moved.gate.idle), &[4]);
    let slots = dismiss_slots(stage, own.gate, anyone(), [no_market(own.gate), holder()]);
    let sample = Sample::new(stage, dismiss(own), slots).or_as_well_by(dismiss(other), &[&[0]]);
    look_away(stage, sample, 6)
}

fn dismiss_the_last_moved_one(stage: &Stage) -> Sample {
    let [own, other] = stage.gates.moved;
    let dismiss = |moved: Moved| dismiss_moved(stage, moved, moved.gate.queued);
    let mut slots = dismiss_slots(stage, own.gate, anyone(), [market().filled(), holder()]);
    slots[1].free = Free::Nothing;
    let sample = Sample::new(stage, dismiss(own), slots)
        .closing(2, 3)
        .after(own.gate.dismiss(own.gate.idle))
        .after(other.gate.dismiss(other.gate.idle))
        .or_as_well_by(dismiss(other), &[&[0]]);
    look_away(stage, sample, 6)
}

/// The only one. What stands at the metadata's address and is none, or another's, is not the NFT's either.
fn dismiss_a_revoked_one(stage: &Stage) -> Sample {
    let [own, other] = stage.gates.lone;
    let metadata = Slot::new("access_metadata", Kind::Metadata).or_anything_at_its_address();
    let revoke =
        |gate: Gate| nodes::revoke_access(gate.authority, &gate.collection, &gate.nft, gate.authority);
    dismiss_lapsed(stage, [own, other], |gate| gate.idle, metadata)
        .closing(2, 3)
        .after(revoke(own))
        .after(revoke(other))
}

/// One that waits.
fn dismiss_a_burned_one(stage: &Stage) -> Sample {
    let (own, other) = (stage.gates.far, stage.gates.far_second);
    let burn = |gate: Gate| metaplex::burn(&gate.node, &gate.nft, Some(&gate.collection));
    let metadata = Slot::new("access_metadata", Kind::Gone);
    let mut sample =
        dismiss_lapsed(stage, [own, other], |gate| gate.queued, metadata).after(burn(own)).after(burn(other));
    sample.slots[1].free = Free::These(backed(stage, own));
    // The burned ones' are gone.
    let mut holders = stage.spl_token_accounts();
    let gone = [own, other].map(|gate| gate.evidence().access_token);
    holders.retain(|holder| !gone.contains(&Some(*holder)));
    sample.slots[5].free = Free::These(holders);
    sample
}

fn dismiss_lapsed(
    stage: &Stage,
    [own, other]: [Gate; 2],
    device: fn(&Gate) -> Address,
    metadata: Slot,
) -> Sample {
    let dismiss = |gate: Gate, signer| {
        let dismiss =
            instruction::dismiss_lapsed_device(signer, gate.node, device(&gate), gate.market, &gate.nft);
        without(dismiss, &[5])
    };
    let mut slots = dismiss_slots(stage, own, anyone(), [market().filled(), no_holder(stage)]);
    slots[6] = of_metadata(metadata, &own.nft, &[]).filled().read_only();
    let (stranger, client) = (stage.cast.stranger, stage.cast.client);
    Sample::new(stage, dismiss(own, stranger), slots).or_as_well_by(dismiss(other, client), &[&[0]])
}

/// Of a node that is gone: whoever holds the NFT.
fn dismiss_by_anyone(stage: &Stage) -> Sample {
    let [own, other] = stage.gates.lone;
    let (stranger, client) = (stage.cast.stranger, stage.cast.client);
    let dismiss = |gate: Gate, signer| {
        let mut dismiss = without(gate.dismiss(gate.idle), &[4, 5, 6]);
        dismiss.accounts[0].pubkey = signer;
        dismiss
    };
    let slots = dismiss_slots(stage, own, anyone(), [no_market(own), no_holder(stage)]);
    let sample = Sample::new(stage, dismiss(own, stranger), slots)
        .closing(2, 3)
        .after(instruction::notify_device(own.idle))
        .after(instruction::notify_device(other.idle))
        .later(AFTER_THE_NOTICE)
        .or_as_well_by(dismiss(other, client), &[&[0]]);
    look_away(stage, sample, 6)
}

fn dismiss_moved(stage: &Stage, moved: Moved, device: Address) -> Instruction {
    let Moved { gate, holder } = moved;
    let stranger = stage.cast.second_heir;
    without(
        instruction::dismiss_moved_device(stranger, gate.node, device, gate.market, &gate.nft, holder),
        &[6],
    )
}

fn signer() -> Slot {
    Slot::new("signer", Kind::Wallet)
}

fn anyone() -> Slot {
    signer().or_any_signer()
}

/// An idle device's market is not asked for; if one is given, it must be the device's.
fn no_market(gate: Gate) -> Slot {
    Slot::empty("market", Kind::Market).or(vec![gate.market])
}

/// The holder is not asked for; a token account it must be.
fn no_holder(stage: &Stage) -> Slot {
    Slot::empty("holder", Kind::TokenAccount).or(stage.spl_token_accounts()).read_only()
}

/// The only account that holds the NFT.
fn holder() -> Slot {
    Slot::new("holder", Kind::TokenAccount).filled().read_only()
}

/// An idle device, or another idle one that the same NFT backs. The metadata is not asked for.
fn dismiss_slots(stage: &Stage, own: Gate, signer: Slot, [market, holder]: [Slot; 2]) -> [Slot; 7] {
    let others = stage.devices(|device| is_backed(device, own) && device.is(DeviceState::Idle));
    [
        signer,
        Slot::new("device", Kind::Device).or(others),
        Slot::new("admission", Kind::Admission),
        Slot::new("payer", Kind::Wallet).or_repeated(),
        market,
        holder,
        Slot::empty("access_metadata", Kind::Metadata).read_only(),
    ]
}

fn is_backed(device: &Device, gate: Gate) -> bool {
    device.market == gate.market && device.access_metadata == nodes::metadata_address(&gate.nft)
}

/// Idle or waiting, and backed by the NFT.
fn backed(stage: &Stage, gate: Gate) -> Vec<Address> {
    let idle = stage.devices(|device| is_backed(device, gate) && device.is(DeviceState::Idle));
    let waiting = stage.waiting_devices(&gate.market, |device| is_backed(device, gate));
    [idle, waiting].concat()
}

/// What a market asks for.
#[derive(Clone, Copy)]
struct Asked {
    stake: bool,
    access: bool,
    attestation: bool,
}

const NOTHING: Asked = Asked { stake: false, access: false, attestation: false };
const STAKE: Asked = Asked { stake: true, ..NOTHING };
const ACCESS: Asked = Asked { access: true, ..NOTHING };
const ATTESTATION: Asked = Asked { attestation: true, ..NOTHING };
const ALL: Asked = Asked { stake: true, access: true, attestation: true };

impl Asked {
    /// Of the market's terms, this.
    fn terms(self, stage: &Stage, gate: Gate) -> AdmissionTerms {
        let (all, open) = (gate.terms(&stage.mint.address), AdmissionTerms::OPEN);
        let (access, collection) = (self.access, self.access || self.attestation);
        AdmissionTerms {
            access: if access { all.access } else { open.access },
            collection: if collection { all.collection } else { open.collection },
            benchmark_class: if self.attestation { all.benchmark_class } else { 0 },
            min_score: if self.attestation { all.min_score } else { 0 },
            stake_mint: if self.stake { all.stake_mint } else { open.stake_mint },
            min_stake_weight: if self.stake { all.min_stake_weight } else { 0 },
        }
    }

    /// What of the evidence is shown.
    fn evidence(self, gate: Gate) -> Evidence {
        let Evidence { stake, access_token, access_metadata, attestation, node_record } = gate.evidence();
        Evidence {
            stake: stake.filter(|_| self.stake),
            access_token: access_token.filter(|_| self.access),
            access_metadata: access_metadata.filter(|_| self.access),
            attestation: attestation.filter(|_| self.attestation),
            node_record: node_record.filter(|_| self.attestation),
        }
    }

    /// The slots of the evidence.
    fn slots(self, stage: &Stage, gate: Gate) -> [Slot; 5] {
        let (mint, least) = (stage.mint.address, weight());
        let stakes = stage.all_stakes(|stake| {
            stake.owner == gate.node && stake.mint == mint && stake.weight.get() >= least
        });
        let metadata = of_metadata(Slot::new("access_metadata", Kind::Metadata), &gate.nft, &[]);
        let slots = [
            (self.stake, Slot::new("stake", Kind::Stake).or(stakes)),
            (self.access, Slot::new("access_token", Kind::TokenAccount)),
            (self.access, metadata),
            (self.attestation, Slot::new("attestation", Kind::Attestation)),
            (self.attestation, Slot::new("node_record", Kind::Node)),
        ];
        slots.map(|(is_asked, slot)| match is_asked {
            true => slot.filled().read_only(),
            false => Slot::empty(slot.name, slot.kind).read_only(),
        })
    }

    /// Both gated markets ask for this.
    fn set(self, stage: &Stage, sample: Sample) -> Sample {
        [stage.gates.own, stage.gates.far].into_iter().fold(sample, |sample, gate| {
            let terms = self.terms(stage, gate);
            sample.after(instruction::set_admission(gate.authority, gate.market, terms))
        })
    }
}

fn work_with_a_stake(stage: &Stage) -> Sample {
    work(stage, stage.gates.own, STAKE)
}

fn work_with_access(stage: &Stage) -> Sample {
    work(stage, stage.gates.far, ACCESS)
}

fn work_with_an_attestation(stage: &Stage) -> Sample {
    work(stage, stage.gates.own, ATTESTATION)
}

fn work_with_all(stage: &Stage) -> Sample {
    work(stage, stage.gates.own, ALL)
}

fn work_with_all_and_wait(stage: &Stage) -> Sample {
    work(stage, stage.gates.far, ALL)
}

fn work_with_nothing(stage: &Stage) -> Sample {
    work(stage, stage.gates.own, NOTHING)
}

/// An idle device offers itself: one that the NFT backs, where that is asked for.
fn work(stage: &Stage, own: Gate, asked: Asked) -> Sample {
    let work =
        |gate: Gate| instruction::work_gated(gate.node, gate.idle, gate.market, 0, asked.evidence(gate));
    let others = stage.devices(|device| {
        device.node == own.node
            && device.market == own.market
            && device.is(DeviceState::Idle)
            && device.bond_atoms >= BOND
            && (!asked.access || is_backed(device, own))
    });
    let mut slots = vec![
        Slot::new("node", Kind::Wallet),
        Slot::new("device", Kind::Device).or(others),
        market(),
        clock(),
    ];
    slots.extend(asked.slots(stage, own));
    with_other_gates(stage, own, Sample::new(stage, work(own), slots), asked, work)
}

fn start_with_a_stake(stage: &Stage) -> Sample {
    start(stage, STAKE, |gate| gate.met)
}

fn start_with_access(stage: &Stage) -> Sample {
    start(stage, ACCESS, |gate| gate.took)
}

fn start_with_an_attestation(stage: &Stage) -> Sample {
    start(stage, ATTESTATION, |gate| gate.took)
}

/// The match stands in the device's account.
fn start_after_work(stage: &Stage) -> Sample {
    start(stage, ALL, |gate| gate.took)
}

/// The match stands in the job's account.
fn start_after_list(stage: &Stage) -> Sample {
    start(stage, ALL, |gate| gate.met)
}

fn start_with_nothing(stage: &Stage) -> Sample {
    start(stage, NOTHING, |gate| gate.took)
}

fn start(stage: &Stage, asked: Asked, pair: fn(&Gate) -> Pair) -> Sample {
    let own = stage.gates.own;
    let start = |gate: Gate| {
        let Pair { device, job } = pair(&gate);
        instruction::start_gated(gate.node, device, job, gate.market, asked.evidence(gate))
    };
    let mut slots = vec![
        Slot::new("node", Kind::Wallet),
        Slot::new("device", Kind::Device),
        Slot::new("job", Kind::Job),
        market(),
        clock(),
    ];
    slots.extend(asked.slots(stage, own));
    with_other_gates(stage, own, Sample::new(stage, start(own), slots), asked, start)
}

/// The same of the other nodes and markets, all of which ask for the same.
fn with_other_gates(
    stage: &Stage,
    own: Gate,
    sample: Sample,
    asked: Asked,
    instruction: impl Fn(Gate) -> Instruction,
) -> Sample {
    let gates = &stage.gates;
    let all = [gates.own, gates.second_node, gates.far, gates.far_second];
    let others = all.into_iter().filter(|gate| (gate.node, gate.market) != (own.node, own.market));
    let sample = asked.set(stage, others.fold(sample, |sample, gate| sample.or_as_well(instruction(gate))));
    // What is not asked for is not looked at.
    let empty = (0..sample.slots.len()).filter(|place| sample.slots[*place].is_empty());
    empty.collect::<Vec<_>>().into_iter().fold(sample, |sample, place| look_away(stage, sample, place))
}
