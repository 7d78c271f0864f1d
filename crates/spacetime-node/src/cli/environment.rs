//! `--env` and `--env-remove`: the variables a module reads at run time.

use spacetimedb_lib::environment::{EnvironmentMap, EnvironmentRemove, validate_key, validate_value};

use super::error::CliError;

/// Changes to a database's stored variables.
#[derive(Debug, Default)]
pub struct Environment {
    /// Set these.
    pub values: EnvironmentMap,
    /// Remove these first.
    pub remove: EnvironmentRemove,
}

impl Environment {
    /// Reads the flags. An assignment without `=` takes its value from `lookup`, the caller's own
    /// environment, which keeps secrets off the command line.
    ///
    /// Errors: [`CliError::InvalidEnvironment`], which names the variable and never its value.
    pub fn parse(
        assignments: &[String],
        removals: &[String],
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, CliError> {
        let mut values = EnvironmentMap::default();
        for assignment in assignments {
            let (key, value) = match assignment.split_once('=') {
                Some((key, value)) => (key, value.to_owned()),
                None => {
                    (assignment.as_str(), lookup(assignment).ok_or_else(|| invalid(assignment, "it is not set here"))?)
                }
            };
            validate_key(key).map_err(|cause| invalid(key, cause))?;
            validate_value(&value).map_err(|cause| invalid(key, cause))?;
            if values.insert(key.to_owned(), value).is_some() {
                return Err(invalid(key, "it is given twice"));
            }
        }
        Ok(Self { values, remove: parse_removals(removals)? })
    }
}

fn parse_removals(removals: &[String]) -> Result<EnvironmentRemove, CliError> {
    match removals {
        [] => Ok(EnvironmentRemove::No),
        [all] if all == "*" => Ok(EnvironmentRemove::All),
        keys => {
            for key in keys {
                validate_key(key).map_err(|cause| invalid(key, cause))?;
            }
            Ok(EnvironmentRemove::Keys(keys.to_vec()))
        }
    }
}

fn invalid(variable: &str, reason: impl ToString) -> CliError {
    CliError::InvalidEnvironment { variable: variable.to_owned(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parse(assignments: &[&str], removals: &[&str]) -> Result<Environment, CliError> {
        let owned = |words: &[&str]| words.iter().map(|word| word.to_string()).collect::<Vec<_>>();
        Environment::parse(&owned(assignments), &owned(removals), |key| (key == "HERE").then(|| "mine".to_owned()))
    }

    #[test]
    fn values_come_from_the_flag_or_from_the_callers_environment() {
        let environment = parse(&["A=1=2", "EMPTY=", "HERE"], &["OLD", "OLDER"]).unwrap();
        let values: Vec<_> = environment.values.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(values, [("A", "1=2"), ("EMPTY", ""), ("HERE", "mine")]);
        assert_eq!(environment.remove, EnvironmentRemove::Keys(vec!["OLD".into(), "OLDER".into()]));
        assert_eq!(parse(&[], &["*"]).unwrap().remove, EnvironmentRemove::All);
        assert_eq!(parse(&[], &[]).unwrap().remove, EnvironmentRemove::No);
    }

    #[test]
    fn refusals_name_the_variable_and_not_the_value() {
        for (assignments, removals) in [
            (&["1A=hunter2"][..], &[][..]),
            (&["A B=hunter2"], &[]),
            (&["=hunter2"], &[]),
            (&["ELSEWHERE"], &[]),
            (&["A=hunter2", "A=hunter2"], &[]),
            (&[], &["*", "A"]),
            (&[], &["A-B"]),
        ] {
            let error = parse(assignments, removals).unwrap_err().to_string();
            assert!(error.contains("is no environment variable") && !error.contains("hunter2"), "{error}");
        }
        let too_long = format!("A={}", "x".repeat(8 * 1024 + 1));
        assert!(parse(&[&too_long], &[]).is_err());
    }
}
