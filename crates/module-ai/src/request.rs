//! Asking for a task: what is to be made, in which stages, and how often to try.

use module_rules::{RuleError, TextRule, check_limit};

/// Longest kind of a task or key of a stage, in bytes.
pub const KIND_LENGTH_MAX: usize = 64;
/// Longest request, in bytes: 32 KiB.
pub const REQUEST_LENGTH_MAX: usize = 32 * 1024;
/// Longest title of a stage, in bytes.
pub const STAGE_TITLE_LENGTH_MAX: usize = 128;
/// Most stages of a task.
pub const STAGES_MAX: u64 = 16;
/// Most attempts at a task.
pub const ATTEMPTS_MAX: u32 = 5;
/// Most tasks of one player that are pending or running.
pub const OPEN_TASKS_MAX: u64 = 8;
/// How many of a player's finished tasks are kept; the oldest goes as another one ends.
pub const FINISHED_TASKS_MAX: usize = 50;
/// Most kinds of tasks that a worker asks for in one call.
pub const KINDS_PER_CALL_MAX: u64 = 16;

const KIND: TextRule = TextRule::key("kind", "The length of `kind` in bytes", KIND_LENGTH_MAX);
const REQUEST: TextRule = TextRule {
    field: "request",
    length: "The length of `request` in bytes",
    length_max: REQUEST_LENGTH_MAX,
    rule: "use text that is more than blanks, without zero bytes",
    accepts: |text| !text.contains('\0') && !text.trim().is_empty(),
};
const STAGE_KEY: TextRule = TextRule::key("stages.key", "The length of a stage's `key` in bytes", KIND_LENGTH_MAX);
const STAGE_TITLE: TextRule =
    TextRule::prose("stages.title", "The length of a stage's `title` in bytes", STAGE_TITLE_LENGTH_MAX);

/// One stage to go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StagePlan<'a> {
    /// What the stage is, such as `outline`; unique within the task.
    pub key: &'a str,
    /// For people.
    pub title: &'a str,
}

/// A task to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRequest<'a> {
    /// What is to be made, such as `world-outline`. Workers ask for tasks by it.
    pub kind: &'a str,
    /// Text or JSON that the worker understands.
    pub request: &'a str,
    /// The stages in their order.
    pub stages: Vec<StagePlan<'a>>,
    /// How often a worker may begin it.
    pub attempts_max: u32,
}

impl TaskRequest<'_> {
    /// Checks each argument by itself.
    ///
    /// Errors: `AboveLimit` or `Malformed`, naming the argument.
    pub fn check(&self) -> Result<(), RuleError> {
        KIND.check(self.kind)?;
        REQUEST.check(self.request)?;
        if self.attempts_max == 0 {
            return Err(RuleError::Malformed { field: "attempts_max", rule: "allow at least one attempt" });
        }
        check_limit("The number of attempts at a task", u64::from(ATTEMPTS_MAX), u64::from(self.attempts_max))?;
        self.check_stages()
    }

    fn check_stages(&self) -> Result<(), RuleError> {
        check_limit("The number of stages of a task", STAGES_MAX, self.stages.len() as u64)?;
        if self.stages.is_empty() {
            return Err(RuleError::Malformed { field: "stages", rule: "a task has at least one stage" });
        }
        for (position, stage) in self.stages.iter().enumerate() {
            STAGE_KEY.check(stage.key)?;
            STAGE_TITLE.check(stage.title)?;
            if self.stages.iter().take(position).any(|earlier| earlier.key == stage.key) {
                return Err(RuleError::Malformed { field: "stages.key", rule: "use each key once in a task" });
            }
        }
        Ok(())
    }
}

/// Errors: `AboveLimit` if a player of `open` tasks may not ask for another.
pub fn check_open_tasks(open: u64) -> Result<(), RuleError> {
    check_limit("The number of a player's pending and running tasks", OPEN_TASKS_MAX, open.saturating_add(1))
}

/// Checks the kinds that a worker asks for.
///
/// Errors: `Malformed` if there is none or one breaks its syntax, `AboveLimit`.
pub fn check_kinds<K: AsRef<str>>(kinds: &[K]) -> Result<(), RuleError> {
    check_limit("The number of kinds in one call", KINDS_PER_CALL_MAX, kinds.len() as u64)?;
    if kinds.is_empty() {
        return Err(RuleError::Malformed { field: "kinds", rule: "ask for at least one kind" });
    }
    kinds.iter().try_for_each(|kind| KIND.check(kind.as_ref()))
}
