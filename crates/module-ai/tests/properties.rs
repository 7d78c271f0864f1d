//! Any interleaving of workers, owners and time: one lease at a time, no illegal state, no gap.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;

use module_ai::*;
use proptest::prelude::*;

/// Something that somebody tries; most tries are refused.
#[derive(Clone, Debug)]
enum Try {
    Begin { worker: u8, token: u8 },
    Renew { worker: u8, token: u8 },
    StartStage { worker: u8, token: u8, stage: usize },
    Append { worker: u8, token: u8, stage: usize, attempt: u32, sequence: u32 },
    CompleteStage { worker: u8, token: u8, stage: usize },
    Complete { worker: u8, token: u8 },
    Fail { worker: u8, token: u8, is_final: bool },
    Cancel,
    Schedule,
    Wait(i64),
}

/// Few names, so that tries collide; a worker's token says which of its leases it means.
fn tries() -> impl Strategy<Value = Try> {
    let (worker, token, stage) = (0u8..3, 0u8..4, 0usize..2);
    let lease = (worker, token);
    prop_oneof![
        4 => lease.clone().prop_map(|(worker, token)| Try::Begin { worker, token }),
        1 => lease.clone().prop_map(|(worker, token)| Try::Renew { worker, token }),
        4 => (lease.clone(), stage.clone()).prop_map(|((worker, token), stage)| Try::StartStage { worker, token, stage }),
        8 => (lease.clone(), stage.clone(), 1u32..3, 0u32..6).prop_map(|((worker, token), stage, attempt, sequence)| {
            Try::Append { worker, token, stage, attempt, sequence }
        }),
        3 => (lease.clone(), stage).prop_map(|((worker, token), stage)| Try::CompleteStage { worker, token, stage }),
        2 => lease.clone().prop_map(|(worker, token)| Try::Complete { worker, token }),
        1 => (lease, any::<bool>()).prop_map(|((worker, token), is_final)| Try::Fail { worker, token, is_final }),
        1 => Just(Try::Cancel),
        2 => Just(Try::Schedule),
        2 => (0i64..8_000_000).prop_map(Try::Wait),
    ]
}

/// What the module stores: each step goes through the rules, as there.
struct Store {
    now: i64,
    task: TaskState<u8>,
    stages: [StageState; 2],
    /// Sequence numbers stored, by stage and attempt.
    chunks: BTreeMap<(usize, u32), Vec<u32>>,
}

impl Store {
    /// Takes a new state of the task and lets the stages follow, as the module does.
    fn put(&mut self, step: Step, task: TaskState<u8>) {
        if step == Step::Already {
            return;
        }
        transition_task(self.task.status, task.status).unwrap();
        self.task = task;
        self.stop_stages();
    }

    fn stop_stages(&mut self) {
        for stage in &mut self.stages {
            let after = stage.status.after_task(self.task.status);
            transition_stage(stage.status, after).unwrap();
            stage.status = after;
        }
    }

    fn held(&self, worker: u8, token: u8) -> Result<(), module_rules::RuleError> {
        self.task.check_held(&worker, &token.to_string(), self.now, "continued")
    }

    /// Whether the try was accepted.
    fn attempt(&mut self, attempted: &Try) -> Result<(), module_rules::RuleError> {
        match *attempted {
            Try::Begin { worker, token } => {
                if let Some(expired) = self.task.after_expiry(self.now) {
                    let (_, begun) = self.task.begin(worker, &token.to_string(), 5, self.now)?;
                    self.put(Step::Moved, expired);
                    self.put(Step::Moved, begun);
                } else {
                    let (step, begun) = self.task.begin(worker, &token.to_string(), 5, self.now)?;
                    self.put(step, begun);
                }
            }
            Try::Renew { worker, token } => self.task = self.task.renew(&worker, &token.to_string(), 5, self.now)?,
            Try::StartStage { worker, token, stage } => {
                self.held(worker, token)?;
                check_earlier_completed(self.stages.iter().take(stage).map(|stage| stage.status))?;
                self.stages[stage] = self.stages[stage].start()?.1;
            }
            Try::Append { worker, token, stage, attempt, sequence } => {
                self.held(worker, token)?;
                if let Append::Stored(after) = self.stages[stage].append(attempt, sequence, 1)? {
                    self.stages[stage] = after;
                    self.chunks.entry((stage, attempt)).or_default().push(sequence);
                }
            }
            Try::CompleteStage { worker, token, stage } => {
                self.held(worker, token)?;
                self.stages[stage] = self.stages[stage].complete()?.1;
            }
            Try::Complete { worker, token } => {
                let (step, completed) = self.task.complete(&worker, &token.to_string(), self.now)?;
                check_all_completed(self.stages.iter().map(|stage| stage.status))?;
                self.put(step, completed);
            }
            Try::Fail { worker, token, is_final } => {
                let outlook = if is_final { Outlook::Final } else { Outlook::Passing };
                let (step, failed) = self.task.fail(&worker, &token.to_string(), outlook, self.now)?;
                self.put(step, failed);
            }
            Try::Cancel => {
                let (step, cancelled) = self.task.cancel(self.now)?;
                self.put(step, cancelled);
            }
            Try::Schedule => {
                if let Some(expired) = self.task.after_expiry(self.now) {
                    self.put(Step::Moved, expired);
                }
            }
            Try::Wait(micros) => self.now += micros,
        }
        Ok(())
    }
}

/// Which lease, if any, may work now.
fn holders(store: &Store) -> Vec<(u8, u8)> {
    let all = (0u8..3).flat_map(|worker| (0u8..4).map(move |token| (worker, token)));
    all.filter(|(worker, token)| store.held(*worker, *token).is_ok()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_interleaving_breaks_a_task(sequence in prop::collection::vec(tries(), 0..120), attempts_max in 1u32..4) {
        let task = TaskState { status: TaskStatus::Pending, attempt: 0, attempts_max, lease: None };
        let mut store = Store { now: 0, task, stages: [StageState::NEW; 2], chunks: BTreeMap::new() };
        for attempted in &sequence {
            let before = (store.task.clone(), store.stages, store.chunks.clone());
            let live = holders(&store);
            prop_assert!(live.len() <= 1, "two leases at once");
            let outcome = store.attempt(attempted);
            if outcome.is_err() {
                prop_assert_eq!(&(store.task.clone(), store.stages, store.chunks.clone()), &before, "a refusal changed something");
            }
            // A live lease is taken over by nobody, and only its holder adds text.
            if let ([holder], Try::Begin { worker, token }) = (&live[..], attempted) {
                prop_assert!(outcome.is_err() || *holder == (*worker, *token));
                prop_assert_eq!(&store.task, &before.0);
            }
            if store.chunks != before.2 {
                let Try::Append { worker, token, .. } = attempted else { panic!("text came from {attempted:?}") };
                prop_assert_eq!(&live, &vec![(*worker, *token)]);
            }
            // What had arrived stays.
            for (place, stored) in &before.2 {
                prop_assert!(store.chunks[place].starts_with(stored));
            }
            prop_assert!(store.task.attempt <= attempts_max);
            if before.0.status.is_finished() {
                prop_assert_eq!(store.task.status, before.0.status, "a finished task moved");
            }
            let running = store.stages.iter().filter(|stage| stage.status == StageStatus::Running).count();
            prop_assert!(running <= usize::from(store.task.status == TaskStatus::Running), "who works on the stage?");
            if store.task.status == TaskStatus::Completed {
                prop_assert!(store.stages.iter().all(|stage| stage.status == StageStatus::Completed));
            }
        }
        for sequences in store.chunks.values() {
            let gapless: Vec<u32> = (1..=sequences.len() as u32).collect();
            prop_assert_eq!(sequences, &gapless);
        }
    }

    /// Whatever a worker sends, with whatever repetitions and omissions, the text is a prefix of
    /// what it meant to send.
    #[test]
    fn text_is_gapless_under_duplicates_and_gaps(sent in prop::collection::vec(0u32..40, 0..200)) {
        let (_, mut stage) = StageState::NEW.start().unwrap();
        let mut stored = Vec::new();
        for sequence in sent {
            match stage.append(1, sequence, 3) {
                Ok(Append::Stored(after)) => { stored.push(sequence); stage = after; }
                Ok(Append::Seen) => prop_assert!(stored.contains(&sequence)),
                Err(_) => prop_assert!(sequence == 0 || sequence as usize > stored.len() + 1),
            }
            prop_assert_eq!(stage.text_bytes, 3 * stored.len() as u64);
        }
        prop_assert_eq!(&stored, &(1..=stored.len() as u32).collect::<Vec<_>>());
    }
}
