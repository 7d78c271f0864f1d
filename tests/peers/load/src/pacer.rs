//! When calls are due.
//!
//! In a closed loop the next call is due when an answer has made room for it. In an open loop calls arrive at a fixed
//! rate whatever the answers do, and a latency counts from the arrival: a server that stalls is charged for every
//! call that came meanwhile, not only for those that were under way (the coordinated omission of closed loops).

use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How long the thread of an open loop sleeps at least, so that it does not take a processor for itself.
const NAP: Duration = Duration::from_micros(100);

/// The times of one run.
#[derive(Clone, Copy)]
pub struct Window {
    /// The first call.
    pub begin: Instant,
    /// From here on calls count.
    pub measured: Instant,
    /// The last call.
    pub end: Instant,
}

impl Window {
    /// A run that begins in a moment.
    pub fn beginning_now(warm_up: Duration, measured: Duration) -> Self {
        let begin = Instant::now();
        Self { begin, measured: begin + warm_up, end: begin + warm_up + measured }
    }

    /// Whether a call that was due then counts.
    pub fn counts(&self, due: Instant) -> bool {
        self.measured <= due && due < self.end
    }

    /// How long the measured part lasts.
    pub fn seconds(&self) -> f64 {
        (self.end - self.measured).as_secs_f64()
    }
}

/// Where one client learns when its calls are due.
pub enum Pace {
    /// At once, until this moment.
    Closed { end: Instant },
    /// When the pacer says so; it hangs up at the end.
    Open(UnboundedReceiver<Instant>),
}

/// A pace for each client; with a `rate`, that many calls a second arrive, dealt out in turn.
pub fn paces(clients: usize, rate: Option<f64>, window: Window) -> Vec<Pace> {
    let Some(rate) = rate else {
        return (0..clients).map(|_| Pace::Closed { end: window.end }).collect();
    };
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..clients).map(|_| unbounded_channel()).unzip();
    thread::spawn(move || deal(&senders, rate, window));
    receivers.into_iter().map(Pace::Open).collect()
}

/// When the next call of a pace that several share is due; nothing when there is no more.
pub async fn next_due(pace: &Mutex<Pace>) -> Option<Instant> {
    match &mut *pace.lock().await {
        Pace::Closed { end } => Some(Instant::now()).filter(|now| now < end),
        Pace::Open(arrivals) => arrivals.recv().await,
    }
}

fn deal(clients: &[UnboundedSender<Instant>], rate: f64, window: Window) {
    let due = |number: u64| window.begin + Duration::from_secs_f64(number as f64 / rate);
    let mut number = 0;
    while due(number) < window.end {
        let now = Instant::now();
        while due(number) <= now && due(number) < window.end {
            // A client that has failed ends the run by itself.
            let _ = clients[number as usize % clients.len()].send(due(number));
            number += 1;
        }
        thread::sleep(due(number).saturating_duration_since(Instant::now()).max(NAP));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_loop_deals_every_arrival_out_with_the_time_that_it_was_due() {
        let window = Window::beginning_now(Duration::ZERO, Duration::from_millis(50));
        let mut arrivals = Vec::new();
        for pace in paces(3, Some(1000.0), window) {
            let Pace::Open(mut due) = pace else { panic!("a rate makes an open loop") };
            while let Some(due) = due.blocking_recv() {
                arrivals.push(due - window.begin);
            }
        }
        arrivals.sort();
        let expected: Vec<_> = (0..50).map(Duration::from_millis).collect();
        assert_eq!(arrivals, expected);
    }
}
