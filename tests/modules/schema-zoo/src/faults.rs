//! Calls that go wrong on purpose, for tests of the node.

use spacetimedb::{ProcedureContext, ReducerContext, Table, log, procedure, reducer};

use crate::animals::{SecretNote, secret_note};

/// Inserts a row and then returns an error, so that nothing may remain.
#[reducer]
pub fn fail_with(ctx: &ReducerContext, message: String) -> Result<(), String> {
    insert_note(ctx, "this row must be rolled back");
    Err(message)
}

/// Inserts a row and then panics, so that nothing may remain.
#[reducer]
#[expect(clippy::panic, reason = "exists to trap")]
pub fn trap(ctx: &ReducerContext) {
    insert_note(ctx, "this row must be rolled back");
    panic!("The reducer trap panics on purpose.");
}

/// Writes one line to the database's log.
#[reducer]
pub fn log_line(_ctx: &ReducerContext, text: String) {
    log::info!("{text}");
}

/// Inserts `rows` private rows of `bytes_each` bytes in one transaction, to make load.
#[reducer]
pub fn burn_rows(ctx: &ReducerContext, rows: u32, bytes_each: u32) {
    let text = "x".repeat(bytes_each as usize);
    for _ in 0..rows {
        insert_note(ctx, &text);
    }
}

/// Panics on purpose outside a transaction.
#[procedure]
#[expect(clippy::panic, reason = "exists to trap")]
pub fn trap_in_procedure(_ctx: &mut ProcedureContext) -> u32 {
    panic!("The procedure trap_in_procedure panics on purpose.");
}

/// Inserts a row, rolls it back, and returns the error as plain data.
#[procedure]
pub fn fail_in_procedure(ctx: &mut ProcedureContext, message: String) -> Result<u64, String> {
    ctx.try_with_tx(|tx| {
        insert_note(tx, "this row must be rolled back");
        Err(message.clone())
    })
}

fn insert_note(ctx: &ReducerContext, text: &str) {
    ctx.db.secret_note().insert(SecretNote { id: 0, author: ctx.sender(), text: text.to_owned() });
}
