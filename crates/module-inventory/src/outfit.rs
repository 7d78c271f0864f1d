//! What a player wears: at most one thing in each place on the body.

use module_rules::RuleError;

use crate::bag::{Bag, ItemKind};

/// The things worn. What is worn lies in no slot of the bag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outfit<K> {
    worn: Vec<K>,
}

impl<K: ItemKind> Outfit<K> {
    /// An outfit of these things, each in a place of its own.
    pub fn new(worn: Vec<K>) -> Self {
        Outfit { worn }
    }

    /// The things worn.
    pub fn worn(&self) -> &[K] {
        &self.worn
    }

    /// Whether something that `matches` accepts is worn.
    pub fn wears(&self, matches: impl Fn(&K) -> bool) -> bool {
        self.worn.iter().any(matches)
    }

    /// Puts one thing from the bag on; what was worn in its place goes into the bag.
    ///
    /// Errors: `Hidden`; `Malformed` if it cannot be worn.
    pub fn put_on<I: PartialEq + Clone>(&mut self, bag: &mut Bag<I, K>, id: &I) -> Result<(), RuleError> {
        let place = bag.stack(id)?.kind.equip_slot();
        let place = place.ok_or(RuleError::Malformed { field: "item_id", rule: "choose something to wear" })?;
        let mut changed = bag.clone();
        let kind = changed.take(id, 1)?;
        let former = self.position(place).and_then(|position| self.worn.get(position));
        if let Some(former) = former {
            changed.add(former, 1)?;
        }
        self.worn.retain(|worn| worn.equip_slot() != Some(place));
        self.worn.push(kind);
        *bag = changed;
        Ok(())
    }

    /// Takes what is worn in a place off, into the bag.
    ///
    /// Errors: `Hidden` if nothing is worn there; `AboveLimit` if the bag is full.
    pub fn take_off<I: PartialEq>(&mut self, bag: &mut Bag<I, K>, place: K::EquipSlot) -> Result<(), RuleError> {
        let position = self.position(place).ok_or(HIDDEN)?;
        bag.add(self.worn.get(position).ok_or(HIDDEN)?, 1)?;
        self.worn.remove(position);
        Ok(())
    }

    fn position(&self, place: K::EquipSlot) -> Option<usize> {
        self.worn.iter().position(|worn| worn.equip_slot() == Some(place))
    }
}

const HIDDEN: RuleError = RuleError::Hidden { what: "thing worn" };
