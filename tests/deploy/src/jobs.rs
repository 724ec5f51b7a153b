//! Live accounts: a client, a node with three devices, and jobs in every phase, in a market that the migrations opened.

use anyhow::{Context, Result, ensure};
use grid_client::{
    Chain, RpcChain,
    account::{Device, Job, JobPhase, Project, job_phase, terms_of},
    address,
    chain::{self, fetch, fetch_market},
    instruction::{self, Listing, Run},
    ledger::fetch_ledger,
    token,
};
use grid_jobs::{JobKind, JobState, Market, MarketTerms};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::time::Duration;

/// The market of the plan, by its number.
const MARKET_ID: u64 = 1;
const DEVICES: u32 = 3;
const JOBS: u64 = 4;
const TIMEOUT_SECONDS: u32 = 600;
/// Tokens that client and node have, atoms.
const TOKENS: u64 = 100_000_000;
const LAMPORTS: u64 = 5_000_000_000;

/// The mint that the migrations created.
pub fn mint(deployer: &Address) -> Address {
    Address::create_with_seed(deployer, "grid-mint-grid", &token::PROGRAM_ID).unwrap_or_default()
}

/// A client and a node.
pub struct Stage<'a> {
    chain: &'a RpcChain,
    mint: Address,
    market: Address,
    terms: Market,
    project: Address,
    client: Keypair,
    node: Keypair,
}

/// The four jobs.
pub struct Open {
    /// Runs on device 0.
    running: Address,
    /// Was given to device 1, which waited.
    assigned: Address,
    /// Waited, and was taken by device 2.
    taken: Address,
    /// Waits.
    queued: Address,
}

impl<'a> Stage<'a> {
    /// Funds both, and opens project and devices.
    pub async fn build(chain: &'a RpcChain, deployer: &Keypair) -> Result<Self> {
        let (client, node, me) = (Keypair::new(), Keypair::new(), deployer.pubkey());
        let mint = mint(&me);
        let market = address::market(&me, MARKET_ID).0;
        let terms = fetch_market(chain, &market).await?.header;
        let project = address::project(&mint, &client.pubkey()).0;
        let stage = Self { chain, mint, market, terms, project, client, node };
        for actor in [&stage.client, &stage.node] {
            let wallet = actor.pubkey();
            let account = address::token_account(&wallet, mint);
            let fill = [
                transfer(me, wallet, LAMPORTS),
                token::create_account(me, wallet, mint),
                token::mint_to(mint, account, me, TOKENS),
            ];
            stage.send(&fill, &[deployer]).await?;
        }
        let (client, node) = (stage.client.pubkey(), stage.node.pubkey());
        let source = address::token_account(&client, mint);
        let fund = [
            instruction::open_project(client, mint),
            instruction::deposit(client, source, project, mint, TOKENS),
        ];
        stage.send(&fund, &[&stage.client]).await?;
        for index in 0..DEVICES {
            let source = address::token_account(&node, mint);
            let open = [
                instruction::open_device(node, market, index, node),
                instruction::fund_bond(node, source, stage.device(index), mint, stage.terms.bond_atoms.get()),
            ];
            stage.send(&open, &[&stage.node]).await?;
        }
        Ok(stage)
    }

    /// A job that runs, one that is assigned, one that a device took, and one that waits.
    pub async fn list_in_every_phase(&self) -> Result<Open> {
        self.work(0).await?;
        let running = self.list(0).await?;
        self.start(0, running).await?;
        self.work(1).await?;
        let assigned = self.list(1).await?;
        let taken = self.list(2).await?;
        let queued = self.list(3).await?;
        self.work(2).await?;
        let open = Open { running, assigned, taken, queued };
        self.phases_are_kept(&open).await?;
        Ok(open)
    }

    /// Each job is in its phase, and the vault holds what is owed.
    pub async fn phases_are_kept(&self, open: &Open) -> Result<()> {
        let phases = [
            (open.running, JobPhase::Running),
            (open.assigned, JobPhase::Matched),
            (open.taken, JobPhase::Matched),
            (open.queued, JobPhase::Queued),
        ];
        for (address, expected) in phases {
            let job: Job = fetch(self.chain, "job", &address).await?;
            let market = fetch_market(self.chain, &self.market).await?;
            let phase = job_phase(&address, &job, &market);
            ensure!(phase == expected, "{address} is {phase:?}, expected was {expected:?}");
        }
        let job: Job = fetch(self.chain, "job", &open.taken).await?;
        ensure!(job.is(JobState::Queued), "that it was taken stands in the device's account");
        self.owes_what_it_holds().await
    }

    async fn owes_what_it_holds(&self) -> Result<()> {
        let (ledger, held) = fetch_ledger(self.chain, &self.mint).await?;
        ensure!(ledger.total() == u128::from(held), "the vault holds {held}, the accounts say {ledger:?}");
        Ok(())
    }

    /// Finishes every job, checks what each was paid, and takes everything home; what held, in sentences.
    pub async fn finish_all(&self, open: &Open) -> Result<Vec<String>> {
        self.finish(0, open.running).await?;
        self.start(1, open.assigned).await?;
        self.start(2, open.taken).await?;
        self.work(0).await?;
        self.start(0, open.queued).await?;
        for (device, job) in [(1, open.assigned), (2, open.taken), (0, open.queued)] {
            self.finish(device, job).await?;
        }
        let (mut pay_of, mut fees, mut seconds_sold) = ([0; DEVICES as usize], 0, 0);
        for (device, address) in [(0, open.running), (1, open.assigned), (2, open.taken), (0, open.queued)] {
            let job: Job = fetch(self.chain, "job", &address).await?;
            ensure!(job.is(JobState::Done) && job.escrow_atoms.get() == 0, "{address} is not done: {job:?}");
            ensure!(job.device == self.device(device), "{address} ran elsewhere: {job:?}");
            let seconds = u64::try_from(job.ended_at.get() - job.started_at.get())?;
            ensure!(seconds > 0, "{address} ran for no second: nothing was paid");
            let pay = seconds * self.terms.price_per_second_atoms.get();
            pay_of[device as usize] += pay;
            fees += (pay * u64::from(self.terms.fee_bps.get())).div_ceil(10_000);
            seconds_sold += seconds;
        }
        self.owes_what_it_holds().await?;
        let earned: u64 = pay_of.iter().sum();
        let mut said = vec![format!(
            "the four jobs that were open are done: {seconds_sold} s, {earned} atoms to devices, {fees} atoms of fees"
        )];
        let node = self.node.pubkey();
        for index in 0..DEVICES {
            let (address, paid) = (self.device(index), pay_of[index as usize]);
            let device: Device = fetch(self.chain, "device", &address).await?;
            ensure!(
                device.earnings_atoms.get() == paid,
                "{address} earned {}, not {paid}",
                device.earnings_atoms.get()
            );
            ensure!(device.bond_atoms == self.terms.bond_atoms, "{address} lost of its bond");
            let home = [
                instruction::withdraw_earnings(address, self.mint, node),
                instruction::withdraw_bond(node, address, self.mint, node, device.bond_atoms.get()),
                instruction::close_device(node, node, address),
            ];
            self.send(&home, &[&self.node]).await?;
        }
        let client = self.client.pubkey();
        for id in 0..JOBS {
            let job = address::job(&self.project, id).0;
            self.send(&[instruction::close_job(client, self.project, job, client)], &[&self.client]).await?;
        }
        let project: Project = fetch(self.chain, "project", &self.project).await?;
        let left = TOKENS - earned - fees;
        ensure!(project.balance.get() == left, "the project has {}, not {left}", project.balance.get());
        let home = [
            instruction::withdraw(
                client,
                self.project,
                self.mint,
                address::token_account(&client, self.mint),
                left,
            ),
            instruction::close_project(client, self.project),
        ];
        self.send(&home, &[&self.client]).await?;
        let (clients, nodes) = (self.tokens(client).await?, self.tokens(node).await?);
        ensure!((clients, nodes) == (left, TOKENS + earned), "client {clients}, node {nodes}");
        let (ledger, held) = fetch_ledger(self.chain, &self.mint).await?;
        ensure!(
            held == fees && ledger.total() == u128::from(fees),
            "{held} are left in the vault: {ledger:?}"
        );
        said.push(format!("everything was taken home to the atom; the vault holds the {fees} atoms of fees"));
        Ok(said)
    }

    /// Terms of the market.
    pub fn terms(&self) -> MarketTerms {
        terms_of(&self.terms)
    }

    fn device(&self, index: u32) -> Address {
        address::device(&self.market, &self.node.pubkey(), index).0
    }

    async fn work(&self, index: u32) -> Result<()> {
        let work = instruction::work(self.node.pubkey(), self.device(index), self.market, 0);
        self.send(&[work], &[&self.node]).await
    }

    async fn list(&self, id: u64) -> Result<Address> {
        let listing = Listing {
            id,
            kind: JobKind::Batch,
            definition: [7; 32],
            timeout_seconds: TIMEOUT_SECONDS,
            max_price_per_second_atoms: self.terms.price_per_second_atoms.get(),
        };
        let list = instruction::list(self.client.pubkey(), self.project, self.market, &listing);
        self.send(&[list], &[&self.client]).await?;
        Ok(address::job(&self.project, id).0)
    }

    async fn start(&self, index: u32, job: Address) -> Result<()> {
        let start = instruction::start(self.node.pubkey(), self.device(index), job);
        self.send(&[start], &[&self.node]).await
    }

    /// Finishes a run that the chain's clock counts at least a second of.
    async fn finish(&self, index: u32, job: Address) -> Result<()> {
        let account: Job = fetch(self.chain, "job", &job).await?;
        while chain::clock(self.chain).await?.unix_timestamp <= account.started_at.get() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let run = Run { device: self.device(index), job, market: self.market, project: self.project };
        self.send(&[instruction::finish(self.node.pubkey(), run, [9; 32])], &[&self.node]).await
    }

    async fn tokens(&self, wallet: Address) -> Result<u64> {
        let found = chain::account(self.chain, &address::token_account(&wallet, self.mint)).await?;
        found.and_then(|account| token::amount(&account.data)).context("a token account")
    }

    async fn send(&self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<()> {
        self.chain.submit(instructions, signers).await?;
        Ok(())
    }
}

/// System program: `Transfer` is variant 2 (u32), then lamports.
fn transfer(from: Address, to: Address, lamports: u64) -> Instruction {
    use solana_instruction::AccountMeta;
    let data = [&2_u32.to_le_bytes()[..], &lamports.to_le_bytes()].concat();
    let accounts = vec![AccountMeta::new(from, true), AccountMeta::new(to, false)];
    Instruction::new_with_bytes(Address::default(), &data, accounts)
}
