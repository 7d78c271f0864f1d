//! Worlds are published, found, liked, played, and published again.

use anyhow::{Context, ensure};
use spacetimedb_sdk::Uuid;
use worldloom_client::*;
use worldloom_tests::{Outcome, Player, Studio, TestNode, ask, done, expect_refused, reduce, refusal, sample_world};

const KINDS: [WorldEntryKind; 7] = [
    WorldEntryKind::Setting,
    WorldEntryKind::Chapter,
    WorldEntryKind::Character,
    WorldEntryKind::Enemy,
    WorldEntryKind::Item,
    WorldEntryKind::Quest,
    WorldEntryKind::Treasure,
];

#[tokio::test(flavor = "multi_thread")]
async fn a_world_is_published_found_and_liked() -> Outcome {
    let node = TestNode::start().await?;
    let studio = Studio::open(&node).await?;
    let (author, reader, other) = (studio.player().await?, studio.player().await?, studio.player().await?);
    let mill = published_after_a_look(&studio, &author, &reader).await?;
    let tower = studio.publish_sample(&author, "The tower").await?;
    let newest = |rows: &RemoteTables| {
        let mut entries: Vec<_> = rows.gallery_worlds().iter().collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.number));
        entries.into_iter().map(|entry| entry.title).collect::<Vec<_>>()
    };
    reader.sees("both worlds", |rows| (newest(rows) == ["The tower", "The mill"]).then_some(())).await?;

    let world_id = mill.profile.world_id;
    done(reduce!(reader, like_world_then(world_id)))?;
    ensure!(ask!(reader, like_world_and_return_then(None, world_id))? == 1, "a player likes a world once");
    ensure!(ask!(studio.service, like_world_and_return_then(Some(other.identity), world_id))? == 2);
    for watcher in [&author, &reader, &other] {
        watcher.sees("two likes", |rows| (entry(rows, world_id)?.likes == 2).then_some(())).await?;
    }
    let own = other.sees("its own like", |rows| rows.my_likes().iter().next()).await?;
    ensure!((own.player, own.world_id) == (other.identity, world_id), "{own:?}");
    ensure!(author.rows().my_likes().count() == 0, "who likes a world is nobody's business");
    ensure!(ask!(other, unlike_world_and_return_then(None, world_id))? == 1);
    other.sees("no like", |rows| (rows.my_likes().count() == 0).then_some(())).await?;

    reader.begin_story(world_id).await?;
    author.sees("a player", |rows| (entry(rows, world_id)?.players == 1).then_some(())).await?;
    found_by_pages(&reader, [mill.profile.world_id, tower.profile.world_id]).await?;

    let taken_back = CustomWorldRequest { world_id, revision: mill.profile.revision };
    expect_refused(reduce!(reader, unpublish_world_then(taken_back.clone())), "forbidden")?;
    done(reduce!(author, unpublish_world_then(taken_back)))?;
    reader.sees("one world less", |rows| entry(rows, world_id).is_none().then_some(())).await?;
    expect_refused(reduce!(other, like_world_then(world_id)), "not_found")?;
    let profile = ask!(author, get_custom_world_and_return_then(None, world_id))?;
    let back = studio.publish(&author, &profile).await?;
    ensure!(back.version == mill.version, "unchanged content makes no new version: {back:?}");
    let shown = other.sees("it again", |rows| entry(rows, world_id)).await?;
    ensure!((shown.likes, shown.players, shown.number) == (1, 1, 1), "it keeps what it earned: {shown:?}");
    listed_works(&studio, &author, [world_id, tower.profile.world_id]).await?;
    ensure!(reader.rows().my_works().count() == 0, "a library is its author's alone");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_player_stays_in_the_version_that_it_began() -> Outcome {
    let node = TestNode::start().await?;
    let studio = Studio::open(&node).await?;
    let (author, player, newcomer) = (studio.player().await?, studio.player().await?, studio.player().await?);
    let draft = studio.draft_world(&author, "The mill", open_entries()).await?;
    let first = studio.publish(&author, &draft).await?;
    let world_id = first.profile.world_id;
    let story = player.begin_story(world_id).await?;
    ensure!(story.version_id == first.version.version_id, "{story:?}");
    let begun = entries_of(&player, story.version_id).await?;
    ensure!(begun.len() == open_entries().len(), "everything is published: {begun:?}");

    rewrite(&author).await?;
    let shown = player.sees("the first version", |rows| entry(rows, world_id)).await?;
    ensure!((shown.title.as_str(), shown.version) == ("The mill", 1), "a draft shows nothing: {shown:?}");
    let profile = ask!(author, get_custom_world_and_return_then(None, world_id))?;
    let second = studio.publish(&author, &profile).await?;
    ensure!(second.version.version == 2 && second.version.version_id != first.version.version_id, "{second:?}");
    let shown = player.sees("the new version", |rows| entry(rows, world_id).filter(|entry| entry.version == 2)).await?;
    ensure!((shown.title.as_str(), shown.players) == ("The ruin", 1), "{shown:?}");

    let device = Player::join_as(&studio.database, player.leave()).await?;
    let resumed = device.rows().my_story_sessions().iter().next().context("the story is on every device")?;
    ensure!(resumed == story, "{resumed:?} is not {story:?}");
    ensure!(entries_of(&device, story.version_id).await? == begun, "its version has changed");
    let step = go_on(&device, &resumed, Some("depths")).await?;
    ensure!(step.event.opening == opening_in(&begun, "depths")?, "the chapter of its own version: {step:?}");

    let fresh = newcomer.begin_story(world_id).await?;
    ensure!(fresh.version_id == second.version.version_id, "a new story begins in the new version: {fresh:?}");
    let fresh = go_on(&newcomer, &fresh, Some("depths")).await?;
    ensure!(fresh.event.opening == "Depths. Nobody has been here for years.", "{fresh:?}");
    ensure!(newcomer.rows().my_story_sessions().iter().all(|row| row.owner == newcomer.identity));

    let taken_back = CustomWorldRequest { world_id, revision: second.profile.revision };
    done(reduce!(author, unpublish_world_then(taken_back)))?;
    let request = StoryBeginning { idempotency_key: "late".to_owned(), world_id };
    expect_refused(reduce!(newcomer, begin_story_then(request)), "not_found")?;
    let last = go_on(&device, &step.session, None).await?;
    ensure!(last.session.version_id == first.version.version_id, "the story goes on: {last:?}");
    ensure!(entries_of(&device, story.version_id).await? == begun, "its version is gone");
    Ok(())
}

/// Published by the hash of a report, after all that can be wrong with that.
async fn published_after_a_look(
    studio: &Studio,
    author: &Player,
    reader: &Player,
) -> anyhow::Result<CustomWorldPublication> {
    let mut entries = sample_world::entries("The mill");
    entries.retain(|(key, _)| key != "keeper");
    let draft = studio.draft_world(author, "The mill", entries).await?;
    let world_id = draft.world_id;
    author.sees("the draft", |rows| rows.my_works().iter().find(|work| work.world_id == world_id)).await?;
    let request = StoryBeginning { idempotency_key: "early".to_owned(), world_id };
    expect_refused(reduce!(reader, begin_story_then(request)), "not_found")?;

    let report = ask!(author, compile_published_profile_and_return_then(None, world_id))?;
    ensure!(report.problems.iter().all(|problem| problem.code == "unresolved"), "{report:?}");
    ensure!(report.problem_count >= 2, "the child and the errand miss the keeper: {report:?}");
    let publishing = |key: &str, revision, content_hash: Option<String>| CustomWorldPublishing {
        idempotency_key: key.to_owned(),
        world_id,
        revision,
        content_hash,
    };
    expect_refused(reduce!(author, publish_world_then(publishing("early", draft.revision, None))), "conflict")?;
    let keeper = sample_world::entries("The mill").into_iter().find(|(key, _)| key == "keeper");
    let (key, entry) = keeper.context("the sample has a keeper")?;
    let card = CustomWorldCardAddition { idempotency_key: "keeper".to_owned(), world_id, key, entry };
    done(reduce!(author, add_draft_card_then(card)))?;
    let complete = ask!(author, compile_published_profile_and_return_then(None, world_id))?;
    ensure!(complete.problem_count == 0 && complete.content_hash != report.content_hash, "{complete:?}");

    let revision = ask!(author, get_custom_world_and_return_then(None, world_id))?.revision;
    let outdated = publishing("outdated", revision, Some(report.content_hash));
    let refused = refusal(ask!(author, publish_world_and_return_then(None, outdated)))?;
    ensure!(matches!(refused.code, DomainErrorCode::Conflict(_)), "{refused:?}");
    ensure!(reader.rows().gallery_worlds().count() == 0, "nothing is published yet");
    let request = publishing("publish", revision, Some(complete.content_hash.clone()));
    let publication = ask!(author, publish_world_and_return_then(None, request.clone()))?;
    ensure!(publication.version.content_hash == complete.content_hash, "{publication:?}");
    let again = ask!(author, publish_world_and_return_then(None, request))?;
    ensure!(again == publication, "the same request again publishes nothing new: {again:?}");
    let shown = reader.sees("the world", |rows| self::entry(rows, world_id)).await?;
    ensure!(Some(&shown) == publication.gallery_entry.as_ref(), "{shown:?}");
    Ok(publication)
}

/// The gallery's lists, one world a page: `mill` has a player, `tower` is newer.
async fn found_by_pages(reader: &Player, [mill, tower]: [Uuid; 2]) -> Outcome {
    let page = |cursor| CustomWorldPageRequest { cursor, length: 1 };
    let first = ask!(reader, list_newest_worlds_and_return_then(page(None)))?;
    ensure!(ids(&first) == [tower], "{first:?}");
    let second = ask!(reader, list_newest_worlds_and_return_then(page(first.next_cursor)))?;
    ensure!(ids(&second) == [mill] && second.next_cursor.is_none(), "{second:?}");
    let most_played = CustomWorldPageRequest { cursor: None, length: 10 };
    let most_played = ask!(reader, list_most_played_worlds_and_return_then(most_played))?;
    ensure!(ids(&most_played) == [mill, tower], "{most_played:?}");
    let tag = second.worlds[0].tags[0].clone();
    let tagged = CustomWorldTagPageRequest { tag, cursor: None, length: 10 };
    let tagged = ask!(reader, list_worlds_by_tag_and_return_then(tagged))?;
    ensure!(ids(&tagged) == [tower, mill], "those that got the tag last come first: {tagged:?}");
    let unused = CustomWorldTagPageRequest { tag: "unheard-of".to_owned(), cursor: None, length: 10 };
    ensure!(ask!(reader, list_worlds_by_tag_and_return_then(unused))?.worlds.is_empty());
    Ok(())
}

fn ids(page: &CustomWorldGalleryPage) -> Vec<Uuid> {
    page.worlds.iter().map(|entry| entry.world_id).collect()
}

/// Drafts and published worlds are in one list, which the Service reads for their author too.
async fn listed_works(studio: &Studio, author: &Player, published: [Uuid; 2]) -> Outcome {
    let creation = CustomWorldCreation {
        idempotency_key: "sketch".to_owned(),
        title: "A sketch".to_owned(),
        tagline: String::new(),
    };
    done(reduce!(author, create_custom_world_then(creation)))?;
    author.sees("three works", |rows| (rows.my_works().count() == 3).then_some(())).await?;
    let works = ask!(studio.service, list_custom_world_works_and_return_then(Some(author.identity)))?;
    ensure!(works == ask!(author, list_custom_world_works_and_return_then(None))?);
    let (sketch, rest) = works.split_first().context("the author has works")?;
    ensure!(sketch.profile.title == "A sketch" && sketch.gallery_entry.is_none(), "the last change comes first");
    let shown: Vec<_> = rest.iter().filter_map(|work| Some(work.gallery_entry.as_ref()?.world_id)).collect();
    ensure!(shown == published, "{shown:?}");
    Ok(())
}

/// Another title, another text in a chapter, another enemy, and one thing more.
async fn rewrite(author: &Player) -> Outcome {
    let whole = |cards: Vec<_>| (cards.len() == open_entries().len()).then_some(cards);
    let draft = author.sees("the draft", |rows| whole(rows.my_draft_cards().iter().collect())).await?;
    let is_bread = |card: &&CustomWorldDraftCard| card.key == "bread";
    let bread = draft.iter().find(is_bread).context("the draft has bread")?.clone();
    for card in draft {
        let entry = match card.entry {
            WorldEntry::Setting(setting) => {
                WorldEntry::Setting(WorldSetting { title: "The ruin".to_owned(), ..setting })
            }
            WorldEntry::Chapter(chapter) if card.key == "depths" => WorldEntry::Chapter(WorldChapter {
                opening: "Depths. Nobody has been here for years.".to_owned(),
                ..chapter
            }),
            WorldEntry::Enemy(enemy) => WorldEntry::Enemy(WorldEnemy { experience: 1, ..enemy }),
            _ => continue,
        };
        let edit = CustomWorldCardEdit { card_id: card.card_id, revision: card.revision, entry };
        done(reduce!(author, edit_draft_card_then(edit)))?;
    }
    let addition = CustomWorldCardAddition {
        idempotency_key: "cake".to_owned(),
        world_id: bread.world_id,
        key: "cake".to_owned(),
        entry: bread.entry,
    };
    done(reduce!(author, add_draft_card_then(addition)))
}

/// The sample world with every chapter open to everybody.
fn open_entries() -> Vec<(String, WorldEntry)> {
    let mut entries = sample_world::entries("The mill");
    for (_, entry) in &mut entries {
        if let WorldEntry::Chapter(chapter) = entry {
            chapter.required_level = 1;
        }
    }
    entries
}

async fn entries_of(reader: &Player, version_id: Uuid) -> anyhow::Result<Vec<CustomWorldPlayableEntry>> {
    let mut entries = Vec::new();
    for kind in KINDS {
        let query = CustomWorldEntryQuery { version_id, kind };
        entries.extend(ask!(reader, list_world_entries_and_return_then(query))?);
    }
    Ok(entries)
}

fn opening_in(entries: &[CustomWorldPlayableEntry], chapter_key: &str) -> anyhow::Result<String> {
    let chapter = entries.iter().find_map(|row| match &row.entry {
        WorldEntry::Chapter(chapter) if row.key == chapter_key => Some(chapter.opening.clone()),
        _ => None,
    });
    chapter.with_context(|| format!("there is no chapter {chapter_key}"))
}

async fn go_on(player: &Player, story: &StorySession, chapter_key: Option<&str>) -> anyhow::Result<StoryStep> {
    let request = StoryContinuation {
        session_id: story.session_id,
        expected_event_number: story.next_event_number,
        player_input: "I go on.".to_owned(),
        text: "You go on.".to_owned(),
        chapter_key: chapter_key.map(str::to_owned),
    };
    Ok(ask!(player, continue_story_and_return_then(None, request))?)
}

/// A world as everybody sees it.
fn entry(rows: &RemoteTables, world_id: Uuid) -> Option<CustomWorldGalleryEntry> {
    rows.custom_world_gallery_entry().iter().find(|entry| entry.world_id == world_id)
}
