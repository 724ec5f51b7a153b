//! Staking, rewards and emission pools together.

mod compute;
mod layout;
mod life;
