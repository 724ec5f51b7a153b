//! The instructions, one file each.

pub mod accept_collection_role;
pub mod adopt_collection;
pub mod attest;
pub mod close_attestation;
pub mod close_node;
pub mod create_collection;
pub mod issue_access;
pub mod propose_collection_role;
pub mod register_node;
pub mod revoke_access;
pub mod revoke_attestation;
pub mod update_node;

pub use {
    accept_collection_role::*, adopt_collection::*, attest::*, close_attestation::*, close_node::*,
    create_collection::*, issue_access::*, propose_collection_role::*, register_node::*, revoke_access::*,
    revoke_attestation::*, update_node::*,
};
