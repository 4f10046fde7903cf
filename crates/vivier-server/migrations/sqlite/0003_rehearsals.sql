-- The revision that was tried last on a copy of the data, and passed.
ALTER TABLE runtime_instances ADD COLUMN rehearsed INTEGER;
