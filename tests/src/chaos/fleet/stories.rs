//! Players who tell a story, turn by turn.

use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;
use spacetimedb_lib::{Identity, Uuid};
use tokio::time::sleep;
use worldloom_client::{StoryBeginning, StoryContinuation, StorySession, StoryStep};

use super::super::checks::stories::Turn;
use super::super::history::{Asked, Told};
use super::Ground;
use super::caller::{Attempts, Caller};
use super::progress::Work;
use crate::Account;

/// Longest pause between two turns.
const PAUSE_MAX_MS: u64 = 60;
/// Events of a story before its player begins another one: the module allows 5,000.
const EVENTS_MAX: u32 = 1_000;

/// Begins a player's story of this number, or finds where it stands, however long it takes.
pub async fn begin(caller: &mut Caller, world_id: Uuid, number: u32) -> anyhow::Result<StorySession> {
    let beginning = StoryBeginning { idempotency_key: format!("story-{number}"), world_id };
    let args = (None::<Identity>, beginning);
    loop {
        match caller.settle("begin_story_and_return", &args, Attempts::UntilAnswered).await.told {
            Told::Done(session) => return Ok(session),
            Told::Refused(reason) => anyhow::bail!("no story can be begun: {reason}"),
            Told::Nothing => {}
        }
    }
}

/// What a turn with this text is called among the places of the log.
pub fn turn_mark(text: &str) -> String {
    format!("turn-{text}")
}

/// Tells turns until the run is over.
pub async fn tell(ground: Arc<Ground>, number: u32, mut chance: StdRng, player: Account) -> anyhow::Result<()> {
    let world_id = ground.places.world_id;
    let mut caller = Caller::new(&ground, &player.token);
    let mut stories = 1;
    let mut session = begin(&mut caller, world_id, stories).await?;
    let mut turns = 0;
    while !ground.is_over() {
        if session.next_event_number > EVENTS_MAX {
            stories += 1;
            session = begin(&mut caller, world_id, stories).await?;
        }
        let text = format!("{number}-{turns}");
        turns += 1;
        let continuation = StoryContinuation {
            session_id: session.session_id,
            expected_event_number: session.next_event_number,
            player_input: String::new(),
            text: text.clone(),
            chapter_key: None,
        };
        let call = Turn { story: session.session_id.to_string(), number: session.next_event_number, text };
        let attempts = if chance.gen_bool(0.5) { Attempts::One } else { Attempts::UntilAnswered };
        let args = (None::<Identity>, continuation);
        let settled = caller.settle("continue_story_and_return", &args, attempts).await;
        let told = settled.told.map(|step: StoryStep| (step.event.number, step.session));
        match &told {
            Told::Done((_, after)) => {
                ground.note_log_place(turn_mark(&call.text));
                ground.progress.acknowledged(Work::Stories, settled.begun);
                session = after.clone();
            }
            // It may have been told or not: the story itself says where it stands. A turn that is still on its way
            // is then refused, or this one is.
            Told::Refused(_) | Told::Nothing => session = begin(&mut caller, world_id, stories).await?,
        }
        let told = told.map(|(event, _)| event);
        let asked = Asked { client: number, call, begun: settled.begun, ended: settled.ended, told };
        ground.write_down(|histories| histories.turns.push(asked));
        sleep(Duration::from_millis(chance.gen_range(0..=PAUSE_MAX_MS))).await;
    }
    Ok(())
}
