/// Ends the program the way the Solana runtime reports panics: with the file, line and column.
#[cfg(target_os = "solana")]
fn solana_panic(location: &Location<'_>) -> ! {
    unsafe extern "C" {
        fn sol_panic_(file: *const u8, length: u64, line: u64, column: u64) -> !;
    }
    let file = location.file();
    // SAFETY: the runtime reads `length` bytes at `file`, then stops the program.
    unsafe {
        sol_panic_(file.as_ptr(), file.len() as u64, location.line() as u64, location.column() as u64)
    }
}

