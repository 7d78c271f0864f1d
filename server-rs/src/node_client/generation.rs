//! The procedures of generation tasks: those of workers, and those that a player's requests need.

use spacetimedb_sdk::{Identity, Uuid};
use worldloom_client::{
    AiResultAttachment, AiResultReference, AiStageCompletion, AiStageStart, AiTask, AiTaskCompletion, AiTaskCreation,
    AiTaskFailure, AiTaskLeaseRequest, AiTaskSnapshot, AiTaskStage, AiTaskStart, AiTextChunk, AiTextChunkBatch,
    AiTextChunkListing, AiTextChunkOutcome, AiTokenAccount, AiUsageReport, append_ai_text_chunks_and_return,
    attach_ai_result_reference_and_return, book_ai_token_usage_and_return, cancel_ai_task_and_return,
    complete_ai_stage_and_return, complete_ai_task_and_return, create_ai_task_and_return, fail_ai_task_and_return,
    lease_next_ai_task_and_return, list_ai_task_chunks_and_return, read_ai_task_and_return,
    renew_ai_task_lease_and_return, start_ai_task_stage_and_return,
};

use super::procedures::call;
use super::{CallError, NodeClient};

impl NodeClient {
    /// Asks for a task in the name of `player`.
    pub async fn create_task(&self, player: Identity, request: AiTaskCreation) -> Result<AiTaskSnapshot, CallError> {
        call!(self, create_ai_task_and_return, create_ai_task_and_return_then, Some(player), request)
    }

    /// A task that `player` may see.
    pub async fn read_task(&self, player: Identity, task_id: Uuid) -> Result<AiTaskSnapshot, CallError> {
        call!(self, read_ai_task_and_return, read_ai_task_and_return_then, Some(player), task_id)
    }

    /// Cancels a task of `player`.
    pub async fn cancel_task(&self, player: Identity, task_id: Uuid) -> Result<AiTaskSnapshot, CallError> {
        call!(self, cancel_ai_task_and_return, cancel_ai_task_and_return_then, Some(player), task_id)
    }

    /// Text of a task that the Service, or the player that it names, may see.
    pub async fn list_chunks(
        &self,
        player: Option<Identity>,
        request: AiTextChunkListing,
    ) -> Result<Vec<AiTextChunk>, CallError> {
        call!(self, list_ai_task_chunks_and_return, list_ai_task_chunks_and_return_then, player, request)
    }

    /// Takes a lease on the task that has waited longest.
    pub async fn lease_next_task(&self, request: AiTaskLeaseRequest) -> Result<Option<AiTaskSnapshot>, CallError> {
        call!(self, lease_next_ai_task_and_return, lease_next_ai_task_and_return_then, request)
    }

    /// Lets a lease run on.
    pub async fn renew_lease(&self, request: AiTaskStart) -> Result<AiTask, CallError> {
        call!(self, renew_ai_task_lease_and_return, renew_ai_task_lease_and_return_then, request)
    }

    /// Begins a stage.
    pub async fn start_stage(&self, request: AiStageStart) -> Result<AiTaskStage, CallError> {
        call!(self, start_ai_task_stage_and_return, start_ai_task_stage_and_return_then, request)
    }

    /// Appends text of any number of tasks.
    pub async fn append_chunks(&self, request: AiTextChunkBatch) -> Result<Vec<AiTextChunkOutcome>, CallError> {
        call!(self, append_ai_text_chunks_and_return, append_ai_text_chunks_and_return_then, request)
    }

    /// Completes a stage.
    pub async fn complete_stage(&self, request: AiStageCompletion) -> Result<AiTaskStage, CallError> {
        call!(self, complete_ai_stage_and_return, complete_ai_stage_and_return_then, request)
    }

    /// Says what a task has made.
    pub async fn attach_result(&self, request: AiResultAttachment) -> Result<AiResultReference, CallError> {
        call!(self, attach_ai_result_reference_and_return, attach_ai_result_reference_and_return_then, request)
    }

    /// Completes a task.
    pub async fn complete_task(&self, request: AiTaskCompletion) -> Result<AiTaskSnapshot, CallError> {
        call!(self, complete_ai_task_and_return, complete_ai_task_and_return_then, request)
    }

    /// Gives a task up, or back.
    pub async fn fail_task(&self, request: AiTaskFailure) -> Result<AiTaskSnapshot, CallError> {
        call!(self, fail_ai_task_and_return, fail_ai_task_and_return_then, request)
    }

    /// Books what a task has cost that is no longer worked on, on its owner's account.
    pub async fn book_usage(&self, request: AiUsageReport) -> Result<AiTokenAccount, CallError> {
        call!(self, book_ai_token_usage_and_return, book_ai_token_usage_and_return_then, request)
    }
}
