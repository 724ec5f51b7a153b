//! One builder per instruction. Each takes what the caller decides and derives the rest.

use crate::{address, nodes, rewards, token::Mint};
use grid_jobs::{
    AccessRule, AdmissionRule, AdmissionTerms, EvidenceAddresses, JobKind, JobRequest, MarketTerms, accounts,
    instruction as data,
};
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};

const SYSTEM_PROGRAM: Address = solana_sdk_ids::system_program::ID;
const CLOCK: Address = solana_sdk_ids::sysvar::clock::ID;

/// Initialises the config. Signs: the program's upgrade authority.
pub fn initialize_config(authority: Address, admin: Address) -> Instruction {
    data::InitializeConfig { admin }.to_instruction(accounts::InitializeConfig {
        authority,
        config: address::config().0,
        program_data: address::program_data(),
        system_program: SYSTEM_PROGRAM,
    })
}

/// Names pauser and treasury. Signs: the admin.
pub fn update_config(admin: Address, pauser: Address, treasury: Address) -> Instruction {
    let config = address::config().0;
    data::UpdateConfig { pauser, treasury }.to_instruction(accounts::UpdateConfig { admin, config })
}

/// Names the mint whose stakes earn shares of the fees; zero when none do. Signs: the admin.
pub fn set_stake_mint(admin: Address, stake_mint: Address) -> Instruction {
    let config = address::config().0;
    data::SetStakeMint { stake_mint }.to_instruction(accounts::SetStakeMint { admin, config })
}

/// Refuses deposits, bonds and new markets for some seconds; zero ends that. Signs: the pauser.
pub fn pause_deposits(pauser: Address, seconds: u32) -> Instruction {
    let config = address::config().0;
    data::PauseDeposits { seconds }.to_instruction(accounts::PauseDeposits { pauser, config })
}

/// Offers the admin role. Signs: the admin.
pub fn propose_admin(admin: Address, new_admin: Address) -> Instruction {
    let config = address::config().0;
    data::ProposeAdmin { new_admin }.to_instruction(accounts::ProposeAdmin { admin, config })
}

/// Takes over the admin role. Signs: whom it was offered to.
pub fn accept_admin(new_admin: Address) -> Instruction {
    let config = address::config().0;
    data::AcceptAdmin {}.to_instruction(accounts::AcceptAdmin { new_admin, config })
}

/// Opens the vault of a mint. Signs: the payer.
pub fn open_vault(payer: Address, mint: impl Into<Mint>) -> Instruction {
    let mint = mint.into();
    data::OpenVault {}.to_instruction(accounts::OpenVault {
        payer,
        mint: mint.address,
        vault: address::vault(&mint.address).0,
        token_program: mint.program,
        system_program: SYSTEM_PROGRAM,
    })
}

/// Opens a market. Signs: its authority.
pub fn open_market(authority: Address, mint: impl Into<Mint>, id: u64, terms: MarketTerms) -> Instruction {
    let mint = mint.into();
    data::OpenMarket { id, terms }.to_instruction(accounts::OpenMarket {
        authority,
        config: address::config().0,
        mint: mint.address,
        market: address::market(&authority, id).0,
        system_program: SYSTEM_PROGRAM,
    })
}

/// Sets a market's terms. Signs: its authority.
pub fn update_market(authority: Address, market: Address, terms: MarketTerms) -> Instruction {
    data::UpdateMarket { terms }.to_instruction(accounts::UpdateMarket { authority, market })
}

/// Sets whom a market admits. Signs: its authority.
pub fn set_admission(authority: Address, market: Address, terms: AdmissionTerms) -> Instruction {
    data::SetAdmission { terms }.to_instruction(accounts::SetAdmission { authority, market })
}

/// Offers a market to another authority. Signs: its authority.
pub fn propose_market_authority(authority: Address, market: Address, new_authority: Address) -> Instruction {
    data::ProposeMarketAuthority { new_authority }
        .to_instruction(accounts::ProposeMarketAuthority { authority, market })
}

/// Takes over a market. Signs: whom it was offered to.
pub fn accept_market_authority(new_authority: Address, market: Address) -> Instruction {
    data::AcceptMarketAuthority {}.to_instruction(accounts::AcceptMarketAuthority { new_authority, market })
}

/// Refuses entries to a market for some seconds; zero ends that. Signs: the pauser.
pub fn pause_market(pauser: Address, market: Address, seconds: u32) -> Instruction {
    let config = address::config().0;
    data::PauseMarket { seconds }.to_instruction(accounts::PauseMarket { pauser, config, market })
}

/// Pays a market's fees to the reward pool of its mint and to the treasury, and burns a share; treasury and stake mint
/// are those of the config. Signs: nobody but the fee payer.
pub fn collect_fees(
    market: Address,
    mint: impl Into<Mint>,
    treasury: Address,
    stake_mint: Address,
) -> Instruction {
    let mint = mint.into();
    let reward_pool = rewards::pool_address(&stake_mint, &mint.address).0;
    data::CollectFees {}.to_instruction(accounts::CollectFees {
        market,
        config: address::config().0,
        mint: mint.address,
        vault: address::vault(&mint.address).0,
        reward_pool,
        reward_vault: rewards::vault_address(&reward_pool).0,
        destination: address::token_account(&treasury, mint),
        rewards_program: grid_rewards::ID,
        token_program: mint.program,
    })
}

/// Closes a market that nothing depends on. Signs: its authority.
pub fn close_market(authority: Address, market: Address) -> Instruction {
    data::CloseMarket {}.to_instruction(accounts::CloseMarket { authority, market })
}

/// Grows a market's queue. Signs: the payer.
pub fn grow_market(payer: Address, market: Address) -> Instruction {
    data::GrowMarket {}.to_instruction(accounts::GrowMarket { payer, market, system_program: SYSTEM_PROGRAM })
}

/// Opens a project. Signs: its owner.
pub fn open_project(owner: Address, mint: impl Into<Mint>) -> Instruction {
    let mint = mint.into();
    data::OpenProject {}.to_instruction(accounts::OpenProject {
        owner,
        mint: mint.address,
        project: address::project(&mint.address, &owner).0,
        system_program: SYSTEM_PROGRAM,
    })
}

/// Closes an empty project. Signs: its owner.
pub fn close_project(owner: Address, project: Address) -> Instruction {
    data::CloseProject {}.to_instruction(accounts::CloseProject { owner, project })
}

/// Appoints a member, or changes its limit. Signs: the project's owner.
pub fn set_member(
    owner: Address,
    project: Address,
    key: Address,
    limit_atoms: u64,
    period_seconds: u32,
) -> Instruction {
    data::SetMember { key, limit_atoms, period_seconds }.to_instruction(accounts::SetMember {
        owner,
        project,
        member: address::member(&project, &key).0,
        system_program: SYSTEM_PROGRAM,
    })
}

/// Ends a membership. Signs: the project's owner or the member.
pub fn close_member(signer: Address, owner: Address, project: Address, key: Address) -> Instruction {
    let member = address::member(&project, &key).0;
    data::CloseMember {}.to_instruction(accounts::CloseMember { signer, owner, project, member })
}

/// Adds tokens to a project's balance. Signs: the depositor.
pub fn deposit(
    depositor: Address,
    source: Address,
    project: Address,
    mint: impl Into<Mint>,
    amount_atoms: u64,
) -> Instruction {
    let mint = mint.into();
    data::Deposit { amount_atoms }.to_instruction(accounts::Deposit {
        depositor,
        config: address::config().0,
        project,
        mint: mint.address,
        source,
        vault: address::vault(&mint.address).0,
        token_program: mint.program,
    })
}

/// Takes tokens out of a project's balance. Signs: its owner.
pub fn withdraw(
    owner: Address,
    project: Address,
    mint: impl Into<Mint>,
    destination: Address,
    amount_atoms: u64,
) -> Instruction {
    let mint = mint.into();
    data::Withdraw { amount_atoms }.to_instruction(accounts::Withdraw {
        owner,
        project,
        mint: mint.address,
        vault: address::vault(&mint.address).0,
        destination,
        token_program: mint.program,
    })
}

/// Opens a device. Signs: its node.
pub fn open_device(node: Address, market: Address, index: u32, payee: Address) -> Instruction {
    data::OpenDevice { index, payee }.to_instruction(accounts::OpenDevice {
        node,
        market,
        device: address::device(&market, &node, index).0,
        system_program: SYSTEM_PROGRAM,
    })
}

/// Closes an idle, empty device; its rent goes to the node. Signs: the node, or anyone after a notice.
pub fn close_device(signer: Address, node: Address, device: Address) -> Instruction {
    data::CloseDevice {}.to_instruction(accounts::CloseDevice { signer, node, device })
}

/// Backs a device with the access NFT of `mint`, which the node's associated token account holds. Signs: the node.
pub fn admit_device(
    node: Address,
    device: Address,
    market: Address,
    mint: &Address,
    rule: AccessRule,
) -> Instruction {
    data::AdmitDevice {}.to_instruction(accounts::AdmitDevice {
        node,
        device,
        market,
        access_token: address::token_account(&node, *mint),
        access_metadata: nodes::metadata_address(mint),
        access_edition: nodes::edition_address(mint),
        access: (rule == AccessRule::Issued).then(|| nodes::access_address(mint).0),
        admission: address::admission(&market, mint).0,
        system_program: SYSTEM_PROGRAM,
    })
}

/// Ends what [`admit_device`] began, also for a device that waits; the record's rent goes to the node that paid it. Signs: the
/// node.
pub fn dismiss_device(node: Address, device: Address, market: Address, mint: &Address) -> Instruction {
    data::DismissDevice {}.to_instruction(accounts::DismissDevice {
        signer: node,
        device,
        admission: address::admission(&market, mint).0,
        payer: node,
        market: Some(market),
        holder: None,
        access_metadata: None,
    })
}

/// Ends what [`admit_device`] began for a device of `node`, because another token account holds the NFT. Signs: anyone.
pub fn dismiss_moved_device(
    signer: Address,
    node: Address,
    device: Address,
    market: Address,
    mint: &Address,
    holder: Address,
) -> Instruction {
    data::DismissDevice {}.to_instruction(accounts::DismissDevice {
        signer,
        device,
        admission: address::admission(&market, mint).0,
        payer: node,
        market: Some(market),
        holder: Some(holder),
        access_metadata: None,
    })
}

/// Ends what [`admit_device`] began for a device of `node`, because the NFT is not in the market's collection any more. Signs:
/// anyone.
pub fn dismiss_lapsed_device(
    signer: Address,
    node: Address,
    device: Address,
    market: Address,
    mint: &Address,
) -> Instruction {
    data::DismissDevice {}.to_instruction(accounts::DismissDevice {
        signer,
        device,
        admission: address::admission(&market, mint).0,
        payer: node,
        market: Some(market),
        holder: None,
        access_metadata: Some(nodes::metadata_address(mint)),
    })
}

/// Ends what [`admit_device`] began, in a market that was closed since. Signs: the node.
pub fn dismiss_left_device(node: Address, device: Address, market: Address, mint: &Address) -> Instruction {
    data::DismissDevice {}.to_instruction(accounts::DismissDevice {
        signer: node,
        device,
        admission: address::admission(&market, mint).0,
        payer: node,
        market: None,
        holder: None,
        access_metadata: None,
    })
}

/// Names another payee of a device. Signs: the payee.
pub fn set_payee(payee: Address, device: Address, new_payee: Address) -> Instruction {
    data::SetPayee { payee: new_payee }.to_instruction(accounts::SetPayee { payee, device })
}

/// Gives notice to a device that waits or is idle. Signs: nobody but the fee payer.
pub fn notify_device(device: Address) -> Instruction {
    data::NotifyDevice {}.to_instruction(accounts::NotifyDevice { device })
}

/// Adds tokens to a device's bond. Signs: the funder.
pub fn fund_bond(
    funder: Address,
    source: Address,
    device: Address,
    mint: impl Into<Mint>,
    amount_atoms: u64,
) -> Instruction {
    let mint = mint.into();
    data::FundBond { amount_atoms }.to_instruction(accounts::FundBond {
        funder,
        config: address::config().0,
        device,
        mint: mint.address,
        source,
        vault: address::vault(&mint.address).0,
        token_program: mint.program,
    })
}

/// Takes tokens out of an idle device's bond, to its payee. Signs: its node, or anyone after a notice.
pub fn withdraw_bond(
    signer: Address,
    device: Address,
    mint: impl Into<Mint>,
    payee: Address,
    amount_atoms: u64,
) -> Instruction {
    let mint = mint.into();
    data::WithdrawBond { amount_atoms }.to_instruction(accounts::WithdrawBond {
        signer,
        device,
        mint: mint.address,
        vault: address::vault(&mint.address).0,
        destination: address::token_account(&payee, mint),
        token_program: mint.program,
    })
}

/// Pays a device's earnings to its payee. Signs: nobody but the fee payer.
pub fn withdraw_earnings(device: Address, mint: impl Into<Mint>, payee: Address) -> Instruction {
    let mint = mint.into();
    data::WithdrawEarnings {}.to_instruction(accounts::WithdrawEarnings {
        device,
        mint: mint.address,
        vault: address::vault(&mint.address).0,
        destination: address::token_account(&payee, mint),
        token_program: mint.program,
    })
}

/// What a client decides when it lists a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing {
    /// Tells the project's jobs apart.
    pub id: u64,
    /// What the job pays for.
    pub kind: JobKind,
    /// SHA-256 of the job definition.
    pub definition: [u8; 32],
    /// Longest paid run, seconds.
    pub timeout_seconds: u32,
    /// Highest acceptable price of the market, atoms per second.
    pub max_price_per_second_atoms: u64,
}

/// Who spends a project's balance, and signs for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spender {
    /// The project's owner.
    Owner(Address),
    /// A member of the project, within its limit.
    Member(Address),
}

impl Spender {
    /// The key that signs.
    pub fn key(&self) -> Address {
        match self {
            Self::Owner(key) | Self::Member(key) => *key,
        }
    }

    /// The account of the membership; none for the owner.
    pub fn member(&self, project: &Address) -> Option<Address> {
        match self {
            Self::Owner(_) => None,
            Self::Member(key) => Some(address::member(project, key).0),
        }
    }
}

/// Lists a job. Signs: the project's owner.
pub fn list(owner: Address, project: Address, market: Address, listing: &Listing) -> Instruction {
    let (job, bump) = address::job(&project, listing.id);
    data::List {
        id: listing.id,
        bump,
        kind: listing.kind,
        definition: &listing.definition,
        timeout_seconds: listing.timeout_seconds,
        max_price_per_second_atoms: listing.max_price_per_second_atoms,
    }
    .to_instruction(accounts::List { owner, project, market, job, system_program: SYSTEM_PROGRAM })
}

/// One of the jobs of [`list_many`]: kind, timeout in seconds, SHA-256 of the definition.
pub type Request = (JobKind, u32, [u8; 32]);

/// Lists several jobs, with consecutive ids. Signs: the spender.
pub fn list_many(
    spender: Spender,
    project: Address,
    market: Address,
    first_id: u64,
    max_price_per_second_atoms: u64,
    requests: &[Request],
) -> Instruction {
    let ids = std::iter::successors(Some(first_id), |id| Some(id.wrapping_add(1)));
    let (jobs, job_accounts): (Vec<JobRequest>, Vec<AccountMeta>) = ids
        .zip(requests)
        .map(|(id, (kind, timeout_seconds, definition))| {
            let (job, bump) = address::job(&project, id);
            let request =
                JobRequest { bump, kind: *kind, timeout_seconds: *timeout_seconds, definition: *definition };
            (request, AccountMeta::new(job, false))
        })
        .unzip();
    let mut instruction =
        data::ListMany { first_id, max_price_per_second_atoms, jobs }.to_instruction(accounts::ListMany {
            client: spender.key(),
            project,
            market,
            member: spender.member(&project),
            system_program: SYSTEM_PROGRAM,
        });
    instruction.accounts.extend(job_accounts);
    instruction
}

/// Lists a job for one waiting device. Signs: the spender.
pub fn list_direct(
    spender: Spender,
    project: Address,
    market: Address,
    device: Address,
    listing: &Listing,
) -> Instruction {
    let (job, bump) = address::job(&project, listing.id);
    data::ListDirect {
        id: listing.id,
        bump,
        kind: listing.kind,
        definition: &listing.definition,
        timeout_seconds: listing.timeout_seconds,
        max_price_per_second_atoms: listing.max_price_per_second_atoms,
    }
    .to_instruction(accounts::ListDirect {
        client: spender.key(),
        project,
        market,
        device,
        job,
        member: spender.member(&project),
        system_program: SYSTEM_PROGRAM,
    })
}

/// Gives a job a longer timeout, seconds. Signs: the spender.
pub fn extend(spender: Spender, project: Address, job: Address, timeout_seconds: u32) -> Instruction {
    data::Extend { timeout_seconds }.to_instruction(accounts::Extend {
        client: spender.key(),
        project,
        job,
        member: spender.member(&project),
    })
}

/// Takes a queued job off its market. Signs: the project's owner, who listed the job, or anyone after a notice.
pub fn delist(
    closer: Address,
    project: Address,
    market: Address,
    job: Address,
    rent_payer: Address,
) -> Instruction {
    data::Delist {}.to_instruction(accounts::Delist { closer, project, market, job, rent_payer })
}

/// Gives notice to a job that waits. Signs: nobody but the fee payer.
pub fn notify_job(job: Address) -> Instruction {
    data::NotifyJob {}.to_instruction(accounts::NotifyJob { job })
}

/// Offers an idle device. Signs: its node.
pub fn work(node: Address, device: Address, market: Address, min_price_per_second_atoms: u64) -> Instruction {
    data::Work { min_price_per_second_atoms }.to_instruction(accounts::Work {
        node,
        device,
        market,
        clock: CLOCK,
    })
}

/// What a node shows a market that asks for something; see [`grid_jobs::Evidence`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Evidence {
    /// A stake of the node.
    pub stake: Option<Address>,
    /// The node's token account that holds the access NFT.
    pub access_token: Option<Address>,
    /// The access NFT's metadata.
    pub access_metadata: Option<Address>,
    /// The attestation of the node's benchmark.
    pub attestation: Option<Address>,
    /// The node's record.
    pub node_record: Option<Address>,
}

impl Evidence {
    /// What `rule` asks of `node`, which holds the NFT of `access_mint` in its associated token account, and owns `stake`.
    pub fn of(
        rule: &AdmissionRule,
        node: &Address,
        access_mint: Option<&Address>,
        stake: Option<Address>,
    ) -> Self {
        let access_mint = access_mint.filter(|_| rule.access != AccessRule::NotAsked as u8);
        let class = Some(rule.benchmark_class.get()).filter(|class| *class != 0);
        Self {
            stake: stake.filter(|_| !rule.min_stake_weight.is_zero()),
            access_token: access_mint.map(|mint| address::token_account(node, *mint)),
            access_metadata: access_mint.map(nodes::metadata_address),
            attestation: class.map(|class| nodes::attestation_address(&rule.collection, node, class).0),
            node_record: class.map(|_| nodes::node_address(node).0),
        }
    }

    fn accounts(self) -> EvidenceAddresses {
        let Self { stake, access_token, access_metadata, attestation, node_record } = self;
        EvidenceAddresses { stake, access_token, access_metadata, attestation, node_record }
    }
}

/// [`work`] in a market that asks for something. Signs: the node.
pub fn work_gated(
    node: Address,
    device: Address,
    market: Address,
    min_price_per_second_atoms: u64,
    evidence: Evidence,
) -> Instruction {
    data::WorkGated { min_price_per_second_atoms }.to_instruction(accounts::WorkGated {
        node,
        device,
        market,
        clock: CLOCK,
        evidence: evidence.accounts(),
    })
}

/// [`start`] of a device that offered itself with [`work_gated`]. Signs: the node.
pub fn start_gated(
    node: Address,
    device: Address,
    job: Address,
    market: Address,
    evidence: Evidence,
) -> Instruction {
    data::StartGated {}.to_instruction(accounts::StartGated {
        node,
        device,
        job,
        market,
        clock: CLOCK,
        evidence: evidence.accounts(),
    })
}

/// Takes a queued device off its market. Signs: its node, or anyone after a notice.
pub fn leave(signer: Address, device: Address, market: Address) -> Instruction {
    data::Leave {}.to_instruction(accounts::Leave { signer, device, market })
}

/// Starts a matched job. Signs: the device's node.
pub fn start(node: Address, device: Address, job: Address) -> Instruction {
    data::Start {}.to_instruction(accounts::Start { node, device, job, clock: CLOCK })
}

/// A match or a run: the accounts that an instruction which ends it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The device.
    pub device: Address,
    /// The job.
    pub job: Address,
    /// The job's market.
    pub market: Address,
    /// The job's project.
    pub project: Address,
}

/// Hands a matched job back. Signs: the device's node.
pub fn decline(node: Address, run: Run) -> Instruction {
    let Run { device, job, market, project } = run;
    data::Decline {}.to_instruction(accounts::Decline { node, device, job, market, project, clock: CLOCK })
}

/// Gives up a run. Signs: the device's node.
pub fn quit(node: Address, run: Run) -> Instruction {
    let Run { device, job, market, project } = run;
    data::Quit {}.to_instruction(accounts::Quit { node, device, job, market, project, clock: CLOCK })
}

/// Shows that a run's node lives. Signs: the device's node.
pub fn heartbeat(node: Address, device: Address, job: Address) -> Instruction {
    data::Heartbeat {}.to_instruction(accounts::Heartbeat { node, device, job, clock: CLOCK })
}

/// Finishes a running job. Signs: the device's node.
pub fn finish(node: Address, run: Run, result: [u8; 32]) -> Instruction {
    let Run { device, job, market, project } = run;
    data::Finish { result: &result }.to_instruction(accounts::Finish {
        node,
        device,
        job,
        market,
        project,
        clock: CLOCK,
    })
}

/// Ends a run. Signs: the project's owner, or who listed the job.
pub fn end(client: Address, run: Run) -> Instruction {
    let Run { device, job, market, project } = run;
    data::End {}.to_instruction(accounts::End { client, device, job, market, project, clock: CLOCK })
}

/// Adds the result of a job that its client ended. Signs: the device's node.
pub fn post_result(node: Address, device: Address, job: Address, result: [u8; 32]) -> Instruction {
    data::PostResult { result: &result }.to_instruction(accounts::PostResult { node, device, job })
}

/// Takes a job back from a device that did not start it in time; the reward goes to the named project, or to the job's.
/// Signs: nobody but the fee payer.
pub fn expire_assignment(run: Run, reward_project: Option<Address>) -> Instruction {
    let Run { device, job, market, project } = run;
    data::ExpireAssignment {}.to_instruction(accounts::ExpireAssignment {
        device,
        job,
        market,
        project,
        reward_project,
        clock: CLOCK,
    })
}

/// Takes a job back from a device that shows no life or did not finish it in time; the reward goes to the named project,
/// or to the job's. Signs: nobody but the fee payer.
pub fn expire_run(run: Run, reward_project: Option<Address>) -> Instruction {
    let Run { device, job, market, project } = run;
    data::ExpireRun {}.to_instruction(accounts::ExpireRun {
        device,
        job,
        market,
        project,
        reward_project,
        clock: CLOCK,
    })
}

/// Closes a job that is over. Signs: the project's owner, or anyone after the retention.
pub fn close_job(closer: Address, project: Address, job: Address, rent_payer: Address) -> Instruction {
    data::CloseJob {}.to_instruction(accounts::CloseJob { closer, project, job, rent_payer })
}
