//! Answers that do not come, or not whole.

use std::time::{Duration, Instant};

use futures::StreamExt;
use worldloom_facade::ai::provider::{Delta, Patience, ProviderError, Tokens};

use super::endpoint::{
    COST, Endpoint, FIRST, HELLO, Reply, STOP, USAGE, WORLD, answered, status_of, stream_of, wordless,
};
use super::{PATIENCE, models, prompt, provider, read};

fn busy(retry_after: &str) -> Reply {
    let body = r#"{"error":{"message":"Rate limit reached","type":"requests","code":"rate_limit_exceeded"}}"#;
    status_of("429 Too Many Requests", &format!("{retry_after}content-type: application/json\r\n"), body)
}

/// What becomes of one reply, with one provider that is asked once.
async fn outcome_of(reply: Reply) -> (String, ProviderError) {
    let endpoint = Endpoint::start(vec![reply]).await;
    let patience = Patience { attempts: 1, silence: Duration::from_millis(200), ..PATIENCE };
    let read = read(models(vec![provider(&endpoint)], patience).answer(prompt(None))).await;
    (read.text, read.error.unwrap())
}

fn broken(cause: &str) -> ProviderError {
    ProviderError::Broken(cause.to_owned())
}

#[tokio::test]
async fn a_busy_endpoint_is_asked_again_when_it_says() {
    let endpoint = Endpoint::start(vec![busy("retry-after: 1\r\n"), answered()]).await;
    let asked = Instant::now();
    let answer = read(models(vec![provider(&endpoint)], PATIENCE).answer(prompt(None))).await;
    assert_eq!((answer.error, endpoint.requests().len()), (None, 2));
    assert!(asked.elapsed() >= Duration::from_secs(1), "not before it wanted");
}

#[tokio::test]
async fn who_wants_to_be_left_alone_for_long_is_passed_over() {
    let first = Endpoint::start(vec![busy("retry-after: 3600\r\n")]).await;
    let second = Endpoint::start(vec![answered()]).await;
    let answer = read(models(vec![provider(&first), provider(&second)], PATIENCE).answer(prompt(None))).await;
    assert_eq!((answer.error, first.requests().len(), second.requests().len()), (None, 1, 1));
}

#[tokio::test]
async fn a_failing_endpoint_is_asked_again_and_then_the_next() {
    let failing = || status_of("502 Bad Gateway", "", "<html>bad gateway</html>");
    let first = Endpoint::start(vec![failing(), failing(), failing()]).await;
    let second = Endpoint::start(vec![answered()]).await;
    let answer = read(models(vec![provider(&first), provider(&second)], PATIENCE).answer(prompt(None))).await;
    assert_eq!((answer.error, first.requests().len(), second.requests().len()), (None, 3, 1));
}

#[tokio::test]
async fn a_refusal_is_not_asked_for_twice_but_elsewhere() {
    let first = Endpoint::start(vec![status_of("401 Unauthorized", "", r#"{"error":"sk-secret is wrong"}"#)]).await;
    let second = Endpoint::start(vec![answered()]).await;
    let answer = read(models(vec![provider(&first), provider(&second)], PATIENCE).answer(prompt(None))).await;
    assert_eq!((answer.error, first.requests().len()), (None, 1));
}

#[tokio::test]
async fn the_last_failure_is_told_without_secrets() {
    let first = Endpoint::start(vec![busy("")]).await;
    let second = Endpoint::start(vec![status_of("400 Bad Request", "", r#"{"error":"sk-secret is wrong"}"#)]).await;
    let patience = Patience { attempts: 1, ..PATIENCE };
    let answer = read(models(vec![provider(&first), provider(&second)], patience).answer(prompt(None))).await;
    assert_eq!(answer.error, Some(ProviderError::Refused("status 400 Bad Request".to_owned())));
}

#[tokio::test]
async fn nobody_is_asked_again_once_there_was_text() {
    let cut = Reply::Bytes(stream_of(&[HELLO], false), 1 << 20);
    let first = Endpoint::start(vec![cut, answered()]).await;
    let answer = read(models(vec![provider(&first)], PATIENCE).answer(prompt(None))).await;
    assert_eq!((answer.text.as_str(), answer.error), ("Grüße, ", Some(broken("the connection was lost"))));
    assert_eq!(first.requests().len(), 1);
}

#[tokio::test]
async fn a_stream_that_goes_wrong_keeps_what_had_come() {
    let stream = |events: &[&str]| Reply::Bytes(stream_of(events, true), 1 << 20);
    let length = STOP.replace("\"stop\"", "\"length\"");
    let filter = STOP.replace("\"stop\"", "\"content_filter\"");
    let declined = FIRST.replace("\"refusal\":null", "\"refusal\":\"I cannot.\"");
    let cases = [
        (stream(&[HELLO]), broken("it ended without an end")),
        (stream(&[HELLO, "[DONE]"]), broken("it ended without an end")),
        (stream(&[HELLO, r#"{"error":{"message":"overloaded"}}"#]), broken("the model reported a failure")),
        (stream(&[HELLO, &length]), broken("the answer is longer than it may be")),
        (stream(&[HELLO, &filter]), ProviderError::Refused("its filter stopped the answer".to_owned())),
        (stream(&[HELLO, &declined, HELLO, STOP]), ProviderError::Refused("the model declined".to_owned())),
        (stream(&[HELLO, "{\"choices\":"]), ProviderError::Garbage("an event that cannot be read".to_owned())),
        (Reply::Stall(stream_of(&[HELLO], false)), broken("it fell silent")),
    ];
    for (reply, expected) in cases {
        let (text, error) = outcome_of(reply).await;
        assert_eq!((text.as_str(), &error), ("Grüße, ", &expected));
    }
}

/// Models tell what an answer has cost after they have told how it ends.
#[tokio::test]
async fn what_an_answer_has_cost_is_told_however_it_ends() {
    for (reason, error) in [
        ("length", broken("the answer is longer than it may be")),
        ("content_filter", ProviderError::Refused("its filter stopped the answer".to_owned())),
    ] {
        let end = STOP.replace("\"stop\"", &format!("\"{reason}\""));
        let endpoint =
            Endpoint::start(vec![Reply::Bytes(stream_of(&[HELLO, &end, USAGE, "[DONE]"], true), 1 << 20)]).await;
        let answer = read(models(vec![provider(&endpoint)], PATIENCE).answer(prompt(None))).await;
        assert_eq!((answer.tokens, answer.error), (Some(COST), Some(error)));
    }
}

#[tokio::test]
async fn what_is_no_stream_is_no_answer() {
    let page = status_of("200 OK", "content-type: text/html\r\n", "<html>Log in!</html>");
    assert_eq!(outcome_of(page).await.1, ProviderError::Garbage("no stream of events".to_owned()));
    for events in [&[STOP, "[DONE]"][..], &[STOP, USAGE, "[DONE]"], &[FIRST, USAGE, STOP]] {
        let nothing = Reply::Bytes(stream_of(events, true), 1 << 20);
        assert_eq!(outcome_of(nothing).await.1, ProviderError::Garbage("an empty answer".to_owned()), "{events:?}");
    }
    let binary =
        Reply::Bytes([stream_of(&[], false), b"5\r\n\xff\xfe\xfd\x00\n\r\n0\r\n\r\n".to_vec()].concat(), 1 << 20);
    let error = outcome_of(binary).await.1;
    assert!(!matches!(error, ProviderError::Refused(_)), "{error:?}");
}

#[tokio::test]
async fn who_answers_nothing_is_asked_again_whatever_it_cost() {
    let endpoint = Endpoint::start(vec![wordless(), answered()]).await;
    let answer = read(models(vec![provider(&endpoint)], PATIENCE).answer(prompt(None))).await;
    assert_eq!((answer.text.as_str(), answer.error, endpoint.requests().len()), ("Grüße, 世界 🌍", None, 2));
    assert_eq!((answer.spent, answer.tokens), (COST, Some(COST)), "both are paid for");
}

#[tokio::test]
async fn what_was_asked_in_vain_is_told_at_once_and_with_the_failure() {
    let endpoint = Endpoint::start(vec![wordless()]).await;
    let mut given_up = models(vec![provider(&endpoint)], PATIENCE).answer(prompt(None));
    assert_eq!(given_up.next().await, Some(Ok(Delta::Spent(COST))), "before anybody is asked again");

    let endpoint = Endpoint::start(vec![wordless(), wordless()]).await;
    let patience = Patience { attempts: 2, ..PATIENCE };
    let empty = read(models(vec![provider(&endpoint)], patience).answer(prompt(None))).await;
    assert_eq!(empty.error, Some(ProviderError::Garbage("an empty answer".to_owned())));
    assert_eq!(empty.spent, Tokens { input: 2 * COST.input, output: 2 * COST.output });

    let endpoint = Endpoint::start(vec![Reply::Stall(stream_of(&[FIRST, USAGE], false))]).await;
    let patience = Patience { attempts: 1, first_text: Duration::from_secs(1), ..PATIENCE };
    let late = read(models(vec![provider(&endpoint)], patience).answer(prompt(None))).await;
    assert!(matches!(late.error, Some(ProviderError::Unavailable(_))), "{late:?}");
    assert_eq!(late.spent, COST);
}

#[tokio::test]
async fn an_endless_answer_is_ended() {
    let piece = HELLO.replace("Grüße, ", &"a".repeat(1 << 20));
    let endless: Vec<&str> = std::iter::repeat_n(piece.as_str(), 20).collect();
    let (text, error) = outcome_of(Reply::Bytes(stream_of(&endless, true), 1 << 20)).await;
    assert_eq!(error, broken("the connection was lost"));
    assert!(text.len() < 17 << 20, "{}", text.len());
    let no_event =
        [stream_of(&[], false), b"1000000\r\ndata: ".to_vec(), vec![b'a'; 0xfffffa], b"\r\n".to_vec()].concat();
    let bytes = [no_event, b"fffff\r\n".to_vec(), vec![b'a'; 0xfffff]].concat();
    assert_eq!(outcome_of(Reply::Bytes(bytes, 1 << 20)).await.0, "");
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_told_so() {
    let endpoint = Endpoint::start(vec![]).await;
    let gone = super::provider_with(&endpoint, |config| config.base_url = "http://127.0.0.1:9/v1".to_owned());
    let answer = read(models(vec![gone], Patience { attempts: 2, ..PATIENCE }).answer(prompt(None))).await;
    assert_eq!(answer.error, Some(ProviderError::Unavailable("it cannot be reached".to_owned())));
}

#[tokio::test]
async fn a_stream_of_words_is_no_stall() {
    let bytes = stream_of(&[HELLO, WORLD, STOP, "[DONE]"], true);
    let endpoint = Endpoint::start(vec![Reply::Bytes(bytes, 16)]).await;
    let patience = Patience { silence: Duration::from_secs(10), ..PATIENCE };
    assert_eq!(read(models(vec![provider(&endpoint)], patience).answer(prompt(None))).await.error, None);
}
