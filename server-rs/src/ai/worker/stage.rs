//! Work on one stage: ask, stream, hold the answer against what was asked for, store what came of it.

use futures::StreamExt;
use worldloom_client::{AiStageCompletion, AiStageStart, AiTaskStage};

use super::appender::NotStored;
use super::task::{Ended, Job};
use super::text_sink::{Place, TextSink, Woken};
use crate::ai::provider::{Delta, Message, Prompt, ProviderError, Role, Tokens, estimated_tokens};
use crate::ai::recipes::{NotTaken, REPAIR_MARK};

/// Works on a stage until it is completed.
pub async fn work(job: &Job, row: &AiTaskStage) -> Result<(), Ended> {
    let place = (job.task.task_id, job.lease.token.clone(), row.position);
    let start = || {
        let (task_id, lease_token, position) = place.clone();
        job.node().start_stage(AiStageStart { task_id, lease_token, position })
    };
    let stage = job.insist(start).await?;
    let (task_id, lease_token, position) = place.clone();
    let place = Place { task_id, lease_token: lease_token.clone(), position, attempt: stage.attempt };
    let mut sink = TextSink::new(job.workshop.appender.clone(), place, stage.next_sequence);
    let mut arrived = String::new();
    let worked = answer_and_store(job, &stage, &mut sink, &mut arrived);
    let worked = tokio::time::timeout(job.workshop.config.stage_timeout(), worked);
    let worked = tokio::select! {
        biased;
        // Heard here and not further up, so that what has arrived is stored before the task is given back.
        () = job.workshop.cut.cancelled() => Err(Ended::passing("The service was restarted.")),
        worked = worked => worked.unwrap_or_else(|_| Err(Ended::passing("The stage took too long."))),
    };
    if !matches!(worked, Err(Ended::Lost)) {
        // What has arrived stays, whatever became of the rest.
        let stored = sink.finish().await.map_err(|reason| not_stored(job, reason));
        // Whoever has taken the task over speaks for it now.
        if !matches!(stored, Err(Ended::Lost)) {
            // Here and not where the answer is read, which a time-out or the facade's stop ends without a word.
            job.recipe.keep_broken(job, &stage, &arrived).await;
        }
        stored?;
    }
    worked?;
    let completion = AiStageCompletion { task_id, lease_token, position, usage: job.meter.take() };
    let usage = completion.usage.clone();
    job.report(usage, completion, |node, completion| async move { node.complete_stage(completion).await }).await?;
    Ok(())
}

/// Asks, and once more with a list of what was wrong. In `arrived` is as much as there is of an answer that is being
/// written; once it is whole, what becomes of it is the recipe's matter.
async fn answer_and_store(
    job: &Job,
    stage: &AiTaskStage,
    sink: &mut TextSink,
    arrived: &mut String,
) -> Result<(), Ended> {
    let mut prompt = job.recipe.prompt(job, &job.workshop.prompts, stage).await?;
    ask(job, &prompt, sink, arrived).await?;
    let answer = std::mem::take(arrived);
    let problems = match job.recipe.store(job, stage, &prompt, &answer).await {
        Ok(()) => return Ok(()),
        Err(NotTaken::Ended(ended)) => return Err(ended),
        Err(NotTaken::Unfit(problems)) => problems,
    };
    tracing::debug!(task = %job.task.task_id, ?problems, "An answer is repaired");
    job.workshop.metrics.answer_repaired(job.recipe.kind());
    let wish = format!("Your answer cannot be used:\n- {}\nAnswer again, whole and corrected.", problems.join("\n- "));
    prompt.messages.push(Message { role: Role::Assistant, text: answer });
    prompt.messages.push(Message { role: Role::User, text: wish });
    sink.push(REPAIR_MARK).await;
    ask(job, &prompt, sink, arrived).await?;
    let answer = std::mem::take(arrived);
    match job.recipe.store(job, stage, &prompt, &answer).await {
        Ok(()) => Ok(()),
        Err(NotTaken::Ended(ended)) => Err(ended),
        Err(NotTaken::Unfit(problems)) => {
            let first = problems.into_iter().next().unwrap_or_default();
            Err(Ended::passing(format!("The model's answer cannot be used, also not its second: {first}")))
        }
    }
}

/// Streams one answer into `text`, and on into the sink.
async fn ask(job: &Job, prompt: &Prompt, sink: &mut TextSink, text: &mut String) -> Result<(), Ended> {
    let mut cost = Cost { job, prompt, said: None, written: 0 };
    let mut answer = job.workshop.models.answer(prompt.clone());
    loop {
        tokio::select! {
            piece = answer.next() => match piece {
                Some(Ok(Delta::Text(piece))) => {
                    cost.written += piece.len();
                    text.push_str(&piece);
                    sink.push(&piece).await;
                }
                Some(Ok(Delta::Usage(usage))) => cost.said = Some(usage),
                Some(Ok(Delta::Spent(usage))) => job.meter.add(usage),
                Some(Err(error)) => return Err(failure(error)),
                None => return Ok(()),
            },
            woken = sink.wait() => match woken {
                Woken::Due => sink.send().await,
                Woken::Settled(Ok(())) => {}
                Woken::Settled(Err(reason)) => return Err(not_stored(job, reason)),
            },
        }
    }
}

fn not_stored(job: &Job, reason: NotStored) -> Ended {
    match reason {
        NotStored::TooLong(reason) => Ended::passing(reason),
        NotStored::Lost(reason) => {
            tracing::info!(task = %job.task.task_id, reason, "Text is no longer taken");
            Ended::Lost
        }
    }
}

fn failure(error: ProviderError) -> Ended {
    if error.is_passing() { Ended::passing(error.to_string()) } else { Ended::for_good(error.to_string()) }
}

/// What one answer costs, beside what was asked for it in vain. Counted when it is dropped, because an answer that
/// nobody wants any more is dropped in the middle, and has cost what it has cost: what the provider said, or else an
/// estimate.
struct Cost<'a> {
    job: &'a Job,
    prompt: &'a Prompt,
    said: Option<Tokens>,
    written: usize,
}

impl Drop for Cost<'_> {
    fn drop(&mut self) {
        let asked: usize = self.prompt.messages.iter().map(|message| message.text.len()).sum();
        let estimate = || Tokens {
            input: if self.written == 0 { 0 } else { estimated_tokens(asked) },
            output: estimated_tokens(self.written),
        };
        self.job.meter.add(self.said.unwrap_or_else(estimate));
    }
}
