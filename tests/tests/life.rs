//! The whole life of a job on a bank of the validator's own runtime, with the shipped binary and the real SPL Token
//! program, step by step.

use grid_client::{
    account::{self, MarketView},
    address,
    event::{Event, events_in},
    instruction::{self, Listing},
    token,
};
use grid_jobs::{Config, Device, DeviceState, Job, JobKind, JobState, Project};
use grid_tests::{TERMS, binary, keypair_for};
use solana_account::Account;
use solana_address::Address;
use solana_clock::Clock;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_program_test::{ProgramTest, ProgramTestContext};
use solana_signer::Signer;
use solana_transaction::Transaction;

/// Time at which the life begins, Unix seconds.
const BEGIN: i64 = 1_800_000_000;
/// Lamports that each actor begins with.
const LAMPORTS: u64 = 1_000_000_000_000;
/// Tokens that client and node begin with, atoms.
const TOKENS: u64 = 1_000_000;

/// A bank and what the steps need of it.
struct Bank {
    context: ProgramTestContext,
}

impl Bank {
    /// Starts a bank with the jobs program, which `upgrade authority` may upgrade, and actors with lamports.
    async fn start(actors: &[&Keypair]) -> Self {
        let loader = solana_sdk_ids::bpf_loader_upgradeable::ID;
        let authority = keypair_for("upgrade authority").pubkey();
        let mut test = ProgramTest::default();
        test.prefer_bpf(true);
        // Layout: `UpgradeableLoaderState`: `Program` is 2 and the address of the program data; `ProgramData` is 3, the
        // slot of the deployment, and the authority behind a tag.
        let program = [&2_u32.to_le_bytes()[..], address::program_data().as_ref()].concat();
        let header = [&3_u32.to_le_bytes()[..], &[0; 8], &[1], authority.as_ref()].concat();
        let data = [header, binary::read("grid_jobs")].concat();
        for (address, data, executable) in
            [(grid_jobs::ID, program, true), (address::program_data(), data, false)]
        {
            let account =
                Account { lamports: LAMPORTS, data, owner: loader, executable, rent_epoch: u64::MAX };
            test.add_genesis_account(address, account);
        }
        for actor in actors {
            let account = Account { lamports: LAMPORTS, ..Account::default() };
            test.add_account(actor.pubkey(), account);
        }
        let context = test.start_with_context().await;
        Self { context }
    }

    /// Sends instructions that must succeed, paid by who is none of the actors; returns the events.
    async fn run(&mut self, instructions: &[Instruction], signers: &[&Keypair]) -> Vec<Event> {
        let payer = &self.context.payer;
        let mut all = vec![payer];
        all.extend(signers);
        let transaction = Transaction::new_signed_with_payer(
            instructions,
            Some(&payer.pubkey()),
            &all,
            self.context.last_blockhash,
        );
        let client = &self.context.banks_client;
        let processed = client.process_transaction_with_metadata(transaction).await;
        let processed = processed.expect("the bank answers");
        let logs = processed.metadata.map(|m| m.log_messages).unwrap_or_default();
        if let Err(error) = processed.result {
            panic!("{error}\n{}", logs.join("\n"));
        }
        events_in(&logs)
    }

    async fn find(&self, address: &Address) -> Option<Account> {
        let client = &self.context.banks_client;
        client.get_account(*address).await.expect("the bank answers")
    }

    async fn account(&self, address: &Address) -> Account {
        self.find(address).await.expect("the account exists")
    }

    async fn project(&self, address: &Address) -> Project {
        account::decode(address, &self.account(address).await).expect("a project")
    }

    async fn device(&self, address: &Address) -> Device {
        account::decode(address, &self.account(address).await).expect("a device")
    }

    async fn job(&self, address: &Address) -> Job {
        account::decode(address, &self.account(address).await).expect("a job")
    }

    async fn market(&self, address: &Address) -> MarketView {
        MarketView::decode(address, &self.account(address).await).expect("a market")
    }

    async fn tokens(&self, address: &Address) -> u64 {
        token::amount(&self.account(address).await.data).expect("a token account")
    }

    async fn set_time(&self, unix_timestamp: i64) {
        let clock: Clock = self.context.banks_client.get_sysvar().await.expect("the clock");
        self.context.set_sysvar(&Clock { unix_timestamp, ..clock });
    }
}

/// The names of events.
fn names(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(Event::name).collect()
}

#[tokio::test]
async fn a_job_lives_from_the_first_deposit_to_the_last_withdrawal() {
    let (authority, client, node) =
        (keypair_for("upgrade authority"), keypair_for("client"), keypair_for("node"));
    let mut bank = Bank::start(&[&authority, &client, &node]).await;
    bank.set_time(BEGIN).await;
    let mint = keypair_for("mint");
    let (admin, owner, worker) = (authority.pubkey(), client.pubkey(), node.pubkey());
    let (vault, market) = (address::vault(&mint.pubkey()).0, address::market(&admin, 0).0);
    let (project, device) =
        (address::project(&mint.pubkey(), &owner).0, address::device(&market, &worker, 0).0);
    let job = address::job(&project, 1).0;
    let client_tokens = address::token_account(&owner, mint.pubkey());
    let node_tokens = address::token_account(&worker, mint.pubkey());

    // A mint, and tokens for client and node.
    let create = token::create_mint(admin, mint.pubkey(), admin, 6, LAMPORTS / 1_000);
    bank.run(&create, &[&authority, &mint]).await;
    for (wallet, tokens) in [(owner, client_tokens), (worker, node_tokens)] {
        let create = token::create_account(admin, wallet, mint.pubkey());
        let fill = token::mint_to(mint.pubkey(), tokens, admin, TOKENS);
        bank.run(&[create, fill], &[&authority]).await;
    }
    bank.run(&[token::create_account(admin, admin, mint.pubkey())], &[&authority]).await;
    let mint = mint.pubkey();

    let events = bank.run(&[instruction::initialize_config(admin, admin)], &[&authority]).await;
    assert_eq!(names(&events), ["ConfigInitialized"]);
    let config = address::config().0;
    let found: Config = account::decode(&config, &bank.account(&config).await).expect("a config");
    assert_eq!(found.admin, admin);

    let events = bank.run(&[instruction::open_vault(admin, mint)], &[&authority]).await;
    assert_eq!(names(&events), ["VaultOpened"]);
    assert_eq!(bank.account(&vault).await.owner, token::PROGRAM_ID);
    assert_eq!(bank.tokens(&vault).await, 0);

    let events = bank.run(&[instruction::open_market(admin, mint, 0, TERMS)], &[&authority]).await;
    assert_eq!(names(&events), ["MarketOpened"]);
    let found = bank.market(&market).await;
    assert_eq!((found.slots.len(), found.waiting()), (273, Some(vec![])));

    let events = bank.run(&[instruction::open_project(owner, mint)], &[&client]).await;
    assert_eq!(names(&events), ["ProjectOpened"]);
    let deposit = instruction::deposit(owner, client_tokens, project, mint, 100_000);
    let events = bank.run(&[deposit], &[&client]).await;
    assert_eq!(names(&events), ["Deposited"]);
    assert_eq!(bank.project(&project).await.balance, 100_000);
    assert_eq!(bank.tokens(&vault).await, 100_000);
    assert_eq!(bank.tokens(&client_tokens).await, TOKENS - 100_000);

    let open = instruction::open_device(worker, market, 0, worker);
    assert_eq!(names(&bank.run(&[open], &[&node]).await), ["DeviceOpened"]);
    let fund = instruction::fund_bond(worker, node_tokens, device, mint, 5_000);
    assert_eq!(names(&bank.run(&[fund], &[&node]).await), ["BondFunded"]);
    assert_eq!(bank.device(&device).await.bond_atoms, 5_000);
    assert_eq!(bank.tokens(&vault).await, 105_000);

    let listing = Listing {
        id: 1,
        kind: JobKind::Batch,
        definition: [0xd0; 32],
        timeout_seconds: 600,
        max_price_per_second_atoms: 100,
    };
    let list = instruction::list(owner, project, market, &listing);
    assert_eq!(names(&bank.run(&[list], &[&client]).await), ["JobQueued"]);
    let found = bank.job(&job).await;
    assert!(found.is(JobState::Queued));
    assert_eq!(found.escrow_atoms, 61_500);
    assert_eq!(bank.project(&project).await.balance, 38_500);
    assert_eq!(bank.market(&market).await.waiting(), Some(vec![job]));

    let work = instruction::work(worker, device, market, 100);
    assert_eq!(names(&bank.run(&[work], &[&node]).await), ["DeviceMatched"]);
    let found = bank.device(&device).await;
    assert!(found.is(DeviceState::Assigned));
    assert_eq!((found.job, found.matched_at), (job, BEGIN.into()));
    assert_eq!(bank.market(&market).await.waiting(), Some(vec![]));

    bank.set_time(BEGIN + 10).await;
    let start = instruction::start(worker, device, job);
    assert_eq!(names(&bank.run(&[start], &[&node]).await), ["JobStarted"]);
    assert!(bank.device(&device).await.is(DeviceState::Running));
    let found = bank.job(&job).await;
    assert!(found.is(JobState::Running));
    assert_eq!(found.started_at, BEGIN + 10);

    bank.set_time(BEGIN + 70).await;
    let heartbeat = instruction::heartbeat(worker, device, job);
    assert!(bank.run(&[heartbeat], &[&node]).await.is_empty());
    assert_eq!(bank.job(&job).await.last_heartbeat_at, BEGIN + 70);

    bank.set_time(BEGIN + 100).await;
    let finish = instruction::finish(worker, instruction::Run { device, job, market, project }, [0xe0; 32]);
    assert_eq!(names(&bank.run(&[finish], &[&node]).await), ["JobFinished"]);
    let found = bank.job(&job).await;
    assert!(found.is(JobState::Done));
    assert_eq!((found.result, found.escrow_atoms), ([0xe0; 32], 0.into()));
    assert_eq!(bank.device(&device).await.earnings_atoms, 9_000);
    assert_eq!(bank.market(&market).await.header.fees_owed_atoms, 225);
    assert_eq!(bank.project(&project).await.balance, 90_775);
    assert_eq!(bank.tokens(&vault).await, 105_000, "no token moved since the bond");

    let earnings = instruction::withdraw_earnings(device, mint, worker);
    assert_eq!(names(&bank.run(&[earnings], &[]).await), ["EarningsWithdrawn"]);
    assert_eq!(bank.tokens(&node_tokens).await, TOKENS - 5_000 + 9_000);
    assert_eq!(bank.tokens(&vault).await, 96_000);

    let withdraw = instruction::withdraw(owner, project, mint, client_tokens, 90_775);
    assert_eq!(names(&bank.run(&[withdraw], &[&client]).await), ["Withdrawn"]);
    assert_eq!(bank.tokens(&client_tokens).await, TOKENS - 9_225);
    assert_eq!(bank.tokens(&vault).await, 5_225);

    let close = instruction::close_job(owner, project, job, owner);
    assert_eq!(names(&bank.run(&[close], &[&client]).await), ["JobClosed"]);
    assert_eq!(bank.find(&job).await, None);

    let bond = instruction::withdraw_bond(worker, device, mint, worker, 5_000);
    assert_eq!(names(&bank.run(&[bond], &[&node]).await), ["BondWithdrawn"]);
    assert_eq!(bank.tokens(&node_tokens).await, TOKENS + 9_000);
    let close = instruction::close_device(worker, worker, device);
    assert_eq!(names(&bank.run(&[close], &[&node]).await), ["DeviceClosed"]);
    assert_eq!(bank.find(&device).await, None);

    let close = instruction::close_project(owner, project);
    assert_eq!(names(&bank.run(&[close], &[&client]).await), ["ProjectClosed"]);
    assert_eq!(bank.find(&project).await, None);

    assert_eq!(bank.account(&owner).await.lamports, LAMPORTS, "all rent came back");
    assert_eq!(bank.account(&worker).await.lamports, LAMPORTS, "all rent came back");
    let found = bank.market(&market).await.header;
    assert_eq!((found.active_jobs, found.fees_owed_atoms), (0.into(), 225.into()));
    assert_eq!(bank.tokens(&vault).await, 225, "the vault holds the fees that are owed, and nothing else");

    let collect = instruction::collect_fees(market, mint, admin, Default::default());
    assert_eq!(names(&bank.run(&[collect], &[]).await), ["FeesCollected"]);
    assert_eq!(bank.tokens(&address::token_account(&admin, mint)).await, 225);
    assert_eq!(bank.tokens(&vault).await, 0);
    let (lamports, rent) = (bank.account(&admin).await.lamports, bank.account(&market).await.lamports);
    let close = instruction::close_market(admin, market);
    assert_eq!(names(&bank.run(&[close], &[&authority]).await), ["MarketClosed"]);
    assert_eq!(bank.find(&market).await, None);
    assert_eq!(bank.account(&admin).await.lamports, lamports + rent);
}
