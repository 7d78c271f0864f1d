//! A bag: a fixed number of slots, each empty or with one stack.

use module_rules::{RuleError, check_limit, check_same};

/// How many slots a player's bag has.
pub const BAG_CAPACITY: u32 = 40;

/// What lies in a stack. Only equal kinds lie together.
pub trait ItemKind: Clone + PartialEq {
    /// A place on the body.
    type EquipSlot: Copy + PartialEq;

    /// How many lie in one slot; 0 counts as 1.
    fn stack_max(&self) -> u32;

    /// Where one of them is worn, if it can be.
    fn equip_slot(&self) -> Option<Self::EquipSlot>;

    /// Whether players may trade it.
    fn is_tradable(&self) -> bool;
}

/// An occupied slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack<I, K> {
    /// Its id in storage; none for a stack that is new. It stays while the stack moves.
    pub id: Option<I>,
    /// Which slot, from 0.
    pub slot: u32,
    /// How many lie in it, at least 1.
    pub quantity: u32,
    /// What lies in it.
    pub kind: K,
}

/// Slots and what lies in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bag<I, K> {
    capacity: u32,
    stacks: Vec<Stack<I, K>>,
}

impl<I: PartialEq, K: ItemKind> Bag<I, K> {
    /// A bag of `capacity` slots with these stacks in it, each in a slot of its own.
    pub fn new(capacity: u32, stacks: Vec<Stack<I, K>>) -> Self {
        let mut bag = Bag { capacity, stacks };
        bag.sort();
        bag
    }

    /// The stacks, by slot.
    pub fn stacks(&self) -> &[Stack<I, K>] {
        &self.stacks
    }

    /// How many slots there are.
    pub fn capacity(&self) -> u32 {
        self.capacity
    }

    /// How many slots are empty.
    pub fn free_slots(&self) -> u32 {
        let occupied = u32::try_from(self.stacks.len()).unwrap_or(u32::MAX);
        self.capacity.saturating_sub(occupied)
    }

    /// How many there are of the kinds that `matches` accepts.
    pub fn held(&self, matches: impl Fn(&K) -> bool) -> u64 {
        let matching = self.stacks.iter().filter(|stack| matches(&stack.kind));
        matching.map(|stack| u64::from(stack.quantity)).sum()
    }

    /// The stack of this id.
    ///
    /// Errors: `Hidden`.
    pub fn stack(&self, id: &I) -> Result<&Stack<I, K>, RuleError> {
        self.stacks.get(self.position(id)?).ok_or(HIDDEN)
    }

    /// The first stack of a kind that `matches` accepts.
    pub fn find(&self, matches: impl Fn(&K) -> bool) -> Option<&Stack<I, K>> {
        self.stacks.iter().find(|stack| matches(&stack.kind))
    }

    /// Of the stacks of the kinds that `matches` accepts, the one that is used up first: the smallest, and of equal
    /// ones that in the first slot.
    pub fn smallest(&self, matches: impl Fn(&K) -> bool) -> Option<&Stack<I, K>> {
        let matching = self.stacks.iter().filter(|stack| matches(&stack.kind));
        matching.min_by_key(|stack| (stack.quantity, stack.slot))
    }

    /// Errors: `AboveLimit` unless `quantity` of `kind` fit in.
    pub fn check_room(&self, kind: &K, quantity: u32) -> Result<(), RuleError> {
        let stack_max = u64::from(stack_max_of(kind));
        let beside_own_kind = self.stacks.iter().filter(|stack| stack.kind == *kind);
        let room: u64 = beside_own_kind.map(|stack| stack_max.saturating_sub(u64::from(stack.quantity))).sum();
        let new_slots = u64::from(quantity).saturating_sub(room).div_ceil(stack_max);
        self.check_free(new_slots)
    }

    /// Errors: `AboveLimit` unless this many slots are empty.
    pub fn check_free(&self, slots: u64) -> Result<(), RuleError> {
        if slots == 0 {
            return Ok(());
        }
        let occupied = self.stacks.len() as u64;
        check_limit("The number of occupied slots of a bag", u64::from(self.capacity), occupied.saturating_add(slots))
    }

    /// Puts items in: first onto stacks of the same kind, then into the first empty slots.
    ///
    /// Errors: `AboveLimit` if there is no room for all of them.
    pub fn add(&mut self, kind: &K, quantity: u32) -> Result<(), RuleError> {
        self.check_room(kind, quantity)?;
        let stack_max = stack_max_of(kind);
        let mut left = quantity;
        for stack in self.stacks.iter_mut().filter(|stack| stack.kind == *kind) {
            let moved = left.min(stack_max.saturating_sub(stack.quantity));
            stack.quantity += moved;
            left -= moved;
        }
        while left > 0 {
            let moved = left.min(stack_max);
            self.insert(self.first_free_slot(), moved, kind.clone());
            left -= moved;
        }
        Ok(())
    }

    /// Takes items out of the stack of this id, and says what they are.
    ///
    /// Errors: `Hidden`; `Malformed` if `quantity` is 0; `Insufficient` if fewer lie there.
    pub fn take(&mut self, id: &I, quantity: u32) -> Result<K, RuleError> {
        let position = self.position(id)?;
        let stack = self.stacks.get_mut(position).ok_or(HIDDEN)?;
        check_quantity(quantity)?;
        let left = stack.quantity.checked_sub(quantity).ok_or(insufficient(quantity, stack.quantity.into()))?;
        stack.quantity = left;
        let kind = stack.kind.clone();
        if left == 0 {
            self.stacks.remove(position);
        }
        Ok(kind)
    }

    /// Takes items of the kinds that `matches` accepts, from the smallest stacks first, and
    /// returns what was taken.
    ///
    /// Errors: `Insufficient` if there are fewer.
    pub fn consume(&mut self, matches: impl Fn(&K) -> bool, quantity: u32) -> Result<Vec<(K, u32)>, RuleError> {
        let available = self.held(&matches);
        if available < u64::from(quantity) {
            return Err(insufficient(quantity, available));
        }
        let mut matching: Vec<_> = self.stacks.iter_mut().filter(|stack| matches(&stack.kind)).collect();
        matching.sort_by_key(|stack| (stack.quantity, stack.slot));
        let mut left = quantity;
        let mut taken = Vec::new();
        for stack in matching {
            let moved = left.min(stack.quantity);
            if moved == 0 {
                break;
            }
            stack.quantity -= moved;
            left -= moved;
            taken.push((stack.kind.clone(), moved));
        }
        self.stacks.retain(|stack| stack.quantity > 0);
        Ok(taken)
    }

    pub(crate) fn position(&self, id: &I) -> Result<usize, RuleError> {
        self.stacks.iter().position(|stack| stack.id.as_ref() == Some(id)).ok_or(HIDDEN)
    }

    pub(crate) fn at_mut(&mut self, position: usize) -> Result<&mut Stack<I, K>, RuleError> {
        self.stacks.get_mut(position).ok_or(HIDDEN)
    }

    pub(crate) fn at_slot(&self, slot: u32) -> Option<usize> {
        self.stacks.iter().position(|stack| stack.slot == slot)
    }

    pub(crate) fn drop_empty_and_sort(&mut self) {
        self.stacks.retain(|stack| stack.quantity > 0);
        self.sort();
    }

    pub(crate) fn insert(&mut self, slot: u32, quantity: u32, kind: K) {
        self.stacks.push(Stack { id: None, slot, quantity, kind });
        self.sort();
    }

    /// In one place: a sort is compiled anew for each closure that it is given.
    fn sort(&mut self) {
        self.stacks.sort_by_key(|stack| stack.slot);
    }

    /// The first empty slot; past the end if there is none.
    pub(crate) fn first_free_slot(&self) -> u32 {
        let mut free = 0;
        for stack in &self.stacks {
            if stack.slot > free {
                break;
            }
            free = stack.slot.saturating_add(1);
        }
        free
    }

    /// Errors: `AboveLimit` if the bag has no slot of this number.
    pub(crate) fn check_slot(&self, slot: u32) -> Result<(), RuleError> {
        check_limit("The number of a slot", u64::from(self.capacity.saturating_sub(1)), u64::from(slot))
    }
}

const HIDDEN: RuleError = RuleError::Hidden { what: "item in the bag" };

/// Holds a request against the bag that its sender last saw.
///
/// Errors: `Differs` if the bag has changed since.
pub fn check_revision(on_record: u64, in_request: u64) -> Result<(), RuleError> {
    check_same("The revision of the bag", &on_record.to_string(), &in_request.to_string())
}

/// How many empty slots this many items of one kind need, of which so many lie in one slot; 0 counts as 1.
pub fn slots_for(quantity: u32, stack_max: u32) -> u64 {
    u64::from(quantity.div_ceil(stack_max.max(1)))
}

pub(crate) fn stack_max_of(kind: &impl ItemKind) -> u32 {
    kind.stack_max().max(1)
}

pub(crate) fn check_quantity(quantity: u32) -> Result<(), RuleError> {
    match quantity {
        0 => Err(RuleError::Malformed { field: "quantity", rule: "use at least 1" }),
        _ => Ok(()),
    }
}

fn insufficient(needed: u32, available: u64) -> RuleError {
    RuleError::Insufficient { what: "items of this kind", needed: needed.into(), available }
}
