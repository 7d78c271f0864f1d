//! A game of fish is made with the agent, published, and swum through in real time.

use std::time::Duration;

use anyhow::{Context, ensure};
use spacetimedb_sdk::Uuid;
use worldloom_client::*;
use worldloom_tests::refusals::above;
use worldloom_tests::{Outcome, Player, Studio, TestNode, ask, done, eventually, expect_refused, reduce, refusal};

/// At this speed, in milli-units a tick, no fish reaches another within the seconds of a test.
const SLOW: u32 = 100;
/// At this one a run is over in seconds.
const FAST: u32 = 2_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_game_is_made_with_the_agent_and_published() -> Outcome {
    let node = TestNode::start().await?;
    let studio = Studio::open(&node).await?;
    let (author, onlooker) = (studio.player().await?, studio.player().await?);
    let session = created(&author).await?;
    let session = settled_ladder(&studio, &author, session, SLOW).await?;

    let too_early = stage_request(&session, BigFishStage::Review);
    expect_refused(reduce!(author, move_big_fish_session_then(too_early)), "conflict")?;
    let picture = filled_slots(&studio, &author, &session).await?;
    let slots = ask!(author, list_big_fish_slots_and_return_then(None, session.session_id))?;
    let empty: Vec<_> = slots.iter().filter(|slot| slot.asset_id.is_none()).map(|slot| slot.slot.as_str()).collect();
    ensure!(empty == ["background"], "{empty:?}");
    let version = published(&author, &session).await?;

    let shown = onlooker.sees("the game", |rows| rows.gallery_fish().iter().next()).await?;
    ensure!((shown.game_id, shown.version_id, shown.version_number) == (version.game_id, version.version_id, 1));
    ensure!(shown.species == ["GUPPY", "COD", "SHARK"] && shown.cover_asset_id == picture, "{shown:?}");
    let seen = author.sees("its page", |rows| rows.my_fish_games().iter().next()).await?;
    ensure!(seen.status == BigFishGameStatus::Published && seen.game_id == version.game_id, "{seen:?}");
    let private = onlooker.rows();
    let private = private.my_fish_sessions().count() + private.my_fish_messages().count();
    ensure!(private + onlooker.rows().my_fish_games().count() == 0, "the making is the author's alone");
    let refused = refusal(ask!(author, delete_asset_object_and_return_then(None, picture)))?;
    ensure!(matches!(refused.code, DomainErrorCode::Conflict(_)), "the version shows it: {refused:?}");

    expect_refused(reduce!(onlooker, unpublish_big_fish_game_then(version.game_id)), "not_found")?;
    done(reduce!(author, unpublish_big_fish_game_then(version.game_id)))?;
    onlooker.sees("the empty gallery", |rows| (rows.gallery_fish().count() == 0).then_some(())).await?;
    let request = BigFishRunRequest { idempotency_key: "late".to_owned(), game_id: version.game_id };
    expect_refused(reduce!(onlooker, start_big_fish_run_then(request)), "not_found")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ticks_pauses_and_goes_on_on_another_device() -> Outcome {
    let node = TestNode::start().await?;
    let studio = Studio::open(&node).await?;
    let (author, player, clock) = (studio.player().await?, studio.player().await?, studio.player().await?);
    let game_id = game(&studio, &author, SLOW).await?;

    let run = start(&player, game_id, "run").await?;
    ensure!(start(&player, game_id, "run").await? == run, "the same request again begins no second run");
    let request = BigFishRunRequest { idempotency_key: "second".to_owned(), game_id };
    let refused = refusal(ask!(player, start_big_fish_run_and_return_then(None, request)))?;
    ensure!(refused.code == above(1), "{refused:?}");
    let begun = swims(&player, |waters| waters.tick >= 1).await?;
    steer(&player, run.run_id, 1_000, 0).await?;
    let moved = swims(&player, |waters| leader(waters).x_milli >= leader(&begun).x_milli + 5 * SLOW as i32).await?;
    ensure!(leader(&moved).y_milli == leader(&begun).y_milli && moved.tick >= begun.tick + 5, "{moved:?}");
    let wild = BigFishSteering { run_id: run.run_id, heading: BigFishHeading { x_milli: 1_001, y_milli: 0 } };
    expect_refused(reduce!(player, steer_big_fish_run_then(wild)), "invalid_argument")?;
    let stolen = BigFishSteering { run_id: run.run_id, heading: BigFishHeading { x_milli: 0, y_milli: 0 } };
    expect_refused(reduce!(clock, steer_big_fish_run_then(stolen)), "not_found")?;

    done(reduce!(player, pause_big_fish_run_then(run.run_id)))?;
    let paused = run_in(&player, run.run_id, BigFishRunStatus::Paused).await?;
    let standing = player.rows().my_run_entities().iter().next().context("a paused run has its fish")?;
    ensure!(standing.tick == paused.ticks, "{standing:?} is not as of {paused:?}");
    let request = BigFishSteering { run_id: run.run_id, heading: BigFishHeading { x_milli: 0, y_milli: 0 } };
    expect_refused(reduce!(player, steer_big_fish_run_then(request)), "conflict")?;
    // Another player's run is the clock by which this one is seen to stand still.
    let other = start(&clock, game_id, "clock").await?;
    swims(&clock, |waters| waters.tick >= 5).await?;
    ensure!(clock.rows().my_runs().count() == 1 && clock.rows().my_run_entities().count() == 1, "each has its own");
    let device = Player::join_as(&studio.database, player.leave()).await?;
    ensure!(device.rows().my_run_entities().iter().next() == Some(standing), "it stands where it stood");
    done(reduce!(device, resume_big_fish_run_then(run.run_id)))?;
    let resumed = swims(&device, |waters| waters.tick > paused.ticks).await?;
    ensure!(resumed.run_id == run.run_id, "{resumed:?}");

    // Nobody steers the other run, so it pauses by itself.
    let away = run_in(&clock, other.run_id, BigFishRunStatus::Paused).await?;
    let stayed = away.changed_at.duration_since(away.started_at).context("it paused after it began")?;
    ensure!(stayed >= Duration::from_secs(5), "only after five seconds: {away:?}");
    let over = ask!(device, abandon_big_fish_run_and_return_then(None, run.run_id))?;
    ensure!(over.status == BigFishRunStatus::Abandoned && over.ticks >= resumed.tick, "{over:?}");
    device.sees("the empty waters", |rows| (rows.my_run_entities().count() == 0).then_some(())).await?;
    expect_refused(reduce!(device, resume_big_fish_run_then(run.run_id)), "illegal_transition")?;
    author.sees("both plays", |rows| rows.my_fish_games().iter().find(|game| game.play_count == 2)).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_player_who_chases_its_equals_wins() -> Outcome {
    let node = TestNode::start().await?;
    let studio = Studio::open(&node).await?;
    let (author, player) = (studio.player().await?, studio.player().await?);
    let game_id = game(&studio, &author, FAST).await?;
    // Two runs of three are won this way; that twenty in a row are lost will not be seen.
    for number in 0..20 {
        let run = start(&player, game_id, &number.to_string()).await?;
        let over = chase(&player, run.run_id).await?;
        ensure!(over.ticks > 0 && over.changed_at > over.started_at, "{over:?}");
        player.sees("the empty waters", |rows| (rows.my_run_entities().count() == 0).then_some(())).await?;
        match over.status {
            BigFishRunStatus::Victory => {
                ensure!(over.best_level == 3 && over.merged >= 1, "{over:?}");
                return expect_refused(reduce!(player, pause_big_fish_run_then(run.run_id)), "illegal_transition");
            }
            status => ensure!(status == BigFishRunStatus::Defeat && over.best_level < 3, "{over:?}"),
        }
    }
    anyhow::bail!("no run was won")
}

/// Steers towards the nearest wild fish of the leader's level until the run is over.
async fn chase(player: &Player, run_id: Uuid) -> anyhow::Result<BigFishRun> {
    eventually("the end of the run", || async {
        let run = player.rows().my_runs().iter().find(|run| run.run_id == run_id)?;
        if run.status != BigFishRunStatus::Running {
            return Some(run);
        }
        let waters = player.rows().my_run_entities().iter().next()?;
        let leader = leader(&waters);
        let equals = waters.fish.iter().filter(|fish| fish.side == BigFishSide::Wild && fish.level == leader.level);
        let nearest = equals.min_by_key(|fish| way(leader, fish).0.pow(2) + way(leader, fish).1.pow(2))?;
        let (x, y) = way(leader, nearest);
        // Too late if the run has ended meanwhile, which the next look shows.
        let _ = steer(player, run_id, x.clamp(-1_000, 1_000) as i32, y.clamp(-1_000, 1_000) as i32).await;
        None
    })
    .await
}

fn way(from: &BigFishEntity, to: &BigFishEntity) -> (i64, i64) {
    (i64::from(to.x_milli) - i64::from(from.x_milli), i64::from(to.y_milli) - i64::from(from.y_milli))
}

/// The first fish of the school, which the others follow.
fn leader(waters: &BigFishRunWaters) -> &BigFishEntity {
    waters.fish.iter().find(|fish| fish.side == BigFishSide::School).unwrap()
}

async fn start(player: &Player, game_id: Uuid, key: &str) -> anyhow::Result<BigFishRun> {
    let request = BigFishRunRequest { idempotency_key: key.to_owned(), game_id };
    Ok(ask!(player, start_big_fish_run_and_return_then(None, request))?)
}

async fn steer(player: &Player, run_id: Uuid, x_milli: i32, y_milli: i32) -> Outcome {
    let request = BigFishSteering { run_id, heading: BigFishHeading { x_milli, y_milli } };
    done(reduce!(player, steer_big_fish_run_then(request)))
}

/// The waters of the player's run once they are so.
async fn swims(player: &Player, is_so: impl Fn(&BigFishRunWaters) -> bool) -> anyhow::Result<BigFishRunWaters> {
    player.sees("the run to go on", |rows| rows.my_run_entities().iter().find(|waters| is_so(waters))).await
}

async fn run_in(player: &Player, run_id: Uuid, status: BigFishRunStatus) -> anyhow::Result<BigFishRun> {
    let is_it = |run: &BigFishRun| run.run_id == run_id && run.status == status;
    player.sees("the run's status", |rows| rows.my_runs().iter().find(is_it)).await
}

/// A published game whose fish swim so fast.
async fn game(studio: &Studio, author: &Player, speed: u32) -> anyhow::Result<Uuid> {
    let session = created(author).await?;
    let session = settled_ladder(studio, author, session, speed).await?;
    filled_slots(studio, author, &session).await?;
    Ok(published(author, &session).await?.game_id)
}

async fn created(author: &Player) -> anyhow::Result<BigFishCreationSession> {
    let request = BigFishSessionRequest {
        idempotency_key: "reef".to_owned(),
        title: "The reef".to_owned(),
        description: String::new(),
    };
    done(reduce!(author, create_big_fish_session_then(request.clone())))?;
    let session = author.sees("the session", |rows| rows.my_fish_sessions().iter().next()).await?;
    let again = ask!(author, create_big_fish_session_and_return_then(None, request))?;
    ensure!(again == session && session.stage == BigFishStage::Briefing, "{again:?} is another than {session:?}");
    Ok(session)
}

/// The author asks, the agent proposes a ladder, the author accepts it.
async fn settled_ladder(
    studio: &Studio,
    author: &Player,
    session: BigFishCreationSession,
    speed_milli: u32,
) -> anyhow::Result<BigFishCreationSession> {
    let session_id = session.session_id;
    let text = "Three fish, please.".to_owned();
    let asked = BigFishMessageRequest { session_id, idempotency_key: "ask".to_owned(), text };
    done(reduce!(author, submit_big_fish_message_then(asked)))?;
    let level = |species_key: &str, size_milli| BigFishLevel {
        species_key: species_key.to_owned(),
        name: species_key.to_uppercase(),
        description: String::new(),
        size_milli,
        speed_milli,
    };
    let reply = BigFishAgentReply {
        session_id,
        idempotency_key: "reply".to_owned(),
        text: "Guppy, cod and shark.".to_owned(),
        is_interrupted: false,
        proposed_levels: Some(vec![level("guppy", 800), level("cod", 1_200), level("shark", 1_600)]),
    };
    let own_reply = ask!(author, append_big_fish_agent_message_and_return_then(None, reply.clone()));
    ensure!(refusal(own_reply)?.code == DomainErrorCode::Forbidden, "only the Service speaks for the agent");
    ask!(studio.service, append_big_fish_agent_message_and_return_then(Some(author.identity), reply.clone()))?;
    ask!(studio.service, append_big_fish_agent_message_and_return_then(Some(author.identity), reply))?;
    let is_second = |message: &BigFishAgentMessage| message.sequence == 2;
    let proposal = author.sees("the proposal", |rows| rows.my_fish_messages().iter().find(is_second)).await?;
    ensure!(proposal.sender == BigFishMessageSender::Agent && author.rows().my_fish_messages().count() == 2);
    ensure!(studio.service.rows().my_fish_messages().count() == 0, "the Service sees nobody's messages");
    let (revision, message_id) = (session.revision, proposal.message_id);
    let acceptance = BigFishLadderAcceptance { session_id, revision, message_id };
    done(reduce!(author, accept_big_fish_ladder_then(acceptance)))?;
    let is_laddered = |session: &BigFishCreationSession| session.stage == BigFishStage::Ladder;
    let laddered = author.sees("the ladder", |rows| rows.my_fish_sessions().iter().find(is_laddered)).await?;
    ensure!(Some(&laddered.levels) == proposal.proposed_levels.as_ref(), "{laddered:?}");
    Ok(ask!(author, move_big_fish_session_and_return_then(None, stage_request(&laddered, BigFishStage::Assets)))?)
}

/// Fills every required slot with one picture, which this returns.
async fn filled_slots(studio: &Studio, author: &Player, session: &BigFishCreationSession) -> anyhow::Result<Uuid> {
    let (session_id, asset_id) = (session.session_id, studio.picture(author, "fish").await?.asset_id);
    for species in ["guppy", "cod", "shark"] {
        for slot in [format!("picture_{species}"), format!("movement_{species}")] {
            let binding = BigFishAssetBindingRequest { session_id, slot, asset_id };
            done(reduce!(author, bind_big_fish_asset_then(binding)))?;
        }
    }
    author.sees("six slots", |rows| (rows.my_asset_bindings().count() == 6).then_some(())).await?;
    Ok(asset_id)
}

async fn published(author: &Player, session: &BigFishCreationSession) -> anyhow::Result<BigFishGameVersion> {
    let review = stage_request(session, BigFishStage::Review);
    let session = ask!(author, move_big_fish_session_and_return_then(None, review))?;
    let BigFishCreationSession { session_id, revision, .. } = session;
    let request = BigFishPublication { session_id, revision, idempotency_key: "publish".to_owned() };
    let version = ask!(author, publish_big_fish_game_and_return_then(None, request.clone()))?;
    let again = ask!(author, publish_big_fish_game_and_return_then(None, request))?;
    ensure!(again == version, "the same request again publishes nothing new: {again:?}");
    Ok(version)
}

fn stage_request(session: &BigFishCreationSession, stage: BigFishStage) -> BigFishStageRequest {
    BigFishStageRequest { session_id: session.session_id, revision: session.revision, stage }
}
