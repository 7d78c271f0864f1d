//! A picture becomes a puzzle, and players put it together.

use std::collections::{HashMap, VecDeque};

use anyhow::{Context, ensure};
use spacetimedb_sdk::Uuid;
use worldloom_client::*;
use worldloom_tests::refusals::{illegal, invalid};
use worldloom_tests::{Outcome, Player, Studio, TestNode, ask, done, expect_refused, reduce, refusal};

const COLUMNS: u8 = 3;
const ROWS: u8 = 2;

#[tokio::test(flavor = "multi_thread")]
async fn a_puzzle_is_published_solved_on_two_devices_and_ranked() -> Outcome {
    let node = TestNode::start().await?;
    let studio = Studio::open(&node).await?;
    let (author, first, second) = (studio.player().await?, studio.player().await?, studio.player().await?);
    let puzzle = published_puzzle(&studio, &author, &first).await?;
    second.sees("the puzzle", |rows| rows.gallery_puzzles().iter().find(|row| *row == puzzle)).await?;

    let device = first.account.clone();
    let run = solve_on_two_devices(&studio, first, puzzle.puzzle_id).await?;
    let result = second
        .sees("the first leader", |rows| {
            rows.puzzle_leader().iter().find(|leader| leader.puzzle_id == puzzle.puzzle_id)
        })
        .await?;
    ensure!((result.player, result.moves) == (run.owner, run.moves), "{result:?} is not of {run:?}");
    ensure!(second.rows().my_puzzle_runs().count() == 0 && second.rows().my_puzzle_results().count() == 0);

    // There and back again before the way home: two moves more than the first player's shortest way, or more.
    let own = begin(&second, "slow", puzzle.puzzle_id).await?;
    let detour = there_and_back(&own.cells).repeat(run.moves as usize);
    let own = ask!(second, move_puzzle_pieces_and_return_then(None, moves(&own, detour)))?;
    let own = ask!(second, move_puzzle_pieces_and_return_then(None, moves(&own, shortest_way(&own.cells)?)))?;
    ensure!(own.status == PuzzleRunStatus::Finished && own.moves > run.moves, "{own:?}");
    let leaders = author.sees("both leaders", |rows| leaders(rows, puzzle.puzzle_id, 2)).await?;
    ensure!(leaders == [(run.owner, run.moves), (own.owner, own.moves)], "{leaders:?}");

    done(reduce!(author, unpublish_puzzle_then(puzzle.puzzle_id)))?;
    second.sees("the empty gallery", |rows| (rows.gallery_puzzles().count() == 0).then_some(())).await?;
    let late = PuzzleRunBeginning { idempotency_key: "late".to_owned(), puzzle_id: puzzle.puzzle_id };
    let refused = refusal(ask!(second, begin_puzzle_run_and_return_then(None, late)))?;
    ensure!(refused.code == DomainErrorCode::NotFound, "{refused:?}");
    let back = Player::join_as(&studio.database, device).await?;
    let mine = back.rows().my_puzzle_results().iter().next().context("results outlive the gallery")?;
    ensure!((mine.best_run_id, mine.best_moves, mine.finished_runs) == (run.run_id, run.moves, 1), "{mine:?}");
    ensure!(leaders_count(&back, puzzle.puzzle_id) == 2, "a withdrawn puzzle keeps its leaders");
    Ok(())
}

/// The author's puzzle, which `onlooker` sees only once it is published.
async fn published_puzzle(studio: &Studio, author: &Player, onlooker: &Player) -> anyhow::Result<PicturePuzzle> {
    let picture = studio.picture(author, "mill").await?;
    let request = PuzzleCreation {
        idempotency_key: "mill".to_owned(),
        title: "Old mill".to_owned(),
        asset_id: picture.asset_id,
        columns: COLUMNS,
        rows: ROWS,
    };
    done(reduce!(author, create_puzzle_then(request.clone())))?;
    let draft = author.sees("the draft", |rows| rows.my_puzzles().iter().next()).await?;
    ensure!(draft.status == PuzzleStatus::Draft && draft.asset_id == picture.asset_id, "{draft:?}");
    let again = ask!(author, create_puzzle_and_return_then(None, request.clone()))?;
    ensure!(again == draft, "the same request again makes no second puzzle: {again:?}");
    let other = PuzzleCreation { columns: 4, ..request };
    let refused = refusal(ask!(author, create_puzzle_and_return_then(None, other)))?;
    ensure!(matches!(refused.code, DomainErrorCode::Conflict(_)), "{refused:?}");
    let binding = author.sees("the picture's slot", |rows| rows.my_asset_bindings().iter().next()).await?;
    ensure!((binding.entity_kind.as_str(), binding.entity_id) == ("puzzle", draft.puzzle_id.to_string()));
    let refused = refusal(ask!(author, delete_asset_object_and_return_then(None, picture.asset_id)))?;
    ensure!(matches!(refused.code, DomainErrorCode::Conflict(_)), "the puzzle needs its picture: {refused:?}");

    let early = PuzzleRunBeginning { idempotency_key: "early".to_owned(), puzzle_id: draft.puzzle_id };
    expect_refused(reduce!(onlooker, begin_puzzle_run_then(early)), "not_found")?;
    expect_refused(reduce!(onlooker, publish_puzzle_then(draft.puzzle_id)), "not_found")?;
    done(reduce!(author, publish_puzzle_then(draft.puzzle_id)))?;
    let shown = onlooker.sees("the published puzzle", |rows| rows.gallery_puzzles().iter().next()).await?;
    ensure!((shown.puzzle_id, shown.status) == (draft.puzzle_id, PuzzleStatus::Published), "{shown:?}");
    ensure!(onlooker.rows().my_puzzles().count() == 0 && onlooker.rows().my_asset_bindings().count() == 0);
    expect_refused(reduce!(onlooker, unpublish_puzzle_then(shown.puzzle_id)), "forbidden")?;
    Ok(shown)
}

/// A first attempt on one device, the way home on another; returns the finished run.
async fn solve_on_two_devices(studio: &Studio, player: Player, puzzle_id: Uuid) -> anyhow::Result<PuzzleRun> {
    let run = begin(&player, "run", puzzle_id).await?;
    let again = begin(&player, "run", puzzle_id).await?;
    ensure!(again == run, "the same request again begins no second run");
    let way = shortest_way(&run.cells)?;
    ensure!(!way.is_empty(), "a shuffled board is not solved: {run:?}");

    let hole = hole_of(&run.cells);
    let refused = refusal(ask!(player, move_puzzle_pieces_and_return_then(None, moves(&run, vec![hole]))))?;
    ensure!(refused.code == invalid("places"), "{refused:?}");
    let batch = moves(&run, there_and_back(&run.cells));
    done(reduce!(player, move_puzzle_pieces_then(batch.clone())))?;
    let moved = player.sees("the moves", |rows| rows.my_puzzle_runs().iter().find(|row| row.moves == 2)).await?;
    ensure!(moved.cells == run.cells && moved.status == PuzzleRunStatus::Running, "{moved:?}");
    expect_refused(reduce!(player, move_puzzle_pieces_then(batch)), "conflict")?;

    let device = Player::join_as(&studio.database, player.leave()).await?;
    let resumed = device.rows().my_puzzle_runs().iter().next().context("the run is on every device")?;
    ensure!(resumed == moved, "{resumed:?}");
    let too_long = [way.clone(), vec![0]].concat();
    let refused = refusal(ask!(device, move_puzzle_pieces_and_return_then(None, moves(&resumed, too_long))))?;
    ensure!(refused.code == illegal("finished", "played on"), "{refused:?}");
    done(reduce!(device, move_puzzle_pieces_then(moves(&resumed, way.clone()))))?;
    let finished = |row: &PuzzleRun| row.status == PuzzleRunStatus::Finished;
    let run = device.sees("the picture", |rows| rows.my_puzzle_runs().iter().find(finished)).await?;
    ensure!(run.cells == (0..COLUMNS * ROWS).collect::<Vec<_>>(), "every piece is home: {run:?}");
    ensure!(run.moves as usize == way.len() + 2 && run.ended_at.is_some(), "{run:?}");
    let result = device.sees("the result", |rows| rows.my_puzzle_results().iter().next()).await?;
    ensure!((result.best_run_id, result.best_moves) == (run.run_id, run.moves), "{result:?}");
    device.leave();
    Ok(run)
}

async fn begin(player: &Player, name: &str, puzzle_id: Uuid) -> anyhow::Result<PuzzleRun> {
    let request = PuzzleRunBeginning { idempotency_key: name.to_owned(), puzzle_id };
    Ok(ask!(player, begin_puzzle_run_and_return_then(None, request))?)
}

fn moves(run: &PuzzleRun, places: Vec<u8>) -> PuzzleMoves {
    PuzzleMoves { run_id: run.run_id, expected_moves: run.moves, places }
}

/// Players and moves of a puzzle's leaders, the best first, once there are so many.
fn leaders(rows: &RemoteTables, puzzle_id: Uuid, count: usize) -> Option<Vec<(spacetimedb_lib::Identity, u32)>> {
    let mut found: Vec<_> = rows.puzzle_leader().iter().filter(|leader| leader.puzzle_id == puzzle_id).collect();
    found.sort_by_key(|leader| (leader.moves, leader.elapsed_micros));
    (found.len() == count).then(|| found.into_iter().map(|leader| (leader.player, leader.moves)).collect())
}

fn leaders_count(player: &Player, puzzle_id: Uuid) -> usize {
    player.rows().puzzle_leader().iter().filter(|leader| leader.puzzle_id == puzzle_id).count()
}

/// The place without a piece; the last piece is the one that is missing.
fn hole_of(cells: &[u8]) -> u8 {
    let missing = COLUMNS * ROWS - 1;
    (0..=missing).find(|place| cells[usize::from(*place)] == missing).unwrap()
}

fn neighbours(place: u8) -> impl Iterator<Item = u8> {
    let distance =
        move |other: u8| (place % COLUMNS).abs_diff(other % COLUMNS) + (place / COLUMNS).abs_diff(other / COLUMNS);
    (0..COLUMNS * ROWS).filter(move |other| distance(*other) == 1)
}

fn slid(cells: &[u8], place: u8) -> Vec<u8> {
    let mut cells = cells.to_vec();
    let hole = hole_of(&cells);
    cells.swap(usize::from(place), usize::from(hole));
    cells
}

/// A piece out of its place and back into it, by a way that does not lead over the picture.
fn there_and_back(cells: &[u8]) -> Vec<u8> {
    let hole = hole_of(cells);
    let is_detour = |place: &u8| !slid(cells, *place).is_sorted();
    vec![neighbours(hole).find(is_detour).unwrap(), hole]
}

/// The places to slide from, as few as possible, for every piece to come home.
fn shortest_way(cells: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut ways = HashMap::from([(cells.to_vec(), Vec::new())]);
    let mut open = VecDeque::from([cells.to_vec()]);
    while let Some(board) = open.pop_front() {
        let way = ways[&board].clone();
        if board.is_sorted() {
            return Ok(way);
        }
        for place in neighbours(hole_of(&board)) {
            let next = slid(&board, place);
            if !ways.contains_key(&next) {
                ways.insert(next.clone(), [way.as_slice(), &[place]].concat());
                open.push_back(next);
            }
        }
    }
    anyhow::bail!("no way leads from {cells:?} to the picture")
}
