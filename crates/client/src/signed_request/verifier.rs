//! [`Verifier`]: whether a request is what it says, and new.

use super::{Nonce, Request, RequestError, Seal, TIME_WINDOW_SECONDS};
use solana_address::Address;
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Mutex, PoisonError},
};

/// Requests that are remembered, of all keys: about 12 MB.
const MAX_NONCES: usize = 65_536;
/// Requests that are remembered of one key.
const MAX_NONCES_OF_KEY: usize = 4_096;

/// Checks the requests to one node, each of which counts once.
///
/// In two steps: [`verify`](Self::verify) needs no memory, so that whoever has no business here can't fill it;
/// [`spend`](Self::spend) follows when the key has been found to be allowed what it asks for.
#[derive(Debug)]
pub struct Verifier {
    node: Address,
    started_at: u64,
    spent: Mutex<Spent>,
}

/// A request that its key has signed, and that was not used yet when that was checked.
#[derive(Debug)]
#[must_use = "a request counts once only if it is spent"]
pub struct Proof(Seal);

impl Proof {
    /// Who signed.
    pub fn key(&self) -> Address {
        self.0.key
    }
}

impl Verifier {
    /// For requests to `node` from `started_at` on, Unix seconds. What was signed before is refused: it may have been used
    /// before the process remembers.
    pub fn new(node: Address, started_at: u64) -> Self {
        Self { node, started_at, spent: Mutex::default() }
    }

    /// The node that requests must be meant for.
    pub fn node(&self) -> Address {
        self.node
    }

    /// Checks signature and time at `now`, Unix seconds.
    pub fn verify(&self, request: &Request<'_>, seal: Seal, now: u64) -> Result<Proof, RequestError> {
        let signed = seal.unix_seconds;
        if signed.abs_diff(now) > TIME_WINDOW_SECONDS {
            return Err(RequestError::WrongTime { signed, now });
        }
        if signed < self.started_at {
            return Err(RequestError::BeforeStart);
        }
        // The node's own address, whatever the request says: one that was meant for another node does not fit.
        let text = Request { node: self.node, ..*request }.text(signed, &seal.nonce);
        if !seal.signature.verify(seal.key.as_ref(), text.as_bytes()) {
            return Err(RequestError::WrongSignature { key: seal.key, node: self.node });
        }
        Ok(Proof(seal))
    }

    /// Notes at `now` that the request is used; of two that are the same only one gets here.
    pub fn spend(&self, proof: Proof, now: u64) -> Result<Address, RequestError> {
        let Seal { key, nonce, .. } = proof.0;
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        spent.forget_until(now);
        spent.add(key, nonce, now.saturating_add(2 * TIME_WINDOW_SECONDS))?;
        Ok(key)
    }
}

/// What was used, until its time has passed.
#[derive(Debug, Default)]
struct Spent {
    nonces: HashSet<(Address, Nonce)>,
    of_key: HashMap<Address, usize>,
    /// In the order they came, with the time when each can be forgotten, Unix seconds.
    order: VecDeque<(u64, Address, Nonce)>,
}

impl Spent {
    fn add(&mut self, key: Address, nonce: Nonce, until: u64) -> Result<(), RequestError> {
        if self.nonces.contains(&(key, nonce)) {
            return Err(RequestError::Replayed);
        }
        // Full means no: to forget one that still counts would let it in again.
        if self.nonces.len() >= MAX_NONCES {
            return Err(RequestError::TooMany);
        }
        if self.of_key.get(&key).is_some_and(|count| *count >= MAX_NONCES_OF_KEY) {
            return Err(RequestError::TooManyOfKey { key, limit: MAX_NONCES_OF_KEY });
        }
        self.nonces.insert((key, nonce));
        *self.of_key.entry(key).or_default() += 1;
        self.order.push_back((until, key, nonce));
        Ok(())
    }

    fn forget_until(&mut self, now: u64) {
        while let Some((_, key, nonce)) = self.order.pop_front_if(|(until, ..)| *until < now) {
            self.nonces.remove(&(key, nonce));
            if let Some(count) = self.of_key.get_mut(&key) {
                *count -= 1;
                if *count == 0 {
                    self.of_key.remove(&key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use solana_keypair::Keypair;
    use solana_signer::Signer;

    const NOW: u64 = 1_700_000_000;

    fn node() -> Address {
        Address::new_from_array([9; 32])
    }

    fn request() -> Request<'static> {
        Request { method: "PUT", target: "/content/ab?job=x", node: node(), body: Some([1; 32]) }
    }

    fn verifier() -> Verifier {
        Verifier::new(node(), NOW - 1_000)
    }

    fn seal(at: u64) -> Seal {
        request().sign(&Keypair::new_from_array([1; 32]), at, Nonce([2; 16]))
    }

    #[test]
    fn what_was_signed_passes_once() {
        let (verifier, key) = (verifier(), Keypair::new_from_array([1; 32]).pubkey());
        let proof = |at| verifier.verify(&request(), seal(NOW), at).unwrap();
        let (first, second) = (proof(NOW), proof(NOW));
        assert_eq!(first.key(), key);
        assert_eq!(verifier.spend(first, NOW), Ok(key));
        assert_eq!(verifier.spend(second, NOW), Err(RequestError::Replayed));
        // As long as it would pass, it is remembered.
        let last = NOW + TIME_WINDOW_SECONDS;
        assert_eq!(verifier.spend(proof(last), last), Err(RequestError::Replayed));
    }

    #[test]
    fn one_from_the_future_is_remembered_as_long_as_it_would_pass() {
        let verifier = verifier();
        let ahead = NOW + TIME_WINDOW_SECONDS;
        let spend = |at| verifier.spend(verifier.verify(&request(), seal(ahead), at)?, at);
        assert!(spend(NOW).is_ok());
        assert_eq!(spend(ahead + TIME_WINDOW_SECONDS), Err(RequestError::Replayed));
        let after = ahead + TIME_WINDOW_SECONDS + 1;
        assert_eq!(spend(after), Err(RequestError::WrongTime { signed: ahead, now: after }));
    }

    #[test]
    fn every_part_is_signed() {
        let (verifier, good) = (verifier(), seal(NOW));
        let refused = |request: Request<'_>, seal: Seal| {
            matches!(verifier.verify(&request, seal, NOW), Err(RequestError::WrongSignature { .. }))
        };
        assert!(refused(Request { method: "GET", ..request() }, good));
        assert!(refused(Request { target: "/content/ab?job=y", ..request() }, good));
        assert!(refused(Request { body: Some([2; 32]), ..request() }, good));
        assert!(refused(Request { body: None, ..request() }, good));
        assert!(refused(request(), Seal { unix_seconds: NOW + 1, ..good }));
        assert!(refused(request(), Seal { nonce: Nonce([3; 16]), ..good }));
        assert!(refused(request(), Seal { key: Keypair::new_from_array([2; 32]).pubkey(), ..good }));
        assert!(refused(request(), Seal { signature: Default::default(), ..good }));
    }

    #[test]
    fn one_for_another_node_is_refused_even_if_it_says_so() {
        let other = Request { node: Address::default(), ..request() };
        let seal = other.sign(&Keypair::new_from_array([1; 32]), NOW, Nonce([2; 16]));
        for asked in [other, request()] {
            let error = verifier().verify(&asked, seal, NOW).unwrap_err();
            assert_eq!(error, RequestError::WrongSignature { key: seal.key, node: node() });
        }
    }

    #[test]
    fn clocks_may_differ_by_the_window() {
        for (at, passes) in
            [(NOW - 61, false), (NOW - 60, true), (NOW + 60, true), (NOW + 61, false), (0, false)]
        {
            let checked = verifier().verify(&request(), seal(at), NOW);
            assert_eq!(checked.is_ok(), passes, "{at}: {checked:?}");
        }
        assert!(verifier().verify(&request(), seal(u64::MAX), NOW).is_err());
    }

    #[test]
    fn what_was_signed_before_the_start_is_refused() {
        let verifier = Verifier::new(node(), NOW);
        assert_eq!(verifier.verify(&request(), seal(NOW - 1), NOW).unwrap_err(), RequestError::BeforeStart);
        assert!(verifier.verify(&request(), seal(NOW), NOW).is_ok());
    }

    #[test]
    fn memory_is_bounded_per_key_and_in_all() {
        let mut spent = Spent::default();
        let nonce = |count: usize| Nonce((count as u128).to_le_bytes());
        let key = |count: usize| Address::new_from_array([(count / MAX_NONCES_OF_KEY) as u8; 32]);
        for count in 0..MAX_NONCES {
            spent.add(key(count), nonce(count), NOW).unwrap();
        }
        assert_eq!(spent.add(Address::new_from_array([200; 32]), nonce(0), NOW), Err(RequestError::TooMany));
        spent.forget_until(NOW + 1);
        assert!(spent.nonces.is_empty() && spent.of_key.is_empty() && spent.order.is_empty());
        for count in 0..MAX_NONCES_OF_KEY {
            spent.add(key(0), nonce(count), NOW).unwrap();
        }
        let error = spent.add(key(0), nonce(MAX_NONCES_OF_KEY), NOW);
        assert_eq!(error, Err(RequestError::TooManyOfKey { key: key(0), limit: MAX_NONCES_OF_KEY }));
        assert!(spent.add(Address::new_from_array([200; 32]), nonce(0), NOW).is_ok(), "others go on");
    }
}
