//! The heap of a Solana program: 32 KiB at a fixed address, zeroed, never given back.
//! Its first word holds the address of the last byte handed out.

use crate::alloc::{GlobalAlloc, Layout, System};

const HEAP_START: usize = 0x3_0000_0000;
const HEAP_LENGTH: usize = 32 * 1024;

#[stable(feature = "alloc_system_type", since = "1.28.0")]
unsafe impl GlobalAlloc for System {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let position = HEAP_START as *mut usize;
        // SAFETY: the VM maps the heap at this address for the one thread that there is.
        unsafe {
            let end = if *position == 0 { HEAP_START + HEAP_LENGTH } else { *position };
            let start = end.saturating_sub(layout.size()) & !(layout.align() - 1);
            if start < HEAP_START + size_of::<usize>() {
                return crate::ptr::null_mut();
            }
            *position = start;
            start as *mut u8
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above; the heap starts zeroed and no byte is handed out twice.
        unsafe { self.alloc(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, _ptr: *mut u8, _layout: Layout) {}

    #[inline]
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's promises are those `realloc_fallback` asks for.
        unsafe { super::realloc_fallback(self, ptr, layout, new_size) }
    }
}
