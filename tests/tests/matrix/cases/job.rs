//! Jobs.

use super::{clock, keys, system_program};
use grid_client::{address, instruction};
use grid_tests::{
    TERMS,
    matrix::{Case, Kind, Sample, Slot, Stage, sets::Pair, stage::listing},
    world::RESULT,
};

const ID: u64 = 0x0102_0304_0506_0708;
/// Where `list`'s data holds the bump: behind discriminator and id.
const BUMP_AT: usize = 16;

/// A job of the client.
pub enum List {
    /// Jobs wait.
    Queues,
    /// Devices wait.
    MeetsADevice,
}

impl Case for List {
    fn instruction(&self) -> &'static str {
        "list"
    }

    fn situation(&self) -> &'static str {
        match self {
            Self::Queues => "queues",
            Self::MeetsADevice => "meets a device",
        }
    }

    fn build_valid(&self, stage: &Stage) -> Sample {
        let (owner, project, mint) = (keys(stage).client, stage.world.project, stage.world.mint);
        let market = match self {
            Self::Queues => stage.world.market,
            Self::MeetsADevice => stage.market_of_devices,
        };
        let slots = [
            Slot::new("owner", Kind::Wallet),
            Slot::new("project", Kind::Project),
            Slot::new("market", Kind::Market).or(stage.markets(|market| market.mint == mint)),
            Slot::new("job", Kind::New).with_seeds(&[b"job", project.as_ref(), &ID.to_le_bytes()]),
            system_program(),
        ];
        let list = instruction::list(owner, project, market, &listing(ID));
        let mut sample = Sample::new(stage, list, slots);
        for set in stage.others.all() {
            let twin = instruction::list(set.owner, set.project, set.market, &listing(ID + 1));
            let groups: &[&[usize]] = if set.mint == mint { &[&[2]] } else { &[] };
            sample = sample.or_as_well_by(twin, groups);
        }
        sample.bump_at = Some(BUMP_AT);
        let job = address::job(&project, ID).0;
        match self {
            Self::Queues => sample.undone_by(instruction::delist(owner, project, market, job, owner)),
            Self::MeetsADevice => sample,
        }
    }
}

/// A job that waits.
pub struct Delist;

impl Case for Delist {
    fn instruction(&self) -> &'static str {
        "delist"
    }

    fn build_valid(&self, stage: &Stage) -> Sample {
        let (owner, project, market) = (keys(stage).client, stage.world.project, stage.world.market);
        let mut others = stage.jobs(|job| job.project == project);
        others.retain(|job| stage.waiting(&market).contains(job));
        let slots = [
            Slot::new("owner", Kind::Wallet),
            Slot::new("project", Kind::Project),
            Slot::new("market", Kind::Market),
            Slot::new("job", Kind::Job).or(others),
            Slot::new("rent_payer", Kind::Wallet),
        ];
        let delist = instruction::delist(owner, project, market, stage.waiting_job, owner);
        let mut sample = Sample::new(stage, delist, slots).closing(3, 4);
        for set in stage.others.all() {
            let job = set.waiting_job;
            let twin = instruction::delist(set.owner, set.project, set.market, job, set.owner);
            sample = sample.or_as_well(twin);
        }
        sample
    }
}

/// A matched job.
pub enum Start {
    /// The match stands in the device's account.
    DeviceTookIt,
    /// The match stands in the job's account.
    JobMetDevice,
}

impl Case for Start {
    fn instruction(&self) -> &'static str {
        "start"
    }

    fn situation(&self) -> &'static str {
        match self {
            Self::DeviceTookIt => "the device took the job",
            Self::JobMetDevice => "the job met the device",
        }
    }

    fn build_valid(&self, stage: &Stage) -> Sample {
        let pair = match self {
            Self::DeviceTookIt => stage.took,
            Self::JobMetDevice => stage.met,
        };
        let slots = [
            Slot::new("node", Kind::Wallet),
            Slot::new("device", Kind::Device),
            Slot::new("job", Kind::Job),
            clock(),
        ];
        let start = instruction::start(keys(stage).node, pair.device, pair.job);
        let mut sample = Sample::new(stage, start, slots);
        for set in stage.others.all() {
            for pair in [set.took, set.met] {
                let twin = instruction::start(set.node, pair.device, pair.job);
                sample = sample.or_as_well(twin);
            }
        }
        sample
    }
}

/// A matched job.
pub enum Decline {
    /// Jobs wait: to the head of the queue.
    Requeued,
    /// Devices wait: to the next.
    MeetsTheNext,
}

impl Case for Decline {
    fn instruction(&self) -> &'static str {
        "decline"
    }

    fn situation(&self) -> &'static str {
        match self {
            Self::Requeued => "requeued",
            Self::MeetsTheNext => "meets the next device",
        }
    }

    fn build_valid(&self, stage: &Stage) -> Sample {
        let (pair, market) = match self {
            Self::Requeued => (stage.took, stage.world.market),
            Self::MeetsTheNext => (stage.met_where_devices_wait, stage.market_of_devices),
        };
        let slots = [
            Slot::new("node", Kind::Wallet),
            Slot::new("device", Kind::Device),
            Slot::new("job", Kind::Job),
            Slot::new("market", Kind::Market),
            Slot::new("project", Kind::Project),
        ];
        let (node, project) = (keys(stage).node, stage.world.project);
        let decline = instruction::decline(node, pair.device, pair.job, market, project);
        let mut sample = Sample::new(stage, decline, slots);
        for set in stage.others.all() {
            for pair in [set.took, set.met] {
                let twin = instruction::decline(set.node, pair.device, pair.job, set.market, set.project);
                sample = sample.or_as_well(twin);
            }
        }
        sample
    }
}

/// A running job.
pub struct Finish;

impl Case for Finish {
    fn instruction(&self) -> &'static str {
        "finish"
    }

    fn build_valid(&self, stage: &Stage) -> Sample {
        let (pair, world) = (stage.running, &stage.world);
        let slots = [
            Slot::new("node", Kind::Wallet),
            Slot::new("device", Kind::Device),
            Slot::new("job", Kind::Job),
            Slot::new("market", Kind::Market),
            Slot::new("project", Kind::Project),
            clock(),
        ];
        let node = keys(stage).node;
        let finish = instruction::finish(node, pair.device, pair.job, world.market, world.project, RESULT);
        let mut sample = Sample::new(stage, finish, slots);
        for set in stage.others.all() {
            let Pair { device, job } = set.running;
            let twin = instruction::finish(set.node, device, job, set.market, set.project, RESULT);
            sample = sample.or_as_well(twin);
        }
        sample
    }
}

/// A job that is over.
pub enum CloseJob {
    /// Within the retention.
    ByTheOwner,
    /// After the retention.
    ByAnyoneAfterRetention,
}

impl Case for CloseJob {
    fn instruction(&self) -> &'static str {
        "close_job"
    }

    fn situation(&self) -> &'static str {
        match self {
            Self::ByTheOwner => "by the owner",
            Self::ByAnyoneAfterRetention => "by anyone after the retention",
        }
    }

    fn build_valid(&self, stage: &Stage) -> Sample {
        let (keys, project) = (keys(stage), stage.world.project);
        let over = stage.jobs(|job| job.project == project && job.is_over());
        let closer = match self {
            Self::ByTheOwner => Slot::new("closer", Kind::Wallet),
            Self::ByAnyoneAfterRetention => Slot::new("closer", Kind::Wallet).or_any_signer(),
        };
        let slots = [
            closer,
            Slot::new("project", Kind::Project),
            Slot::new("job", Kind::Job).or(over),
            Slot::new("rent_payer", Kind::Wallet),
        ];
        let signer = match self {
            Self::ByTheOwner => keys.client,
            Self::ByAnyoneAfterRetention => keys.stranger,
        };
        let close = instruction::close_job(signer, project, stage.done_job, keys.client);
        let mut sample = Sample::new(stage, close, slots).closing(2, 3);
        for set in stage.others.all() {
            let (twin, groups): (_, &[&[usize]]) = match self {
                Self::ByTheOwner => (set.owner, &[]),
                Self::ByAnyoneAfterRetention => (set.node, &[&[0]]),
            };
            let twin = instruction::close_job(twin, set.project, set.done.job, set.owner);
            sample = sample.or_as_well_by(twin, groups);
        }
        if let Self::ByAnyoneAfterRetention = self {
            sample.world.network.advance(i64::from(TERMS.retention_seconds));
        }
        sample
    }
}
