//! HTTP/1.1 with kept connections and pipelining: calls are written without waiting for the answers before them,
//! which the server sends in the order of the calls.

use std::collections::VecDeque;
use std::ops::Range;

use anyhow::{Context, bail, ensure};
use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::driver::{Answer, Connection};

/// Header fields of an answer that are understood.
const FIELDS_MAX: usize = 32;
/// The status of several answers in one, not all of which are good.
const MULTI_STATUS: u16 = 207;

/// One connection.
pub struct HttpConnection<B> {
    stream: TcpStream,
    head: Vec<u8>,
    next_body: B,
    outgoing: Vec<u8>,
    incoming: BytesMut,
    waiting: VecDeque<usize>,
}

/// What is called.
#[derive(Clone)]
pub struct Target {
    /// Address and port.
    pub address: String,
    /// Path and query.
    pub path: String,
    /// Bearer token, if calls need one.
    pub token: Option<String>,
}

/// Sends a whole request over a connection of its own, at whose end the server closes it; head and body of the answer.
pub async fn exchange(address: &str, request: &str) -> anyhow::Result<Vec<u8>> {
    let mut stream = connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::with_capacity(4096);
    stream.read_to_end(&mut answer).await?;
    // Behind the version, which is as long in all of them.
    ensure!(answer.get(9) == Some(&b'2'), "a request failed: {}", String::from_utf8_lossy(&answer));
    Ok(answer)
}

/// Connects; what is written is sent at once.
pub async fn connect(address: &str) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect(address).await.context("the server cannot be reached")?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl<B: FnMut() -> String> HttpConnection<B> {
    /// Connects; each call posts the next body.
    pub async fn open(target: &Target, next_body: B) -> anyhow::Result<Self> {
        let stream = connect(&target.address).await?;
        let token = target.token.as_ref().map(|token| format!("authorization: Bearer {token}\r\n"));
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n{}content-length: ",
            target.path,
            target.address,
            token.unwrap_or_default()
        );
        Ok(Self {
            stream,
            head: head.into_bytes(),
            next_body,
            outgoing: Vec::new(),
            incoming: BytesMut::with_capacity(16 * 1024),
            waiting: VecDeque::new(),
        })
    }

    /// The next whole answer in the buffer: whether it was a success.
    fn take_answer(&mut self) -> anyhow::Result<Option<bool>> {
        let Some(answer) = whole_answer(&self.incoming)? else { return Ok(None) };
        self.incoming.advance(answer.body.end);
        Ok(Some(answer.is_success))
    }
}

/// An answer that has arrived.
pub struct Whole {
    /// Whether its status is that of a success.
    pub is_success: bool,
    /// Where its body is; at its end the next answer begins.
    pub body: Range<usize>,
}

/// The answer at the beginning of what has arrived, if all of it has.
pub fn whole_answer(arrived: &[u8]) -> anyhow::Result<Option<Whole>> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut answer = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(head) = answer.parse(arrived)? else { return Ok(None) };
    let status = answer.code.context("an answer without a status")?;
    let field = |name: &str| answer.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name));
    let length = match field("content-length") {
        Some(length) => Some(str::from_utf8(length.value)?.trim().parse::<usize>()?),
        None => chunked_length(field("transfer-encoding"), &arrived[head..])?,
    };
    let Some(length) = length.filter(|length| arrived.len() >= head + length) else { return Ok(None) };
    let is_success = (200..300).contains(&status) && status != MULTI_STATUS;
    Ok(Some(Whole { is_success, body: head..head + length }))
}

/// How long a body in chunks is with all that is around them; nothing if not all of it has arrived.
fn chunked_length(encoding: Option<&httparse::Header>, body: &[u8]) -> anyhow::Result<Option<usize>> {
    let is_chunked = encoding.is_some_and(|encoding| encoding.value.eq_ignore_ascii_case(b"chunked"));
    ensure!(is_chunked, "an answer without a length");
    let mut at = 0;
    while let Some(rest) = body.get(at..) {
        match httparse::parse_chunk_size(rest) {
            Ok(httparse::Status::Complete((head, size))) => {
                // Each chunk ends with a line's end, and so does the body, whose last chunk is empty.
                at += head + usize::try_from(size)? + 2;
                if size == 0 {
                    return Ok(Some(at));
                }
            }
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => bail!("a chunk without a size"),
        }
    }
    Ok(None)
}

impl<B: FnMut() -> String> Connection for HttpConnection<B> {
    async fn write_call(&mut self, slot: usize) -> anyhow::Result<()> {
        let body = (self.next_body)();
        self.outgoing.extend_from_slice(&self.head);
        self.outgoing.extend_from_slice(format!("{}\r\n\r\n{body}", body.len()).as_bytes());
        self.waiting.push_back(slot);
        Ok(())
    }

    async fn flush(&mut self) -> anyhow::Result<()> {
        self.stream.write_all(&self.outgoing).await?;
        self.outgoing.clear();
        Ok(())
    }

    async fn read_answers(&mut self, answers: &mut Vec<Answer>) -> anyhow::Result<()> {
        while answers.is_empty() {
            if self.stream.read_buf(&mut self.incoming).await? == 0 {
                bail!("the server closed a connection with {} calls under way", self.waiting.len());
            }
            while let Some(is_accepted) = self.take_answer()? {
                let slot = self.waiting.pop_front().context("an answer that nobody waits for")?;
                answers.push(Answer { slot, is_accepted });
            }
        }
        ensure!(self.incoming.len() < 1 << 20, "an answer that does not end");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn answers_belong_to_calls_in_their_order_however_they_are_cut() -> anyhow::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let target = Target { address: listener.local_addr()?.to_string(), path: "/transfers".to_owned(), token: None };
        let mut bodies = ["one", "three", "three"].into_iter();
        let mut client = HttpConnection::open(&target, || bodies.next().unwrap().to_owned()).await?;
        let (mut server, _) = listener.accept().await?;
        for slot in [7, 4, 5] {
            client.write_call(slot).await?;
        }
        client.flush().await?;
        let mut requests = vec![0; client.head.len() * 3 + "3\r\n\r\none5\r\n\r\nthree5\r\n\r\nthree".len()];
        server.read_exact(&mut requests).await?;
        assert!(requests.ends_with(b"content-length: 5\r\n\r\nthree"));

        let mut answers = Vec::new();
        server.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 409 Conflict\r\ncont").await?;
        client.read_answers(&mut answers).await?;
        server
            .write_all(b"ent-length: 0\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r")
            .await?;
        server.write_all(b"\n0\r\n\r\n").await?;
        while answers.len() < 3 {
            let mut more = Vec::new();
            client.read_answers(&mut more).await?;
            answers.append(&mut more);
        }
        let seen: Vec<_> = answers.iter().map(|answer| (answer.slot, answer.is_accepted)).collect();
        assert_eq!(seen, [(7, true), (4, false), (5, true)]);
        Ok(())
    }
}
