//! Reading content.

use crate::world::World;
use grid_executor::{ContentSource, ContentStore, Digest, StoreError};
use reqwest::header;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[tokio::test]
async fn results_are_read_by_their_digest_and_uploads_are_not() {
    let world = World::new().await;
    let result = world.results.put(b"a result").await.unwrap();
    assert_eq!(world.push(&world.owner, b"an input").await.0, 201);
    let content = world.client().content().unwrap();
    assert_eq!(content.get(result, 100).await.unwrap(), b"a result");
    assert!(content.has(result).await.unwrap() && !content.has(Digest::of(b"other")).await.unwrap());
    // A node is no place to publish from; whether it holds something is told.
    let error = content.get(Digest::of(b"an input"), 100).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound { .. }), "{error}");
    assert!(content.has(Digest::of(b"an input")).await.unwrap());
}

#[tokio::test]
async fn a_range_is_one_part_and_never_more_than_there_is() {
    let world = World::new().await;
    let digest = world.results.put(b"0123456789").await.unwrap();
    let url = world.url(&format!("/content/{digest}"));
    let get = async |range: &str| {
        let response = world.http.get(&url).header(header::RANGE, range).send().await.unwrap();
        let told = response.headers().get(header::CONTENT_RANGE).map(|it| it.to_str().unwrap().to_owned());
        (response.status().as_u16(), told.unwrap_or_default(), response.text().await.unwrap())
    };
    let part = |status, range: &str, text: &str| (status, range.to_owned(), text.to_owned());
    assert_eq!(get("bytes=2-4").await, part(206, "bytes 2-4/10", "234"));
    assert_eq!(get("bytes=7-").await, part(206, "bytes 7-9/10", "789"));
    assert_eq!(get("bytes=-3").await, part(206, "bytes 7-9/10", "789"));
    assert_eq!(get("bytes=0-99999999999999").await, part(206, "bytes 0-9/10", "0123456789"));
    let (status, range, _) = get("bytes=10-").await;
    assert_eq!((status, range.as_str()), (416, "bytes */10"));
    // Many ranges, which would make one request cost many answers, are one whole answer.
    let many = format!("bytes={}", vec!["0-"; 1_000].join(","));
    assert_eq!(get(&many).await, part(200, "", "0123456789"));
    for odd in ["bytes=4-2", "bytes=a-", "lines=1-2", "bytes=99999999999999999999-"] {
        assert_eq!(get(odd).await.2, "0123456789", "{odd}");
    }

    let request = world.http.get(&url).header(header::RANGE, "bytes=2-4");
    let same = request.try_clone().unwrap().header(header::IF_RANGE, format!("\"{digest}\""));
    assert_eq!(same.send().await.unwrap().text().await.unwrap(), "234");
    let other = request.header(header::IF_RANGE, "\"other\"");
    assert_eq!(other.send().await.unwrap().text().await.unwrap(), "0123456789");
    let head = world.http.head(&url).header(header::RANGE, "bytes=2-4").send().await.unwrap();
    assert_eq!(
        (head.status().as_u16(), head.headers()[header::CONTENT_LENGTH].as_bytes()),
        (200, &b"10"[..])
    );
}

/// The status of an answer to a request as it is written, which a client library would mend.
async fn raw(world: &World, target: &str) -> (u16, String) {
    let mut connection = TcpStream::connect(world.api.address()).await.unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("{target}: {answer}")), answer)
}

#[tokio::test]
async fn no_path_leads_out_of_the_stores() {
    let world = World::new().await;
    std::fs::write(world.folder.path().join("secret"), "a secret").unwrap();
    let digest = world.results.put(b"a result").await.unwrap().to_string();
    let fold = &digest[..2];
    for target in [
        "/content/../secret",
        "/content/../../secret",
        "/content/..%2f..%2fsecret",
        "/content/%2e%2e/%2e%2e/secret",
        "/content/..%5c..%5csecret",
        "/content//etc/passwd",
        "/content/%2fetc%2fpasswd",
        "/content/",
        "/content/tmp",
        "/content/%00",
        "/content/%ff",
        &format!("/content/{fold}/{digest}"),
        &format!("/content/{}", digest.to_uppercase()),
        &format!("/content/{digest}/"),
        &format!("/content/{digest}%00"),
        &format!("/content/../content/{digest}/../secret"),
        &format!("/content/{}", &digest[..63]),
        &format!("/content/{digest}0"),
        "/../secret",
        "//secret",
    ] {
        let (status, answer) = raw(&world, target).await;
        assert!(matches!(status, 400 | 404), "{target}: {answer}");
        assert!(!answer.contains("a secret") && !answer.contains("root:"), "{target}: {answer}");
    }
    let (status, answer) = raw(&world, &format!("/content/{digest}")).await;
    assert!(status == 200 && answer.ends_with("a result"), "and the right one is found: {answer}");
}
