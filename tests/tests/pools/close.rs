//! `close`

use crate::support::*;
use grid_client::{address, pools};
use grid_pools::{Emission, EmissionTerms, PoolsError};
use grid_tests::{assert_event, keypair_for, network::GENESIS, world::TOKENS};
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;

/// The authority closes to the stranger's token account.
fn close_to_stranger(scene: &Scene) -> Instruction {
    let to = scene.tokens_of(&scene.stranger());
    pools::close(scene.authority(), scene.emission, scene.world.mint, to)
}

#[test]
fn returns_everything_and_the_rent_before_the_start() {
    let scene = Scene::funded(terms());
    for time in [1, GENESIS, START - 1, START] {
        let mut scene = scene.fork(time);
        let authority = scene.authority();
        let lamports = scene.world.lamports(&authority);

        let landed = scene.land(scene.close());

        scene.assert_gone();
        assert_eq!(scene.world.tokens(&authority), TOKENS + FUNDS);
        assert_eq!(scene.tokens(), TOKENS);
        assert_eq!(
            scene.world.lamports(&authority),
            lamports + scene.world.rent(SPACE) + scene.world.rent(165)
        );
        assert_event!(
            landed,
            EmissionClosed {
                emission: scene.emission,
                destination: scene.tokens_of(&authority),
                returned_atoms: FUNDS,
            }
        );
    }
}

#[test]
fn in_the_middle_what_is_due_stays_for_the_beneficiary() {
    for terms in [terms(), endless()] {
        let mut scene = Scene::funded(terms);
        let (authority, before) = (scene.authority(), scene.now());
        let lamports = scene.world.lamports(&authority);
        scene.at(START + 100);

        let landed = scene.land(scene.close());

        assert_eq!(
            scene.now(),
            Emission { balance_atoms: 1_000.into(), ends_at: (START + 100).into(), ..before }
        );
        assert_eq!((scene.held(), scene.tokens()), (1_000, TOKENS));
        assert_eq!(scene.world.tokens(&authority), TOKENS + FUNDS - 1_000);
        assert_eq!(scene.world.lamports(&authority), lamports);
        assert_event!(
            landed,
            EmissionStopped {
                emission: scene.emission,
                destination: scene.tokens_of(&authority),
                returned_atoms: FUNDS - 1_000,
                due_atoms: 1_000,
            }
        );

        scene.at(START + 5_000);
        assert_eq!(scene.claimed(), 1_000);
        let landed = scene.land(scene.close());
        scene.assert_gone();
        assert_eq!(scene.world.tokens(&authority), TOKENS + FUNDS - 1_000);
        assert_eq!(
            scene.world.lamports(&authority),
            lamports + scene.world.rent(SPACE) + scene.world.rent(165)
        );
        assert_event!(
            landed,
            EmissionClosed {
                emission: scene.emission,
                destination: scene.tokens_of(&authority),
                returned_atoms: 0,
            }
        );
    }
}

#[test]
fn a_second_one_before_the_claim_takes_nothing() {
    let mut scene = Scene::funded(terms());
    scene.at(START + 100);
    scene.land(scene.close());
    let stopped = scene.now();
    for time in [START + 100, START + 101, END, i64::MAX] {
        let mut scene = scene.fork(time);
        let landed = scene.land(scene.close());
        assert_eq!(scene.now(), stopped);
        scene.assert_books(1_000, 0, 0);
        assert_eq!(scene.world.tokens(&scene.authority()), TOKENS + FUNDS - 1_000);
        assert_event!(
            landed,
            EmissionStopped {
                emission: scene.emission,
                destination: scene.tokens_of(&scene.authority()),
                returned_atoms: 0,
                due_atoms: 1_000,
            }
        );
    }
}

#[test]
fn counts_the_seconds_as_claim_does() {
    let scene = Scene::funded(terms());
    for (time, due) in [(START + 1, RATE), (START + 2, 2 * RATE), (END - 1, 999 * RATE)] {
        let mut scene = scene.fork(time);
        scene.land(scene.close());
        scene.assert_books(due, 0, 0);
        assert_eq!(scene.now().ends_at, time);
        assert_eq!(scene.claimed(), due);
    }
}

#[test]
fn after_the_end_everything_stays_for_the_beneficiary() {
    for terms in [terms(), EmissionTerms { rate_per_second_atoms: u64::MAX, ..terms() }] {
        let scene = Scene::funded(terms);
        let before = scene.now();
        for time in [END, END + 1, i64::MAX] {
            let mut scene = scene.fork(time);
            let landed = scene.land(scene.close());
            assert_eq!(scene.now(), before, "the end stays where it was");
            scene.assert_books(FUNDS, 0, 0);
            assert_eq!(scene.world.tokens(&scene.authority()), TOKENS);
            assert_event!(
                landed,
                EmissionStopped {
                    emission: scene.emission,
                    destination: scene.tokens_of(&scene.authority()),
                    returned_atoms: 0,
                    due_atoms: FUNDS,
                }
            );
            assert_eq!(scene.claimed(), FUNDS);
            scene.land(scene.close());
            scene.assert_gone();
        }
    }
}

#[test]
fn what_was_claimed_in_time_is_not_kept_twice() {
    let mut scene = Scene::funded(terms());
    scene.at(START + 60);
    assert_eq!(scene.claimed(), 600);
    scene.at(START + 100);
    scene.land(scene.close());
    scene.assert_books(400, 600, 0);
    assert_eq!(scene.world.tokens(&scene.authority()), TOKENS + FUNDS - 1_000);
}

#[test]
fn right_after_a_claim_it_closes_in_one_go() {
    let mut scene = Scene::funded(terms());
    scene.at(START + 100);
    let (close, authority) = (scene.close(), scene.authority());
    let claim = scene.claim();
    scene.world.land(&[claim, close]);
    scene.assert_gone();
    assert_eq!(scene.tokens(), TOKENS + 1_000);
    assert_eq!(scene.world.tokens(&authority), TOKENS + FUNDS - 1_000);
}

#[test]
fn a_short_balance_is_all_the_beneficiarys() {
    let mut scene = Scene::empty(endless());
    scene.fund(25);
    scene.at(START + 10);
    scene.land(scene.close());
    scene.assert_books(25, 0, 0);
    assert_eq!(scene.world.tokens(&scene.authority()), TOKENS);
    assert_eq!(scene.claimed(), 25);
}

#[test]
fn an_empty_one_closes_at_any_time() {
    for terms in [terms(), endless()] {
        let scene = Scene::empty(terms);
        for time in [GENESIS, START + 100, END, i64::MAX] {
            let mut scene = scene.fork(time);
            let landed = scene.land(scene.close());
            scene.assert_gone();
            assert_eq!(scene.world.tokens(&scene.authority()), TOKENS);
            assert_event!(
                landed,
                EmissionClosed {
                    emission: scene.emission,
                    destination: scene.tokens_of(&scene.authority()),
                    returned_atoms: 0,
                }
            );
        }
    }
}

#[test]
fn one_that_is_not_closeable_closes_when_it_is_over_and_has_paid_everything() {
    let mut scene = Scene::funded(firm());
    for time in [GENESIS, START, START + 100, END - 1, END, i64::MAX] {
        scene.at(time);
        scene.refuse(&[scene.close()], PoolsError::NotCloseable);
    }
    scene.at(END);
    assert_eq!(scene.claimed(), FUNDS);
    scene.fork(END - 1).refuse(&[scene.close()], PoolsError::NotCloseable);
    for time in [END, END + 1, i64::MAX] {
        let mut scene = scene.fork(time);
        scene.land(scene.close());
        scene.assert_gone();
        assert_eq!(scene.world.tokens(&scene.authority()), TOKENS);
    }
}

#[test]
fn one_that_is_not_closeable_waits_for_its_end_even_when_it_is_empty() {
    let mut scene = Scene::empty(firm());
    scene.at(END - 1);
    scene.refuse(&[scene.close()], PoolsError::NotCloseable);
    scene.at(END);
    scene.land(scene.close());
    scene.assert_gone();
}

#[test]
fn an_endless_one_that_is_not_closeable_never_closes() {
    let mut scene = Scene::funded(EmissionTerms { ends_at: 0, ..firm() });
    scene.at(i64::MAX);
    scene.refuse(&[scene.close()], PoolsError::NotCloseable);
    assert_eq!(scene.claimed(), FUNDS);
    scene.refuse(&[scene.close()], PoolsError::NotCloseable);
    scene.fund(5);
    assert_eq!(scene.claimed(), 5);
}

#[test]
fn tokens_sent_to_the_vault_come_home_with_the_accounts() {
    let mut scene = Scene::funded(terms());
    scene.donate(3);
    let mut early = scene.fork(START);
    let landed = early.land(early.close());
    early.assert_gone();
    assert_eq!(early.world.tokens(&early.authority()), TOKENS + FUNDS + 3);
    assert_event!(
        landed,
        EmissionClosed {
            emission: early.emission,
            destination: early.tokens_of(&early.authority()),
            returned_atoms: FUNDS + 3,
        }
    );

    scene.at(START + 100);
    scene.land(scene.close());
    scene.assert_books(1_000, 0, 3);
    scene.donate(4);
    assert_eq!(scene.claimed(), 1_000);
    scene.assert_books(0, 1_000, 7);
    let landed = scene.land(scene.close());
    scene.assert_gone();
    assert_eq!(scene.world.tokens(&scene.authority()), TOKENS + FUNDS - 1_000 + 7);
    assert_event!(
        landed,
        EmissionClosed {
            emission: scene.emission,
            destination: scene.tokens_of(&scene.authority()),
            returned_atoms: 7,
        }
    );
}

#[test]
fn tokens_sent_to_the_vault_of_one_that_is_not_closeable_come_home_too() {
    let mut scene = Scene::funded(firm());
    scene.donate(3);
    scene.at(END);
    assert_eq!(scene.claimed(), FUNDS);
    scene.land(scene.close());
    scene.assert_gone();
    assert_eq!(scene.world.tokens(&scene.authority()), TOKENS + 3);
}

#[test]
fn lamports_sent_to_its_accounts_come_home_too() {
    let mut scene = Scene::funded(terms());
    let (emission, vault, authority) = (scene.emission, scene.vault, scene.authority());
    for (address, lamports) in [(emission, 1_000_000), (vault, 3_000_000)] {
        scene.world.network.svm.airdrop(&address, lamports).expect("airdrop");
    }
    let lamports = scene.world.lamports(&authority);
    scene.land(scene.close());
    scene.assert_gone();
    assert_eq!(
        scene.world.lamports(&authority),
        lamports + 4_000_000 + scene.world.rent(SPACE) + scene.world.rent(165)
    );
}

#[test]
fn pays_any_account_of_the_authoritys_choice() {
    let mut scene = Scene::funded(terms());
    scene.at(START + 100);
    let stranger = scene.stranger();
    scene.land(close_to_stranger(&scene));
    assert_eq!(scene.world.tokens(&stranger), TOKENS - 1_000);
    assert_eq!(scene.world.tokens(&scene.authority()), TOKENS);
}

#[test]
fn pays_the_beneficiary_when_the_authority_says_so() {
    let mut scene = Scene::funded(terms());
    scene.at(START + 100);
    scene.land(with_account(scene.close(), 4, scene.beneficiary));
    assert_eq!(scene.tokens(), TOKENS + FUNDS - 1_000);
    assert_eq!(scene.claimed(), 1_000);
}

#[test]
fn happens_once() {
    let mut scene = Scene::funded(terms());
    let close = scene.close();
    scene.land(close.clone());
    scene.refuse_with(close, MISSING);
    scene.assert_gone();
}

#[test]
fn the_address_can_be_opened_again() {
    let mut scene = Scene::funded(terms());
    scene.at(START + 100);
    assert_eq!(scene.claimed(), 1_000);
    scene.land(scene.close());
    scene.assert_gone();
    let beneficiary = scene.beneficiary;
    let again = scene.open_emission(0, beneficiary, terms());
    assert_eq!(again, scene.emission);
    scene.assert_books(0, 0, 0);
    scene.fund(FUNDS);
    assert_eq!(scene.claimed(), 1_000);
}

#[test]
fn refuses_everybody_but_the_authority() {
    let mut scene = Scene::funded(terms());
    let beneficiary_authority = scene.node();
    for by in [beneficiary_authority, scene.client(), scene.stranger()] {
        let close = pools::close(by, scene.emission, scene.world.mint, scene.tokens_of(&by));
        scene.refuse(&[close], PoolsError::NotAuthority);
    }
    scene.refuse_with(unsigned(scene.close()), InstructionError::MissingRequiredSignature);
}

#[test]
fn refuses_another_mint_and_vault() {
    let mut scene = Scene::funded(terms());
    let other = scene.world.open_mint("other mint");
    let (_, vault) = scene.another_emission();
    scene.refuse(&[with_account(scene.close(), 2, other)], PoolsError::WrongMint);
    for vault in [vault, scene.beneficiary, keypair_for("nobody").pubkey()] {
        scene.refuse(&[with_account(scene.close(), 3, vault)], PoolsError::WrongVault);
    }
}

#[test]
fn refuses_a_destination_that_can_not_be_paid() {
    let mut scene = Scene::funded(terms());
    let other = scene.world.open_mint("other mint");
    let elsewhere = address::token_account(&scene.authority(), other);
    let authority = scene.authority();
    scene.land(grid_client::token::create_account(authority, authority, other));
    let frozen = scene.tokens_of(&scene.stranger());
    scene.set_frozen(frozen, true);
    for time in [START, START + 100] {
        scene.at(time);
        scene.refuse_with(with_account(scene.close(), 4, elsewhere), MINT_MISMATCH);
        scene.refuse_with(with_account(scene.close(), 4, frozen), FROZEN);
        for wrong in [keypair_for("nobody").pubkey(), scene.client()] {
            scene.refuse_with(with_account(scene.close(), 4, wrong), InstructionError::InvalidAccountData);
        }
        scene.refuse_with(with_account(scene.close(), 4, scene.vault), DUPLICATE_MUTABLE);
    }
}

#[test]
fn pays_the_vault_of_another_emission_as_any_token_account() {
    let mut scene = Scene::funded(terms());
    let (other, vault) = scene.another_emission();
    scene.land(with_account(scene.close(), 4, vault));
    scene.assert_gone();
    assert_eq!(scene.world.tokens_in(&vault), 2 * FUNDS);
    assert_eq!(scene.incentives.emission(&other).balance_atoms, FUNDS);
}

#[test]
fn leaves_other_emissions_alone() {
    let mut scene = Scene::funded(terms());
    let (other, vault) = scene.another_emission();
    let before = (scene.world.raw(&other), scene.world.raw(&vault));
    scene.at(START + 100);
    scene.land(scene.close());
    scene.claimed();
    scene.land(scene.close());
    scene.assert_gone();
    assert_eq!((scene.world.raw(&other), scene.world.raw(&vault)), before);
}
