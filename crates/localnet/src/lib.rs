//! Grid localnet.
