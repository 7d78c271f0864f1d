//! Typed settings.

use spacetime_module::*;

use crate::world::{Actor, World, above, invalid};

fn setting(key: &str, value: RuntimeSettingValue) -> RuntimeSettingRequest {
    RuntimeSettingRequest { key: key.to_owned(), value }
}

fn upsert(world: &World, player: Actor, request: RuntimeSettingRequest) -> Result<RuntimeSettingRecord, DomainError> {
    world.call(player, |ctx| upsert_runtime_setting_and_return(ctx, None, request))
}

fn get(world: &World, player: Actor, key: &str) -> Result<RuntimeSettingRecord, DomainError> {
    world.call(player, |ctx| get_runtime_setting_and_return(ctx, None, key.to_owned()))
}

fn list(world: &World, player: Actor) -> Vec<RuntimeSettingRecord> {
    world.call(player, |ctx| list_runtime_settings_and_return(ctx, None)).unwrap()
}

#[test]
fn a_setting_has_its_default_until_the_player_stores_another_value() {
    let world = World::new();
    let theme = |value: &str, updated_at| RuntimeSettingRecord {
        key: "theme".to_owned(),
        value: RuntimeSettingValue::Text(value.to_owned()),
        updated_at,
    };
    assert_eq!(get(&world, Actor::Alice, "theme"), Ok(theme("system", None)));

    let dark = setting("theme", RuntimeSettingValue::Text("dark".to_owned()));
    let stored = upsert(&world, Actor::Alice, dark.clone()).unwrap();
    assert_eq!(stored, theme("dark", Some(world.now())));
    let before = world.rows();
    world.advance(1_000);
    assert_eq!(upsert(&world, Actor::Alice, dark), Ok(stored.clone()), "the same again changes nothing");
    assert_eq!(world.rows(), before);
    assert_eq!(get(&world, Actor::Alice, "theme"), Ok(stored));
    assert_eq!(get(&world, Actor::Bob, "theme"), Ok(theme("system", None)), "each player has its own");

    let light = setting("theme", RuntimeSettingValue::Text("light".to_owned()));
    world.reduce(Actor::Alice, |ctx| upsert_runtime_setting(ctx, light)).unwrap();
    let [row] = world.see(Actor::Alice, my_settings).try_into().unwrap();
    assert_eq!((row.value, row.updated_at), (RuntimeSettingValue::Text("light".to_owned()), world.now()));
    assert_eq!(world.see(Actor::Bob, my_settings), []);

    world.reduce(Actor::Alice, |ctx| reset_runtime_setting(ctx, "theme".to_owned())).unwrap();
    assert_eq!(get(&world, Actor::Alice, "theme"), Ok(theme("system", None)));
    let again = world.call(Actor::Alice, |ctx| reset_runtime_setting_and_return(ctx, None, "theme".to_owned()));
    assert_eq!(again, Ok(None), "nothing was stored");
}

#[test]
fn a_client_keeps_settings_of_its_own() {
    let world = World::new();
    let missing = world.refused(|world| get(world, Actor::Alice, "mygame.hud"));
    assert_eq!(missing.code, DomainErrorCode::NotFound);
    let hud = upsert(&world, Actor::Alice, setting("mygame.hud", RuntimeSettingValue::Int(i64::MIN))).unwrap();
    let ads = upsert(&world, Actor::Alice, setting("ads.seen", RuntimeSettingValue::Text(String::new()))).unwrap();
    let listed = list(&world, Actor::Alice);
    assert_eq!(listed.len(), module_runtime::CATALOGUE.len() + 2);
    assert_eq!(listed[module_runtime::CATALOGUE.len()..], [ads, hud.clone()]);
    let gone = world.call(Actor::Alice, |ctx| reset_runtime_setting_and_return(ctx, None, "mygame.hud".to_owned()));
    assert_eq!(gone, Ok(Some(hud)));
    assert!(get(&world, Actor::Alice, "mygame.hud").is_err());
}

#[test]
fn bad_settings_name_the_field_or_the_limit() {
    let world = World::new();
    let text = |letters: usize| RuntimeSettingValue::Text("t".repeat(letters));
    let cases = [
        (setting("", RuntimeSettingValue::Bool(true)), invalid("key")),
        (setting("unknown", RuntimeSettingValue::Bool(true)), invalid("key")),
        (setting("Theme", RuntimeSettingValue::Bool(true)), invalid("key")),
        (setting(&"k".repeat(65), RuntimeSettingValue::Bool(true)), above(64)),
        (setting("theme", text(1_025)), above(1_024)),
        (setting("theme", text(4)), invalid("value")),
        (setting("theme", RuntimeSettingValue::Bool(true)), invalid("value")),
        (setting("music_volume", RuntimeSettingValue::Int(i64::MAX)), invalid("value")),
        (setting("music_volume", RuntimeSettingValue::Int(-1)), invalid("value")),
        (setting("mygame.hud", RuntimeSettingValue::Text("\0".to_owned())), invalid("value")),
    ];
    for (request, code) in cases {
        let refusal = world.refused(|world| upsert(world, Actor::Alice, request));
        assert_eq!(refusal.code, code, "{refusal}");
    }
    for key in ["unknown", ""] {
        assert_eq!(world.refused(|world| get(world, Actor::Alice, key)).code, invalid("key"));
        let reset = |world: &World| world.reduce(Actor::Alice, |ctx| reset_runtime_setting(ctx, key.to_owned()));
        assert_eq!(world.refused(reset).code, invalid("key"));
    }
}

#[test]
fn a_player_has_so_many_settings() {
    let world = World::new();
    let limit = module_runtime::SETTINGS_MAX;
    let own = |number: u64| setting(&format!("mygame.s{number}"), RuntimeSettingValue::Bool(true));
    for number in 0..limit {
        upsert(&world, Actor::Alice, own(number)).unwrap();
    }
    assert_eq!(world.refused(|world| upsert(world, Actor::Alice, own(limit))).code, above(limit));
    let other = setting("mygame.s0", RuntimeSettingValue::Bool(false));
    assert!(upsert(&world, Actor::Alice, other).is_ok(), "a stored one can still change");
    assert!(upsert(&world, Actor::Bob, own(limit)).is_ok());
}

#[test]
fn the_facade_keeps_settings_for_a_player() {
    let world = World::new();
    let request = setting("auto_save", RuntimeSettingValue::Bool(false));
    let alice = Some(Actor::Alice.identity());
    let stored = world.call(Actor::Service, |ctx| upsert_runtime_setting_and_return(ctx, alice, request.clone()));
    assert_eq!(get(&world, Actor::Alice, "auto_save"), stored);
    let foreign = |world: &World| world.call(Actor::Bob, |ctx| upsert_runtime_setting_and_return(ctx, alice, request));
    assert_eq!(world.refused(foreign).code, DomainErrorCode::Forbidden);
}

#[test]
fn a_closed_account_keeps_nothing() {
    let world = World::new();
    let request = setting("auto_save", RuntimeSettingValue::Bool(false));
    world.reduce(Actor::Alice, close_account).unwrap();
    let refusal = world.refused(|world| upsert(world, Actor::Alice, request.clone()));
    assert_eq!(refusal.code, DomainErrorCode::AccountClosed);
    let refusal = world.refused(|world| world.reduce(Actor::Alice, |ctx| upsert_runtime_setting(ctx, request)));
    assert_eq!(refusal.code, DomainErrorCode::AccountClosed);
}
