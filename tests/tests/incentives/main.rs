//! Staking, rewards and emission pools together.

mod life;
