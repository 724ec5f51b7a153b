//! The guard between jobs and the machine they run on.
//!
//! A container engine keeps jobs apart from each other, but lets each reach its machine through the gateway of its
//! network, and through it whatever else its machine can reach: the worker's own services, the machines beside it,
//! the metadata service of a cloud. These rules of nftables drop that. Jobs can be told by their network's interface.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use super::names::BRIDGE_PREFIX;

/// Who keeps jobs off the machine they run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostGuard {
    /// The worker lays down [`host_guard_rules`] itself, which takes root.
    #[default]
    Install,
    /// The operator has laid down [`host_guard_rules`], or has other means.
    External,
}

/// Why the guard is not there.
#[derive(Debug, thiserror::Error)]
#[error(
    "jobs cannot be kept off this machine: nft: {problem}; install nftables and run the worker as root, or lay down the rules yourself and say so in the worker's configuration"
)]
pub struct GuardError {
    problem: String,
}

/// The rules, as `nft -f` reads them. Laid down again they replace themselves.
///
/// Jobs may ask the name server of their own network, and reach the internet where their network lets them; of this
/// machine they reach nothing, nothing in private address ranges, and nothing in another job's network: what is forwarded
/// between two such networks has no route back through the interface that it came in by.
pub fn host_guard_rules() -> String {
    let jobs = format!("iifname \"{BRIDGE_PREFIX}*\"");
    format!(
        r#"table inet grid_jobs {{}}
delete table inet grid_jobs
table inet grid_jobs {{
    chain input {{
        type filter hook input priority -10; policy accept;
        {jobs} ct state established,related accept
        {jobs} udp dport 53 accept
        {jobs} tcp dport 53 accept
        {jobs} meta l4proto ipv6-icmp accept
        {jobs} counter drop
    }}
    chain forward {{
        type filter hook forward priority -10; policy accept;
        {jobs} ct state established,related accept
        {jobs} oifname != "{BRIDGE_PREFIX}*" ip daddr {{ 0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16, 198.18.0.0/15, 224.0.0.0/3 }} counter drop
        {jobs} oifname "{BRIDGE_PREFIX}*" fib daddr . iif oif missing counter drop
        {jobs} oifname != "{BRIDGE_PREFIX}*" ip6 daddr {{ ::1, fc00::/7, fe80::/10, ff00::/8 }} counter drop
    }}
}}
"#
    )
}

/// Lays down the rules.
pub(super) fn install() -> Result<(), GuardError> {
    let failed = |problem: String| GuardError { problem };
    let mut nft = Command::new("nft")
        .args(["-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let written = nft.stdin.take().map(|mut stdin| stdin.write_all(host_guard_rules().as_bytes()));
    let output = nft.wait_with_output().map_err(|error| failed(error.to_string()))?;
    match (output.status.success(), written) {
        (true, Some(Ok(()))) => Ok(()),
        (_, Some(Err(error))) => Err(failed(error.to_string())),
        _ => Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
    }
}
