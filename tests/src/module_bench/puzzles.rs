//! Picture puzzles, of the guest's own making.

use anyhow::Context;
use worldloom_client::{
    AssetObject, PicturePuzzle, PuzzleCreation, PuzzleGalleryPage, PuzzleGalleryPageRequest, PuzzleHold, PuzzleMoves,
    PuzzleRun, PuzzleRunBeginning,
};

use super::guest::{Arguments, Guest, key, own};
use super::step::{Step, asks, serves};

/// A puzzle from its draft to its end, with a run between.
pub const STEPS: &[Step] = &[
    asks::<PicturePuzzle>("create_puzzle_and_return", |guest| {
        own(PuzzleCreation {
            idempotency_key: key("puzzle"),
            title: "The mill".to_owned(),
            asset_id: guest.last::<AssetObject>()?.asset_id,
            columns: 2,
            rows: 2,
        })
    }),
    asks::<PicturePuzzle>("publish_puzzle_and_return", puzzle),
    asks::<PicturePuzzle>("read_puzzle_and_return", puzzle),
    asks::<PuzzleGalleryPage>("list_gallery_puzzles_and_return", |_| {
        own(PuzzleGalleryPageRequest { cursor: None, length: 20 })
    }),
    asks::<PuzzleRun>("begin_puzzle_run_and_return", |guest| {
        let puzzle_id = guest.last::<PicturePuzzle>()?.puzzle_id;
        own(PuzzleRunBeginning { idempotency_key: key("run"), puzzle_id })
    }),
    asks::<PuzzleRun>("move_puzzle_pieces_and_return", |guest| own(one_move(guest.last()?)?)),
    asks::<PuzzleRun>("read_puzzle_run_and_return", run),
    asks::<PuzzleRun>("abandon_puzzle_run_and_return", run),
    asks::<PicturePuzzle>("unpublish_puzzle_and_return", puzzle),
    serves::<PicturePuzzle>("hold_puzzle_and_return", |guest| {
        let puzzle_id = guest.last::<PicturePuzzle>()?.puzzle_id;
        own(PuzzleHold { puzzle_id, reason: "A look at it.".to_owned() })
    }),
    serves::<PicturePuzzle>("release_puzzle_and_return", puzzle),
    asks::<PicturePuzzle>("delete_puzzle_and_return", puzzle),
];

fn puzzle(guest: &Guest) -> Arguments {
    own(guest.last::<PicturePuzzle>()?.puzzle_id)
}

fn run(guest: &Guest) -> Arguments {
    own(guest.last::<PuzzleRun>()?.run_id)
}

/// A move that does not finish the run, so that it can be given up.
fn one_move(run: &PuzzleRun) -> anyhow::Result<PuzzleMoves> {
    // The last piece of a board of 2 by 2 is its hole.
    let hole = run.cells.iter().position(|piece| *piece == 3).context("a board has a hole")?;
    let finishes = |place: &usize| {
        let mut cells = run.cells.clone();
        cells.swap(hole, *place);
        cells.is_sorted()
    };
    let place = [hole ^ 1, hole ^ 2].into_iter().find(|place| !finishes(place)).context("every move finishes")?;
    Ok(PuzzleMoves { run_id: run.run_id, expected_moves: run.moves, places: vec![u8::try_from(place)?] })
}
