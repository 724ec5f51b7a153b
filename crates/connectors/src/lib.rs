//! Grid connectors: typed inference jobs.
