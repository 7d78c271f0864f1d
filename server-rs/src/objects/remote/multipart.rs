//! Uploads in parts at S3 and OSS: begun, signed part by part, listed, put together, given up.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use reqwest::Url;

use super::{RemoteBucket, answers, url_of};
use crate::objects::direct::{Part, SignedRequest};
use crate::objects::key::ObjectKey;
use crate::objects::store::StoreError;

impl RemoteBucket {
    /// Begins an upload in parts and returns its id.
    pub async fn begin(&self, key: &ObjectKey, content_type: &str) -> Result<String, StoreError> {
        let mut url = url_of(&self.base, key.as_str());
        url.set_query(Some("uploads="));
        let headers = vec![("content-type", content_type.to_owned())];
        let answer = self.send(Method::POST, url, headers, String::new()).await?;
        let text = text_of(answer).await?.ok_or(StoreError::Missing)?;
        answers::upload_id(&text).ok_or_else(|| StoreError::other("the store gave no upload id"))
    }

    /// A request by which a client puts one part. Its size is bound into it.
    pub async fn sign_part(
        &self,
        key: &ObjectKey,
        upload_id: &str,
        (number, byte_size): (u32, u64),
        life: Duration,
        now_s: u64,
    ) -> Result<SignedRequest, StoreError> {
        let mut url = self.public_url(key.as_str());
        url.query_pairs_mut().append_pair("partNumber", &number.to_string()).append_pair("uploadId", upload_id);
        let headers = vec![("content-length", byte_size.to_string())];
        self.presign(Method::PUT, "PUT", url, headers, life, now_s).await
    }

    /// The parts that have arrived, by number; `None` when there is no such upload any more.
    pub async fn parts(&self, key: &ObjectKey, upload_id: &str) -> Result<Option<Vec<Part>>, StoreError> {
        let mut all = Vec::new();
        let mut marker: Option<String> = None;
        loop {
            let mut url = self.upload_url(key, upload_id);
            if let Some(marker) = &marker {
                url.query_pairs_mut().append_pair("part-number-marker", marker);
            }
            let answer = self.send(Method::GET, url, Vec::new(), String::new()).await?;
            let Some(text) = text_of(answer).await? else { return Ok(None) };
            let (parts, next) =
                answers::parts(&text).ok_or_else(|| StoreError::other("the list of parts cannot be read"))?;
            all.extend(parts);
            // A store that repeats its page would keep us here for ever.
            match next.filter(|next| marker.as_ref() != Some(next)) {
                Some(next) => marker = Some(next),
                None => {
                    all.sort_by_key(|part: &Part| part.number);
                    return Ok(Some(all));
                }
            }
        }
    }

    /// Puts the parts together; one whose upload is no more counts as done, and what lies at the key tells.
    pub async fn complete(&self, key: &ObjectKey, upload_id: &str, parts: &[Part]) -> Result<(), StoreError> {
        let url = self.upload_url(key, upload_id);
        let headers = vec![("content-type", "application/xml".to_owned())];
        let answer = self.send(Method::POST, url, headers, answers::completion(parts)).await?;
        match text_of(answer).await? {
            Some(text) if answers::is_error(&text) => Err(StoreError::other("the parts could not be put together")),
            _ => Ok(()),
        }
    }

    /// Gives an upload up and removes its parts; one that is no more counts as given up.
    pub async fn abort(&self, key: &ObjectKey, upload_id: &str) -> Result<(), StoreError> {
        let answer = self.send(Method::DELETE, self.upload_url(key, upload_id), Vec::new(), String::new()).await?;
        text_of(answer).await.map(drop)
    }

    fn upload_url(&self, key: &ObjectKey, upload_id: &str) -> Url {
        let mut url = url_of(&self.base, key.as_str());
        url.query_pairs_mut().append_pair("uploadId", upload_id);
        url
    }
}

/// The text of an answer; `None` if there is no such thing.
async fn text_of(answer: reqwest::Response) -> Result<Option<String>, StoreError> {
    if answer.status() == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    let answer = answer.error_for_status().map_err(|cause| StoreError::other(cause.without_url()))?;
    answer.text().await.map(Some).map_err(|cause| StoreError::other(cause.without_url()))
}
