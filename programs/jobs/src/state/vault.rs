//! The vault of a mint: one SPL token account that holds the tokens of every market, project and device of the mint.

/// First seed of a vault; the second is the mint. The vault is its own token authority.
pub const VAULT_SEED: &[u8] = b"vault";
