//! Rules of generation tasks: leases, stages, chunks, attempts.
//!
//! A player asks for a task; a worker of the facade takes a lease on it, works through its stages
//! one after the other, appends text to them as it arrives, and ends it. Several facades work at
//! once and any of them may die at any time, so everything that a worker does names its lease.
//!
//! Pure: no engine, no clock, no storage, no randomness of its own. Times are microseconds since
//! the Unix epoch and come from the caller. Every limit is a constant here and appears in the
//! error it causes.

mod authority;
mod chunk;
mod lease;
mod quota;
mod request;
mod result;
mod stage;
mod task;
mod usage;

pub use authority::{TaskStanding, check_cancel, check_read, task_standing};
pub use chunk::{
    Append, CHUNK_BATCH_MAX, CHUNK_LENGTH_MAX, CHUNK_LISTING_MAX, CHUNKS_PER_STAGE_MAX, STAGE_TEXT_LENGTH_MAX,
    check_chunk_batch, check_chunk_listing, check_chunk_text,
};
pub use lease::{
    LEASE_SECONDS_MAX, LEASE_SECONDS_MIN, LEASE_TOKEN_LENGTH_MAX, Lease, check_lease_seconds, check_lease_token,
    lease_expiry,
};
pub use quota::{TOKENS_PER_DAY, TOKENS_PER_DAY_MAX, TokenAccount, check_quota};
pub use request::{
    ATTEMPTS_MAX, FINISHED_TASKS_MAX, KIND_LENGTH_MAX, KINDS_PER_CALL_MAX, OPEN_TASKS_MAX, REQUEST_LENGTH_MAX,
    STAGE_TITLE_LENGTH_MAX, STAGES_MAX, StagePlan, TaskRequest, check_kinds, check_open_tasks,
};
pub use result::{
    RESULT_ID_LENGTH_MAX, RESULT_KIND_LENGTH_MAX, RESULTS_PER_TASK_MAX, check_result, check_result_count,
};
pub use stage::{StageState, StageStatus, check_all_completed, check_earlier_completed, transition_stage};
pub use task::{
    ERROR_LENGTH_MAX, LEASE_LOST, Outlook, RETRY_PAUSE_MAX_MICROS, RETRY_PAUSE_MICROS, Step, TaskState, TaskStatus,
    check_error, check_forgettable, retry_pause, transition_task,
};
pub use usage::{TOKENS_PER_REPORT_MAX, TokenUsage};
