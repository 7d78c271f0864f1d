//! The attributes of one instance of an item.

use module_rules::{RuleError, check_limit};

use crate::Rolls;

/// Most attributes of an item.
pub const ATTRIBUTES_MAX: u64 = 16;

/// The bounds of one attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttributeRange<A> {
    /// What is raised.
    pub attribute: A,
    /// By at least this.
    pub min: u32,
    /// By at most this; `min` if it is below.
    pub max: u32,
}

/// One attribute of one instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RolledAttribute<A> {
    /// What is raised.
    pub attribute: A,
    /// By how much.
    pub value: u32,
}

/// Rolls each attribute within its bounds, in their order.
///
/// Errors: `AboveLimit` above [`ATTRIBUTES_MAX`] attributes.
pub fn roll_attributes<A: Copy>(seed: u64, ranges: &[AttributeRange<A>]) -> Result<Vec<RolledAttribute<A>>, RuleError> {
    check_limit("The number of attributes of an item", ATTRIBUTES_MAX, ranges.len() as u64)?;
    let mut rolls = Rolls::new(seed);
    let mut roll = |range: &AttributeRange<A>| RolledAttribute {
        attribute: range.attribute,
        value: rolls.between(range.min, range.max),
    };
    Ok(ranges.iter().map(&mut roll).collect())
}
