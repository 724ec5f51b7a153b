//! Grid landing engine: transactions that are never lost and never paid twice.
