//! A limit on the rows that one query of a stranger may go through.
//!
//! Everybody may read the engine's own tables, such as that of all columns, and join them without a condition: each row
//! with each, four of them are a thousand million rows. A query has no limit of time, because it runs outside of
//! WebAssembly, and keeps in memory what it finds. The engine has a limit for that: before a query or a subscription of
//! anybody but the owner runs, its rows by the engine's own estimate are compared with the variable `row_limit` of the
//! database (`check_row_limit` of `spacetimedb-core` 2.14). As long as nobody has set the variable, there is none.

use std::time::Duration;

use spacetimedb_core::host::ModuleHost;
use spacetimedb_core::sql::execute;
use spacetimedb_lib::Identity;
use spacetimedb_lib::identity::AuthCtx;
use tokio::time::timeout;

/// How long a launch waits for the limit. A module that is busy for longer runs all the same, and gets it afterwards.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Gives a database its limit if it has none. It stays in the database, where its owner may change it; zero gives none.
pub(super) async fn give(module: &ModuleHost, owner: Identity, limit: u64) {
    if limit == 0 {
        return;
    }
    let module = module.clone();
    let giving = tokio::spawn(async move {
        if let Err(cause) = set_if_unset(&module, owner, limit).await {
            let database = module.relational_db().database_identity();
            tracing::warn!(%database, "The database has no limit on the rows of a query yet: {cause:#}");
        }
    });
    // Late or not, the database is served.
    let _ = timeout(WAIT_MAX, giving).await;
}

async fn set_if_unset(module: &ModuleHost, owner: Identity, limit: u64) -> anyhow::Result<()> {
    if is_set(module, owner).await? {
        return Ok(());
    }
    let set = run(module, owner, format!("SET row_limit = {limit}")).await;
    // Whoever else has launched this database may have been faster.
    if set.is_err() && is_set(module, owner).await? { Ok(()) } else { set.map(drop) }
}

async fn is_set(module: &ModuleHost, owner: Identity) -> anyhow::Result<bool> {
    let rows = run(module, owner, "SELECT * FROM st_var WHERE name = 'row_limit'".to_owned()).await?;
    Ok(rows > 0)
}

/// Runs a statement as the owner would; returns the number of its rows.
async fn run(module: &ModuleHost, owner: Identity, statement: String) -> anyhow::Result<usize> {
    let (database, subscriptions) = (module.relational_db().clone(), module.subscriptions().clone());
    let (owner, mut head) = (AuthCtx::for_current(owner), Vec::new());
    let result = execute::run(database, statement, owner, Some(subscriptions), Some(module.clone()), &mut head).await?;
    Ok(result.rows.len())
}
