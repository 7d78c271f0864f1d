//! The state machine, repeated requests, authority, limits and times.

#![allow(clippy::unwrap_used)]

use module_access::{Role, RoleSet};
use module_assets::*;
use module_rules::RuleError;
use proptest::prelude::*;

#[test]
fn every_pair_of_states() {
    use Status::{Confirmed, Deleted, Pending};
    let illegal = |from: Status, to: Status| Err(illegal(from.name(), to.name()));
    let expected = [
        (Pending, Pending, Ok(Step::Already)),
        (Pending, Confirmed, Ok(Step::Moved)),
        (Pending, Deleted, Ok(Step::Moved)),
        (Confirmed, Pending, illegal(Confirmed, Pending)),
        (Confirmed, Confirmed, Ok(Step::Already)),
        (Confirmed, Deleted, Ok(Step::Moved)),
        (Deleted, Pending, illegal(Deleted, Pending)),
        (Deleted, Confirmed, illegal(Deleted, Confirmed)),
        (Deleted, Deleted, Ok(Step::Already)),
    ];
    let pairs: Vec<_> = Status::ALL.into_iter().flat_map(|from| Status::ALL.map(|to| (from, to))).collect();
    assert_eq!(expected.each_ref().map(|(from, to, _)| (*from, *to)).to_vec(), pairs);
    for (from, to, step) in expected {
        assert_eq!(transition(from, to), step, "{from:?} to {to:?}");
    }
}

#[test]
fn only_confirmed_assets_are_bound_and_only_deleted_ones_forgotten() {
    for status in Status::ALL {
        assert_eq!(check_bindable(status).is_ok(), status == Status::Confirmed);
        assert_eq!(check_forgettable(status).is_ok(), status == Status::Deleted);
    }
}

/// For each standing: what becomes of reading and of changing, over policy and status.
#[test]
fn authority_over_every_asset() {
    let hidden = Err(RuleError::Hidden { what: "asset" });
    let not_owner = Err(RuleError::NotOwner { what: "asset" });
    for policy in Policy::ALL {
        for status in Status::ALL {
            let read = |standing| authorize(Intent::Read, standing, policy, status);
            let change = |standing| authorize(Intent::Change, standing, policy, status);
            let gone = status == Status::Deleted;
            let open = policy == Policy::Public && status == Status::Confirmed;
            for standing in [Standing::Owner, Standing::Keeper] {
                assert_eq!(read(standing), if gone { hidden.clone() } else { Ok(()) });
                assert_eq!(change(standing), Ok(()));
            }
            assert_eq!(read(Standing::Moderator), if gone { hidden.clone() } else { Ok(()) });
            assert_eq!(change(Standing::Moderator), if gone { hidden.clone() } else { not_owner.clone() });
            assert_eq!(read(Standing::Stranger), if open { Ok(()) } else { hidden.clone() });
            assert_eq!(change(Standing::Stranger), if open { not_owner.clone() } else { hidden.clone() });
        }
    }
}

#[test]
fn standing_comes_from_ownership_then_roles() {
    let of = |player: u8, roles: &[Role]| {
        let roles: RoleSet = roles.iter().copied().collect();
        standing(&1, &player, roles)
    };
    assert_eq!(of(1, &[]), Standing::Owner);
    assert_eq!(of(1, &Role::ALL), Standing::Owner);
    assert_eq!(of(2, &[Role::Service]), Standing::Keeper);
    assert_eq!(of(2, &[Role::Admin, Role::Moderator]), Standing::Keeper);
    assert_eq!(of(2, &[Role::Moderator]), Standing::Moderator);
    assert_eq!(of(2, &[Role::Operator]), Standing::Stranger);
    assert_eq!(of(2, &[]), Standing::Stranger);
}

#[test]
fn counts_stop_at_their_limits() {
    let above = |what, limit, actual| Err(RuleError::AboveLimit { what, limit, actual });
    assert_eq!(check_binding_count(255), Ok(()));
    assert_eq!(check_binding_count(256), above("The number of slots that an asset fills", 256, 257));
    assert_eq!(check_unsettled_count(999), Ok(()));
    assert_eq!(
        check_unsettled_count(1_000),
        above("The number of a player's objects that are pending or await removal", 1_000, 1_001)
    );
    assert_eq!(check_listing_length("limit", 500), Ok(()));
    assert_eq!(check_listing_length("limit", 501), above("The number of objects in one call", 500, 501));
    assert!(matches!(check_listing_length("limit", 0), Err(RuleError::Malformed { field: "limit", .. })));
}

#[test]
fn a_slot_gives_up_the_named_asset_or_any() {
    assert_eq!(check_occupant("a", None), Ok(()));
    assert_eq!(check_occupant("a", Some("a")), Ok(()));
    assert_eq!(
        check_occupant("a", Some("b")).unwrap_err().to_string(),
        "The asset to take out of the slot must be a, not b."
    );
}

#[test]
fn a_filled_slot_keeps_its_asset_from_deletion() {
    assert_eq!(check_unbound(None), Ok(()));
    let slot = EntitySlot { entity_kind: "world", entity_id: "7", slot: "cover" };
    assert_eq!(
        check_unbound(Some(slot)).unwrap_err().to_string(),
        "An asset to delete must be bound to nothing, not bound to world 7, slot cover."
    );
}

fn text() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c"]).prop_map(str::to_owned)
}

#[test]
fn slices_of_owners_cover_all_of_them_once() {
    let slices: Vec<_> = owner_slices().collect();
    assert_eq!((slices[0].0, slices[slices.len() - 1].1), ([0; 32], [0xff; 32]), "everybody");
    assert!(slices.iter().all(|(lowest, highest)| lowest <= highest));
    for pair in slices.windows(2) {
        let mut next = pair[0].1;
        // One more, in big-endian bytes.
        next.iter_mut().rev().any(|byte| {
            *byte = byte.wrapping_add(1);
            *byte != 0
        });
        assert_eq!(next, pair[1].0);
    }
    assert!(slices.len() <= 16, "an idle sweep reads few of them: {}", slices.len());
}

#[test]
fn a_listing_goes_up() {
    assert_eq!(check_key_range("", ""), Ok(()));
    assert_eq!(check_key_range("a", "b"), Ok(()));
    assert!(matches!(check_key_range("b", "a"), Err(RuleError::Malformed { field: "until_key", .. })));
}

proptest! {
    #[test]
    fn an_upload_expires_exactly_after_its_lifetime(registered_at in 0..i64::MAX / 2, later in 0..2 * PENDING_UPLOAD_LIFETIME_MICROS) {
        let expires_at = expiry_of(registered_at);
        let expired = is_expired(expires_at, registered_at + later);
        prop_assert_eq!(expired, later >= PENDING_UPLOAD_LIFETIME_MICROS);
    }

    /// A repeated request is recognised if and only if nothing in it differs.
    #[test]
    fn a_repetition_is_the_same_in_everything(first in (text(), text(), text(), 1u64..3, text(), 0usize..3), second in (text(), text(), text(), 1u64..3, text(), 0usize..3)) {
        fn request(facts: &(String, String, String, u64, String, usize)) -> Registration<'_> {
            Registration {
                idempotency_key: "key",
                bucket: &facts.0,
                object_key: &facts.1,
                content: Content { content_type: &facts.2, byte_size: facts.3, sha256: &facts.4 },
                policy: Policy::ALL[facts.5],
            }
        }
        let repeats = request(&second).check_repeats(&request(&first));
        prop_assert_eq!(repeats.is_ok(), first == second);
        let differs = matches!(repeats, Err(RuleError::Differs { .. }));
        prop_assert!(repeats.is_ok() || differs);
    }

    /// No chain of legal steps leads back to where bytes could appear under a deleted row.
    #[test]
    fn a_life_goes_forward(steps in prop::collection::vec(prop::sample::select(Status::ALL.to_vec()), 0..12)) {
        let order = |status: Status| Status::ALL.iter().position(|known| *known == status);
        let mut status = Status::Pending;
        for next in steps {
            match transition(status, next) {
                Ok(Step::Moved) => { prop_assert!(order(next) > order(status)); status = next; }
                Ok(Step::Already) => prop_assert_eq!(next, status),
                Err(_) => prop_assert!(order(next) < order(status)),
            }
        }
    }
}
