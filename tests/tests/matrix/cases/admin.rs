//! The config and the vaults.

use super::{keys, system_program, token_program};
use grid_client::instruction;
use grid_tests::matrix::{Case, Kind, Sample, Slot, Stage};
use solana_account::Account;
use solana_sdk_ids::bpf_loader_upgradeable;

/// By the upgrade authority, in a world without a config.
pub struct InitializeConfig;

impl Case for InitializeConfig {
    fn instruction(&self) -> &'static str {
        "initialize_config"
    }

    fn build_valid(&self, stage: &Stage) -> Sample {
        let keys = keys(stage);
        let slots = [
            Slot::new("authority", Kind::Wallet),
            Slot::new("config", Kind::New).with_seeds(&[b"config"]),
            Slot::new("program_data", Kind::ProgramData)
                .with_seeds_of(bpf_loader_upgradeable::ID, &[grid_jobs::ID.as_ref()]),
            system_program(),
        ];
        let initialize = instruction::initialize_config(keys.authority, keys.stranger);
        let mut sample = Sample::new(stage, initialize, slots);
        let config = sample.address(1);
        sample.world.network.set(config, Account::default());
        sample
    }
}

/// Of a mint that has none, paid by a stranger.
pub struct OpenVault;

impl Case for OpenVault {
    fn instruction(&self) -> &'static str {
        "open_vault"
    }

    fn build_valid(&self, stage: &Stage) -> Sample {
        let mint = stage.mint_without_vault;
        let slots = [
            Slot::new("payer", Kind::Wallet).or(stage.all(Kind::Wallet)),
            Slot::new("mint", Kind::Mint),
            Slot::new("vault", Kind::New).with_seeds(&[b"vault", mint.as_ref()]),
            token_program(),
            system_program(),
        ];
        let open = instruction::open_vault(keys(stage).stranger, mint);
        Sample::new(stage, open, slots)
    }
}
