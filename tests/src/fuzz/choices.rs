//! Choices read from bytes, so that every byte string is an input, and near ones are alike.

/// Values at which integers go wrong; the narrower ones are their low bytes.
const BOUNDARIES: [u64; 12] = [
    0,
    1,
    2,
    u64::MAX,
    u64::MAX - 1,
    i64::MAX as u64,
    i64::MIN as u64,
    u32::MAX as u64,
    i32::MAX as u64,
    u16::MAX as u64,
    u16::MAX as u64 - 1,
    u8::MAX as u64,
];

/// The choices that bytes make; all are the first ones when the bytes are used up.
#[derive(Debug)]
pub struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    /// Reads from the front of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// A byte.
    pub fn byte(&mut self) -> u8 {
        let Some((byte, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *byte
    }

    /// A number of two bytes: enough for every length and place.
    pub fn place(&mut self) -> usize {
        usize::from(u16::from_le_bytes([self.byte(), self.byte()]))
    }

    /// A number below `limit`, which is not zero.
    pub fn below(&mut self, limit: usize) -> usize {
        self.place() % limit
    }

    /// A number at or near a boundary, or any.
    pub fn number(&mut self) -> u64 {
        let choice = usize::from(self.byte());
        match BOUNDARIES.get(choice % 16) {
            Some(boundary) => *boundary,
            None => u64::from_le_bytes([(); 8].map(|()| self.byte())),
        }
    }
}
