//! What requests read of a database, on threads that may wait.
//!
//! Whoever reads a database waits for the engine's lock with the thread that asks for it (`begin_tx` of
//! `spacetimedb-datastore` 2.14). A query of the owner's holds that lock for as long as it takes, be it hours, and once
//! something waits to change the database, everybody who comes to read it waits behind that. On the few threads that
//! serve all requests, one such database would stop the node. There are not so many of the threads that may wait,
//! either: who reads has the database's turn, as those who publish over it do.

use spacetimedb_core::host::ModuleHost;
use spacetimedb_datastore::execution_context::Workload;
use spacetimedb_engine::relational_db::RelationalDB;
use tokio::task::spawn_blocking;

/// Reads a module's database. What has begun goes on when nobody waits for it any more, so the turn has to be held
/// until it is done.
pub async fn read<T: Send + 'static>(
    module: &ModuleHost,
    read: impl FnOnce(&RelationalDB) -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    let database = module.relational_db().clone();
    spawn_blocking(move || read(&database)).await?
}

/// Waits until a module's database can be read. The engine reads it as well when it changes a module or its
/// environment, on a thread that serves all; right after this it finds the lock free, unless something has come in
/// between.
pub async fn until_readable(module: &ModuleHost) -> anyhow::Result<()> {
    let nothing = |database: &RelationalDB| {
        database.with_read_only(Workload::Internal, |_| ());
        Ok(())
    };
    read(module, nothing).await
}
