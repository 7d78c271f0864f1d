//! Exchanging what two players offer each other: both sides change, or neither.

use module_rules::{RuleError, check_limit, check_same};

use crate::bag::{Bag, ItemKind, check_quantity};

/// Most stacks on one side of a trade.
pub const TRADE_ITEMS_MAX: u64 = 8;

/// One thing on one side of a trade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered<I, K> {
    /// The stack that it is taken from.
    pub id: I,
    /// How many.
    pub quantity: u32,
    /// What it was when it was offered.
    pub kind: K,
}

/// The bags of two players, in the order in which they were given.
pub type BagPair<I, K> = (Bag<I, K>, Bag<I, K>);

/// What one side of a trade would be, if the player puts these amounts of these stacks in.
///
/// Nothing is reserved: the stacks stay the player's to use, and are looked at again when the
/// trade is completed.
/// Errors: `AboveLimit` above [`TRADE_ITEMS_MAX`] stacks; `Malformed` for a stack named twice, a
/// quantity of 0, or something that may not be traded; `Hidden`; `Insufficient`.
pub fn check_offer<I: PartialEq + Clone, K: ItemKind>(
    bag: &Bag<I, K>,
    wanted: &[(I, u32)],
) -> Result<Vec<Offered<I, K>>, RuleError> {
    check_limit("The number of stacks in an offer", TRADE_ITEMS_MAX, wanted.len() as u64)?;
    let mut offer: Vec<Offered<I, K>> = Vec::with_capacity(wanted.len());
    for (id, quantity) in wanted {
        if offer.iter().any(|earlier| earlier.id == *id) {
            return Err(RuleError::Malformed { field: "items", rule: "name each stack once" });
        }
        check_quantity(*quantity)?;
        let stack = bag.stack(id)?;
        if stack.quantity < *quantity {
            return Err(insufficient(*quantity, stack.quantity));
        }
        if !stack.kind.is_tradable() {
            return Err(RuleError::Malformed { field: "items", rule: "offer only what may be traded" });
        }
        offer.push(Offered { id: id.clone(), quantity: *quantity, kind: stack.kind.clone() });
    }
    Ok(offer)
}

/// The two bags after the exchange.
///
/// Everything is taken out of both bags before anything is put in, so that two full bags can
/// trade slot for slot.
/// Errors: `Malformed` if both offers are empty; `Insufficient` if something offered is not there
/// any more; `Differs` if it is not what it was; `AboveLimit` if a bag has no room.
pub fn exchange<I: PartialEq + Clone, K: ItemKind>(
    one: &Bag<I, K>,
    other: &Bag<I, K>,
    from_one: &[Offered<I, K>],
    from_other: &[Offered<I, K>],
) -> Result<BagPair<I, K>, RuleError> {
    if from_one.is_empty() && from_other.is_empty() {
        return Err(RuleError::Malformed { field: "items", rule: "offer at least one item, on either side" });
    }
    let (mut one, mut other) = (one.clone(), other.clone());
    take_all(&mut one, from_one)?;
    take_all(&mut other, from_other)?;
    put_all(&mut one, from_other)?;
    put_all(&mut other, from_one)?;
    Ok((one, other))
}

fn take_all<I: PartialEq, K: ItemKind>(bag: &mut Bag<I, K>, offer: &[Offered<I, K>]) -> Result<(), RuleError> {
    for offered in offer {
        let held = bag.stack(&offered.id).map_or(0, |stack| stack.quantity);
        if held < offered.quantity {
            return Err(insufficient(offered.quantity, held));
        }
        let is_same = bag.take(&offered.id, offered.quantity)? == offered.kind;
        check_same("An offered item", "as it was offered", if is_same { "as it was offered" } else { "another" })?;
    }
    Ok(())
}

fn put_all<I: PartialEq, K: ItemKind>(bag: &mut Bag<I, K>, offer: &[Offered<I, K>]) -> Result<(), RuleError> {
    offer.iter().try_for_each(|offered| bag.add(&offered.kind, offered.quantity))
}

fn insufficient(needed: u32, available: u32) -> RuleError {
    RuleError::Insufficient { what: "items of an offered stack", needed: needed.into(), available: available.into() }
}
