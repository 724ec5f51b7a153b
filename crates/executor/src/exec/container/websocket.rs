//! As much of a websocket client as it takes to hear what a server says first.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// The longest message that is read, in bytes.
const MAX_MESSAGE_BYTES: u64 = 64 * 1024;
/// The longest head of an answer, in bytes.
const MAX_HEAD_BYTES: u64 = 16 * 1024;

/// What kinds of frames there are.
const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;

/// Connects, and gives the first message that the server sends.
pub(super) async fn first_message(address: SocketAddr) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    // The key proves nothing here: whoever answers is asked for a message next.
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: Z3JpZC1oZWFsdGgtY2hlY2s=\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut stream = BufReader::new(stream);
    read_head(&mut stream).await?;
    read_message(&mut stream).await
}

async fn read_head(stream: &mut BufReader<TcpStream>) -> io::Result<()> {
    let mut head = stream.take(MAX_HEAD_BYTES);
    let mut line = String::new();
    head.read_line(&mut line).await?;
    if line.split(' ').nth(1) != Some("101") {
        return Err(wrong(&format!("the server answered \"{}\" and opened no websocket", line.trim())));
    }
    loop {
        line.clear();
        if head.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line == "\r\n" {
            return Ok(());
        }
    }
}

/// Reads frames until a message is whole.
async fn read_message(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        let mut start = [0; 2];
        stream.read_exact(&mut start).await?;
        let (is_last, kind) = (start[0] & 0x80 != 0, start[0] & 0x0f);
        if start[1] & 0x80 != 0 {
            return Err(wrong("the server masks what it sends"));
        }
        let length = match start[1] {
            126 => u64::from(stream.read_u16().await?),
            127 => stream.read_u64().await?,
            length => u64::from(length),
        };
        if message.len() as u64 + length > MAX_MESSAGE_BYTES {
            return Err(wrong("the message is too long"));
        }
        let mut payload = vec![0; length as usize];
        stream.read_exact(&mut payload).await?;
        match kind {
            CONTINUATION | TEXT | BINARY => {
                message.extend(payload);
                if is_last {
                    return Ok(message);
                }
            }
            CLOSE => return Err(wrong("the server closed the websocket")),
            // Pings and pongs.
            _ => {}
        }
    }
}

fn wrong(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// What is read from a server that answers with these bytes.
    async fn heard(answer: &[u8]) -> io::Result<Vec<u8>> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(answer).await.unwrap();
            let mut request = vec![0; 1000];
            let count = stream.read(&mut request).await.unwrap();
            String::from_utf8(request[..count].to_vec()).unwrap()
        };
        let (heard, request) = tokio::join!(first_message(address), serve);
        assert!(request.starts_with("GET / HTTP/1.1\r\n") && request.contains("\r\nUpgrade: websocket\r\n"));
        heard
    }

    const HEAD: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";

    async fn heard_after_head(frames: &[u8]) -> io::Result<Vec<u8>> {
        heard(&[HEAD.as_bytes(), frames].concat()).await
    }

    #[tokio::test]
    async fn the_first_message_is_heard() {
        assert_eq!(heard_after_head(b"\x81\x04pong").await.unwrap(), b"pong");
        // A ping before, and the message in two parts.
        assert_eq!(heard_after_head(b"\x89\x01x\x01\x02po\x80\x02ng").await.unwrap(), b"pong");
        let long = [&b"\x82\x7e\x01\x00"[..], &[b'x'; 256]].concat();
        assert_eq!(heard_after_head(&long).await.unwrap(), [b'x'; 256]);
    }

    #[tokio::test]
    async fn what_is_no_websocket_is_refused() {
        let refused = heard(b"HTTP/1.1 404 Not Found\r\n\r\n").await.unwrap_err().to_string();
        assert!(refused.starts_with("the server answered \"HTTP/1.1 404 Not Found\""), "{refused}");
        assert!(heard_after_head(b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff").await.is_err(), "too long");
        assert!(heard_after_head(b"\x81\x84pong").await.is_err(), "masked");
        assert!(heard_after_head(b"\x88\x00").await.is_err(), "closed");
        assert!(heard_after_head(b"\x81\x04po").await.is_err(), "cut short");
    }
}
