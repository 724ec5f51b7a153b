//! HTTP requests signed with a Solana key: how a client shows a node who asks.
//!
//! What is signed is a text of seven lines (`docs/node-api.md` has it, with test vectors). It names the node that it
//! is meant for, so that no node can use it at another one. It can't be taken for a transaction: read as a message of
//! one, its first two bytes would ask for 103 signatures, 114 of them read-only, which no validator accepts.

mod verifier;

use solana_address::Address;
use solana_keypair::{Keypair, Signature};
use solana_signer::Signer;

pub use verifier::{Proof, Verifier};

/// How far the time of a request may be from the node's own, either way, seconds.
pub const TIME_WINDOW_SECONDS: u64 = 60;

/// First line of what is signed: the purpose and its version.
const PURPOSE: &str = "grid request 1";

/// Header with the key that signed, base58.
pub const KEY_HEADER: &str = "grid-key";
/// Header with the time of signing, Unix seconds.
pub const TIME_HEADER: &str = "grid-time";
/// Header with the nonce, 32 lowercase hex digits.
pub const NONCE_HEADER: &str = "grid-nonce";
/// Header with the signature, base58.
pub const SIGNATURE_HEADER: &str = "grid-signature";

/// A request, as far as it is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// Path and query, as they stand in the request line.
    pub target: &'a str,
    /// The node that the request is meant for.
    pub node: Address,
    /// SHA-256 of the body, if there is one.
    pub body: Option<[u8; 32]>,
}

/// What tells one request from all others of the same key and second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Nonce(pub [u8; 16]);

impl Nonce {
    /// A nonce from the operating system's random numbers.
    pub fn random() -> Self {
        Self(rand::random())
    }
}

/// Who signed a request, and when: what its headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal {
    /// The key that signed.
    pub key: Address,
    /// When, Unix seconds.
    pub unix_seconds: u64,
    /// Makes the signature one of its kind.
    pub nonce: Nonce,
    /// The signature of the request's text.
    pub signature: Signature,
}

/// Why a request is not taken for what it says it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// A header is missing.
    #[error("the request is not signed: the header {name} is missing")]
    MissingHeader {
        /// The header.
        name: &'static str,
    },
    /// A header holds something else.
    #[error("the header {name} must be {expected}")]
    MalformedHeader {
        /// The header.
        name: &'static str,
        /// What belongs there.
        expected: &'static str,
    },
    /// The signature is not that key's over that request.
    #[error(
        "the signature is not that of {key} over this request to node {node}: sign method, path with query, this node's address, time, nonce and the body's SHA-256"
    )]
    WrongSignature {
        /// Who is said to have signed.
        key: Address,
        /// Who was asked.
        node: Address,
    },
    /// Signed too long ago, or in the future.
    #[error(
        "the request was signed at {signed}, and it is {now} here (Unix seconds): set the clock, at most {TIME_WINDOW_SECONDS} s apart, and sign again"
    )]
    WrongTime {
        /// When it was signed, Unix seconds.
        signed: u64,
        /// When it arrived, Unix seconds.
        now: u64,
    },
    /// Signed before the node began to remember nonces.
    #[error("the request was signed before this node started: sign again")]
    BeforeStart,
    /// Seen before.
    #[error("the request was used before: sign a new one with a new nonce")]
    Replayed,
    /// The key has signed more requests within the window than the node remembers.
    #[error("key {key} has sent {limit} signed requests within two minutes: slow down")]
    TooManyOfKey {
        /// The key.
        key: Address,
        /// Requests that are remembered per key.
        limit: usize,
    },
    /// All keys together have.
    #[error("this node can't remember more signed requests now: try again in a minute")]
    TooMany,
}

impl Request<'_> {
    /// What is signed at `unix_seconds`.
    pub fn text(&self, unix_seconds: u64, nonce: &Nonce) -> String {
        let body = self.body.map_or_else(|| "-".to_owned(), |digest| hex(&digest));
        let (method, target, node, nonce) = (self.method, self.target, self.node, hex(&nonce.0));
        format!("{PURPOSE}\n{method}\n{target}\n{node}\n{unix_seconds}\n{nonce}\n{body}\n")
    }

    /// Signs the request.
    pub fn sign(&self, key: &Keypair, unix_seconds: u64, nonce: Nonce) -> Seal {
        let signature = key.sign_message(self.text(unix_seconds, &nonce).as_bytes());
        Seal { key: key.pubkey(), unix_seconds, nonce, signature }
    }
}

impl Seal {
    /// The headers that carry it: names and values.
    pub fn headers(&self) -> [(&'static str, String); 4] {
        [
            (KEY_HEADER, self.key.to_string()),
            (TIME_HEADER, self.unix_seconds.to_string()),
            (NONCE_HEADER, hex(&self.nonce.0)),
            (SIGNATURE_HEADER, self.signature.to_string()),
        ]
    }

    /// Reads the headers; `header` gives the value of the one with a name.
    pub fn from_headers<'a>(header: impl Fn(&'static str) -> Option<&'a str>) -> Result<Self, RequestError> {
        let read = |name, expected| {
            let value = header(name).ok_or(RequestError::MissingHeader { name })?;
            Ok((value, RequestError::MalformedHeader { name, expected }))
        };
        let (key, not_a_key) = read(KEY_HEADER, "an address in base58")?;
        let (time, not_a_time) = read(TIME_HEADER, "a time in Unix seconds")?;
        let (nonce, not_a_nonce) = read(NONCE_HEADER, "32 lowercase hex digits")?;
        let (signature, not_a_signature) = read(SIGNATURE_HEADER, "a signature in base58")?;
        Ok(Self {
            key: key.parse().map_err(|_| not_a_key)?,
            unix_seconds: time.parse().map_err(|_| not_a_time)?,
            nonce: parse_nonce(nonce).ok_or(not_a_nonce)?,
            signature: signature.parse().map_err(|_| not_a_signature)?,
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One spelling per nonce: another one of the same bytes would be another header and the same signature.
fn parse_nonce(text: &str) -> Option<Nonce> {
    let mut nonce = [0; 16];
    let digits = text.as_bytes();
    if digits.len() != 32 || !digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    for (byte, pair) in nonce.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(Nonce(nonce))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "grid request 1\nGET\n/jobs/x/log?from=7\n11111111111111111111111111111111\n1700000000\n000102030405060708090a0b0c0d0e0f\n-\n";

    fn request() -> Request<'static> {
        let target = "/jobs/x/log?from=7";
        Request { method: "GET", target, node: Address::default(), body: None }
    }

    fn nonce() -> Nonce {
        Nonce(std::array::from_fn(|index| index as u8))
    }

    fn parse(headers: &[(&'static str, String)]) -> Result<Seal, RequestError> {
        Seal::from_headers(|name| headers.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str()))
    }

    #[test]
    fn the_text_is_as_documented() {
        assert_eq!(request().text(1_700_000_000, &nonce()), TEXT);
        let with_body = Request { body: Some([0xab; 32]), ..request() };
        assert!(with_body.text(1_700_000_000, &nonce()).ends_with(&format!("\n{}\n", "ab".repeat(32))));
    }

    #[test]
    fn the_text_is_no_transaction() {
        // A message's header: signatures asked for, those of them that are read-only. The second can't reach the first.
        let [signatures, read_only, ..] = *TEXT.as_bytes() else { panic!("too short") };
        assert!(signatures < 0x80, "no versioned message");
        assert!(read_only >= signatures, "no legacy message that a validator accepts");
    }

    #[test]
    fn headers_carry_the_seal_and_nothing_else_passes() {
        let key = Keypair::new_from_array([7; 32]);
        let seal = request().sign(&key, 1_700_000_000, nonce());
        let headers = seal.headers();
        assert_eq!(parse(&headers), Ok(seal));
        for (index, (name, _)) in headers.iter().enumerate() {
            let mut missing = headers.to_vec();
            missing.remove(index);
            assert_eq!(parse(&missing), Err(RequestError::MissingHeader { name }));
            for value in ["", "x", "-1", "1e9", &"F".repeat(32), &"é".repeat(16), &"1".repeat(100)] {
                let mut other = headers.clone();
                other[index].1 = value.to_owned();
                let refused = matches!(parse(&other), Err(RequestError::MalformedHeader { name: found, .. }) if found == *name);
                assert!(refused, "{name}: {value}");
            }
        }
    }

    #[test]
    fn the_documented_vectors_hold() {
        let docs = include_str!("../../../../docs/node-api.md");
        let key = Keypair::new_from_array(std::array::from_fn(|index| index as u8));
        let node = Address::new_from_array([9; 32]);
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let body =
            std::array::from_fn(|index| u8::from_str_radix(&abc[2 * index..2 * index + 2], 16).unwrap());
        let get = format!("/jobs/{node}/log?from=7&follow=1");
        let put = format!("/content/{abc}?job={node}");
        for (method, target, body) in [("GET", get, None), ("PUT", put, Some(body))] {
            let seal = Request { method, target: &target, node, body }.sign(&key, 1_700_000_000, nonce());
            let [(_, key), (_, time), (_, nonce), (_, signature)] = seal.headers();
            for told in [key, time, nonce, signature, format!("{method} {target}")] {
                assert!(docs.contains(&format!("`{told}`")), "{told} is not in docs/node-api.md");
            }
        }
    }
}
