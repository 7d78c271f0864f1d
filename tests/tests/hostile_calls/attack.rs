//! The attack: who calls what, and how the answer is judged.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use spacetimedb_core::db::relational_db::RelationalDB;
use spacetimedb_core::host::module_host::ReducerCallError;
use spacetimedb_core::host::{FunctionArgs, ModuleHost, ReducerOutcome};
use spacetimedb_datastore::execution_context::Workload;
use spacetimedb_lib::sats::Typespace;
use spacetimedb_lib::{AlgebraicType, AlgebraicValue, ConnectionId, Identity, ProductType, ProductValue, bsatn};

use worldloom_tests::in_process::PUBLISHER;
use worldloom_tests::module_calls::ModuleCalls;
use worldloom_tests::seed::{Plan, Progress, fill};

use crate::arguments::{Arguments, Row, have_a_key, resolved};

/// The slowest answer that is allowed.
const ANSWER_MAX: Duration = Duration::from_secs(1);
/// A call is at fault if it is so many times in turn: once, the machine may have been busy
/// elsewhere, or a timer of the module's may have run meanwhile.
const ATTEMPTS: usize = 5;
/// Calls between two readings of the tables.
const LEARNING_INTERVAL: usize = 500;
/// Rows of each table that are read.
const LEARNED_ROWS: usize = 40;
/// Faults after which there is no point in going on.
const FAULTS_MAX: usize = 10;
/// What is there before the attack: worlds, and players who have begun everything that one can begin.
const GAME: Plan = Plan { players: 12, worlds: 3, seed: 1 };
/// Of these players, so many make calls.
const CALLING_PLAYERS: u32 = 4;
/// Among the outcomes of an entry point, beside the codes of refusals.
const ACCEPTED: &str = "accepted";
/// Which of the callers is the Service.
const SERVICE: usize = 3;

/// A function that can be called.
struct EntryPoint {
    name: String,
    params: ProductType,
    /// Of a procedure.
    returns: Option<AlgebraicType>,
}

/// When a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Every caller stays in the game.
    Main,
    /// Accounts may be closed, which ends most of what their players can do.
    Last,
}

/// What came of one call.
enum Answer {
    /// With what a procedure has answered.
    Accepted(Option<AlgebraicValue>),
    Refused(String),
    /// Neither: the module panicked, or answered with no typed error.
    Fault(String),
}

/// What came of all calls.
#[derive(Debug, Default)]
pub struct Report {
    pub faults: Vec<String>,
    pub never_called: Vec<String>,
    /// Of those that players or roles can call at all, whatever they say.
    pub never_accepted: Vec<String>,
    /// Requests that were sent again and had no further effect.
    pub replays: usize,
    calls: usize,
    accepted: usize,
    slowest: Duration,
    slowest_name: String,
    outcomes: BTreeMap<String, BTreeMap<String, usize>>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, outcomes) in &self.outcomes {
            writeln!(f, "{name}: {outcomes:?}")?;
        }
        let Report { calls, accepted, replays, slowest, slowest_name, .. } = self;
        write!(f, "{calls} calls, {accepted} accepted, {replays} sent again; slowest {slowest:?} ({slowest_name})")
    }
}

impl Report {
    fn note_time(&mut self, took: Duration, name: String) {
        if took > self.slowest {
            (self.slowest, self.slowest_name) = (took, name);
        }
    }
}

pub struct Attack {
    module: ModuleHost,
    types: Typespace,
    entry_points: Vec<EntryPoint>,
    callers: Vec<Identity>,
    arguments: Arguments,
    rng: StdRng,
    report: Report,
}

impl Attack {
    /// Grants the roles, fills the database, and makes what is there known as possible arguments.
    pub async fn prepare(module: ModuleHost, seed: u64) -> anyhow::Result<Self> {
        let info = module.info();
        let def = &info.module_def;
        let mut entry_points: Vec<_> = def
            .reducers()
            .filter(|reducer| reducer.lifecycle.is_none())
            .map(|reducer| EntryPoint { name: reducer.name.to_string(), params: reducer.params.clone(), returns: None })
            .collect();
        entry_points.extend(def.procedures().map(|procedure| EntryPoint {
            name: procedure.name.to_string(),
            params: procedure.params.clone(),
            returns: Some(procedure.return_type.clone()),
        }));
        let mut callers: Vec<_> = ["alice", "bob", "stranger", "service", "moderator", "operator"]
            .map(|name| Identity::from_claims("localhost", name))
            .to_vec();
        callers.push(PUBLISHER);
        callers.extend((0..CALLING_PLAYERS).map(|number| GAME.player(number)));
        let types = def.typespace().clone();
        let mut attack = Attack {
            module,
            types,
            entry_points,
            callers,
            arguments: Arguments::default(),
            rng: StdRng::seed_from_u64(seed),
            report: Report::default(),
        };
        for (caller, role) in [(SERVICE, 0u8), (4, 1), (5, 2)] {
            let mut args = bsatn::to_vec(&attack.callers[caller])?;
            args.push(role);
            let granted = attack.reducer(PUBLISHER, "grant_role", args).await;
            anyhow::ensure!(matches!(granted, Answer::Accepted(_)), "the roles could not be granted");
        }
        let calls = ModuleCalls::InProcess { module: attack.module.clone(), caller: attack.callers[SERVICE] };
        fill(&calls, GAME, &Progress::default()).await?;
        attack.learn_from_tables()?;
        Ok(attack)
    }

    /// Makes one drawn call and judges the answer.
    pub async fn call_once(&mut self, phase: Phase) -> anyhow::Result<()> {
        anyhow::ensure!(self.report.faults.len() < FAULTS_MAX, "too many faults: {:#?}", self.report.faults);
        if self.report.calls.is_multiple_of(LEARNING_INTERVAL) {
            self.learn_from_tables()?;
        }
        self.report.calls += 1;
        let chosen = self.choose_entry_point(phase);
        let EntryPoint { name, params, .. } = &self.entry_points[chosen];
        let row = self.arguments.choose_row(&self.types, name, params, &mut self.rng);
        let row = row.filter(|_| self.rng.gen_ratio(2, 3));
        let owner = row.and_then(|row| self.owner(row)).filter(|_| self.rng.gen_ratio(3, 4));
        let caller = owner.unwrap_or_else(|| self.callers[self.rng.gen_range(0..self.callers.len())]);
        let args = self.arguments.draw(&self.types, params, row, &mut self.rng);
        self.judge(chosen, caller, args).await
    }

    /// The caller that a row belongs to.
    fn owner(&self, row: &Row) -> Option<Identity> {
        let identity = bsatn::from_slice(row.identity()?).ok()?;
        self.callers.iter().copied().find(|caller| *caller == identity)
    }

    /// Any of them alike, but until the last phase none that takes a caller out of the game.
    fn choose_entry_point(&mut self, phase: Phase) -> usize {
        loop {
            let chosen = self.rng.gen_range(0..self.entry_points.len());
            if phase == Phase::Last || !self.entry_points[chosen].name.starts_with("close_account") {
                return chosen;
            }
        }
    }

    async fn judge(&mut self, chosen: usize, caller: Identity, args: Vec<u8>) -> anyhow::Result<()> {
        let name = self.entry_points[chosen].name.clone();
        let mut suspicion = String::new();
        for _ in 0..ATTEMPTS {
            let before = last_transaction(&self.module);
            let started = Instant::now();
            let answer = self.answer(chosen, caller, args.clone()).await?;
            let took = started.elapsed();
            let after = last_transaction(&self.module);
            self.note(&name, &answer, &args);
            if took > ANSWER_MAX {
                suspicion = format!("{name} takes more than {ANSWER_MAX:?} each time");
            } else if matches!(answer, Answer::Refused(_)) && before != after {
                suspicion = format!("{name} is refused and yet changes something");
            } else {
                self.report.note_time(took, name);
                return match answer {
                    Answer::Accepted(value) => self.send_again(chosen, caller, args, value).await,
                    _ => Ok(()),
                };
            }
        }
        self.report.faults.push(suspicion);
        Ok(())
    }

    fn note(&mut self, name: &str, answer: &Answer, args: &[u8]) {
        let outcome = match answer {
            Answer::Accepted(_) => {
                self.report.accepted += 1;
                ACCEPTED
            }
            Answer::Refused(code) => code,
            Answer::Fault(text) => {
                self.report.faults.push(format!("{name}: {text}; arguments {args:02x?}"));
                "fault"
            }
        };
        *self.report.outcomes.entry(name.to_owned()).or_default().entry(outcome.to_owned()).or_default() += 1;
    }

    /// A request with an idempotency key that was accepted has the same answer when it comes again, and no effect.
    async fn send_again(
        &mut self,
        chosen: usize,
        caller: Identity,
        args: Vec<u8>,
        first: Option<AlgebraicValue>,
    ) -> anyhow::Result<()> {
        if !have_a_key(&self.types, &self.entry_points[chosen].params) {
            return Ok(());
        }
        let mut suspicion = String::new();
        for _ in 0..ATTEMPTS {
            let before = last_transaction(&self.module);
            let answer = self.answer(chosen, caller, args.clone()).await?;
            let has_changed = before != last_transaction(&self.module);
            suspicion = match answer {
                Answer::Accepted(again) if again == first && !has_changed => {
                    self.report.replays += 1;
                    return Ok(());
                }
                Answer::Accepted(again) if again == first => "changes something".to_owned(),
                Answer::Accepted(again) => format!("is answered {again:?} after {first:?}"),
                Answer::Refused(code) => format!("is refused as {code}"),
                Answer::Fault(text) => format!("fails: {text}"),
            };
        }
        let name = &self.entry_points[chosen].name;
        self.report.faults.push(format!("{name}, sent again unchanged, {suspicion}; arguments {args:02x?}"));
        Ok(())
    }

    async fn answer(&mut self, chosen: usize, caller: Identity, args: Vec<u8>) -> anyhow::Result<Answer> {
        let name = self.entry_points[chosen].name.clone();
        match self.entry_points[chosen].returns.clone() {
            Some(returns) => self.procedure(caller, &name, args, &returns).await,
            None => Ok(self.reducer(caller, &name, args).await),
        }
    }

    async fn reducer(&self, caller: Identity, name: &str, args: Vec<u8>) -> Answer {
        let args = FunctionArgs::Bsatn(args.into());
        let called = self.module.call_reducer(caller, connection(), None, None, None, name, args).await;
        match called.map(|called| called.outcome) {
            Ok(ReducerOutcome::Committed) => Answer::Accepted(None),
            Ok(ReducerOutcome::Failed(text)) => refusal(&text),
            Ok(ReducerOutcome::BudgetExceeded) => Answer::Fault("used up its budget".to_owned()),
            // Scheduled reducers exist for the owner alone.
            Err(ReducerCallError::NoSuchReducer) => Answer::Refused("no_such_reducer".to_owned()),
            Err(error) => Answer::Fault(error.to_string()),
        }
    }

    async fn procedure(
        &mut self,
        caller: Identity,
        name: &str,
        args: Vec<u8>,
        returns: &AlgebraicType,
    ) -> anyhow::Result<Answer> {
        let args = FunctionArgs::Bsatn(args.into());
        let called = self.module.call_procedure(caller, connection(), None, name, args, false).await;
        let value = match called.result {
            Ok(answered) => answered.return_val,
            Err(error) => return Ok(Answer::Fault(error.to_string())),
        };
        self.arguments.learn(&self.types, "", returns, &value, &mut self.rng);
        let AlgebraicValue::Sum(result) = &value else {
            return Ok(Answer::Fault(format!("answered {value:?}")));
        };
        Ok(match result.tag {
            0 => Answer::Accepted(Some(value)),
            _ => Answer::Refused(self.code_name(returns, &result.value)),
        })
    }

    /// The name of the code in a procedure's error, whose first field it is.
    fn code_name(&self, returns: &AlgebraicType, error: &AlgebraicValue) -> String {
        let name = || {
            let error_type = &returns.as_sum()?.variants.get(1)?.algebraic_type;
            let code_type = &resolved(&self.types, error_type).as_product()?.elements.first()?.algebraic_type;
            let tag = error.as_product()?.elements.first()?.as_sum()?.tag;
            resolved(&self.types, code_type)
                .as_sum()?
                .variants
                .get(usize::from(tag))?
                .name()
                .map(|name| name.to_string())
        };
        name().unwrap_or_else(|| format!("{error:?}"))
    }

    fn learn_from_tables(&mut self) -> anyhow::Result<()> {
        let database = self.module.relational_db().clone();
        let info = self.module.info();
        self.arguments.forget_rows();
        for table in info.module_def.tables() {
            let shape = info.module_def.typespace()[table.product_type_ref].as_product();
            let Some(shape) = shape else { continue };
            for row in rows_of(&database, &table.name)? {
                self.arguments.learn_row(&self.types, &table.name, shape, &row, &mut self.rng);
            }
        }
        Ok(())
    }

    /// The result, and the entry points that were never drawn, or never accepted.
    pub fn report(self) -> Report {
        let mut report = self.report;
        for EntryPoint { name, .. } in self.entry_points {
            match report.outcomes.get(&name) {
                None => report.never_called.push(name),
                Some(outcomes) if !outcomes.contains_key(ACCEPTED) => report.never_accepted.push(name),
                Some(_) => {}
            }
        }
        report.never_accepted.sort_unstable();
        report
    }
}

/// Calls without a connection would be the engine's own.
fn connection() -> Option<ConnectionId> {
    Some(ConnectionId::from_u128(1))
}

/// A reducer's refusal is `<code>: <sentence>`; a panic's message is not.
fn refusal(text: &str) -> Answer {
    match text.split_once(": ") {
        Some((code, _)) if code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') => {
            Answer::Refused(code.to_owned())
        }
        _ => Answer::Fault(format!("said {text:?}")),
    }
}

/// Number of the last transaction that changed anything.
fn last_transaction(module: &ModuleHost) -> u64 {
    let database = module.relational_db();
    let (offset, ..) = database.release_tx(database.begin_tx(Workload::Internal));
    offset
}

fn rows_of(database: &RelationalDB, table: &str) -> anyhow::Result<Vec<ProductValue>> {
    database.with_read_only(Workload::Internal, |tx| {
        let Some(table_id) = database.table_id_from_name(tx, table)? else { return Ok(Vec::new()) };
        Ok(database.iter(tx, table_id)?.take(LEARNED_ROWS).map(|row| row.to_product_value()).collect())
    })
}
