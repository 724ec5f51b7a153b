//! `update_node`: tells a node's details anew. Other hardware ends its attestations; other software does not.
//!
//! Signs: the node.
//! It shall fail when: the signer is not the node; a value is out of its bounds: the error names it; the hardware is
//! another, and was told in this very slot.

use crate::{
    errors::NodesError,
    events::{self, NodeUpdated},
    state::{Hardware, Node, Software},
};
use anchor_lang::prelude::*;

/// Accounts of `update_node`.
#[derive(Accounts)]
pub struct UpdateNode {
    /// The node.
    #[account(address = record.node @ NodesError::NotNode)]
    pub node: Signer,
    /// Its record.
    #[account(mut)]
    pub record: Account<Node>,
}

/// Handles `update_node`.
pub fn handle_update_node(
    ctx: &mut Context<UpdateNode>,
    hardware: &Hardware,
    software: &Software,
) -> Result<()> {
    let record = &mut ctx.accounts.record;
    record.tell(hardware, software, &Clock::get()?)?;
    events::log!(NodeUpdated { node: record.node, hardware_slot: record.hardware_slot });
    Ok(())
}
