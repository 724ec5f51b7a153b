//! The same of nodes, collections, attestations, access NFTs, and what they back.

use super::Done;
use grid_client::{nodes::metadata_address, token};
use grid_jobs::{Admission, Device, Market, constants::NOTICE_SECONDS, math::passed};
use grid_nodes::{Access, Attestation, Collection, Node};
use mpl_token_metadata::accounts::Metadata;
use solana_account::Account;
use solana_address::Address;

impl Done<'_> {
    /// What was created is of somebody who signed.
    pub(super) fn created(&self, address: &Address) -> bool {
        self.made::<Node>(address).is_none_or(|node| self.signed(&node.node))
            && self.made::<Collection>(address).is_none_or(|collection| self.signed(&collection.authority))
            && self.made::<Attestation>(address).is_none_or(|made| self.is_attestor(&made.collection))
            && self.made::<Access>(address).is_none_or(|access| self.is_authority(&access.collection))
            && self.made::<Admission>(address).is_none_or(|admission| self.signed(&admission.node))
    }

    /// Whether the attestor of a collection signed.
    fn is_attestor(&self, mint: &Address) -> bool {
        self.given::<Collection>().any(|(_, of)| of.mint == *mint && self.signed(&of.attestor))
    }

    /// Whether the authority of a collection signed.
    fn is_authority(&self, mint: &Address) -> bool {
        self.given::<Collection>().any(|(_, of)| of.mint == *mint && self.signed(&of.authority))
    }

    /// Whether an account of Token Metadata, of a collection or an NFT of it, was changed for the collection's authority.
    pub(super) fn metadata(&self) -> bool {
        self.given::<Collection>().any(|(_, of)| self.signed(&of.authority))
    }

    pub(super) fn node(&self, address: &Address, old: &Account) -> bool {
        let Some((old, new)) = self.both::<Node>(address, old) else {
            return true;
        };
        let names = |node: &Node| (node.node, node.registered_at.get());
        self.signed(&old.node) && new.is_none_or(|new| names(&new) == names(&old))
    }

    pub(super) fn collection(&self, address: &Address, old: &Account) -> bool {
        let Some((old, new)) = self.both::<Collection>(address, old) else {
            return true;
        };
        let [is_authority, is_next] = [old.authority, old.pending_authority].map(|key| self.signed(&key));
        let is_next_attestor = self.signed(&old.pending_attestor);
        new.is_some_and(|new| {
            let roles = Collection {
                authority: new.authority,
                pending_authority: new.pending_authority,
                attestor: new.attestor,
                pending_attestor: new.pending_attestor,
                ..old
            };
            let is_handed_over = (new.authority == old.authority || is_next)
                && (new.attestor == old.attestor || is_next_attestor)
                && (new.pending_authority == old.pending_authority || is_authority || is_next)
                && (new.pending_attestor == old.pending_attestor || is_authority || is_next_attestor);
            let is_adopted = old.is_ours == 0
                && self.update_authority(&old.mint).is_some_and(|key| {
                    self.signed(&key)
                        && (new.authority, new.attestor) == (key, key)
                        && (new.pending_authority, new.pending_attestor) == Default::default()
                });
            new == roles && (is_handed_over || is_adopted)
        })
    }

    /// Whom the metadata of a mint names as its update authority.
    fn update_authority(&self, mint: &Address) -> Option<Address> {
        let account = self.before.get_account(&metadata_address(mint))?;
        Metadata::from_bytes(&account.data).ok().map(|metadata| metadata.update_authority)
    }

    pub(super) fn attestation(&self, address: &Address, old: &Account) -> bool {
        let Some((old, new)) = self.both::<Attestation>(address, old) else {
            return true;
        };
        let is_attestor = self.is_attestor(&old.collection);
        let names = |of: &Attestation| (of.collection, of.node, of.class.get(), of.payer);
        match new {
            None => is_attestor || old.is_expired(self.now),
            Some(new) => is_attestor && names(&new) == names(&old) && self.signed(&new.attestor),
        }
    }

    /// It never changes.
    pub(super) fn access(&self, address: &Address, old: &Account) -> bool {
        let Some((old, new)) = self.both::<Access>(address, old) else {
            return true;
        };
        new.is_none() && self.is_authority(&old.collection)
    }

    pub(super) fn admission(&self, address: &Address, old: &Account) -> bool {
        let Some((old, new)) = self.both::<Admission>(address, old) else {
            return true;
        };
        let may_end = || {
            let backed = |device: &Device| {
                (device.market, device.access_metadata) == (old.market, old.metadata)
                    && self.was_noticed(device)
            };
            self.signed(&old.node)
                || self.has_lapsed(&old)
                || self.given::<Device>().any(|(_, device)| backed(&device))
        };
        let before = old.devices.get();
        match new {
            None => before == 1 && may_end(),
            Some(new) => {
                let counts = [before.checked_add(1), before.checked_sub(1)];
                let [one_more, one_less] = counts.map(|count| count == Some(new.devices.get()));
                new == Admission { devices: new.devices, ..old }
                    && (one_more && self.signed(&old.node) || one_less && may_end())
            }
        }
    }

    /// Whether the NFT that backs the device is shown to do so no longer.
    pub(super) fn is_unbacked(&self, device: &Device) -> bool {
        let mut admissions = self.given::<Admission>();
        admissions.any(|(_, of)| {
            (of.market, of.metadata) == (device.market, device.access_metadata) && self.has_lapsed(&of)
        })
    }

    /// Whether notice was given to the device, and has passed.
    pub(super) fn was_noticed(&self, device: &Device) -> bool {
        !device.noticed_at.is_zero() && passed(device.noticed_at, NOTICE_SECONDS, self.now)
    }

    /// Whether it is shown that the NFT is another's, or is not in the collection that the market asks for.
    fn has_lapsed(&self, admission: &Admission) -> bool {
        let is_given = |address: &Address| self.accounts.contains(address);
        let market = self.given::<Market>().find(|(at, _)| *at == admission.market);
        let is_out = market.is_some_and(|(_, market)| {
            market.admission.access != 0 && !self.is_member(&admission.metadata, &market.admission.collection)
        });
        self.has_moved(admission) || is_given(&admission.metadata) && is_out
    }

    /// Whether an NFT's metadata says that it is in a collection, and the collection's authority has agreed.
    fn is_member(&self, metadata: &Address, collection: &Address) -> bool {
        let account = self.before.get_account(metadata).filter(|at| at.owner == grid_token_metadata::ID);
        let metadata = account.and_then(|account| Metadata::from_bytes(&account.data).ok());
        let found = metadata.and_then(|metadata| metadata.collection);
        found.is_some_and(|found| found.verified && found.key == *collection)
    }

    /// Whether an account of SPL Token is given that holds the NFT and is not the node's: mint, owner, amount.
    fn has_moved(&self, admission: &Admission) -> bool {
        self.accounts.iter().filter_map(|address| self.before.get_account(address)).any(|account| {
            account.owner == token::PROGRAM_ID
                && account.data.get(..32) == Some(admission.mint.as_ref())
                && account.data.get(32..64).is_some_and(|owner| owner != admission.node.as_ref())
                && account.data.get(64..72) == Some(&1_u64.to_le_bytes())
        })
    }
}
