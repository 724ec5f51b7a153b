//! Which weight earns: pending and active weight, weight that became less, fees that find no weight.

use crate::support::*;
use grid_client::{rewards, staking};
use grid_rewards::RewardsError;
use grid_staking::StakingError;
use grid_tests::{Incentives, network::GENESIS};
use solana_address::Address;
use solana_signer::Signer;

/// Active weights of 1,024 of the client and 3,072 of the node: every amount that 4,096 divides is shared exactly.
fn ready() -> (Incentives, Address, Address) {
    let mut i = incentives();
    let (client, node) = (i.world.client.pubkey(), i.world.node.pubkey());
    let (ours, theirs) = (enter(&mut i, client, 0, 256), enter(&mut i, node, 0, 768));
    wait(&mut i, DAY);
    sync(&mut i, &ours);
    sync(&mut i, &theirs);
    (i, ours, theirs)
}

/// A stake's owner adds tokens to it.
#[track_caller]
fn top_up(i: &mut Incentives, stake: &Address, amount: u64) {
    let (owner, mint) = (i.stake_of(stake).owner, i.world.mint);
    i.world.land(&[staking::top_up(owner, i.tokens_of(&owner), *stake, mint, amount)]);
}

/// A stake's owner begins its release.
#[track_caller]
fn unstake(i: &mut Incentives, stake: &Address) {
    let owner = i.stake_of(stake).owner;
    i.world.land(&[staking::unstake(owner, *stake)]);
}

/// A stake's owner ends its release.
#[track_caller]
fn restake(i: &mut Incentives, stake: &Address) {
    let owner = i.stake_of(stake).owner;
    i.world.land(&[staking::restake(owner, *stake)]);
}

/// Lets the slasher take everything.
fn unbind_slasher(i: &mut Incentives) {
    let (authority, mint) = (i.world.authority.pubkey(), i.world.mint);
    i.world.land(&[staking::update_settings(authority, &mint, i.slash_destination, 10_000, 3_600)]);
}

mod pending {
    use super::*;

    #[test]
    fn weight_is_pending_for_a_day() {
        for (seconds, expected) in
            [(0, (0, 1_024)), (DAY - 1, (0, 1_024)), (DAY, (1_024, 0)), (DAY + 1, (1_024, 0))]
        {
            let mut i = incentives();
            let client = i.world.client.pubkey();
            let stake = enter(&mut i, client, 0, 256);
            wait(&mut i, seconds);
            sync(&mut i, &stake);
            assert_eq!(weights(&i, &stake), expected, "after {seconds} s");
            assert_eq!(i.pool().total_weight.get(), expected.0);
        }
    }

    #[test]
    fn weight_becomes_active_only_when_somebody_looks() {
        let (mut i, ours, theirs) = ready();
        let client = i.world.client.pubkey();
        let late = enter(&mut i, client, 1, 1_024);
        wait(&mut i, 100 * DAY);
        i.add(4_096);
        assert_eq!(weights(&i, &late), (0, 4_096));
        sync(&mut i, &late);
        assert_eq!((weights(&i, &late), earned(&i, &late)), ((4_096, 0), 0));
        assert_eq!((i.claim(ours), i.claim(theirs)), (1_024, 3_072));
        i.add(8_192);
        assert_eq!((i.claim(late), i.claim(ours), i.claim(theirs)), (4_096, 1_024, 3_072));
        assert_books(&i, 0);
    }

    #[test]
    fn the_look_that_activates_pays_nothing_for_the_time_before() {
        let (mut i, ours, _) = ready();
        top_up(&mut i, &ours, 768);
        sync(&mut i, &ours);
        wait(&mut i, DAY);
        i.add(4_096);
        sync(&mut i, &ours);
        assert_eq!((earned(&i, &ours), weights(&i, &ours)), (1_024, (4_096, 0)));
        assert_books(&i, 0);
    }

    #[test]
    fn a_top_up_that_is_seen_restarts_the_day_for_all_that_is_pending() {
        let mut i = incentives();
        let client = i.world.client.pubkey();
        let stake = enter(&mut i, client, 0, 256);
        wait(&mut i, DAY - 1);
        top_up(&mut i, &stake, 1);
        sync(&mut i, &stake);
        assert_eq!(i.position(&stake).pending_since, GENESIS + DAY - 1);
        for (seconds, expected) in [(1, (0, 1_028)), (DAY - 2, (0, 1_028)), (1, (1_028, 0))] {
            wait(&mut i, seconds);
            sync(&mut i, &stake);
            assert_eq!(weights(&i, &stake), expected);
        }
    }

    #[test]
    fn the_day_of_a_top_up_begins_when_it_is_first_seen() {
        let mut i = incentives();
        let client = i.world.client.pubkey();
        let stake = enter(&mut i, client, 0, 256);
        wait(&mut i, 1);
        top_up(&mut i, &stake, 256);
        wait(&mut i, DAY);
        sync(&mut i, &stake);
        assert_eq!(weights(&i, &stake), (1_024, 1_024));
        assert_eq!(i.position(&stake).pending_since, GENESIS + DAY + 1);
        wait(&mut i, DAY - 1);
        sync(&mut i, &stake);
        assert_eq!(weights(&i, &stake), (1_024, 1_024));
        wait(&mut i, 1);
        sync(&mut i, &stake);
        assert_eq!(weights(&i, &stake), (2_048, 0));
    }

    #[test]
    fn active_weight_stays_active_and_earns_while_more_is_pending() {
        let (mut i, ours, theirs) = ready();
        top_up(&mut i, &ours, 1_000_000);
        i.add(4_096);
        sync(&mut i, &ours);
        assert_eq!((earned(&i, &ours), weights(&i, &ours)), (1_024, (1_024, 4_000_000)));
        i.add(4_096);
        assert_eq!((i.claim(ours), i.claim(theirs)), (2_048, 6_144));
        assert_books(&i, 0);
    }

    #[test]
    fn an_extension_gives_pending_weight_too() {
        let mut i = incentives();
        let client = i.world.client.pubkey();
        let stake = i.stake_actively(client, 0, 365);
        assert_eq!(weights(&i, &stake), (407, 0));
        i.world.land(&[staking::extend(client, stake, 100 * 86_400)]);
        sync(&mut i, &stake);
        assert_eq!(weights(&i, &stake), (407, 258));
        wait(&mut i, DAY - 1);
        i.world.land(&[staking::extend(client, stake, YEAR)]);
        sync(&mut i, &stake);
        assert_eq!(weights(&i, &stake), (407, 1_053));
        wait(&mut i, DAY - 1);
        sync(&mut i, &stake);
        assert_eq!(weights(&i, &stake), (407, 1_053));
        wait(&mut i, 1);
        sync(&mut i, &stake);
        assert_eq!(weights(&i, &stake), (1_460, 0));
        assert_books(&i, 0);
    }

    #[test]
    fn a_look_at_a_stake_that_did_not_change_never_restarts_the_day() {
        let (mut i, ours, _) = ready();
        top_up(&mut i, &ours, 256);
        sync(&mut i, &ours);
        for _ in 0..23 {
            wait(&mut i, 3_600);
            sync(&mut i, &ours);
            sync(&mut i, &ours);
        }
        wait(&mut i, 3_599);
        sync(&mut i, &ours);
        assert_eq!(weights(&i, &ours), (1_024, 1_024));
        wait(&mut i, 1);
        sync(&mut i, &ours);
        assert_eq!(weights(&i, &ours), (2_048, 0));
    }

    #[test]
    fn fees_and_claims_never_restart_the_day() {
        let (mut i, ours, _) = ready();
        top_up(&mut i, &ours, 256);
        sync(&mut i, &ours);
        for _ in 0..23 {
            wait(&mut i, 3_600);
            i.add(4_096);
            assert_eq!(i.claim(ours), 1_024);
        }
        wait(&mut i, 3_600);
        i.add(4_096);
        assert_eq!(i.claim(ours), 1_024);
        assert_eq!(weights(&i, &ours), (2_048, 0));
    }

    #[test]
    fn nobody_but_the_owner_changes_the_stake_and_so_the_day() {
        let (mut i, ours, _) = ready();
        let (stranger, mint) = (i.world.stranger.pubkey(), i.world.mint);
        let top_up = staking::top_up(stranger, i.tokens_of(&stranger), ours, mint, 1);
        i.world.refuse(&[top_up], StakingError::NotStakeOwner);
        i.world.refuse(&[staking::unstake(stranger, ours)], StakingError::NotStakeOwner);
    }

    #[test]
    fn nothing_becomes_active_while_the_clock_is_behind() {
        let mut i = incentives();
        let client = i.world.client.pubkey();
        let stake = enter(&mut i, client, 0, 256);
        for time in [GENESIS - 1, GENESIS - 10 * DAY, 0, i64::MIN] {
            i.world.network.set_time(time);
            sync(&mut i, &stake);
            assert_eq!(weights(&i, &stake), (0, 1_024));
        }
        i.world.network.set_time(i64::MAX);
        sync(&mut i, &stake);
        assert_eq!(weights(&i, &stake), (1_024, 0));
    }
}

mod less {
    use super::*;

    #[test]
    fn an_unseen_unstake_forfeits_everything_since_the_last_look() {
        let (mut i, ours, theirs) = ready();
        i.add(4_096);
        sync(&mut i, &ours);
        i.add(4_096 * 3);
        unstake(&mut i, &ours);
        sync(&mut i, &ours);
        assert_eq!((earned(&i, &ours), weights(&i, &ours)), (1_024, (0, 0)));
        sync(&mut i, &theirs);
        assert_eq!((earned(&i, &theirs), books(&i)), (3_072 + 4_096 * 3, (0, 0, 4_096 * 4)));
        assert_books(&i, 0);
    }

    #[test]
    fn what_was_earned_before_the_look_stays_earned() {
        let (mut i, ours, _) = ready();
        i.add(4_096);
        sync(&mut i, &ours);
        unstake(&mut i, &ours);
        assert_eq!(i.claim(ours), 1_024);
        assert_books(&i, 0);
    }

    #[test]
    fn a_claim_after_an_unseen_unstake_pays_nothing_and_an_exit_forfeits() {
        let (mut i, ours, theirs) = ready();
        i.add(4_096);
        unstake(&mut i, &ours);
        i.world.refuse(&[claim(&i, ours)], RewardsError::NothingEarned);
        let client = i.world.client.pubkey();
        i.world.land(&[rewards::exit(client, ours, i.pool)]);
        sync(&mut i, &theirs);
        assert_eq!((earned(&i, &theirs), books(&i)), (4_095, (0, 1, 4_095)));
        assert_books(&i, 0);
    }

    #[test]
    fn an_unseen_slash_earns_by_the_weight_that_is_left() {
        let (mut i, ours, theirs) = ready();
        i.add(61_440);
        i.slash(ours, 64);
        sync(&mut i, &ours);
        // Of 15,360 atoms a quarter is forfeited: 3,840, shared among 768 and 3,072.
        assert_eq!((earned(&i, &ours), weights(&i, &ours)), (11_520, (768, 0)));
        sync(&mut i, &ours);
        sync(&mut i, &theirs);
        assert_eq!((earned(&i, &ours), earned(&i, &theirs)), (12_288, 49_152));
        assert_eq!(books(&i), (0, 0, 61_440));
        assert_books(&i, 0);
    }

    #[test]
    fn a_slash_of_an_atom_forfeits_no_more_than_its_weight() {
        let (mut i, ours, theirs) = ready();
        i.add(4_096 * 4_096);
        i.slash(ours, 1);
        sync(&mut i, &ours);
        assert_eq!((earned(&i, &ours), weights(&i, &ours)), (1_020 * 4_096, (1_020, 0)));
        sync(&mut i, &ours);
        sync(&mut i, &theirs);
        // 16,384 atoms are shared anew among 1,020 and 3,072.
        assert_eq!(earned(&i, &ours), 1_020 * 4_096 + 16_384 * 1_020 / 4_092);
        assert_eq!(earned(&i, &theirs), 3_072 * 4_096 + 16_384 * 3_072 / 4_092);
        assert_books(&i, 0);
    }

    #[test]
    fn a_slash_takes_pending_weight_first() {
        let (mut i, ours, theirs) = ready();
        top_up(&mut i, &ours, 256);
        sync(&mut i, &ours);
        i.add(4_096);
        wait(&mut i, DAY - 1);
        i.slash(ours, 100);
        sync(&mut i, &ours);
        assert_eq!((earned(&i, &ours), weights(&i, &ours)), (1_024, (1_024, 624)));
        assert_eq!(i.position(&ours).pending_since, GENESIS + 2 * DAY - 1);
        sync(&mut i, &theirs);
        assert_eq!(earned(&i, &theirs), 3_072);
        wait(&mut i, DAY - 1);
        sync(&mut i, &ours);
        assert_eq!(weights(&i, &ours), (1_024, 624));
        wait(&mut i, 1);
        sync(&mut i, &ours);
        assert_eq!(weights(&i, &ours), (1_648, 0));
        assert_books(&i, 0);
    }

    #[test]
    fn an_unseen_top_up_before_a_slash_protects_what_was_active() {
        let (mut i, ours, theirs) = ready();
        i.add(4_096);
        top_up(&mut i, &ours, 256);
        i.slash(ours, 128);
        sync(&mut i, &ours);
        assert_eq!((earned(&i, &ours), weights(&i, &ours)), (1_024, (1_024, 512)));
        assert_eq!(i.claim(theirs), 3_072);
        assert_books(&i, 0);
    }

    #[test]
    fn a_top_up_after_an_unseen_slash_repairs_nothing() {
        let (mut i, ours, _) = ready();
        i.add(4_096);
        i.slash(ours, 64);
        top_up(&mut i, &ours, 64);
        sync(&mut i, &ours);
        assert_eq!((earned(&i, &ours), weights(&i, &ours)), (768, (768, 256)));
        assert_books(&i, 0);
    }

    #[test]
    fn two_unseen_decreases_earn_nothing() {
        let (mut i, ours, theirs) = ready();
        i.add(4_096);
        i.slash(ours, 1);
        i.slash(ours, 1);
        sync(&mut i, &ours);
        assert_eq!((earned(&i, &ours), weights(&i, &ours)), (0, (0, 1_016)));
        sync(&mut i, &theirs);
        assert_eq!((earned(&i, &theirs), books(&i)), (4_095, (0, 1, 4_095)));
        wait(&mut i, DAY);
        sync(&mut i, &ours);
        assert_eq!(weights(&i, &ours), (1_016, 0));
        assert_books(&i, 0);
    }

    #[test]
    fn three_unseen_decreases_earn_nothing_either() {
        let (mut i, ours, _) = ready();
        i.add(4_096);
        i.slash(ours, 1);
        unstake(&mut i, &ours);
        restake(&mut i, &ours);
        i.slash(ours, 1);
        sync(&mut i, &ours);
        assert_eq!((earned(&i, &ours), weights(&i, &ours)), (0, (0, 1_016)));
        assert_books(&i, 0);
    }

    #[test]
    fn a_look_between_two_slashes_keeps_what_is_held() {
        let (mut i, ours, _) = ready();
        i.add(4_096);
        i.slash(ours, 1);
        sync(&mut i, &ours);
        i.slash(ours, 1);
        sync(&mut i, &ours);
        assert_eq!((earned(&i, &ours), weights(&i, &ours)), (1_020, (1_016, 0)));
        assert_books(&i, 0);
    }

    #[test]
    fn a_restake_after_an_unseen_unstake_waits_for_a_day() {
        let (mut i, ours, theirs) = ready();
        i.add(4_096);
        unstake(&mut i, &ours);
        restake(&mut i, &ours);
        sync(&mut i, &ours);
        assert_eq!((earned(&i, &ours), weights(&i, &ours)), (0, (0, 1_024)));
        wait(&mut i, DAY - 1);
        i.add(3_072);
        sync(&mut i, &ours);
        assert_eq!((earned(&i, &ours), weights(&i, &ours)), (0, (0, 1_024)));
        wait(&mut i, 1);
        sync(&mut i, &ours);
        assert_eq!((earned(&i, &ours), weights(&i, &ours)), (0, (1_024, 0)));
        sync(&mut i, &theirs);
        assert_eq!((earned(&i, &theirs), books(&i)), (7_167, (0, 1, 7_167)));
        assert_books(&i, 0);
    }

    #[test]
    fn a_restake_after_an_unstake_that_was_seen_waits_too() {
        let (mut i, ours, _) = ready();
        unstake(&mut i, &ours);
        sync(&mut i, &ours);
        wait(&mut i, 5 * DAY);
        restake(&mut i, &ours);
        sync(&mut i, &ours);
        assert_eq!(weights(&i, &ours), (0, 1_024));
        wait(&mut i, DAY - 1);
        sync(&mut i, &ours);
        assert_eq!(weights(&i, &ours), (0, 1_024));
        wait(&mut i, 1);
        sync(&mut i, &ours);
        assert_eq!(weights(&i, &ours), (1_024, 0));
    }

    #[test]
    fn the_day_of_a_restake_begins_when_it_is_first_seen() {
        let (mut i, ours, _) = ready();
        unstake(&mut i, &ours);
        sync(&mut i, &ours);
        restake(&mut i, &ours);
        wait(&mut i, 10 * DAY);
        sync(&mut i, &ours);
        assert_eq!(weights(&i, &ours), (0, 1_024));
    }

    #[test]
    fn unstaking_and_restaking_while_weight_is_pending_restarts_the_day() {
        let mut i = incentives();
        let client = i.world.client.pubkey();
        let stake = enter(&mut i, client, 0, 256);
        wait(&mut i, DAY - 1);
        unstake(&mut i, &stake);
        restake(&mut i, &stake);
        wait(&mut i, 1);
        sync(&mut i, &stake);
        assert_eq!(weights(&i, &stake), (0, 1_024));
        assert_eq!(i.position(&stake).pending_since, GENESIS + DAY);
    }

    #[test]
    fn a_slash_during_the_release_is_no_second_decrease() {
        let (mut i, ours, theirs) = ready();
        i.add(4_096);
        unstake(&mut i, &ours);
        i.slash(ours, 64);
        restake(&mut i, &ours);
        sync(&mut i, &ours);
        assert_eq!((earned(&i, &ours), weights(&i, &ours)), (0, (0, 768)));
        sync(&mut i, &theirs);
        assert_eq!(earned(&i, &theirs), 4_095);
        assert_books(&i, 0);
    }

    #[test]
    fn what_the_last_one_forfeits_waits() {
        let mut i = incentives();
        let client = i.world.client.pubkey();
        let stake = active(&mut i, client, 0, 256);
        i.add(4_096);
        unstake(&mut i, &stake);
        sync(&mut i, &stake);
        assert_eq!((books(&i), i.pool().total_weight.get()), ((4_096, 0, 0), 0));
        restake(&mut i, &stake);
        sync(&mut i, &stake);
        wait(&mut i, DAY);
        sync(&mut i, &stake);
        assert_eq!(i.claim(stake), 4_096);
        assert_books(&i, 0);
    }

    #[test]
    fn forfeited_rewards_are_shared_among_the_weight_that_is_active_then() {
        let (mut i, ours, theirs) = ready();
        let client = i.world.client.pubkey();
        i.add(4_096);
        let late = active(&mut i, client, 1, 256);
        unstake(&mut i, &ours);
        sync(&mut i, &ours);
        sync(&mut i, &late);
        sync(&mut i, &theirs);
        assert_eq!((earned(&i, &late), earned(&i, &theirs)), (256, 3_072 + 768));
        assert_eq!(books(&i), (0, 0, 4_096));
        assert_books(&i, 0);
    }

    #[test]
    fn a_stake_slashed_to_nothing_earns_nothing_more() {
        let (mut i, ours, theirs) = ready();
        unbind_slasher(&mut i);
        i.add(4_096);
        i.slash(ours, 256);
        sync(&mut i, &ours);
        assert_eq!((earned(&i, &ours), weights(&i, &ours)), (0, (0, 0)));
        assert_eq!(i.claim(theirs), 4_095);
        let client = i.world.client.pubkey();
        next_slot(&mut i);
        i.world.land(&[staking::close(client, ours), rewards::exit(client, ours, i.pool)]);
        assert_books(&i, 0);
    }
}

mod anew {
    use super::*;

    /// Active weights, 4,096 atoms, and then the client's stake closed and opened anew with another amount, nobody
    /// looking.
    fn replaced(amount: u64) -> (Incentives, Address, Address) {
        let (mut i, ours, theirs) = ready();
        let client = i.world.client.pubkey();
        i.add(4_096);
        close(&mut i, client, ours);
        assert_eq!(i.stake_for(client, 0, amount, YEAR), ours);
        (i, ours, theirs)
    }

    #[test]
    fn a_stake_opened_anew_at_the_same_address_earns_nothing_of_the_time_before() {
        for amount in [1, 256, 1_000_000] {
            let (mut i, ours, theirs) = replaced(amount);
            sync(&mut i, &ours);
            assert_eq!((earned(&i, &ours), weights(&i, &ours)), (0, (0, 4 * amount)));
            assert_eq!(i.position(&ours).opened_slot, i.stake_of(&ours).opened_slot);
            assert_eq!(i.claim(theirs), 4_095);
            wait(&mut i, DAY - 1);
            sync(&mut i, &ours);
            assert_eq!(weights(&i, &ours), (0, 4 * amount));
            wait(&mut i, 1);
            sync(&mut i, &ours);
            assert_eq!(weights(&i, &ours), (4 * amount, 0));
            assert_books(&i, 0);
        }
    }

    #[test]
    fn not_even_when_its_decreases_are_as_many_as_before() {
        let (mut i, ours, theirs) = ready();
        let client = i.world.client.pubkey();
        i.slash(ours, 1);
        sync(&mut i, &ours);
        assert_eq!(i.position(&ours).decreases, 1);
        i.add(4_092);
        close(&mut i, client, ours);
        i.stake_for(client, 0, 1_000, YEAR);
        for decreases in [1, 2] {
            i.slash(ours, 1);
            let mut i = i.clone();
            assert_eq!(i.stake_of(&ours).decreases, decreases);
            sync(&mut i, &ours);
            assert_eq!((earned(&i, &ours), weights(&i, &ours).0), (0, 0));
            assert_eq!(i.claim(theirs), 4_092);
            assert_books(&i, 0);
        }
    }

    #[test]
    fn can_not_happen_within_a_slot() {
        let mut i = incentives();
        let client = i.world.client.pubkey();
        let (mint, tokens) = (i.world.mint, i.tokens_of(&client));
        let stake = i.stake_for(client, 0, 256, YEAR);
        i.world.land(&[staking::unstake(client, stake)]);
        wait(&mut i, YEAR.into());
        i.world.land(&[staking::withdraw(client, stake, mint, tokens)]);
        i.world.refuse(&[staking::close(client, stake)], StakingError::ClosedTooSoon);
        next_slot(&mut i);
        i.world.land(&[staking::close(client, stake)]);
    }

    #[test]
    fn a_closed_stake_earns_nothing_since_the_last_look() {
        let (mut i, ours, theirs) = ready();
        let client = i.world.client.pubkey();
        i.add(4_096);
        close(&mut i, client, ours);
        sync(&mut i, &ours);
        assert_eq!((earned(&i, &ours), weights(&i, &ours)), (0, (0, 0)));
        assert_eq!(i.claim(theirs), 4_095);
        i.world.land(&[rewards::exit(client, ours, i.pool)]);
        assert!(!i.world.exists(&position_of(&i, &ours)));
        assert_books(&i, 0);
    }

    #[test]
    fn a_closed_stake_that_never_decreased_before_earns_nothing_either() {
        let (mut i, ours, _) = ready();
        let client = i.world.client.pubkey();
        assert_eq!(i.position(&ours).decreases, 0);
        close(&mut i, client, ours);
        i.add(4_096);
        sync(&mut i, &ours);
        assert_eq!((earned(&i, &ours), i.pool().total_weight.get()), (0, 3_072));
        assert_books(&i, 0);
    }

    #[test]
    fn a_position_outlives_its_stake_and_takes_up_the_next_one() {
        let (mut i, ours, _) = ready();
        let client = i.world.client.pubkey();
        i.add(4_096);
        sync(&mut i, &ours);
        close(&mut i, client, ours);
        sync(&mut i, &ours);
        i.stake_for(client, 0, 512, YEAR);
        sync(&mut i, &ours);
        assert_eq!((earned(&i, &ours), weights(&i, &ours)), (1_024, (0, 2_048)));
        wait(&mut i, DAY);
        sync(&mut i, &ours);
        assert_eq!(weights(&i, &ours), (2_048, 0));
        assert_eq!(i.claim(ours), 1_024);
        assert_books(&i, 0);
    }
}

mod fees {
    use super::*;

    #[test]
    fn stake_enter_fee_claim_and_exit_within_a_day_earn_nothing() {
        let (mut i, ours, theirs) = ready();
        let client = i.world.client.pubkey();
        let quick = enter(&mut i, client, 1, 1_000_000);
        i.add(4_096);
        wait(&mut i, DAY - 1);
        sync(&mut i, &quick);
        i.add(4_096);
        i.world.refuse(&[claim(&i, quick)], RewardsError::NothingEarned);
        i.world.land(&[rewards::exit(client, quick, i.pool)]);
        assert_eq!((i.claim(ours), i.claim(theirs)), (2_048, 6_144));
        assert_eq!(books(&i), (0, 0, 0));
        assert_books(&i, 0);
    }

    #[test]
    fn the_same_in_one_transaction_earns_nothing() {
        let (mut i, ours, theirs) = ready();
        let (client, mint) = (i.world.client.pubkey(), i.world.mint);
        let stake = staking::stake_address(&mint, &client, 1).0;
        let tokens = i.tokens_of(&client);
        let all = [
            staking::stake(client, tokens, mint, 1, 1_000_000, YEAR),
            rewards::enter(client, stake, i.pool),
            rewards::sync(stake, i.pool),
            rewards::add(client, tokens, i.pool, mint, 4_096),
            rewards::sync(stake, i.pool),
            rewards::exit(client, stake, i.pool),
        ];
        i.world.land(&all);
        assert_eq!((i.claim(ours), i.claim(theirs)), (1_024, 3_072));
        assert_books(&i, 0);
    }

    #[test]
    fn who_enters_after_a_fee_arrived_earns_nothing_of_it() {
        let (mut i, ours, theirs) = ready();
        let client = i.world.client.pubkey();
        i.add(4_096);
        let late = active(&mut i, client, 1, 1_000_000);
        assert_eq!(earned(&i, &late), 0);
        i.world.refuse(&[claim(&i, late)], RewardsError::NothingEarned);
        assert_eq!((i.claim(ours), i.claim(theirs)), (1_024, 3_072));
        assert_books(&i, 0);
    }

    #[test]
    fn fees_wait_for_the_first_active_weight() {
        let mut i = incentives();
        let (client, node) = (i.world.client.pubkey(), i.world.node.pubkey());
        i.add(1_000);
        let (ours, theirs) = (enter(&mut i, client, 0, 256), enter(&mut i, node, 0, 768));
        i.add(24);
        assert_eq!(books(&i), (1_024, 0, 0));
        wait(&mut i, DAY);
        sync(&mut i, &ours);
        assert_eq!(books(&i), (0, 1_024, 0));
        sync(&mut i, &theirs);
        assert_eq!(i.claim(ours), 1_024);
        i.world.refuse(&[claim(&i, theirs)], RewardsError::NothingEarned);
        assert_books(&i, 0);
    }

    #[test]
    fn zero_weight_before_between_and_after() {
        let mut i = incentives();
        let (client, node) = (i.world.client.pubkey(), i.world.node.pubkey());
        i.add(10_000);
        let ours = active(&mut i, client, 0, 256);
        i.add(24);
        assert_eq!(i.claim(ours), 10_024);
        i.world.land(&[rewards::exit(client, ours, i.pool)]);
        assert_eq!((books(&i), i.pool().total_weight.get()), ((0, 0, 0), 0));
        i.add(2_048);
        assert_eq!(books(&i), (2_048, 0, 0));
        let theirs = active(&mut i, node, 0, 256);
        assert_eq!(i.claim(theirs), 2_048);
        i.add(1_024);
        unstake(&mut i, &theirs);
        sync(&mut i, &theirs);
        i.add(5);
        assert_eq!((books(&i), i.rewards_vault()), ((1_029, 0, 0), 1_029));
        assert_books(&i, 0);
    }

    #[test]
    fn rounding_dust_is_paid_to_the_next_staker_after_the_last_one_left() {
        let mut i = incentives();
        let (client, node) = (i.world.client.pubkey(), i.world.node.pubkey());
        let stakes: Vec<Address> = (0..3).map(|id| enter(&mut i, client, id, 1)).collect();
        wait(&mut i, DAY);
        stakes.iter().for_each(|stake| drop(sync(&mut i, stake)));
        i.add(10);
        for stake in &stakes {
            assert_eq!(i.claim(*stake), 3);
        }
        for (left, stake) in stakes.iter().enumerate() {
            assert_eq!(books(&i), (0, 1, 0), "{left} left");
            i.world.land(&[rewards::exit(client, *stake, i.pool)]);
        }
        assert_eq!((books(&i), i.pool().total_weight.get()), ((1, 0, 0), 0));
        i.add(1_023);
        let next = active(&mut i, node, 0, 256);
        assert_eq!(i.claim(next), 1_024);
        assert_eq!(i.rewards_vault(), 0);
        assert_books(&i, 0);
    }

    #[test]
    fn credited_earnings_do_not_return_to_waiting_when_weight_ends() {
        let mut i = incentives();
        let client = i.world.client.pubkey();
        let stake = active(&mut i, client, 0, 256);
        i.add(1_024);
        sync(&mut i, &stake);
        unstake(&mut i, &stake);
        sync(&mut i, &stake);
        i.add(7);
        assert_eq!(books(&i), (7, 0, 1_024));
        assert_eq!(i.claim(stake), 1_024);
        assert_books(&i, 0);
    }

    #[test]
    fn one_stake_earns_as_much_as_its_parts() {
        let mut i = incentives();
        let (client, node) = (i.world.client.pubkey(), i.world.node.pubkey());
        let whole = enter(&mut i, client, 0, 1_600);
        let parts: Vec<Address> = (0..16).map(|id| enter(&mut i, node, id, 100)).collect();
        wait(&mut i, DAY);
        sync(&mut i, &whole);
        parts.iter().for_each(|part| drop(sync(&mut i, part)));
        for amount in [1_000, 999, 1, 12_345] {
            i.add(amount);
            sync(&mut i, &whole);
            parts.iter().for_each(|part| drop(sync(&mut i, part)));
        }
        assert_eq!(earned(&i, &whole), 500 + 499 + 6_172);
        for part in &parts {
            assert_eq!(earned(&i, part), 31 + 31 + 385);
        }
        assert_books(&i, 0);
    }

    #[test]
    fn looking_often_gains_nothing() {
        let (mut i, ours, theirs) = ready();
        for round in 0..100 {
            i.add(1_365 + round);
            sync(&mut i, &ours);
            sync(&mut i, &ours);
        }
        let all: u64 = (0..100).map(|round| 1_365 + round).sum();
        let (often, once) = (i.claim(ours), i.claim(theirs));
        assert!(often <= all / 4 && often + 100 >= all / 4, "{often}");
        assert!(once <= all * 3 / 4 && once + 1 >= all * 3 / 4, "{once}");
        assert_books(&i, 0);
    }
}
