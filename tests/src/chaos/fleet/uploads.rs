//! A player who uploads pictures through the facade.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use futures::stream::{self, StreamExt};
use rand::Rng;
use rand::rngs::StdRng;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use super::super::checks::uploads::{Content, Upload};
use super::super::history::{Asked, NEVER, Told};
use super::caller::{Attempts, PATIENCE, PAUSE, answered};
use super::progress::Work;
use super::{Ground, Histories};
use crate::Account;
use crate::facade::{self, FacadeClient, sha256};
use crate::pictures::picture;

/// Longest pause between two uploads.
const PAUSE_MAX_MS: u64 = 150;
/// Files that are read again at a time.
const READ_AT_ONCE: usize = 8;
/// How long a file may take while the facade is too busy.
const READ_WITHIN: Duration = Duration::from_secs(20);

/// Uploads until the run is over.
pub async fn upload(ground: Arc<Ground>, number: u32, mut chance: StdRng, player: Account) -> anyhow::Result<()> {
    let client = FacadeClient::at(&ground.places.facade_url)?;
    let owner = player.clone();
    ground.write_down(|histories| drop(histories.uploaders.insert(number, owner)));
    let mut count = 0;
    while !ground.is_over() {
        let file = facade::Upload::private(format!("upload-{number}-{count}"), picture((number << 20) + count)?);
        let call = Upload { key: file.key.clone(), sha256: sha256(&file.bytes) };
        let attempts = if chance.gen_bool(0.5) { Attempts::One } else { Attempts::UntilAnswered };
        let begun = ground.clock.now();
        let told = loop {
            let told = attempt(&ground, &client, &player, &file).await?;
            if told != Told::Nothing || attempts == Attempts::One {
                break told;
            }
            sleep(PAUSE).await;
        };
        let ended = if told == Told::Nothing { NEVER } else { ground.clock.now() };
        if told.done().is_some() {
            ground.note_log_place(&file.key);
            ground.progress.acknowledged(Work::Uploads, begun);
        }
        count += 1;
        let asked = Asked { client: number, call, begun, ended, told };
        ground.write_down(|histories| histories.uploads.push(asked));
        sleep(Duration::from_millis(chance.gen_range(0..=PAUSE_MAX_MS))).await;
    }
    Ok(())
}

async fn attempt(
    ground: &Ground,
    client: &FacadeClient,
    player: &Account,
    file: &facade::Upload,
) -> anyhow::Result<Told<String>> {
    let Some((status, body)) = answered(ground, client.upload(player, file)?).await else { return Ok(Told::Nothing) };
    match (status, body) {
        (StatusCode::CREATED, Some(body)) => {
            let asset: Value = serde_json::from_str(&body)?;
            match asset["asset_id"].as_str() {
                Some(id) => Ok(Told::Done(id.to_owned())),
                None => bail!("an upload was acknowledged without an id: {body}"),
            }
        }
        // Nothing is known of what a server cannot answer for, or what was cut off.
        (status, _) if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => Ok(Told::Nothing),
        (StatusCode::CREATED, None) => Ok(Told::Nothing),
        // The clock jumped over the time that an upload may take.
        (StatusCode::CONFLICT, Some(body)) if body.contains("\"from\":\"expired\"") => Ok(Told::Refused(body)),
        (status, body) => bail!("an upload was answered {status}: {body:?}"),
    }
}

/// Reads every acknowledged upload again, as its owner, once nothing is wrong any more. Gives what came, by asset.
pub async fn read_again(client: &FacadeClient, histories: &Histories) -> BTreeMap<String, Content> {
    let mut readings = Vec::new();
    for asked in &histories.uploads {
        if let (Told::Done(asset), Some(owner)) = (&asked.told, histories.uploaders.get(&asked.client)) {
            readings.push(read_with_patience(client.clone(), owner.clone(), asset.clone()));
        }
    }
    stream::iter(readings).buffer_unordered(READ_AT_ONCE).collect().await
}

/// Reads a file, and again while the facade is too busy: many files are read at once, and machines are slow.
async fn read_with_patience(client: FacadeClient, owner: Account, asset: String) -> (String, Content) {
    let deadline = Instant::now() + READ_WITHIN;
    loop {
        let answer = timeout(PATIENCE, read(&client, &owner, &asset)).await.ok().and_then(Result::ok);
        let is_busy = matches!(answer, None | Some((StatusCode::SERVICE_UNAVAILABLE, _)));
        if !is_busy || Instant::now() >= deadline {
            return (asset, content_of(answer));
        }
        sleep(PAUSE).await;
    }
}

async fn read(client: &FacadeClient, owner: &Account, asset: &str) -> reqwest::Result<(StatusCode, Vec<u8>)> {
    let answer = client.request(Method::GET, &format!("/assets/{asset}/content"), Some(owner)).send().await?;
    let status = answer.status();
    Ok((status, answer.bytes().await?.to_vec()))
}

fn content_of(answer: Option<(StatusCode, Vec<u8>)>) -> Content {
    match answer {
        Some((StatusCode::OK, bytes)) => Ok(sha256(&bytes)),
        Some((status, body)) => Err(format!("{status}: {}", String::from_utf8_lossy(&body))),
        None => Err("no answer".to_owned()),
    }
}
