//! What a case says about its instruction.

use crate::{
    World,
    matrix::{Kind, Stage, chain, idl},
};
use solana_address::Address;
use solana_instruction::Instruction;

/// An instruction in a situation in which it is valid.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// The program.
    pub program: Address,
    /// The instruction, as in the IDL.
    pub instruction: &'static str,
    /// The situation, when an instruction has several cases.
    pub situation: &'static str,
    /// Builds the valid instruction, the world it is valid in, and its slots.
    pub build: fn(&Stage) -> Sample,
}

impl Case {
    /// Program and instruction, as in `staking withdraw`.
    pub fn title(&self) -> String {
        format!("{} {}", idl::name_of(&self.program).trim_start_matches("grid_"), self.instruction)
    }

    /// Program, instruction and situation, for messages.
    pub fn name(&self) -> String {
        match self.situation {
            "" => self.title(),
            situation => format!("{} ({situation})", self.title()),
        }
    }
}

/// A valid instruction and everything the generator needs to know to break it.
#[derive(Clone)]
pub struct Sample {
    /// Where the instruction is valid.
    pub world: World,
    /// The instruction.
    pub instruction: Instruction,
    /// Its slots, in order.
    pub slots: Vec<Slot>,
    /// How many of them, at the end, are not declared: the instruction takes just as many behind the declared ones.
    pub remaining: usize,
    /// Whether the instruction may be sent again, and changes nothing then.
    pub is_repeatable: bool,
    /// What closes the accounts that the instruction created, so that they can be created again.
    pub undo: Vec<Instruction>,
    /// The slot of an account that the instruction closes, and the slot that gets its lamports.
    pub closes: Option<(usize, usize)>,
    /// The slot of a token account that gets whatever lies in the vault that the instruction closes.
    pub sweeps_to: Option<usize>,
    /// The same instruction, just as valid, for others.
    pub twins: Vec<Twin>,
}

/// A second valid instruction of a case's world, for other accounts, whose slots are mixed with the first one's.
#[derive(Debug, Clone)]
pub struct Twin {
    /// The instruction.
    pub instruction: Instruction,
    /// Slots that may be exchanged together, all else unchanged; the number of slots stands for the data. What is in
    /// no group goes together.
    pub groups: Vec<Vec<usize>>,
}

impl Sample {
    /// A valid instruction of the stage's world.
    pub fn new(stage: &Stage, instruction: Instruction, slots: impl Into<Vec<Slot>>) -> Self {
        Self {
            world: stage.world.clone(),
            instruction,
            slots: slots.into(),
            remaining: 0,
            is_repeatable: false,
            undo: Vec::new(),
            closes: None,
            sweeps_to: None,
            twins: Vec::new(),
        }
    }

    /// Adds the same instruction for others, all of whose slots go together.
    pub fn or_as_well(self, twin: Instruction) -> Self {
        self.or_as_well_by(twin, &[])
    }

    /// Adds the same instruction for others, with groups of slots that may be exchanged alone.
    pub fn or_as_well_by(mut self, instruction: Instruction, groups: &[&[usize]]) -> Self {
        self.twins.push(Twin { instruction, groups: groups.iter().map(|group| group.to_vec()).collect() });
        self
    }

    /// Says how to close what the instruction created.
    pub fn undone_by(mut self, undo: impl IntoIterator<Item = Instruction>) -> Self {
        self.undo = undo.into_iter().collect();
        self
    }

    /// Says that the last slots are not declared.
    pub fn with_remaining(mut self, remaining: usize) -> Self {
        self.remaining = remaining;
        self
    }

    /// Says that the instruction may be sent again, and changes nothing then.
    pub fn repeatable(mut self) -> Self {
        self.is_repeatable = true;
        self
    }

    /// Sends an instruction before, signed by whoever it names.
    #[track_caller]
    pub fn after(mut self, instruction: Instruction) -> Self {
        let sent = chain::send(&mut self.world.network.svm, &Stage::fee_payer(), &[instruction]);
        if let Err(failure) = sent {
            panic!("{}\n{}", failure.error, failure.logs.join("\n"));
        }
        self
    }

    /// Moves the world's clock forward, seconds.
    pub fn later(mut self, seconds: impl Into<i64>) -> Self {
        self.world.network.advance(seconds.into());
        self
    }

    /// Says that the instruction closes the account in slot `source` and pays its lamports to slot `destination`.
    pub fn closing(mut self, source: usize, destination: usize) -> Self {
        self.closes = Some((source, destination));
        self
    }

    /// Says that the instruction closes its vault, and pays what lies in it to the token account in a slot.
    pub fn sweeping_to(mut self, slot: usize) -> Self {
        self.sweeps_to = Some(slot);
        self
    }

    /// Says that the instruction does not look at a slot.
    pub fn looking_away(mut self, slot: usize, accounts: impl IntoIterator<Item = Address>) -> Self {
        let Slot { name, presence, is_read_only, .. } = self.slots[slot];
        let slots = accounts.into_iter().filter(|address| !self.is_written_elsewhere(slot, address));
        let free = Free::These(slots.collect());
        self.slots[slot] =
            Slot { free, presence, is_read_only, is_unlooked: true, ..Slot::new(name, Kind::Wallet) };
        for twin in &mut self.twins {
            twin.groups.push(vec![slot]);
        }
        self
    }

    /// Whether `address` can't stand in a slot because another slot writes it, or because the slot itself is written.
    fn is_written_elsewhere(&self, slot: usize, address: &Address) -> bool {
        let metas = &self.instruction.accounts;
        metas.iter().zip(&self.slots).enumerate().any(|(at, (meta, other))| {
            let is_written = meta.is_writable && !other.may_be_repeated;
            at != slot && meta.pubkey == *address && (is_written || metas[slot].is_writable)
        })
    }

    /// Whether what stands in slot `other` may stand in `slot`, when the two are exchanged.
    pub fn may_swap(&self, slot: usize, other: usize) -> bool {
        self.slots[slot].is_unlooked || self.allows(slot, &self.address(other))
    }

    /// The program that runs the instruction.
    pub fn program(&self) -> Address {
        self.instruction.program_id
    }

    /// Whether `address` in a slot says that it is empty.
    pub fn is_emptied_by(&self, slot: usize, address: &Address) -> bool {
        self.slots[slot].presence != Presence::Required && *address == self.program()
    }

    /// Whether `address` may stand in a slot.
    pub fn allows(&self, slot: usize, address: &Address) -> bool {
        if self.is_emptied_by(slot, address) {
            return matches!(self.slots[slot].presence, Presence::Optional | Presence::Empty);
        }
        match &self.slots[slot].free {
            Free::Nothing => false,
            Free::These(others) => others.contains(address),
            Free::AnySigner => true,
        }
    }

    /// The address in a slot.
    pub fn address(&self, slot: usize) -> Address {
        self.instruction.accounts[slot].pubkey
    }
}

/// One account slot of an instruction. Whether it signs and is writable, the instruction's own metas say.
#[derive(Debug, Clone)]
pub struct Slot {
    /// As in the IDL.
    pub name: &'static str,
    /// What stands there.
    pub kind: Kind,
    /// What else may stand there.
    pub free: Free,
    /// Whether the slot may be left empty.
    pub presence: Presence,
    /// Other owners under which the same bytes serve as well.
    pub owners: Vec<Address>,
    /// Whether the account is told by its address alone, and what belongs to another program counts as gone.
    pub may_be_gone: bool,
    /// Whether the account is told by its address alone, and what is not read as expected is passed over.
    pub may_be_anything: bool,
    /// Whether only the account's address and owner are looked at, and not its bytes.
    pub may_have_any_bytes: bool,
    /// Whether the instruction does not look at the account: any may stand there, but those that it writes.
    pub is_unlooked: bool,
    /// Whether the slot is only read when it is not left empty.
    pub is_read_only: bool,
    /// Whether the account may stand in other slots as well, which the instruction only reads.
    pub may_be_repeated: bool,
    /// Whether the account that the instruction creates may be there already, as it would be then.
    pub may_exist: bool,
    /// Where the instruction's data holds the bump of the address that the instruction creates here.
    pub bump_at: Option<usize>,
    /// The seeds, when the instruction checks that the slot holds this very address.
    pub seeds: Option<Seeds>,
}

/// Which other accounts may stand in a slot, all else unchanged.
#[derive(Debug, Clone)]
pub enum Free {
    /// None.
    Nothing,
    /// These and no others.
    These(Vec<Address>),
    /// Whoever signs.
    AnySigner,
}

/// Whether a slot may be left empty, which is said by the address of the instruction's own program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Never.
    Required,
    /// In other situations than this one.
    Filled,
    /// In this situation as well, with another effect.
    Optional,
    /// It is empty.
    Empty,
}

/// Seeds of an address that an instruction checks.
#[derive(Debug, Clone)]
pub struct Seeds {
    /// Whose address it is, if not the instruction's own program's.
    pub program: Option<Address>,
    /// The seeds, without bump.
    pub parts: Vec<Vec<u8>>,
}

impl Slot {
    /// A slot in which nothing else may stand.
    pub fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            free: Free::Nothing,
            presence: Presence::Required,
            owners: Vec::new(),
            may_be_gone: false,
            may_be_anything: false,
            may_have_any_bytes: false,
            is_unlooked: false,
            is_read_only: false,
            may_be_repeated: false,
            may_exist: false,
            bump_at: None,
            seeds: None,
        }
    }

    /// An optional slot that is left empty.
    pub fn empty(name: &'static str, kind: Kind) -> Self {
        Self { presence: Presence::Empty, ..Self::new(name, kind) }
    }

    /// Says that the slot is optional, but must be filled in this situation.
    pub fn filled(self) -> Self {
        Self { presence: Presence::Filled, ..self }
    }

    /// Says that the slot is optional, and may be left empty in this situation.
    pub fn or_empty(self) -> Self {
        Self { presence: Presence::Optional, ..self }
    }

    /// Says under which other owner the same bytes serve as well.
    pub fn or_owned_by(mut self, owner: Address) -> Self {
        self.owners.push(owner);
        self
    }

    /// Says that the account is told by its address alone, and that what belongs to another program counts as gone.
    pub fn or_gone(self) -> Self {
        Self { may_be_gone: true, ..self }
    }

    /// Says that the account is told by its address alone, and that what is not read as expected is passed over.
    pub fn or_anything_at_its_address(self) -> Self {
        Self { may_be_anything: true, ..self }
    }

    /// Says that the account's bytes are not looked at.
    pub fn or_any_bytes(self) -> Self {
        Self { may_have_any_bytes: true, ..self }
    }

    /// Says that the slot is only read when it is not left empty.
    pub fn read_only(self) -> Self {
        Self { is_read_only: true, ..self }
    }

    /// Says that the account may stand in other slots as well, which the instruction only reads.
    pub fn or_repeated(self) -> Self {
        Self { may_be_repeated: true, ..self }
    }

    /// Says that the account that the instruction creates may be there already, as it would be then.
    pub fn or_existing(self) -> Self {
        Self { may_exist: true, ..self }
    }

    /// Says where the instruction's data holds the bump of the slot's address.
    pub fn with_bump_at(self, at: usize) -> Self {
        Self { bump_at: Some(at), ..self }
    }

    /// Says which others may stand here.
    pub fn or(mut self, others: Vec<Address>) -> Self {
        self.free = Free::These(others);
        self
    }

    /// Says that whoever signs may stand here.
    pub fn or_any_signer(mut self) -> Self {
        self.free = Free::AnySigner;
        self
    }

    /// Says that the instruction checks these seeds, of an address of its own program.
    pub fn with_seeds(mut self, parts: &[&[u8]]) -> Self {
        self.seeds = Some(Seeds { program: None, parts: parts.iter().map(|part| part.to_vec()).collect() });
        self
    }

    /// Says that the instruction checks these seeds, of an address of another program.
    pub fn with_seeds_of(self, program: Address, parts: &[&[u8]]) -> Self {
        let mut slot = self.with_seeds(parts);
        slot.seeds.as_mut().expect("they were just given").program = Some(program);
        slot
    }

    /// Whether the slot is left empty.
    pub fn is_empty(&self) -> bool {
        self.presence == Presence::Empty
    }

    /// Whether the slot is left empty, and is writable otherwise.
    pub fn is_filled_writable(&self) -> bool {
        self.is_empty() && !self.is_read_only
    }
}
