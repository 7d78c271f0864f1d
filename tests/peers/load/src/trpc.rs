//! tRPC over HTTP/1.1, with what its own client does by the link that its documentation begins with: calls that are
//! made at once travel in one request, and their answers in one answer.

use std::collections::VecDeque;

use anyhow::{Context, bail, ensure};
use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::driver::{Answer, Connection};
use crate::http::{connect, whole_answer};

/// One connection.
pub struct TrpcConnection<I> {
    stream: TcpStream,
    address: String,
    procedure: &'static str,
    next_input: I,
    /// The calls of the next request: the numbers that they are sent under, and their inputs.
    slots: Vec<usize>,
    inputs: Vec<String>,
    incoming: BytesMut,
    /// The numbers in each request that has no answer yet.
    waiting: VecDeque<Vec<usize>>,
}

impl<I: FnMut() -> String> TrpcConnection<I> {
    /// Connects; each call of the procedure takes the next input.
    pub async fn open(address: &str, procedure: &'static str, next_input: I) -> anyhow::Result<Self> {
        Ok(Self {
            stream: connect(address).await?,
            address: address.to_owned(),
            procedure,
            next_input,
            slots: Vec::new(),
            inputs: Vec::new(),
            incoming: BytesMut::with_capacity(16 * 1024),
            waiting: VecDeque::new(),
        })
    }

    /// The request with all calls that were written.
    fn request(&self) -> String {
        let paths = vec![self.procedure; self.inputs.len()].join(",");
        let inputs = self.inputs.iter().enumerate().map(|(index, input)| format!(r#""{index}":{input}"#));
        let body = format!("{{{}}}", inputs.collect::<Vec<_>>().join(","));
        format!(
            "POST /trpc/{paths}?batch=1 HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )
    }
}

impl<I: FnMut() -> String> Connection for TrpcConnection<I> {
    async fn write_call(&mut self, slot: usize) -> anyhow::Result<()> {
        self.slots.push(slot);
        self.inputs.push((self.next_input)());
        Ok(())
    }

    async fn flush(&mut self) -> anyhow::Result<()> {
        let request = self.request();
        self.inputs.clear();
        self.waiting.push_back(std::mem::take(&mut self.slots));
        Ok(self.stream.write_all(request.as_bytes()).await?)
    }

    async fn read_answers(&mut self, answers: &mut Vec<Answer>) -> anyhow::Result<()> {
        while answers.is_empty() {
            if self.stream.read_buf(&mut self.incoming).await? == 0 {
                bail!("the server closed a connection with {} requests under way", self.waiting.len());
            }
            while let Some(whole) = whole_answer(&self.incoming)? {
                self.incoming.advance(whole.body.end);
                let slots = self.waiting.pop_front().context("an answer that nobody waits for")?;
                // One refusal spoils the answer for all that came with it; there should be none.
                answers.extend(slots.into_iter().map(|slot| Answer { slot, is_accepted: whole.is_success }));
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
    async fn calls_that_are_made_at_once_travel_and_are_answered_together() -> anyhow::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let mut inputs = ["{}", "[1]", "[2]"].into_iter();
        let mut client = TrpcConnection::open(&address, "transfer", || inputs.next().unwrap().to_owned()).await?;
        let (mut server, _) = listener.accept().await?;
        client.write_call(7).await?;
        client.write_call(4).await?;
        client.flush().await?;
        let expected = format!(
            "POST /trpc/transfer,transfer?batch=1 HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
             content-length: 16\r\n\r\n{{\"0\":{{}},\"1\":[1]}}"
        );
        let mut request = vec![0; expected.len()];
        server.read_exact(&mut request).await?;
        assert_eq!(String::from_utf8(request)?, expected);

        client.write_call(5).await?;
        client.flush().await?;
        server.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]").await?;
        server.write_all(b"HTTP/1.1 207 Multi-Status\r\nContent-Length: 2\r\n\r\n[]").await?;
        let mut answers = Vec::new();
        while answers.len() < 3 {
            let mut more = Vec::new();
            client.read_answers(&mut more).await?;
            answers.append(&mut more);
        }
        let seen: Vec<_> = answers.iter().map(|answer| (answer.slot, answer.is_accepted)).collect();
        assert_eq!(seen, [(7, true), (4, true), (5, false)]);
        Ok(())
    }
}
