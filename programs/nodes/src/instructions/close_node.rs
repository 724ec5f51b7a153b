//! `close_node`: takes a node off the registry; the rent goes back to the node. Its attestations do not hold any more,
//! not even when it registers again.
//!
//! Signs: the node.
//! It shall fail when: the signer is not the node; its hardware was told in this very slot.

use crate::{
    errors::NodesError,
    events::{self, NodeClosed},
    state::Node,
};
use anchor_lang::{prelude::*, AccountClose};

/// Accounts of `close_node`.
#[derive(Accounts)]
pub struct CloseNode {
    /// The node; gets the rent.
    #[account(mut, address = record.node @ NodesError::NotNode)]
    pub node: Signer,
    /// Its record.
    #[account(mut)]
    pub record: Account<Node>,
}

/// Handles `close_node`.
pub fn handle_close_node(ctx: &mut Context<CloseNode>) -> Result<()> {
    let accounts = &mut ctx.accounts;
    accounts.record.require_settled(Clock::get()?.slot)?;
    accounts.record.close(*accounts.node.account())?;
    events::log!(NodeClosed { node: *accounts.node.address() });
    Ok(())
}
