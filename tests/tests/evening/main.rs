//! A whole evening, end to end: a world is made, found, played, lost and taken up again, over the
//! real node and the Rust SDK, each client with its own subscriptions.
//!
//! After each scene it is asked who sees what; see [`privacy`].

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod afterwards;
mod cast;
mod creation;
mod fights;
mod interruptions;
mod play;
mod privacy;
mod tables;
mod trade;
mod world;

use cast::Cast;
use worldloom_tests::Outcome;

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_evening() -> Outcome {
    let mut cast = Cast::gather().await?;
    cast.every_table_is_watched().await?;
    cast.stranger_sees_only(&[]).await?;

    // An author makes a world, with an agent's help.
    let creation = creation::the_author_begins_with_a_brief(&cast).await?;
    cast.stranger_sees_only(&[]).await?;
    creation::the_author_writes_the_first_cards(&cast, &creation).await?;
    cast.stranger_sees_only(&[]).await?;
    creation::the_agent_proposes_and_the_author_decides(&cast, &creation).await?;
    cast.stranger_sees_only(&[]).await?;
    creation::the_author_binds_pictures_and_approves(&cast, &creation).await?;
    cast.stranger_sees_only(&[]).await?;
    let first = creation::the_author_publishes(&cast, creation.world_id).await?;
    cast.stranger_sees_only(&[&first]).await?;

    // A player finds it and plays.
    play::the_player_finds_the_world_and_likes_it(&cast, &first).await?;
    cast.stranger_sees_only(&[&first]).await?;
    let story = play::the_player_begins_a_story(&cast, &first).await?;
    cast.stranger_sees_only(&[&first]).await?;
    play::the_player_talks_to_the_keeper(&cast, &story).await?;
    cast.stranger_sees_only(&[&first]).await?;
    fights::the_player_loses_to_the_dragon(&cast, &story).await?;
    cast.stranger_sees_only(&[&first]).await?;
    fights::the_player_wins_against_rat_and_warden(&cast, &story).await?;
    cast.stranger_sees_only(&[&first]).await?;
    trade::the_player_opens_the_chest(&cast, &story).await?;
    cast.stranger_sees_only(&[&first]).await?;
    trade::the_trader_opens_a_sack(&cast, &first).await?;
    cast.stranger_sees_only(&[&first]).await?;
    trade::the_player_trades_with_a_third(&cast, &story).await?;
    cast.stranger_sees_only(&[&first]).await?;
    play::the_player_turns_the_errand_in_and_levels_up(&cast, &story).await?;
    cast.stranger_sees_only(&[&first]).await?;

    // The player's line breaks, and the author does not wait.
    let saved = interruptions::the_player_saves(&cast, &story).await?;
    cast.stranger_sees_only(&[&first]).await?;
    interruptions::the_line_breaks(&cast, &story, &saved).await?;
    cast.stranger_sees_only(&[&first]).await?;
    creation::the_author_changes_the_draft(&cast, &first).await?;
    cast.stranger_sees_only(&[&first]).await?;
    let second = creation::the_author_publishes(&cast, creation.world_id).await?;
    cast.stranger_sees_only(&[&second]).await?;

    // Another device goes on where the first one stopped, in the world as it was.
    let saved = interruptions::the_player_comes_back_on_another_device(&mut cast, &story, &saved).await?;
    cast.stranger_sees_only(&[&second]).await?;
    afterwards::the_story_goes_on_in_the_first_version(&cast, &story, &first).await?;
    cast.stranger_sees_only(&[&second]).await?;
    afterwards::a_new_story_begins_in_the_second_version(&cast, &second).await?;
    cast.stranger_sees_only(&[&second]).await?;
    interruptions::the_power_fails_in_the_middle_of_a_fight(&mut cast, &story).await?;
    cast.stranger_sees_only(&[&second]).await?;
    afterwards::the_player_archives_the_save(&cast, &saved).await?;
    cast.stranger_sees_only(&[&second]).await?;
    cast.stranger_queries_in_vain().await
}
