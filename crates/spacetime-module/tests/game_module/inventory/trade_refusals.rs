//! Trades that are refused.

use module_inventory::TRADE_LIFETIME_MICROS;
use spacetime_module::*;
use spacetimedb::{Identity, Uuid};

use super::{Market, insufficient};
use crate::world::Actor::{Alice, Bob};
use crate::world::{Actor, above, conflict, illegal, invalid};

/// Alice with 5 flour, Bob with 3 bread.
fn stocked() -> Market {
    let market = Market::new();
    market.give(Alice, "flour", 5);
    market.give(Bob, "bread", 3);
    market
}

/// The refusal of a changed proposal by Alice.
#[track_caller]
fn refused(market: &Market, change: impl FnOnce(&mut TradeProposal)) -> DomainErrorCode {
    let mut request = market.proposal(Alice, &[(0, 5)]);
    change(&mut request);
    market.world.refused(|world| world.call(Alice, |ctx| offer_trade_and_return(ctx, None, request))).code
}

#[test]
fn proposals_with_wrong_arguments() {
    let market = stocked();
    let bread = market.item(Bob, 0).item_id;
    for key in [String::new(), "two words".to_owned(), "schlüssel".to_owned()] {
        assert_eq!(refused(&market, |request| request.idempotency_key = key), invalid("idempotency_key"));
    }
    assert_eq!(refused(&market, |request| request.idempotency_key = "k".repeat(129)), above(128));
    assert_eq!(refused(&market, |request| request.partner = Alice.identity()), invalid("partner"));
    for partner in [Identity::ZERO, Actor::Stranger.identity()] {
        assert_eq!(refused(&market, |request| request.partner = partner), DomainErrorCode::NotFound);
    }
    for world_id in [Uuid::NIL, market.version.version_id] {
        assert_eq!(refused(&market, |request| request.world_id = world_id), DomainErrorCode::NotFound);
    }
    for (quantity, code) in
        [(0, invalid("quantity")), (6, insufficient(6, 5)), (u32::MAX, insufficient(u32::MAX.into(), 5))]
    {
        assert_eq!(refused(&market, |request| request.items[0].quantity = quantity), code, "{quantity}");
    }
    for item_id in [bread, Uuid::NIL] {
        assert_eq!(refused(&market, |request| request.items[0].item_id = item_id), DomainErrorCode::NotFound);
    }
    let twice = refused(&market, |request| {
        request.items[0].quantity = 1;
        request.items.push(request.items[0].clone());
    });
    assert_eq!(twice, invalid("items"));
    assert_eq!(refused(&market, |request| request.items = vec![request.items[0].clone(); 9]), above(8));
}

#[test]
fn what_is_bound_to_its_owner_is_not_traded() {
    let market = stocked();
    let WorldEntry::Item(bread) = crate::sample_world::sample_entries().swap_remove(8).1 else { panic!("an item") };
    let heirloom = WorldItem { tradable: false, ..bread };
    super::add_entry(&market.world, market.version.version_id, "heirloom", WorldEntry::Item(heirloom));
    market.give(Alice, "heirloom", 1);
    assert_eq!(market.world.refused(|_| market.offer(Alice, &[(1, 1)])).code, invalid("items"));
}

#[test]
fn a_player_has_eight_open_proposals() {
    let market = stocked();
    for _ in 0..8 {
        market.offer(Alice, &[(0, 1)]).unwrap();
    }
    assert_eq!(market.world.refused(|_| market.offer(Alice, &[(0, 1)])).code, above(8));
    let [first, ..] = &market.world.see(Alice, my_trades)[..] else { panic!("eight") };
    market.cancel(Alice, first).unwrap();
    market.offer(Alice, &[(0, 1)]).expect("a settled one makes room");
}

#[test]
fn what_was_offered_must_still_be_there() {
    let market = stocked();
    let trade = market.offer(Alice, &[(0, 5)]).unwrap();
    let trade = market.accept(Alice, &trade).unwrap();
    let request = InventoryDiscard { item_id: market.item(Alice, 0).item_id, quantity: 1, revision: 1 };
    market.world.reduce(Alice, |ctx| discard_inventory_item(ctx, request)).unwrap();
    assert_eq!(market.world.refused(|_| market.accept(Bob, &trade)).code, insufficient(5, 4));
    let request = InventoryDiscard { item_id: market.item(Alice, 0).item_id, quantity: 4, revision: 2 };
    market.world.reduce(Alice, |ctx| discard_inventory_item(ctx, request)).unwrap();
    assert_eq!(market.world.refused(|_| market.accept(Bob, &trade)).code, insufficient(5, 0));
}

#[test]
fn what_is_worn_or_traded_away_is_not_there() {
    let market = stocked();
    market.give(Alice, "sickle", 1);
    let sickle = market.item(Alice, 1).runtime_item_id.unwrap();
    let first = market.offer(Alice, &[(1, 1)]).unwrap();
    let second = market.offer(Alice, &[(1, 1)]).unwrap();
    for trade in [&first, &second] {
        market.accept(Alice, trade).unwrap();
    }
    market.world.reduce(Alice, |ctx| equip_item(ctx, sickle)).unwrap();
    assert_eq!(market.world.refused(|_| market.accept(Bob, &first)).code, insufficient(1, 0));
    market.world.reduce(Alice, |ctx| unequip_item(ctx, sickle)).unwrap();
    let third = market.offer(Alice, &[(1, 1)]).unwrap();
    market.accept(Bob, &third).unwrap();
    market.accept(Alice, &third).unwrap();
    for trade in [&first, &second] {
        assert_eq!(market.world.refused(|_| market.accept(Bob, trade)).code, insufficient(1, 0));
    }
}

#[test]
fn both_bags_need_room() {
    let market = stocked();
    market.give(Bob, "flour", 39 * 20);
    let trade = market.offer(Alice, &[(0, 5)]).unwrap();
    market.accept(Alice, &trade).unwrap();
    assert_eq!(market.world.refused(|_| market.accept(Bob, &trade)).code, above(40));
    let trade = market.revise(Bob, &trade, &[(0, 3)]).unwrap();
    market.accept(Alice, &trade).unwrap();
    market.accept(Bob, &trade).expect("the bread makes room for the flour");
}

#[test]
fn an_empty_trade_is_not_completed() {
    let market = stocked();
    let trade = market.offer(Alice, &[]).unwrap();
    market.accept(Alice, &trade).unwrap();
    assert_eq!(market.world.refused(|_| market.accept(Bob, &trade)).code, invalid("items"));
}

#[test]
fn a_settled_trade_stays_as_it_is() {
    let market = stocked();
    let declined = market.offer(Alice, &[(0, 1)]).unwrap();
    let declined = market.decline(Bob, &declined).unwrap();
    assert_eq!(market.decline(Bob, &declined), Ok(declined.clone()), "a repeated refusal");
    let cancelled = market.offer(Alice, &[(0, 1)]).unwrap();
    let cancelled = market.cancel(Alice, &cancelled).unwrap();
    assert_eq!(market.cancel(Alice, &cancelled), Ok(cancelled.clone()));
    let accepting = |trade: &InventoryTrade| market.world.refused(|_| market.accept(Bob, trade)).code;
    assert_eq!(accepting(&declined), illegal("declined", "completed"));
    assert_eq!(accepting(&cancelled), illegal("cancelled", "completed"));
    let revising = market.world.refused(|_| market.revise(Bob, &cancelled, &[]));
    assert_eq!(revising.code, illegal("cancelled", "revised"));
    assert_eq!(market.world.refused(|_| market.cancel(Alice, &declined)).code, illegal("declined", "cancelled"));
    assert_eq!(market.world.refused(|_| market.decline(Bob, &cancelled)).code, illegal("cancelled", "declined"));
}

#[test]
fn the_proposer_cancels_and_the_partner_declines() {
    let market = stocked();
    let trade = market.offer(Alice, &[(0, 1)]).unwrap();
    let cancelling = market.world.refused(|_| market.cancel(Bob, &trade));
    assert_eq!(cancelling.code, conflict("the proposer", "the partner"));
    let declining = market.world.refused(|_| market.decline(Alice, &trade));
    assert_eq!(declining.code, conflict("the partner", "the proposer"));
}

/// The schedule may not have come round yet; that makes no difference.
#[test]
fn a_trade_whose_time_is_over_is_neither_accepted_nor_changed() {
    let market = stocked();
    let trade = market.offer(Alice, &[(0, 1)]).unwrap();
    market.accept(Alice, &trade).unwrap();
    market.world.advance(TRADE_LIFETIME_MICROS);
    assert_eq!(market.world.refused(|_| market.accept(Bob, &trade)).code, illegal("expired", "completed"));
    assert_eq!(market.world.refused(|_| market.revise(Bob, &trade, &[])).code, illegal("expired", "revised"));
}

#[test]
fn revisions_are_counted() {
    let market = stocked();
    let trade = market.offer(Alice, &[(0, 1)]).unwrap();
    for revision in [0, 2, u32::MAX] {
        let other = InventoryTrade { revision, ..trade.clone() };
        let code = conflict("1", &revision.to_string());
        assert_eq!(market.world.refused(|_| market.accept(Bob, &other)).code, code);
        assert_eq!(market.world.refused(|_| market.revise(Bob, &other, &[])).code, code);
    }
}

#[test]
fn a_trade_of_others_is_not_found() {
    let market = stocked();
    let trade = market.offer(Alice, &[(0, 1)]).unwrap();
    let unknown = InventoryTrade { trade_id: Uuid::MAX, ..trade.clone() };
    for (actor, trade) in [(Actor::Stranger, &trade), (Actor::Admin, &trade), (Bob, &unknown)] {
        let read = |trade_id| market.world.call(actor, |ctx| read_trade_and_return(ctx, None, trade_id));
        let refusals = [
            market.world.refused(|_| market.accept(actor, trade)),
            market.world.refused(|_| market.revise(actor, trade, &[])),
            market.world.refused(|_| market.decline(actor, trade)),
            market.world.refused(|_| market.cancel(actor, trade)),
            market.world.refused(|_| read(trade.trade_id)),
        ];
        for refusal in refusals {
            assert_eq!(refusal.code, DomainErrorCode::NotFound, "{actor:?}");
        }
    }
}

#[test]
fn nobody_trades_with_a_closed_account() {
    let market = stocked();
    let trade = market.offer(Alice, &[(0, 1)]).unwrap();
    market.accept(Alice, &trade).unwrap();
    market.world.reduce(Alice, close_account).unwrap();
    assert_eq!(market.world.refused(|_| market.accept(Bob, &trade)).code, DomainErrorCode::NotFound);
    assert_eq!(market.world.refused(|_| market.offer(Bob, &[(0, 1)])).code, DomainErrorCode::NotFound);
    assert_eq!(market.world.refused(|_| market.cancel(Alice, &trade)).code, DomainErrorCode::AccountClosed);
}
