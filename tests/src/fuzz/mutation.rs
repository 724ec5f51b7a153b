//! What is done to a valid instruction and to the accounts it is given.

use crate::fuzz::choices::Choices;
use grid_jobs::Market;

/// Offset of a market's queue links, and how many numbers of two bytes they are.
const LINKS: (usize, usize) = (8 + std::mem::offset_of!(Market, queue), 5);
/// Slots of a queue whose links are written.
const SLOTS: usize = 8;
/// Bytes at the front of an account in which the fields lie.
const FIELDS: usize = 400;

/// One change. Places are taken modulo what there is.
#[derive(Debug, Clone)]
pub enum Mutation {
    /// A bit of the data.
    FlipData(usize),
    /// Fewer bytes of data.
    TruncateData(usize),
    /// More bytes of data: how many, and which.
    ExtendData(usize, u8),
    /// A number in the data: where, how wide, which.
    NumberInData(usize, usize, u64),
    /// The discriminator of another case of the same program.
    DiscriminatorOf(usize),
    /// The data of another case of the same program.
    DataOf(usize),
    /// The accounts of another case of the same program.
    AccountsOf(usize),
    /// Two slots swapped.
    Swap(usize, usize),
    /// A slot left out.
    Drop(usize),
    /// A slot once more: which, and where to.
    Repeat(usize, usize),
    /// Another account in a slot: the slot, and the place in the pool.
    Replace(usize, usize),
    /// The instruction's own program in a slot, which says that it is empty.
    Empty(usize),
    /// Read-only instead of writable, or the other way round.
    ToggleWritable(usize),
    /// Signed or not.
    ToggleSigner(usize),
    /// A bit of an account.
    FlipAccount(usize, usize),
    /// An account with another length.
    ResizeAccount(usize, usize),
    /// A number in an account: which account, where, how wide, which number.
    NumberInAccount(usize, usize, usize, u64),
    /// A link of a queue: which account, where, which number.
    Link(usize, usize, u16),
    /// The bytes of another account: which account, and the place in the pool.
    BytesOf(usize, usize),
    /// A mint of Token-2022 with an extension: its type, and how many bytes it claims to have.
    Extension(u16, u16),
    /// Another time, Unix seconds.
    Clock(i64),
}

impl Mutation {
    /// Draws one.
    pub fn draw(choices: &mut Choices) -> Self {
        let width = |choices: &mut Choices| 1 << choices.below(4);
        match choices.below(25) {
            0 => Self::FlipData(choices.place()),
            1 => Self::TruncateData(choices.place()),
            2 => Self::ExtendData(choices.below(64), choices.byte()),
            3..=5 => Self::NumberInData(choices.place(), width(choices), choices.number()),
            6 => Self::DiscriminatorOf(choices.place()),
            7 => Self::DataOf(choices.place()),
            8 => Self::AccountsOf(choices.place()),
            9 => Self::Swap(choices.place(), choices.place()),
            10 => Self::Drop(choices.place()),
            11 => Self::Repeat(choices.place(), choices.place()),
            12..=13 => Self::Replace(choices.place(), choices.place()),
            14 => Self::Empty(choices.place()),
            15 => Self::ToggleWritable(choices.place()),
            16 => Self::ToggleSigner(choices.place()),
            17 => Self::FlipAccount(choices.place(), choices.place()),
            18 => Self::ResizeAccount(choices.place(), choices.place()),
            19..=20 => Self::NumberInAccount(
                choices.place(),
                choices.below(FIELDS),
                width(choices),
                choices.number(),
            ),
            21 => Self::Link(choices.place(), link(choices), choices.number() as u16),
            22 => Self::BytesOf(choices.place(), choices.place()),
            23 => Self::Extension(choices.below(40) as u16, choices.below(400) as u16),
            _ => Self::Clock(choices.number() as i64),
        }
    }

    /// Whether it changes an account, so that the world is no longer one that the program made.
    pub fn forges(&self) -> bool {
        matches!(
            self,
            Self::FlipAccount(..)
                | Self::ResizeAccount(..)
                | Self::NumberInAccount(..)
                | Self::Link(..)
                | Self::BytesOf(..)
                | Self::Extension(..)
        )
    }
}

/// Where a link of a market's queue lies: in the header, or `previous` and `next` of one of the first slots.
fn link(choices: &mut Choices) -> usize {
    let (at, count) = LINKS;
    match choices.below(count + 2 * SLOTS) {
        link if link < count => at + 2 * link,
        link => {
            let link = link - count;
            Market::SLOTS_OFFSET + size_of::<grid_jobs::QueueSlot>() * (link / 2) + 32 + 2 * (link % 2)
        }
    }
}

/// Writes the low bytes of a number, as far as there is room.
pub fn write_number(bytes: &mut [u8], at: usize, width: usize, number: u64) {
    let Some(at) = at.checked_rem(bytes.len()) else {
        return;
    };
    let room = width.min(bytes.len() - at);
    bytes[at..at + room].copy_from_slice(&number.to_le_bytes()[..room]);
}

/// Flips a bit, if there is one.
pub fn flip(bytes: &mut [u8], bit: usize) {
    if let Some(at) = (bit / 8).checked_rem(bytes.len()) {
        bytes[at] ^= 1 << (bit % 8);
    }
}
