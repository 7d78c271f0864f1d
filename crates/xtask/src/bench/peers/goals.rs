//! What is wanted of this product beside its peers, and what it came to in each round.

use super::clients::Client;
use super::figures::{larger, ratios};
use super::pairs::Distribution;
use super::system::{Durability, System};
use super::wallet::{COLUMNS, Case, Column, Wallet, Way};
use super::{PeersBenchArgs, Results, Workload, growth, rooms, session};

/// How many times as many transfers as axum, and as Express, are wanted; and how much slower growth may make them.
const TIMES_AXUM: f64 = 5.0;
const TIMES_EXPRESS: f64 = 20.0;
const SESSIONS_TIMES_EXPRESS: f64 = 3.0;
/// How many times this product's delay is wanted to go into that of Colyseus.
const DELAY_TIMES_COLYSEUS: f64 = 2.0;
const SLOWDOWN_MAX: f64 = 1.3;

/// Each way of Colyseus, and this product's in which members see each other alike: collected for a while, or at once.
/// As it comes, Colyseus collects for 50 ms; the pair in the middle is the one in which both do so for the same time.
const COUNTERPARTS: [(System, System); 3] = [
    (System::ColyseusState, System::NodeTicking),
    (System::ColyseusStateTicking, System::NodeTicking),
    (System::ColyseusMessages, System::Node),
];

/// What is wanted, and what was reached in each round; nothing if it was not measured.
#[derive(Debug)]
pub struct Goal {
    /// What is compared with what.
    pub title: String,
    pub wanted: String,
    pub reached: Vec<f64>,
}

/// The goals of a workload.
pub fn of(args: &PeersBenchArgs, workload: Workload, results: &Results) -> Vec<Goal> {
    match workload {
        Workload::Wallet => wallet(&results.wallet),
        Workload::Session => vec![sessions(&results.session)],
        Workload::Growth => growth::steps(args).into_iter().map(|step| growth(&results.growth, step)).collect(),
        Workload::Rooms => rooms(args, &results.rooms),
    }
}

fn at_least(times: f64) -> String {
    format!("at least {times}")
}

fn wallet(wallet: &Wallet) -> Vec<Goal> {
    let of = |distribution| axum(wallet, distribution).into_iter().chain(express(wallet, distribution));
    Distribution::ALL.into_iter().flat_map(of).collect()
}

/// Against the better of both ways of axum, column by column.
fn axum(wallet: &Wallet, distribution: Distribution) -> Vec<Goal> {
    let goal = |column: Column| {
        let made = |system| wallet.figures.per_second(&Case::of(system, distribution, column));
        let better = larger(&made(System::AxumPooled), &made(System::AxumPipelined));
        Goal {
            title: format!("{}, {}: times axum + PostgreSQL, the better of both", distribution.title(), column.title),
            wanted: at_least(TIMES_AXUM),
            reached: ratios(&made(System::Node), &better),
        }
    };
    COLUMNS.map(goal).into()
}

/// Against Express. Pipelined calls are those of whichever client makes more of them, on either side: neither is to
/// look worse for what one client cannot do.
fn express(wallet: &Wallet, distribution: Distribution) -> Vec<Goal> {
    let goal = |how: &str, reached| Goal {
        title: format!("{}, {how}: times Express + tRPC", distribution.title()),
        wanted: at_least(TIMES_EXPRESS),
        reached,
    };
    let made = |system, durability, client, way| {
        wallet.figures.per_second(&Case { system, durability, distribution, client, way })
    };
    let pipelined = |durability: Durability| {
        let better = |system| {
            let of = |client| made(system, durability, client, Way::Pipelined);
            larger(&of(Client::Compiled), &of(Client::NodeJs))
        };
        let how = format!("{}, pipelined, each with the better of both clients", durability.title());
        goal(&how, ratios(&better(System::Node), &better(System::Express)))
    };
    let one_by_one = |system| made(system, Durability::Durable, Client::Compiled, Way::OneByOne);
    vec![
        pipelined(Durability::Durable),
        goal("durable, compiled, one by one", ratios(&one_by_one(System::Node), &one_by_one(System::Express))),
        pipelined(Durability::Relaxed),
    ]
}

fn sessions(sessions: &session::Sessions) -> Goal {
    let closed = |system| (system, session::Way::Closed);
    Goal {
        title: "session starts by one HTTP call each, times Express + tRPC".to_owned(),
        wanted: at_least(SESSIONS_TIMES_EXPRESS),
        reached: sessions.figures.ratios(&closed(System::NodeHttp), &closed(System::Express)),
    }
}

fn growth(grown: &growth::Growth, step: growth::Step) -> Goal {
    Goal {
        title: format!("this product, {}", step.title()),
        wanted: format!("at most {SLOWDOWN_MAX}"),
        reached: grown.slowdowns(step, System::Node),
    }
}

fn rooms(args: &PeersBenchArgs, played: &rooms::Rooms) -> Vec<Goal> {
    let mut goals = Vec::new();
    for &rooms in &args.rooms {
        for &client in &args.client {
            let delays = |system| {
                let case = rooms::Case { system, durability: Durability::Relaxed, client, rooms };
                played.figures.values(&case, |calls| calls.p99_ms)
            };
            for (peer, own) in COUNTERPARTS {
                let own_title = rooms::title(own, Durability::Relaxed);
                goals.push(Goal {
                    title: format!("{rooms} rooms, {}: p99 of {} over {own_title}", client.title(), peer.title()),
                    wanted: at_least(DELAY_TIMES_COLYSEUS),
                    reached: ratios(&delays(peer), &delays(own)),
                });
            }
        }
    }
    goals
}

#[cfg(test)]
mod tests {
    use super::super::clients::tests::calls;
    use super::super::tests::parsed;
    use super::*;

    /// The figure of one column for each system, all of one round.
    fn wallet_with(figures: &[(System, usize, f64)]) -> Results {
        let mut results = Results::default();
        for &(system, column, per_second) in figures {
            let case = Case::of(system, Distribution::Uniform, COLUMNS[column]);
            results.wallet.figures.add(case, calls(per_second, 1.0));
        }
        results
    }

    /// Titles and ratios of what was measured.
    fn reached(goals: Vec<Goal>) -> Vec<(String, Vec<f64>)> {
        let measured = goals.into_iter().filter(|goal| !goal.reached.is_empty());
        measured.map(|goal| (goal.title, goal.reached)).collect()
    }

    #[test]
    fn axum_counts_by_its_better_way_in_every_column() {
        let (own, pooled, pipelined) = (System::Node, System::AxumPooled, System::AxumPipelined);
        let figures = [(own, 0, 80.0), (pooled, 0, 10.0), (pipelined, 0, 8.0)];
        let more = [(own, 4, 60.0), (pooled, 4, 6.0), (pipelined, 4, 12.0)];
        let results = wallet_with(&[figures, more].concat());
        let expected = [("durable, compiled, pipelined", 8.0), ("relaxed, Node.js, pipelined", 5.0)];
        let expected = expected.map(|(column, times)| {
            (format!("uniform, {column}: times axum + PostgreSQL, the better of both"), vec![times])
        });
        assert_eq!(reached(of(&parsed(&[]), Workload::Wallet, &results)), expected);
    }

    #[test]
    fn each_side_counts_by_its_better_client_against_express() {
        let (own, express) = (System::Node, System::Express);
        let durable = [(own, 0, 80.0), (own, 2, 60.0), (express, 0, 2.0), (express, 2, 4.0)];
        let one_by_one = [(own, 1, 20.0), (express, 1, 2.0)];
        let results = wallet_with(&[&durable[..], &one_by_one].concat());
        let how = ["durable, pipelined, each with the better of both clients", "durable, compiled, one by one"];
        let expected = [(how[0], 20.0), (how[1], 10.0)]
            .map(|(how, times)| (format!("uniform, {how}: times Express + tRPC"), vec![times]));
        assert_eq!(reached(of(&parsed(&[]), Workload::Wallet, &results)), expected);
    }

    #[test]
    fn every_number_of_accounts_is_held_against_the_first() {
        let mut results = Results::default();
        for (accounts, per_second) in [(1_000, 60.0), (100_000, 30.0), (1_000_000, 50.0)] {
            results.growth.figures.add(growth::Case { system: System::Node, accounts }, calls(per_second, 1.0));
        }
        let expected = [("1,000 over 100,000 accounts", 2.0), ("1,000 over 1,000,000 accounts", 1.2)]
            .map(|(step, times)| (format!("this product, {step}"), vec![times]));
        assert_eq!(reached(of(&parsed(&[]), Workload::Growth, &results)), expected);
    }

    #[test]
    fn colyseus_is_held_against_what_shows_moves_as_often() {
        let mut results = Results::default();
        let (client, durability, rooms) = (Client::Compiled, Durability::Relaxed, 10);
        for (system, p99_ms) in [(System::ColyseusStateTicking, 30.0), (System::NodeTicking, 20.0)] {
            results.rooms.figures.add(rooms::Case { system, durability, client, rooms }, calls(1.0, p99_ms));
        }
        let title = "10 rooms, compiled client: p99 of Colyseus, room state every 20 ms over this product, every 20 ms";
        let goals = of(&parsed(&["--rooms", "10"]), Workload::Rooms, &results);
        assert_eq!(reached(goals), [(title.to_owned(), vec![1.5])]);
    }
}
