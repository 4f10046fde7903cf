-- When it was decided what came of the revision.
ALTER TABLE revisions ADD COLUMN ended_at BIGINT;
-- JSON: the last lines that the gateway of a failed revision wrote.
ALTER TABLE revisions ADD COLUMN log TEXT;
