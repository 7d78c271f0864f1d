//! Money is conserved: over any sequence of credits, debits, transfers and refunds.

#![allow(clippy::unwrap_used)]

use module_runtime::*;
use proptest::prelude::*;

const PLAYERS: usize = 3;

/// One thing that happens to money; refused if the rules refuse it.
#[derive(Clone, Copy, Debug)]
enum Move {
    Credit {
        to: usize,
        amount: u64,
    },
    Debit {
        from: usize,
        amount: u64,
    },
    Transfer {
        from: usize,
        to: usize,
        amount: u64,
    },
    /// Pays back the entry with this number, over all entries, if there is one.
    Refund {
        entry: usize,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    owner: usize,
    line: LedgerLine,
    is_refunded: bool,
}

/// Wallets as the module keeps them: a balance each, and entries that explain it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Wallets {
    balances: [u64; PLAYERS],
    entries: Vec<Entry>,
    credited: u64,
    debited: u64,
    refunded: u64,
}

impl Wallets {
    fn enter(&mut self, owner: usize, kind: EntryKind, amount: u64) -> Result<(), RuleError> {
        let balance_after = post(self.balances[owner], kind, amount)?;
        let sequence = self.lines(owner).count() as u64 + 1;
        self.balances[owner] = balance_after;
        let line = LedgerLine { sequence, kind, amount, balance_after };
        self.entries.push(Entry { owner, line, is_refunded: false });
        Ok(())
    }

    fn lines(&self, owner: usize) -> impl Iterator<Item = LedgerLine> {
        self.entries.iter().filter(move |entry| entry.owner == owner).map(|entry| entry.line)
    }

    fn make(&mut self, step: Move) -> Result<(), RuleError> {
        match step {
            Move::Credit { to, amount } => {
                self.enter(to, EntryKind::Credit, amount)?;
                self.credited += amount;
            }
            Move::Debit { from, amount } => {
                self.enter(from, EntryKind::Debit, amount)?;
                self.debited += amount;
            }
            Move::Transfer { from, to, amount } => {
                check_transfer_parties(&from, &to)?;
                let expected = transfer(self.balances[from], self.balances[to], amount)?;
                self.enter(from, EntryKind::TransferOut, amount)?;
                self.enter(to, EntryKind::TransferIn, amount)?;
                assert_eq!((self.balances[from], self.balances[to]), expected);
            }
            Move::Refund { entry } => {
                let Some(debit) = self.entries.get(entry).copied() else { return Ok(()) };
                check_refundable(debit.line.kind, debit.is_refunded)?;
                self.enter(debit.owner, EntryKind::Refund, debit.line.amount)?;
                self.entries[entry].is_refunded = true;
                self.refunded += debit.line.amount;
            }
        }
        Ok(())
    }
}

/// Small amounts meet often, huge ones reach the limit, and both may be refused.
fn amount() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0..50u64, 1 => (BALANCE_MAX - 60)..=BALANCE_MAX, 1 => any::<u64>()]
}

fn step() -> impl Strategy<Value = Move> {
    let player = || 0..PLAYERS;
    prop_oneof![
        (player(), amount()).prop_map(|(to, amount)| Move::Credit { to, amount }),
        (player(), amount()).prop_map(|(from, amount)| Move::Debit { from, amount }),
        (player(), player(), amount()).prop_map(|(from, to, amount)| Move::Transfer { from, to, amount }),
        (0..40usize).prop_map(|entry| Move::Refund { entry }),
    ]
}

proptest! {
    #[test]
    fn money_is_conserved(steps in prop::collection::vec(step(), 0..80)) {
        let mut wallets = Wallets::default();
        for step in steps {
            let before = wallets.clone();
            let mut attempt = wallets.clone();
            // As a transaction: a refused step leaves nothing behind.
            match attempt.make(step) {
                Ok(()) => wallets = attempt,
                Err(_) => prop_assert_eq!(&wallets, &before),
            }
            let held: u64 = wallets.balances.into_iter().sum();
            prop_assert_eq!(held + wallets.debited, wallets.credited + wallets.refunded, "after {:?}", step);
            prop_assert!(wallets.refunded <= wallets.debited, "no more comes back than was spent");
            for owner in 0..PLAYERS {
                let balance = wallets.balances[owner];
                prop_assert!(balance <= BALANCE_MAX);
                let length = wallets.lines(owner).count() as u64;
                prop_assert_eq!(replay(wallets.lines(owner)), Ok((balance, length)), "the ledger explains the balance");
            }
        }
    }

    /// Whatever is changed in a ledger, replaying it does not give the old balance unnoticed.
    #[test]
    fn a_changed_line_is_found(amounts in prop::collection::vec(1..1_000u64, 1..20), at in any::<prop::sample::Index>(), field in 0..3usize) {
        let mut balance = 0;
        let mut lines: Vec<_> = (1..).zip(&amounts).map(|(sequence, &amount)| {
            balance += amount;
            LedgerLine { sequence, kind: EntryKind::Credit, amount, balance_after: balance }
        }).collect();
        let line = at.get(&lines).sequence;
        let changed = &mut lines[line as usize - 1];
        match field {
            0 => changed.sequence += 1,
            1 => changed.amount += 1,
            _ => changed.balance_after += 1,
        }
        prop_assert_eq!(replay(lines), Err(LedgerFault { sequence: line }));
    }
}

#[test]
fn an_entry_moves_between_one_unit_and_the_limit() {
    let balance_above =
        |actual| Err(RuleError::AboveLimit { what: "The balance of a wallet", limit: BALANCE_MAX, actual });
    for kind in EntryKind::ALL {
        assert!(matches!(post(5, kind, 0), Err(RuleError::Malformed { field: "amount", .. })), "{kind:?}");
        let above = RuleError::AboveLimit { what: "`amount`", limit: AMOUNT_MAX, actual: AMOUNT_MAX + 1 };
        assert_eq!(post(5, kind, AMOUNT_MAX + 1), Err(above), "{kind:?}");
        assert!(post(5, kind, u64::MAX).is_err(), "{kind:?}");
    }
    for kind in [EntryKind::Credit, EntryKind::Refund, EntryKind::TransferIn] {
        assert_eq!(post(5, kind, 7), Ok(12));
        assert_eq!(post(0, kind, BALANCE_MAX), Ok(BALANCE_MAX));
        assert_eq!(post(1, kind, BALANCE_MAX), balance_above(BALANCE_MAX + 1));
        assert_eq!(post(u64::MAX, kind, 1), balance_above(u64::MAX), "never wraps");
    }
    for kind in [EntryKind::Debit, EntryKind::TransferOut] {
        assert_eq!(post(7, kind, 7), Ok(0));
        let short = RuleError::Insufficient { what: "units of this currency", needed: 8, available: 7 };
        assert_eq!(post(7, kind, 8), Err(short));
    }
}

#[test]
fn only_a_debit_is_refunded_and_once() {
    for kind in EntryKind::ALL {
        for is_refunded in [false, true] {
            let expected = match (kind, is_refunded) {
                (EntryKind::Debit, false) => "ok".to_owned(),
                (EntryKind::Debit, true) => {
                    "A debit that is refunded cannot become refunded. It has been paid back in full.".to_owned()
                }
                _ => format!("An entry to refund must be a debit, not {}.", kind.name()),
            };
            let said = check_refundable(kind, is_refunded).map_or_else(|refusal| refusal.to_string(), |()| "ok".into());
            assert_eq!(said, expected, "{kind:?}");
        }
    }
}

#[test]
fn transfers_of_one_day_are_counted() {
    let day = 24 * 60 * 60 * 1_000_000;
    let mut quota = TransferQuota::default();
    for made in 1..=TRANSFERS_PER_DAY_MAX {
        quota = quota.with_one_more(3 * day + i64::from(made)).unwrap();
        assert_eq!(quota, TransferQuota { day: 3, made });
    }
    let above = RuleError::AboveLimit { what: "The number of transfers on one day", limit: 100, actual: 101 };
    assert_eq!(quota.with_one_more(4 * day - 1), Err(above));
    assert_eq!(quota.with_one_more(4 * day), Ok(TransferQuota { day: 4, made: 1 }));
    assert_eq!(quota.with_one_more(i64::MIN).map(|quota| quota.made), Ok(1));
}

#[test]
fn nobody_pays_themselves() {
    assert_eq!(check_transfer_parties(&1, &2), Ok(()));
    assert!(matches!(check_transfer_parties(&1, &1), Err(RuleError::Malformed { field: "recipient", .. })));
}
