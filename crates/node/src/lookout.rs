//! One look at the chain for all waiting devices of a node.
//!
//! A device that waits changes in two ways: its own account is written, or a job takes it out of its slot of the market's
//! queue. A look therefore reads the devices' accounts in one request and of each market only the slots where they wait. What
//! it sees is a hint: the worker then reads whole accounts and goes by those.

use grid_client::{Chain, ChainError, account::slot_offset};
use grid_jobs::{Device, QueueSlot};
use solana_address::Address;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Notify, oneshot},
    task::JoinHandle,
};

/// Accounts that one request reads.
const ACCOUNTS_PER_REQUEST: usize = 100;
/// Slots that are read at once where the devices of a market wait that near to each other: 9 KB.
const MAX_SPAN_SLOTS: usize = 256;
/// An account's bytes before its fields.
const DISCRIMINATOR_BYTES: usize = 8;

/// Looks after waiting devices; ends with its last owner.
pub struct Lookout {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    waiting: Mutex<BTreeMap<Address, Waiting>>,
    came: Notify,
}

/// A device that waits, as its worker saw it last.
struct Waiting {
    device: Device,
    changed: oneshot::Sender<()>,
}

impl Lookout {
    /// Looks every `interval` while any device waits.
    pub fn start(chain: Arc<dyn Chain>, interval: Duration) -> Self {
        let shared = Arc::new(Shared { waiting: Mutex::default(), came: Notify::new() });
        let task = tokio::spawn(look_for_ever(chain, interval, shared.clone()));
        Self { shared, task }
    }

    /// Waits until the chain shows `address`, which waits in its market's queue, other than `device`.
    pub(crate) async fn change(&self, address: Address, device: &Device) {
        let (changed, receiver) = oneshot::channel();
        self.shared.lock().insert(address, Waiting { device: *device, changed });
        self.shared.came.notify_one();
        // Whoever drops the sender has put another wait of the same device in its place: the chain is read again.
        let _ = receiver.await;
    }
}

impl Drop for Lookout {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Address, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The devices whose workers still wait.
    fn waiting(&self) -> BTreeMap<Address, Device> {
        let mut waiting = self.lock();
        waiting.retain(|_, waiting| !waiting.changed.is_closed());
        waiting.iter().map(|(address, waiting)| (*address, waiting.device)).collect()
    }
}

async fn look_for_ever(chain: Arc<dyn Chain>, interval: Duration, shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(interval).await;
        let waiting = shared.waiting();
        if waiting.is_empty() {
            shared.came.notified().await;
            continue;
        }
        match changed(chain.as_ref(), &waiting).await {
            Ok(changed) => {
                let mut waiting = shared.lock();
                for address in changed {
                    if let Some(waiting) = waiting.remove(&address) {
                        let _ = waiting.changed.send(());
                    }
                }
            }
            // The workers look for themselves from time to time, and say what failed.
            Err(error) => tracing::debug!(%error, "the chain was not looked at"),
        }
    }
}

/// The devices that are not any more what `waiting` says.
async fn changed(chain: &dyn Chain, waiting: &BTreeMap<Address, Device>) -> Result<Vec<Address>, ChainError> {
    let mut changed = Vec::new();
    let addresses: Vec<Address> = waiting.keys().copied().collect();
    for addresses in addresses.chunks(ACCOUNTS_PER_REQUEST) {
        let accounts = chain.accounts(addresses).await?;
        for (address, account) in addresses.iter().zip(accounts) {
            let fields = account.as_ref().and_then(|account| account.data.get(DISCRIMINATOR_BYTES..));
            if fields != Some(bytemuck::bytes_of(&waiting[address])) {
                changed.push(*address);
            }
        }
    }
    for (market, devices) in by_market(waiting) {
        for span in spans(&devices) {
            let slots = span_bytes(chain, &market, span).await?;
            for (slot, address) in span {
                let from = (usize::from(*slot) - usize::from(span[0].0)) * size_of::<QueueSlot>();
                if slots.get(from..from + size_of::<Address>()) != Some(address.as_ref()) {
                    changed.push(*address);
                }
            }
        }
    }
    Ok(changed)
}

/// The devices of each market with their slots, by slot.
fn by_market(waiting: &BTreeMap<Address, Device>) -> BTreeMap<Address, Vec<(u16, Address)>> {
    let mut markets: BTreeMap<Address, Vec<(u16, Address)>> = BTreeMap::new();
    for (address, device) in waiting {
        markets.entry(device.market).or_default().push((device.slot.get(), *address));
    }
    markets.values_mut().for_each(|devices| devices.sort_unstable());
    markets
}

/// Runs of slots that are read at once.
fn spans(devices: &[(u16, Address)]) -> Vec<&[(u16, Address)]> {
    let mut spans = Vec::new();
    let mut rest = devices;
    while let Some((first, _)) = rest.first() {
        let near = rest.partition_point(|(slot, _)| usize::from(slot - first) < MAX_SPAN_SLOTS);
        let (span, behind) = rest.split_at(near);
        spans.push(span);
        rest = behind;
    }
    spans
}

/// The bytes of the slots from the first of `span` to its last; none when the market is gone.
async fn span_bytes(
    chain: &dyn Chain,
    market: &Address,
    span: &[(u16, Address)],
) -> Result<Vec<u8>, ChainError> {
    let (Some((first, _)), Some((last, _))) = (span.first(), span.last()) else { return Ok(Vec::new()) };
    let length = (usize::from(last - first) + 1) * size_of::<QueueSlot>();
    Ok(chain.data_slice(market, slot_offset(*first), length).await?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use bytemuck::Zeroable;
    use grid_client::{Filter, Landed};
    use grid_jobs::Market;
    use solana_account::Account;
    use solana_instruction::Instruction;
    use solana_keypair::Keypair;

    /// Accounts that a test writes.
    #[derive(Default)]
    struct Written(Mutex<BTreeMap<Address, Vec<u8>>>);

    #[async_trait]
    impl Chain for Written {
        async fn accounts(&self, addresses: &[Address]) -> Result<Vec<Option<Account>>, ChainError> {
            let written = self.0.lock().unwrap();
            let account = |data: &Vec<u8>| Account { data: data.clone(), ..Account::default() };
            Ok(addresses.iter().map(|address| written.get(address).map(account)).collect())
        }

        async fn program_accounts(
            &self,
            _: &Address,
            _: &[Filter],
        ) -> Result<Vec<(Address, Account)>, ChainError> {
            unreachable!("a lookout looks for nothing")
        }

        async fn submit(&self, _: &[Instruction], _: &[&Keypair]) -> Result<Landed, ChainError> {
            unreachable!("a lookout sends nothing")
        }

        async fn minimum_balance(&self, _: usize) -> Result<u64, ChainError> {
            unreachable!("a lookout pays nothing")
        }
    }

    impl Written {
        fn device(&self, address: Address, device: &Device) {
            let data = [&[0; DISCRIMINATOR_BYTES], bytemuck::bytes_of(device)].concat();
            self.0.lock().unwrap().insert(address, data);
        }

        fn queue(&self, market: Address, slots: &[Address]) {
            let slot = |address: &Address| QueueSlot { address: *address, ..QueueSlot::zeroed() };
            let slots: Vec<QueueSlot> = slots.iter().map(slot).collect();
            let data = [&vec![0; Market::SLOTS_OFFSET][..], bytemuck::cast_slice(&slots)].concat();
            self.0.lock().unwrap().insert(market, data);
        }
    }

    fn device(market: Address, slot: u16) -> Device {
        Device { market, slot: slot.into(), ..Device::zeroed() }
    }

    #[tokio::test]
    async fn a_look_finds_what_was_written_and_what_was_taken() {
        let chain = Written::default();
        let market = Address::new_unique();
        let [calm, written, taken, gone] = std::array::from_fn(|_| Address::new_unique());
        let slots = [(calm, 0), (written, 1), (taken, 300), (gone, 2)];
        let waiting: BTreeMap<Address, Device> =
            slots.map(|(address, slot)| (address, device(market, slot))).into();
        for (address, device) in &waiting {
            chain.device(*address, device);
        }
        let mut queue = vec![Address::default(); 301];
        for (address, slot) in slots {
            queue[usize::from(slot)] = address;
        }
        chain.queue(market, &queue);
        assert_eq!(changed(&chain, &waiting).await.unwrap(), []);

        chain.device(written, &Device { strikes: 1.into(), ..device(market, 1) });
        queue[300] = Address::new_unique();
        chain.queue(market, &queue);
        chain.0.lock().unwrap().remove(&gone);
        let mut found = changed(&chain, &waiting).await.unwrap();
        found.sort_unstable();
        let mut expected = [written, taken, gone];
        expected.sort_unstable();
        assert_eq!(found, expected);
    }

    #[test]
    fn near_slots_are_read_at_once() {
        let devices = [0, 255, 256, 300, u16::MAX].map(|slot| (slot, Address::default()));
        let lengths: Vec<usize> = spans(&devices).iter().map(|span| span.len()).collect();
        assert_eq!(lengths, [2, 2, 1]);
        assert!(spans(&[]).is_empty());
    }

    #[tokio::test]
    async fn a_worker_wakes_when_its_device_changes() {
        let (chain, market, address) =
            (Arc::new(Written::default()), Address::new_unique(), Address::new_unique());
        chain.device(address, &device(market, 0));
        chain.queue(market, &[address]);
        let lookout = Lookout::start(chain.clone(), Duration::from_millis(1));
        let waiting = device(market, 0);
        let calm = tokio::time::timeout(Duration::from_millis(50), lookout.change(address, &waiting)).await;
        assert!(calm.is_err(), "nothing has changed");
        chain.queue(market, &[Address::new_unique()]);
        lookout.change(address, &waiting).await;
    }
}
