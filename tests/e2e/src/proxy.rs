//! A TCP proxy that can be cut.

use anyhow::Result;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Passes connections on to a local port until it is cut; then it breaks those there are and refuses new ones.
pub struct Proxy {
    port: u16,
    is_cut: watch::Sender<bool>,
}

impl Proxy {
    pub async fn to(target: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let (is_cut, cut) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if !*cut.borrow() {
                    tokio::spawn(pass_on(client, target, cut.clone()));
                }
            }
        });
        Ok(Self { port, is_cut })
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn cut(&self) {
        self.is_cut.send_replace(true);
    }

    pub fn mend(&self) {
        self.is_cut.send_replace(false);
    }
}

async fn pass_on(mut client: TcpStream, target: u16, mut cut: watch::Receiver<bool>) {
    let target = SocketAddr::from((Ipv4Addr::LOCALHOST, target));
    let Ok(mut server) = TcpStream::connect(target).await else { return };
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
        _ = cut.wait_for(|is_cut| *is_cut) => {}
    }
}
