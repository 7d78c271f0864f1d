//! Transfers between accounts.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::database::Database;

/// What is prepared: the stored procedure.
pub const STATEMENT: &str = "SELECT transfer($1, $2, $3)";

/// Who pays whom, and how much.
#[derive(Deserialize)]
pub struct Transfer {
    from: i32,
    to: i32,
    amount: i64,
}

/// What came of it.
#[derive(Serialize)]
pub struct Outcome {
    outcome: &'static str,
}

/// Makes a transfer; the answer comes when it is committed.
pub async fn transfer(
    State(database): State<Database>,
    Json(Transfer { from, to, amount }): Json<Transfer>,
) -> Result<(StatusCode, Json<Outcome>), Failure> {
    let row = database.ask(&[&from, &to, &amount]).await?;
    let (status, outcome) = match row.get::<_, i32>(0) {
        0 => (StatusCode::OK, "done"),
        1 => (StatusCode::UNPROCESSABLE_ENTITY, "same_account"),
        2 => (StatusCode::NOT_FOUND, "no_such_account"),
        _ => (StatusCode::CONFLICT, "insufficient"),
    };
    Ok((status, Json(Outcome { outcome })))
}
