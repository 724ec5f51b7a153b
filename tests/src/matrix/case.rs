//! What a case says about its instruction.

use crate::{World, matrix::Kind, matrix::Stage};
use solana_address::Address;
use solana_instruction::Instruction;

/// An instruction in a situation in which it is valid.
pub trait Case {
    /// The instruction, as in the IDL.
    fn instruction(&self) -> &'static str;

    /// The situation, when an instruction has several cases.
    fn situation(&self) -> &'static str {
        ""
    }

    /// The valid instruction, the world it is valid in, and its slots.
    fn build_valid(&self, stage: &Stage) -> Sample;

    /// Both, for messages.
    fn name(&self) -> String {
        match self.situation() {
            "" => self.instruction().into(),
            situation => format!("{} ({situation})", self.instruction()),
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
    /// What closes the account that the instruction created, so that it can be created again.
    pub undo: Vec<Instruction>,
    /// The slot of an account that the instruction closes, and the slot that gets its lamports.
    pub closes: Option<(usize, usize)>,
    /// Where the instruction's data holds the bump of the address that it creates.
    pub bump_at: Option<usize>,
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
            undo: Vec::new(),
            closes: None,
            bump_at: None,
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
    pub fn undone_by(mut self, undo: Instruction) -> Self {
        self.undo = vec![undo];
        self
    }

    /// Says that the instruction closes the account in slot `source` and pays its lamports to slot `destination`.
    pub fn closing(mut self, source: usize, destination: usize) -> Self {
        self.closes = Some((source, destination));
        self
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

/// Seeds of an address that an instruction checks.
#[derive(Debug, Clone)]
pub struct Seeds {
    /// Whose address it is.
    pub program: Address,
    /// The seeds, without bump.
    pub parts: Vec<Vec<u8>>,
}

impl Slot {
    /// A slot in which nothing else may stand.
    pub fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, free: Free::Nothing, seeds: None }
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

    /// Says that the instruction checks these seeds, of an address of the jobs program.
    pub fn with_seeds(self, parts: &[&[u8]]) -> Self {
        self.with_seeds_of(grid_jobs::ID, parts)
    }

    /// Says that the instruction checks these seeds.
    pub fn with_seeds_of(mut self, program: Address, parts: &[&[u8]]) -> Self {
        self.seeds = Some(Seeds { program, parts: parts.iter().map(|part| part.to_vec()).collect() });
        self
    }

    /// Whether `address` may stand here.
    pub fn allows(&self, address: &Address) -> bool {
        match &self.free {
            Free::Nothing => false,
            Free::These(others) => others.contains(address),
            Free::AnySigner => true,
        }
    }
}
