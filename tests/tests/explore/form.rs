//! The canonical form of a state: what of it can matter from now on.
//!
//! Times become ages, an age beyond the last deadline it is held against becomes "past". Jobs and devices of the same
//! form are exchangeable, so their parts are sorted: the parts that wait stand in the queue's order, a job and its
//! device are one part. What a form leaves out must not matter; `graph` compares the futures of states of one form.

use crate::space::{HOUR, Space};
use grid_tests::model::{Device, DevicePhase, Job, JobKey, JobPhase, Model, Party, Record, pause::NOTICE};

/// A canonical form.
pub type Form = Box<[u8]>;

/// Bytes of a job's and of a device's form.
const JOB: usize = 10;
const DEVICE: usize = 7;

/// A job, a device or both.
type Part = ([u8; JOB], [u8; DEVICE]);

impl Space {
    /// The canonical form of a state.
    pub fn form(&self, model: &Model) -> Form {
        let market = model.markets[0].as_ref().expect("the market stays open");
        let mut parts: Vec<Part> = Vec::with_capacity(6);
        for (key, job) in &model.jobs {
            if job.phase != JobPhase::Queued {
                let device = job.device().and_then(|device| Some((device, model.devices[device].as_ref()?)));
                let device =
                    device.map_or([0; DEVICE], |(number, device)| self.device(model, number, device));
                parts.push((self.job(model, *key, job), device));
            }
        }
        for (number, device) in model.devices.iter().enumerate() {
            match device {
                Some(device) if device.phase == DevicePhase::Idle => {
                    parts.push(([0; JOB], self.device(model, number, device)));
                }
                _ => {}
            }
        }
        parts.sort_unstable();
        let jobs = market.jobs.iter().map(|key| (self.job(model, *key, &model.jobs[key]), [0; DEVICE]));
        let devices = market.devices.iter().filter_map(|number| {
            Some(([0; JOB], self.device(model, *number, model.devices[*number].as_ref()?)))
        });
        let mut form = Vec::with_capacity((JOB + DEVICE) * 6 + 24);
        for (job, device) in jobs.chain(devices).chain(parts) {
            form.extend(job);
            form.extend(device);
        }
        self.rest(model, &mut form);
        form.into()
    }

    /// What belongs to nobody in particular.
    fn rest(&self, model: &Model, form: &mut Vec<u8>) {
        let market = model.markets[0].as_ref().expect("the market stays open");
        form.push(self.index_of(&market.terms));
        form.push(u8::from(market.fees > 0));
        form.push(pause(market.paused_until, model.now));
        if self.counts_money {
            for number in 0..model.projects.len() {
                let balance = model.projects[number].as_ref().map_or(0, |project| project.balance);
                form.extend((balance as u32).to_le_bytes());
                form.extend((model.tokens_of(Party::Client(number)) as u32).to_le_bytes());
            }
        }
        for ((project, number), member) in &model.members {
            let is_running = model.now < member.since + i64::from(member.period);
            let spent = if is_running { member.spent as u32 } else { 0 };
            form.extend([*project as u8, *number as u8, u8::from(is_running)]);
            form.extend(spent.to_le_bytes());
        }
    }

    fn job(&self, model: &Model, key: JobKey, job: &Job) -> [u8; JOB] {
        let hours = |since: i64, most: u32| ((model.now - since) / HOUR).clamp(0, i64::from(most) + 1) as u8;
        let limits = job.terms;
        let in_hours = |seconds: u32| seconds / HOUR as u32;
        let (state, first, second, third, noticed) = match job.phase {
            JobPhase::Queued => (1, 0, 0, 0, self.notice(job.noticed, model.now)),
            JobPhase::Matched { record, since, .. } => {
                let state = if record == Record::InJob { 2 } else { 3 };
                (state, hours(since, in_hours(limits.start_window_seconds)), 0, 0, 0)
            }
            JobPhase::Running { since, heartbeat, .. } => {
                // The timeout can still be extended.
                let longest = limits.max_timeout_seconds;
                let most = in_hours(longest + limits.finish_grace_seconds);
                let silence = hours(heartbeat, in_hours(limits.heartbeat_limit_seconds));
                let covered = (heartbeat - since).clamp(0, longest.into()) / HOUR;
                (4, hours(since, most), silence, covered as u8, 0)
            }
            JobPhase::Done { since, has_result, device } => {
                let device = if self.knows_devices { device as u8 } else { 0 };
                (5, retained(hours(since, 24), &limits), u8::from(has_result), device, 0)
            }
            JobPhase::Stopped { since } => (6, retained(hours(since, 24), &limits), 0, 0, 0),
        };
        // What a job that is over has left behind does not matter.
        let alive = |value: u8| if job.is_over() { 0 } else { value };
        let is_members = matches!(job.lister, Party::Member(_));
        [
            state,
            alive(job.kind as u8),
            alive(job.attempts),
            alive(in_hours(job.timeout) as u8),
            alive(self.index_of(&job.terms)),
            first,
            second,
            third,
            noticed,
            u8::from(is_members) + if self.knows_projects { 2 * key.0 as u8 } else { 0 },
        ]
    }

    fn device(&self, model: &Model, number: usize, device: &Device) -> [u8; DEVICE] {
        let is_idle = device.phase == DevicePhase::Idle;
        let is_waiting = is_idle || device.phase == DevicePhase::Queued;
        let agreed = device.agreed.filter(|_| !is_idle);
        let most_strikes = self.terms.iter().map(|terms| terms.max_strikes).max().unwrap_or(0).into();
        [
            1 + if self.knows_devices { number as u8 } else { 0 },
            if is_waiting { self.notice(device.noticed, model.now) } else { 0 },
            device.bond as u8,
            u8::from(device.earnings > 0),
            if self.counts_strikes { device.strikes.min(most_strikes) as u8 } else { 0 },
            if is_idle { 0 } else { device.min_price as u8 },
            agreed.map_or(0, |terms| 1 + self.index_of(&terms)),
        ]
    }

    fn notice(&self, noticed: Option<i64>, now: i64) -> u8 {
        match noticed.map(|since| now - since) {
            None => 0,
            Some(0) if self.is_exact => 1,
            Some(age) if age < NOTICE => 2,
            Some(NOTICE) => 3,
            Some(_) => 4,
        }
    }
}

/// What kind of state this is, to a coarser eye: which jobs and devices are how far.
pub fn kind(model: &Model) -> Form {
    let jobs = model.jobs.values().map(|job| {
        let (phase, has_result) = match job.phase {
            JobPhase::Queued => (0, false),
            JobPhase::Matched { record, .. } => (1, record == Record::InJob),
            JobPhase::Running { .. } => (2, false),
            JobPhase::Done { has_result, .. } => (3, has_result),
            JobPhase::Stopped { .. } => (4, false),
        };
        1 + phase * 8 + u8::from(has_result) * 4 + job.kind as u8 * 2 + u8::from(job.attempts > 0)
    });
    let devices = model.devices.iter().flatten().filter_map(|device| match device.phase {
        DevicePhase::Idle => Some(101),
        DevicePhase::Queued => Some(102),
        // The job tells.
        DevicePhase::Matched(_) | DevicePhase::Running(_) => None,
    });
    let mut kind: Vec<u8> = jobs.chain(devices).collect();
    kind.sort_unstable();
    kind.into()
}

/// Whether the client's time with a job that is over has passed.
fn retained(hours: u8, terms: &grid_jobs::MarketTerms) -> u8 {
    u8::from(i64::from(hours) * HOUR >= terms.retention_seconds.into())
}

/// Before, in and after a pause; days later a pause is as if it had never been.
fn pause(until: i64, now: i64) -> u8 {
    match now - until {
        ..0 => 1 + ((until - now) / HOUR) as u8,
        passed if until == 0 || passed >= 3 * 24 * HOUR => 0,
        _ => 1,
    }
}
