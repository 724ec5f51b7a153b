//! The instructions of the jobs program, one file each.

mod list;
