//! References to what a task has made.

use module_rules::{RuleError, TextRule, check_limit};

/// Longest kind of a result, in bytes.
pub const RESULT_KIND_LENGTH_MAX: usize = 64;
/// Longest id of a result, in bytes.
pub const RESULT_ID_LENGTH_MAX: usize = 128;
/// Most results of one task.
pub const RESULTS_PER_TASK_MAX: u64 = 64;

const RESULT_KIND: TextRule =
    TextRule::key("result_kind", "The length of `result_kind` in bytes", RESULT_KIND_LENGTH_MAX);
const RESULT_ID: TextRule = TextRule {
    field: "result_id",
    length: "The length of `result_id` in bytes",
    length_max: RESULT_ID_LENGTH_MAX,
    rule: "use letters, digits and ._:-",
    accepts: |id| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte)),
};

/// Checks the kind (such as `custom_world_draft`) and the id of a result.
///
/// Errors: `AboveLimit` or `Malformed`, naming the argument.
pub fn check_result(result_kind: &str, result_id: &str) -> Result<(), RuleError> {
    RESULT_KIND.check(result_kind)?;
    RESULT_ID.check(result_id)
}

/// Errors: `AboveLimit` if a task with `attached` results may not have another.
pub fn check_result_count(attached: u64) -> Result<(), RuleError> {
    check_limit("The number of results of a task", RESULTS_PER_TASK_MAX, attached.saturating_add(1))
}
