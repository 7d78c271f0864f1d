//! Text that arrives piece by piece: what a piece may be, and what an append does.

use module_rules::{RuleError, check_limit};

use crate::StageState;

/// Longest piece, in bytes.
pub const CHUNK_LENGTH_MAX: u64 = 16 * 1024;
/// Most pieces of one attempt at a stage.
pub const CHUNKS_PER_STAGE_MAX: u64 = 4_096;
/// Longest text of one attempt at a stage, in bytes: 512 KiB.
pub const STAGE_TEXT_LENGTH_MAX: u64 = 512 * 1024;
/// Most pieces that one call lists.
pub const CHUNK_LISTING_MAX: u64 = 256;
/// Most pieces, of whatever tasks, that one call appends.
pub const CHUNK_BATCH_MAX: u64 = 512;

/// What an append does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Append {
    /// Nothing: this sequence number has been stored before, and answers as it did then.
    Seen,
    /// It stores the piece; the stage is then as given.
    Stored(StageState),
}

/// Text of a model is taken as it is; a piece has only to exist and to fit.
///
/// Errors: `Malformed` if `text` is empty, `AboveLimit` if it is too long.
pub fn check_chunk_text(text: &str) -> Result<(), RuleError> {
    check_limit("The length of `text` in bytes", CHUNK_LENGTH_MAX, text.len() as u64)?;
    if text.is_empty() {
        return Err(RuleError::Malformed { field: "text", rule: "a chunk has at least one byte" });
    }
    Ok(())
}

/// Errors: `Malformed` or `AboveLimit` unless 1 ≤ `limit` ≤ [`CHUNK_LISTING_MAX`].
pub fn check_chunk_listing(limit: u32) -> Result<(), RuleError> {
    if limit == 0 {
        return Err(RuleError::Malformed { field: "limit", rule: "ask for at least one chunk" });
    }
    check_limit("The number of chunks in one call", CHUNK_LISTING_MAX, u64::from(limit))
}

/// Errors: `Malformed` or `AboveLimit` unless 1 ≤ `pieces` ≤ [`CHUNK_BATCH_MAX`].
pub fn check_chunk_batch(pieces: usize) -> Result<(), RuleError> {
    if pieces == 0 {
        return Err(RuleError::Malformed { field: "appends", rule: "append at least one chunk" });
    }
    check_limit("The number of chunks in one call", CHUNK_BATCH_MAX, pieces as u64)
}

/// Decides an append of the piece `sequence` (from 1) of attempt `attempt`, `length` bytes long.
///
/// Errors: `Differs` for another attempt than the present one, and for a sequence number behind
/// a gap; `IllegalTransition` if the stage is not being worked on; `AboveLimit`; `Malformed`.
pub(crate) fn decide_append(stage: &StageState, attempt: u32, sequence: u32, length: u64) -> Result<Append, RuleError> {
    if sequence == 0 {
        return Err(RuleError::Malformed { field: "sequence", rule: "sequence numbers begin with 1" });
    }
    if attempt != stage.attempt {
        return Err(differs("The attempt at the stage", stage.attempt, attempt));
    }
    if sequence < stage.next_sequence {
        return Ok(Append::Seen);
    }
    stage.check_running("continued")?;
    if sequence > stage.next_sequence {
        return Err(differs("The sequence number of the next chunk", stage.next_sequence, sequence));
    }
    check_limit("The number of chunks of a stage", CHUNKS_PER_STAGE_MAX, u64::from(sequence))?;
    let text_bytes = stage.text_bytes.saturating_add(length);
    check_limit("The length of a stage's text in bytes", STAGE_TEXT_LENGTH_MAX, text_bytes)?;
    Ok(Append::Stored(StageState { next_sequence: sequence + 1, text_bytes, ..*stage }))
}

fn differs(what: &'static str, expected: u32, actual: u32) -> RuleError {
    RuleError::Differs { what, expected: expected.to_string(), actual: actual.to_string() }
}
