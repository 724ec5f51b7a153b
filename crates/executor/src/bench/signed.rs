//! [`SignedResult`]: a node's word that a result document is its own.
//!
//! An attestor is given one digest, that of a signed result. It fetches the bytes, verifies them for the node whose record it reads on
//! chain, and gets the digest of the document; the document names the job, which names the hardware
//! ([`BenchClass::score`](crate::BenchClass::score)). The signature tells who measured, not that the measurement is honest.

use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{Digest, json};

/// The most bytes of a signed result.
pub const MAX_SIGNED_RESULT_BYTES: u64 = 1024;
/// What is signed begins with this: with 0xff no transaction begins, so a signature of the one is never one of the other.
const DOMAIN: &[u8] = b"\xffgrid result document, version 1\0";

/// A node's signature under the digest of a result document. As JSON: canonical, key and signature in base58, as on chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedResult {
    /// The digest of the document's canonical bytes. Read it from [`SignedResult::verify`].
    document: Digest,
    node: Base58<32>,
    signature: Base58<64>,
}

/// Why a signed result proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignedResultError {
    /// The bytes are none.
    #[error("the bytes are no signed result: {0}")]
    Malformed(String),
    /// It is another node's.
    #[error("the result is signed by {found}, not by the node {expected}")]
    OtherNode {
        /// The node that was asked about, in base58.
        expected: String,
        /// Who signed, in base58.
        found: String,
    },
    /// The signature is not the node's, or not under this document.
    #[error("the signature under result {document} is not that of {node}")]
    BadSignature {
        /// The document.
        document: Digest,
        /// The node, in base58.
        node: String,
    },
}

impl SignedResult {
    /// Signs a document for the node of this public key; `sign` is its key's Ed25519 signature of a message.
    pub fn new(node: [u8; 32], document: Digest, sign: impl FnOnce(&[u8]) -> [u8; 64]) -> Self {
        Self { document, node: Base58(node), signature: Base58(sign(&message(&node, document))) }
    }

    /// The digest of the document, if the node of this public key signed it.
    pub fn verify(&self, node: &[u8; 32]) -> Result<Digest, SignedResultError> {
        if self.node.0 != *node {
            let (expected, found) = (Base58(*node).to_string(), self.node.to_string());
            return Err(SignedResultError::OtherNode { expected, found });
        }
        let message = message(node, self.document);
        let is_right = VerifyingKey::from_bytes(node)
            .and_then(|key| key.verify_strict(&message, &Signature::from_bytes(&self.signature.0)))
            .is_ok();
        if !is_right {
            let node = self.node.to_string();
            return Err(SignedResultError::BadSignature { document: self.document, node });
        }
        Ok(self.document)
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { document, node, signature } = self;
        // Digests and base58 need no escapes.
        format!(r#"{{"document":"{document}","node":"{node}","signature":"{signature}"}}"#).into_bytes()
    }

    /// Reads canonical bytes. They prove nothing before [`SignedResult::verify`].
    pub fn parse(bytes: &[u8]) -> Result<Self, SignedResultError> {
        let malformed = |error: serde_json::Error| SignedResultError::Malformed(error.to_string());
        let value = json::parse_strict(bytes).map_err(malformed)?;
        let signed: Self = serde_json::from_value(value).map_err(malformed)?;
        if signed.to_bytes() != bytes {
            return Err(SignedResultError::Malformed("not the canonical form".to_owned()));
        }
        Ok(signed)
    }
}

/// What is signed. The node stands in it, so that nobody can pass the signature off as another key's.
fn message(node: &[u8; 32], document: Digest) -> Vec<u8> {
    [DOMAIN, node, &document.0].concat()
}

/// Bytes that are shown in base58.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Base58<const N: usize>([u8; N]);

impl<const N: usize> std::fmt::Display for Base58<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&bs58::encode(self.0).into_string())
    }
}

impl<const N: usize> Serialize for Base58<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Base58<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0; N];
        match bs58::decode(&text).onto(&mut bytes) {
            Ok(count) if count == N => Ok(Self(bytes)),
            _ => Err(D::Error::custom(format_args!("\"{text}\" is not {N} bytes in base58"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn node(seed: u8) -> [u8; 32] {
        key(seed).verifying_key().to_bytes()
    }

    fn document() -> Digest {
        Digest::of(b"a document")
    }

    fn signed(seed: u8) -> SignedResult {
        SignedResult::new(node(seed), document(), |message| key(seed).sign(message).to_bytes())
    }

    #[test]
    fn what_a_node_signed_is_verified_and_travels() {
        let signed = signed(1);
        assert_eq!(signed.verify(&node(1)), Ok(document()));
        let bytes = signed.to_bytes();
        assert_eq!(bytes, json::canonical(&serde_json::to_value(&signed).unwrap()).unwrap());
        assert!(bytes.len() as u64 <= MAX_SIGNED_RESULT_BYTES);
        assert_eq!(SignedResult::parse(&bytes), Ok(signed));
    }

    #[test]
    fn another_key_cannot_sign_for_a_node() {
        let forged = SignedResult::new(node(1), document(), |message| key(2).sign(message).to_bytes());
        let bad = SignedResultError::BadSignature {
            document: document(),
            node: bs58::encode(node(1)).into_string(),
        };
        assert_eq!(forged.verify(&node(1)), Err(bad));
    }

    #[test]
    fn another_document_is_not_signed() {
        let other = SignedResult { document: Digest::of(b"another"), ..signed(1) };
        assert!(matches!(other.verify(&node(1)), Err(SignedResultError::BadSignature { .. })));
    }

    #[test]
    fn a_result_is_no_other_nodes() {
        assert!(matches!(signed(1).verify(&node(2)), Err(SignedResultError::OtherNode { .. })));
        // Nor with the name on it changed.
        let renamed = SignedResult { node: Base58(node(2)), ..signed(1) };
        assert!(matches!(renamed.verify(&node(2)), Err(SignedResultError::BadSignature { .. })));
        // Nor when a key signs the document alone, without saying whose it is.
        let bare = SignedResult::new(node(2), document(), |_| key(2).sign(&document().0).to_bytes());
        assert!(matches!(bare.verify(&node(2)), Err(SignedResultError::BadSignature { .. })));
    }

    #[test]
    fn the_signed_message_is_what_it_was() {
        let message = message(&[7; 32], Digest([9; 32]));
        assert_eq!(message.len(), DOMAIN.len() + 64);
        assert_eq!((message[0], &message[1..5]), (0xff, &b"grid"[..]));
        let pinned = "80a7c47e6557887df3f342cf586b0e40d46480a91251bf50feff13e98f0dab85";
        assert_eq!(Digest::of(&message).to_string(), pinned);
    }

    #[test]
    fn other_bytes_are_refused() {
        let text = String::from_utf8(signed(1).to_bytes()).unwrap();
        for other in [
            text.replace(':', ": "),
            text.replace("\"document\"", "\"documents\""),
            text.replace('}', ",\"job\":\"j\"}"),
            text.replacen(&document().to_string(), "00", 1),
            text.replace("\"signature\":\"", "\"signature\":\"0"),
            text.replace("\"signature\":\"", "\"signature\":\"1"),
            "[]".to_owned(),
            String::new(),
        ] {
            let error = SignedResult::parse(other.as_bytes());
            assert!(matches!(error, Err(SignedResultError::Malformed(_))), "{other}");
        }
    }
}
