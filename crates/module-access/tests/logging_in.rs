//! Logins, devices, refresh tokens, throttles and claimed roles, over generated times.

use module_access::{
    AccessError, Role, RoleClaims, RoleSet, SESSION_IDLE_MICROS, SESSION_LIFE_MICROS, ThrottleRule, ThrottleState,
    TokenUse, check_link, check_subject, check_unlink, judge_token, session_end, spend,
};
use proptest::prelude::*;

const MINUTE: i64 = 60_000_000;

#[test]
fn a_token_is_used_once_and_repeated_for_a_minute() {
    assert_eq!(judge_token(None, false, 0), TokenUse::Rotate);
    assert_eq!(judge_token(Some(0), true, MINUTE), TokenUse::Repeat);
    assert_eq!(judge_token(Some(0), true, MINUTE + 1), TokenUse::Replay);
    assert_eq!(judge_token(Some(0), false, 0), TokenUse::Replay);
}

#[test]
fn a_login_is_linked_to_one_account() {
    assert_eq!(check_link(1, None, 0), Ok(()));
    assert_eq!(check_link(1, Some(1), 16), Ok(()));
    assert_eq!(check_link(1, Some(2), 1), Err(AccessError::LoginTaken));
    assert_eq!(check_link(1, None, 16), Err(AccessError::TooManyLogins));
    assert_eq!((check_unlink(1), check_unlink(2)), (Err(AccessError::LastLogin), Ok(())));
}

#[test]
fn subjects_are_what_providers_give() {
    for subject in ["a", "248289761001", "auth0|5f7c8ec7c33c6c004bbafe82", "+8613800138000", &"x".repeat(255)] {
        assert_eq!(check_subject(subject), Ok(()));
    }
    for subject in ["", "a b", "a\n", &"x".repeat(256)] {
        assert!(check_subject(subject).is_err(), "{subject:?}");
    }
}

fn payload(roles: &str) -> String {
    format!(r#"{{"iss":"https://a","sub":"b","iat":100,"exp":200,"roles":{roles}}}"#)
}

#[test]
fn claims_are_read_only_if_they_are_complete() {
    let claims = RoleClaims::read(&payload(r#"["admin","juggler",7,"operator"]"#)).unwrap();
    assert_eq!(claims.roles, [Role::Admin, Role::Operator]);
    assert_eq!((claims.issued_at_s, claims.expires_at_s, claims.issuer.as_str()), (100, 200, "https://a"));
    for roles in ["[]", "{}", "\"admin\"", "null", "[\"Admin\"]"] {
        assert_eq!(RoleClaims::read(&payload(roles)), None, "{roles}");
    }
    for missing in ["iss", "iat", "exp", "roles"] {
        let payload = payload(r#"["admin"]"#).replace(missing, "other");
        assert_eq!(RoleClaims::read(&payload), None, "{missing}");
    }
    assert_eq!(RoleClaims::read("no json"), None);
}

#[test]
fn claims_count_in_their_time_and_not_after_a_revocation() {
    let claims = RoleClaims::read(&payload(r#"["admin","operator"]"#)).unwrap();
    let all: RoleSet = Role::ALL.into_iter().collect();
    let set = |roles: &[Role]| roles.iter().copied().collect::<RoleSet>();
    let never = |_| None;
    assert_eq!(claims.counted(all, 260, never), set(&[Role::Admin, Role::Operator]));
    assert_eq!(claims.counted(all, 261, never), RoleSet::NONE);
    assert_eq!(claims.counted(set(&[Role::Operator]), 150, never), set(&[Role::Operator]));
    let revoked = |at| move |role| (role == Role::Admin).then_some(at);
    assert_eq!(claims.counted(all, 150, revoked(39)), set(&[Role::Admin, Role::Operator]));
    assert_eq!(claims.counted(all, 150, revoked(40)), set(&[Role::Operator]));
}

proptest! {
    #[test]
    fn a_login_ends_by_idleness_or_by_age(begun in 0..i64::MAX / 2, after in 0..SESSION_LIFE_MICROS) {
        let end = session_end(begun, begun + after);
        prop_assert!(end <= begun + after + SESSION_IDLE_MICROS && end <= begun + SESSION_LIFE_MICROS);
        prop_assert!(end == begun + after + SESSION_IDLE_MICROS || end == begun + SESSION_LIFE_MICROS);
    }

    #[test]
    fn a_window_has_so_many_uses_and_no_more(
        uses_max in 0..20_u32, window_s in 1..1_000_u32, pauses in prop::collection::vec(0..2_000_000_000_i64, 1..60),
    ) {
        let rule = ThrottleRule { uses_max, window_s };
        let (mut state, mut now, mut taken) = (None::<ThrottleState>, 0_i64, Vec::new());
        for pause in pauses {
            now += pause;
            match spend(state, rule, now) {
                Ok(next) => {
                    state = Some(next);
                    taken.push(next.begun_at_micros);
                }
                Err(retry_after_s) => prop_assert!((1..=window_s + 1).contains(&retry_after_s)),
            }
        }
        for window in &taken {
            prop_assert!(taken.iter().filter(|other| *other == window).count() <= uses_max as usize);
        }
    }

    #[test]
    fn no_payload_breaks_the_reader(payload in ".{0,200}") {
        let _ = RoleClaims::read(&payload);
    }
}
