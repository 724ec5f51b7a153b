//! Bounds.

/// Layout version that accounts of this release are written with.
pub const LAYOUT_VERSION: u8 = 1;

/// Bytes of a GPU's or processor's model name.
pub const MODEL_BYTES: usize = 48;

/// Bytes of a node's endpoint.
pub const ENDPOINT_BYTES: usize = 128;

/// Most GPUs of one node.
pub const MAX_GPUS: u16 = 64;

/// Most memory of one GPU, MiB: 4 TiB.
pub const MAX_VRAM_MIB: u32 = 4 * 1024 * 1024;

/// Most cores of one node.
pub const MAX_CPU_CORES: u16 = 4_096;

/// Most main memory of one node, MiB: 64 TiB.
pub const MAX_RAM_MIB: u32 = 64 * 1024 * 1024;

/// Most disk of one node, GiB: 1 PiB.
pub const MAX_DISK_GIB: u32 = 1024 * 1024;

/// Longest life of an attestation, seconds: a leap year.
pub const MAX_ATTESTATION_SECONDS: i64 = 366 * 86_400;

/// Longest name of an NFT, bytes. Source: `MAX_NAME_LENGTH` of Token Metadata.
pub const MAX_NAME_BYTES: usize = 32;

/// Longest symbol of an NFT, bytes. Source: `MAX_SYMBOL_LENGTH` of Token Metadata.
pub const MAX_SYMBOL_BYTES: usize = 10;

/// Longest URI of an NFT, bytes. Source: `MAX_URI_LENGTH` of Token Metadata.
pub const MAX_URI_BYTES: usize = 200;
