//! What an author makes of a world's cover: a picture puzzle, and a game of fish.

use spacetimedb_lib::Uuid;
use worldloom_client::{
    AssetEntityBindingOutcome, BigFishAssetBindingRequest, BigFishCreationSession, BigFishGameVersion,
    BigFishLadderRequest, BigFishLevel, BigFishPublication, BigFishSessionRequest, BigFishStage, BigFishStageRequest,
    PicturePuzzle, PuzzleCreation,
};

use super::world::Author;

/// Sizes of the ladder's species, in thousandths.
const SPECIES: [(&str, u32); 3] = [("guppy", 800), ("cod", 1_200), ("shark", 1_600)];

/// Publishes a puzzle of 2 by 2 pieces, or finds it.
pub async fn puzzle(author: &Author<'_>, title: &str, cover: Uuid) -> anyhow::Result<Uuid> {
    let creation = PuzzleCreation {
        idempotency_key: author.key("puzzle"),
        title: title.to_owned(),
        asset_id: cover,
        columns: 2,
        rows: 2,
    };
    let PicturePuzzle { puzzle_id, .. } =
        author.calls.accepted("create_puzzle_and_return", &(author.identity, creation)).await?;
    let _: PicturePuzzle = author.calls.accepted("publish_puzzle_and_return", &(author.identity, puzzle_id)).await?;
    Ok(puzzle_id)
}

/// Publishes a game with the cover in every slot, or finds it.
pub async fn fish_game(author: &Author<'_>, title: &str, cover: Uuid) -> anyhow::Result<Uuid> {
    let request = BigFishSessionRequest {
        idempotency_key: author.key("fish"),
        title: title.to_owned(),
        description: String::new(),
    };
    let mut session: BigFishCreationSession =
        author.calls.accepted("create_big_fish_session_and_return", &(author.identity, request)).await?;
    loop {
        let BigFishCreationSession { session_id, revision, stage, game_id, .. } = session;
        if let (BigFishStage::Published, Some(game_id)) = (stage, game_id) {
            return Ok(game_id);
        }
        session = match stage {
            BigFishStage::Briefing => {
                let request = BigFishLadderRequest { session_id, revision, levels: ladder() };
                author.calls.accepted("set_big_fish_ladder_and_return", &(author.identity, request)).await?
            }
            BigFishStage::Ladder => move_on(author, &session, BigFishStage::Assets).await?,
            BigFishStage::Assets => {
                fill_slots(author, session_id, cover).await?;
                move_on(author, &session, BigFishStage::Review).await?
            }
            BigFishStage::Review | BigFishStage::Published => {
                let idempotency_key = author.key("fish-publication");
                let publication = BigFishPublication { session_id, revision, idempotency_key };
                let version: BigFishGameVersion =
                    author.calls.accepted("publish_big_fish_game_and_return", &(author.identity, publication)).await?;
                return Ok(version.game_id);
            }
        };
    }
}

async fn move_on(
    author: &Author<'_>,
    session: &BigFishCreationSession,
    stage: BigFishStage,
) -> anyhow::Result<BigFishCreationSession> {
    let request = BigFishStageRequest { session_id: session.session_id, revision: session.revision, stage };
    author.calls.accepted("move_big_fish_session_and_return", &(author.identity, request)).await
}

async fn fill_slots(author: &Author<'_>, session_id: Uuid, asset_id: Uuid) -> anyhow::Result<()> {
    for slot in slots() {
        let request = BigFishAssetBindingRequest { session_id, slot, asset_id };
        let _: AssetEntityBindingOutcome =
            author.calls.accepted("bind_big_fish_asset_and_return", &(author.identity, request)).await?;
    }
    Ok(())
}

/// The ladder of every seeded game.
pub(crate) fn ladder() -> Vec<BigFishLevel> {
    let level = |(species_key, size_milli): (&str, u32)| BigFishLevel {
        species_key: species_key.to_owned(),
        name: species_key.to_uppercase(),
        description: String::new(),
        size_milli,
        speed_milli: 700,
    };
    SPECIES.map(level).to_vec()
}

/// The slots that a game of the ladder must fill.
pub(crate) fn slots() -> Vec<String> {
    SPECIES.iter().flat_map(|(key, _)| [format!("picture_{key}"), format!("movement_{key}")]).collect()
}
