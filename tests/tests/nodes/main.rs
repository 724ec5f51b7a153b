//! The instructions of the nodes program, one file each, against the real Token Metadata program.

mod accept_collection_role;
mod adopt_collection;
mod attest;
mod close_attestation;
mod close_node;
mod costs;
mod create_collection;
mod issue_access;
mod propose_collection_role;
mod register_node;
mod revoke_access;
mod revoke_attestation;
mod support;
mod update_node;
