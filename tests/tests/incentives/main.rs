//! Staking, rewards and emission pools together.

mod layout;
mod life;
