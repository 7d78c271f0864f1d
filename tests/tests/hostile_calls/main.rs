//! Every entry point of the published game module under arguments of the right shape with hostile
//! values, from every kind of caller.
//!
//! The module may accept or refuse; it may not panic, change anything in a call that it refuses, or in
//! a request that is repeated under its idempotency key, answer with anything but its typed errors, or
//! take longer than a second. The database is full of what players can have, so that calls get past
//! the first look for what they are about.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod arguments;
mod attack;

use std::fs;
use std::path::Path;

use worldloom_tests::binaries;
use worldloom_tests::in_process::{InProcessDatabase, run_with_engine};

use attack::{Attack, Phase};

/// Calls of one run; `HOSTILE_CALLS` asks for another number.
const CALLS: usize = 100_000;
/// Draws the same calls each time; `HOSTILE_SEED` asks for others.
const SEED: u64 = 20_260_501;

/// So many of the 260 entry points may refuse all calls: those that need a secret, a moment or a state that chance does
/// not hit. Were there more, the attack would no longer find its way into the game.
const SHUT_MAX: usize = 90;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

#[test]
fn hostile_calls_are_answered_quickly_and_refusals_change_nothing() {
    let calls = setting("HOSTILE_CALLS").map_or(CALLS, |calls| calls as usize);
    let seed = setting("HOSTILE_SEED").unwrap_or(SEED);
    let (report, panics) = run_with_engine(|job_cores| async move {
        let folder = tempfile::tempdir()?;
        let program = binaries::module("spacetime_module")?;
        let database = InProcessDatabase::launch(folder.path(), program, job_cores).await?;
        let mut attack = Attack::prepare(database.module.clone(), seed).await?;
        for index in 0..calls {
            let phase = if index < calls / 20 * 19 { Phase::Main } else { Phase::Last };
            attack.call_once(phase).await?;
        }
        let report = attack.report();
        database.exit().await?;
        Ok((report, panics(folder.path())?))
    })
    .unwrap();
    println!("{report}");
    assert!(report.faults.is_empty(), "seed {seed}: {:#?}", report.faults);
    assert_eq!(panics, Vec::<String>::new());
    assert_eq!(report.never_called, Vec::<String>::new());
    if calls >= CALLS {
        let shut = &report.never_accepted;
        assert!(shut.len() <= SHUT_MAX, "no call of these {} was accepted: {shut:?}", shut.len());
        assert!(report.replays > 0);
    }
}

/// What the database's log says of panics. Those of timers are told nowhere else, since they answer nobody.
fn panics(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut panics = Vec::new();
    for file in fs::read_dir(folder.join("replicas/1/module_logs"))? {
        let text = fs::read_to_string(file?.path())?;
        panics.extend(text.lines().filter(|line| line.contains(r#""level":"Panic""#)).map(str::to_owned));
    }
    Ok(panics)
}
