//! Events of the programs in words.

use grid_client::event::Event;
use grid_executor::{BenchClass, Digest};
use grid_jobs::{AccessRule, AdmissionRule, JobState};
use grid_nodes::CollectionRole;
use solana_address::Address;

/// How addresses and amounts are put into words.
pub trait Words {
    /// What an address is called.
    fn name(&self, address: &Address) -> String;
    /// An amount, with its symbol.
    fn tokens(&self, atoms: u64) -> String;
}

/// What an event says.
pub fn event(event: &Event, words: &dyn Words) -> String {
    let name = |address: &Address| words.name(address);
    let tokens = |atoms: u64| words.tokens(atoms);
    match event {
        Event::ConfigInitialized(e) => format!("config: initialised, admin {}", name(&e.admin)),
        Event::VaultOpened(e) => format!("{}: opened", name(&e.vault)),
        Event::MarketOpened(e) => format!(
            "{}: opened at {} a second, room for {}",
            name(&e.market),
            tokens(e.price_per_second_atoms.get()),
            e.capacity
        ),
        Event::MarketGrown(e) => format!("{}: room for {}", name(&e.market), e.capacity_after),
        Event::ProjectOpened(e) => format!("{}: opened", name(&e.project)),
        Event::ProjectClosed(e) => format!("{}: closed", name(&e.project)),
        Event::Deposited(e) => format!(
            "{}: +{}, balance {}",
            name(&e.project),
            tokens(e.amount_atoms.get()),
            tokens(e.balance_after_atoms.get())
        ),
        Event::Withdrawn(e) => format!(
            "{}: -{}, balance {}",
            name(&e.project),
            tokens(e.amount_atoms.get()),
            tokens(e.balance_after_atoms.get())
        ),
        Event::DeviceOpened(e) => format!("{}: opened, idle", name(&e.device)),
        Event::DeviceClosed(e) => format!("{}: closed", name(&e.device)),
        Event::BondFunded(e) => format!("{}: bond {}", name(&e.device), tokens(e.bond_after_atoms.get())),
        Event::BondWithdrawn(e) => format!("{}: bond {}", name(&e.device), tokens(e.bond_after_atoms.get())),
        Event::JobQueued(e) => {
            format!("{}: queued, escrow {}", name(&e.job), tokens(e.escrow_atoms.get()))
        }
        Event::JobMatched(e) => {
            let escrow = tokens(e.escrow_atoms.get());
            format!("{}: assigned to {}, which waited; escrow {escrow}", name(&e.job), name(&e.device))
        }
        Event::JobDelisted(e) => {
            format!("{}: queued -> closed, refund {}", name(&e.job), tokens(e.refund_atoms.get()))
        }
        Event::DeviceQueued(e) => format!("{}: idle -> queued", name(&e.device)),
        Event::DeviceMatched(e) => {
            format!("{}: idle -> assigned, takes {}, which waited", name(&e.device), name(&e.job))
        }
        Event::DeviceLeft(e) => format!("{}: queued -> idle", name(&e.device)),
        Event::JobStarted(e) => format!("{}: assigned -> running", name(&e.job)),
        Event::JobTakenBack(e) => {
            let state = match e.job_state {
                state if state == JobState::Assigned as u8 => format!("assigned to {}", name(&e.next_device)),
                state if state == JobState::Stopped as u8 => "stopped and refunded".to_owned(),
                _ => "back at the head of the queue".to_owned(),
            };
            let cause = match e.cause {
                1 => "declined",
                2 => "given up",
                3 => "not started in time",
                _ => "not finished in time, or silent",
            };
            format!("{}: {cause} by {}, {state}", name(&e.job), name(&e.device))
        }
        Event::JobFinished(e) => format!(
            "{}: running -> done, {} s: {} to its device, fee {}, refund {}",
            name(&e.job),
            e.seconds,
            tokens(e.paid_atoms.get()),
            tokens(e.fee_atoms.get()),
            tokens(e.refund_atoms.get())
        ),
        Event::JobEnded(e) => format!(
            "{}: running -> done, ended by its client after {} s: {} to its device, fee {}, refund {}",
            name(&e.job),
            e.seconds,
            tokens(e.paid_atoms.get()),
            tokens(e.fee_atoms.get()),
            tokens(e.refund_atoms.get())
        ),
        Event::ResultPosted(e) => format!("{}: result posted", name(&e.job)),
        Event::JobExtended(e) => {
            format!(
                "{}: {} s, escrow {}",
                name(&e.job),
                e.timeout_after_seconds,
                tokens(e.escrow_after_atoms.get())
            )
        }
        Event::JobNotified(e) => format!("{}: notice given", name(&e.job)),
        Event::DeviceNotified(e) => format!("{}: notice given", name(&e.device)),
        Event::JobClosed(e) => format!("{}: closed", name(&e.job)),
        Event::EarningsWithdrawn(e) => {
            format!("{}: {} paid out", name(&e.device), tokens(e.amount_atoms.get()))
        }
        Event::FeesCollected(e) => format!(
            "{}: fees: {} to stakers, {} burnt, {} to the {}",
            name(&e.market),
            tokens(e.stakers_atoms.get()),
            tokens(e.burnt_atoms.get()),
            tokens(e.treasury_atoms.get()),
            name(&e.destination)
        ),
        Event::StakeMintChanged(e) => {
            format!("config: stakes of {} earn shares of fees", name(&e.stake_mint))
        }
        Event::PayeeChanged(e) => format!("{}: payee {}", name(&e.device), name(&e.payee)),
        Event::MemberSet(e) => format!(
            "{}: member {}, {} each {} s",
            name(&e.project),
            name(&e.key),
            tokens(e.limit_atoms.get()),
            e.period_seconds
        ),
        Event::MemberClosed(e) => format!("{}: {} is no member any more", name(&e.project), name(&e.key)),
        Event::MarketUpdated(e) => {
            format!("{}: new terms, {} a second", name(&e.market), tokens(e.price_per_second_atoms.get()))
        }
        Event::MarketAuthorityProposed(e) => {
            format!("{}: offered to {}", name(&e.market), name(&e.new_authority))
        }
        Event::MarketAuthorityChanged(e) => format!("{}: authority {}", name(&e.market), name(&e.authority)),
        Event::MarketPaused(e) => format!("{}: entries paused until {}", name(&e.market), e.until),
        Event::MarketClosed(e) => format!("{}: closed", name(&e.market)),
        Event::DepositsPaused(e) => format!("config: deposits paused until {}", e.until),
        Event::AdmissionChanged(e) => {
            format!("{}: asks for {}", name(&e.market), admission(&e.admission, words))
        }
        Event::DeviceAdmitted(e) => {
            format!(
                "{}: admitted; {} backs {} of the node's devices",
                name(&e.device),
                name(&e.mint),
                e.devices_after
            )
        }
        Event::DeviceDismissed(e) => {
            format!(
                "{}: dismissed; {} backs {} of the node's devices",
                name(&e.device),
                name(&e.mint),
                e.devices_after
            )
        }
        Event::NodeRegistered(e) => {
            format!("{}: registered; slot {} stands for its hardware", name(&e.node), e.hardware_slot)
        }
        Event::NodeUpdated(e) => {
            format!("{}: told anew; slot {} stands for its hardware", name(&e.node), e.hardware_slot)
        }
        Event::NodeClosed(e) => format!("{}: off the registry", name(&e.node)),
        Event::CollectionOpened(e) => {
            let how = if e.is_ours == 1 { "made" } else { "adopted" };
            format!("{}: {how}, authority {}", name(&e.collection), name(&e.authority))
        }
        Event::CollectionRoleProposed(e) => {
            format!("{}: role of {} offered to {}", name(&e.collection), role(e.role), name(&e.to))
        }
        Event::CollectionRoleChanged(e) => {
            format!("{}: {} {}", name(&e.collection), role(e.role), name(&e.holder))
        }
        Event::Attested(e) => format!(
            "{}: {}, attested by {}, result {}",
            name(&e.node),
            score(e.class.get(), e.score.get()),
            name(&e.attestor),
            Digest(e.result)
        ),
        Event::AttestationClosed(e) => {
            let why = if e.is_revoked == 1 { "revoked" } else { "expired, closed" };
            format!("{}: attestation in class {} {why}", name(&e.node), e.class)
        }
        Event::AccessIssued(e) => {
            format!("{}: issued to {}, in the {}", name(&e.mint), name(&e.node), name(&e.collection))
        }
        Event::AccessRevoked(e) => {
            format!("{}: not in the {} any more", name(&e.mint), name(&e.collection))
        }
        Event::ConfigUpdated(e) => {
            format!("config: pauser {}, treasury {}", name(&e.pauser), name(&e.treasury))
        }
        Event::AdminProposed(e) => format!("config: admin role offered to {}", name(&e.new_admin)),
        Event::AdminChanged(e) => format!("config: admin {}", name(&e.admin)),
        Event::SettingsOpened(e) => {
            format!("{}: stakeable, slashed by {}", name(&e.mint), name(&e.authority))
        }
        Event::SettingsUpdated(e) => {
            format!(
                "{}: {} of 10,000 may be slashed each {} s",
                name(&e.mint),
                e.slash_cap_bps,
                e.slash_epoch_seconds
            )
        }
        Event::RoleProposed(e) => format!("{}: role offered to {}", name(&e.mint), name(&e.to)),
        Event::RoleChanged(e) => format!("{}: role of {}", name(&e.mint), name(&e.holder)),
        Event::Staked(e) => {
            format!("{}: {}, weight {}", name(&e.stake), tokens(e.amount_atoms.get()), e.weight)
        }
        Event::StakeToppedUp(e) => {
            format!("{}: {}, weight {}", name(&e.stake), tokens(e.total_after_atoms.get()), e.weight_after)
        }
        Event::StakeExtended(e) => {
            format!("{}: {} s, weight {}", name(&e.stake), e.duration_seconds, e.weight_after)
        }
        Event::Unstaked(e) => format!("{}: staked -> unstaking, weight 0", name(&e.stake)),
        Event::Restaked(e) => {
            format!("{}: unstaking -> staked, weight {}", name(&e.stake), e.weight_after)
        }
        Event::StakeWithdrawn(e) => format!("{}: {} paid out", name(&e.stake), tokens(e.amount_atoms.get())),
        Event::Slashed(e) => format!("{}: {} slashed", name(&e.stake), tokens(e.amount_atoms.get())),
        Event::StakeClosed(e) => format!("{}: closed", name(&e.stake)),
        Event::PoolOpened(e) => format!("{}: opened", name(&e.pool)),
        Event::RewardsAdded(e) => {
            format!("{}: +{} for a weight of {}", name(&e.pool), tokens(e.amount_atoms.get()), e.total_weight)
        }
        Event::PositionOpened(e) => {
            format!("{} enters {}, pending weight {}", name(&e.stake), name(&e.pool), e.pending_weight)
        }
        Event::PositionSynced(e) => {
            format!("position: active weight {}, pending {}", e.active_weight, e.pending_weight)
        }
        Event::RewardsClaimed(e) => format!("position: {} paid out", tokens(e.amount_atoms.get())),
        Event::PositionClosed(_) => "position: closed".to_owned(),
        Event::EmissionOpened(e) => {
            format!("{}: opened at {} a second", name(&e.emission), tokens(e.rate_per_second_atoms.get()))
        }
        Event::EmissionFunded(e) => {
            format!("{}: balance {}", name(&e.emission), tokens(e.balance_after_atoms.get()))
        }
        Event::EmissionClaimed(e) => {
            format!("{}: {} to {}", name(&e.emission), tokens(e.amount_atoms.get()), name(&e.beneficiary))
        }
        Event::BeneficiaryChanged(e) => {
            format!("{}: beneficiary {}", name(&e.emission), name(&e.beneficiary))
        }
        Event::EmissionStopped(e) => {
            format!("{}: ended, {} still due", name(&e.emission), tokens(e.due_atoms.get()))
        }
        Event::EmissionClosed(e) => format!("{}: closed", name(&e.emission)),
    }
}

/// A role of a collection.
fn role(number: u8) -> &'static str {
    if number == CollectionRole::Attestor as u8 { "attestor" } else { "authority" }
}

/// What a rule asks for.
pub fn admission(rule: &AdmissionRule, words: &dyn Words) -> String {
    let mut asked = Vec::new();
    if rule.access != AccessRule::NotAsked as u8 {
        let who = if rule.access == AccessRule::Issued as u8 { " (issued to the node)" } else { "" };
        asked.push(format!("an NFT of the {}{who}", words.name(&rule.collection)));
    }
    if !rule.benchmark_class.is_zero() {
        asked.push(format!("at least {}", score(rule.benchmark_class.get(), rule.min_score.get())));
    }
    if !rule.min_stake_weight.is_zero() {
        asked.push(format!("a stake that weighs {}", words.tokens(rule.min_stake_weight.get())));
    }
    if asked.is_empty() {
        return "nothing".to_owned();
    }
    asked.join(", ")
}

/// A score with its unit, and its class.
pub fn score(class: u16, score: u64) -> String {
    let unit = BenchClass::from_number(class).map_or("of an unknown unit", BenchClass::unit);
    format!("{score} {unit} (class {class})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use grid_jobs::AdmissionTerms;

    struct Plain;

    impl Words for Plain {
        fn name(&self, _: &Address) -> String {
            "collection".to_owned()
        }

        fn tokens(&self, atoms: u64) -> String {
            format!("{atoms} GRID")
        }
    }

    #[test]
    fn a_rule_says_what_it_asks_for() {
        let words = |terms: AdmissionTerms| admission(&(&terms).into(), &Plain);
        let (open, collection) = (AdmissionTerms::OPEN, Address::new_from_array([1; 32]));
        assert_eq!(words(open), "nothing");
        let holder = AdmissionTerms { access: AccessRule::Holder, collection, ..open };
        assert_eq!(words(holder), "an NFT of the collection");
        let all = AdmissionTerms {
            access: AccessRule::Issued,
            collection,
            benchmark_class: 1,
            min_score: 7,
            stake_mint: collection,
            min_stake_weight: 15,
        };
        assert_eq!(
            words(all),
            "an NFT of the collection (issued to the node), at least 7 fp32 megaflops (class 1), a stake that weighs 15 GRID"
        );
        assert_eq!(score(9, 3), "3 of an unknown unit (class 9)");
    }
}
