//! Rearranging a bag: splitting, merging and moving stacks. Nothing is gained or lost.

use module_rules::{RuleError, check_same};

use crate::bag::{Bag, ItemKind, check_quantity, stack_max_of};

impl<I: PartialEq, K: ItemKind> Bag<I, K> {
    /// Splits `quantity` items off a stack into an empty slot: `to_slot`, or the first one.
    ///
    /// Errors: `Hidden`; `Malformed` unless 1 ≤ `quantity` < what the stack holds; `AboveLimit`
    /// if there is no such slot or none empty; `Differs` if `to_slot` is occupied.
    pub fn split(&mut self, id: &I, quantity: u32, to_slot: Option<u32>) -> Result<(), RuleError> {
        let position = self.position(id)?;
        check_quantity(quantity)?;
        let held = self.at_mut(position)?.quantity;
        if quantity >= held {
            return Err(RuleError::Malformed { field: "quantity", rule: "use fewer than the stack holds" });
        }
        self.check_free(1)?;
        let slot = to_slot.unwrap_or_else(|| self.first_free_slot());
        self.check_slot(slot)?;
        let content = self.at_slot(slot).map_or("empty", |_| "occupied");
        check_same("The slot to split into", "empty", content)?;
        let stack = self.at_mut(position)?;
        stack.quantity = held - quantity;
        let kind = stack.kind.clone();
        self.insert(slot, quantity, kind);
        Ok(())
    }

    /// Puts one stack onto another of the same kind, as far as there is room; the rest stays.
    ///
    /// Errors: `Hidden`; `Malformed` if it is the same stack or another kind; `AboveLimit` if
    /// the stack is full.
    pub fn merge(&mut self, from: &I, into: &I) -> Result<(), RuleError> {
        let (from, into) = (self.position(from)?, self.position(into)?);
        let (source, target) = (self.at_mut(from)?.clone_parts(), self.at_mut(into)?.clone_parts());
        if from == into || source.1 != target.1 {
            let rule = "choose another stack of the same item, with the same properties";
            return Err(RuleError::Malformed { field: "into_item_id", rule });
        }
        let stack_max = stack_max_of(&target.1);
        let moved = source.0.min(stack_max.saturating_sub(target.0));
        if moved == 0 {
            return Err(RuleError::AboveLimit {
                what: "The number of items in this stack",
                limit: stack_max.into(),
                actual: u64::from(target.0).saturating_add(source.0.into()),
            });
        }
        self.at_mut(into)?.quantity += moved;
        self.at_mut(from)?.quantity -= moved;
        self.drop_empty_and_sort();
        Ok(())
    }

    /// Moves a stack to a slot; what lies there takes its place.
    ///
    /// Errors: `Hidden`; `AboveLimit` if there is no such slot.
    pub fn move_to(&mut self, id: &I, to_slot: u32) -> Result<(), RuleError> {
        let position = self.position(id)?;
        self.check_slot(to_slot)?;
        let from_slot = self.at_mut(position)?.slot;
        if let Some(occupant) = self.at_slot(to_slot) {
            self.at_mut(occupant)?.slot = from_slot;
        }
        self.at_mut(position)?.slot = to_slot;
        self.drop_empty_and_sort();
        Ok(())
    }
}

impl<I, K: ItemKind> crate::bag::Stack<I, K> {
    fn clone_parts(&self) -> (u32, K) {
        (self.quantity, self.kind.clone())
    }
}
