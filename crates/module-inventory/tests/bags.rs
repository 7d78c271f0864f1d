//! Bags and outfits: what each operation does and refuses, and that nothing appears, vanishes or
//! overflows under any sequence of them.

#![allow(clippy::unwrap_used)]

use module_inventory::*;
use module_rules::RuleError;
use proptest::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Thing {
    name: &'static str,
    stack_max: u32,
    worn: Option<u8>,
}

impl ItemKind for Thing {
    type EquipSlot = u8;

    fn stack_max(&self) -> u32 {
        self.stack_max
    }

    fn equip_slot(&self) -> Option<u8> {
        self.worn
    }

    fn is_tradable(&self) -> bool {
        self.name != "heirloom"
    }
}

const FLOUR: Thing = Thing { name: "flour", stack_max: 20, worn: None };
const BREAD: Thing = Thing { name: "bread", stack_max: 3, worn: None };
const SICKLE: Thing = Thing { name: "sickle", stack_max: 1, worn: Some(0) };
const SCYTHE: Thing = Thing { name: "scythe", stack_max: 0, worn: Some(0) };
const APRON: Thing = Thing { name: "apron", stack_max: 1, worn: Some(1) };
const HEIRLOOM: Thing = Thing { name: "heirloom", stack_max: 1, worn: None };
const THINGS: [Thing; 6] = [FLOUR, BREAD, SICKLE, SCYTHE, APRON, HEIRLOOM];

type TestBag = Bag<u32, Thing>;

/// Gives new stacks ids, as storing them does.
fn stored(bag: &TestBag) -> TestBag {
    let mut next = bag.stacks().iter().filter_map(|stack| stack.id).max().unwrap_or(0);
    let mut stacks = bag.stacks().to_vec();
    for stack in stacks.iter_mut().filter(|stack| stack.id.is_none()) {
        next += 1;
        stack.id = Some(next);
    }
    Bag::new(bag.capacity(), stacks)
}

fn filled(capacity: u32, things: &[(Thing, u32)]) -> TestBag {
    let mut bag = Bag::new(capacity, Vec::new());
    for (thing, quantity) in things {
        bag.add(thing, *quantity).unwrap();
        bag = stored(&bag);
    }
    bag
}

/// `slot:name*quantity` of each stack.
fn drawn(bag: &TestBag) -> String {
    let stacks = bag.stacks().iter().map(|stack| format!("{}:{}*{}", stack.slot, stack.kind.name, stack.quantity));
    stacks.collect::<Vec<_>>().join(" ")
}

fn no_room(limit: u64, actual: u64) -> RuleError {
    RuleError::AboveLimit { what: "The number of occupied slots of a bag", limit, actual }
}

#[test]
fn items_fill_stacks_before_slots() {
    let mut bag = filled(4, &[(BREAD, 2), (FLOUR, 5)]);
    bag.add(&BREAD, 5).unwrap();
    assert_eq!(drawn(&bag), "0:bread*3 1:flour*5 2:bread*3 3:bread*1");
    assert_eq!(bag.add(&BREAD, 3), Err(no_room(4, 5)));
    bag.add(&BREAD, 2).unwrap();
    assert_eq!(bag.free_slots(), 0);
    assert_eq!(bag.add(&FLOUR, u32::MAX), Err(no_room(4, 4 + u64::from(u32::MAX - 15).div_ceil(20))));
    assert_eq!(bag.add(&FLOUR, 0), Ok(()));
}

#[test]
fn items_are_taken_from_the_smallest_stacks() {
    let mut bag = filled(4, &[(BREAD, 7), (FLOUR, 5)]);
    assert_eq!(drawn(&bag), "0:bread*3 1:bread*3 2:bread*1 3:flour*5");
    let taken = bag.consume(|kind| *kind == BREAD, 2).unwrap();
    assert_eq!(taken, [(BREAD, 1), (BREAD, 1)]);
    assert_eq!(drawn(&bag), "0:bread*2 1:bread*3 3:flour*5");
    let refused = bag.consume(|kind| *kind == BREAD, 6).unwrap_err();
    assert_eq!(refused.to_string(), "This needs 6 items of this kind, and there are 5.");
    assert_eq!(drawn(&bag), "0:bread*2 1:bread*3 3:flour*5");
}

#[test]
fn items_need_a_slot_for_each_full_stack_and_one_for_the_rest() {
    let cases =
        [(0, 20, 0), (1, 20, 1), (20, 20, 1), (21, 20, 2), (7, 1, 7), (7, 0, 7), (u32::MAX, 1, u64::from(u32::MAX))];
    for (quantity, stack_max, slots) in cases {
        assert_eq!(slots_for(quantity, stack_max), slots, "{quantity} by {stack_max}");
    }
}

#[test]
fn the_smallest_stack_is_used_up_first() {
    let mut bag = filled(5, &[(BREAD, 6), (FLOUR, 5)]);
    bag.take(&2, 1).unwrap();
    assert_eq!(drawn(&bag), "0:bread*3 1:bread*2 2:flour*5");
    let slot = |bag: &TestBag, name: &str| bag.smallest(|kind| kind.name == name).map(|stack| stack.slot);
    assert_eq!((slot(&bag, "bread"), slot(&bag, "flour"), slot(&bag, "apron")), (Some(1), Some(2), None));
    bag.take(&1, 1).unwrap();
    assert_eq!(slot(&bag, "bread"), Some(0), "of equal ones the first");
}

#[test]
fn a_stack_gives_up_to_what_it_holds() {
    let mut bag = filled(4, &[(FLOUR, 5)]);
    assert!(matches!(bag.take(&1, 0), Err(RuleError::Malformed { field: "quantity", .. })));
    assert!(matches!(bag.take(&1, 6), Err(RuleError::Insufficient { needed: 6, available: 5, .. })));
    assert_eq!(bag.take(&2, 1), Err(RuleError::Hidden { what: "item in the bag" }));
    assert_eq!(bag.take(&1, 2), Ok(FLOUR));
    assert_eq!(bag.take(&1, 3), Ok(FLOUR));
    assert_eq!(bag.stacks(), []);
}

#[test]
fn a_stack_splits_into_an_empty_slot() {
    let mut bag = filled(3, &[(FLOUR, 5), (SICKLE, 1)]);
    for quantity in [0, 5, u32::MAX] {
        let refused = bag.split(&1, quantity, None);
        assert!(matches!(refused, Err(RuleError::Malformed { field: "quantity", .. })), "{quantity}");
    }
    assert!(matches!(bag.split(&1, 1, Some(1)), Err(RuleError::Differs { .. })));
    assert!(matches!(bag.split(&1, 1, Some(3)), Err(RuleError::AboveLimit { limit: 2, actual: 3, .. })));
    assert!(matches!(bag.split(&2, 1, None), Err(RuleError::Malformed { .. })));
    bag.split(&1, 2, Some(2)).unwrap();
    assert_eq!(drawn(&bag), "0:flour*3 1:sickle*1 2:flour*2");
    assert_eq!(bag.split(&1, 1, None), Err(no_room(3, 4)));
}

#[test]
fn stacks_of_a_kind_merge_as_far_as_there_is_room() {
    let mut bag = filled(4, &[(BREAD, 3), (FLOUR, 1)]);
    bag.split(&1, 2, None).unwrap();
    bag = stored(&bag);
    bag.add(&BREAD, 3).unwrap();
    bag = stored(&bag);
    assert_eq!(drawn(&bag), "0:bread*3 1:flour*1 2:bread*3");
    assert!(matches!(bag.merge(&1, &3), Err(RuleError::AboveLimit { limit: 3, actual: 6, .. })));
    bag.take(&3, 2).unwrap();
    bag.merge(&1, &3).unwrap();
    assert_eq!(drawn(&bag), "0:bread*1 1:flour*1 2:bread*3");
    bag.take(&3, 1).unwrap();
    bag.merge(&1, &3).unwrap();
    assert_eq!(drawn(&bag), "1:flour*1 2:bread*3");
    for (from, into) in [(2, 2), (2, 3)] {
        assert!(matches!(bag.merge(&from, &into), Err(RuleError::Malformed { field: "into_item_id", .. })));
    }
    assert_eq!(bag.merge(&1, &3), Err(RuleError::Hidden { what: "item in the bag" }));
}

#[test]
fn stacks_move_and_change_places() {
    let mut bag = filled(3, &[(FLOUR, 5), (SICKLE, 1)]);
    bag.move_to(&1, 2).unwrap();
    assert_eq!(drawn(&bag), "1:sickle*1 2:flour*5");
    bag.move_to(&1, 1).unwrap();
    assert_eq!(drawn(&bag), "1:flour*5 2:sickle*1");
    bag.move_to(&1, 1).unwrap();
    assert_eq!(drawn(&bag), "1:flour*5 2:sickle*1");
    assert!(matches!(bag.move_to(&1, 3), Err(RuleError::AboveLimit { limit: 2, actual: 3, .. })));
}

#[test]
fn one_thing_is_worn_in_each_place() {
    let mut bag = filled(3, &[(SICKLE, 1), (SCYTHE, 1), (FLOUR, 1)]);
    let mut outfit = Outfit::new(Vec::new());
    assert!(matches!(outfit.put_on(&mut bag, &3), Err(RuleError::Malformed { field: "item_id", .. })));
    outfit.put_on(&mut bag, &1).unwrap();
    assert_eq!((outfit.worn(), drawn(&bag).as_str()), (&[SICKLE][..], "1:scythe*1 2:flour*1"));
    bag.add(&APRON, 1).unwrap();
    outfit.put_on(&mut bag, &2).unwrap();
    assert_eq!((outfit.worn(), drawn(&bag).as_str()), (&[SCYTHE][..], "0:apron*1 1:sickle*1 2:flour*1"));
    assert_eq!(outfit.take_off(&mut bag, 0), Err(no_room(3, 4)));
    assert_eq!(outfit.take_off(&mut bag, 1), Err(RuleError::Hidden { what: "thing worn" }));
    bag.take(&3, 1).unwrap();
    outfit.take_off(&mut bag, 0).unwrap();
    assert_eq!((outfit.worn(), drawn(&bag).as_str()), (&[][..], "0:apron*1 1:sickle*1 2:scythe*1"));
}

#[test]
fn a_request_about_an_older_bag_is_refused() {
    assert_eq!(check_revision(3, 3), Ok(()));
    assert_eq!(check_revision(3, 2).unwrap_err().to_string(), "The revision of the bag must be 3, not 2.");
}

#[derive(Clone, Debug)]
enum Operation {
    Add(usize, u32),
    Take(u32, u32),
    Consume(usize, u32),
    Split(u32, u32, Option<u32>),
    Merge(u32, u32),
    Move(u32, u32),
    PutOn(u32),
    TakeOff(u8),
}

fn operation() -> impl Strategy<Value = Operation> {
    let quantity = || prop_oneof![9 => 0u32..30, 1 => Just(u32::MAX)];
    prop_oneof![
        4 => (0..THINGS.len(), quantity()).prop_map(|(thing, quantity)| Operation::Add(thing, quantity)),
        1 => (0u32..9, quantity()).prop_map(|(id, quantity)| Operation::Take(id, quantity)),
        1 => (0..THINGS.len(), quantity()).prop_map(|(thing, quantity)| Operation::Consume(thing, quantity)),
        2 => (0u32..9, quantity(), prop::option::of(0u32..8)).prop_map(|(id, quantity, slot)| Operation::Split(id, quantity, slot)),
        2 => (0u32..9, 0u32..9).prop_map(|(from, into)| Operation::Merge(from, into)),
        2 => (0u32..9, 0u32..9).prop_map(|(id, slot)| Operation::Move(id, slot)),
        2 => (0u32..9).prop_map(Operation::PutOn),
        1 => (0u8..3).prop_map(Operation::TakeOff),
    ]
}

fn totals(bag: &TestBag, outfit: &Outfit<Thing>) -> [u64; THINGS.len()] {
    THINGS.map(|thing| {
        let worn = outfit.worn().iter().filter(|worn| **worn == thing).count();
        bag.held(|kind| *kind == thing) + worn as u64
    })
}

proptest! {
    /// Under any sequence: slots are distinct and within the capacity, stacks neither empty nor
    /// too high, a refusal changes nothing, and each operation changes the totals by exactly
    /// what it says.
    #[test]
    fn nothing_is_lost_and_nothing_overflows(capacity in 1u32..7, operations in prop::collection::vec(operation(), 0..60)) {
        let mut bag: TestBag = Bag::new(capacity, Vec::new());
        let mut outfit = Outfit::new(Vec::new());
        for operation in operations {
            let before = (bag.clone(), outfit.clone());
            let mut expected = totals(&bag, &outfit).map(i128::from);
            let kind_of = |bag: &TestBag, id: u32| bag.stack(&id).ok().and_then(|stack| THINGS.iter().position(|thing| *thing == stack.kind));
            let result = match operation {
                Operation::Add(thing, quantity) => {
                    expected[thing] += i128::from(quantity);
                    bag.add(&THINGS[thing], quantity)
                }
                Operation::Take(id, quantity) => {
                    if let Some(thing) = kind_of(&bag, id) { expected[thing] -= i128::from(quantity); }
                    bag.take(&id, quantity).map(drop)
                }
                Operation::Consume(thing, quantity) => {
                    expected[thing] -= i128::from(quantity);
                    bag.consume(|kind| *kind == THINGS[thing], quantity).map(|taken| {
                        assert_eq!(taken.iter().map(|(_, taken)| taken).sum::<u32>(), quantity);
                    })
                }
                Operation::Split(id, quantity, slot) => bag.split(&id, quantity, slot),
                Operation::Merge(from, into) => bag.merge(&from, &into),
                Operation::Move(id, slot) => bag.move_to(&id, slot),
                Operation::PutOn(id) => outfit.put_on(&mut bag, &id),
                Operation::TakeOff(place) => outfit.take_off(&mut bag, place),
            };
            match result {
                Ok(()) => prop_assert_eq!(totals(&bag, &outfit).map(i128::from), expected),
                Err(_) => prop_assert_eq!(&(bag.clone(), outfit.clone()), &before),
            }
            bag = stored(&bag);
            let mut slots: Vec<_> = bag.stacks().iter().map(|stack| stack.slot).collect();
            prop_assert!(slots.is_sorted() && slots.iter().all(|slot| *slot < capacity));
            slots.dedup();
            prop_assert_eq!(slots.len(), bag.stacks().len());
            prop_assert_eq!(u64::from(bag.free_slots()) + slots.len() as u64, u64::from(capacity));
            for stack in bag.stacks() {
                prop_assert!(stack.quantity >= 1 && stack.quantity <= stack.kind.stack_max.max(1));
            }
            let mut places: Vec<_> = outfit.worn().iter().filter_map(|worn| worn.worn).collect();
            places.sort();
            places.dedup();
            prop_assert_eq!(places.len(), outfit.worn().len());
        }
    }

    /// Whatever two players offer, a completed trade changes owners and nothing else, and what
    /// was offered is what arrives.
    #[test]
    fn a_trade_conserves_items(
        first in prop::collection::vec((0..THINGS.len(), 1u32..25), 0..5),
        second in prop::collection::vec((0..THINGS.len(), 1u32..25), 0..5),
        wanted in prop::collection::vec((0u32..6, 0u32..25), 0..4),
        asked in prop::collection::vec((0u32..6, 0u32..25), 0..4),
        spent in prop::option::of((0u32..6, 1u32..5)),
    ) {
        let bag_of = |content: &[(usize, u32)]| {
            let mut bag: TestBag = Bag::new(5, Vec::new());
            for (thing, quantity) in content {
                let _ = bag.add(&THINGS[*thing], *quantity);
                bag = stored(&bag);
            }
            bag
        };
        let (mut one, other) = (bag_of(&first), bag_of(&second));
        let offers = check_offer(&one, &wanted).and_then(|from_one| Ok((from_one, check_offer(&other, &asked)?)));
        let Ok((from_one, from_other)) = offers else { return Ok(()) };
        for offered in from_one.iter().chain(&from_other) {
            prop_assert!(offered.kind.name != "heirloom" && offered.quantity > 0);
        }
        // Nothing is reserved: the first player may use an offered stack before the exchange.
        if let Some((id, quantity)) = spent { let _ = one.take(&id, quantity); }
        let Ok((after_one, after_other)) = exchange(&one, &other, &from_one, &from_other) else { return Ok(()) };
        for thing in THINGS {
            let count = |bag: &TestBag| bag.held(|kind| *kind == thing);
            let given = |offer: &[Offered<u32, Thing>]| offer.iter().filter(|offered| offered.kind == thing).map(|offered| u64::from(offered.quantity)).sum::<u64>();
            prop_assert_eq!(count(&one) + count(&other), count(&after_one) + count(&after_other));
            prop_assert_eq!(count(&after_one) + given(&from_one), count(&one) + given(&from_other));
        }
        prop_assert!(after_one.stacks().len() <= 5 && after_other.stacks().len() <= 5);
    }
}
