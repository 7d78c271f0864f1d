/** Answers of procedures that can be refused. */

import type { DomainError, DomainErrorCode } from "./module_bindings/types";

/** A call that the game refused. Nothing has changed. */
export class DomainFailure extends Error {
  /** Why, for programs: a variant and what belongs to it. The message says it for people. */
  readonly code: DomainErrorCode;

  constructor(error: DomainError) {
    super(error.message);
    this.name = "DomainFailure";
    this.code = error.code;
  }
}

/**
 * What a procedure returns when it succeeds.
 *
 * @param answer The call, such as `connection.procedures.readAssetObjectAndReturn(…)`.
 * @throws {DomainFailure} The procedure returned an error.
 * @throws Whatever the SDK rejects the call with, when it did not get as far as an answer.
 */
export async function okOrThrow<Answer>(answer: Promise<Answer>): Promise<Exclude<Answer, DomainError>> {
  // The SDK declares the value or the error itself, but delivers an object around either.
  const outcome = (await answer) as { ok: Exclude<Answer, DomainError> } | { err: DomainError };
  if ("err" in outcome) {
    throw new DomainFailure(outcome.err);
  }
  return outcome.ok;
}
