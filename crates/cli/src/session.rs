//! What every command works with: the chain, the key, the mints, the output.

use crate::{
    connection::Connection,
    exit::usage,
    hints, keys,
    mint::MintInfo,
    output::Output,
    paths::Paths,
    settings::{Options, Settings},
};
use anyhow::{Context, Result};
use grid_client::{Chain, ChainError, Expectation, Intent, Landed, Patience};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

/// What every command works with.
pub struct Session {
    /// What holds.
    pub settings: Settings,
    /// Access to the chain.
    pub chain: Arc<dyn Chain>,
    /// Where results go.
    pub out: Output,
    connection: Arc<Connection>,
    key: OnceLock<Arc<Keypair>>,
    mints: Mutex<HashMap<Address, Arc<MintInfo>>>,
}

/// Access to the chain of the settings. Nothing is opened before it is needed.
fn connect(settings: &Settings) -> Arc<Connection> {
    let journals = settings.paths.data.join("journals");
    Arc::new(Connection::new(settings.urls.value.clone(), journals, settings.keypair.value.clone()))
}

impl Session {
    /// A session with these options. Neither the key nor the endpoint is touched before it is needed.
    pub fn open(options: &Options) -> Result<Self> {
        let settings = Settings::resolve(options, Paths::from_environment())?;
        let connection = connect(&settings);
        Ok(Self {
            chain: connection.clone(),
            connection,
            settings,
            out: Output { json: options.json },
            key: OnceLock::new(),
            mints: Mutex::default(),
        })
    }

    /// The key that signs and pays.
    pub fn key(&self) -> Result<&Arc<Keypair>> {
        if self.key.get().is_none() {
            let read = keys::read(&self.settings.keypair.value)?;
            let _ = self.key.set(Arc::new(read));
        }
        self.key.get().context("the key")
    }

    /// Its address.
    pub fn me(&self) -> Result<Address> {
        Ok(self.key()?.pubkey())
    }

    /// A mint, read once.
    pub async fn mint(&self, address: &Address) -> Result<Arc<MintInfo>> {
        let known = || self.mints.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mint) = known().get(address).cloned() {
            return Ok(mint);
        }
        let mint = Arc::new(MintInfo::fetch(self.chain.as_ref(), *address).await?);
        known().insert(*address, mint.clone());
        Ok(mint)
    }

    /// The mint that was given, else the configured one.
    pub async fn mint_or_default(&self, given: Option<Address>) -> Result<Arc<MintInfo>> {
        let address = given
            .or(self.settings.mint)
            .ok_or_else(|| usage("which mint? Give --mint ADDRESS, or `mint` in the configuration file"))?;
        self.mint(&address).await
    }

    /// The market that was given, else the configured one.
    pub fn market_or_default(&self, given: Option<Address>) -> Result<Address> {
        given.or(self.settings.market).ok_or_else(|| {
            usage("which market? Give its address (`grid market list` has them), or `market` in the configuration file")
        })
    }

    /// Sends a transaction of this key and waits until it has landed.
    pub async fn send(&self, subject: Address, kind: &str, instructions: Vec<Instruction>) -> Result<Landed> {
        self.send_while(subject, kind, instructions, Vec::new()).await
    }

    /// The same for what the chain asks for only as long as it holds `wanted_while`.
    pub async fn send_while(
        &self,
        subject: Address,
        kind: &str,
        instructions: Vec<Instruction>,
        wanted_while: Vec<Expectation>,
    ) -> Result<Landed> {
        let patience = Patience::OneSignature;
        let intent = Intent { subject, kind: kind.to_owned(), instructions, wanted_while, patience };
        self.land(intent, &[self.key()?]).await
    }

    /// The same with a second key that signs, for an account that is made.
    pub async fn send_with(
        &self,
        other: &Keypair,
        kind: &str,
        instructions: Vec<Instruction>,
    ) -> Result<Landed> {
        let intent = Intent {
            subject: other.pubkey(),
            kind: kind.to_owned(),
            instructions,
            wanted_while: Vec::new(),
            patience: Patience::OneSignature,
        };
        self.land(intent, &[self.key()?, other]).await
    }

    async fn land(&self, intent: Intent, signers: &[&Keypair]) -> Result<Landed> {
        let landed = self.chain.land(&intent, signers).await;
        let landed = landed.map_err(|error| NotSent { kind: intent.kind, error })?;
        self.connection.acknowledge();
        Ok(landed)
    }
}

/// A transaction that did not do what it should, with what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{kind}: {error}{hint}", hint = hints::hint(error).map(|hint| format!("\n{hint}")).unwrap_or_default())]
pub struct NotSent {
    kind: String,
    error: ChainError,
}

impl NotSent {
    /// Whether it is certain that nothing was changed: the chain said no. Of what was not answered nobody knows.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self.error,
            ChainError::Program { .. }
                | ChainError::Transaction { .. }
                | ChainError::Signing(_)
                | ChainError::Expired { .. }
        )
    }
}

/// That a field of an account, at `offset` of its type, still holds `bytes`.
pub fn still(account: Address, offset: usize, bytes: impl AsRef<[u8]>) -> Expectation {
    let offset = grid_client::query::DISCRIMINATOR_BYTES + offset;
    Expectation { account, offset, bytes: bytes.as_ref().to_vec() }
}

/// That an account is still there, with the bytes that its kind begins with.
pub fn still_there(account: Address, discriminator: &[u8]) -> Expectation {
    Expectation { account, offset: 0, bytes: discriminator.to_vec() }
}
