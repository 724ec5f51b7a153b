//! The network: started, funded, programmed, stopped.

use std::{
    net::Ipv4Addr,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender};
use solana_address::Address;
use solana_keypair::Keypair;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_signer::Signer as _;
use surfpool_core::{
    error::AirdropError,
    runloops::start_local_surfnet_runloop,
    surfnet::{
        GeyserEvent,
        locker::SurfnetSvmLocker,
        svm::{SurfnetSvm, SurfnetSvmConfig},
    },
};
use surfpool_types::{
    BlockProductionMode, ClockCommand, RpcConfig, SerialVmMutationResult, SerialVmMutationTask,
    SimnetCommand, SimnetConfig, SimnetEvent, SurfpoolConfig,
};
use tokio::sync::{RwLock, mpsc, oneshot};

use crate::{
    Airdrop, LocalnetConfig, LocalnetError, ProgramBinary,
    blocks::{self, EagerBlocks},
    events::{self, Signals},
    ids,
    ports::Ports,
};

/// Programs run on the network's thread, some levels of calls deep.
const STACK_BYTES: usize = 8 << 20;

/// Surfpool gives websocket clients a second to close; the rest is for a busy machine.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Surfpool's clock thread cannot be ended. A stopped network leaves it asleep with this slot time, one year.
const ASLEEP_MS: u64 = 365 * 24 * 3_600 * 1_000;

/// A running network. It ends with [`stop`](Self::stop), or on its own soon after it is dropped.
pub struct Localnet {
    rpc_url: String,
    ws_url: String,
    chain: SurfnetSvmLocker,
    commands: Sender<SimnetCommand>,
    thread: Option<JoinHandle<()>>,
    ended: oneshot::Receiver<()>,
    _ports: Ports,
}

impl Localnet {
    /// Starts a network and returns when its RPC answers and every program is loaded.
    pub async fn start(mut config: LocalnetConfig) -> Result<Self, LocalnetError> {
        let slot_time_ms = config.slot_time_ms()?;
        if config.token_metadata {
            config.programs.push(ProgramBinary::token_metadata()?);
        }
        let programs: Vec<_> = config.programs.iter().map(|program| program.id).collect();
        let host = config.host;
        let (eager_blocks, slot_time) = (config.eager_blocks, config.slot_time);
        let setup = tokio::task::spawn_blocking(move || Setup::new(&config, slot_time_ms))
            .await
            .map_err(|error| LocalnetError::Start { reason: error.to_string() })??;

        let (commands, commands_rx) = crossbeam_channel::unbounded();
        let (started, mut starting) = mpsc::unbounded_channel();
        let (ended_tx, ended) = oneshot::channel();
        let chain = SurfnetSvmLocker::new(setup.svm);
        let failed = |error: std::io::Error| LocalnetError::Start { reason: error.to_string() };
        events::spawn(
            setup.events,
            Signals { started: started.clone(), ended: ended_tx },
            chain.clone(),
            eager_blocks.then(|| EagerBlocks::new(slot_time, Instant::now())),
        )
        .map_err(failed)?;
        let thread = {
            let (chain, commands) = (chain.clone(), commands.clone());
            thread::Builder::new()
                .name("grid-localnet".to_owned())
                .stack_size(STACK_BYTES)
                .spawn(move || {
                    if let Err(reason) = serve(chain, setup.surfpool, commands, commands_rx, setup.geyser) {
                        tracing::warn!(reason, "the network has failed");
                        let _ = started.send(Err(LocalnetError::Start { reason }));
                    }
                })
                .map_err(failed)?
        };
        let localnet = Self {
            rpc_url: format!("http://{}:{}", reachable(host), setup.ports.rpc),
            ws_url: format!("ws://{}:{}", reachable(host), setup.ports.ws),
            chain,
            commands,
            thread: Some(thread),
            ended,
            _ports: setup.ports,
        };
        starting.recv().await.unwrap_or(Err(LocalnetError::Stopped))?;
        localnet.check(&programs).await?;
        Ok(localnet)
    }

    /// The address of the JSON-RPC server.
    pub fn rpc_url(&self) -> &str {
        &self.rpc_url
    }

    /// The address of the websocket server.
    pub fn ws_url(&self) -> &str {
        &self.ws_url
    }

    /// Funds an account; it is confirmed on return. There are a million SOL to give away.
    pub async fn airdrop(&self, address: &Address, lamports: u64) -> Result<(), LocalnetError> {
        let airdrop = Airdrop { address: *address, lamports };
        self.change(move |svm| fund(svm, airdrop)).await?
    }

    /// Loads a program or replaces it, at once and without a transaction.
    pub async fn deploy(&self, program: &ProgramBinary) -> Result<(), LocalnetError> {
        let program = program.clone();
        self.change(move |svm| program.load(svm)).await?
    }

    /// Stops the network and returns when its ports are free. Websocket clients that stay connected delay that by
    /// up to a second.
    ///
    /// Of the network's threads one remains until the process ends: surfpool's clock, asleep.
    pub async fn stop(mut self) -> Result<(), LocalnetError> {
        self.shut_down();
        let timeout = |_| LocalnetError::StillRunning(STOP_TIMEOUT);
        // An error means that the sender is gone, and the event thread with it.
        let _ = tokio::time::timeout(STOP_TIMEOUT, &mut self.ended).await.map_err(timeout)?;
        if let Some(thread) = self.thread.take() {
            let joining = tokio::task::spawn_blocking(move || thread.join());
            let _ = tokio::time::timeout(STOP_TIMEOUT, joining).await.map_err(timeout)?;
        }
        Ok(())
    }

    /// The chain's state, for reading.
    pub(crate) fn chain(&self) -> &Arc<RwLock<SurfnetSvm>> {
        &self.chain.0
    }

    /// Hands the network a command.
    pub(crate) fn send(&self, command: SimnetCommand) -> Result<(), LocalnetError> {
        self.commands.send(command).map_err(|_| LocalnetError::Stopped)
    }

    /// Changes the chain's state, in turn with the transactions.
    async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut SurfnetSvm) -> T + Send + Sync + 'static,
    ) -> Result<T, LocalnetError> {
        let chain = self.chain.clone();
        let (answer, answered) = oneshot::channel();
        self.send(SimnetCommand::ProcessSerialVmMutation(SerialVmMutationTask::new(move || {
            Box::pin(async move {
                let _ = answer.send(chain.with_svm_writer(change));
                SerialVmMutationResult::NoBlock
            })
        })))?;
        answered.await.map_err(|_| LocalnetError::Stopped)
    }

    /// Asks the RPC for the programs, so that a client will find what this process has loaded.
    async fn check(&self, programs: &[Address]) -> Result<(), LocalnetError> {
        let programs = [&ids::BUILT_IN, programs].concat();
        let accounts = RpcClient::new(self.rpc_url.clone())
            .get_multiple_accounts(&programs)
            .await
            .map_err(|source| LocalnetError::Rpc { url: self.rpc_url.clone(), source: Box::new(source) })?;
        match programs
            .iter()
            .zip(accounts)
            .find(|(_, account)| !account.as_ref().is_some_and(|a| a.executable))
        {
            Some((id, _)) => {
                Err(LocalnetError::Start { reason: format!("the program {id} is not executable") })
            }
            None => Ok(()),
        }
    }

    /// Ends the network without waiting for it. Paused first: no slot may open with the clock's last interval.
    fn shut_down(&self) {
        for command in [
            SimnetCommand::CommandClock(None, ClockCommand::Pause),
            SimnetCommand::CommandClock(None, ClockCommand::UpdateSlotInterval(ASLEEP_MS)),
            SimnetCommand::Terminate(None),
        ] {
            // The network has ended already if nobody reads commands.
            let _ = self.commands.send(command);
        }
    }
}

impl Drop for Localnet {
    fn drop(&mut self) {
        self.shut_down();
    }
}

impl std::fmt::Debug for Localnet {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Localnet")
            .field("rpc_url", &self.rpc_url)
            .field("ws_url", &self.ws_url)
            .finish_non_exhaustive()
    }
}

/// A chain before its first slot, and what it takes to serve it.
struct Setup {
    svm: SurfnetSvm,
    events: Receiver<SimnetEvent>,
    geyser: Receiver<GeyserEvent>,
    surfpool: SurfpoolConfig,
    ports: Ports,
}

impl Setup {
    fn new(config: &LocalnetConfig, slot_time_ms: u64) -> Result<Self, LocalnetError> {
        let (mut svm, events, geyser) = SurfnetSvm::new(SurfnetSvmConfig {
            slot_time: slot_time_ms,
            // It would run every transaction once more per instruction.
            instruction_profiling_enabled: false,
            ..Default::default()
        })
        .map_err(|error| LocalnetError::Start { reason: error.to_string() })?;
        for program in &config.programs {
            program.load(&mut svm)?;
        }
        for &airdrop in &config.airdrops {
            fund(&mut svm, airdrop)?;
        }
        let ports = Ports::reserve(config.host, config.rpc_port, config.ws_port)?;
        let surfpool = SurfpoolConfig {
            simnets: vec![SimnetConfig {
                offline_mode: true,
                remote_rpc_url: None,
                slot_time: slot_time_ms,
                block_production_mode: BlockProductionMode::Clock,
                instruction_profiling_enabled: false,
                // Another chain with every start, and clients can tell: 32 random bytes.
                genesis_hash: Some(Keypair::new().pubkey().to_bytes().into()),
                ..Default::default()
            }],
            rpc: RpcConfig {
                bind_host: config.host.to_string(),
                bind_port: ports.rpc,
                ws_port: ports.ws,
                ..Default::default()
            },
            ..Default::default()
        };
        Ok(Self { svm, events, geyser, surfpool, ports })
    }
}

/// Runs the network until it is told to end. Surfpool blocks the thread between commands.
fn serve(
    chain: SurfnetSvmLocker,
    config: SurfpoolConfig,
    commands: Sender<SimnetCommand>,
    commands_rx: Receiver<SimnetCommand>,
    geyser: Receiver<GeyserEvent>,
) -> Result<(), String> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("grid-localnet-worker")
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?
        .block_on(start_local_surfnet_runloop(chain, config, commands, commands_rx, geyser))
        .map_err(|error| error.to_string())
}

/// Funds an account and confirms it.
fn fund(svm: &mut SurfnetSvm, Airdrop { address, lamports }: Airdrop) -> Result<(), LocalnetError> {
    let refused = |reason: String| LocalnetError::Airdrop { address, lamports, reason };
    match svm.airdrop(&address, lamports) {
        Ok(Ok(_)) => {}
        Ok(Err(failed)) => return Err(refused(failed.err.to_string())),
        Err(AirdropError::ZeroAmount) => return Err(refused("ask for at least one lamport".to_owned())),
        Err(AirdropError::BelowRentExemption { min_rent, .. }) => {
            return Err(refused(format!("an account needs at least {min_rent}")));
        }
        Err(AirdropError::Other(error)) => return Err(refused(error.to_string())),
    }
    blocks::close_open_slot(svm);
    Ok(())
}

/// Where clients of this machine find a server that listens on `host`.
fn reachable(host: Ipv4Addr) -> Ipv4Addr {
    if host.is_unspecified() { Ipv4Addr::LOCALHOST } else { host }
}
