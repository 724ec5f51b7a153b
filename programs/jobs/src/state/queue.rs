//! A market's queue: a doubly linked list in a fixed array of slots.
//!
//! A market queues waiting jobs or waiting devices, never both. Joining at either end, leaving from the head and
//! leaving from the middle all touch a constant number of slots, whatever the length and history of the queue: no
//! tombstones to step over, and a slot is free for the next comer the moment it is left.
//!
//! An account that queues remembers its slot; the truth is that the slot holds its address.

use crate::errors::GridError;
use anchor_lang::prelude::*;
use bytemuck::{Pod, Zeroable};

/// Marks the end of a list of slots.
pub const NO_SLOT: u16 = u16::MAX;

/// What a market's queue holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum QueueKind {
    /// Nothing waits.
    Empty = 0,
    /// Jobs wait for devices.
    Jobs = 1,
    /// Devices wait for jobs.
    Devices = 2,
}

/// One slot of a queue: 36 bytes.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub struct QueueSlot {
    /// The job or device that waits here; zero while the slot is free.
    pub address: Address,
    /// Slot of who waits before, or [`NO_SLOT`]; without meaning while the slot is free.
    pub previous: PodU16,
    /// Slot of who waits behind, or of the next free slot, or [`NO_SLOT`].
    pub next: PodU16,
}

/// Ends and size of a queue, kept in the market's header: 10 bytes.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable, IdlType)]
pub struct QueueLinks {
    /// Slot of who leaves first, or `NO_SLOT` (65,535).
    pub head: PodU16,
    /// Slot of who came last, or `NO_SLOT` (65,535).
    pub tail: PodU16,
    /// First free slot, or `NO_SLOT` (65,535) when the queue is full.
    pub free: PodU16,
    /// How many wait.
    pub waiting: PodU16,
    /// What waits, if anything does: 1 jobs, 2 devices.
    pub kind: u8,
    /// Padding, zero.
    pub padding: u8,
}

impl QueueLinks {
    /// Links of a queue without slots.
    pub fn empty() -> Self {
        Self {
            head: NO_SLOT.into(),
            tail: NO_SLOT.into(),
            free: NO_SLOT.into(),
            waiting: 0.into(),
            kind: QueueKind::Empty as u8,
            padding: 0,
        }
    }

    /// What waits.
    pub fn kind(&self) -> QueueKind {
        match self.kind {
            _ if self.head == NO_SLOT => QueueKind::Empty,
            kind if kind == QueueKind::Devices as u8 => QueueKind::Devices,
            _ => QueueKind::Jobs,
        }
    }
}

/// A queue: its links and its slots, wherever they lie.
pub struct Queue<'a> {
    links: &'a mut QueueLinks,
    slots: &'a mut [QueueSlot],
}

impl<'a> Queue<'a> {
    /// Joins links and slots that belong together.
    pub fn new(links: &'a mut QueueLinks, slots: &'a mut [QueueSlot]) -> Self {
        Self { links, slots }
    }

    fn slot(&mut self, index: PodU16) -> Result<&mut QueueSlot> {
        self.slots.get_mut(usize::from(index.get())).ok_or_else(|| GridError::QueueCorrupted.into())
    }

    /// Adds the slots from `first_new` on to the free ones.
    pub fn add_free_slots(&mut self, first_new: usize) {
        for index in (first_new..self.slots.len()).rev() {
            self.slots[index] =
                QueueSlot { address: Address::default(), previous: NO_SLOT.into(), next: self.links.free };
            self.links.free = (index as u16).into();
        }
    }

    fn take_free_slot(&mut self, kind: QueueKind) -> Result<PodU16> {
        let index = self.links.free;
        if index == NO_SLOT {
            return Err(GridError::QueueFull.into());
        }
        self.links.free = self.slot(index)?.next;
        // No more can wait than there are slots, and `NO_SLOT` is none.
        self.links.waiting = self.links.waiting.get().wrapping_add(1).into();
        self.links.kind = kind as u8;
        Ok(index)
    }

    /// Queues behind the last; returns the slot. Error: [`GridError::QueueFull`].
    pub fn push_back(&mut self, kind: QueueKind, address: Address) -> Result<u16> {
        let index = self.take_free_slot(kind)?;
        let last = self.links.tail;
        *self.slot(index)? = QueueSlot { address, previous: last, next: NO_SLOT.into() };
        match last == NO_SLOT {
            true => self.links.head = index,
            false => self.slot(last)?.next = index,
        }
        self.links.tail = index;
        Ok(index.get())
    }

    /// Queues before the first; returns the slot. Error: [`GridError::QueueFull`].
    pub fn push_front(&mut self, kind: QueueKind, address: Address) -> Result<u16> {
        let index = self.take_free_slot(kind)?;
        let first = self.links.head;
        *self.slot(index)? = QueueSlot { address, previous: NO_SLOT.into(), next: first };
        match first == NO_SLOT {
            true => self.links.tail = index,
            false => self.slot(first)?.previous = index,
        }
        self.links.head = index;
        Ok(index.get())
    }

    /// Takes the first out and writes its address to `first`.
    ///
    /// Error: [`GridError::QueueCorrupted`], also when nobody waits: look at [`QueueLinks::kind`] before.
    pub fn pop_front(&mut self, first: &mut Address) -> Result<()> {
        let index = self.links.head;
        let slot = self.slot(index)?;
        *first = slot.address;
        let next = slot.next;
        self.links.head = next;
        match next == NO_SLOT {
            true => self.links.tail = NO_SLOT.into(),
            false => self.slot(next)?.previous = NO_SLOT.into(),
        }
        self.free(index)
    }

    /// Takes `address` out of `slot`; `false`, and nothing changed, when the slot does not hold it.
    pub fn remove(&mut self, slot: u16, address: &Address) -> Result<bool> {
        match self.slots.get(usize::from(slot)) {
            Some(found) if anchor_lang::address_eq(&found.address, address) => {
                self.unlink(slot.into())?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn unlink(&mut self, index: PodU16) -> Result<()> {
        let slot = self.slot(index)?;
        let (previous, next) = (slot.previous, slot.next);
        match previous == NO_SLOT {
            true => self.links.head = next,
            false => self.slot(previous)?.next = next,
        }
        match next == NO_SLOT {
            true => self.links.tail = previous,
            false => self.slot(next)?.previous = previous,
        }
        self.free(index)
    }

    fn free(&mut self, index: PodU16) -> Result<()> {
        let next = self.links.free;
        let slot = self.slot(index)?;
        slot.address = Address::default();
        slot.next = next;
        self.links.free = index;
        // Whoever waits was counted when it took its slot: there is at least one.
        self.links.waiting = self.links.waiting.get().wrapping_sub(1).into();
        Ok(())
    }
}

/// Who waits, first to last. For clients and tests: a program never walks a queue.
///
/// `None` when the links contradict each other, which bytes of a real market never do.
pub fn waiting(links: &QueueLinks, slots: &[QueueSlot]) -> Option<alloc::vec::Vec<Address>> {
    let mut addresses = alloc::vec::Vec::with_capacity(usize::from(links.waiting.get()));
    let (mut previous, mut index) = (NO_SLOT, links.head.get());
    while index != NO_SLOT {
        let slot = slots.get(usize::from(index))?;
        if slot.previous != previous || slot.address == Address::default() || addresses.len() >= slots.len() {
            return None;
        }
        addresses.push(slot.address);
        (previous, index) = (index, slot.next.get());
    }
    let ends_agree = links.tail == previous && addresses.len() == usize::from(links.waiting.get());
    ends_agree.then_some(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    struct Fixture {
        links: QueueLinks,
        slots: Vec<QueueSlot>,
    }

    impl Fixture {
        fn new(capacity: usize) -> Self {
            let mut fixture = Self { links: QueueLinks::empty(), slots: Vec::new() };
            fixture.grow(capacity);
            fixture
        }

        fn grow(&mut self, by: usize) {
            let old = self.slots.len();
            self.slots.resize(old + by, QueueSlot::zeroed());
            self.queue().add_free_slots(old);
        }

        fn queue(&mut self) -> Queue<'_> {
            Queue::new(&mut self.links, &mut self.slots)
        }

        fn pop(&mut self) -> Result<Address> {
            let mut first = Address::default();
            self.queue().pop_front(&mut first).map(|()| first)
        }

        fn waiting(&self) -> Vec<Address> {
            waiting(&self.links, &self.slots).expect("links agree")
        }
    }

    fn address(n: u64) -> Address {
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&n.to_le_bytes());
        Address::new_from_array(bytes)
    }

    #[test]
    fn first_in_is_first_out() {
        let mut f = Fixture::new(3);
        for n in 0..3 {
            f.queue().push_back(QueueKind::Jobs, address(n)).unwrap();
        }
        assert_eq!(f.links.kind(), QueueKind::Jobs);
        for n in 0..3 {
            assert_eq!(f.pop(), Ok(address(n)));
        }
        assert_eq!(f.pop(), Err(GridError::QueueCorrupted.into()));
        assert_eq!(f.links.kind(), QueueKind::Empty);
    }

    #[test]
    fn who_is_pushed_to_the_front_leaves_first() {
        let mut f = Fixture::new(3);
        f.queue().push_front(QueueKind::Jobs, address(1)).unwrap();
        f.queue().push_back(QueueKind::Jobs, address(2)).unwrap();
        f.queue().push_front(QueueKind::Jobs, address(0)).unwrap();
        assert_eq!(f.waiting(), [address(0), address(1), address(2)]);
    }

    #[test]
    fn a_full_queue_refuses_and_changes_nothing() {
        let mut f = Fixture::new(2);
        f.queue().push_back(QueueKind::Devices, address(0)).unwrap();
        f.queue().push_back(QueueKind::Devices, address(1)).unwrap();
        let (links, slots) = (f.links, f.slots.clone());
        assert_eq!(f.queue().push_back(QueueKind::Devices, address(2)), Err(GridError::QueueFull.into()));
        assert_eq!(f.queue().push_front(QueueKind::Devices, address(2)), Err(GridError::QueueFull.into()));
        assert_eq!((f.links, f.slots), (links, slots));
    }

    #[test]
    fn remove_needs_the_address_at_its_slot() {
        let mut f = Fixture::new(2);
        let slot = f.queue().push_back(QueueKind::Jobs, address(0)).unwrap();
        assert!(!f.queue().remove(slot, &address(1)).unwrap());
        assert!(!f.queue().remove(slot + 1, &address(0)).unwrap());
        assert!(!f.queue().remove(NO_SLOT, &address(0)).unwrap());
        assert!(f.queue().remove(slot, &address(0)).unwrap());
        assert!(!f.queue().remove(slot, &address(0)).unwrap(), "a second time");
    }

    #[test]
    fn a_slot_that_was_left_serves_the_next() {
        let mut f = Fixture::new(1);
        for n in 0..100 {
            f.queue().push_back(QueueKind::Jobs, address(n)).unwrap();
            assert_eq!(f.pop(), Ok(address(n)));
        }
    }

    #[test]
    fn growth_keeps_who_waits_and_their_slots() {
        let mut f = Fixture::new(2);
        let slot = f.queue().push_back(QueueKind::Jobs, address(0)).unwrap();
        f.queue().push_back(QueueKind::Jobs, address(1)).unwrap();
        f.grow(2);
        f.queue().push_back(QueueKind::Jobs, address(2)).unwrap();
        assert!(f.queue().remove(slot, &address(0)).unwrap());
        assert_eq!(f.waiting(), [address(1), address(2)]);
    }

    /// Filled, drained, with removals in the middle and pushes at both ends, against a plain queue.
    #[test]
    fn behaves_like_a_plain_queue_over_random_operations() {
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = move |below: u64| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % below
        };
        let mut f = Fixture::new(10);
        let mut model: VecDeque<(u16, Address)> = VecDeque::new();
        for step in 0..200_000_u64 {
            let at = address(step);
            match random(10) {
                0..=3 => match f.queue().push_back(QueueKind::Jobs, at) {
                    Ok(slot) => model.push_back((slot, at)),
                    Err(_) => assert_eq!(model.len(), f.slots.len()),
                },
                4 => match f.queue().push_front(QueueKind::Jobs, at) {
                    Ok(slot) => model.push_front((slot, at)),
                    Err(_) => assert_eq!(model.len(), f.slots.len()),
                },
                5..=6 => assert_eq!(f.pop().ok(), model.pop_front().map(|(_, a)| a)),
                7..=8 if !model.is_empty() => {
                    let (slot, at) = model.remove(random(model.len() as u64) as usize).unwrap();
                    assert!(f.queue().remove(slot, &at).unwrap());
                }
                9 if step % 1_000 == 0 && f.slots.len() < 400 => f.grow(7),
                _ => assert!(!f.queue().remove(random(500) as u16, &at).unwrap()),
            }
            if step % 97 == 0 {
                assert_eq!(f.waiting(), model.iter().map(|(_, a)| *a).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn links_out_of_range_are_an_error_not_a_panic() {
        let mut f = Fixture::new(2);
        f.links.head = 9.into();
        assert_eq!(f.pop(), Err(GridError::QueueCorrupted.into()));
        f.links.free = 9.into();
        assert_eq!(f.queue().push_back(QueueKind::Jobs, address(1)), Err(GridError::QueueCorrupted.into()));
        assert_eq!(waiting(&f.links, &f.slots), None);
    }
}
