//! A TCP proxy that counts, and that can be cut.

use anyhow::Result;
use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Passes connections on to a local port until it is cut; then it breaks those there are and refuses new ones.
pub struct Proxy {
    port: u16,
    is_cut: watch::Sender<bool>,
    traffic: Arc<Traffic>,
}

/// What went through.
#[derive(Debug, Default)]
pub struct Traffic {
    to_server: AtomicU64,
    to_client: AtomicU64,
    methods: Mutex<BTreeMap<String, u64>>,
}

impl Proxy {
    /// Starts one for a local port.
    pub async fn to(target: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let (is_cut, cut) = watch::channel(false);
        let traffic = Arc::new(Traffic::default());
        let counts = traffic.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if !*cut.borrow() {
                    tokio::spawn(pass_on(client, target, cut.clone(), counts.clone()));
                }
            }
        });
        Ok(Self { port, is_cut, traffic })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Breaks every connection and takes no new ones.
    pub fn cut(&self) {
        self.is_cut.send_replace(true);
    }

    /// Takes connections again.
    pub fn mend(&self) {
        self.is_cut.send_replace(false);
    }

    /// What went through so far.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }
}

impl Traffic {
    /// Bytes in both directions, those of HTTP's headers included.
    pub fn bytes(&self) -> u64 {
        self.to_server.load(Relaxed) + self.to_client.load(Relaxed)
    }

    /// JSON-RPC requests by method.
    pub fn methods(&self) -> BTreeMap<String, u64> {
        self.methods.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts the methods that a piece of a request names. One that is cut in two by the network is not counted: rare, as
    /// requests are small.
    fn count_methods(&self, piece: &[u8]) {
        const MARK: &str = "\"method\":\"";
        let text = String::from_utf8_lossy(piece);
        let mut methods = self.methods.lock().unwrap_or_else(PoisonError::into_inner);
        for rest in text.split(MARK).skip(1) {
            let name = rest.split('"').next().unwrap_or_default();
            *methods.entry(name.to_owned()).or_default() += 1;
        }
    }
}

async fn pass_on(client: TcpStream, target: u16, mut cut: watch::Receiver<bool>, traffic: Arc<Traffic>) {
    let target = SocketAddr::from((Ipv4Addr::LOCALHOST, target));
    let Ok(server) = TcpStream::connect(target).await else { return };
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let up = copy(from_client, to_server, |piece| {
        traffic.to_server.fetch_add(piece.len() as u64, Relaxed);
        traffic.count_methods(piece);
    });
    let down = copy(from_server, to_client, |piece| {
        traffic.to_client.fetch_add(piece.len() as u64, Relaxed);
    });
    tokio::select! {
        _ = async { tokio::join!(up, down) } => {}
        _ = cut.wait_for(|is_cut| *is_cut) => {}
    }
}

async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    count: impl Fn(&[u8]),
) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = from.read(&mut buffer).await?;
        if length == 0 {
            return to.shutdown().await;
        }
        count(&buffer[..length]);
        to.write_all(&buffer[..length]).await?;
    }
}
