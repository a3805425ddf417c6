/**
 * Statements that are not expand-only by their form, and why the release before works on all the same:
 * `migration: statement`, as the failing test prints it → the reason.
 */
export const reviewedSteps: Readonly<Record<string, string>> = {
  "0009_audit_epoch: CREATE OR REPLACE FUNCTION audit_event_stamp() RETURNS trigger LANGUAGE plpgsql AS ''":
    "stamps what it always did, until a restore by the new release begins an epoch",
  '0013_anomalies: CREATE TRIGGER session_ended AFTER DELETE ON "session" REFERENCING OLD TABLE AS ended FOR EACH STATEMENT EXECUTE FUNCTION session_ended()':
    "writes to a table of its own, whoever deletes",
};
