//! Games of fish: made, published, played.

use anyhow::Context;
use worldloom_client::{
    AssetEntityBinding, AssetEntityBindingOutcome, AssetObject, BigFishAgentMessage, BigFishAgentReply,
    BigFishAssetBindingRequest, BigFishAssetUnbindRequest, BigFishCreationSession, BigFishGalleryPage,
    BigFishGalleryPageRequest, BigFishGame, BigFishGameVersion, BigFishHeading, BigFishHold, BigFishLadderAcceptance,
    BigFishLadderRequest, BigFishMessageRequest, BigFishPublication, BigFishRun, BigFishRunRequest,
    BigFishSessionDescription, BigFishSessionRequest, BigFishSlot, BigFishStage, BigFishStageRequest, BigFishSteering,
};

use super::guest::{Arguments, Guest, key, own};
use super::step::{Step, asks, serves};
use crate::seed::games::{ladder, slots};

/// The session as it stands, found under its key.
const SESSION_NOW: Step =
    asks::<BigFishCreationSession>("create_big_fish_session_and_return", |_| own(request("reef"))).unmeasured();

/// A game from its briefing to its publication.
pub const MAKING: &[Step] = &[
    asks::<BigFishCreationSession>("create_big_fish_session_and_return", |_| own(request("pond"))),
    asks::<BigFishCreationSession>("discard_big_fish_session_and_return", |guest| {
        own(guest.last::<BigFishCreationSession>()?.session_id)
    }),
    SESSION_NOW,
    asks::<BigFishCreationSession>("describe_big_fish_session_and_return", |guest| {
        let BigFishCreationSession { session_id, revision, .. } = *guest.last()?;
        let (title, description) = ("The reef".to_owned(), "With sharks.".to_owned());
        own(BigFishSessionDescription { session_id, revision, title, description })
    }),
    asks::<BigFishAgentMessage>("submit_big_fish_message_and_return", |guest| {
        let session_id = guest.last::<BigFishCreationSession>()?.session_id;
        own(BigFishMessageRequest { session_id, idempotency_key: key("ask"), text: "Who eats whom?".to_owned() })
    }),
    serves::<BigFishAgentMessage>("append_big_fish_agent_message_and_return", |guest| {
        guest.for_guest(BigFishAgentReply {
            session_id: guest.last::<BigFishCreationSession>()?.session_id,
            idempotency_key: key("answer"),
            text: "The larger ones the smaller ones.".to_owned(),
            is_interrupted: false,
            proposed_levels: Some(ladder()),
        })
    }),
    SESSION_NOW,
    asks::<BigFishCreationSession>("accept_big_fish_ladder_and_return", |guest| {
        let BigFishCreationSession { session_id, revision, .. } = *guest.last()?;
        let message_id = guest.last::<BigFishAgentMessage>()?.message_id;
        own(BigFishLadderAcceptance { session_id, revision, message_id })
    }),
    asks::<BigFishCreationSession>("set_big_fish_ladder_and_return", |guest| {
        let BigFishCreationSession { session_id, revision, .. } = *guest.last()?;
        own(BigFishLadderRequest { session_id, revision, levels: ladder() })
    }),
    asks::<BigFishCreationSession>("move_big_fish_session_and_return", |guest| move_to(guest, BigFishStage::Assets)),
    asks::<AssetEntityBindingOutcome>("bind_big_fish_asset_and_return", |guest| fill(guest, 0)),
    asks::<AssetEntityBinding>("unbind_big_fish_asset_and_return", |guest| {
        let session_id = guest.last::<BigFishCreationSession>()?.session_id;
        own(BigFishAssetUnbindRequest { session_id, slot: slot(0)?, asset_id: None })
    }),
    asks::<AssetEntityBindingOutcome>("bind_big_fish_asset_and_return", |guest| fill(guest, 0)).unmeasured(),
    asks::<AssetEntityBindingOutcome>("bind_big_fish_asset_and_return", |guest| fill(guest, 1)).unmeasured(),
    asks::<AssetEntityBindingOutcome>("bind_big_fish_asset_and_return", |guest| fill(guest, 2)).unmeasured(),
    asks::<AssetEntityBindingOutcome>("bind_big_fish_asset_and_return", |guest| fill(guest, 3)).unmeasured(),
    asks::<AssetEntityBindingOutcome>("bind_big_fish_asset_and_return", |guest| fill(guest, 4)).unmeasured(),
    asks::<AssetEntityBindingOutcome>("bind_big_fish_asset_and_return", |guest| fill(guest, 5)).unmeasured(),
    asks::<Vec<BigFishSlot>>("list_big_fish_slots_and_return", |guest| {
        own(guest.last::<BigFishCreationSession>()?.session_id)
    }),
    asks::<BigFishCreationSession>("move_big_fish_session_and_return", |guest| move_to(guest, BigFishStage::Review))
        .unmeasured(),
    asks::<BigFishGameVersion>("publish_big_fish_game_and_return", |guest| {
        let BigFishCreationSession { session_id, revision, .. } = *guest.last()?;
        own(BigFishPublication { session_id, revision, idempotency_key: key("publish-fish") })
    }),
    asks::<BigFishGameVersion>("read_big_fish_game_version_and_return", |guest| {
        own(guest.last::<BigFishGameVersion>()?.version_id)
    }),
    asks::<BigFishGalleryPage>("list_gallery_fish_and_return", |_| {
        own(BigFishGalleryPageRequest { cursor: None, length: 20 })
    }),
];

/// A run of the game, and its end.
pub const PLAYING: &[Step] = &[
    asks::<BigFishRun>("start_big_fish_run_and_return", |guest| {
        let game_id = guest.last::<BigFishGameVersion>()?.game_id;
        own(BigFishRunRequest { idempotency_key: key("fish-run"), game_id })
    }),
    asks::<BigFishRun>("steer_big_fish_run_and_return", |guest| {
        let run_id = guest.last::<BigFishRun>()?.run_id;
        own(BigFishSteering { run_id, heading: BigFishHeading { x_milli: 600, y_milli: 800 } })
    }),
    asks::<BigFishRun>("pause_big_fish_run_and_return", run),
    asks::<BigFishRun>("resume_big_fish_run_and_return", run),
    asks::<BigFishRun>("abandon_big_fish_run_and_return", run),
    asks::<BigFishGame>("unpublish_big_fish_game_and_return", game),
    serves::<BigFishGame>("hold_big_fish_game_and_return", |guest| {
        let game_id = guest.last::<BigFishGameVersion>()?.game_id;
        own(BigFishHold { game_id, reason: "A look at it.".to_owned() })
    }),
    serves::<BigFishGame>("release_big_fish_game_and_return", game),
];

fn game(guest: &Guest) -> Arguments {
    own(guest.last::<BigFishGameVersion>()?.game_id)
}

fn request(name: &str) -> BigFishSessionRequest {
    BigFishSessionRequest { idempotency_key: key(name), title: "The reef".to_owned(), description: String::new() }
}

fn move_to(guest: &Guest, stage: BigFishStage) -> Arguments {
    let BigFishCreationSession { session_id, revision, .. } = *guest.last()?;
    own(BigFishStageRequest { session_id, revision, stage })
}

fn slot(number: usize) -> anyhow::Result<String> {
    slots().into_iter().nth(number).context("the ladder has fewer slots")
}

fn fill(guest: &Guest, number: usize) -> Arguments {
    let session_id = guest.last::<BigFishCreationSession>()?.session_id;
    let asset_id = guest.last::<AssetObject>()?.asset_id;
    own(BigFishAssetBindingRequest { session_id, slot: slot(number)?, asset_id })
}

fn run(guest: &Guest) -> Arguments {
    own(guest.last::<BigFishRun>()?.run_id)
}
