//! What a worker is told to do.

use std::time::Duration;
use tokio::sync::watch;

/// What a worker is told to do. A later order holds over an earlier one; [`Stop`](Self::Stop) and
/// [`Abandon`](Self::Abandon) are not taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// Offer the device and run what it is matched with.
    Work,
    /// Take no new job: finish the one that runs, leave the queue, and wait.
    Pause,
    /// The same, and end.
    Stop,
    /// The device can't go on: hand back what it has, and end.
    Abandon,
}

/// Gives orders to a worker.
#[derive(Debug)]
pub struct Orders(watch::Sender<Order>);

impl Orders {
    /// The worker works until it is told otherwise.
    pub fn new() -> Self {
        Self(watch::Sender::new(Order::Work))
    }

    /// Gives an order. What ends the worker is not taken back by what does not.
    pub fn give(&self, order: Order) {
        self.0.send_if_modified(|current| {
            let taken = *current != order && (*current < Order::Stop || order > *current);
            if taken {
                *current = order;
            }
            taken
        });
    }

    /// The order that holds.
    pub fn current(&self) -> Order {
        *self.0.borrow()
    }

    /// What the worker listens to.
    pub fn listen(&self) -> Listener {
        Listener(self.0.subscribe())
    }
}

impl Default for Orders {
    fn default() -> Self {
        Self::new()
    }
}

/// The worker's end of [`Orders`].
#[derive(Debug, Clone)]
pub struct Listener(watch::Receiver<Order>);

impl Listener {
    /// The order that holds.
    pub(crate) fn current(&self) -> Order {
        *self.0.borrow()
    }

    /// Waits until one of the orders that `wanted` names is given; for ever when it never is.
    pub(crate) async fn until(&self, wanted: impl FnMut(&Order) -> bool) {
        // An error means that nobody gives orders any more.
        if self.0.clone().wait_for(wanted).await.is_err() {
            std::future::pending().await
        }
    }

    /// Waits, but not beyond another order than the one that holds.
    pub(crate) async fn pause(&self, time: Duration) {
        let now = self.current();
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = self.until(|order| *order != now) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_not_taken_back() {
        let orders = Orders::new();
        for (order, holds) in [
            (Order::Pause, Order::Pause),
            (Order::Work, Order::Work),
            (Order::Stop, Order::Stop),
            (Order::Work, Order::Stop),
            (Order::Pause, Order::Stop),
            (Order::Abandon, Order::Abandon),
            (Order::Stop, Order::Abandon),
        ] {
            orders.give(order);
            assert_eq!((orders.current(), orders.listen().current()), (holds, holds), "{order:?}");
        }
    }

    #[tokio::test]
    async fn a_pause_ends_with_another_order() {
        let orders = Orders::new();
        let listener = orders.listen();
        tokio::join!(listener.pause(Duration::MAX), async { orders.give(Order::Stop) });
        listener.pause(Duration::ZERO).await;
    }
}
