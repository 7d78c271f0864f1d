//! A stop lets requests under way finish.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{DEADLINE, World, files_below, wait_for};

#[tokio::test]
async fn an_upload_under_way_is_answered_after_the_stop_was_asked_for() {
    let world = World::start().await;
    let address = world.facade.address();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let first = "--b\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\n\x7fELF".to_owned() + &"x".repeat(1024);
    let last = "\r\n--b--\r\n";
    let head = format!(
        "POST /assets HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nidempotency-key: k\r\n\
         content-type: multipart/form-data; boundary=b\r\ncontent-length: {}\r\n\r\n",
        world.token(),
        first.len() + last.len()
    );
    stream.write_all((head + &first).as_bytes()).await.unwrap();
    // The figure says that the handler has the request.
    let http = world.http.clone();
    let metrics = world.at("/metrics");
    let in_flight = async {
        loop {
            let text = http.get(&metrics).send().await.unwrap().text().await.unwrap();
            if text.contains("worldloom_http_requests_in_flight 2") {
                break;
            }
        }
    };
    tokio::time::timeout(DEADLINE, in_flight).await.unwrap();

    let stopped = tokio::spawn(world.facade.stop());
    let refused = async { while TcpStream::connect(address).await.is_ok() {} };
    tokio::time::timeout(DEADLINE, refused).await.expect("new connections are refused");
    stream.write_all(last.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(DEADLINE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 415 "), "{answer}");
    tokio::time::timeout(DEADLINE, stopped).await.unwrap().unwrap();
    let objects = world.folder.path().join("objects");
    wait_for("the staged file to go", || files_below(&objects).is_empty()).await;
}

#[tokio::test]
async fn a_client_that_never_finishes_does_not_hold_up_the_stop() {
    let world = World::start_with(|config| config.http.shutdown_deadline_s = 1).await;
    let mut stream = TcpStream::connect(world.facade.address()).await.unwrap();
    stream.write_all(b"POST /assets HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n").await.unwrap();
    tokio::time::timeout(DEADLINE, world.facade.stop()).await.expect("the stop ends by its deadline");
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "the connection is cut off");
}
