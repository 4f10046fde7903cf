-- All tables of the first agent. Times are milliseconds since 1970; booleans are 0 and 1; the rules live in the code.

CREATE TABLE platform (
    name TEXT PRIMARY KEY,
    value BYTEA NOT NULL,
    version BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- Raised by whoever must be alone with the account's quotas for the length of a transaction.
    version BIGINT NOT NULL DEFAULT 0
);

-- One data key per account, wrapped by the key-encryption key.
CREATE TABLE data_keys (
    account_id TEXT PRIMARY KEY REFERENCES accounts (id),
    wrapped BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    token_hash BYTEA NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX sessions_by_account ON sessions (account_id);
CREATE INDEX sessions_by_end ON sessions (ended_at);

CREATE TABLE api_tokens (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    token_hash BYTEA NOT NULL UNIQUE,
    hint TEXT NOT NULL,
    -- Scopes, joined by spaces.
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX api_tokens_by_account ON api_tokens (account_id);

CREATE TABLE releases (
    id TEXT PRIMARY KEY,
    image TEXT NOT NULL UNIQUE,
    openclaw_version TEXT NOT NULL,
    node_version TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    -- A path on the host's disk.
    config_schema TEXT,
    created_at BIGINT NOT NULL,
    is_default BIGINT NOT NULL DEFAULT 0,
    -- When the host was seen not to hold the image any more.
    gone_at BIGINT
);

-- What is wanted: the API writes these, and only these, columns.
CREATE TABLE deployments (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    plan TEXT NOT NULL,
    template TEXT NOT NULL,
    desired TEXT NOT NULL,
    generation BIGINT NOT NULL DEFAULT 0,
    retry_generation BIGINT NOT NULL DEFAULT 0,
    revision BIGINT NOT NULL,
    expires_at BIGINT,
    created_at BIGINT NOT NULL,
    terminated_at BIGINT,
    purge_at BIGINT,
    version BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX deployments_by_account ON deployments (account_id, id);
CREATE INDEX deployments_by_desired ON deployments (desired, id);

CREATE TABLE config_versions (
    deployment_id TEXT NOT NULL REFERENCES deployments (id),
    account_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    text TEXT NOT NULL,
    -- JSON: ProviderSettings, or absent.
    provider TEXT,
    -- JSON: [ChannelSettings].
    channels TEXT NOT NULL,
    author TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (deployment_id, version)
);

-- One row per change of a secret; an absent ciphertext is a tombstone.
CREATE TABLE secrets (
    deployment_id TEXT NOT NULL REFERENCES deployments (id),
    account_id TEXT NOT NULL,
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    ciphertext BYTEA,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (deployment_id, name, version)
);

CREATE TABLE revisions (
    deployment_id TEXT NOT NULL REFERENCES deployments (id),
    account_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    config_version BIGINT NOT NULL,
    release_id TEXT NOT NULL REFERENCES releases (id),
    secrets_version BIGINT NOT NULL,
    -- JSON: name of a secret -> version of its row, tombstones included.
    secrets TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    author TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (deployment_id, number)
);

-- What was seen: the worker writes these, and only these, columns.
CREATE TABLE runtime_instances (
    deployment_id TEXT PRIMARY KEY REFERENCES deployments (id),
    lease_owner TEXT,
    lease_until BIGINT NOT NULL DEFAULT 0,
    lease_epoch BIGINT NOT NULL DEFAULT 0,
    subnet_index BIGINT UNIQUE,
    -- JSON: Observation.
    observation TEXT,
    observed_at BIGINT,
    -- Workload and Drift, as they were last derived from the observation.
    workload TEXT NOT NULL DEFAULT 'absent',
    drift TEXT NOT NULL DEFAULT 'none',
    -- What was wanted when they were derived.
    seen_revision BIGINT NOT NULL DEFAULT 0,
    seen_generation BIGINT NOT NULL DEFAULT 0,
    seen_version BIGINT NOT NULL DEFAULT 0,
    routed BIGINT NOT NULL DEFAULT 0,
    first_routed_at BIGINT,
    proven_since BIGINT,
    running_revision BIGINT,
    last_known_good BIGINT,
    failures BIGINT NOT NULL DEFAULT 0,
    backoff_until BIGINT,
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
    version BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX runtime_instances_by_lease ON runtime_instances (lease_owner);

CREATE TABLE events (
    id TEXT PRIMARY KEY,
    deployment_id TEXT NOT NULL REFERENCES deployments (id),
    account_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    action TEXT,
    outcome TEXT NOT NULL,
    message TEXT NOT NULL,
    duration_ms BIGINT,
    actor TEXT
);
CREATE INDEX events_by_deployment ON events (deployment_id, id);

CREATE TABLE audit_logs (
    id TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    account_id TEXT,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX audit_logs_by_account ON audit_logs (account_id, id);

CREATE TABLE idempotency_keys (
    -- An account's id, or the address of someone who has none yet.
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    -- SHA-256 of method, path and body: the same key for another request is refused.
    fingerprint BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- The UUID that names the request's effect: repeated after a crash, it is the same one.
    seed TEXT NOT NULL,
    -- Which process is at work on it; empty when its effect is unknown and the request may be sent again.
    epoch TEXT NOT NULL,
    -- Absent while the first request is at work.
    status BIGINT,
    -- The answer, headers included, sealed: it may hold what is shown once.
    answer BYTEA,
    PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);

CREATE TABLE open_codes (
    code_hash BYTEA PRIMARY KEY,
    account_id TEXT NOT NULL,
    deployment_id TEXT NOT NULL,
    session_id TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

-- Counters of a fixed window, by what is counted (`login:address:…`).
CREATE TABLE rate_counters (
    name TEXT NOT NULL,
    window_start BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (name, window_start)
);

-- Containers that carry our label and that no deployment owns.
CREATE TABLE quarantine (
    container TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    deployment_id TEXT,
    since BIGINT NOT NULL,
    discard_at BIGINT NOT NULL
);
