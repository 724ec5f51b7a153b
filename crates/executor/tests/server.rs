//! The HTTP server, met by clients that take their time, take nothing, or take too much.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use bytes::Bytes;
use grid_executor::server::{Server, ServerLimits};
use http_body_util::Full;
use hyper::{Response, service::service_fn};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
const QUICK: ServerLimits = ServerLimits {
    connections: 4,
    connections_per_peer: 4,
    head_timeout: Duration::from_millis(200),
    write_timeout: Duration::from_millis(300),
    shutdown_timeout: Duration::from_millis(200),
};

async fn server(limits: ServerLimits, size_bytes: usize) -> Server {
    let body = Bytes::from(vec![b'x'; size_bytes]);
    let service = service_fn(move |_| {
        let body = body.clone();
        async move { Ok::<_, Infallible>(Response::new(Full::new(body))) }
    });
    Server::start(ANY, limits, service).await.unwrap()
}

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.address()).await.unwrap()
}

/// Everything until the server closes; how it closes does not matter.
async fn rest(connection: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), connection.read_to_end(&mut bytes)).await;
    let _ = read.expect("the server closes within 20 s");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn a_head_that_never_ends_is_given_up() {
    let server = server(QUICK, 2).await;
    let mut connection = connect(&server).await;
    connection.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let (mut answers, mut heads) = connection.into_split();
    let dripping = tokio::spawn(async move {
        while heads.write_all(b"a: b\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), answers.read_to_end(&mut bytes)).await;
    assert!(read.is_ok() && !bytes.starts_with(b"HTTP/1.1 200"));
    dripping.abort();
}

#[tokio::test]
async fn a_connection_that_stays_after_its_answer_is_closed() {
    let server = server(QUICK, 2).await;
    let mut connection = connect(&server).await;
    connection.write_all(REQUEST).await.unwrap();
    assert!(rest(&mut connection).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn who_takes_nothing_is_cut_off_and_makes_room() {
    let server = server(ServerLimits { connections: 1, ..QUICK }, 64 << 20).await;
    let mut greedy = connect(&server).await;
    greedy.write_all(REQUEST).await.unwrap();
    // It reads nothing. The next one is served nevertheless.
    let mut next = connect(&server).await;
    next.write_all(REQUEST).await.unwrap();
    let mut start = [0; 12];
    tokio::time::timeout(Duration::from_secs(20), next.read_exact(&mut start))
        .await
        .expect("a place")
        .unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");
}

#[tokio::test]
async fn more_than_there_are_places_for_wait() {
    let limits = ServerLimits { connections: 1, head_timeout: Duration::from_secs(60), ..QUICK };
    let server = server(limits, 2).await;
    let first = connect(&server).await;
    let mut second = connect(&server).await;
    second.write_all(REQUEST).await.unwrap();
    let mut start = [0; 12];
    let waiting = tokio::time::timeout(Duration::from_millis(300), second.read_exact(&mut start)).await;
    assert!(waiting.is_err(), "there is no place yet");
    drop(first);
    tokio::time::timeout(Duration::from_secs(20), second.read_exact(&mut start))
        .await
        .expect("a place")
        .unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");
}

#[tokio::test]
async fn a_head_without_measure_is_refused() {
    let server = server(ServerLimits { head_timeout: Duration::from_secs(60), ..QUICK }, 2).await;
    for head in [
        [b"GET / HTTP/1.1\r\na: ".as_slice(), &vec![b'x'; 200_000]].concat(),
        [b"GET /".as_slice(), &vec![b'x'; 200_000]].concat(),
        [b"GET / HTTP/1.1\r\n".as_slice(), &b"a: b\r\n".repeat(1_000), b"\r\n"].concat(),
    ] {
        let mut connection = connect(&server).await;
        // The server may close before all of it was sent.
        let _ = connection.write_all(&head).await;
        assert!(!rest(&mut connection).await.starts_with("HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn the_end_has_a_deadline() {
    let limits = ServerLimits { write_timeout: Duration::from_secs(60), ..QUICK };
    let server = server(limits, 64 << 20).await;
    let mut greedy = connect(&server).await;
    greedy.write_all(REQUEST).await.unwrap();
    let mut start = [0; 12];
    greedy.read_exact(&mut start).await.unwrap();
    let (begun, address) = (Instant::now(), server.address());
    server.shutdown().await;
    assert!(begun.elapsed() < Duration::from_secs(10), "the open answer is not waited for any longer");
    assert!(TcpStream::connect(address).await.is_err());
    rest(&mut greedy).await;
}

#[tokio::test]
async fn dropping_it_ends_open_connections_too() {
    let limits = ServerLimits { head_timeout: Duration::from_secs(60), ..QUICK };
    let server = server(limits, 2).await;
    let mut connection = connect(&server).await;
    connection.write_all(REQUEST).await.unwrap();
    let mut start = [0; 12];
    connection.read_exact(&mut start).await.unwrap();
    drop(server);
    rest(&mut connection).await;
}
