//! What upstream's std needs to know about the Solana VM: its heap, one thread, no random source, its panics.

use super::edit::Edit;

/// Files added to the library folder: path below it and contents.
pub const NEW_FILES: [(&str, &str); 1] =
    [("std/src/sys/alloc/solana.rs", include_str!("../../sbf/std/alloc.rs"))];

/// Every edit, in order; several may touch one file.
pub const EDITS: [Edit; 10] = [
    // The heap.
    Edit::after(
        "std/src/sys/alloc/mod.rs",
        "    target_arch = \"hexagon\",\n",
        "    target_arch = \"bpf\",\n",
    ),
    Edit::before(
        "std/src/sys/alloc/mod.rs",
        "    target_os = \"zkvm\" => {\n        mod zkvm;\n",
        "    target_os = \"solana\" => {\n        mod solana;\n    }\n",
    ),
    // Errors without an operating system.
    Edit::after(
        "std/src/sys/io/error/mod.rs",
        "        target_os = \"zkvm\",\n",
        "        target_os = \"solana\",\n",
    ),
    // One thread: thread locals are statics and nothing runs at thread exit.
    Edit::after(
        "std/src/sys/thread_local/mod.rs",
        "target_os = \"zkvm\",\n",
        "        target_os = \"solana\",\n",
    )
    .times(2),
    // No random source.
    Edit::before(
        "std/src/sys/random/mod.rs",
        "        target_os = \"vexos\",\n    ) => {\n",
        "        target_os = \"solana\",\n",
    ),
    Edit::before(
        "std/src/sys/random/mod.rs",
        "    target_os = \"vexos\",\n)))]\n",
        "    target_os = \"solana\",\n",
    ),
    // Panics end in the runtime's own report. The hook is a writable static, which a program can't have.
    Edit::before(
        "std/src/panicking.rs",
        "/// Entry point of panics from the core crate (`panic_impl` lang item).\n",
        include_str!("../../sbf/std/panic.rs"),
    ),
    Edit::after(
        "std/src/panicking.rs",
        "pub fn panic_handler(info: &core::panic::PanicInfo<'_>) -> ! {\n",
        "    #[cfg(target_os = \"solana\")]\n    solana_panic(info.location().unwrap());\n",
    ),
    Edit::before(
        "std/src/panicking.rs",
        "    let must_abort = panic_count::increase(true);\n",
        "    #[cfg(target_os = \"solana\")]\n    solana_panic(location);\n",
    ),
    // Hash maps keyed alike on every run: a program must be deterministic, and the key cell is writable.
    Edit::before(
        "std/src/hash/random.rs",
        "        // Historically this function did not cache keys from the OS and instead\n",
        "        #[cfg(target_os = \"solana\")]\n        \
         return RandomState { k0: 0x9e37_79b9_7f4a_7c15, k1: 0xbf58_476d_1ce4_e5b9 };\n",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_insertion_is_whole_lines() {
        for edit in EDITS {
            assert!(edit.text.ends_with('\n'), "{edit:?}");
        }
    }

    #[test]
    fn the_thread_local_edit_keeps_both_lists_intact() {
        let edit = EDITS.iter().find(|edit| edit.file.contains("thread_local")).unwrap();
        let source = "any(\n        target_os = \"zkvm\",\n)\nany(\n            target_os = \"zkvm\",\n)\n";
        let edited = edit.apply(source).unwrap();
        assert_eq!(edited.matches("target_os = \"solana\",\n").count(), 2);
        assert_eq!(edited.matches("target_os = \"zkvm\",\n").count(), 2);
    }
}
