//! Money between players: the total stays, whatever happens in whichever order.

use module_runtime::{BALANCE_MAX, TRANSFERS_PER_DAY_MAX, replay};
use spacetime_module::*;

use super::{balance, coins, credit, debit, differences, gift, ledger, refund, transfer};
use crate::world::{Actor, World, above, invalid};

#[test]
fn both_ledgers_tell_of_a_transfer() {
    let world = World::new();
    credit(&world, Actor::Alice, coins("a", 100)).unwrap();
    credit(&world, Actor::Bob, coins("a", 1)).unwrap();
    let paid = transfer(&world, Actor::Alice, gift(Actor::Bob, "k", 30)).unwrap();
    let got = ledger(&world, Actor::Bob).pop().unwrap();
    assert_eq!((paid.kind, paid.balance_after), (WalletEntryKind::TransferOut, 70));
    assert_eq!((got.kind, got.balance_after), (WalletEntryKind::TransferIn, 31));
    assert_eq!((paid.counterparty, got.counterparty), (Some(Actor::Bob.identity()), Some(Actor::Alice.identity())));
    assert_eq!((paid.related_entry_id, got.related_entry_id), (Some(got.entry_id), Some(paid.entry_id)));
    let before = world.rows();
    world.advance(1_000);
    assert_eq!(transfer(&world, Actor::Alice, gift(Actor::Bob, "k", 30)), Ok(paid), "once");
    assert_eq!(world.rows(), before);
    world.reduce(Actor::Alice, |ctx| transfer_profile_wallet(ctx, gift(Actor::Bob, "k2", 70))).unwrap();
    assert_eq!((balance(&world, Actor::Alice), balance(&world, Actor::Bob)), (0, 101));
}

#[test]
fn refused_transfers_leave_both_sides_alone() {
    let world = World::new();
    credit(&world, Actor::Alice, coins("a", 100)).unwrap();
    credit(&world, Actor::Bob, coins("a", BALANCE_MAX)).unwrap();
    transfer(&world, Actor::Bob, gift(Actor::Alice, "used", 1)).unwrap();
    let good = gift(Actor::Bob, "k", 1);
    let short = DomainErrorCode::Insufficient(Insufficient { needed: 102, available: 101 });
    let cases = [
        (gift(Actor::Bob, "k", 102), short),
        (gift(Actor::Bob, "k", 2), above(BALANCE_MAX)),
        (gift(Actor::Bob, "k", 0), invalid("amount")),
        (gift(Actor::Bob, "k", u64::MAX), above(BALANCE_MAX)),
        (gift(Actor::Alice, "k", 1), invalid("recipient")),
        (gift(Actor::Stranger, "k", 1), DomainErrorCode::NotFound),
        (WalletTransferRequest { reason: String::new(), ..good.clone() }, invalid("reason")),
        (WalletTransferRequest { idempotency_key: String::new(), ..good.clone() }, invalid("idempotency_key")),
    ];
    for (request, code) in cases {
        let refusal = world.refused(|world| transfer(world, Actor::Alice, request));
        assert_eq!(refusal.code, code, "{refusal}");
    }
    assert!(transfer(&world, Actor::Alice, good).is_ok(), "to the last unit");
}

#[test]
fn nobody_fills_another_players_ledger() {
    let world = World::new();
    credit(&world, Actor::Alice, coins("a", 1_000)).unwrap();
    credit(&world, Actor::Bob, coins("a", 1)).unwrap();
    for number in 0..TRANSFERS_PER_DAY_MAX {
        transfer(&world, Actor::Alice, gift(Actor::Bob, &format!("k{number}"), 1)).unwrap();
    }
    let one_more = |world: &World| transfer(world, Actor::Alice, gift(Actor::Bob, "more", 1));
    assert_eq!(world.refused(one_more).code, above(u64::from(TRANSFERS_PER_DAY_MAX)));
    assert!(transfer(&world, Actor::Bob, gift(Actor::Alice, "k", 1)).is_ok(), "each has its own count");
    world.advance(24 * 60 * 60 * 1_000_000);
    assert!(one_more(&world).is_ok(), "on the next day");
    assert_eq!(differences(&world, Actor::Alice), []);
}

/// Draws the same numbers each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

/// The rules are proven over many more sequences in the rules' own crate; this drives the tables.
#[test]
fn money_is_conserved_over_any_sequence() {
    const PLAYERS: [Actor; 3] = [Actor::Alice, Actor::Bob, Actor::Moderator];
    for seed in 0..4 {
        let world = World::new();
        let mut dice = Dice(seed);
        let (mut credited, mut debited, mut refunded) = (0, 0, 0);
        let mut debits: Vec<(Actor, ProfileWalletLedger)> = Vec::new();
        for step in 0..120 {
            let (player, amount) = (PLAYERS[dice.roll(3)], dice.roll(60) as u64);
            // Keys come back now and then, with the same request or with another one.
            let key = format!("k{}", dice.roll(200));
            let before = ledger(&world, player).len();
            let is_new = |world: &World| ledger(world, player).len() > before;
            match dice.roll(4) {
                0 => {
                    let posted = credit(&world, player, coins(&key, amount));
                    credited += posted.map_or(0, |line| if is_new(&world) { line.amount } else { 0 });
                }
                1 => {
                    if let Ok(line) = debit(&world, player, coins(&key, amount))
                        && is_new(&world)
                    {
                        debited += line.amount;
                        debits.push((player, line));
                    }
                }
                2 => drop(transfer(&world, player, gift(PLAYERS[dice.roll(3)], &key, amount))),
                _ if !debits.is_empty() => {
                    let (owner, line) = debits[dice.roll(debits.len())].clone();
                    let before = ledger(&world, owner).len();
                    if refund(&world, owner, &key, line.entry_id).is_ok() && ledger(&world, owner).len() > before {
                        refunded += line.amount;
                    }
                }
                _ => {}
            }
            let held: u64 = PLAYERS.into_iter().map(|player| balance(&world, player)).sum();
            assert_eq!(held + debited, credited + refunded, "seed {seed}, step {step}");
        }
        assert!(credited > 0 && debited > 0 && refunded > 0, "the dice reach everything");
        for player in PLAYERS {
            let lines = ledger(&world, player);
            let length = lines.len() as u64;
            let lines = lines.into_iter().map(|line| module_runtime::LedgerLine {
                sequence: line.sequence,
                kind: line.kind.into(),
                amount: line.amount,
                balance_after: line.balance_after,
            });
            assert_eq!(replay(lines), Ok((balance(&world, player), length)));
            assert_eq!(differences(&world, player), []);
        }
    }
}
