//! What `cargo xtask bench module` measures, which nobody runs each day: the script of calls keeps up with the module,
//! and the module stays as small as is wanted.

use anyhow::ensure;
use spacetimedb_lib::{Identity, bsatn};
use worldloom_client::AccessRole;
use worldloom_tests::in_process::{InProcessDatabase, PUBLISHER, run_with_engine};
use worldloom_tests::module_bench::side::Side;
use worldloom_tests::module_bench::{script, uncovered};
use worldloom_tests::module_calls::ModuleCalls;
use worldloom_tests::seed::{Plan, Progress, fill};
use worldloom_tests::{Outcome, binaries};

/// Worlds to play in, and a few who have played there.
const GAME: Plan = Plan { players: 4, worlds: 2, seed: 1 };
/// Guests who go through the script, at once.
const GUESTS: usize = 2;
/// What whoever makes the Service's calls must be.
const ROLES: [AccessRole; 3] = [AccessRole::Service, AccessRole::Moderator, AccessRole::Operator];
/// What the published module may have at most, in bytes: 2 MiB.
const MODULE_BYTES_MAX: usize = 2 * 1024 * 1024;

#[test]
fn the_script_calls_every_procedure_and_is_never_refused() -> Outcome {
    run_with_engine(|job_cores| async move {
        let folder = tempfile::tempdir()?;
        let program = binaries::module("spacetime_module")?;
        let database = InProcessDatabase::launch(folder.path(), program, job_cores).await?;
        let service = Identity::from_claims("localhost", "service");
        let calls_of = |caller| ModuleCalls::InProcess { module: database.module.clone(), caller };
        for role in ROLES {
            calls_of(PUBLISHER).reduce_encoded("grant_role", bsatn::to_vec(&(service, role))?).await?;
        }
        fill(&calls_of(service), GAME, &Progress::default()).await?;

        let side = Side::InProcess { module: database.module.clone(), service };
        let mut guests = side.guests(0, GUESTS).await?;
        for step in script() {
            // A refusal is an error, which names the call.
            step.perform(&mut guests).await?;
        }
        let uncovered = uncovered(&database.module);
        database.exit().await?;
        ensure!(uncovered.is_empty(), "the script in tests/src/module_bench lacks {uncovered:?}");
        Ok(())
    })
}

#[test]
fn the_module_has_less_than_2_mib() -> Outcome {
    let module = binaries::module("spacetime_module")?;
    // `cargo xtask build` keeps beside it what the compiler made, and publishes just that if there is no `wasm-opt`.
    let is_optimized = binaries::module("spacetime_module.unoptimized")? != module;
    ensure!(
        is_optimized,
        "the module is as the compiler made it, {} bytes: install `wasm-opt` (Binaryen), delete target/modules, and \
         run `cargo xtask build`",
        module.len()
    );
    ensure!(module.len() < MODULE_BYTES_MAX, "the module has {} bytes of {MODULE_BYTES_MAX}", module.len());
    Ok(())
}
