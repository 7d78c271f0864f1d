//! Stories: told on two devices, branched and ended, each in the version of the world it began in.

use spacetimedb_lib::Uuid;
use spacetimedb_sdk::Table;
use worldloom_client::{
    CustomWorldCardAddition, DomainErrorCode, MyStoryEventsTableAccess, MyStorySessionsTableAccess, StoryBeginning,
    StoryBranching, StoryContinuation, StoryEnding, StoryEventKind, StoryEventListing, StorySession, StoryStatus,
    WorldChapter, WorldEntry, add_draft_card_and_return, begin_story, begin_story_and_return, branch_story,
    continue_story, continue_story_and_return, end_story, get_custom_world_and_return, list_story_events_and_return,
};
use worldloom_tests::refusals::{conflict, illegal, insufficient};
use worldloom_tests::{Outcome, Player, ask, done, expect_refused, reduce, refusal};

use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn a_story_is_told_on_two_devices() -> Outcome {
    let scene = Scene::open().await?;
    let phone = &scene.alice;
    let beginning = StoryBeginning { idempotency_key: "first".to_owned(), world_id: scene.world.world_id };
    done(reduce!(phone, begin_story_then(beginning.clone())))?;
    let story = phone.sees("the story", |rows| rows.my_story_sessions().iter().next()).await?;
    assert_eq!((story.owner, story.version_id), (phone.identity, scene.world.version_id));
    assert_eq!(
        (story.status, story.chapter_key.as_str(), story.next_event_number),
        (StoryStatus::Active, "arrival", 2)
    );
    let begun = phone.sees("the beginning", |rows| rows.my_story_events().iter().next()).await?;
    assert_eq!((begun.number, begun.kind), (1, StoryEventKind::Begun));
    assert_eq!(begun.opening, "Arrival. Somebody has left a light on.");
    assert_eq!(ask!(phone, begin_story_and_return_then(None, beginning.clone()))?, story, "the same request again");
    let other = StoryBeginning { world_id: Uuid::NIL, ..beginning };
    let refused = refusal(ask!(phone, begin_story_and_return_then(None, other)))?;
    assert_eq!(refused.code, conflict("the one first sent under it", "another one"));

    let tablet = scene.device_of(phone).await?;
    assert_eq!(tablet.rows().my_story_sessions().iter().next().as_ref(), Some(&story));
    let knock = told(&story, "You knock.");
    let step = ask!(tablet, continue_story_and_return_then(None, knock.clone()))?;
    let seen = phone.sees("the knock", |rows| rows.my_story_events().iter().find(|event| event.number == 2)).await?;
    assert_eq!((&seen, seen.text.as_str()), (&step.event, "You knock."));
    let late = told(&story, "You leave.");
    let refused = refusal(ask!(phone, continue_story_and_return_then(None, late.clone())))?;
    assert_eq!(refused.code, conflict("3", "2"));
    expect_refused(reduce!(phone, continue_story_then(late)), "conflict")?;
    assert_eq!(ask!(tablet, continue_story_and_return_then(None, knock))?, step, "a lost answer is asked for again");

    let deeper = StoryContinuation { chapter_key: Some("depths".to_owned()), ..told(&step.session, "You go down.") };
    let refused = refusal(ask!(phone, continue_story_and_return_then(None, deeper)))?;
    assert_eq!(refused.code, insufficient(2, 1), "the chapter asks for a level");
    assert_eq!(phone.rows().my_story_events().count(), 2, "what was refused is not told");

    let facade = &scene.studio.service;
    let answered = told(&step.session, "Somebody opens.");
    let alices = Some(phone.identity);
    ask!(facade, continue_story_and_return_then(alices, answered.clone()))?;
    phone.sees("what the facade told", |rows| rows.my_story_events().iter().find(|event| event.number == 3)).await?;
    for somebody in [&scene.bob, &scene.author] {
        let refused = refusal(ask!(somebody, continue_story_and_return_then(alices, answered.clone())))?;
        assert_eq!(refused.code, DomainErrorCode::Forbidden, "nobody but the facade acts for others");
        let refused = refusal(ask!(somebody, continue_story_and_return_then(None, told(&step.session, "Boo."))))?;
        assert_eq!(refused.code, DomainErrorCode::NotFound, "another player's story");
        let shown = (somebody.rows().my_story_sessions().count(), somebody.rows().my_story_events().count());
        assert_eq!(shown, (0, 0));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_goes_on_after_the_story_has_ended() -> Outcome {
    let scene = Scene::open().await?;
    let Scene { alice, world, studio, .. } = scene;
    let story = alice.begin_story(world.world_id).await?;
    let step = ask!(alice, continue_story_and_return_then(None, told(&story, "You knock.")))?;
    let ending = StoryEnding {
        session_id: story.session_id,
        expected_event_number: step.session.next_event_number,
        text: "Nobody answers.".to_owned(),
    };
    done(reduce!(alice, end_story_then(ending.clone())))?;
    done(reduce!(alice, end_story_then(ending)))?;
    let ended = |row: &StorySession| row.session_id == story.session_id && row.status == StoryStatus::Ended;
    let ended = alice.sees("the end", |rows| rows.my_story_sessions().iter().find(ended)).await?;
    assert_eq!((ended.next_event_number, ended.ended_at.is_some()), (4, true), "ended once");
    let refused = refusal(ask!(alice, continue_story_and_return_then(None, told(&ended, "You wait."))))?;
    assert_eq!(refused.code, illegal("ended", "continued"));

    let branching =
        StoryBranching { idempotency_key: "other-way".to_owned(), session_id: story.session_id, event_number: 2 };
    done(reduce!(alice, branch_story_then(branching.clone())))?;
    done(reduce!(alice, branch_story_then(branching)))?;
    let branched = |row: &StorySession| row.parent_session_id == Some(story.session_id);
    let branch = alice.sees("the branch", |rows| rows.my_story_sessions().iter().find(branched)).await?;
    assert_eq!((branch.shared_event_count, branch.next_event_number), (2, 3));
    ask!(alice, continue_story_and_return_then(None, told(&branch, "You climb in.")))?;

    // The game is closed and opened again.
    let account = alice.leave();
    let alice = Player::join_as(&studio.database, account).await?;
    assert_eq!(alice.rows().my_story_sessions().count(), 2);
    assert_eq!(alice.rows().my_story_events().count(), 4, "what is shared is there once");
    let listing = StoryEventListing { session_id: branch.session_id, from_number: 1, limit: 200 };
    let events = ask!(alice, list_story_events_and_return_then(None, listing))?;
    let texts: Vec<_> = events.iter().map(|event| (event.number, event.text.as_str())).collect();
    assert_eq!(texts, [(1, ""), (2, "You knock."), (3, "You climb in.")]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_plays_on_in_the_version_it_began() -> Outcome {
    let scene = Scene::open().await?;
    let (alice, author, world_id) = (&scene.alice, &scene.author, scene.world.world_id);
    let old = alice.begin_story(world_id).await?;
    let attic = WorldChapter {
        order: 3,
        title: "Attic".to_owned(),
        summary: "Attic, in a sentence.".to_owned(),
        opening: "Dust.".to_owned(),
        required_level: 1,
    };
    let addition = CustomWorldCardAddition {
        idempotency_key: "attic".to_owned(),
        world_id,
        key: "attic".to_owned(),
        entry: WorldEntry::Chapter(attic),
    };
    ask!(author, add_draft_card_and_return_then(None, addition))?;
    let draft = ask!(author, get_custom_world_and_return_then(None, world_id))?;
    let second = scene.studio.publish(author, &draft).await?.version;
    let new = alice.begin_story(world_id).await?;
    assert_eq!((old.version_id, new.version_id), (scene.world.version_id, second.version_id));

    let up = |story| StoryContinuation { chapter_key: Some("attic".to_owned()), ..told(story, "You climb.") };
    let refused = refusal(ask!(alice, continue_story_and_return_then(None, up(&old))))?;
    assert_eq!(refused.code, DomainErrorCode::NotFound, "the first version has no attic");
    let step = ask!(alice, continue_story_and_return_then(None, up(&new)))?;
    assert_eq!((step.event.kind, step.event.opening.as_str()), (StoryEventKind::ChapterEntered, "Dust."));
    let shown = |row: &StorySession| row.session_id == new.session_id && row.chapter_key == "attic";
    alice.sees("the attic", |rows| rows.my_story_sessions().iter().find(shown)).await?;
    let kept = alice.rows().my_story_sessions().iter().find(|row| row.session_id == old.session_id);
    assert_eq!(kept, Some(old));
    Ok(())
}

/// What the client tells next.
fn told(story: &StorySession, text: &str) -> StoryContinuation {
    StoryContinuation {
        session_id: story.session_id,
        expected_event_number: story.next_event_number,
        player_input: "I try.".to_owned(),
        text: text.to_owned(),
        chapter_key: None,
    }
}
