//! Benchmark module: transfers between accounts, and a row to broadcast.
//!
//! The shape of a widely used database benchmark: 100,000 accounts, each call moves an amount
//! from one to another. Nothing is done that the figures should not show.

#![expect(missing_docs, reason = "the engine's macros make a public type per function that cannot carry docs")]

use spacetimedb::{ProcedureContext, ReducerContext, Table, procedure, reducer, table};

/// One account. Ids are dense from zero, hence the direct index.
#[table(accessor = account, public)]
pub struct Account {
    /// Number of the account.
    #[primary_key]
    #[index(direct)]
    pub id: u32,
    /// What the account holds, never below zero.
    pub balance: i64,
}

/// One row that benchmarks change to measure the way to every subscriber.
#[table(accessor = position, public)]
pub struct Position {
    /// Number of the row.
    #[primary_key]
    pub id: u32,
    /// Whatever the last [`touch`] wrote.
    pub value: u64,
}

/// Opens the accounts below `count` that do not exist yet, each with `balance`.
/// Split into several calls with rising counts, each is a transaction of its own.
///
/// Errors: a negative balance.
#[reducer]
pub fn seed(ctx: &ReducerContext, count: u32, balance: i64) -> Result<(), &'static str> {
    if balance < 0 {
        return Err("invalid_argument: `balance` must not be negative");
    }
    let accounts = ctx.db.account();
    for id in accounts.count()..u64::from(count) {
        let id = u32::try_from(id).map_err(|_| "limit_exceeded: an account number has 32 bits")?;
        accounts.try_insert(Account { id, balance }).map_err(|_| "conflict: account exists")?;
    }
    Ok(())
}

/// Moves `amount` between two accounts.
///
/// Errors: the accounts are one, either is missing, or the first has too little.
#[reducer]
pub fn transfer(ctx: &ReducerContext, from: u32, to: u32, amount: u32) -> Result<(), &'static str> {
    pay(ctx, from, to, amount)
}

/// The same for a backend, whose connections call nothing but procedures.
///
/// Errors: as [`transfer`].
#[procedure]
pub fn transfer_and_return(ctx: &mut ProcedureContext, from: u32, to: u32, amount: u32) -> Result<(), String> {
    ctx.try_with_tx(|tx| pay(tx, from, to, amount)).map_err(str::to_owned)
}

/// Writes one row of `position`, which every subscriber then receives.
#[reducer]
pub fn touch(ctx: &ReducerContext, id: u32, value: u64) {
    ctx.db.position().id().insert_or_update(Position { id, value });
}

fn pay(ctx: &ReducerContext, from: u32, to: u32, amount: u32) -> Result<(), &'static str> {
    if from == to {
        return Err("invalid_argument: `from` and `to` are the same account");
    }
    let accounts = ctx.db.account().id();
    let payer = accounts.find(from).ok_or("not_found: no account `from`")?;
    let payee = accounts.find(to).ok_or("not_found: no account `to`")?;
    let amount = i64::from(amount);
    if payer.balance < amount {
        return Err("conflict: insufficient funds");
    }
    let received = payee.balance.checked_add(amount).ok_or("conflict: the balance is full")?;
    accounts.update(Account { id: from, balance: payer.balance - amount });
    accounts.update(Account { id: to, balance: received });
    Ok(())
}
