//! Closing an account, and opening it again.

use anyhow::ensure;
use spacetimedb_sdk::Table;
use worldloom_client::{
    AccountStatus, DomainErrorCode, MyAccountTableAccess, close_account_and_return, read_asset_object_and_return,
};
use worldloom_tests::{Outcome, Player, TestNode, ask, refusal};

#[tokio::test(flavor = "multi_thread")]
async fn a_player_leaves_and_comes_back() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("worldloom", "spacetime_module").await?;
    let (alice, bob) = (Player::join(&database).await?, Player::join(&database).await?);

    let closed = ask!(alice, close_account_and_return_then(None))?;
    ensure!(closed.status == AccountStatus::Closed && closed.player == alice.identity, "{closed:?}");
    alice.sees("the closed account", |rows| rows.my_account().iter().next()).await?;
    let anything = spacetimedb_lib::Uuid::NIL;
    let refused = refusal(ask!(alice, read_asset_object_and_return_then(None, anything)))?;
    ensure!(refused.code == DomainErrorCode::AccountClosed, "{refused:?}");

    database
        .call_ok(&database.owner, "reopen_account", serde_json::json!([[format!("0x{}", alice.account.identity)]]))
        .await?;
    alice
        .sees("the open account", |rows| rows.my_account().iter().find(|own| own.status == AccountStatus::Open))
        .await?;
    let refused = refusal(ask!(alice, read_asset_object_and_return_then(None, anything)))?;
    ensure!(refused.code == DomainErrorCode::NotFound, "{refused:?}");
    ensure!(bob.rows().my_account().count() == 0, "another player's account is nobody's business");
    Ok(())
}
