//! A gated life on a bank of the validator's own runtime, with the shipped binaries and the real Token Metadata program.

use grid_client::{
    account, address,
    event::{Event, events_in},
    instruction::{self, Evidence, Listing},
    nodes, staking, token,
};
use grid_jobs::{
    AccessRule, AdmissionTerms, Device, DeviceState, GridError, Job, JobKind, JobState, Project,
};
use grid_nodes::{Access, Attestation, Measured, Node};
use grid_staking::Stake;
use grid_tests::{
    TERMS, binary,
    incentives::{DURATION, SLASH_CAP_BPS, SLASH_EPOCH},
    keypair_for,
    nodes::{CLASS, SCORE, hardware, label, software},
};
use solana_account::Account;
use solana_address::Address;
use solana_clock::Clock;
use solana_instruction::{Instruction, error::InstructionError};
use solana_keypair::Keypair;
use solana_program_test::{ProgramTest, ProgramTestContext};
use solana_signer::Signer;
use solana_transaction::Transaction;
use solana_transaction_error::TransactionError;

/// Time at which the life begins, Unix seconds.
const BEGIN: i64 = 1_800_000_000;
/// Lamports that each actor begins with.
const LAMPORTS: u64 = 1_000_000_000_000;
/// Tokens that each actor begins with, atoms.
const TOKENS: u64 = 1_000_000;
/// What the node stakes, atoms.
const STAKE: u64 = 500_000;

/// A bank and what the steps need of it.
struct Bank {
    context: ProgramTestContext,
}

impl Bank {
    /// Starts a bank with our programs, which `upgrade authority` may upgrade, Token Metadata, and actors with lamports.
    async fn start(actors: &[&Keypair]) -> Self {
        let loader = solana_sdk_ids::bpf_loader_upgradeable::ID;
        let authority = keypair_for("upgrade authority").pubkey();
        let mut test = ProgramTest::default();
        test.prefer_bpf(true);
        let metadata = grid_token_metadata::elf().expect("the Token Metadata program").into_owned();
        for (id, elf) in [
            (grid_jobs::ID, binary::read("grid_jobs")),
            (grid_nodes::ID, binary::read("grid_nodes")),
            (grid_staking::ID, binary::read("grid_staking")),
            (grid_token_metadata::ID, metadata),
        ] {
            // Layout: `UpgradeableLoaderState`: `Program` is 2 and the address of the program data; `ProgramData` is 3,
            // the slot of the deployment, and the authority behind a tag.
            let data = address::program_data_of(&id);
            let program = [&2_u32.to_le_bytes()[..], data.as_ref()].concat();
            let header = [&3_u32.to_le_bytes()[..], &[0; 8], &[1], authority.as_ref()].concat();
            for (address, bytes, executable) in [(id, program, true), (data, [header, elf].concat(), false)] {
                let account = Account {
                    lamports: LAMPORTS,
                    data: bytes,
                    owner: loader,
                    executable,
                    rent_epoch: u64::MAX,
                };
                test.add_genesis_account(address, account);
            }
        }
        for actor in actors {
            test.add_account(actor.pubkey(), Account { lamports: LAMPORTS, ..Account::default() });
        }
        Self { context: test.start_with_context().await }
    }

    /// Sends instructions, paid by who is none of the actors.
    async fn send(
        &mut self,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> (Result<(), TransactionError>, Vec<String>) {
        let payer = &self.context.payer;
        let mut all = vec![payer];
        all.extend(signers);
        let blockhash = self.context.last_blockhash;
        let transaction =
            Transaction::new_signed_with_payer(instructions, Some(&payer.pubkey()), &all, blockhash);
        let client = &self.context.banks_client;
        let processed = client.process_transaction_with_metadata(transaction).await;
        let processed = processed.expect("the bank answers");
        (processed.result, processed.metadata.map(|found| found.log_messages).unwrap_or_default())
    }

    /// Sends instructions that must succeed; returns the names of the events.
    async fn run(&mut self, instructions: &[Instruction], signers: &[&Keypair]) -> Vec<&'static str> {
        let (result, logs) = self.send(instructions, signers).await;
        if let Err(error) = result {
            panic!("{error}\n{}", logs.join("\n"));
        }
        events_in(&logs).iter().map(Event::name).collect()
    }

    /// Sends an instruction that must be refused with this error.
    async fn refuse(&mut self, instruction: Instruction, signer: &Keypair, error: GridError) {
        let (result, logs) = self.send(&[instruction], &[signer]).await;
        let expected = InstructionError::Custom(error as u32 + 6_000);
        assert_eq!(
            result,
            Err(TransactionError::InstructionError(0, expected)),
            "{error:?}\n{}",
            logs.join("\n")
        );
    }

    async fn find(&self, address: &Address) -> Option<Account> {
        self.context.banks_client.get_account(*address).await.expect("the bank answers")
    }

    async fn read<T>(&self, address: &Address) -> T
    where
        T: anchor_lang::AccountDeserialize + anchor_lang::Owner,
    {
        let found = self.find(address).await.expect("the account exists");
        account::decode(address, &found).unwrap_or_else(|error| panic!("{error}"))
    }

    async fn tokens(&self, address: &Address) -> u64 {
        token::amount(&self.find(address).await.expect("it exists").data).expect("a token account")
    }

    async fn set_time(&self, unix_timestamp: i64) {
        let clock: Clock = self.context.banks_client.get_sysvar().await.expect("the clock");
        self.context.set_sysvar(&Clock { unix_timestamp, ..clock });
    }
}

#[tokio::test]
async fn a_gated_life_from_the_nft_to_the_pay_and_to_the_refusal_after_it_was_revoked() {
    let (authority, client, node) =
        (keypair_for("upgrade authority"), keypair_for("client"), keypair_for("node"));
    let mut bank = Bank::start(&[&authority, &client, &node]).await;
    bank.set_time(BEGIN).await;
    let mint = keypair_for("mint");
    let (admin, owner, worker) = (authority.pubkey(), client.pubkey(), node.pubkey());
    let create = token::create_mint(admin, mint.pubkey(), admin, 6, LAMPORTS / 1_000);
    bank.run(&create, &[&authority, &mint]).await;
    let mint = mint.pubkey();
    let market = address::market(&admin, 0).0;
    let (project, device) = (address::project(&mint, &owner).0, address::device(&market, &worker, 0).0);
    let [admin_tokens, client_tokens, node_tokens] =
        [admin, owner, worker].map(|wallet| address::token_account(&wallet, mint));
    for (wallet, tokens) in [(admin, admin_tokens), (owner, client_tokens), (worker, node_tokens)] {
        let create = token::create_account(admin, wallet, mint);
        bank.run(&[create, token::mint_to(mint, tokens, admin, TOKENS)], &[&authority]).await;
    }

    // The market, the client's deposit, the node's device.
    bank.run(&[instruction::initialize_config(admin, admin)], &[&authority]).await;
    bank.run(&[instruction::open_vault(admin, mint)], &[&authority]).await;
    bank.run(&[instruction::open_market(admin, mint, 0, TERMS)], &[&authority]).await;
    let deposit = instruction::deposit(owner, client_tokens, project, mint, 200_000);
    bank.run(&[instruction::open_project(owner, mint), deposit], &[&client]).await;
    let fund = instruction::fund_bond(worker, node_tokens, device, mint, 5_000);
    bank.run(&[instruction::open_device(worker, market, 0, worker), fund], &[&node]).await;

    // The collection, the node, what its benchmark measured, its stake, its NFT.
    let collection = nodes::collection_mint_address(&admin, 0).0;
    let limit = nodes::compute_limit(nodes::NFT_COMPUTE_UNITS);
    let create = nodes::create_collection(admin, 0, label("Grid RTX 4090"));
    assert_eq!(bank.run(&[limit.clone(), create], &[&authority]).await, ["CollectionOpened"]);
    let register = nodes::register_node(worker, hardware(), software());
    assert_eq!(bank.run(&[register], &[&node]).await, ["NodeRegistered"]);
    let record: Node = bank.read(&nodes::node_address(&worker).0).await;
    let measured = Measured {
        class: CLASS,
        score: SCORE,
        result: [5; 32],
        expires_at: BEGIN + 86_400,
        hardware_slot: record.hardware_slot.get(),
    };
    let attest = nodes::attest(admin, &collection, &worker, &measured);
    assert_eq!(bank.run(&[attest], &[&authority]).await, ["Attested"]);
    let attestation: Attestation =
        bank.read(&nodes::attestation_address(&collection, &worker, CLASS).0).await;
    assert_eq!((attestation.node, attestation.score), (worker, SCORE.into()));
    let open = staking::open_settings(admin, mint, admin_tokens, SLASH_CAP_BPS, SLASH_EPOCH);
    assert_eq!(bank.run(&[open], &[&authority]).await, ["SettingsOpened"]);
    let lock = staking::stake(worker, node_tokens, mint, 0, STAKE, DURATION);
    assert_eq!(bank.run(&[lock], &[&node]).await, ["Staked"]);
    let stake = staking::stake_address(&mint, &worker, 0).0;
    let weight = bank.read::<Stake>(&stake).await.weight.get();
    let issue = nodes::issue_access(admin, &collection, worker, 0, label("Grid access"));
    assert_eq!(bank.run(&[limit, issue], &[&authority]).await, ["AccessIssued"]);
    let access = nodes::access_mint_address(&collection, 0).0;
    let found: Access = bank.read(&nodes::access_address(&access).0).await;
    assert_eq!((found.mint, found.node), (access, worker));
    assert_eq!(bank.tokens(&address::token_account(&worker, access)).await, 1);

    // The market asks for all of it.
    let terms = AdmissionTerms {
        access: AccessRule::Issued,
        collection,
        benchmark_class: CLASS,
        min_score: SCORE,
        stake_mint: mint,
        min_stake_weight: weight,
    };
    let set = instruction::set_admission(admin, market, terms);
    assert_eq!(bank.run(&[set], &[&authority]).await, ["AdmissionChanged"]);
    let evidence = Evidence::of(&(&terms).into(), &worker, Some(&access), Some(stake));
    // Each with a minimum of its own: a bank takes the same transaction once.
    let work = |minimum| instruction::work_gated(worker, device, market, minimum, evidence);
    bank.refuse(instruction::work(worker, device, market, 0), &node, GridError::AdmissionAsked).await;
    bank.refuse(work(0), &node, GridError::DeviceNotAdmitted).await;
    let admit = instruction::admit_device(worker, device, market, &access, AccessRule::Issued);
    assert_eq!(bank.run(&[admit], &[&node]).await, ["DeviceAdmitted"]);

    // A job, from the queue to the pay.
    assert_eq!(bank.run(&[work(1)], &[&node]).await, ["DeviceQueued"]);
    let listing = |id| Listing {
        id,
        kind: JobKind::Batch,
        definition: [0xd0; 32],
        timeout_seconds: 600,
        max_price_per_second_atoms: 100,
    };
    let list = instruction::list(owner, project, market, &listing(1));
    assert_eq!(bank.run(&[list], &[&client]).await, ["JobMatched"]);
    let job = address::job(&project, 1).0;
    bank.set_time(BEGIN + 10).await;
    bank.refuse(instruction::start(worker, device, job), &node, GridError::AdmissionAsked).await;
    let start = instruction::start_gated(worker, device, job, market, evidence);
    assert_eq!(bank.run(&[start], &[&node]).await, ["JobStarted"]);
    bank.set_time(BEGIN + 70).await;
    let finish = instruction::finish(worker, instruction::Run { device, job, market, project }, [0xe0; 32]);
    assert_eq!(bank.run(&[finish], &[&node]).await, ["JobFinished"]);
    let before = bank.tokens(&node_tokens).await;
    bank.run(&[instruction::withdraw_earnings(device, mint, worker)], &[]).await;
    assert_eq!(bank.tokens(&node_tokens).await, before + 6_000);

    // The next match, and the NFT is revoked: no start; the job waits for another device.
    bank.set_time(BEGIN + 100).await;
    let list = instruction::list(owner, project, market, &listing(2));
    assert_eq!(bank.run(&[list], &[&client]).await, ["JobQueued"]);
    assert_eq!(bank.run(&[work(2)], &[&node]).await, ["DeviceMatched"]);
    let revoke = nodes::revoke_access(admin, &collection, &access, admin);
    assert_eq!(bank.run(&[revoke], &[&authority]).await, ["AccessRevoked"]);
    let job = address::job(&project, 2).0;
    let start = instruction::start_gated(worker, device, job, market, evidence);
    bank.refuse(start, &node, GridError::AccessNotVerified).await;
    let decline = instruction::decline(worker, instruction::Run { device, job, market, project });
    assert_eq!(bank.run(&[decline], &[&node]).await, ["JobTakenBack"]);
    assert!(bank.read::<Job>(&job).await.is(JobState::Queued));
    assert!(bank.read::<Device>(&device).await.is(DeviceState::Idle));
    bank.refuse(work(3), &node, GridError::AccessNotVerified).await;

    // All goes home.
    let lamports = bank.find(&worker).await.expect("it has lamports").lamports;
    let admission = address::admission(&market, &access).0;
    let rent = bank.find(&admission).await.expect("it exists").lamports
        + bank.find(&device).await.expect("it exists").lamports;
    let leave = [
        instruction::dismiss_device(worker, device, market, &access),
        instruction::withdraw_bond(worker, device, mint, worker, 5_000),
        instruction::close_device(worker, worker, device),
    ];
    let names = bank.run(&leave, &[&node]).await;
    assert_eq!(names, ["DeviceDismissed", "BondWithdrawn", "DeviceClosed"]);
    assert_eq!(bank.find(&admission).await, None);
    assert_eq!(bank.find(&worker).await.expect("it has lamports").lamports, lamports + rent);
    let delist = instruction::delist(owner, project, market, job, owner);
    assert_eq!(bank.run(&[delist], &[&client]).await, ["JobDelisted"]);
    let balance = bank.read::<Project>(&project).await.balance.get();
    assert_eq!(balance, 200_000 - 6_150);
    assert_eq!(bank.tokens(&address::vault(&mint).0).await, balance + 150, "the balance and the fee");
}
