-- What is to be done once, later, such as a mail to send: enqueued by the transaction that wants it, done at least once.
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    -- Whose it is; absent for the installation's own. Not a reference: the mail that says that an account is gone outlives it.
    account_id TEXT,
    -- Sealed: it may carry a one-time link. Absent once it is done.
    payload BLOB,
    -- Jobs of one serial key are done one after the other, in the order in which they were enqueued.
    serial TEXT,
    -- Of one dedupe key there is one job.
    dedupe TEXT UNIQUE,
    -- waiting, done or dead.
    state TEXT NOT NULL DEFAULT 'waiting',
    run_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    -- Who does it, until when that holds, and how often it has been taken: what was taken before has no say any more.
    lease_owner TEXT,
    lease_until INTEGER,
    lease_epoch INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    created_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;
CREATE INDEX jobs_due ON jobs (run_at) WHERE state = 'waiting';
CREATE INDEX jobs_by_serial ON jobs (serial) WHERE state = 'waiting' AND serial IS NOT NULL;
-- However many runners there are: one job of a serial key at a time.
CREATE UNIQUE INDEX jobs_one_of_a_series ON jobs (serial) WHERE serial IS NOT NULL AND lease_owner IS NOT NULL;
CREATE INDEX jobs_ended ON jobs (ended_at) WHERE ended_at IS NOT NULL;
