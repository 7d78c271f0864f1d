//! Trades: the state machine, who may do what when, offers and exchanges.

#![allow(clippy::unwrap_used)]

use TradeStatus::{Cancelled, Completed, Declined, Expired, Open};
use module_inventory::*;
use module_rules::RuleError;

const STANDING: TradeStanding = TradeStanding { status: Open, revision: 3, accepted_by: None, expires_at: 100 };

fn illegal(from: &'static str, to: &'static str) -> RuleError {
    RuleError::IllegalTransition { what: "A trade", from, to, advice: " Propose a new one." }
}

#[test]
fn every_pair_of_states() {
    for from in TradeStatus::ALL {
        for to in TradeStatus::ALL {
            let expected = match (from, to) {
                _ if from == to => Ok(TradeStep::Already),
                (Open, Completed | Declined | Cancelled | Expired) => Ok(TradeStep::Moved),
                _ => Err(illegal(from.name(), to.name())),
            };
            assert_eq!(trade_transition(from, to), expected, "{from:?} to {to:?}");
        }
    }
}

#[test]
fn both_sides_accept_the_same_revision() {
    let accepted = |by| TradeStanding { accepted_by: by, ..STANDING };
    for (side, other) in [(TradeSide::Proposer, TradeSide::Partner), (TradeSide::Partner, TradeSide::Proposer)] {
        assert_eq!(accept_trade(&accepted(None), side, 3, 99), Ok(Acceptance::Noted));
        assert_eq!(accept_trade(&accepted(Some(side)), side, 3, 99), Ok(Acceptance::Already));
        assert_eq!(accept_trade(&accepted(Some(other)), side, 3, 99), Ok(Acceptance::Completes));
        for revision in [0, 2, 4, u32::MAX] {
            let refused = accept_trade(&accepted(Some(other)), side, revision, 99);
            assert!(matches!(refused, Err(RuleError::Differs { .. })), "{revision}");
        }
    }
}

#[test]
fn a_settled_or_outdated_trade_is_not_accepted() {
    let side = TradeSide::Partner;
    let settled = |status| TradeStanding { status, ..STANDING };
    assert_eq!(accept_trade(&settled(Completed), side, 3, 500), Ok(Acceptance::Already));
    assert!(matches!(accept_trade(&settled(Completed), side, 2, 500), Err(RuleError::Differs { .. })));
    for status in [Declined, Cancelled, Expired] {
        assert_eq!(accept_trade(&settled(status), side, 3, 0), Err(illegal(status.name(), "completed")));
    }
    assert_eq!(accept_trade(&STANDING, side, 3, 100), Err(illegal("expired", "completed")));
}

#[test]
fn an_offer_changes_while_the_trade_is_open() {
    assert_eq!(revise_trade(&STANDING, 3, 99), Ok(4));
    assert!(matches!(revise_trade(&STANDING, 2, 99), Err(RuleError::Differs { .. })));
    assert_eq!(revise_trade(&STANDING, 3, 100), Err(illegal("expired", "revised")));
    for status in [Completed, Declined, Cancelled, Expired] {
        let settled = TradeStanding { status, ..STANDING };
        assert_eq!(revise_trade(&settled, 3, 0), Err(illegal(status.name(), "revised")));
    }
    let last = TradeStanding { revision: u32::MAX, ..STANDING };
    assert!(matches!(revise_trade(&last, u32::MAX, 0), Err(RuleError::AboveLimit { .. })));
}

#[test]
fn the_proposer_cancels_and_the_partner_declines() {
    use TradeSide::{Partner, Proposer};
    assert_eq!(settle_trade(Open, Cancelled, Proposer), Ok(TradeStep::Moved));
    assert_eq!(settle_trade(Open, Declined, Partner), Ok(TradeStep::Moved));
    assert_eq!(settle_trade(Declined, Declined, Partner), Ok(TradeStep::Already));
    assert_eq!(settle_trade(Declined, Cancelled, Proposer), Err(illegal("declined", "cancelled")));
    let wrong = settle_trade(Open, Cancelled, Partner).unwrap_err();
    assert_eq!(wrong.to_string(), "The side that cancels a trade must be the proposer, not the partner.");
    assert!(matches!(settle_trade(Open, Declined, Proposer), Err(RuleError::Differs { .. })));
    for to in [Open, Completed, Expired] {
        assert_eq!(settle_trade(Open, to, Proposer), Err(illegal("open", to.name())), "nobody's to decide");
    }
}

#[test]
fn the_timer_expires_then_forgets() {
    assert_eq!(trade_timer(Open, 100, 0, 99), TradeTimer::Wait(100));
    assert_eq!(trade_timer(Open, 100, 0, 100), TradeTimer::Expire);
    for status in [Completed, Declined, Cancelled, Expired] {
        let due = 50 + TRADE_RETENTION_MICROS;
        assert_eq!(trade_timer(status, 100, 50, due - 1), TradeTimer::Wait(due));
        assert_eq!(trade_timer(status, 100, 50, due), TradeTimer::Forget);
    }
}

#[test]
fn open_trades_are_limited() {
    assert_eq!(check_offered_trades(7), Ok(()));
    assert!(matches!(check_offered_trades(8), Err(RuleError::AboveLimit { limit: 8, actual: 9, .. })));
    assert_eq!(check_received_trades(63), Ok(()));
    assert!(matches!(check_received_trades(64), Err(RuleError::AboveLimit { limit: 64, actual: 65, .. })));
}

#[derive(Clone, Debug, PartialEq)]
struct Coin(bool);

impl ItemKind for Coin {
    type EquipSlot = ();

    fn stack_max(&self) -> u32 {
        10
    }

    fn equip_slot(&self) -> Option<()> {
        None
    }

    fn is_tradable(&self) -> bool {
        self.0
    }
}

fn bag(capacity: u32, stacks: &[(u32, u32, bool)]) -> Bag<u32, Coin> {
    let stack = |(slot, (id, quantity, tradable)): (u32, &(u32, u32, bool))| Stack {
        id: Some(*id),
        slot,
        quantity: *quantity,
        kind: Coin(*tradable),
    };
    Bag::new(capacity, (0..).zip(stacks).map(stack).collect())
}

#[test]
fn offers_hold_what_is_there_and_tradable() {
    let bag = bag(12, &[(1, 10, true), (2, 5, false), (3, 5, true)]);
    let offer = check_offer(&bag, &[(1, 10), (3, 2)]).unwrap();
    assert_eq!(offer.iter().map(|offered| (offered.id, offered.quantity)).collect::<Vec<_>>(), [(1, 10), (3, 2)]);
    assert_eq!(check_offer(&bag, &[]), Ok(Vec::new()));
    for (wanted, field) in [(&[(1, 1), (1, 2)][..], "items"), (&[(2, 1)], "items"), (&[(1, 0)], "quantity")] {
        let refused = check_offer(&bag, wanted).unwrap_err();
        assert!(matches!(refused, RuleError::Malformed { field: actual, .. } if actual == field), "{wanted:?}");
    }
    assert!(matches!(check_offer(&bag, &[(3, 6)]), Err(RuleError::Insufficient { needed: 6, available: 5, .. })));
    assert!(matches!(check_offer(&bag, &[(4, 1)]), Err(RuleError::Hidden { .. })));
    assert!(matches!(check_offer(&bag, &[(1, 1); 9]), Err(RuleError::AboveLimit { limit: 8, actual: 9, .. })));
}

#[test]
fn full_bags_trade_slot_for_slot_and_refuse_more() {
    let (one, other) = (bag(1, &[(1, 10, true)]), bag(1, &[(7, 10, true)]));
    let (from_one, from_other) = (check_offer(&one, &[(1, 10)]).unwrap(), check_offer(&other, &[(7, 10)]).unwrap());
    assert!(exchange(&one, &other, &from_one, &from_other).is_ok());
    let refused = exchange(&one, &other, &from_one, &[]).unwrap_err();
    assert_eq!(refused.to_string(), "The number of occupied slots of a bag may be at most 1, not 2.");
    assert!(matches!(exchange(&one, &other, &[], &[]), Err(RuleError::Malformed { field: "items", .. })));
}

#[test]
fn what_is_offered_must_still_be_there_and_the_same() {
    let (one, other) = (bag(4, &[(1, 10, true)]), bag(4, &[]));
    let offer = check_offer(&one, &[(1, 10)]).unwrap();
    let mut spent = one.clone();
    spent.take(&1, 4).unwrap();
    let refused = exchange(&spent, &other, &offer, &[]);
    assert!(matches!(refused, Err(RuleError::Insufficient { needed: 10, available: 6, .. })));
    let gone = exchange(&other, &other, &offer, &[]);
    assert!(matches!(gone, Err(RuleError::Insufficient { needed: 10, available: 0, .. })));
    let changed = vec![Offered { kind: Coin(false), ..offer[0].clone() }];
    assert!(matches!(exchange(&one, &other, &changed, &[]), Err(RuleError::Differs { .. })));
}
