-- The snapshot of the data that the revision starts on; absent: on what is there.
ALTER TABLE revisions ADD COLUMN restores BIGINT;
