//! Grid.
fn main() {}
