//! Binding an asset to a slot of an entity, such as the cover of a world.

use std::fmt::Display;

use module_rules::{RuleError, TextRule, check_limit, is_lower_alphanumeric_or};

/// Longest entity kind or slot name, in bytes.
pub const NAME_LENGTH_MAX: usize = 64;
/// Longest entity id, in bytes.
pub const ENTITY_ID_LENGTH_MAX: usize = 128;
/// Most slots that one asset may fill.
pub const BINDINGS_PER_ASSET_MAX: u64 = 256;

const ENTITY_KIND: TextRule = TextRule {
    field: "entity_kind",
    length: "The length of `entity_kind` in bytes",
    length_max: NAME_LENGTH_MAX,
    rule: NAME_RULE,
    accepts: is_name,
};
const ENTITY_ID: TextRule = TextRule {
    field: "entity_id",
    length: "The length of `entity_id` in bytes",
    length_max: ENTITY_ID_LENGTH_MAX,
    rule: "use letters, digits and ._:-",
    accepts: |id| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte)),
};
const SLOT: TextRule = TextRule {
    field: "slot",
    length: "The length of `slot` in bytes",
    length_max: NAME_LENGTH_MAX,
    rule: NAME_RULE,
    accepts: is_name,
};
const NAME_RULE: &str = "use a lower-case letter, then lower-case letters, digits and underscores";

/// The place that an asset is bound to; at most one asset is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntitySlot<'a> {
    /// What the entity is, such as `world`.
    pub entity_kind: &'a str,
    /// Which entity of that kind.
    pub entity_id: &'a str,
    /// Which of the entity's slots, such as `cover`.
    pub slot: &'a str,
}

impl EntitySlot<'_> {
    /// Checks each part by itself.
    ///
    /// Errors: `AboveLimit` or `Malformed`, naming the part.
    pub fn check(&self) -> Result<(), RuleError> {
        ENTITY_KIND.check(self.entity_kind)?;
        ENTITY_ID.check(self.entity_id)?;
        SLOT.check(self.slot)
    }
}

/// Errors: `AboveLimit` if an asset that already fills `bound` slots may not fill another.
pub fn check_binding_count(bound: u64) -> Result<(), RuleError> {
    check_limit("The number of slots that an asset fills", BINDINGS_PER_ASSET_MAX, bound.saturating_add(1))
}

/// Errors: `Differs` if the request names an asset and another one fills the slot.
///
/// Who empties a slot because of what they saw in it must not take out what was put there since.
pub fn check_occupant<Id: PartialEq + Display>(present: Id, named: Option<Id>) -> Result<(), RuleError> {
    match named {
        Some(named) if named != present => Err(RuleError::Differs {
            what: "The asset to take out of the slot",
            expected: present.to_string(),
            actual: named.to_string(),
        }),
        _ => Ok(()),
    }
}

/// Errors: `Differs` if the asset to delete still fills a slot.
pub fn check_unbound(filled: Option<EntitySlot<'_>>) -> Result<(), RuleError> {
    let Some(EntitySlot { entity_kind, entity_id, slot }) = filled else {
        return Ok(());
    };
    Err(RuleError::Differs {
        what: "An asset to delete",
        expected: "bound to nothing".to_owned(),
        actual: format!("bound to {entity_kind} {entity_id}, slot {slot}"),
    })
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase()) && is_lower_alphanumeric_or(text, b"_")
}
