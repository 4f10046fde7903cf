-- All tables of the first agent. Times are milliseconds since 1970; booleans are 0 and 1; the rules live in the code.

CREATE TABLE platform (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL,
    version INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- Raised by whoever must be alone with the account's quotas for the length of a transaction.
    version INTEGER NOT NULL DEFAULT 0
) STRICT;

-- One data key per account, wrapped by the key-encryption key.
CREATE TABLE data_keys (
    account_id TEXT PRIMARY KEY REFERENCES accounts (id),
    wrapped BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    token_hash BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;
CREATE INDEX sessions_by_account ON sessions (account_id);
CREATE INDEX sessions_by_end ON sessions (ended_at);

CREATE TABLE api_tokens (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    token_hash BLOB NOT NULL UNIQUE,
    hint TEXT NOT NULL,
    -- Scopes, joined by spaces.
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER,
    revoked_at INTEGER
) STRICT;
CREATE INDEX api_tokens_by_account ON api_tokens (account_id);

CREATE TABLE releases (
    id TEXT PRIMARY KEY,
    image TEXT NOT NULL UNIQUE,
    openclaw_version TEXT NOT NULL,
    node_version TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    -- A path on the host's disk.
    config_schema TEXT,
    created_at INTEGER NOT NULL,
    is_default INTEGER NOT NULL DEFAULT 0,
    -- When the host was seen not to hold the image any more.
    gone_at INTEGER
) STRICT;

-- What is wanted: the API writes these, and only these, columns.
CREATE TABLE deployments (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    plan TEXT NOT NULL,
    template TEXT NOT NULL,
    desired TEXT NOT NULL,
    generation INTEGER NOT NULL DEFAULT 0,
    retry_generation INTEGER NOT NULL DEFAULT 0,
    revision INTEGER NOT NULL,
    expires_at INTEGER,
    created_at INTEGER NOT NULL,
    terminated_at INTEGER,
    purge_at INTEGER,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX deployments_by_account ON deployments (account_id, id);
CREATE INDEX deployments_by_desired ON deployments (desired, id);

CREATE TABLE config_versions (
    deployment_id TEXT NOT NULL REFERENCES deployments (id),
    account_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    text TEXT NOT NULL,
    -- JSON: ProviderSettings, or absent.
    provider TEXT,
    -- JSON: [ChannelSettings].
    channels TEXT NOT NULL,
    author TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (deployment_id, version)
) STRICT;

-- One row per change of a secret; an absent ciphertext is a tombstone.
CREATE TABLE secrets (
    deployment_id TEXT NOT NULL REFERENCES deployments (id),
    account_id TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    ciphertext BLOB,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (deployment_id, name, version)
) STRICT;

CREATE TABLE revisions (
    deployment_id TEXT NOT NULL REFERENCES deployments (id),
    account_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    config_version INTEGER NOT NULL,
    release_id TEXT NOT NULL REFERENCES releases (id),
    secrets_version INTEGER NOT NULL,
    -- JSON: name of a secret -> version of its row, tombstones included.
    secrets TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    author TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (deployment_id, number)
) STRICT;

-- What was seen: the worker writes these, and only these, columns.
CREATE TABLE runtime_instances (
    deployment_id TEXT PRIMARY KEY REFERENCES deployments (id),
    lease_owner TEXT,
    lease_until INTEGER NOT NULL DEFAULT 0,
    lease_epoch INTEGER NOT NULL DEFAULT 0,
    subnet_index INTEGER UNIQUE,
    -- JSON: Observation.
    observation TEXT,
    observed_at INTEGER,
    -- Workload and Drift, as they were last derived from the observation.
    workload TEXT NOT NULL DEFAULT 'absent',
    drift TEXT NOT NULL DEFAULT 'none',
    -- What was wanted when they were derived.
    seen_revision INTEGER NOT NULL DEFAULT 0,
    seen_generation INTEGER NOT NULL DEFAULT 0,
    seen_version INTEGER NOT NULL DEFAULT 0,
    routed INTEGER NOT NULL DEFAULT 0,
    first_routed_at INTEGER,
    proven_since INTEGER,
    running_revision INTEGER,
    last_known_good INTEGER,
    failures INTEGER NOT NULL DEFAULT 0,
    backoff_until INTEGER,
    -- JSON: the last failure, and whether it opened the breaker.
    fault TEXT,
    -- revision.generation.retry_generation that failures, backoff and breaker were counted against.
    attempt TEXT NOT NULL DEFAULT '',
    -- container@finished: the exit that has been counted.
    counted_exit TEXT,
    -- The container that was told to stop: its exit counts for nothing.
    expected_exit TEXT,
    -- JSON: the configuration that the running gateway is known to have taken.
    applied TEXT,
    -- JSON: Proof.
    proof TEXT,
    doing TEXT,
    waiting TEXT,
    state TEXT NOT NULL DEFAULT 'requested',
    version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX runtime_instances_by_lease ON runtime_instances (lease_owner);

CREATE TABLE events (
    id TEXT PRIMARY KEY,
    deployment_id TEXT NOT NULL REFERENCES deployments (id),
    account_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    action TEXT,
    outcome TEXT NOT NULL,
    message TEXT NOT NULL,
    duration_ms INTEGER,
    actor TEXT
) STRICT;
CREATE INDEX events_by_deployment ON events (deployment_id, id);

CREATE TABLE audit_logs (
    id TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    account_id TEXT,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX audit_logs_by_account ON audit_logs (account_id, id);

CREATE TABLE idempotency_keys (
    -- An account's id, or the address of someone who has none yet.
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    -- SHA-256 of method, path and body: the same key for another request is refused.
    fingerprint BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    -- The UUID that names the request's effect: repeated after a crash, it is the same one.
    seed TEXT NOT NULL,
    -- Which process is at work on it; empty when its effect is unknown and the request may be sent again.
    epoch TEXT NOT NULL,
    -- Absent while the first request is at work.
    status INTEGER,
    -- The answer, headers included, sealed: it may hold what is shown once.
    answer BLOB,
    PRIMARY KEY (scope, key)
) STRICT;
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);

CREATE TABLE open_codes (
    code_hash BLOB PRIMARY KEY,
    account_id TEXT NOT NULL,
    deployment_id TEXT NOT NULL,
    session_id TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;

-- Counters of a fixed window, by what is counted (`login:address:…`).
CREATE TABLE rate_counters (
    name TEXT NOT NULL,
    window_start INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (name, window_start)
) STRICT;

-- Containers that carry our label and that no deployment owns.
CREATE TABLE quarantine (
    container TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    deployment_id TEXT,
    since INTEGER NOT NULL,
    discard_at INTEGER NOT NULL
) STRICT;
