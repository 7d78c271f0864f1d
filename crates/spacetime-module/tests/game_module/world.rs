//! A database with one holder of each role and two players, and the ways to call it.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Debug;

use spacetime_module::*;
use spacetimedb::test_utils::{TestAuth, TestContext};
use spacetimedb::{
    AnonymousViewContext, ConnectionId, Identity, ProcedureContext, ReducerContext, Timestamp, Uuid, ViewContext,
};

/// Somebody who calls the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Publishes the database, hence the first Admin.
    Owner,
    Service,
    Moderator,
    Operator,
    /// A second Admin.
    Admin,
    /// A player.
    Alice,
    /// Another player.
    Bob,
    /// Has never called before.
    Stranger,
    /// The engine's scheduler.
    Engine,
}

impl Actor {
    fn auth(self) -> TestAuth {
        if self == Actor::Engine {
            return TestAuth::internal();
        }
        let claims = format!(r#"{{"iss":"localhost","sub":"{self:?}"}}"#);
        TestAuth::from_jwt_payload(claims, ConnectionId::from_u128(1)).unwrap()
    }

    pub fn identity(self) -> Identity {
        Identity::from_claims("localhost", &format!("{self:?}"))
    }
}

/// All rows of all tables, encoded.
pub type Rows = BTreeMap<String, Vec<Vec<u8>>>;

pub struct World {
    pub test: TestContext,
}

impl World {
    /// A database after `init`, with every role granted and nothing else in it.
    pub fn new() -> World {
        let mut test = TestContext::new().unwrap();
        test.identity = Identity::from_claims("engine", "database");
        test.clock.set(Timestamp::from_micros_since_unix_epoch(1_767_225_600_000_000));
        let world = World { test };
        world.reduce(Actor::Owner, init).unwrap();
        for (actor, role) in [
            (Actor::Service, AccessRole::Service),
            (Actor::Moderator, AccessRole::Moderator),
            (Actor::Operator, AccessRole::Operator),
            (Actor::Admin, AccessRole::Admin),
        ] {
            world.reduce(Actor::Owner, |ctx| grant_role(ctx, actor.identity(), role)).unwrap();
        }
        world
    }

    /// Runs a reducer as `actor`, in one transaction.
    pub fn reduce(
        &self,
        actor: Actor,
        reducer: impl FnOnce(&ReducerContext) -> Result<(), DomainError>,
    ) -> Result<(), DomainError> {
        self.test.with_reducer_tx(actor.auth(), reducer)
    }

    /// Runs a procedure as `actor`.
    pub fn call<T>(&self, actor: Actor, procedure: impl FnOnce(&mut ProcedureContext) -> T) -> T {
        procedure(&mut self.test.procedure_context(actor.auth()))
    }

    /// What `actor` sees in a view.
    pub fn see<Rows: IntoIterator>(&self, actor: Actor, view: impl FnOnce(&ViewContext) -> Rows) -> Vec<Rows::Item> {
        view(&self.test.view_context(actor.auth())).into_iter().collect()
    }

    /// What everybody sees in a view.
    pub fn see_publicly<T>(&self, view: impl FnOnce(&AnonymousViewContext) -> Vec<T>) -> Vec<T> {
        view(&self.test.anonymous_view_context())
    }

    /// Every row of the database, to compare before and after.
    pub fn rows(&self) -> Rows {
        let datastore = self.test.datastore();
        let tables = datastore.module_def().tables();
        tables
            .map(|table| {
                let table_id = datastore.table_id(&table.name).unwrap();
                let mut rows = datastore.table_rows_bsatn(table_id).unwrap();
                rows.sort();
                (table.name.to_string(), rows)
            })
            .collect()
    }

    /// The numbers that the module remembers of a front page, the newest first.
    pub fn remembered_front_page(&self, gallery: GalleryKind) -> Vec<u64> {
        let page = self.test.db.gallery_front_page().gallery().find(gallery);
        let mut numbers: Vec<_> = page.into_iter().flat_map(|page| page.places).map(|place| place.number).collect();
        numbers.sort_by_key(|number| Reverse(*number));
        numbers
    }

    /// Runs a call that must be refused, and sees that it changed nothing.
    #[track_caller]
    pub fn refused<T: Debug>(&self, call: impl FnOnce(&World) -> Result<T, DomainError>) -> DomainError {
        let before = self.rows();
        let refusal = call(self).expect_err("the call must be refused");
        assert_eq!(self.rows(), before, "a refused call must change nothing");
        refusal
    }

    /// Lets time pass, in microseconds.
    pub fn advance(&self, micros: i64) {
        self.test.clock.advance(spacetimedb::TimeDuration::from_micros(micros));
    }

    pub fn now(&self) -> Timestamp {
        self.test.clock.now()
    }

    /// Announces an upload for `player` through the Service.
    pub fn register(&self, player: Actor, request: AssetObjectRegistration) -> Result<AssetObject, DomainError> {
        self.call(Actor::Service, |ctx| register_asset_object_and_return(ctx, Some(player.identity()), request))
    }

    /// Confirms an upload exactly as it was announced.
    pub fn confirm(&self, object: &AssetObject) -> Result<AssetObject, DomainError> {
        self.call(Actor::Service, |ctx| confirm_asset_object_and_return(ctx, None, confirmation_of(object)))
    }

    /// A pending object of `player`, told apart from others by `name`.
    pub fn pending(&self, player: Actor, name: &str) -> AssetObject {
        self.register(player, registration(name)).unwrap()
    }

    /// A confirmed object of `player`.
    pub fn confirmed(&self, player: Actor, name: &str) -> AssetObject {
        self.confirm(&self.pending(player, name)).unwrap()
    }

    /// A confirmed object of `player` that everybody may read.
    pub fn public(&self, player: Actor, name: &str) -> AssetObject {
        self.confirmed_under(player, name, AssetAccessPolicy::Public)
    }

    /// A confirmed object of `player` under this policy.
    pub fn confirmed_under(&self, player: Actor, name: &str, access_policy: AssetAccessPolicy) -> AssetObject {
        let request = AssetObjectRegistration { access_policy, ..registration(name) };
        self.confirm(&self.register(player, request).unwrap()).unwrap()
    }

    /// Binds as `actor`, for itself.
    pub fn bind(
        &self,
        actor: Actor,
        request: AssetEntityBindingRequest,
    ) -> Result<AssetEntityBindingOutcome, DomainError> {
        self.call(actor, |ctx| bind_asset_object_to_entity_and_return(ctx, None, request))
    }

    /// Deletes as `actor`, for itself.
    pub fn delete(&self, actor: Actor, asset_id: Uuid) -> Result<AssetObject, DomainError> {
        self.call(actor, |ctx| delete_asset_object_and_return(ctx, None, asset_id))
    }

    /// Reads as `actor`, for itself.
    pub fn read(&self, actor: Actor, asset_id: Uuid) -> Result<AssetObject, DomainError> {
        self.call(actor, |ctx| read_asset_object_and_return(ctx, None, asset_id))
    }

    /// Lists as the Service.
    pub fn list_expired(&self, limit: u32) -> Result<Vec<AssetObject>, DomainError> {
        self.call(Actor::Service, |ctx| list_expired_asset_objects_and_return(ctx, limit))
    }

    /// Forgets as the Service.
    pub fn forget(&self, asset_ids: &[Uuid]) -> Result<Vec<Uuid>, DomainError> {
        self.call(Actor::Service, |ctx| forget_deleted_asset_objects_and_return(ctx, asset_ids.to_vec()))
    }
}

/// Sees that a reducer leaves the same rows behind as its procedure, each in a world that is prepared alike.
#[track_caller]
pub fn check_same_rows<Scene, Answer: Debug>(
    prepare: impl Fn(&World) -> Scene,
    procedure: impl FnOnce(&World, &Scene) -> Result<Answer, DomainError>,
    reducer: impl FnOnce(&World, &Scene) -> Result<(), DomainError>,
) {
    let (world, twin) = (World::new(), World::new());
    let (scene, same_scene) = (prepare(&world), prepare(&twin));
    let before = world.rows();
    assert_eq!(twin.rows(), before, "both worlds are prepared alike");
    procedure(&world, &scene).unwrap();
    reducer(&twin, &same_scene).unwrap();
    assert_ne!(world.rows(), before, "something must change");
    assert_eq!(twin.rows(), world.rows());
}

/// A valid request, told apart from others by `name`.
pub fn registration(name: &str) -> AssetObjectRegistration {
    AssetObjectRegistration {
        idempotency_key: format!("upload-{name}"),
        bucket: "pictures".to_owned(),
        object_key: format!("uploads/{name}.png"),
        content_type: "image/png".to_owned(),
        byte_size: 1_024,
        sha256: "0123456789abcdef".repeat(4),
        access_policy: AssetAccessPolicy::Private,
    }
}

/// A valid request that a client may make itself: the key is in its own part of the store.
pub fn own_registration(player: Actor, name: &str) -> AssetObjectRegistration {
    AssetObjectRegistration {
        object_key: format!("players/{}/{name}.png", player.identity().to_hex()),
        ..registration(name)
    }
}

/// What the Service finds if the upload went well.
pub fn confirmation_of(object: &AssetObject) -> AssetObjectConfirmation {
    AssetObjectConfirmation {
        asset_id: object.asset_id,
        content_type: object.content_type.clone(),
        byte_size: object.byte_size,
        sha256: object.sha256.clone(),
    }
}

/// The cover of one world.
pub fn cover_of(entity_id: &str, asset_id: Uuid) -> AssetEntityBindingRequest {
    AssetEntityBindingRequest {
        asset_id,
        entity_kind: "world".to_owned(),
        entity_id: entity_id.to_owned(),
        slot: "cover".to_owned(),
    }
}

/// The same slot, to be emptied.
pub fn uncover(entity_id: &str) -> AssetEntityUnbindRequest {
    AssetEntityUnbindRequest {
        entity_kind: "world".to_owned(),
        entity_id: entity_id.to_owned(),
        slot: "cover".to_owned(),
        asset_id: None,
    }
}

/// The played world of a story that has just begun.
pub fn played_world(story: &StorySession) -> ProfilePlayedWorld {
    ProfilePlayedWorld {
        id: 0,
        owner: story.owner,
        world_id: story.world_id,
        version_id: story.version_id,
        last_session_id: story.session_id,
        stories: 1,
        played_micros: 0,
        minutes_played: 0,
        first_played_at: story.begun_at,
        last_played_at: story.begun_at,
    }
}

/// The error that a fact on record contradicts the request.
pub fn conflict(expected: &str, actual: &str) -> DomainErrorCode {
    DomainErrorCode::Conflict(Conflict { expected: expected.to_owned(), actual: actual.to_owned() })
}

/// The error that an argument breaks its syntax.
pub fn invalid(field: &str) -> DomainErrorCode {
    DomainErrorCode::InvalidArgument(InvalidArgument { field: field.to_owned() })
}

/// The error that something is above its limit.
pub fn above(limit: u64) -> DomainErrorCode {
    DomainErrorCode::LimitExceeded(LimitExceeded { limit })
}

/// The error that the state machine has no such step.
pub fn illegal(from: &str, to: &str) -> DomainErrorCode {
    DomainErrorCode::IllegalTransition(IllegalTransition { from: from.to_owned(), to: to.to_owned() })
}
