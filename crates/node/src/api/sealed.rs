//! Who signed a request.

use super::{Shared, refusal::Refusal};
use axum::http::request::Parts;
use grid_client::signed_request::{Proof, Request, Seal};
use grid_executor::Digest;
use solana_address::Address;

impl Shared {
    /// Checks the request's signature. It counts as used only when it is [spent](Self::spend).
    pub(super) fn verify(&self, parts: &Parts, body: Option<Digest>) -> Result<Proof, Refusal> {
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let seal = Seal::from_headers(header)?;
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let body = body.map(|digest| digest.0);
        let request = Request { method: parts.method.as_str(), target, node: self.parts.node, body };
        Ok(self.verifier.verify(&request, seal, (self.parts.clock)())?)
    }

    /// Lets a request that its key is entitled to pass, once.
    pub(super) fn spend(&self, proof: Proof) -> Result<Address, Refusal> {
        Ok(self.verifier.spend(proof, (self.parts.clock)())?)
    }
}
