//! Money: made by the Service alone, handed on by players, never lost and never made up.

use spacetimedb_lib::Uuid;
use spacetimedb_sdk::Table;
use worldloom_client::{
    DomainErrorCode, MyWalletLedgerTableAccess, MyWalletTableAccess, ProfileWalletLedger, RemoteTables, WalletCurrency,
    WalletEntryKind, WalletLedgerPage, WalletPostingRequest, WalletRefundRequest, WalletTransferRequest,
    credit_profile_wallet_and_return, debit_profile_wallet_and_return, get_profile_wallet_and_return,
    list_profile_wallet_ledger_and_return, refund_profile_wallet_and_return, transfer_profile_wallet,
    transfer_profile_wallet_and_return,
};
use worldloom_tests::refusals::{conflict, illegal, insufficient};
use worldloom_tests::{Outcome, Player, Studio, TestNode, ask, done, expect_refused, reduce, refusal};

#[tokio::test(flavor = "multi_thread")]
async fn money_is_handed_on_and_paid_back() -> Outcome {
    let node = TestNode::start().await?;
    let studio = Studio::open(&node).await?;
    let (alice, bob, carol) = (studio.player().await?, studio.player().await?, studio.player().await?);
    let refused = refusal(ask!(alice, credit_profile_wallet_and_return_then(None, coins("mine", 1_000_000))))?;
    assert_eq!(refused.code, DomainErrorCode::Forbidden, "nobody prints money");
    let earned = credit(&studio, &alice, coins("pay-day", 100)).await?;
    assert_eq!((earned.kind, earned.sequence, earned.balance_after), (WalletEntryKind::Credit, 1, 100));
    assert_eq!(credit(&studio, &alice, coins("pay-day", 100)).await?, earned, "paid once");
    sees_balance(&alice, 100).await?;
    let more = Some(alice.identity);
    let refused = refusal(ask!(studio.service, credit_profile_wallet_and_return_then(more, coins("pay-day", 101))))?;
    assert_eq!(refused.code, conflict("the one first sent under it", "another one"));

    let gift = transfer(&bob, "thanks", 30);
    let refused = refusal(ask!(alice, transfer_profile_wallet_and_return_then(None, gift.clone())))?;
    assert_eq!(refused.code, DomainErrorCode::NotFound, "nothing goes to somebody who was never here");
    credit(&studio, &bob, coins("pay-day", 1)).await?;
    done(reduce!(alice, transfer_profile_wallet_then(gift.clone())))?;
    let paid = ask!(alice, transfer_profile_wallet_and_return_then(None, gift))?;
    sees_balance(&alice, 70).await?;
    sees_balance(&bob, 31).await?;
    let got = bob.sees("the gift", |rows| find_line(rows, 2)).await?;
    assert_eq!((paid.kind, got.kind), (WalletEntryKind::TransferOut, WalletEntryKind::TransferIn));
    assert_eq!((paid.related_entry_id, got.counterparty), (Some(got.entry_id), Some(alice.identity)));
    let refused = refusal(ask!(alice, transfer_profile_wallet_and_return_then(None, transfer(&bob, "all", 71))))?;
    assert_eq!(refused.code, insufficient(71, 70));
    expect_refused(reduce!(alice, transfer_profile_wallet_then(transfer(&bob, "all", 71))), "insufficient")?;

    let spent = ask!(studio.service, debit_profile_wallet_and_return_then(Some(alice.identity), coins("a-hat", 40)))?;
    sees_balance(&alice, 30).await?;
    let back = refund(&studio, &alice, "hat-torn", spent.entry_id).await?;
    assert_eq!((back.kind, back.amount, back.related_entry_id), (WalletEntryKind::Refund, 40, Some(spent.entry_id)));
    assert_eq!(refund(&studio, &alice, "hat-torn", spent.entry_id).await?, back, "paid back once");
    let twice = refunding("hat-torn-again", spent.entry_id);
    let refused = refusal(ask!(studio.service, refund_profile_wallet_and_return_then(Some(alice.identity), twice)))?;
    assert_eq!(refused.code, illegal("refunded", "refunded"));
    sees_balance(&alice, 70).await?;

    let page = WalletLedgerPage { currency: WalletCurrency::Coins, before_sequence: Some(4), limit: 2 };
    let lines = ask!(alice, list_profile_wallet_ledger_and_return_then(None, page))?;
    let lines: Vec<_> = lines.iter().map(|line| (line.sequence, line.kind, line.balance_after)).collect();
    assert_eq!(lines, [(3, WalletEntryKind::Debit, 30), (2, WalletEntryKind::TransferOut, 70)]);
    assert_eq!(alice.rows().my_wallet_ledger().count(), 4);
    assert_eq!(ask!(carol, get_profile_wallet_and_return_then(None))?, []);
    let alices = Some(alice.identity);
    assert_eq!(refusal(ask!(carol, get_profile_wallet_and_return_then(alices)))?.code, DomainErrorCode::Forbidden);
    assert_eq!((carol.rows().my_wallet().count(), carol.rows().my_wallet_ledger().count()), (0, 0));
    Ok(())
}

/// Two devices of one player spend at once what is there once.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_money_is_not_spent_twice() -> Outcome {
    let node = TestNode::start().await?;
    let studio = Studio::open(&node).await?;
    let (phone, bob) = (studio.player().await?, studio.player().await?);
    let tablet = Player::join_as(&studio.database, phone.account.clone()).await?;
    credit(&studio, &phone, coins("pay-day", 100)).await?;
    credit(&studio, &bob, coins("pay-day", 1)).await?;
    let spend = async |device: &Player, key: &str| {
        anyhow::Ok(ask!(device, transfer_profile_wallet_and_return_then(None, transfer(&bob, key, 60))))
    };
    let (one, other) = tokio::try_join!(spend(&phone, "phone"), spend(&tablet, "tablet"))?;
    let refused = refusal(if one.is_ok() { other } else { one })?;
    assert_eq!(refused.code, insufficient(60, 40));
    sees_balance(&phone, 40).await?;
    sees_balance(&tablet, 40).await?;
    sees_balance(&bob, 61).await?;
    Ok(())
}

fn coins(key: &str, amount: u64) -> WalletPostingRequest {
    let (idempotency_key, reason) = (key.to_owned(), format!("For {key}"));
    WalletPostingRequest { idempotency_key, currency: WalletCurrency::Coins, amount, reason }
}

fn transfer(recipient: &Player, key: &str, amount: u64) -> WalletTransferRequest {
    WalletTransferRequest {
        idempotency_key: key.to_owned(),
        recipient: recipient.identity,
        currency: WalletCurrency::Coins,
        amount,
        reason: "Thanks".to_owned(),
    }
}

fn refunding(key: &str, debit_entry_id: Uuid) -> WalletRefundRequest {
    WalletRefundRequest { idempotency_key: key.to_owned(), debit_entry_id, reason: "Torn".to_owned() }
}

async fn credit(
    studio: &Studio,
    player: &Player,
    request: WalletPostingRequest,
) -> anyhow::Result<ProfileWalletLedger> {
    Ok(ask!(studio.service, credit_profile_wallet_and_return_then(Some(player.identity), request))?)
}

async fn refund(studio: &Studio, player: &Player, key: &str, debit: Uuid) -> anyhow::Result<ProfileWalletLedger> {
    let (player, request) = (Some(player.identity), refunding(key, debit));
    Ok(ask!(studio.service, refund_profile_wallet_and_return_then(player, request))?)
}

fn find_line(rows: &RemoteTables, sequence: u64) -> Option<ProfileWalletLedger> {
    rows.my_wallet_ledger().iter().find(|line| line.sequence == sequence)
}

async fn sees_balance(player: &Player, balance: u64) -> Outcome {
    player.sees("the balance", |rows| rows.my_wallet().iter().find(|row| row.balance == balance)).await.map(drop)
}
