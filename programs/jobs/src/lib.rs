//! Grid jobs program.
