-- The audit log becomes a chain (docs/decisions/0023-audit-chain.md). Rows from before get their place at the first start.
ALTER TABLE audit_logs ADD COLUMN seq BIGINT;
-- Who acts, as an id: what is left when the name has been made unreadable.
ALTER TABLE audit_logs ADD COLUMN user_id TEXT;
ALTER TABLE audit_logs ADD COLUMN outcome TEXT NOT NULL DEFAULT 'done';
-- The address that it came from; absent: from this machine.
ALTER TABLE audit_logs ADD COLUMN origin TEXT;
-- What the commitment to actor, origin and detail is salted with. Gone: these three are made unreadable.
ALTER TABLE audit_logs ADD COLUMN salt BYTEA;
ALTER TABLE audit_logs ADD COLUMN commitment BYTEA;
ALTER TABLE audit_logs ADD COLUMN hash BYTEA;
CREATE UNIQUE INDEX audit_logs_by_seq ON audit_logs (seq);
DROP INDEX audit_logs_by_account;
CREATE INDEX audit_logs_by_account ON audit_logs (account_id, seq);
CREATE INDEX audit_logs_by_user ON audit_logs (user_id, seq);
CREATE INDEX audit_logs_by_action ON audit_logs (action, seq);
CREATE INDEX audit_logs_by_subject ON audit_logs (subject, seq);

-- One row: where the chain ends. Locked last of all, by every transaction that writes into the log.
CREATE TABLE audit_head (
    id BIGINT PRIMARY KEY,
    -- Names this chain: no row of another fits into it.
    chain TEXT NOT NULL,
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    -- HMAC under a key that the database holds only wrapped.
    seal BYTEA NOT NULL
);
