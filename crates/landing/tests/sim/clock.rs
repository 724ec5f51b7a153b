//! A virtual clock: when nobody has anything to do, it is as late as the next who waits wants it to be.

use async_trait::async_trait;
use grid_landing::clock::Clock;
use std::{
    collections::BTreeMap,
    future::{Future, poll_fn},
    sync::{Arc, Mutex},
    task::{Poll, Waker},
    time::Duration,
};
use tokio::runtime::{Builder, Runtime};

#[derive(Default)]
struct State {
    now: Duration,
    next: u64,
    waiting: BTreeMap<(Duration, u64), Waker>,
}

/// The clock. Clones are the same one.
#[derive(Clone, Default)]
pub struct VirtualClock(Arc<Mutex<State>>);

impl VirtualClock {
    /// A runtime of one thread whose idleness moves the clock.
    pub fn runtime(&self) -> Runtime {
        let clock = self.clone();
        Builder::new_current_thread().on_thread_park(move || clock.advance()).build().unwrap()
    }

    fn advance(&self) {
        let next = {
            let mut state = self.0.lock().unwrap();
            let next = state.waiting.pop_first();
            if let Some(((time, _), _)) = &next {
                state.now = state.now.max(*time);
            }
            next
        };
        if let Some((_, waker)) = next {
            waker.wake();
        }
    }

    pub fn now(&self) -> Duration {
        self.0.lock().unwrap().now
    }

    pub fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send + use<> {
        self.sleep_until(self.now() + time)
    }

    pub fn sleep_until(&self, deadline: Duration) -> impl Future<Output = ()> + Send + use<> {
        let mut sleeper = Sleeper { clock: self.clone(), key: None };
        poll_fn(move |context| sleeper.poll(deadline, context.waker()))
    }
}

/// Its place is given up when it is dropped.
struct Sleeper {
    clock: VirtualClock,
    key: Option<(Duration, u64)>,
}

impl Sleeper {
    fn poll(&mut self, deadline: Duration, waker: &Waker) -> Poll<()> {
        let mut state = self.clock.0.lock().unwrap();
        if state.now >= deadline {
            return Poll::Ready(());
        }
        let number = state.next;
        let key = *self.key.get_or_insert((deadline, number));
        state.next += u64::from(key.1 == number);
        state.waiting.insert(key, waker.clone());
        Poll::Pending
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.clock.0.lock().unwrap().waiting.remove(&key);
        }
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> Duration {
        VirtualClock::now(self)
    }

    async fn sleep(&self, time: Duration) {
        VirtualClock::sleep(self, time).await;
    }
}
