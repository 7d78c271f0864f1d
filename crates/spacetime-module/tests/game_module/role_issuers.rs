//! Roles in tokens count from issuers that an Admin has named, as long as the token does, and until they are revoked.

use spacetime_module::*;
use spacetimedb::ReducerContext;
use spacetimedb::test_utils::TestAuth;
use spacetimedb::{ConnectionId, Identity};

use crate::world::{Actor, World};

const ISSUER: &str = "https://play.example";
const SECOND: i64 = 1_000_000;

fn now_s(world: &World) -> i64 {
    world.now().to_micros_since_unix_epoch() / SECOND
}

/// A token of somebody without a grant, good for 15 minutes from now.
fn token(world: &World, issuer: &str, roles: &str) -> TestAuth {
    let (issued, expires) = (now_s(world), now_s(world) + 900);
    let claims = format!(r#"{{"iss":"{issuer}","sub":"ada","iat":{issued},"exp":{expires},"roles":{roles}}}"#);
    TestAuth::from_jwt_payload(claims, ConnectionId::from_u128(1)).unwrap()
}

fn name_issuer(world: &World, roles: &[AccessRole]) {
    world.reduce(Actor::Owner, |ctx| name_role_issuer(ctx, ISSUER.to_owned(), roles.to_vec())).unwrap();
}

/// Whether an Admin's call is open to the token.
fn is_admin(world: &World, auth: TestAuth) -> bool {
    let grant = |ctx: &ReducerContext| grant_role(ctx, Actor::Bob.identity(), AccessRole::Operator);
    match world.test.with_reducer_tx(auth, grant) {
        Ok(()) => true,
        Err(refusal) => {
            assert_eq!(refusal.code, DomainErrorCode::Forbidden);
            false
        }
    }
}

#[test]
fn claims_count_from_a_named_issuer_alone() {
    let world = World::new();
    let roles = r#"["admin","juggler"]"#;
    assert!(!is_admin(&world, token(&world, ISSUER, roles)), "nobody is named");
    name_issuer(&world, &[AccessRole::Admin]);
    assert!(is_admin(&world, token(&world, ISSUER, roles)));
    assert!(!is_admin(&world, token(&world, "https://other.example", roles)));
    assert!(!is_admin(&world, token(&world, ISSUER, r#"["moderator"]"#)));
    for rubbish in ["null", "\"admin\"", "[]", "{}", "[null,7]"] {
        assert!(!is_admin(&world, token(&world, ISSUER, rubbish)), "{rubbish}");
    }
    world.reduce(Actor::Owner, |ctx| forget_role_issuer(ctx, ISSUER.to_owned())).unwrap();
    assert!(!is_admin(&world, token(&world, ISSUER, roles)));
}

#[test]
fn an_issuer_gives_no_other_roles_than_it_may() {
    let world = World::new();
    name_issuer(&world, &[AccessRole::Moderator]);
    assert!(!is_admin(&world, token(&world, ISSUER, r#"["admin"]"#)));
    name_issuer(&world, &[AccessRole::Moderator, AccessRole::Admin]);
    assert!(is_admin(&world, token(&world, ISSUER, r#"["admin"]"#)));
}

#[test]
fn claims_end_with_the_token_even_if_the_connection_lasts() {
    let world = World::new();
    name_issuer(&world, &[AccessRole::Admin]);
    let auth = || token(&world, ISSUER, r#"["admin"]"#);
    let kept = auth();
    world.advance(960 * SECOND);
    assert!(is_admin(&world, kept), "the clocks may differ by a minute");
    let kept = auth();
    world.advance(962 * SECOND);
    assert!(!is_admin(&world, kept));
    let endless = format!(r#"{{"iss":"{ISSUER}","sub":"ada","iat":{},"roles":["admin"]}}"#, now_s(&world));
    let endless = TestAuth::from_jwt_payload(endless, ConnectionId::from_u128(1)).unwrap();
    assert!(!is_admin(&world, endless), "a role without an end");
}

#[test]
fn a_revoked_role_is_gone_though_the_token_still_claims_it() {
    let world = World::new();
    name_issuer(&world, &[AccessRole::Admin]);
    let ada = Identity::from_claims(ISSUER, "ada");
    world.reduce(Actor::Owner, |ctx| grant_role(ctx, ada, AccessRole::Admin)).unwrap();
    let before = token(&world, ISSUER, r#"["admin"]"#);
    world.advance(SECOND);
    world.reduce(Actor::Owner, |ctx| revoke_role(ctx, ada, AccessRole::Admin)).unwrap();
    assert!(!is_admin(&world, before));
    world.advance(60 * SECOND);
    assert!(!is_admin(&world, token(&world, ISSUER, r#"["admin"]"#)), "the issuer's clock may be ahead by a minute");
    world.advance(SECOND);
    assert!(is_admin(&world, token(&world, ISSUER, r#"["admin"]"#)), "the issuer says so anew");
}

#[test]
fn a_role_that_was_only_claimed_can_be_revoked() {
    let world = World::new();
    name_issuer(&world, &[AccessRole::Admin]);
    let stolen = || token(&world, ISSUER, r#"["admin"]"#);
    let ada = Identity::from_claims(ISSUER, "ada");
    world.reduce(Actor::Owner, |ctx| forget_role_issuer(ctx, ISSUER.to_owned())).unwrap();
    world.reduce(Actor::Owner, |ctx| revoke_role(ctx, ada, AccessRole::Admin)).unwrap();
    name_issuer(&world, &[AccessRole::Admin]);
    assert!(!is_admin(&world, stolen()), "also if its issuer was forgotten meanwhile");
}

#[test]
fn only_admins_name_issuers() {
    let world = World::new();
    name_issuer(&world, &[AccessRole::Moderator]);
    for actor in [Actor::Alice, Actor::Service, Actor::Moderator, Actor::Operator] {
        let named = world.refused(|world| {
            world.reduce(actor, |ctx| name_role_issuer(ctx, "https://me".to_owned(), vec![AccessRole::Admin]))
        });
        let forgotten = world.refused(|world| world.reduce(actor, |ctx| forget_role_issuer(ctx, ISSUER.to_owned())));
        assert_eq!((named.code, forgotten.code), (DomainErrorCode::Forbidden, DomainErrorCode::Forbidden));
    }
    let refusal =
        world.refused(|world| world.reduce(Actor::Owner, |ctx| forget_role_issuer(ctx, "https://never".to_owned())));
    assert_eq!(refusal.code, DomainErrorCode::NotFound);
}
