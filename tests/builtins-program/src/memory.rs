//! The memory functions the compiler calls on its own: copy, move, fill, compare.

/// Every operation; its code is its position after the arithmetic ones.
pub const OPERATIONS: [&str; 4] = ["memcpy", "memmove", "memset", "memcmp"];

/// Runs one operation on the bytes; lengths and offsets are known only at run time, so it is a call.
#[inline(never)]
pub fn run(operation: usize, bytes: &mut [u8], to: usize, from: usize, length: usize) -> u64 {
    match operation {
        0 => {
            let (source, target) = bytes.split_at_mut(to);
            target[..length].copy_from_slice(&source[from..][..length]);
            0
        }
        1 => {
            bytes.copy_within(from..from + length, to);
            0
        }
        2 => {
            bytes[to..][..length].fill(from as u8);
            0
        }
        _ => bytes[to..][..length].cmp(&bytes[from..][..length]) as u64,
    }
}
