//! Operations bent so that they must fail, whatever the state.

use crate::{cast, op};
use grid_tests::{
    arena::{Addresses, Arena, instruction},
    model::{Model, Op, Party},
};
use rand::{Rng, seq::IteratorRandom};
use solana_instruction::Instruction;

/// Draws until an operation is found that would succeed.
const DRAWS: usize = 40;

/// Draws an honest operation, bends it and sees it fail; whether there was one.
pub fn step(arena: &mut Arena, random: &mut impl Rng) -> bool {
    // One that would succeed, if there is one: then the bend alone makes it fail.
    let draws = std::iter::repeat_with(|| op::random(&arena.model, random)).take(DRAWS);
    let succeeds = |op: &Op| op.apply(&mut arena.model.clone()).is_ok();
    let Some(op) = draws.into_iter().find(succeeds) else { return false };
    let Some(honest) = instruction(&op, &arena.model, &arena.at) else { return false };
    let bent = bends(&op, &honest, &arena.model, &arena.at);
    let Some((how, instruction)) = bent.into_iter().choose(random) else { return false };
    arena.must_fail(&format!("{op:?}, {how}"), instruction);
    true
}

fn bends(op: &Op, honest: &Instruction, model: &Model, at: &Addresses) -> Vec<(String, Instruction)> {
    let mut found = Vec::new();
    let mut bend = |how: String, change: &dyn Fn(&mut Instruction)| {
        let mut bent = honest.clone();
        change(&mut bent);
        if bent != *honest {
            found.push((how, bent));
        }
    };
    let stranger = at.key(Party::Stranger);
    let strangers_may = strangers_may(op, model);
    for (slot, meta) in honest.accounts.iter().enumerate() {
        if meta.is_signer {
            bend(format!("slot {slot} does not sign"), &|bent| {
                bent.accounts[slot].is_signer = false;
            });
            if !strangers_may {
                bend(format!("a stranger signs in slot {slot}"), &|bent| {
                    bent.accounts[slot].pubkey = stranger;
                });
            }
        }
        if meta.is_writable {
            bend(format!("slot {slot} is read-only"), &|bent| {
                bent.accounts[slot].is_writable = false;
            });
        }
        let strangers_tokens = [at.tokens(Party::Stranger)];
        let others: &[_] = match meta.pubkey {
            key if at.projects.contains(&key) && is_bound_to_project(op) => &at.projects,
            key if at.markets.contains(&key) && is_bound_to_market(op) => &at.markets,
            key if key == at.vault && !matches!(op, Op::Donate(..)) => &strangers_tokens,
            _ => &[],
        };
        for other in others {
            bend(format!("slot {slot} is {other}"), &|bent| {
                bent.accounts[slot].pubkey = *other;
            });
        }
        let device = at.devices.iter().position(|device| *device == meta.pubkey);
        if let Some(device) = device {
            let theirs = (device + cast::MARKETS) % at.devices.len();
            if is_bound_to_device(op, device, theirs, model) {
                bend(format!("slot {slot} is another node's device"), &|bent| {
                    bent.accounts[slot].pubkey = at.devices[theirs];
                });
            }
        }
    }
    if let Some(slot) = receiver(op, honest) {
        let thief = if is_paid_in_tokens(op) { at.tokens(Party::Stranger) } else { stranger };
        bend("it goes to a stranger".into(), &|bent| bent.accounts[slot].pubkey = thief);
    }
    bend("the data is one byte short".into(), &|bent| {
        bent.data.pop();
    });
    found
}

/// Whether somebody else could sign just as well.
fn strangers_may(op: &Op, model: &Model) -> bool {
    let strange = match *op {
        Op::GrowMarket(_) => return true,
        Op::CloseDevice(_, device) => Op::CloseDevice(Party::Stranger, device),
        Op::WithdrawBond(_, device, amount) => Op::WithdrawBond(Party::Stranger, device, amount),
        Op::Leave(_, device) => Op::Leave(Party::Stranger, device),
        Op::Delist(_, job) => Op::Delist(Party::Stranger, job),
        Op::CloseJob(_, job) => Op::CloseJob(Party::Stranger, job),
        _ => return false,
    };
    strange.apply(&mut model.clone()).is_ok()
}

/// Anyone may deposit for anyone.
fn is_bound_to_project(op: &Op) -> bool {
    !matches!(op, Op::Deposit(..))
}

/// One may list where one likes; and who holds a role in one market may well hold it in the other.
fn is_bound_to_market(op: &Op) -> bool {
    !matches!(
        op,
        Op::List(..)
            | Op::ListMany(..)
            | Op::GrowMarket(_)
            | Op::CollectFees(_)
            | Op::UpdateMarket(..)
            | Op::PauseMarket(..)
            | Op::ProposeMarketAuthority(..)
            | Op::AcceptMarketAuthority(..)
            | Op::CloseMarket(..)
    )
}

/// Anyone may give to any device, and ask for one that waits; the other one may have had its notice, or the same payee.
fn is_bound_to_device(op: &Op, device: usize, theirs: usize, model: &Model) -> bool {
    let payee = |device: usize| model.devices[device].as_ref().map(|device| device.payee);
    match op {
        Op::FundBond(..) | Op::NotifyDevice(_) | Op::ListDirect(..) => false,
        Op::Leave(..) => Op::Leave(Party::Stranger, theirs).apply(&mut model.clone()).is_err(),
        Op::SetPayee(..) | Op::WithdrawBond(..) | Op::WithdrawEarnings(_) => payee(device) != payee(theirs),
        _ => true,
    }
}

/// The slot of who gets rent or tokens.
fn receiver(op: &Op, honest: &Instruction) -> Option<usize> {
    match op {
        Op::Delist(..) | Op::CloseJob(..) => Some(honest.accounts.len() - 1),
        Op::CloseDevice(..) | Op::CloseMember(..) => Some(1),
        _ if is_paid_in_tokens(op) => Some(honest.accounts.len() - 2),
        _ => None,
    }
}

/// Whether its receiver is a token account, and not of the signer's choice.
fn is_paid_in_tokens(op: &Op) -> bool {
    matches!(op, Op::WithdrawBond(..) | Op::WithdrawEarnings(_) | Op::CollectFees(_))
}
