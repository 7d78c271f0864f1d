//! Settings: typed, and the same on every device.

use spacetimedb_sdk::Table;
use worldloom_client::{
    DomainErrorCode, MySettingsTableAccess, RemoteTables, RuntimeSetting, RuntimeSettingRequest, RuntimeSettingValue,
    get_runtime_setting_and_return, list_runtime_settings_and_return, reset_runtime_setting,
    reset_runtime_setting_and_return, upsert_runtime_setting, upsert_runtime_setting_and_return,
};
use worldloom_tests::refusals::invalid;
use worldloom_tests::{Outcome, Player, Studio, TestNode, ask, done, expect_refused, reduce, refusal};

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_follows_its_player_to_every_device() -> Outcome {
    let node = TestNode::start().await?;
    let studio = Studio::open(&node).await?;
    let (phone, bob) = (studio.player().await?, studio.player().await?);
    let tablet = Player::join_as(&studio.database, phone.account.clone()).await?;
    let defaults = ask!(phone, list_runtime_settings_and_return_then(None))?;
    assert_eq!(defaults.len(), 14);
    assert!(defaults.iter().all(|setting| setting.updated_at.is_none()), "nothing is stored yet: {defaults:?}");

    done(reduce!(phone, upsert_runtime_setting_then(theme("dark"))))?;
    let stored = sees_theme(&tablet, "dark").await?;
    let again = ask!(tablet, upsert_runtime_setting_and_return_then(None, theme("dark")))?;
    assert_eq!(again.updated_at, Some(stored.updated_at), "the same again changes nothing");
    ask!(tablet, upsert_runtime_setting_and_return_then(None, theme("light")))?;
    sees_theme(&phone, "light").await?;

    let loud = RuntimeSettingRequest { key: "music_volume".to_owned(), value: RuntimeSettingValue::Int(101) };
    let refused = refusal(ask!(phone, upsert_runtime_setting_and_return_then(None, loud.clone())))?;
    assert_eq!(refused.code, invalid("value"));
    expect_refused(reduce!(phone, upsert_runtime_setting_then(loud)), "invalid_argument")?;

    let (alices, key) = (Some(phone.identity), "theme".to_owned());
    let served = ask!(studio.service, get_runtime_setting_and_return_then(alices, key.clone()))?;
    assert_eq!(served.value, RuntimeSettingValue::Text("light".to_owned()), "the facade reads for a player");
    let refused = refusal(ask!(bob, get_runtime_setting_and_return_then(alices, key.clone())))?;
    assert_eq!(refused.code, DomainErrorCode::Forbidden);
    assert_eq!(bob.rows().my_settings().count(), 0);

    done(reduce!(tablet, reset_runtime_setting_then(key.clone())))?;
    let gone = |rows: &RemoteTables| (rows.my_settings().count() == 0).then_some(());
    phone.sees("no stored setting", gone).await?;
    assert_eq!(ask!(phone, reset_runtime_setting_and_return_then(None, key.clone()))?, None, "reset already");
    let default = ask!(phone, get_runtime_setting_and_return_then(None, key))?;
    assert_eq!(default.value, RuntimeSettingValue::Text("system".to_owned()));
    Ok(())
}

fn theme(name: &str) -> RuntimeSettingRequest {
    RuntimeSettingRequest { key: "theme".to_owned(), value: RuntimeSettingValue::Text(name.to_owned()) }
}

async fn sees_theme(player: &Player, name: &str) -> anyhow::Result<RuntimeSetting> {
    let wanted = RuntimeSettingValue::Text(name.to_owned());
    player.sees("the theme", |rows| rows.my_settings().iter().find(|setting| setting.value == wanted)).await
}
