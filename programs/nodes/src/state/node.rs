//! A node: the machine of one operator, under one key.

use crate::{constants::*, errors::NodesError, state::specification::*};
use anchor_lang::prelude::*;

/// A node's record. Address: PDA `["node", node]`.
///
/// The node tells all of it about itself; what it is worth, an attestation tells.
#[account]
#[derive(Debug, PartialEq, Eq)]
pub struct Node {
    /// Layout version.
    pub version: u8,
    /// Bump of the address.
    pub bump: u8,
    /// See [`Software::country`].
    pub country: PodU16,
    /// See [`Hardware::gpu_count`].
    pub gpu_count: PodU16,
    /// See [`Hardware::cpu_cores`].
    pub cpu_cores: PodU16,
    /// Slot in which the hardware was told: it stands for the hardware in attestations, and never comes again.
    pub hardware_slot: PodU64,
    /// Signs for the node; paid the rent.
    pub node: Address,
    /// When the node registered, Unix seconds.
    pub registered_at: PodI64,
    /// When it last told its details, Unix seconds.
    pub updated_at: PodI64,
    /// See [`Hardware::vram_mib`].
    pub vram_mib: PodU32,
    /// See [`Hardware::ram_mib`].
    pub ram_mib: PodU32,
    /// See [`Hardware::disk_gib`].
    pub disk_gib: PodU32,
    /// See [`Hardware::compute_major`].
    pub compute_major: u8,
    /// See [`Hardware::compute_minor`].
    pub compute_minor: u8,
    /// See [`Software::cuda`].
    pub cuda: [PodU16; 2],
    /// See [`Software::driver`].
    pub driver: [PodU16; 3],
    /// See [`Software::version`].
    pub software: [PodU16; 3],
    /// Padding, zero.
    pub padding: [u8; 2],
    /// See [`Hardware::gpu_model`]: ASCII, filled up with zeros.
    pub gpu_model: [u8; MODEL_BYTES],
    /// See [`Hardware::cpu_model`]: ASCII, filled up with zeros.
    pub cpu_model: [u8; MODEL_BYTES],
    /// See [`Software::endpoint`]: ASCII, filled up with zeros.
    pub endpoint: [u8; ENDPOINT_BYTES],
    /// Zero, for fields of later versions.
    pub reserved: [u8; 64],
}

const _: () = assert!(core::mem::size_of::<Node>() == 384);

impl Node {
    /// First seed of the address.
    pub const SEED: &'static [u8] = b"node";
    /// Bytes of the account.
    pub const SPACE: usize = 8 + core::mem::size_of::<Self>();

    /// Writes what the node tells about itself. `clock` becomes the hardware's slot if the hardware is another than before.
    ///
    /// Errors: those of [`Hardware`] and [`Software`]; [`NodesError::HardwareTooNew`].
    pub fn tell(&mut self, hardware: &Hardware, software: &Software, clock: &Clock) -> Result<()> {
        hardware.validate()?;
        software.validate(hardware.has_gpus())?;
        let (gpu_model, cpu_model) = (hardware.gpu_model_field()?, hardware.cpu_model_field()?);
        if !self.has(hardware, &gpu_model, &cpu_model) {
            self.require_settled(clock.slot)?;
            self.hardware_slot = clock.slot.into();
        }
        self.gpu_model = gpu_model;
        self.gpu_count = hardware.gpu_count.into();
        self.vram_mib = hardware.vram_mib.into();
        self.compute_major = hardware.compute_major;
        self.compute_minor = hardware.compute_minor;
        self.cpu_model = cpu_model;
        self.cpu_cores = hardware.cpu_cores.into();
        self.ram_mib = hardware.ram_mib.into();
        self.disk_gib = hardware.disk_gib.into();
        self.driver = software.driver.map(PodU16::from);
        self.cuda = software.cuda.map(PodU16::from);
        self.software = software.version.map(PodU16::from);
        self.country = software.country.into();
        self.endpoint = software.endpoint_field()?;
        self.updated_at = clock.unix_timestamp.into();
        Ok(())
    }

    /// Checks that the hardware's slot is not `slot`: two sets of hardware must never share one.
    ///
    /// Error: [`NodesError::HardwareTooNew`].
    pub fn require_settled(&self, slot: u64) -> Result<()> {
        require!(self.hardware_slot != slot, NodesError::HardwareTooNew);
        Ok(())
    }

    fn has(&self, hardware: &Hardware, gpu_model: &[u8], cpu_model: &[u8]) -> bool {
        self.gpu_model == gpu_model
            && self.gpu_count == hardware.gpu_count
            && self.vram_mib == hardware.vram_mib
            && (self.compute_major, self.compute_minor) == (hardware.compute_major, hardware.compute_minor)
            && self.cpu_model == cpu_model
            && self.cpu_cores == hardware.cpu_cores
            && self.ram_mib == hardware.ram_mib
            && self.disk_gib == hardware.disk_gib
    }
}
