//! What the events of a device's transactions add up to.

use grid_client::event::Event;
use solana_address::Address;

/// A transaction of a device.
pub struct Seen {
    /// What it did.
    pub events: Vec<Event>,
    /// Fee that the node paid for it, lamports.
    pub fee_lamports: u64,
}

/// What a device earned and lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Jobs that ended with pay.
    pub jobs: u64,
    /// Seconds that were paid for.
    pub seconds: u64,
    /// Earned, atoms.
    pub earned_atoms: u64,
    /// Paid out to the payee, atoms.
    pub withdrawn_atoms: u64,
    /// Taken from the bond, atoms.
    pub forfeited_atoms: u64,
    /// Fees of transactions, lamports.
    pub fee_lamports: u64,
}

/// Adds up the transactions that touched `device`. A worker sends one job a transaction, so that the end of a job in one of
/// them is that device's.
pub fn tally(seen: &[Seen], device: &Address) -> Tally {
    let mut tally = Tally::default();
    let add = |to: &mut u64, amount: u64| *to = to.saturating_add(amount);
    for transaction in seen {
        add(&mut tally.fee_lamports, transaction.fee_lamports);
        for event in &transaction.events {
            match event {
                Event::JobFinished(e) => {
                    add(&mut tally.jobs, 1);
                    add(&mut tally.seconds, e.seconds.get().into());
                    add(&mut tally.earned_atoms, e.paid_atoms.get());
                }
                Event::JobEnded(e) => {
                    add(&mut tally.jobs, 1);
                    add(&mut tally.seconds, e.seconds.get());
                    add(&mut tally.earned_atoms, e.paid_atoms.get());
                }
                Event::JobTakenBack(e) if e.device == *device => {
                    add(&mut tally.earned_atoms, e.paid_atoms.get());
                    add(&mut tally.forfeited_atoms, e.reward_atoms.get());
                    add(&mut tally.forfeited_atoms, e.compensation_atoms.get());
                }
                Event::EarningsWithdrawn(e) if e.device == *device => {
                    add(&mut tally.withdrawn_atoms, e.amount_atoms.get());
                }
                _ => {}
            }
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;
    use grid_client::event::{EarningsWithdrawn, JobEnded, JobFinished, JobTakenBack};

    #[test]
    fn what_a_device_did_is_added_up_and_what_others_did_is_not() {
        let (mine, other) = (Address::new_from_array([1; 32]), Address::new_from_array([2; 32]));
        let finished = JobFinished { seconds: 60.into(), paid_atoms: 600.into(), ..JobFinished::zeroed() };
        let ended = JobEnded { seconds: 5.into(), paid_atoms: 50.into(), ..JobEnded::zeroed() };
        let taken = |device| JobTakenBack {
            device,
            paid_atoms: 7.into(),
            reward_atoms: 2.into(),
            compensation_atoms: 3.into(),
            ..JobTakenBack::zeroed()
        };
        let withdrawn =
            |device| EarningsWithdrawn { device, amount_atoms: 400.into(), ..EarningsWithdrawn::zeroed() };
        let seen = [
            Seen { events: vec![Event::JobFinished(finished)], fee_lamports: 5_000 },
            Seen { events: vec![Event::JobEnded(ended)], fee_lamports: 0 },
            Seen { events: vec![Event::JobTakenBack(taken(mine))], fee_lamports: 0 },
            // The other one lost a job that met this device.
            Seen { events: vec![Event::JobTakenBack(taken(other))], fee_lamports: 0 },
            Seen {
                events: vec![
                    Event::EarningsWithdrawn(withdrawn(mine)),
                    Event::EarningsWithdrawn(withdrawn(other)),
                ],
                fee_lamports: 5_000,
            },
        ];
        let expected = Tally {
            jobs: 2,
            seconds: 65,
            earned_atoms: 657,
            withdrawn_atoms: 400,
            forfeited_atoms: 5,
            fee_lamports: 10_000,
        };
        assert_eq!(tally(&seen, &mine), expected);
    }
}
