//! The operations, as data.

use super::{JobKey, Model, Party, Refusal, Request};
use grid_jobs::MarketTerms;

/// An operation that somebody could send. Times are seconds, amounts atoms.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// `open_project`
    OpenProject(usize),
    /// `close_project`
    CloseProject(usize),
    /// `deposit`, by the owner
    Deposit(usize, u64),
    /// `withdraw`, to the owner
    Withdraw(usize, u64),
    /// `set_member`: project, member, limit, period
    SetMember(usize, usize, u64, u32),
    /// `close_member`: signer, project, member
    CloseMember(Party, usize, usize),
    /// `open_device`
    OpenDevice(usize),
    /// `set_payee`: signer, device, to whom
    SetPayee(Party, usize, Party),
    /// `close_device`
    CloseDevice(Party, usize),
    /// `fund_bond`, by the node
    FundBond(usize, u64),
    /// `withdraw_bond`
    WithdrawBond(Party, usize, u64),
    /// `withdraw_earnings`
    WithdrawEarnings(usize),
    /// `notify_device`
    NotifyDevice(usize),
    /// `list`: job, market, what, highest price
    List(JobKey, usize, Request, u64),
    /// `list_many`: signer, first job, market, what, highest price
    ListMany(Party, JobKey, usize, Vec<Request>, u64),
    /// `list_direct`: signer, job, market, device, what, highest price
    ListDirect(Party, JobKey, usize, usize, Request, u64),
    /// `extend`: signer, job, new timeout
    Extend(Party, JobKey, u32),
    /// `delist`
    Delist(Party, JobKey),
    /// `notify_job`
    NotifyJob(JobKey),
    /// `close_job`
    CloseJob(Party, JobKey),
    /// `work`: device, lowest price
    Work(usize, u64),
    /// `leave`
    Leave(Party, usize),
    /// `start`
    Start(usize, JobKey),
    /// `heartbeat`
    Heartbeat(usize, JobKey),
    /// `finish`: device, job, whether there is a result
    Finish(usize, JobKey, bool),
    /// `end`
    End(Party, usize, JobKey),
    /// `post_result`: device, job, whether there is one
    PostResult(usize, JobKey, bool),
    /// `decline`
    Decline(usize, JobKey),
    /// `quit`
    Quit(usize, JobKey),
    /// `expire_assignment`: device, job, project that gets the reward if it is not the job's
    ExpireAssignment(usize, JobKey, Option<usize>),
    /// `expire_run`: device, job, project that gets the reward if it is not the job's
    ExpireRun(usize, JobKey, Option<usize>),
    /// `open_market`: market, terms, room in the queue
    OpenMarket(usize, MarketTerms, usize),
    /// `grow_market`
    GrowMarket(usize),
    /// `update_market`
    UpdateMarket(Party, usize, MarketTerms),
    /// `pause_market`
    PauseMarket(Party, usize, u32),
    /// `propose_market_authority`: signer, market, to whom
    ProposeMarketAuthority(Party, usize, Party),
    /// `accept_market_authority`
    AcceptMarketAuthority(Party, usize),
    /// `close_market`
    CloseMarket(Party, usize),
    /// `collect_fees`
    CollectFees(usize),
    /// `update_config`: signer, pauser, treasury
    UpdateConfig(Party, Party, Party),
    /// `pause_deposits`
    PauseDeposits(Party, u32),
    /// `propose_admin`: signer, to whom
    ProposeAdmin(Party, Party),
    /// `accept_admin`
    AcceptAdmin(Party),
    /// Tokens sent straight to the vault.
    Donate(Party, u64),
    /// The clock moves.
    Clock(i64),
}

impl Op {
    /// Its name, without arguments.
    pub fn name(&self) -> String {
        let text = format!("{self:?}");
        text.split('(').next().unwrap_or(&text).to_owned()
    }

    /// What the model makes of it.
    ///
    /// # Errors
    /// The refusal; then nothing changed.
    pub fn apply(&self, model: &mut Model) -> Result<(), Refusal> {
        match *self {
            Self::OpenProject(project) => model.open_project(project),
            Self::CloseProject(project) => model.close_project(project),
            Self::Deposit(project, amount) => model.deposit(project, amount.into()),
            Self::Withdraw(project, amount) => model.withdraw(project, amount.into()),
            Self::SetMember(project, member, limit, period) => {
                model.set_member(project, member, limit.into(), period)
            }
            Self::CloseMember(by, project, member) => model.close_member(by, project, member),
            Self::OpenDevice(device) => model.open_device(device),
            Self::SetPayee(by, device, to) => model.set_payee(by, device, to),
            Self::CloseDevice(by, device) => model.close_device(by, device),
            Self::FundBond(device, amount) => model.fund_bond(device, amount.into()),
            Self::WithdrawBond(by, device, amount) => model.withdraw_bond(by, device, amount.into()),
            Self::WithdrawEarnings(device) => model.withdraw_earnings(device),
            Self::NotifyDevice(device) => model.notify_device(device),
            Self::List(job, market, request, max_price) => model.list(job, market, request, max_price),
            Self::ListMany(by, first, market, ref requests, max_price) => {
                model.list_many(by, first, market, requests, max_price)
            }
            Self::ListDirect(by, job, market, device, request, max_price) => {
                model.list_direct(by, job, market, device, request, max_price)
            }
            Self::Extend(by, job, timeout) => model.extend(by, job, timeout),
            Self::Delist(by, job) => model.delist(by, job),
            Self::NotifyJob(job) => model.notify_job(job),
            Self::CloseJob(by, job) => model.close_job(by, job),
            Self::Work(device, min_price) => model.work(device, min_price),
            Self::Leave(by, device) => model.leave(by, device),
            Self::Start(device, job) => model.start(device, job),
            Self::Heartbeat(device, job) => model.heartbeat(device, job),
            Self::Finish(device, job, has_result) => model.finish(device, job, has_result),
            Self::End(by, device, job) => model.end(by, device, job),
            Self::PostResult(device, job, is_result) => model.post_result(device, job, is_result),
            Self::Decline(device, job) => model.decline(device, job),
            Self::Quit(device, job) => model.quit(device, job),
            Self::ExpireAssignment(device, job, reward) => model.expire_assignment(device, job, reward),
            Self::ExpireRun(device, job, reward) => model.expire_run(device, job, reward),
            Self::OpenMarket(market, terms, capacity) => model.open_market(market, terms, capacity),
            Self::GrowMarket(market) => model.grow_market(market),
            Self::UpdateMarket(by, market, terms) => model.update_market(by, market, terms),
            Self::PauseMarket(by, market, seconds) => model.pause_market(by, market, seconds),
            Self::ProposeMarketAuthority(by, market, to) => model.propose_market_authority(by, market, to),
            Self::AcceptMarketAuthority(by, market) => model.accept_market_authority(by, market),
            Self::CloseMarket(by, market) => model.close_market(by, market),
            Self::CollectFees(market) => model.collect_fees(market),
            Self::UpdateConfig(by, pauser, treasury) => model.update_config(by, pauser, treasury),
            Self::PauseDeposits(by, seconds) => model.pause_deposits(by, seconds),
            Self::ProposeAdmin(by, to) => model.propose_admin(by, to),
            Self::AcceptAdmin(by) => model.accept_admin(by),
            Self::Donate(from, amount) => model.donate(from, amount.into()),
            Self::Clock(seconds) => {
                model.now += seconds;
                Ok(())
            }
        }
    }
}
