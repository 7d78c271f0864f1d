//! What a player has looked at and played, and the totals of it.

use spacetimedb_sdk::Table;
use worldloom_client::{
    BrowseKind, DomainErrorCode, MyBrowseHistoryTableAccess, MyDashboardTableAccess, MyPlayedWorldsTableAccess,
    ProfilePlayedWorldPage, RemoteTables, StoryEnding, UserBrowseHistoryRequest, check_profile_projections_and_return,
    clear_user_browse_history, clear_user_browse_history_and_return, end_story_and_return,
    get_profile_dashboard_and_return, list_profile_played_worlds_and_return, list_user_browse_history_and_return,
    upsert_user_browse_history, upsert_user_browse_history_and_return,
};
use worldloom_tests::refusals::above;
use worldloom_tests::{Outcome, Player, ask, done, reduce, refusal};

use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn a_player_finds_again_what_it_has_looked_at() -> Outcome {
    let scene = Scene::open().await?;
    let tablet = scene.device_of(&scene.alice).await?;
    let (phone, bob, world_id) = (&scene.alice, &scene.bob, scene.world.world_id);
    let look = |kind, title: &str| UserBrowseHistoryRequest { kind, target_id: world_id, title: title.to_owned() };
    done(reduce!(phone, upsert_user_browse_history_then(look(BrowseKind::World, "Lighthouse"))))?;
    let first = tablet.sees("the look", |rows| rows.my_browse_history().iter().next()).await?;
    assert_eq!((first.visits, first.title.as_str()), (1, "Lighthouse"));
    let puzzle = ask!(phone, upsert_user_browse_history_and_return_then(None, look(BrowseKind::Puzzle, "A puzzle")))?;
    let again = look(BrowseKind::World, "The Lighthouse");
    let again = ask!(tablet, upsert_user_browse_history_and_return_then(None, again))?;
    assert_eq!((again.id, again.visits, again.title.as_str()), (first.id, 2, "The Lighthouse"));
    let listed = ask!(phone, list_user_browse_history_and_return_then(None))?;
    assert_eq!(listed, [again, puzzle], "newest first");
    let endless = look(BrowseKind::World, &"e".repeat(100_000));
    let refused = refusal(ask!(phone, upsert_user_browse_history_and_return_then(None, endless)))?;
    assert!(matches!(refused.code, DomainErrorCode::LimitExceeded(_)), "{refused:?}");
    let alices = Some(phone.identity);
    let refused = refusal(ask!(bob, list_user_browse_history_and_return_then(alices)))?;
    assert_eq!((refused.code, bob.rows().my_browse_history().count()), (DomainErrorCode::Forbidden, 0));

    done(reduce!(phone, clear_user_browse_history_then()))?;
    let cleared = |rows: &RemoteTables| (rows.my_browse_history().count() == 0).then_some(());
    tablet.sees("an empty history", cleared).await?;
    assert_eq!(ask!(tablet, clear_user_browse_history_and_return_then(None))?, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_story_counts_once() -> Outcome {
    let scene = Scene::open().await?;
    let (alice, bob) = (&scene.alice, &scene.bob);
    let zeros = ask!(alice, get_profile_dashboard_and_return_then(None))?;
    assert_eq!((zeros.played_stories, alice.rows().my_dashboard().count()), (0, 0));
    let other = scene.studio.publish_sample(&scene.author, "Mill").await?.version;
    let story = alice.begin_story(scene.world.world_id).await?;
    alice.begin_story(scene.world.world_id).await?;
    alice.begin_story(other.world_id).await?;
    let ending = StoryEnding {
        session_id: story.session_id,
        expected_event_number: story.next_event_number,
        text: "Enough.".to_owned(),
    };
    ask!(alice, end_story_and_return_then(None, ending))?;

    let page = |after_id| ProfilePlayedWorldPage { after_id, limit: 1 };
    let first = ask!(alice, list_profile_played_worlds_and_return_then(None, page(None)))?.remove(0);
    let second = ask!(alice, list_profile_played_worlds_and_return_then(None, page(Some(first.id))))?.remove(0);
    assert_eq!((first.world_id, first.stories, first.last_session_id), (scene.world.world_id, 2, story.session_id));
    assert_eq!((second.world_id, second.stories), (other.world_id, 1));
    assert!(first.played_micros > 0, "there was time between the beginning and the end");
    let endless = ProfilePlayedWorldPage { after_id: None, limit: u32::MAX };
    let refused = refusal(ask!(alice, list_profile_played_worlds_and_return_then(None, endless)))?;
    assert_eq!(refused.code, above(200));
    alice.sees("the played world", |rows| rows.my_played_worlds().iter().find(|row| *row == first)).await?;
    let totals = alice.sees("the totals", |rows| rows.my_dashboard().iter().next()).await?;
    assert_eq!((totals.played_worlds, totals.played_stories), (2, 3));
    assert_eq!(totals.last_world_id, Some(scene.world.world_id));
    assert_eq!(ask!(alice, get_profile_dashboard_and_return_then(None))?, totals);
    let alices = Some(alice.identity);
    let refused = refusal(ask!(bob, get_profile_dashboard_and_return_then(alices)))?;
    assert_eq!(refused.code, DomainErrorCode::Forbidden);
    assert_eq!((bob.rows().my_played_worlds().count(), bob.rows().my_dashboard().count()), (0, 0));

    let refused = refusal(ask!(alice, check_profile_projections_and_return_then(alice.identity)))?;
    assert_eq!(refused.code, DomainErrorCode::Forbidden);
    let database = &scene.studio.database;
    let operator = database.account().await?;
    database.grant(&operator, "operator").await?;
    let operator = Player::join_as(database, operator).await?;
    let differences = ask!(operator, check_profile_projections_and_return_then(alice.identity))?;
    assert_eq!(differences, [], "the totals follow from the rows");
    Ok(())
}
