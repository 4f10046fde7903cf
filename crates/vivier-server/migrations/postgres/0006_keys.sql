-- Data keys, wrapped: one for every account that has a secret, and the platform's own.
CREATE TABLE wrapped_keys (
    -- An account's id, or `platform`.
    owner TEXT PRIMARY KEY,
    -- The key-encryption key that has wrapped it, such as `file:2`.
    kek TEXT NOT NULL,
    wrapped BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    wrapped_at BIGINT NOT NULL
);
-- Until here there was one key-encryption key: the file `keys/kek`.
INSERT INTO wrapped_keys (owner, kek, wrapped, created_at, wrapped_at) SELECT account_id, 'file:1', wrapped, created_at, created_at FROM data_keys;
DROP TABLE data_keys;
CREATE INDEX wrapped_keys_by_kek ON wrapped_keys (kek);
-- Who set this version; absent: it is from before this was written down.
ALTER TABLE secrets ADD COLUMN author TEXT;
-- When its text was destroyed, and by whom.
ALTER TABLE secrets ADD COLUMN revoked_at BIGINT;
ALTER TABLE secrets ADD COLUMN revoked_by TEXT;
