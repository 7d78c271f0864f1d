//! Trades from proposal to exchange, or to another end.

use module_inventory::{TRADE_LIFETIME_MICROS, TRADE_RETENTION_MICROS};
use spacetime_module::*;
use spacetimedb::{Identity, Table};

use super::Market;
use crate::world::Actor::{Alice, Bob};
use crate::world::{Actor, conflict};

/// Alice with 25 flour and a sickle, Bob with 3 bread.
fn stocked() -> Market {
    let market = Market::new();
    market.give(Alice, "flour", 25);
    market.give(Alice, "sickle", 1);
    market.give(Bob, "bread", 3);
    market
}

#[test]
fn both_accept_and_everything_changes_hands() {
    let market = stocked();
    let sickle = market.item(Alice, 2).runtime_item_id.unwrap();
    let rolled = market.world.see(Alice, my_runtime_items)[0].attributes.clone();
    let trade = market.offer(Alice, &[(0, 6), (2, 1)]).unwrap();
    assert_eq!((trade.status, trade.revision, trade.accepted_by), (TradeStatus::Open, 1, None));
    assert_eq!(trade.proposer_items[1].attributes, rolled, "the partner sees what it would get");
    assert_eq!(market.world.see(Bob, my_received_trades), std::slice::from_ref(&trade));

    let trade = market.revise(Bob, &trade, &[(0, 2)]).unwrap();
    assert_eq!(trade.revision, 2);
    let trade = market.accept(Alice, &trade).unwrap();
    assert_eq!(trade.accepted_by, Some(TradeSide::Proposer));
    assert_eq!(market.drawn(Alice), "0:flour*20 1:flour*5 2:sickle*1", "nothing moves before both accept");
    let trade = market.accept(Bob, &trade).unwrap();
    assert_eq!((trade.status, trade.settled_at), (TradeStatus::Completed, Some(market.world.now())));

    assert_eq!(market.drawn(Alice), "0:flour*14 1:flour*5 2:bread*2");
    assert_eq!(market.drawn(Bob), "0:bread*1 1:flour*6 2:sickle*1");
    let [instance] = market.world.see(Bob, my_runtime_items).try_into().unwrap();
    assert_eq!((instance.runtime_item_id, &instance.attributes), (sickle, &rolled));
    assert_eq!(market.world.see(Alice, my_runtime_items), []);
    market.world.reduce(Bob, |ctx| equip_item(ctx, sickle)).unwrap();

    let before = market.world.rows();
    for player in [Alice, Bob] {
        assert_eq!(market.accept(player, &trade), Ok(trade.clone()), "a repeated acceptance");
    }
    assert_eq!(market.world.rows(), before);
}

#[test]
fn the_reducers_do_what_the_procedures_do() {
    let market = stocked();
    let request = market.proposal(Alice, &[(0, 1)]);
    market.world.reduce(Alice, |ctx| offer_trade(ctx, request)).unwrap();
    let [trade] = market.world.see(Alice, my_trades).try_into().unwrap();
    let items = market.requests(Bob, &[(0, 1)]);
    let request = TradeRevision { trade_id: trade.trade_id, revision: 1, items };
    market.world.reduce(Bob, |ctx| revise_trade(ctx, request)).unwrap();
    let request = TradeAcceptance { trade_id: trade.trade_id, revision: 2 };
    market.world.reduce(Bob, |ctx| accept_trade(ctx, request.clone())).unwrap();
    market.world.reduce(Alice, |ctx| accept_trade(ctx, request)).unwrap();
    assert_eq!(market.drawn(Bob), "0:bread*2 1:flour*1");

    for (player, end) in [(Bob, TradeStatus::Declined), (Alice, TradeStatus::Cancelled)] {
        let trade = market.offer(Alice, &[]).unwrap();
        let ended = match player {
            Bob => market.world.reduce(Bob, |ctx| decline_trade(ctx, trade.trade_id)),
            _ => market.world.reduce(Alice, |ctx| cancel_trade(ctx, trade.trade_id)),
        };
        ended.unwrap();
        let read = market.world.call(player, |ctx| read_trade_and_return(ctx, None, trade.trade_id)).unwrap();
        assert_eq!(read.status, end);
    }
}

#[test]
fn an_offer_cannot_be_swapped_after_the_other_looked() {
    let market = stocked();
    let seen = market.offer(Alice, &[(2, 1)]).unwrap();
    let seen = market.revise(Bob, &seen, &[(0, 3)]).unwrap();
    market.accept(Bob, &seen).unwrap();
    let swapped = market.revise(Alice, &seen, &[(1, 1)]).unwrap();
    assert_eq!((swapped.revision, swapped.accepted_by), (3, None), "Bob has accepted something else");
    market.accept(Alice, &swapped).unwrap();
    let refusal = market.world.refused(|_| market.accept(Bob, &seen));
    assert_eq!(refusal.code, conflict("3", "2"));
    assert_eq!(market.drawn(Bob), "0:bread*3");
}

#[test]
fn the_same_proposal_again_returns_the_trade_as_it_stands() {
    let market = stocked();
    let request = market.proposal(Alice, &[(0, 6)]);
    let propose =
        |request: &TradeProposal| market.world.call(Alice, |ctx| offer_trade_and_return(ctx, None, request.clone()));
    let trade = propose(&request).unwrap();
    let declined = market.decline(Bob, &trade).unwrap();
    let before = market.world.rows();
    assert_eq!(propose(&request), Ok(declined));
    assert_eq!(market.world.rows(), before);
    let other = TradeProposal { items: Vec::new(), ..request };
    let refusal = market.world.refused(|_| propose(&other));
    assert_eq!(refusal.code, conflict("the one first sent under it", "another one"));
}

#[test]
fn open_trades_are_listed_for_both() {
    let market = stocked();
    let open = market.offer(Alice, &[(0, 1)]).unwrap();
    let settled = market.offer(Bob, &[(0, 1)]).unwrap();
    market.cancel(Bob, &settled).unwrap();
    let counter = market.offer(Bob, &[(0, 1)]).unwrap();
    let list = |player: Actor| market.world.call(player, |ctx| list_open_trades_and_return(ctx, None)).unwrap();
    assert_eq!(list(Alice), [open.clone(), counter.clone()]);
    assert_eq!(list(Bob), [counter, open]);
    assert_eq!(list(Actor::Stranger), []);
    assert_eq!(market.world.see(Actor::Stranger, my_trades), []);
    assert_eq!(market.world.see(Actor::Admin, my_received_trades), []);
}

#[test]
fn a_trade_lapses_after_a_day_and_is_forgotten_after_a_month() {
    let market = stocked();
    let trade = market.offer(Alice, &[(0, 6)]).unwrap();
    let before = market.world.rows();
    market.fire(&trade);
    let mut after = market.world.rows();
    after.insert("inventory_trade_timer".to_owned(), before["inventory_trade_timer"].clone());
    assert_eq!(after, before, "an early timer is only set again");

    market.world.advance(TRADE_LIFETIME_MICROS);
    market.fire(&trade);
    let [lapsed] = market.world.see(Bob, my_received_trades).try_into().unwrap();
    assert_eq!((lapsed.status, lapsed.settled_at), (TradeStatus::Expired, Some(market.world.now())));

    market.fire(&trade);
    assert_eq!(market.world.see(Alice, my_trades), [lapsed]);
    market.world.advance(TRADE_RETENTION_MICROS);
    market.fire(&trade);
    assert_eq!(market.world.see(Alice, my_trades), []);
    assert_eq!(market.world.test.db.inventory_trade_timer().count(), 0);
}

#[test]
fn a_newcomer_who_has_nothing_receives_a_gift() {
    let market = Market::new();
    market.give(Alice, "flour", 5);
    let gift = market.offer(Alice, &[(0, 2)]).unwrap();
    let [received] = market.world.see(Bob, my_received_trades).try_into().unwrap();
    let accepting = |player| {
        let request = TradeAcceptance { trade_id: received.trade_id, revision: received.revision };
        market.world.call(player, |ctx| accept_trade_and_return(ctx, None, request)).unwrap()
    };
    accepting(Bob);
    assert_eq!(accepting(Alice).status, TradeStatus::Completed);
    assert_eq!((market.drawn(Alice).as_str(), market.drawn(Bob).as_str()), ("0:flour*3", "0:flour*2"));
    assert_eq!(gift.trade_id, received.trade_id);
}

/// A player may have any number of stories, all of which the host would read to find out whether there is one.
#[test]
fn one_row_tells_who_takes_part() {
    let market = stocked();
    market.world.test.db.story_session().session_id().delete(market.bobs.session_id);
    let trade = market.offer(Alice, &[(0, 1)]).unwrap();
    let [played] = market.world.see(Bob, my_played_worlds).try_into().unwrap();
    market.world.test.db.profile_played_world().id().delete(played.id);
    assert_eq!(market.world.refused(|_| market.offer(Alice, &[])).code, DomainErrorCode::NotFound);
    assert_eq!(market.cancel(Alice, &trade).unwrap().status, TradeStatus::Cancelled);
}

/// Nobody fills another player's list by proposing and cancelling.
#[test]
fn the_oldest_settled_trades_give_way() {
    let market = stocked();
    let mut settled = Vec::new();
    for _ in 0..20 {
        market.world.advance(1);
        let request = TradeProposal { idempotency_key: format!("{}", settled.len()), ..market.proposal(Alice, &[]) };
        let trade = market.world.call(Alice, |ctx| offer_trade_and_return(ctx, None, request)).unwrap();
        settled.push(market.cancel(Alice, &trade).unwrap());
    }
    let mut kept = market.world.see(Bob, my_received_trades);
    kept.sort_by_key(|trade| trade.created_at);
    assert_eq!(kept, settled[20 - module_inventory::SETTLED_TRADES_KEPT..]);
    assert_eq!(market.world.test.db.inventory_trade_timer().count(), kept.len() as u64);
}

/// Not even under many identities.
#[test]
fn the_oldest_settled_trades_give_way_whoever_proposed_them() {
    let market = stocked();
    let gift = market.offer(Alice, &[(0, 1)]).unwrap();
    market.accept(Bob, &gift).unwrap();
    let gift = market.accept(Alice, &gift).unwrap();
    let [played] = market.world.see(Bob, my_played_worlds).try_into().unwrap();
    let proposal = market.proposal(Alice, &[]);
    let mut settled = Vec::new();
    for number in 0..40 {
        market.world.advance(1);
        let peddler = Identity::from_claims("localhost", &format!("peddler {number}"));
        let plays = ProfilePlayedWorld { id: 0, owner: peddler, ..played.clone() };
        market.world.test.db.profile_played_world().insert(plays);
        let (named, request) = (Some(peddler), proposal.clone());
        let trade = market.world.call(Actor::Service, |ctx| offer_trade_and_return(ctx, named, request)).unwrap();
        let cancelled = market.world.call(Actor::Service, |ctx| cancel_trade_and_return(ctx, named, trade.trade_id));
        settled.push(cancelled.unwrap());
    }
    let mut kept = market.world.see(Bob, my_received_trades);
    kept.sort_by_key(|trade| trade.created_at);
    let newest = settled.split_off(40 - module_inventory::SETTLED_TRADES_RECEIVED_KEPT);
    assert_eq!(kept, [vec![gift], newest].concat(), "what came of other trades stays");
    assert_eq!(market.world.test.db.inventory_trade_timer().count(), kept.len() as u64);
}

#[test]
fn a_timer_of_a_forgotten_trade_changes_nothing() {
    let market = stocked();
    let trade = market.offer(Alice, &[(0, 6)]).unwrap();
    let timer = market.world.test.db.inventory_trade_timer().iter().next().unwrap();
    for actor in [Actor::Owner, Actor::Service, Alice] {
        let refusal = market.world.refused(|world| world.reduce(actor, |ctx| expire_trade(ctx, timer.clone())));
        assert_eq!(refusal.code, DomainErrorCode::Forbidden, "{actor:?}");
    }
    market.world.test.db.inventory_trade().trade_id().delete(trade.trade_id);
    market.world.test.db.inventory_trade_timer().scheduled_id().delete(timer.scheduled_id);
    let before = market.world.rows();
    market.world.reduce(Actor::Engine, |ctx| expire_trade(ctx, timer.clone())).unwrap();
    assert_eq!(market.world.rows(), before);
}
