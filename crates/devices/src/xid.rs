//! Xid errors: the numbers under which NVIDIA's driver reports what went wrong on a GPU.
//!
//! A number that is not listed here counts as the GPU's own fault: new ones appear with new drivers, and a GPU that computes wrong
//! costs more than one that rests.

/// What NVIDIA's catalogue of Xid errors lays at the running program's door, or calls harmless once the program has ended.
const OF_THE_PROGRAM: [u64; 6] = [
    13,  // graphics engine exception
    31,  // memory page fault
    43,  // the program's channel stopped
    45,  // channels torn down after an earlier error
    68,  // video processor exception
    109, // context switch timeout
];
/// What the driver dealt with itself; what stays of it is in the counters, which are looked at by themselves.
const DEALT_WITH: [u64; 3] = [
    63, // a row of memory or a page is recorded to be taken out of use
    92, // many errors that ECC corrected
    94, // an error that ECC could not correct, kept within the program it hit
];

/// Whether the GPU cannot be trusted with further work until it is reset.
pub fn is_fatal(xid: u64) -> bool {
    !OF_THE_PROGRAM.contains(&xid) && !DEALT_WITH.contains(&xid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_cannot_take_a_gpu_out_of_service() {
        for xid in [13, 31, 43, 45, 68, 109, 63, 92, 94] {
            assert!(!is_fatal(xid), "{xid}");
        }
        // Double-bit ECC error, failed row remapping, NVLink, off the bus, uncontained ECC error, GSP timeouts, unknown.
        for xid in [48, 64, 74, 79, 95, 119, 120, 999, 10_000] {
            assert!(is_fatal(xid), "{xid}");
        }
    }
}
