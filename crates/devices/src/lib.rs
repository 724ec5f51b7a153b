//! Grid devices: what this machine can sell.
