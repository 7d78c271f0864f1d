//! A step of the script: one entry point, and one valid call of it for each guest.

use std::any::Any;
use std::time::{Duration, Instant};

use anyhow::Context;
use spacetimedb_lib::de::DeserializeOwned;

use super::guest::{Arguments, Guest};
use crate::module_calls::ModuleCalls;

/// Who makes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The guest.
    Guest,
    /// The Service, which also moderates and operates.
    Service,
}

/// What an entry point is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Has an answer.
    Procedure,
    /// Has none.
    Reducer,
}

/// One call of each guest.
#[derive(Clone, Copy)]
pub struct Step {
    /// The entry point.
    pub name: &'static str,
    /// Who calls it.
    pub caller: Caller,
    /// What it is.
    pub kind: Kind,
    /// Whether it is measured; otherwise it makes ready for what follows.
    pub is_measured: bool,
    arguments: fn(&Guest) -> Arguments,
    keep: fn(&mut Guest, &[u8]) -> anyhow::Result<()>,
}

/// A procedure that the guest calls; its answer is kept.
pub const fn asks<T: Any + Send + DeserializeOwned>(name: &'static str, arguments: fn(&Guest) -> Arguments) -> Step {
    let (caller, kind) = (Caller::Guest, Kind::Procedure);
    Step { name, caller, kind, is_measured: true, arguments, keep: Guest::keep_encoded::<T> }
}

/// A procedure that the Service calls; its answer is kept.
pub const fn serves<T: Any + Send + DeserializeOwned>(name: &'static str, arguments: fn(&Guest) -> Arguments) -> Step {
    Step { caller: Caller::Service, ..asks::<T>(name, arguments) }
}

/// A reducer that the guest calls.
pub const fn reduces(name: &'static str, arguments: fn(&Guest) -> Arguments) -> Step {
    let (caller, kind) = (Caller::Guest, Kind::Reducer);
    Step { name, caller, kind, is_measured: true, arguments, keep: |_, _| Ok(()) }
}

impl Step {
    /// The same, not measured.
    pub const fn unmeasured(self) -> Step {
        Step { is_measured: false, ..self }
    }

    /// The same, not measured, with an answer that may be a refusal and is not kept.
    pub const fn refused_or_not(self) -> Step {
        Step { is_measured: false, keep: |_, _| Ok(()), ..self }
    }
}

/// How long a step took for all guests.
#[derive(Clone, Debug)]
pub struct Timing {
    /// From the first call to the last answer.
    pub all: Duration,
    /// Each call by itself, in no order.
    pub each: Vec<Duration>,
}

impl Step {
    /// Makes the call of all guests at once.
    pub async fn perform(&self, guests: &mut [Guest]) -> anyhow::Result<Timing> {
        let mut prepared = Vec::with_capacity(guests.len());
        for guest in &*guests {
            let calls = match self.caller {
                Caller::Guest => guest.calls.clone(),
                Caller::Service => guest.service.clone(),
            };
            let arguments = (self.arguments)(guest).with_context(|| format!("before {}", self.name))?;
            prepared.push((calls, arguments));
        }
        let started = Instant::now();
        let (name, kind) = (self.name, self.kind);
        let calls: Vec<_> =
            prepared.into_iter().map(|(calls, arguments)| tokio::spawn(call(calls, kind, name, arguments))).collect();
        let mut answers = Vec::with_capacity(calls.len());
        for call in calls {
            answers.push(call.await??);
        }
        let all = started.elapsed();
        for (guest, (answer, _)) in guests.iter_mut().zip(&answers) {
            (self.keep)(guest, answer).with_context(|| name)?;
        }
        Ok(Timing { all, each: answers.into_iter().map(|(_, took)| took).collect() })
    }
}

async fn call(
    calls: ModuleCalls,
    kind: Kind,
    name: &'static str,
    arguments: Vec<u8>,
) -> anyhow::Result<(Vec<u8>, Duration)> {
    let sent = Instant::now();
    let answer = match kind {
        Kind::Procedure => calls.call_encoded(name, arguments).await?,
        Kind::Reducer => {
            calls.reduce_encoded(name, arguments).await?;
            Vec::new()
        }
    };
    Ok((answer, sent.elapsed()))
}
