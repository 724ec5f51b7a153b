//! The ports of a localnet.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, SocketAddrV4, TcpListener},
    ops::Range,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::LocalnetError;

/// Where free ports are looked for: below the range from which systems give ports to outgoing connections, one of
/// which could take the port before the server does.
const FREE: Range<u16> = 20_000..32_000;

/// How many places in that range are tried.
const ATTEMPTS: usize = 64;

/// Ports given to localnets of this process. A port is free for a moment between the check and the server's
/// bind, and surfpool binds with `SO_REUSEPORT`, so two localnets could end up sharing one.
static RESERVED: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

fn reserved() -> MutexGuard<'static, BTreeSet<u16>> {
    RESERVED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A JSON-RPC and a websocket port, reserved for one localnet of this process.
#[derive(Debug)]
pub(crate) struct Ports {
    pub(crate) rpc: u16,
    pub(crate) ws: u16,
}

impl Ports {
    /// Takes the ports asked for and free ones for the others.
    pub(crate) fn reserve(host: Ipv4Addr, rpc: Option<u16>, ws: Option<u16>) -> Result<Self, LocalnetError> {
        let mut reserved = reserved();
        let ports = match (rpc, ws) {
            (Some(rpc), ws) => {
                let ws = ws.or_else(|| rpc.checked_add(1)).filter(|&ws| ws != rpc);
                let ws = ws.ok_or(LocalnetError::WebsocketPort { port: rpc })?;
                check(host, rpc, &reserved)?;
                check(host, ws, &reserved)?;
                Self { rpc, ws }
            }
            (None, Some(ws)) => {
                check(host, ws, &reserved)?;
                reserved.insert(ws);
                let pair = free_pair(host, &reserved);
                reserved.remove(&ws);
                Self { rpc: pair?.rpc, ws }
            }
            (None, None) => free_pair(host, &reserved)?,
        };
        reserved.extend([ports.rpc, ports.ws]);
        Ok(ports)
    }
}

impl Drop for Ports {
    fn drop(&mut self) {
        let mut reserved = reserved();
        reserved.remove(&self.rpc);
        reserved.remove(&self.ws);
    }
}

/// A free port whose successor is free. Chosen at random, so that processes that start together do not meet.
fn free_pair(host: Ipv4Addr, reserved: &BTreeSet<u16>) -> Result<Ports, LocalnetError> {
    let mut last = LocalnetError::WebsocketPort { port: u16::MAX };
    for _ in 0..ATTEMPTS {
        let rpc = rand::random_range(FREE);
        match check(host, rpc, reserved).and_then(|()| check(host, rpc + 1, reserved)) {
            Ok(()) => return Ok(Ports { rpc, ws: rpc + 1 }),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Refuses a port that something listens on or that another localnet is about to listen on.
fn check(host: Ipv4Addr, port: u16, reserved: &BTreeSet<u16>) -> Result<(), LocalnetError> {
    if reserved.contains(&port) {
        return Err(LocalnetError::Port { host, port, source: std::io::ErrorKind::AddrInUse.into() });
    }
    TcpListener::bind(SocketAddrV4::new(host, port)).map(drop).map_err(|source| LocalnetError::Port {
        host,
        port,
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: Ipv4Addr = Ipv4Addr::LOCALHOST;

    #[test]
    fn free_ports_are_a_pair_and_are_given_once() {
        let first = Ports::reserve(HOST, None, None).expect("free ports");
        let second = Ports::reserve(HOST, None, None).expect("more free ports");
        assert_eq!(first.ws, first.rpc + 1);
        assert_ne!(first.rpc, second.rpc);

        let again = Ports::reserve(HOST, Some(first.rpc), None);
        assert!(matches!(again, Err(LocalnetError::Port { port, .. }) if port == first.rpc));
        let port = first.rpc;
        drop(first);
        assert_eq!(Ports::reserve(HOST, Some(port), None).expect("given back").rpc, port);
    }

    #[test]
    fn a_port_in_use_is_refused_by_number() {
        let listener = TcpListener::bind((HOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let refused = Ports::reserve(HOST, Some(port), None).expect_err("in use");
        assert!(refused.to_string().contains(&port.to_string()), "{refused}");
    }

    #[test]
    fn both_servers_need_a_port() {
        for (rpc, ws) in [(u16::MAX, None), (9_000, Some(9_000))] {
            let refused = Ports::reserve(HOST, Some(rpc), ws);
            assert!(matches!(refused, Err(LocalnetError::WebsocketPort { port }) if port == rpc));
        }
    }
}
