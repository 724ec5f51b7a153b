//! What goes wrong, and when: drawn from the seed.

use rand::{Rng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use std::time::Duration;

/// What is wrong with an endpoint for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Requests get lost.
    Dropped,
    /// Requests do what they do, responses get lost.
    ResponseDropped,
    /// What is sent reaches a leader this many slots later or earlier: some of it after its blockhash has expired.
    Delayed { slots: u64 },
    /// What is sent reaches leaders twice, the second time this many slots later.
    Duplicated { slots: u64 },
    /// What is sent is accepted and forwarded to nobody.
    NeverForwarded,
    /// The node is this many slots behind.
    Stale { slots: u64 },
    /// It knows no signature.
    NullStatuses,
    /// It says of every signature that it landed, and was finalized.
    SaysLanded,
    /// Too many requests.
    Limited,
    /// An error of the server.
    Broken,
    /// Its answers are no JSON.
    InvalidJson,
    /// It is on another chain.
    OtherChain,
}

/// A fault and for how long it lasts, since the beginning.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub from: Duration,
    pub until: Duration,
    pub fault: Fault,
}

impl Window {
    pub fn is_open(&self, now: Duration) -> bool {
        (self.from..self.until).contains(&now)
    }
}

/// What happens to the cluster or the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The cluster makes no block for so long, while all clocks go on: to a clock this is a jump.
    StandStill(Duration),
    /// The newest blocks are undone.
    RollBack { slots: u64 },
    /// Only transactions that offer this much get into a block, micro-lamports per compute unit.
    Congestion { price: u64 },
    /// The fee payer's account is emptied.
    TakeFeeMoney,
    /// It is filled again.
    GiveFeeMoney,
    /// The journal's disk is full, or not any more.
    DiskFull(bool),
}

/// When the process is killed, counted from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kill {
    AtDiskOperation(u64),
    AtQuestion(u64),
}

/// All that goes wrong in one run.
#[derive(Debug, Clone, Default)]
pub struct Schedule {
    /// For each endpoint.
    pub endpoints: Vec<Vec<Window>>,
    pub events: Vec<(Duration, Event)>,
    /// For each life of the process.
    pub kills: Vec<Kill>,
    /// Whether another worker, on another machine, has the same key.
    pub second_worker: bool,
}

/// Nothing begins after this.
const HORIZON: u64 = 90;

impl Schedule {
    /// Several faults.
    pub fn draw(rng: &mut ChaCha8Rng) -> Self {
        let count = *[1, 2, 3, 3, 3].choose(rng).unwrap();
        let mut schedule = Self { endpoints: vec![Vec::new(); count], ..Self::default() };
        schedule.second_worker = rng.random_bool(0.1);
        // One endpoint says what is not so, at most; the others then answer, sooner or later.
        let mut liar = None;
        for _ in 0..rng.random_range(3..=6) {
            match rng.random_range(0..17) {
                0..=9 => schedule.draw_fault(rng),
                10 if liar.is_none() => liar = schedule.draw_lie(rng),
                10 => {}
                11 => schedule.draw_outage(rng),
                12 | 13 => {
                    for _ in 0..rng.random_range(1..=3) {
                        schedule.kills.push(match rng.random_bool(0.5) {
                            true => Kill::AtDiskOperation(rng.random_range(1..250)),
                            false => Kill::AtQuestion(rng.random_range(1..200)),
                        });
                    }
                }
                14 => schedule.for_a_while(rng, Event::DiskFull(true), Event::DiskFull(false)),
                15 => {
                    let congested = Event::Congestion { price: rng.random_range(1_500..30_000) };
                    schedule.for_a_while(rng, congested, Event::Congestion { price: 0 });
                }
                _ => match rng.random_range(0..3) {
                    0 => schedule.for_a_while(rng, Event::TakeFeeMoney, Event::GiveFeeMoney),
                    1 => {
                        let time = Duration::from_secs(rng.random_range(30..7_200));
                        schedule.events.push((moment(rng), Event::StandStill(time)));
                    }
                    _ => {
                        let slots = rng.random_range(1..25);
                        schedule.events.push((moment(rng), Event::RollBack { slots }));
                    }
                },
            }
        }
        // Where one says that all has landed nobody else is silent: a single voice is believed.
        let lies = |windows: &Vec<Window>| windows.iter().any(|window| window.fault == Fault::SaysLanded);
        if schedule.endpoints.iter().any(lies) {
            schedule.endpoints.iter_mut().filter(|windows| !lies(windows)).for_each(Vec::clear);
        }
        schedule.events.sort_by_key(|(at, _)| *at);
        schedule
    }

    fn draw_fault(&mut self, rng: &mut ChaCha8Rng) {
        let slots = rng.random_range(0..200);
        let fault = match rng.random_range(0..12) {
            0 => Fault::Dropped,
            1 | 10 | 11 => Fault::ResponseDropped,
            2 | 3 => Fault::Delayed { slots: rng.random_range(100..200) },
            4 => Fault::Duplicated { slots },
            5 => Fault::NeverForwarded,
            6 => Fault::Stale { slots: 2 * slots },
            7 => Fault::Limited,
            8 => Fault::Broken,
            _ => Fault::InvalidJson,
        };
        // What happens to what is sent is often the same wherever it is sent.
        let everywhere = rng.random_bool(0.5);
        let window = window(rng, fault);
        let one = rng.random_range(0..self.endpoints.len());
        for (index, windows) in self.endpoints.iter_mut().enumerate() {
            if everywhere || index == one {
                windows.push(window);
            }
        }
    }

    /// One of several endpoints says what is not so, for ever or for a while.
    fn draw_lie(&mut self, rng: &mut ChaCha8Rng) -> Option<()> {
        if self.endpoints.len() < 3 {
            return None;
        }
        let index = rng.random_range(0..self.endpoints.len());
        let until = Duration::from_secs(1_000_000);
        let lie = match rng.random_range(0..5) {
            0..=2 => Window { from: Duration::ZERO, until, fault: Fault::NullStatuses },
            3 => Window { from: Duration::ZERO, until, fault: Fault::OtherChain },
            _ => window(rng, Fault::SaysLanded),
        };
        // The first window counts: whoever says what is not so does nothing else.
        self.endpoints[index] = vec![lie];
        Some(())
    }

    fn draw_outage(&mut self, rng: &mut ChaCha8Rng) {
        let from = moment(rng);
        let until = from + Duration::from_secs(rng.random_range(60..1_800));
        let lies = |windows: &Vec<Window>| {
            windows
                .iter()
                .any(|window| window.fault == Fault::SaysLanded || window.fault == Fault::OtherChain)
        };
        if self.endpoints.iter().any(lies) {
            return;
        }
        for windows in &mut self.endpoints {
            windows.insert(0, Window { from, until, fault: Fault::Dropped });
        }
    }

    fn for_a_while(&mut self, rng: &mut ChaCha8Rng, begin: Event, end: Event) {
        let from = moment(rng);
        self.events.push((from, begin));
        self.events.push((from + Duration::from_secs(rng.random_range(20..400)), end));
    }
}

fn moment(rng: &mut ChaCha8Rng) -> Duration {
    Duration::from_millis(rng.random_range(0..HORIZON * 1_000))
}

fn window(rng: &mut ChaCha8Rng, fault: Fault) -> Window {
    let from = moment(rng);
    Window { from, until: from + Duration::from_secs(rng.random_range(5..300)), fault }
}
