//! [`FolderStore::answer`]: what a store says to an HTTP request for some bytes.

use std::io::{self, SeekFrom};

use bytes::Bytes;
use futures_util::TryStreamExt;
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{HeaderMap, Method, Response, StatusCode, body::Frame, header};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::FolderStore;
use crate::Digest;

/// The body of an answer.
pub type AnswerBody = BoxBody<Bytes, io::Error>;

impl FolderStore {
    /// Answers `GET` or `HEAD` for the bytes of `digest`: whole, or the one range that `headers` ask for.
    ///
    /// The bytes go out as they lie on disk. They are not hashed here: whoever receives them must do so anyway.
    pub async fn answer(&self, method: &Method, digest: Digest, headers: &HeaderMap) -> Response<AnswerBody> {
        match self.read(method, digest, headers).await {
            Ok(response) => response,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                sentence(StatusCode::NOT_FOUND, &format!("This store does not hold {digest}.\n"))
            }
            Err(error) => {
                tracing::warn!(%digest, %error, "stored content cannot be read");
                sentence(StatusCode::INTERNAL_SERVER_ERROR, &format!("This store cannot read {digest}.\n"))
            }
        }
    }

    async fn read(
        &self,
        method: &Method,
        digest: Digest,
        headers: &HeaderMap,
    ) -> io::Result<Response<AnswerBody>> {
        let mut file = tokio::fs::File::open(self.path_of(digest)).await?;
        let size_bytes = file.metadata().await?.len();
        let etag = format!("\"{digest}\"");
        let response = Response::builder()
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
            .header(header::ACCEPT_RANGES, "bytes")
            .header(header::ETAG, &etag)
            .header(header::CACHE_CONTROL, "public, max-age=31536000, immutable");
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let same_bytes = text(header::IF_RANGE).is_none_or(|wanted| wanted == etag);
        let range = text(header::RANGE).filter(|_| same_bytes && *method == Method::GET);
        let (response, part) = match range.map_or(Ranged::Whole, |range| parse_range(range, size_bytes)) {
            Ranged::Whole => (response, Part { first: 0, count: size_bytes }),
            Ranged::Part(part) => {
                let last = part.first + part.count - 1;
                let range = format!("bytes {}-{last}/{size_bytes}", part.first);
                let response = response.status(StatusCode::PARTIAL_CONTENT);
                (response.header(header::CONTENT_RANGE, range), part)
            }
            Ranged::Outside => {
                let text = format!("Ask for a range within the {size_bytes} bytes of {digest}.\n");
                let mut response = sentence(StatusCode::RANGE_NOT_SATISFIABLE, &text);
                let range = format!("bytes */{size_bytes}").try_into().map_err(io::Error::other)?;
                response.headers_mut().insert(header::CONTENT_RANGE, range);
                return Ok(response);
            }
        };
        let body = match *method == Method::HEAD {
            true => text_body(""),
            false => {
                file.seek(SeekFrom::Start(part.first)).await?;
                let bytes = ReaderStream::with_capacity(file.take(part.count), 64 * 1024);
                BodyExt::boxed(StreamBody::new(bytes.map_ok(Frame::data)))
            }
        };
        response.header(header::CONTENT_LENGTH, part.count).body(body).map_err(io::Error::other)
    }
}

/// What is read of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    first: u64,
    count: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ranged {
    Whole,
    Part(Part),
    Outside,
}

/// Reads `bytes=FIRST-LAST`, `bytes=FIRST-`, `bytes=-COUNT`. Whatever else it says, several ranges among it, is answered with
/// the whole, as HTTP allows.
fn parse_range(text: &str, size_bytes: u64) -> Ranged {
    let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse::<u64>().ok(),
        false => None,
    };
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Ranged::Whole;
    };
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first > last => Ranged::Whole,
        (Some(first), _) if first >= size_bytes && (last.is_empty() || number(last).is_some()) => {
            Ranged::Outside
        }
        (Some(first), Some(last)) => {
            Ranged::Part(Part { first, count: last.min(size_bytes - 1) - first + 1 })
        }
        (Some(first), None) if last.is_empty() => Ranged::Part(Part { first, count: size_bytes - first }),
        (None, Some(count)) if first.is_empty() => match count.min(size_bytes) {
            0 => Ranged::Outside,
            count => Ranged::Part(Part { first: size_bytes - count, count }),
        },
        _ => Ranged::Whole,
    }
}

/// An answer of one sentence.
pub(super) fn sentence(status: StatusCode, text: &str) -> Response<AnswerBody> {
    let mut response = Response::new(text_body(text));
    *response.status_mut() = status;
    let text_type = header::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text_type);
    response
}

fn text_body(text: &str) -> AnswerBody {
    Full::new(Bytes::from(text.to_owned())).map_err(|never| match never {}).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_http_says() {
        let part = |first, count| Ranged::Part(Part { first, count });
        for (text, expected) in [
            ("bytes=0-0", part(0, 1)),
            ("bytes=2-5", part(2, 4)),
            ("bytes=2-", part(2, 8)),
            ("bytes=9-", part(9, 1)),
            ("bytes=0-99", part(0, 10)),
            ("bytes=-3", part(7, 3)),
            ("bytes=-99", part(0, 10)),
            ("bytes=-0", Ranged::Outside),
            ("bytes=10-", Ranged::Outside),
            ("bytes=10-20", Ranged::Outside),
            ("bytes=18446744073709551615-", Ranged::Outside),
            ("bytes=0-18446744073709551615", part(0, 10)),
        ] {
            assert_eq!(parse_range(text, 10), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_single_range_is_answered_with_the_whole() {
        for text in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5-2",
            "bytes=0-1,3-4",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes= 1-2",
            "items=0-1",
            "bytes=18446744073709551616-",
            "bytes=0-18446744073709551616",
            "bytes=1-x",
            "bytes=11-x",
            "bytes=--1",
        ] {
            assert_eq!(parse_range(text, 10), Ranged::Whole, "{text}");
        }
        assert_eq!(parse_range("bytes=0-0", 0), Ranged::Outside, "there is no first byte of nothing");
        assert_eq!(parse_range("bytes=-1", 0), Ranged::Outside);
    }
}
