//! Operations bent so that they must fail, whatever the state.

use crate::{
    arena::{Addresses, Arena},
    op::{self, Op},
};
use rand::{Rng, seq::IteratorRandom};
use solana_instruction::Instruction;

/// Draws until an operation is found that would succeed.
const DRAWS: usize = 40;

/// Draws an honest operation, bends it and sees it fail.
pub fn step(arena: &mut Arena, random: &mut impl Rng) {
    // One that would succeed, if there is one: then the bend alone makes it fail.
    let draws = std::iter::repeat_with(|| op::random(&arena.model, random)).take(DRAWS);
    let succeeds = |op: &Op| op.apply(&mut arena.model.clone()).is_ok() && !matches!(op, Op::Clock(_));
    let Some(op) = draws.into_iter().find(succeeds) else { return };
    let Some(instruction) = op.instruction(&arena.model, &arena.addresses) else {
        return;
    };
    let bent = bends(op, &instruction, &arena.addresses);
    if let Some((how, instruction)) = bent.into_iter().choose(random) {
        arena.must_fail(&format!("{op:?}, {how}"), instruction);
    }
}

fn bends(op: Op, honest: &Instruction, at: &Addresses) -> Vec<(String, Instruction)> {
    let mut found = Vec::new();
    let mut bend = |how: String, change: &dyn Fn(&mut Instruction)| {
        let mut bent = honest.clone();
        change(&mut bent);
        if bent != *honest {
            found.push((how, bent));
        }
    };
    // Anyone may grow a market, and close a job after its retention.
    let anyone = matches!(op, Op::Grow(_) | Op::CloseJob(..));
    for (slot, meta) in honest.accounts.iter().enumerate() {
        if meta.is_signer {
            bend(format!("slot {slot} does not sign"), &|bent| {
                bent.accounts[slot].is_signer = false;
            });
            if !anyone {
                bend(format!("a stranger signs in slot {slot}"), &|bent| {
                    bent.accounts[slot].pubkey = at.stranger;
                });
            }
        }
        if meta.is_writable {
            bend(format!("slot {slot} is read-only"), &|bent| {
                bent.accounts[slot].is_writable = false;
            });
        }
        let others: &[_] = match meta.pubkey {
            // Anyone may deposit for anyone, and list where he likes.
            key if at.projects.contains(&key) && !matches!(op, Op::Deposit(..)) => &at.projects,
            key if at.markets.contains(&key) && !matches!(op, Op::List(..) | Op::Grow(_)) => &at.markets,
            key if key == at.vault && !matches!(op, Op::Donate(..)) => &at.strangers_accounts,
            _ => &[],
        };
        for other in others {
            bend(format!("slot {slot} is {other}"), &|bent| {
                bent.accounts[slot].pubkey = *other;
            });
        }
        // Devices of the same node are interchangeable for some operations; others' never are, but for gifts.
        if let Some(device) = at.devices.iter().position(|device| *device == meta.pubkey) {
            let theirs = at.devices[(device + 2) % at.devices.len()];
            if !matches!(op, Op::FundBond(..)) {
                bend(format!("slot {slot} is another node's device"), &|bent| {
                    bent.accounts[slot].pubkey = theirs;
                });
            }
        }
    }
    match op {
        Op::Delist(_) | Op::CloseJob(..) => bend("the rent goes to a stranger".into(), &|bent| {
            bent.accounts.last_mut().expect("it has accounts").pubkey = at.stranger;
        }),
        Op::WithdrawBond(..) | Op::WithdrawEarnings(_) => {
            let destination = honest.accounts.len() - 2;
            bend("it is paid to a stranger".into(), &|bent| {
                bent.accounts[destination].pubkey = at.strangers_accounts[0];
            });
        }
        _ => {}
    }
    bend("the data is one byte short".into(), &|bent| {
        bent.data.pop();
    });
    found
}
