//! Money that the Service brings in, takes out and pays back.

use module_runtime::BALANCE_MAX;
use spacetime_module::*;

use super::{balance, coins, credit, debit, differences, gift, id, ledger, refund, transfer};
use crate::world::{Actor, World, above, illegal, invalid};

fn page(before_sequence: Option<u64>, limit: u32) -> WalletLedgerPage {
    WalletLedgerPage { currency: WalletCurrency::Coins, before_sequence, limit }
}

#[test]
fn the_ledger_explains_the_balance() {
    let world = World::new();
    let earned = credit(&world, Actor::Alice, coins("quest", 100)).unwrap();
    assert_eq!((earned.sequence, earned.kind, earned.balance_after), (1, WalletEntryKind::Credit, 100));
    assert_eq!((earned.owner, earned.posted_by), (Actor::Alice.identity(), Actor::Service.identity()));
    assert_eq!((earned.counterparty, earned.related_entry_id), (None, None));
    let spent = debit(&world, Actor::Alice, coins("hat", 30)).unwrap();
    assert_eq!((spent.sequence, spent.balance_after, balance(&world, Actor::Alice)), (2, 70, 70));
    let back = refund(&world, Actor::Alice, "hat-back", spent.entry_id).unwrap();
    assert_eq!((back.kind, back.amount, back.balance_after), (WalletEntryKind::Refund, 30, 100));
    assert_eq!(back.related_entry_id, Some(spent.entry_id));
    assert_eq!(ledger(&world, Actor::Alice), [earned, spent, back]);
    assert_eq!(world.see(Actor::Bob, my_wallet), []);
    assert_eq!(world.see(Actor::Bob, my_wallet_ledger), []);
    assert_eq!(differences(&world, Actor::Alice), []);
}

#[test]
fn a_client_keeps_the_newest_lines() {
    let world = World::new();
    for number in 1..=52 {
        credit(&world, Actor::Alice, coins(&number.to_string(), 1)).unwrap();
    }
    let gems = WalletPostingRequest { currency: WalletCurrency::Gems, ..coins("gem", 7) };
    credit(&world, Actor::Alice, gems).unwrap();
    let lines = world.see(Actor::Alice, my_wallet_ledger);
    let (coins, gems): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.currency == WalletCurrency::Coins);
    let mut numbers: Vec<_> = coins.iter().map(|line| line.sequence).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (3..=52).collect::<Vec<_>>());
    assert_eq!(gems.len(), 1);
}

#[test]
fn currencies_are_apart() {
    let world = World::new();
    credit(&world, Actor::Alice, coins("a", 5)).unwrap();
    let gems = WalletPostingRequest { currency: WalletCurrency::Gems, ..coins("b", 7) };
    assert_eq!(credit(&world, Actor::Alice, gems).unwrap().sequence, 1, "each has a ledger of its own");
    let balances = world.call(Actor::Alice, |ctx| get_profile_wallet_and_return(ctx, None)).unwrap();
    let held: Vec<_> = balances.iter().map(|row| (row.currency, row.balance)).collect();
    assert_eq!(held, [(WalletCurrency::Coins, 5), (WalletCurrency::Gems, 7)]);
    let short = world.refused(|world| debit(world, Actor::Alice, coins("c", 6)));
    assert_eq!(short.code, DomainErrorCode::Insufficient(Insufficient { needed: 6, available: 5 }));
}

#[test]
fn the_same_request_moves_money_once() {
    let world = World::new();
    let first = credit(&world, Actor::Alice, coins("k", 100)).unwrap();
    let spent = debit(&world, Actor::Alice, coins("k", 60)).unwrap();
    let back = refund(&world, Actor::Alice, "k", spent.entry_id).unwrap();
    let before = world.rows();
    world.advance(1_000);
    assert_eq!(credit(&world, Actor::Alice, coins("k", 100)), Ok(first));
    assert_eq!(debit(&world, Actor::Alice, coins("k", 60)), Ok(spent.clone()));
    assert_eq!(refund(&world, Actor::Alice, "k", spent.entry_id), Ok(back));
    assert_eq!(world.rows(), before);
    let refusals = [
        world.refused(|world| credit(world, Actor::Alice, coins("k", 101))),
        world.refused(|world| debit(world, Actor::Alice, coins("k", 61))),
        world.refused(|world| refund(world, Actor::Alice, "k", id(9))),
    ];
    for refusal in refusals {
        assert!(matches!(refusal.code, DomainErrorCode::Conflict(_)), "{refusal}");
    }
}

#[test]
fn a_debit_is_paid_back_once() {
    let world = World::new();
    let earned = credit(&world, Actor::Alice, coins("a", 100)).unwrap();
    let spent = debit(&world, Actor::Alice, coins("b", 40)).unwrap();
    let back = refund(&world, Actor::Alice, "c", spent.entry_id).unwrap();
    let again = world.refused(|world| refund(world, Actor::Alice, "d", spent.entry_id));
    assert_eq!(again.code, illegal("refunded", "refunded"));
    for entry in [earned.entry_id, back.entry_id] {
        let refusal = world.refused(|world| refund(world, Actor::Alice, "e", entry));
        assert!(matches!(refusal.code, DomainErrorCode::Conflict(_)), "{refusal}");
    }
    for (player, entry) in [(Actor::Bob, spent.entry_id), (Actor::Alice, id(9))] {
        let refusal = world.refused(|world| refund(world, player, "f", entry));
        assert_eq!(refusal.code, DomainErrorCode::NotFound);
    }
    assert_eq!(balance(&world, Actor::Alice), 100);
}

#[test]
fn bad_postings_name_the_field_or_the_limit() {
    let world = World::new();
    credit(&world, Actor::Alice, coins("a", 1)).unwrap();
    let good = coins("k", 5);
    let cases = [
        (WalletPostingRequest { amount: 0, ..good.clone() }, invalid("amount")),
        (WalletPostingRequest { amount: BALANCE_MAX + 1, ..good.clone() }, above(BALANCE_MAX)),
        (WalletPostingRequest { amount: u64::MAX, ..good.clone() }, above(BALANCE_MAX)),
        (WalletPostingRequest { reason: String::new(), ..good.clone() }, invalid("reason")),
        (WalletPostingRequest { reason: "r".repeat(201), ..good.clone() }, above(200)),
        (WalletPostingRequest { idempotency_key: String::new(), ..good.clone() }, invalid("idempotency_key")),
    ];
    for (request, code) in cases {
        for post in [credit, debit] {
            let refusal = world.refused(|world| post(world, Actor::Alice, request.clone()));
            assert_eq!(refusal.code, code, "{refusal}");
        }
    }
    let overflow = world.refused(|world| credit(world, Actor::Alice, coins("k", BALANCE_MAX)));
    assert_eq!(overflow.code, above(BALANCE_MAX), "an error, never a wrap");
    assert_eq!(credit(&world, Actor::Alice, coins("k", BALANCE_MAX - 1)).unwrap().balance_after, BALANCE_MAX);
}

#[test]
fn only_the_service_makes_money() {
    let world = World::new();
    let spent = {
        credit(&world, Actor::Alice, coins("a", 100)).unwrap();
        debit(&world, Actor::Alice, coins("b", 40)).unwrap()
    };
    for actor in [Actor::Alice, Actor::Bob, Actor::Operator, Actor::Admin, Actor::Owner] {
        let request = WalletRefundRequest {
            idempotency_key: "x".to_owned(),
            debit_entry_id: spent.entry_id,
            reason: "x".to_owned(),
        };
        let refusals = [
            world.refused(|world| world.call(actor, |ctx| credit_profile_wallet_and_return(ctx, None, coins("x", 1)))),
            world.refused(|world| world.call(actor, |ctx| debit_profile_wallet_and_return(ctx, None, coins("x", 1)))),
            world.refused(|world| world.call(actor, |ctx| refund_profile_wallet_and_return(ctx, None, request))),
        ];
        for refusal in refusals {
            assert_eq!(refusal.code, DomainErrorCode::Forbidden, "{actor:?}");
        }
    }
}

#[test]
fn a_closed_account_moves_no_money() {
    let world = World::new();
    for player in [Actor::Alice, Actor::Bob] {
        credit(&world, player, coins("a", 100)).unwrap();
    }
    let spent = debit(&world, Actor::Alice, coins("b", 40)).unwrap();
    world.reduce(Actor::Alice, close_account).unwrap();
    let refusals = [
        world.refused(|world| credit(world, Actor::Alice, coins("c", 1))),
        world.refused(|world| debit(world, Actor::Alice, coins("c", 1))),
        world.refused(|world| refund(world, Actor::Alice, "c", spent.entry_id)),
        world.refused(|world| transfer(world, Actor::Alice, gift(Actor::Bob, "c", 1))),
    ];
    for refusal in refusals {
        assert_eq!(refusal.code, DomainErrorCode::AccountClosed, "{refusal}");
    }
    let refusal = world.refused(|world| transfer(world, Actor::Bob, gift(Actor::Alice, "c", 1)));
    assert!(matches!(refusal.code, DomainErrorCode::Conflict(_)), "{refusal}");
}

#[test]
fn a_ledger_is_read_page_by_page() {
    let world = World::new();
    for number in 1..=5 {
        credit(&world, Actor::Alice, coins(&format!("k{number}"), number)).unwrap();
    }
    let read = |request| world.call(Actor::Alice, |ctx| list_profile_wallet_ledger_and_return(ctx, None, request));
    let numbers = |request| read(request).unwrap().iter().map(|line| line.sequence).collect::<Vec<_>>();
    assert_eq!(numbers(page(None, 2)), [5, 4]);
    assert_eq!(numbers(page(Some(4), 2)), [3, 2]);
    assert_eq!(numbers(page(Some(2), 2)), [1]);
    assert_eq!(numbers(page(Some(1), 2)), Vec::<u64>::new());
    assert_eq!(numbers(page(Some(u64::MAX), 200)), [5, 4, 3, 2, 1]);
    assert_eq!(read(page(None, 0)).unwrap_err().code, invalid("limit"));
    assert_eq!(read(page(None, u32::MAX)).unwrap_err().code, above(200));
    let bobs = world.call(Actor::Bob, |ctx| list_profile_wallet_ledger_and_return(ctx, None, page(None, 9)));
    assert_eq!(bobs, Ok(Vec::new()));
}
