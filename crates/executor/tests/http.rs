//! The store over HTTP: a server that tells the truth, and several that do not.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use grid_executor::{
    ContentSource, ContentStore, Digest, FolderStore, HttpConfig, HttpStore, ServedFolder, Sources,
    StoreError, fetch_definition, job::FetchDefinitionError, serve_folder,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

async fn served() -> (tempfile::TempDir, FolderStore, ServedFolder) {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::open(folder.path()).unwrap();
    let served = serve_folder(store.clone(), ANY).await.unwrap();
    (folder, store, served)
}

fn client(url: &str) -> HttpStore {
    let config = HttpConfig { read_timeout: Duration::from_millis(500), ..HttpConfig::default() };
    HttpStore::new(url, config).unwrap()
}

/// A server that answers every request with the same bytes.
async fn lying(answer: &'static [u8]) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(ANY).await.unwrap();
    let url = format!("http://{}/store", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = connection.read(&mut request).await;
                let _ = connection.write_all(answer).await;
                if answer.is_empty() {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                }
            });
        }
    });
    (url, count)
}

/// A whole answer, head and body, to a request written by hand.
async fn raw(address: SocketAddr, request: &str) -> String {
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection
        .write_all(format!("{request}\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn bytes_and_files_travel() {
    let (folder, store, served) = served().await;
    let large: Vec<u8> = (0..3_000_000_u32).map(|i| (i * 7 % 251) as u8).collect();
    let digest = store.put(&large).await.unwrap();
    let client = client(&served.url());
    assert!(client.has(digest).await.unwrap());
    assert!(!client.has(Digest::of(b"other")).await.unwrap());
    assert_eq!(client.get(digest, large.len() as u64).await.unwrap(), large);
    let to = folder.path().join("copy");
    assert_eq!(client.get_file(digest, 1 << 30, &to).await.unwrap(), large.len() as u64);
    assert_eq!(std::fs::read(&to).unwrap(), large);
    assert!(matches!(client.get(Digest::of(b"other"), 10).await, Err(StoreError::NotFound { .. })));
    served.shutdown().await;
}

#[tokio::test]
async fn the_server_answers_in_sentences() {
    let (_folder, store, served) = served().await;
    let digest = store.put(b"hello").await.unwrap();
    let address = served.address();
    let found = raw(address, &format!("GET /{digest} HTTP/1.1")).await;
    assert!(found.starts_with("HTTP/1.1 200 OK") && found.ends_with("\r\n\r\nhello"), "{found}");
    assert!(found.contains(&format!("etag: \"{digest}\"")) && found.contains("content-length: 5"), "{found}");
    let head = raw(address, &format!("HEAD /{digest} HTTP/1.1")).await;
    assert!(
        head.starts_with("HTTP/1.1 200 OK")
            && head.contains("content-length: 5")
            && head.ends_with("\r\n\r\n"),
        "{head}"
    );
    let other = Digest::of(b"other");
    let missing = raw(address, &format!("GET /{other} HTTP/1.1")).await;
    assert!(
        missing.starts_with("HTTP/1.1 404") && missing.contains(&format!("does not hold {other}.")),
        "{missing}"
    );
    for path in [
        "/",
        "/hello",
        "/../Cargo.toml",
        "/tmp",
        &format!("/{}", &digest.to_string()[..63]),
        &format!("/{digest}/x"),
        "/%2e%2e/x",
    ] {
        let bad = raw(address, &format!("GET {path} HTTP/1.1")).await;
        assert!(bad.starts_with("HTTP/1.1 400") && bad.contains("Ask for /DIGEST"), "{path}: {bad}");
    }
    let post = raw(address, &format!("PUT /{digest} HTTP/1.1")).await;
    assert!(post.starts_with("HTTP/1.1 405") && post.contains("allow: GET, HEAD"), "{post}");
    served.shutdown().await;
}

#[tokio::test]
async fn shutdown_waits_for_open_answers_and_then_nobody_listens() {
    let (_folder, store, served) = served().await;
    let large = vec![7; 20_000_000];
    let digest = store.put(&large).await.unwrap();
    let address = served.address();
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(format!("GET /{digest} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
    let mut start = [0; 64];
    connection.read_exact(&mut start).await.unwrap();
    let mut rest = Vec::new();
    let (_, read) = tokio::join!(served.shutdown(), connection.read_to_end(&mut rest));
    assert!(read.unwrap() > large.len(), "the answer came whole");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_server_that_lies_is_found_out() {
    let (url, _) = lying(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged").await;
    let wanted = Digest::of(b"honest");
    let error = client(&url).get(wanted, 100).await.unwrap_err();
    let StoreError::DigestMismatch { expected, actual, from } = &error else { panic!("{error}") };
    assert_eq!((*expected, *actual), (wanted, Digest::of(b"forged")));
    assert_eq!(*from, format!("{url}/"));
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("file");
    assert!(matches!(client(&url).get_file(wanted, 100, &to).await, Err(StoreError::DigestMismatch { .. })));
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing forged touches the disk for long"
    );
}

#[tokio::test]
async fn a_definition_that_is_not_its_hash_is_refused() {
    let (url, _) = lying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await;
    let error = fetch_definition(&client(&url), Digest::of(b"a definition")).await.unwrap_err();
    assert!(matches!(error, FetchDefinitionError::Store(StoreError::DigestMismatch { .. })), "{error}");
    let error = fetch_definition(&client(&url), Digest::of(b"{}")).await.unwrap_err();
    assert!(matches!(error, FetchDefinitionError::Definition(_)), "{error}");
}

#[tokio::test]
async fn a_server_that_sends_too_much_is_cut_off() {
    // It says how much it will send.
    let (url, _) = lying(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\nxxxx").await;
    let error = client(&url).get(Digest::of(b"x"), 1000).await.unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { limit_bytes: 1000, .. }), "{error}");
    // It does not.
    let (url, _) = lying(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n0123456789012345").await;
    let error = client(&url).get(Digest::of(b"x"), 10).await.unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { limit_bytes: 10, .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_fails_is_reported_and_not_asked_again() {
    let (url, count) = lying(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n").await;
    let error = client(&url).get(Digest::of(b"x"), 10).await.unwrap_err().to_string();
    assert!(error.contains("answered 503") && error.contains(&url), "{error}");
    assert_eq!(count.load(Ordering::SeqCst), 1);
    let (url, _) = lying(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await;
    assert!(matches!(client(&url).get(Digest::of(b"x"), 10).await, Err(StoreError::Server { .. })));
}

#[tokio::test]
async fn a_silent_server_is_given_up_on() {
    let (url, _) = lying(b"").await;
    let start = std::time::Instant::now();
    assert!(matches!(client(&url).get(Digest::of(b"x"), 10).await, Err(StoreError::Server { .. })));
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again_and_named() {
    // A port that was free a moment ago.
    let address = TcpListener::bind(ANY).await.unwrap().local_addr().unwrap();
    let config = HttpConfig { connect_attempts: 2, ..HttpConfig::default() };
    let store = HttpStore::new(&format!("http://{address}"), config).unwrap();
    let start = std::time::Instant::now();
    let error = store.get(Digest::of(b"x"), 10).await.unwrap_err().to_string();
    assert!(error.contains(&address.to_string()) && error.to_lowercase().contains("refused"), "{error}");
    assert!(start.elapsed() >= Duration::from_millis(100), "there was a pause before the second try");
}

#[test]
fn an_address_that_is_none_is_refused() {
    for base in ["", "store", "ftp://127.0.0.1/", "file:///etc"] {
        assert!(HttpStore::new(base, HttpConfig::default()).is_err(), "{base}");
    }
}

#[tokio::test]
async fn sources_are_asked_in_order_until_one_tells_the_truth() {
    let (_folder, store, served) = served().await;
    let digest = store.put(b"wanted").await.unwrap();
    let (liar, asked) = lying(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged").await;
    let empty_folder = tempfile::tempdir().unwrap();
    let empty = FolderStore::open(empty_folder.path()).unwrap();
    let mut sources = Sources::new(vec![Arc::new(empty), Arc::new(client(&liar))]);
    let error = sources.get(digest, 10).await.unwrap_err();
    let StoreError::NoSource { tried, .. } = &error else { panic!("{error}") };
    assert!(tried[0].contains("does not hold") && tried[1].contains("damaged or forged"), "{tried:?}");
    sources.push(Arc::new(client(&served.url())));
    assert_eq!(sources.get(digest, 10).await.unwrap(), b"wanted");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    let to = empty_folder.path().join("file");
    assert_eq!(sources.get_file(digest, 10, &to).await.unwrap(), 6);
    served.shutdown().await;
}
