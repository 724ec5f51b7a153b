//! What is explored: who is there, what they may try, and what of it is told apart.

use grid_jobs::MarketTerms;
use grid_tests::model::{Device, JobKey, Model, Op, Party, Request, pause::NOTICE};
use std::sync::Arc;

/// An hour, seconds: the step of the clock that short deadlines are counted in.
pub const HOUR: i64 = 3_600;

/// What is explored.
pub struct Space {
    /// Its name.
    pub name: &'static str,
    /// Who is there, before anything is opened.
    pub bare: Model,
    /// What is done before it begins.
    pub setup: Vec<Op>,
    /// Jobs that may be listed.
    pub jobs: Vec<JobKey>,
    /// What clients ask for.
    pub requests: Vec<Request>,
    /// Timeouts that clients extend to, seconds.
    pub extensions: Vec<u32>,
    /// Lowest prices that nodes ask for, atoms per second.
    pub min_prices: Vec<u64>,
    /// Terms that the market has had or will have.
    pub terms: Vec<MarketTerms>,
    /// What else may be tried.
    pub more: fn(&Model, &mut Vec<Op>),
    /// Whether the clock can stand at the very end of a notice; otherwise it steps over it.
    pub is_exact: bool,
    /// Whether earnings and fees are paid out the moment they arise.
    pub is_tidy: bool,
    /// Whether devices are told apart.
    pub knows_devices: bool,
    /// Whether projects are told apart.
    pub knows_projects: bool,
    /// Whether balances matter: otherwise everybody is rich.
    pub counts_money: bool,
    /// Whether strikes matter.
    pub counts_strikes: bool,
}

impl Space {
    /// Where it begins.
    pub fn start(&self) -> Model {
        let mut start = self.bare.clone();
        for op in &self.setup {
            op.apply(&mut start).unwrap_or_else(|refusal| panic!("{op:?}: {refusal:?}"));
        }
        start
    }

    /// Place of some terms among those that the market has had.
    pub fn index_of(&self, terms: &MarketTerms) -> u8 {
        self.terms.iter().position(|known| known == terms).expect("the market's terms are known") as u8
    }

    /// What anybody could try: the rules say what of it succeeds.
    pub fn ops(&self, model: &Model) -> Vec<Op> {
        let mut ops = Vec::with_capacity(128);
        ops.extend([Op::Clock(HOUR), Op::Clock(if self.is_exact { NOTICE } else { NOTICE + 1 })]);
        // One that is not listed is like the other, if they belong to the same project.
        let mut last = None;
        for new in self.jobs.iter().filter(|job| !model.jobs.contains_key(job)) {
            if last.replace(new.0) != Some(new.0) {
                self.list(model, *new, &mut ops);
            }
        }
        for job in model.jobs.keys() {
            self.manage(*job, &mut ops);
        }
        if let Some(new) = model.devices.iter().position(Option::is_none) {
            ops.push(Op::OpenDevice(new));
        }
        for device in (0..model.devices.len()).filter(|device| model.devices[*device].is_some()) {
            for by in [model.node_of(device), Party::Stranger] {
                ops.extend([Op::Leave(by, device), Op::CloseDevice(by, device)]);
            }
            ops.push(Op::NotifyDevice(device));
            ops.extend(self.min_prices.iter().map(|price| Op::Work(device, *price)));
            model.jobs.keys().for_each(|job| run(device, *job, &mut ops));
        }
        (self.more)(model, &mut ops);
        ops
    }

    fn list(&self, model: &Model, job: JobKey, ops: &mut Vec<Op>) {
        let owner = Party::Client(job.0);
        for request in &self.requests {
            ops.push(Op::List(job, 0, *request, u64::MAX));
            let devices = 0..model.devices.len();
            ops.extend(devices.map(|device| Op::ListDirect(owner, job, 0, device, *request, u64::MAX)));
        }
    }

    fn manage(&self, job: JobKey, ops: &mut Vec<Op>) {
        let owner = Party::Client(job.0);
        for by in [owner, Party::Stranger] {
            ops.extend([Op::Delist(by, job), Op::CloseJob(by, job)]);
        }
        ops.extend(self.extensions.iter().map(|timeout| Op::Extend(owner, job, *timeout)));
        ops.push(Op::NotifyJob(job));
    }

    /// In a tidy space, what is paid out at once.
    pub fn tidy(&self, model: &Model) -> Option<Op> {
        if !self.is_tidy {
            return None;
        }
        let earned = |device: &Arc<Device>| device.earnings > 0;
        let device = model.devices.iter().position(|device| device.as_ref().is_some_and(earned));
        let has_fees = model.markets[0].as_ref().is_some_and(|market| market.fees > 0);
        device.map(Op::WithdrawEarnings).or(has_fees.then_some(Op::CollectFees(0)))
    }
}

/// What may be tried with a device and a job.
fn run(device: usize, job: JobKey, ops: &mut Vec<Op>) {
    ops.extend([
        Op::Start(device, job),
        Op::Decline(device, job),
        Op::ExpireAssignment(device, job, None),
        Op::Heartbeat(device, job),
        Op::Finish(device, job, true),
        Op::Quit(device, job),
        Op::End(Party::Client(job.0), device, job),
        Op::ExpireRun(device, job, None),
    ]);
}

/// Whether strangers can send this, or nobody needs to.
pub fn is_anyones(op: &Op) -> bool {
    match op {
        Op::Delist(by, _)
        | Op::CloseJob(by, _)
        | Op::Leave(by, _)
        | Op::CloseDevice(by, _)
        | Op::WithdrawBond(by, ..) => *by == Party::Stranger,
        Op::NotifyJob(_)
        | Op::NotifyDevice(_)
        | Op::ExpireAssignment(..)
        | Op::ExpireRun(..)
        | Op::WithdrawEarnings(_)
        | Op::CollectFees(_)
        | Op::Clock(_) => true,
        _ => false,
    }
}
