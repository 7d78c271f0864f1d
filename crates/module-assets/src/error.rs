//! The refusals of the asset rules. Each says what to do.

/// Why a request about an asset was refused; nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssetError {
    /// An argument breaks the syntax of its field.
    #[error("`{field}` is not valid: {rule}.")]
    Malformed {
        /// The argument's name in the request.
        field: &'static str,
        /// What the argument must look like.
        rule: &'static str,
    },
    /// A length, size or count is above its limit.
    #[error("{what} may be at most {limit}, not {actual}.")]
    AboveLimit {
        /// The measured thing with its unit.
        what: &'static str,
        /// The largest allowed value.
        limit: u64,
        /// The value that was met.
        actual: u64,
    },
    /// A fact differs from what the asset or the first request states.
    #[error("{what} must be {expected}, not {actual}.")]
    Differs {
        /// The compared fact.
        what: &'static str,
        /// The value on record.
        expected: String,
        /// The value in the request.
        actual: String,
    },
    /// The asset's state machine has no such step.
    #[error("An asset that is {from} cannot become {to}. Register a new one.")]
    IllegalTransition {
        /// The present state.
        from: &'static str,
        /// The refused state.
        to: &'static str,
    },
    /// The player may not know that the asset exists.
    #[error("There is no such asset.")]
    Hidden,
    /// The player may see the asset but not change it.
    #[error("Only the asset's owner may do this.")]
    NotOwner,
}
