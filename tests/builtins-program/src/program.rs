//! The entry point on the VM.

use crate::{arithmetic, memory, BYTES, RECORD, RECORDS};

/// Computes in place, as the crate's documentation describes.
///
/// # Safety
/// `input` points to such an input, of the length its counts give.
#[no_mangle]
pub unsafe extern "C" fn entrypoint(input: *mut u8) -> u64 {
    // SAFETY: as promised by the caller.
    unsafe {
        let code = read(input, 0) as usize;
        match code.checked_sub(arithmetic::OPERATIONS.len()) {
            None => {
                for index in 0..read(input, 8) as usize {
                    compute(code, input.add(RECORDS + index * RECORD));
                }
            }
            Some(operation) => {
                let [to, from, length] = [8, 16, 24].map(|offset| read(input, offset) as usize);
                let end = (to + length).max(if operation == 2 { 0 } else { from + length });
                let bytes = core::slice::from_raw_parts_mut(input.add(BYTES), end);
                let result = memory::run(operation, bytes, to, from, length);
                input.add(32).cast::<u64>().write_unaligned(result);
            }
        }
    }
    0
}

unsafe fn compute(code: usize, record: *mut u8) {
    // SAFETY: the caller points at a record.
    unsafe {
        let a = record.cast::<u128>().read_unaligned();
        let b = record.add(16).cast::<u128>().read_unaligned();
        let outcome = arithmetic::compute(code, a, b);
        record.add(32).cast::<u128>().write_unaligned(outcome.value);
        record.add(48).cast::<u64>().write_unaligned(u64::from(outcome.flag));
    }
}

unsafe fn read(input: *const u8, offset: usize) -> u64 {
    // SAFETY: the caller stays within the input.
    unsafe { input.add(offset).cast::<u64>().read_unaligned() }
}
