//! `register_node`: enters the signing node into the registry.
//!
//! Signs: the node, who pays the rent.
//! It shall fail when: the node is registered already; a value is out of its bounds: the error names it.

use crate::{
    constants::LAYOUT_VERSION,
    events::{self, NodeRegistered},
    state::{Hardware, Node, Software},
};
use anchor_lang::prelude::*;

/// Accounts of `register_node`.
#[derive(Accounts)]
pub struct RegisterNode {
    /// The node; pays the rent.
    #[account(mut)]
    pub node: Signer,
    /// Its record.
    #[account(init, payer = node, space = Node::SPACE, seeds = [b"node", node.address().as_ref()], bump)]
    pub record: Account<Node>,
    /// The system program.
    pub system_program: Program<System>,
}

/// Handles `register_node`.
pub fn handle_register_node(
    ctx: &mut Context<RegisterNode>,
    hardware: &Hardware,
    software: &Software,
) -> Result<()> {
    let bump = ctx.bumps.record;
    let accounts = &mut ctx.accounts;
    let clock = Clock::get()?;
    let (node, record) = (*accounts.node.address(), &mut accounts.record);
    record.version = LAYOUT_VERSION;
    record.bump = bump;
    record.node = node;
    record.registered_at = clock.unix_timestamp.into();
    record.tell(hardware, software, &clock)?;
    events::log!(NodeRegistered { node, hardware_slot: record.hardware_slot });
    Ok(())
}
