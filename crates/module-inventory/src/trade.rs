//! The life of a trade: open until both sides have accepted the same offers, or one has had
//! enough, or its time is over.

use module_rules::{RuleError, check_limit, check_same};

/// How long a trade stays open: one day, in microseconds.
pub const TRADE_LIFETIME_MICROS: i64 = 24 * 60 * 60 * 1_000_000;
/// How long a settled trade is kept to be looked at: 30 days, in microseconds. Not shorter than
/// a request is remembered, so that a repeated offer finds the trade that it made.
pub const TRADE_RETENTION_MICROS: i64 = module_rules::IDEMPOTENCY_KEY_LIFETIME_MICROS;
/// How many settled trades of one proposer are kept in each state; the oldest give way.
pub const SETTLED_TRADES_KEPT: usize = 16;
/// How many settled trades that were proposed to one player are kept in each state; the oldest give
/// way, whoever proposed them. So nobody fills another player's list by proposing and cancelling, not
/// even under many identities.
pub const SETTLED_TRADES_RECEIVED_KEPT: usize = 32;
/// Most open trades that one player has proposed.
pub const OPEN_TRADES_OFFERED_MAX: u64 = 8;
/// Most open trades that have been proposed to one player.
pub const OPEN_TRADES_RECEIVED_MAX: u64 = 64;

/// How far a trade has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TradeStatus {
    /// Both sides may change their offers, and accept.
    Open,
    /// Both accepted, and the items have changed hands.
    Completed,
    /// The partner did not want it.
    Declined,
    /// The proposer took it back.
    Cancelled,
    /// Its time was over.
    Expired,
}

impl TradeStatus {
    /// Every state.
    pub const ALL: [TradeStatus; 5] = [
        TradeStatus::Open,
        TradeStatus::Completed,
        TradeStatus::Declined,
        TradeStatus::Cancelled,
        TradeStatus::Expired,
    ];

    /// The state's name, as it appears in errors.
    pub const fn name(self) -> &'static str {
        match self {
            TradeStatus::Open => "open",
            TradeStatus::Completed => "completed",
            TradeStatus::Declined => "declined",
            TradeStatus::Cancelled => "cancelled",
            TradeStatus::Expired => "expired",
        }
    }
}

/// The two sides of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TradeSide {
    /// Who proposed it.
    Proposer,
    /// To whom it was proposed.
    Partner,
}

impl TradeSide {
    /// The side's name, as it appears in errors.
    pub const fn name(self) -> &'static str {
        match self {
            TradeSide::Proposer => "the proposer",
            TradeSide::Partner => "the partner",
        }
    }
}

/// What a legal transition does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TradeStep {
    /// The trade is already there: a repeated request, to be answered like the first.
    Already,
    /// The trade moves.
    Moved,
}

/// Decides the step from one state to another: an open trade is settled once.
///
/// Errors: `IllegalTransition` out of a settled state, and back to open.
pub fn trade_transition(from: TradeStatus, to: TradeStatus) -> Result<TradeStep, RuleError> {
    match (from, to) {
        (from, to) if from == to => Ok(TradeStep::Already),
        (TradeStatus::Open, _) => Ok(TradeStep::Moved),
        (from, to) => Err(illegal(from, to.name())),
    }
}

/// What the decisions about a trade look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradeStanding {
    /// How far it has come.
    pub status: TradeStatus,
    /// Number of its present offers, from 1; each change of either side raises it.
    pub revision: u32,
    /// The side that has accepted the present offers, if one has.
    pub accepted_by: Option<TradeSide>,
    /// When it lapses, in microseconds since the epoch.
    pub expires_at: i64,
}

/// What an acceptance does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// This side has accepted these offers before.
    Already,
    /// The other side has yet to accept.
    Noted,
    /// Both sides have accepted the same offers: the items change hands.
    Completes,
}

/// Decides what comes of `side` accepting the offers of `revision`.
///
/// Errors: `IllegalTransition` if the trade is settled otherwise or its time is over; `Differs`
/// if an offer has changed since that revision.
pub fn accept_trade(trade: &TradeStanding, side: TradeSide, revision: u32, now: i64) -> Result<Acceptance, RuleError> {
    let step = trade_transition(trade.status, TradeStatus::Completed)?;
    check_trade_revision(trade, revision)?;
    if step == TradeStep::Already {
        return Ok(Acceptance::Already);
    }
    check_in_time(trade, "completed", now)?;
    Ok(match trade.accepted_by {
        None => Acceptance::Noted,
        Some(accepted) if accepted == side => Acceptance::Already,
        Some(_) => Acceptance::Completes,
    })
}

/// The revision after a change of one side's offer. Nobody has accepted it yet.
///
/// Errors: `IllegalTransition` if the trade is settled or its time is over; `Differs` if an offer
/// has changed since `revision`; `AboveLimit` after the last revision that can be numbered.
pub fn revise_trade(trade: &TradeStanding, revision: u32, now: i64) -> Result<u32, RuleError> {
    if trade.status != TradeStatus::Open {
        return Err(illegal(trade.status, "revised"));
    }
    check_in_time(trade, "revised", now)?;
    check_trade_revision(trade, revision)?;
    let next = trade.revision.checked_add(1);
    let limit = u64::from(u32::MAX);
    next.ok_or(RuleError::AboveLimit { what: "The revision of a trade", limit, actual: limit + 1 })
}

/// Decides whether `side` may settle a trade without an exchange: the proposer cancels, the
/// partner declines. Also past its time, which ends the same way.
///
/// Errors: `Differs` for the wrong side; `IllegalTransition` if it is settled otherwise.
pub fn settle_trade(status: TradeStatus, to: TradeStatus, side: TradeSide) -> Result<TradeStep, RuleError> {
    let (what, may) = match to {
        TradeStatus::Cancelled => ("The side that cancels a trade", TradeSide::Proposer),
        TradeStatus::Declined => ("The side that declines a trade", TradeSide::Partner),
        TradeStatus::Open | TradeStatus::Completed | TradeStatus::Expired => return Err(illegal(status, to.name())),
    };
    check_same(what, may.name(), side.name())?;
    trade_transition(status, to)
}

/// What the timer of a trade has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TradeTimer {
    /// Come again at this time.
    Wait(i64),
    /// The trade's time is over.
    Expire,
    /// The trade has been kept long enough.
    Forget,
}

/// Decides what the timer does at `now`; `settled_at` only matters for a settled trade.
pub fn trade_timer(status: TradeStatus, expires_at: i64, settled_at: i64, now: i64) -> TradeTimer {
    let forgotten_at = settled_at.saturating_add(TRADE_RETENTION_MICROS);
    match status {
        TradeStatus::Open if expires_at <= now => TradeTimer::Expire,
        TradeStatus::Open => TradeTimer::Wait(expires_at),
        _ if forgotten_at <= now => TradeTimer::Forget,
        _ => TradeTimer::Wait(forgotten_at),
    }
}

/// Errors: `AboveLimit` if a player with `open` proposed trades may not propose another.
pub fn check_offered_trades(open: u64) -> Result<(), RuleError> {
    check_limit("The number of open trades of one proposer", OPEN_TRADES_OFFERED_MAX, open.saturating_add(1))
}

/// Errors: `AboveLimit` if a player to whom `open` trades are proposed may not get another.
pub fn check_received_trades(open: u64) -> Result<(), RuleError> {
    check_limit("The number of open trades with one partner", OPEN_TRADES_RECEIVED_MAX, open.saturating_add(1))
}

fn check_trade_revision(trade: &TradeStanding, revision: u32) -> Result<(), RuleError> {
    check_same("The revision of the trade", &trade.revision.to_string(), &revision.to_string())
}

fn check_in_time(trade: &TradeStanding, to: &'static str, now: i64) -> Result<(), RuleError> {
    // The schedule may not have come round yet; its verdict must not depend on that.
    if trade.expires_at <= now { Err(illegal(TradeStatus::Expired, to)) } else { Ok(()) }
}

fn illegal(from: TradeStatus, to: &'static str) -> RuleError {
    RuleError::IllegalTransition { what: "A trade", from: from.name(), to, advice: " Propose a new one." }
}
