//! Grid node.
