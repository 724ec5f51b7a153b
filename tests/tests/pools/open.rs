//! `open`

use crate::support::*;
use grid_client::{pools, staking, token};
use grid_pools::{Emission, EmissionTerms, PoolsError};
use grid_tests::{Incentives, assert_event, keypair_for, network::GENESIS, world::TOKENS};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_keypair::Keypair;
use solana_signer::Signer;
use solana_transaction_error::TransactionError;

const ID: u64 = 7;

/// The authority opens emission [`ID`] to the client's token account.
fn open(i: &Incentives, terms: EmissionTerms) -> Instruction {
    open_to(i, i.tokens_of(&i.world.client.pubkey()), terms)
}

fn open_to(i: &Incentives, beneficiary: Address, terms: EmissionTerms) -> Instruction {
    pools::open(i.world.authority.pubkey(), i.world.mint, ID, beneficiary, terms)
}

fn emission_of(i: &Incentives) -> Address {
    pools::emission_address(&i.world.authority.pubkey(), ID).0
}

#[test]
fn opens_an_emission_and_its_vault_both_empty() {
    let mut i = Incentives::new();
    let (authority, mint, beneficiary) =
        (i.world.authority.pubkey(), i.world.mint, i.tokens_of(&i.world.client.pubkey()));
    let (emission, bump) = pools::emission_address(&authority, ID);
    let (vault, vault_bump) = pools::vault_address(&emission);
    let lamports = i.world.lamports(&authority);

    let landed = i.world.land(&[open(&i, terms())]);

    assert_eq!(
        i.emission(&emission),
        Emission {
            version: 1,
            bump,
            vault_bump,
            is_closeable: 1,
            pays_rewards: 0,
            padding: [0; 3],
            id: ID.into(),
            authority,
            mint,
            vault,
            beneficiary,
            beneficiary_authority: i.world.node.pubkey(),
            rate_per_second_atoms: RATE.into(),
            starts_at: START.into(),
            ends_at: END.into(),
            balance_atoms: 0.into(),
            paid_atoms: 0.into(),
            reserved: [0; 32],
        }
    );
    let account = i.world.raw(&emission);
    assert_eq!((account.data.len(), account.owner), (SPACE, grid_pools::ID));
    let account = i.world.raw(&vault);
    assert_eq!((account.data.len(), account.owner), (165, token::PROGRAM_ID));
    assert_eq!(
        (&account.data[..32], &account.data[32..64]),
        (mint.as_ref(), vault.as_ref()),
        "mint and owner"
    );
    assert_eq!(i.world.tokens_in(&vault), 0);
    assert_eq!(lamports - i.world.lamports(&authority), i.world.rent(SPACE) + i.world.rent(165));
    assert_eq!(
        (i.world.lamports(&emission), i.world.lamports(&vault)),
        (i.world.rent(SPACE), i.world.rent(165))
    );
    assert_event!(
        landed,
        EmissionOpened {
            emission: emission,
            authority: authority,
            mint: mint,
            beneficiary: beneficiary,
            beneficiary_authority: i.world.node.pubkey(),
            rate_per_second_atoms: RATE,
            starts_at: START,
            ends_at: END,
            is_closeable: 1,
        }
    );
}

#[test]
fn pays_a_reward_pool_of_the_mint() {
    let mut i = Incentives::new();
    let pool = i.pool;
    let terms = EmissionTerms { beneficiary_authority: Address::default(), ..firm() };
    let landed = i.world.land(&[open_to(&i, pool, terms)]);
    let emission = i.emission(&emission_of(&i));
    assert_eq!((emission.pays_rewards, emission.beneficiary, emission.is_closeable), (1, pool, 0));
    assert_event!(
        landed,
        EmissionOpened {
            emission: emission_of(&i),
            authority: i.world.authority.pubkey(),
            mint: i.world.mint,
            beneficiary: pool,
            beneficiary_authority: Address::default(),
            rate_per_second_atoms: RATE,
            starts_at: START,
            ends_at: END,
            is_closeable: 0,
        }
    );
}

#[test]
fn takes_any_rate_but_zero() {
    let i = Incentives::new();
    for rate in [1, RATE, u64::MAX] {
        let mut i = i.clone();
        i.world.land(&[open(&i, EmissionTerms { rate_per_second_atoms: rate, ..terms() })]);
        assert_eq!(i.emission(&emission_of(&i)).rate_per_second_atoms, rate);
    }
    let mut i = i;
    i.world.refuse(&[open(&i, EmissionTerms { rate_per_second_atoms: 0, ..terms() })], PoolsError::ZeroRate);
}

#[test]
fn takes_any_times_from_1970_of_which_the_end_is_later() {
    let i = Incentives::new();
    for (starts_at, ends_at) in [
        (1, 0),
        (1, 2),
        (1, i64::MAX),
        (GENESIS - 2, GENESIS - 1),
        (GENESIS, GENESIS + 1),
        (i64::MAX - 1, i64::MAX),
        (i64::MAX, 0),
    ] {
        let mut i = i.clone();
        i.world.land(&[open(&i, EmissionTerms { starts_at, ends_at, ..terms() })]);
        let emission = i.emission(&emission_of(&i));
        assert_eq!((emission.starts_at.get(), emission.ends_at.get()), (starts_at, ends_at));
    }
}

#[test]
fn refuses_times_before_1970_and_an_end_that_is_not_later() {
    let mut i = Incentives::new();
    for (starts_at, ends_at) in [
        (0, 0),
        (-1, 0),
        (i64::MIN, 0),
        (0, 1),
        (-1, 1),
        (START, START),
        (START, START - 1),
        (START, 1),
        (START, -1),
        (START, i64::MIN),
        (1, 1),
        (i64::MAX, i64::MAX),
    ] {
        let open = open(&i, EmissionTerms { starts_at, ends_at, ..terms() });
        i.world.refuse(&[open], PoolsError::TimesOutOfRange);
    }
}

#[test]
fn refuses_a_beneficiary_that_is_neither_token_account_nor_reward_pool_of_the_mint() {
    let mut scene = Scene::empty(terms());
    let (pool, other) = scene.pool_of_another_mint();
    let stake = scene.staked();
    let (client, of_mint) = (scene.client(), scene.pool);
    scene.world.land(&[grid_client::rewards::enter(client, stake, of_mint)]);
    for wrong in [
        grid_client::address::token_account(&client, other),
        pool,
        grid_client::rewards::position_address(&scene.pool, &stake).0,
        stake,
        staking::settings_address(&scene.world.mint).0,
        scene.world.mint,
        scene.emission,
        client,
        Address::default(),
        keypair_for("nobody").pubkey(),
        grid_rewards::ID,
    ] {
        let open = open_to(&scene, wrong, terms());
        scene.refuse(&[open], PoolsError::WrongBeneficiary);
    }
}

#[test]
fn refuses_its_own_accounts_as_the_beneficiary() {
    let mut i = Incentives::new();
    let emission = emission_of(&i);
    for own in [pools::vault_address(&emission).0, emission, i.world.authority.pubkey()] {
        i.world.refuse_with(&[open_to(&i, own, terms())], DUPLICATE_MUTABLE);
    }
}

#[test]
fn pays_any_token_account_of_the_mint() {
    let mut scene = Scene::empty(terms());
    let authority = scene.authority();
    let others =
        [scene.vault, grid_client::rewards::vault_address(&scene.pool).0, scene.tokens_of(&authority)];
    for (id, account) in (ID..).zip(others) {
        let emission = scene.open_emission(id, account, terms());
        assert_eq!(scene.emission(&emission).beneficiary, account);
    }
}

#[test]
fn happens_once() {
    let mut i = Incentives::new();
    let open = open(&i, terms());
    i.world.land(std::slice::from_ref(&open));
    // AccountAlreadyInUse of the system program.
    i.world.refuse_with(&[open], InstructionError::Custom(0));
}

#[test]
fn ids_tell_emissions_of_one_authority_apart() {
    let mut i = Incentives::new();
    let pool = i.pool;
    let authority = i.world.authority.pubkey();
    let all: Vec<Address> = [0, 1, u64::MAX].map(|id| i.open_emission(id, pool, terms())).into();
    for (emission, id) in all.iter().zip([0, 1, u64::MAX]) {
        assert_eq!(*emission, pools::emission_address(&authority, id).0);
        assert_eq!(i.emission(emission).id, id);
    }
}

#[test]
fn anyone_opens_emissions_of_its_own() {
    let mut i = Incentives::new();
    let (stranger, mint, pool) = (i.world.stranger.pubkey(), i.world.mint, i.pool);
    i.world.land(&[open(&i, terms()), pools::open(stranger, mint, ID, pool, terms())]);
    let theirs = pools::emission_address(&stranger, ID).0;
    assert_eq!(i.emission(&theirs).authority, stranger);
    assert_eq!(i.emission(&emission_of(&i)).authority, i.world.authority.pubkey());
}

#[test]
fn refuses_an_address_of_another_authority_id_or_bump() {
    let mut i = Incentives::new();
    let pool = i.pool;
    let stranger = i.world.stranger.pubkey();
    let honest = open(&i, terms());
    let theirs = with_account(honest.clone(), 0, stranger);
    let mut another_id = honest.clone();
    another_id.data[8] += 1;
    let mut another_bump = honest.clone();
    another_bump.data[16] = another_bump.data[16].wrapping_sub(1);
    for open in [theirs, another_id, another_bump, with_account(honest, 2, pool)] {
        let signer = signer(&i, &open);
        let failure = i.world.attempt(std::slice::from_ref(&open), &[&signer]);
        // Of the seeds comes another address, or none.
        assert!(matches!(
            failure.expect_err("another address").error,
            TransactionError::InstructionError(
                0,
                InstructionError::PrivilegeEscalation | InstructionError::ProgramFailedToComplete
            )
        ));
        assert!(!i.world.exists(&emission_of(&i)));
    }
}

fn signer(i: &Incentives, open: &Instruction) -> Keypair {
    let payer = open.accounts[0].pubkey;
    let keys = [&i.world.authority, &i.world.stranger];
    keys.into_iter().find(|key| key.pubkey() == payer).expect("an actor").insecure_clone()
}

#[test]
fn refuses_another_vault() {
    let mut scene = Scene::empty(terms());
    let open = open(&scene, terms());
    for other in [scene.vault, scene.beneficiary, keypair_for("nobody").pubkey()] {
        if other != open.accounts[4].pubkey {
            scene.refuse_with(with_account(open.clone(), 3, other), InstructionError::InvalidSeeds);
        }
    }
}

#[test]
fn lamports_sent_ahead_to_its_addresses_do_not_stop_it() {
    let mut i = Incentives::new();
    let (emission, authority) = (emission_of(&i), i.world.authority.pubkey());
    let vault = pools::vault_address(&emission).0;
    let plenty = 10_000_000;
    for (emission_lamports, vault_lamports) in
        [(1, 1), (i.world.rent(SPACE), i.world.rent(165)), (plenty, plenty)]
    {
        let mut i = i.clone();
        for (address, lamports) in [(emission, emission_lamports), (vault, vault_lamports)] {
            i.world.network.set(address, Account { lamports, ..Account::default() });
        }
        i.world.land(&[open(&i, terms())]);
        assert_eq!(i.emission(&emission).rate_per_second_atoms, RATE);
        assert_eq!(i.world.tokens_in(&vault), 0);
        assert_eq!(i.world.lamports(&emission), emission_lamports.max(i.world.rent(SPACE)));
        assert_eq!(i.world.lamports(&vault), vault_lamports.max(i.world.rent(165)));
    }
    let open = open(&i, terms());
    i.world.land(&[open]);
    assert_eq!(i.world.tokens(&authority), TOKENS);
}

#[test]
fn refuses_an_authority_that_does_not_sign() {
    let mut i = Incentives::new();
    let open = unsigned(open(&i, terms()));
    i.world.refuse_with(&[open], InstructionError::MissingRequiredSignature);
}

#[test]
fn refuses_what_is_no_mint() {
    let mut i = Incentives::new();
    for (other, error) in [
        (i.tokens_of(&i.world.stranger.pubkey()), InstructionError::InvalidAccountData),
        (i.pool, InstructionError::IllegalOwner),
        (i.world.client.pubkey(), InstructionError::IllegalOwner),
    ] {
        i.world.refuse_with(&[with_account(open(&i, terms()), 1, other)], error);
    }
}
