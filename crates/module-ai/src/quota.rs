//! How many tokens a player may use up in a day.
//!
//! A day is one of UTC, counted from the epoch. What was used is booked when it is reported, so a
//! request that began within the quota may end above it; the next one is then refused.

use module_rules::{RuleError, check_limit};

use crate::TokenUsage;

/// Tokens, read and written together, that a player may use up in a day unless an Operator has
/// said otherwise.
pub const TOKENS_PER_DAY: u64 = 1_000_000;
/// The highest quota that an Operator can give.
pub const TOKENS_PER_DAY_MAX: u64 = 1_000_000_000_000;
const MICROS_PER_DAY: i64 = 86_400_000_000;

/// What one player has used up on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenAccount {
    /// The day, counted from the epoch.
    pub day: i64,
    /// Tokens used up on it.
    pub used: TokenUsage,
    /// The player's own quota, if an Operator has given one.
    pub quota: Option<u64>,
}

impl TokenAccount {
    /// The account as it stands at `now`: empty if that is another day.
    pub fn at(self, now: i64) -> TokenAccount {
        let day = now.div_euclid(MICROS_PER_DAY);
        if day == self.day { self } else { TokenAccount { day, used: TokenUsage::default(), ..self } }
    }

    /// How many tokens a day the player may use up.
    pub fn tokens_per_day(&self) -> u64 {
        self.quota.unwrap_or(TOKENS_PER_DAY)
    }

    /// With a report booked.
    ///
    /// Errors: `AboveLimit` if the report is implausible or the sum does not fit.
    pub fn with(self, report: TokenUsage) -> Result<TokenAccount, RuleError> {
        Ok(TokenAccount { used: self.used.plus(report)?, ..self })
    }

    /// Errors: `AboveLimit` if the quota is used up, so that nothing more may be begun.
    pub fn check_left(&self) -> Result<(), RuleError> {
        let used = self.used.input_tokens.saturating_add(self.used.output_tokens);
        check_limit("The tokens of a player's generation tasks in a day", self.tokens_per_day(), used.saturating_add(1))
    }
}

/// Errors: `AboveLimit` for a quota that nobody is to have.
pub fn check_quota(quota: Option<u64>) -> Result<(), RuleError> {
    check_limit("A quota of tokens", TOKENS_PER_DAY_MAX, quota.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = MICROS_PER_DAY;

    fn used(input_tokens: u64, output_tokens: u64) -> TokenUsage {
        TokenUsage { input_tokens, output_tokens }
    }

    #[test]
    fn a_new_day_begins_empty_and_keeps_the_quota() {
        let account = TokenAccount { quota: Some(10), ..TokenAccount::default() }.at(5 * DAY + 1);
        let account = account.with(used(6, 4)).unwrap();
        assert_eq!(account.at(6 * DAY - 1), account);
        assert!(account.at(6 * DAY - 1).check_left().is_err());
        let next = account.at(6 * DAY);
        assert_eq!((next.day, next.used, next.quota), (6, used(0, 0), Some(10)));
        assert_eq!(next.check_left(), Ok(()));
    }

    #[test]
    fn the_last_token_may_be_used_and_none_after_it() {
        let nearly = TokenAccount::default().with(used(TOKENS_PER_DAY - 1, 0)).unwrap();
        assert_eq!(nearly.check_left(), Ok(()));
        let full = nearly.with(used(0, 1)).unwrap();
        let refusal = full.check_left().unwrap_err();
        assert!(matches!(refusal, RuleError::AboveLimit { limit: TOKENS_PER_DAY, .. }), "{refusal:?}");
        assert!(TokenAccount { quota: Some(0), ..TokenAccount::default() }.check_left().is_err());
    }

    #[test]
    fn days_before_the_epoch_are_days_too() {
        assert_eq!(TokenAccount::default().at(-1).day, -1);
    }

    #[test]
    fn a_quota_has_a_limit() {
        assert_eq!(check_quota(Some(TOKENS_PER_DAY_MAX)), Ok(()));
        assert_eq!(check_quota(None), Ok(()));
        assert!(check_quota(Some(TOKENS_PER_DAY_MAX + 1)).is_err());
    }
}
