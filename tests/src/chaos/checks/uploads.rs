//! Uploads: an acknowledged one is confirmed, its bytes are there, and its owner gets them; nothing is there by half.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};

use super::super::history::{Asked, Told};
use super::Violation;

/// An upload under its idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The key.
    pub key: String,
    /// SHA-256 of the file.
    pub sha256: String,
}

impl Display for Upload {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(text, "upload {} of {:.8}", self.key, self.sha256)
    }
}

/// An upload that was asked for. It is told the asset's id.
pub type UploadAsked = Asked<Upload, String>;

/// What the database says of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectRow {
    /// The asset's id.
    pub asset: String,
    /// Where its bytes are.
    pub object: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Whether it is confirmed.
    pub is_confirmed: bool,
}

impl Display for ObjectRow {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { asset, object, sha256, is_confirmed } = self;
        let state = if *is_confirmed { "confirmed" } else { "not confirmed" };
        write!(text, "asset {asset}, {state}, {sha256:.8} at {object}")
    }
}

/// What came when an upload was read again: the SHA-256 of the bytes, or why there were none.
pub type Content = Result<String, String>;

const LOST: &str = "no acknowledged upload is lost";
const TWICE: &str = "one idempotency key is one asset";
const HALVES: &str = "rows and objects agree";
const READ: &str = "whoever has uploaded a file gets it back";
const FOREIGN: &str = "nothing is kept but what somebody has uploaded";

/// Holds uploads, rows, stored objects (SHA-256 by name) and what came of reading (by asset) against one another.
///
/// Rows and objects must be of one moment. So no facade may run meanwhile: it would sweep away what was never
/// confirmed, first the object and then the row.
pub fn check(
    history: &[UploadAsked],
    rows: &[ObjectRow],
    stored: &BTreeMap<String, String>,
    contents: &BTreeMap<String, Content>,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    let by_asset: BTreeMap<&str, &ObjectRow> = rows.iter().map(|row| (row.asset.as_str(), row)).collect();
    let mut by_hash: BTreeMap<&str, Vec<&ObjectRow>> = BTreeMap::new();
    for row in rows {
        by_hash.entry(&row.sha256).or_default().push(row);
    }
    for asked in history {
        // Every upload has a file of its own, so that rows can be told apart.
        let made = by_hash.get(asked.call.sha256.as_str()).map(Vec::as_slice).unwrap_or_default();
        if made.len() > 1 {
            violations.push(Violation::new(TWICE, "it has several rows").shown_by([asked]).shown_by(made));
        }
        let Told::Done(asset) = &asked.told else { continue };
        let row = by_asset.get(asset.as_str()).filter(|row| row.sha256 == asked.call.sha256 && row.is_confirmed);
        if row.is_none() {
            let row = by_asset.get(asset.as_str());
            violations.push(Violation::new(LOST, "no confirmed row says it").shown_by([asked]).shown_by(row));
        }
        violations.extend(check_content(asked, contents.get(asset)));
    }
    // A file that was cut off on its way would have a hash of its own.
    let wanted: BTreeSet<&str> = history.iter().map(|asked| asked.call.sha256.as_str()).collect();
    for row in rows {
        if !wanted.contains(row.sha256.as_str()) {
            violations.push(Violation::new(FOREIGN, "nobody has uploaded this").shown_by([row]));
        }
        match stored.get(&row.object) {
            Some(sha256) if *sha256 == row.sha256 => {}
            None if !row.is_confirmed => {}
            Some(_) => violations.push(Violation::new(HALVES, "other bytes are stored").shown_by([row])),
            None => violations.push(Violation::new(HALVES, "it is confirmed and not stored").shown_by([row])),
        }
    }
    let named: BTreeMap<&str, ()> = rows.iter().map(|row| (row.object.as_str(), ())).collect();
    for object in stored.keys().filter(|object| !named.contains_key(object.as_str())) {
        violations.push(Violation::new(HALVES, format!("no row names {object}")));
    }
    violations
}

/// Whether an acknowledged upload came back as it was sent. It was read when everything was well again, so neither a
/// fault nor an answer that was lost excuses anything.
fn check_content(asked: &UploadAsked, content: Option<&Content>) -> Option<Violation> {
    let what = match content {
        Some(Ok(sha256)) if *sha256 == asked.call.sha256 => return None,
        Some(Ok(sha256)) => format!("other bytes came, {sha256:.8}"),
        Some(Err(reason)) => reason.clone(),
        None => "nobody has read it again".to_owned(),
    };
    Some(Violation::new(READ, what).shown_by([asked]))
}
