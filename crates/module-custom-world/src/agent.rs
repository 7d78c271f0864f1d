//! Conversations with a creation agent: their messages and the operations that it proposes.

use module_rules::{RuleError, TextRule, check_limit};

/// Longest title of a conversation, in bytes.
pub const CONVERSATION_TITLE_LENGTH_MAX: usize = 120;
/// Longest message, in bytes.
pub const MESSAGE_LENGTH_MAX: usize = 16_384;
/// Most conversations about one world, open or closed.
pub const CONVERSATIONS_PER_WORLD_MAX: u64 = 20;
/// Most messages in one conversation.
pub const MESSAGES_PER_CONVERSATION_MAX: u64 = 500;
/// Most operations in one proposal.
pub const OPERATIONS_PER_PROPOSAL_MAX: u64 = 50;
/// Most operations in one conversation, settled or not.
pub const OPERATIONS_PER_CONVERSATION_MAX: u64 = 500;
/// Most rows that one call lists.
pub const CONVERSATION_LISTING_MAX: u64 = 100;

const TITLE: TextRule = TextRule::prose("title", "The length of `title` in bytes", CONVERSATION_TITLE_LENGTH_MAX);
const TEXT: TextRule = TextRule::prose("text", "The length of `text` in bytes", MESSAGE_LENGTH_MAX);

/// Whether a conversation goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConversationStatus {
    /// It goes on.
    Open,
    /// It is over; what was said stays.
    Closed,
}

impl ConversationStatus {
    /// Every status.
    pub const ALL: [ConversationStatus; 2] = [ConversationStatus::Open, ConversationStatus::Closed];

    /// The status's name, as it appears in errors.
    pub const fn name(self) -> &'static str {
        match self {
            ConversationStatus::Open => "open",
            ConversationStatus::Closed => "closed",
        }
    }
}

/// How far an operation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperationStatus {
    /// The author has not decided.
    Proposed,
    /// The author took it, and the draft has changed.
    Accepted,
    /// The author did not want it.
    Rejected,
    /// The place that it is about has changed, or the conversation was closed.
    Superseded,
}

impl OperationStatus {
    /// Every status.
    pub const ALL: [OperationStatus; 4] =
        [OperationStatus::Proposed, OperationStatus::Accepted, OperationStatus::Rejected, OperationStatus::Superseded];

    /// The status's name, as it appears in errors.
    pub const fn name(self) -> &'static str {
        match self {
            OperationStatus::Proposed => "proposed",
            OperationStatus::Accepted => "accepted",
            OperationStatus::Rejected => "rejected",
            OperationStatus::Superseded => "superseded",
        }
    }
}

/// What a legal transition of a conversation or an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentStep {
    /// It is already there: a repeated request, to be answered like the first.
    Already,
    /// It moves.
    Moved,
}

/// Decides the step of a conversation from one status to another.
///
/// Errors: `IllegalTransition` for a conversation that is over.
pub fn conversation_transition(from: ConversationStatus, to: ConversationStatus) -> Result<AgentStep, RuleError> {
    use ConversationStatus::{Closed, Open};
    match (from, to) {
        (Open, Open) | (Closed, Closed) => Ok(AgentStep::Already),
        (Open, Closed) => Ok(AgentStep::Moved),
        (Closed, Open) => Err(RuleError::IllegalTransition {
            what: "A conversation",
            from: from.name(),
            to: to.name(),
            advice: " Begin a new one.",
        }),
    }
}

/// Decides the step of an operation from one status to another. A decision is final.
///
/// Errors: `IllegalTransition` for an operation that is settled otherwise.
pub fn operation_transition(from: OperationStatus, to: OperationStatus) -> Result<AgentStep, RuleError> {
    use OperationStatus::{Accepted, Proposed, Rejected, Superseded};
    match (from, to) {
        (Proposed, Proposed) | (Accepted, Accepted) | (Rejected, Rejected) | (Superseded, Superseded) => {
            Ok(AgentStep::Already)
        }
        (Proposed, Accepted | Rejected | Superseded) => Ok(AgentStep::Moved),
        (Accepted | Rejected | Superseded, _) => Err(RuleError::IllegalTransition {
            what: "An operation",
            from: from.name(),
            to: to.name(),
            advice: " Ask the agent to propose it anew.",
        }),
    }
}

/// Errors: `IllegalTransition` unless the conversation is open, so that something can be added.
pub fn check_conversation_open(status: ConversationStatus) -> Result<(), RuleError> {
    match status {
        ConversationStatus::Open => Ok(()),
        ConversationStatus::Closed => Err(RuleError::IllegalTransition {
            what: "A conversation",
            from: status.name(),
            to: "continued",
            advice: " Begin a new one.",
        }),
    }
}

/// Checks the title of a conversation, which may be empty.
///
/// Errors: `AboveLimit` or `Malformed`.
pub fn check_conversation_title(title: &str) -> Result<(), RuleError> {
    TITLE.check_optional(title)
}

/// Errors: `AboveLimit` or `Malformed` for the text of a message.
pub fn check_message_text(text: &str) -> Result<(), RuleError> {
    TEXT.check(text)
}

/// Errors: `AboveLimit` if a world with `present` conversations may not have another.
pub fn check_conversation_count(present: u64) -> Result<(), RuleError> {
    check_limit("The number of conversations about a world", CONVERSATIONS_PER_WORLD_MAX, present.saturating_add(1))
}

/// Errors: `AboveLimit` if a conversation with `present` messages may not have another.
pub fn check_message_count(present: u64) -> Result<(), RuleError> {
    check_limit("The number of messages in a conversation", MESSAGES_PER_CONVERSATION_MAX, present.saturating_add(1))
}

/// Errors: `Malformed` or `AboveLimit` if `proposed` operations cannot be one proposal in a
/// conversation that has `present` operations.
pub fn check_proposal_length(present: u64, proposed: u64) -> Result<(), RuleError> {
    if proposed == 0 {
        return Err(RuleError::Malformed { field: "changes", rule: "propose at least one change" });
    }
    check_limit("The number of operations in one proposal", OPERATIONS_PER_PROPOSAL_MAX, proposed)?;
    check_limit(
        "The number of operations in a conversation",
        OPERATIONS_PER_CONVERSATION_MAX,
        present.saturating_add(proposed),
    )
}

/// Errors: `Malformed` or `AboveLimit` unless 1 ≤ `length` ≤ [`CONVERSATION_LISTING_MAX`].
pub fn check_conversation_listing(length: u64) -> Result<(), RuleError> {
    if length == 0 {
        return Err(RuleError::Malformed { field: "limit", rule: "ask for at least one row" });
    }
    check_limit("The number of rows in one call", CONVERSATION_LISTING_MAX, length)
}
