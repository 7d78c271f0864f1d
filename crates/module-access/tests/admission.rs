//! The access rules over all roles, origins and kinds of entry point.

use module_access::{AccessError, Admits, Origin, Role, RoleSet, acting_player, admit, check_revocation};
use proptest::prelude::*;

const ADMIN_ONLY: &[Role] = &[Role::Admin];
const READERS: &[Role] = &[Role::Moderator, Role::Admin];

fn any_roles() -> impl Strategy<Value = RoleSet> {
    prop::sample::subsequence(Role::ALL.to_vec(), 0..=Role::ALL.len()).prop_map(|roles| roles.into_iter().collect())
}

#[test]
fn each_kind_of_entry_point_admits_exactly_its_callers() {
    let none = RoleSet::NONE;
    let admin: RoleSet = [Role::Admin].into_iter().collect();
    let cases = [
        (Admits::Players, Origin::Connection, none, Ok(())),
        (Admits::Players, Origin::Engine, none, Err(AccessError::PlayersOnly)),
        (Admits::Players, Origin::Unproven, admin, Err(AccessError::Unauthenticated)),
        (Admits::Holders(ADMIN_ONLY), Origin::Connection, admin, Ok(())),
        (Admits::Holders(ADMIN_ONLY), Origin::Connection, none, Err(AccessError::RoleMissing(ADMIN_ONLY))),
        (Admits::Holders(ADMIN_ONLY), Origin::Engine, admin, Err(AccessError::PlayersOnly)),
        (Admits::Holders(ADMIN_ONLY), Origin::Unproven, admin, Err(AccessError::Unauthenticated)),
        (Admits::Engine, Origin::Engine, none, Ok(())),
        (Admits::Engine, Origin::Connection, admin, Err(AccessError::EngineOnly)),
        (Admits::Engine, Origin::Unproven, admin, Err(AccessError::Unauthenticated)),
    ];
    for (admits, origin, roles, expected) in cases {
        assert_eq!(admit(admits, origin, roles), expected, "{admits:?} {origin:?} {roles:?}");
    }
}

#[test]
fn a_refusal_names_the_roles_that_would_do() {
    let refusal = AccessError::RoleMissing(READERS).to_string();
    assert_eq!(refusal, "This call is for Moderator or Admin. Ask an Admin to grant the role.");
}

#[test]
fn only_the_last_admin_is_safe_from_revocation() {
    assert_eq!(check_revocation(Role::Admin, 1), Err(AccessError::LastAdmin));
    assert_eq!(check_revocation(Role::Admin, 2), Ok(()));
    for role in [Role::Service, Role::Moderator, Role::Operator] {
        assert_eq!(check_revocation(role, 1), Ok(()), "{role}");
    }
}

proptest! {
    #[test]
    fn a_set_holds_what_was_put_in(roles in prop::sample::subsequence(Role::ALL.to_vec(), 0..=4)) {
        let set: RoleSet = roles.iter().copied().collect();
        for role in Role::ALL {
            prop_assert_eq!(set.has(role), roles.contains(&role));
        }
        prop_assert_eq!(set.has_any(READERS), READERS.iter().any(|role| roles.contains(role)));
    }

    #[test]
    fn only_the_service_acts_for_another(sender: u8, named: Option<u8>, roles in any_roles()) {
        let acting = acting_player(sender, roles, named);
        match named {
            None => prop_assert_eq!(acting, Ok(sender)),
            Some(player) if player == sender => prop_assert_eq!(acting, Ok(sender)),
            Some(player) if roles.has(Role::Service) => prop_assert_eq!(acting, Ok(player)),
            Some(_) => prop_assert_eq!(acting, Err(AccessError::ActingForOther)),
        }
    }
}
