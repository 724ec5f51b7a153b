//! Grid client.
