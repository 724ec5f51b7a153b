//! Markets.

use super::{keys, system_program};
use grid_client::instruction;
use grid_tests::{
    TERMS,
    matrix::{Case, Kind, Sample, Slot, Stage},
};

const ID: u64 = 0x0102_0304_0506_0708;

/// By an authority that has others.
pub struct OpenMarket;

impl Case for OpenMarket {
    fn instruction(&self) -> &'static str {
        "open_market"
    }

    fn build_valid(&self, stage: &Stage) -> Sample {
        let (authority, mint) = (keys(stage).authority, stage.world.mint);
        let slots = [
            Slot::new("authority", Kind::Wallet),
            Slot::new("config", Kind::Config).with_seeds(&[b"config"]),
            Slot::new("mint", Kind::Mint).or(stage.all(Kind::Mint)),
            Slot::new("market", Kind::New).with_seeds(&[b"market", authority.as_ref(), &ID.to_le_bytes()]),
            system_program(),
        ];
        let open = instruction::open_market(authority, mint, ID, TERMS);
        let (other, second) = (keys(stage).stranger, stage.second_mint);
        Sample::new(stage, open, slots)
            .or_as_well_by(instruction::open_market(authority, second, ID, TERMS), &[&[2]])
            .or_as_well_by(instruction::open_market(other, mint, ID, TERMS), &[&[0, 3]])
            .or_as_well_by(instruction::open_market(authority, mint, ID + 1, TERMS), &[&[3, 5]])
    }
}

/// Paid by a stranger, while jobs wait.
pub struct GrowMarket;

impl Case for GrowMarket {
    fn instruction(&self) -> &'static str {
        "grow_market"
    }

    fn build_valid(&self, stage: &Stage) -> Sample {
        let slots = [
            Slot::new("payer", Kind::Wallet).or(stage.all(Kind::Wallet)),
            Slot::new("market", Kind::Market).or(stage.all(Kind::Market)),
            system_program(),
        ];
        let grow = instruction::grow_market(keys(stage).stranger, stage.world.market);
        Sample::new(stage, grow, slots)
    }
}
