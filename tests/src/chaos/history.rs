//! What clients asked, when, and what they were told.

use std::fmt::{self, Display};
use std::time::Instant;

/// Time since the run began, in microseconds, by a clock that no fault touches.
pub type Micros = u64;

/// The end of a request that nobody answered: it may take effect at any time after its beginning.
pub const NEVER: Micros = Micros::MAX;

/// Tells the time since the run began.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Instant);

impl Clock {
    /// A clock that shows 0.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The time.
    pub fn now(&self) -> Micros {
        Micros::try_from(self.0.elapsed().as_micros()).unwrap_or(NEVER)
    }
}

/// What became of a request, as far as the client knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told<T> {
    /// It was done, with this result. With confirmed reads that holds for good.
    Done(T),
    /// It was not done, and never will be.
    Refused(String),
    /// There was no answer, or one that leaves it open.
    Nothing,
}

impl<T> Told<T> {
    /// The same with another form of the result.
    pub fn map<U>(self, shape: impl FnOnce(T) -> U) -> Told<U> {
        match self {
            Told::Done(result) => Told::Done(shape(result)),
            Told::Refused(reason) => Told::Refused(reason),
            Told::Nothing => Told::Nothing,
        }
    }

    /// The result, if there is one.
    pub fn done(&self) -> Option<&T> {
        match self {
            Told::Done(result) => Some(result),
            _ => None,
        }
    }
}

/// A request and its answer. Repetitions of a request under one idempotency key are one request, from the first
/// attempt to the answer that settled it.
#[derive(Clone, Debug)]
pub struct Asked<C, T> {
    /// Number of the client.
    pub client: u32,
    /// What was asked.
    pub call: C,
    /// When it was sent first.
    pub begun: Micros,
    /// When the answer had arrived; [`NEVER`] without one.
    pub ended: Micros,
    /// The answer.
    pub told: Told<T>,
}

impl<C: Display, T: Display> Display for Asked<C, T> {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { client, call, begun, ended, told } = self;
        write!(text, "{} to {}, client {client}: {call}: ", Seconds(*begun), Seconds(*ended))?;
        match told {
            Told::Done(result) => write!(text, "{result}"),
            Told::Refused(reason) => write!(text, "refused, {reason}"),
            Told::Nothing => write!(text, "no answer"),
        }
    }
}

/// Something that was lost or not answered although nothing was wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disturbance {
    /// When the attempt began.
    pub begun: Micros,
    /// When it was given up.
    pub ended: Micros,
    /// What it was.
    pub what: String,
}

impl Display for Disturbance {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(text, "{} to {}: {}", Seconds(self.begun), Seconds(self.ended), self.what)
    }
}

/// A time, as histories show it.
pub struct Seconds(pub Micros);

impl Display for Seconds {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            NEVER => write!(text, "never"),
            micros => write!(text, "{:.6} s", micros as f64 / 1e6),
        }
    }
}
