-- Credits, referrals, quotas and usage. Times are milliseconds since 1970.

-- What was granted. Nothing in it is ever changed or taken away: a balance is derived from it and from what was redeemed.
CREATE TABLE credits_ledger (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    source TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL DEFAULT 'credits',
    created_at INTEGER NOT NULL,
    -- Absent: it does not end.
    expires_at INTEGER,
    -- JSON: who granted it, and what they wrote beside it.
    metadata TEXT NOT NULL,
    -- Names the occasion: each grants once.
    once TEXT NOT NULL UNIQUE
) STRICT;
CREATE INDEX credits_ledger_by_account ON credits_ledger (account_id, created_at);

-- What was taken for an invoice (above zero) or given back from it (below zero), for each grant that it came from.
CREATE TABLE credits_redemptions (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    grant_id TEXT NOT NULL REFERENCES credits_ledger (id),
    amount INTEGER NOT NULL CHECK (amount <> 0),
    applied_to_invoice_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    metadata TEXT NOT NULL,
    once TEXT NOT NULL UNIQUE
) STRICT;
-- What is left of a grant is read from the index alone.
CREATE INDEX credits_redemptions_by_grant ON credits_redemptions (grant_id, amount);
CREATE INDEX credits_redemptions_by_account ON credits_redemptions (account_id, created_at);
CREATE INDEX credits_redemptions_by_invoice ON credits_redemptions (applied_to_invoice_id);

-- The database itself refuses to change the books.
CREATE TRIGGER credits_ledger_no_update BEFORE UPDATE ON credits_ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER credits_ledger_no_delete BEFORE DELETE ON credits_ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER credits_redemptions_no_update BEFORE UPDATE ON credits_redemptions BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER credits_redemptions_no_delete BEFORE DELETE ON credits_redemptions BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

-- The cards that were verified, by the SHA-256 of the payment provider's fingerprint of each.
CREATE TABLE card_fingerprints (
    fingerprint BLOB NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (fingerprint, account_id)
) STRICT;
CREATE INDEX card_fingerprints_by_account ON card_fingerprints (account_id);

-- One card gives trial credits once, ever.
CREATE TABLE trial_cards (
    fingerprint BLOB PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE referral_codes (
    code TEXT PRIMARY KEY,
    account_id TEXT NOT NULL UNIQUE REFERENCES accounts (id),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE referrals (
    id TEXT PRIMARY KEY,
    referrer_id TEXT NOT NULL REFERENCES accounts (id),
    -- Who came by it, once.
    referred_id TEXT NOT NULL UNIQUE REFERENCES accounts (id),
    state TEXT NOT NULL,
    reason TEXT,
    detail TEXT,
    created_at INTEGER NOT NULL,
    decided_at INTEGER
) STRICT;
CREATE INDEX referrals_by_referrer ON referrals (referrer_id, created_at);
CREATE INDEX referrals_by_state ON referrals (state, id);

-- Where the two sides of referrals were seen: a /24 or a /64.
CREATE TABLE account_ranges (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    network TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, network)
) STRICT;

-- What an operator allows one account instead of the settings' limit.
CREATE TABLE quota_overrides (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    quota TEXT NOT NULL,
    allowed INTEGER NOT NULL,
    note TEXT NOT NULL,
    author TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, quota)
) STRICT;

-- When a deployment could be reached: what is billed. Written with the row that publishes the way to it or takes it back.
CREATE TABLE usage_spans (
    id TEXT PRIMARY KEY,
    deployment_id TEXT NOT NULL REFERENCES deployments (id),
    account_id TEXT NOT NULL REFERENCES accounts (id),
    began_at INTEGER NOT NULL,
    -- Absent while it lasts.
    ended_at INTEGER
) STRICT;
CREATE UNIQUE INDEX usage_spans_open ON usage_spans (deployment_id) WHERE ended_at IS NULL;
CREATE INDEX usage_spans_by_deployment ON usage_spans (deployment_id, ended_at);
INSERT INTO usage_spans (id, deployment_id, account_id, began_at)
    SELECT d.id || '@0011', d.id, d.account_id, CAST(strftime('%s', 'now') AS INTEGER) * 1000
    FROM deployments d JOIN runtime_instances r ON r.deployment_id = d.id WHERE r.routed = 1;

-- How far each deployment's usage has been counted.
CREATE TABLE usage_meters (
    deployment_id TEXT PRIMARY KEY REFERENCES deployments (id),
    -- Of the last reading.
    at INTEGER NOT NULL,
    -- Everything before this has been counted, whatever the clock says now.
    counted_until INTEGER NOT NULL,
    -- JSON: the counters of the container that was read last.
    counters TEXT,
    -- Raised by every reading that counts: the compare-and-swap.
    version INTEGER NOT NULL DEFAULT 1
) STRICT;

-- Readings as they were taken, for a while.
CREATE TABLE usage_samples (
    deployment_id TEXT NOT NULL REFERENCES deployments (id),
    at INTEGER NOT NULL,
    container TEXT,
    cpu_micros INTEGER,
    memory_bytes INTEGER,
    storage_bytes INTEGER,
    received_bytes INTEGER,
    sent_bytes INTEGER,
    PRIMARY KEY (deployment_id, at)
) STRICT;
CREATE INDEX usage_samples_by_time ON usage_samples (at);

-- Usage of one deployment in one hour or day of UTC.
CREATE TABLE usage_metrics (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    -- hour or day.
    period TEXT NOT NULL,
    starts_at INTEGER NOT NULL,
    deployment_id TEXT NOT NULL REFERENCES deployments (id),
    running_ms INTEGER NOT NULL DEFAULT 0,
    cpu_micros INTEGER NOT NULL DEFAULT 0,
    memory_kib_seconds INTEGER NOT NULL DEFAULT 0,
    storage_kib_seconds INTEGER NOT NULL DEFAULT 0,
    egress_bytes INTEGER NOT NULL DEFAULT 0,
    ingress_bytes INTEGER NOT NULL DEFAULT 0,
    -- Absent: not metered.
    model_tokens INTEGER,
    -- The account first: a page reads one range of the key.
    PRIMARY KEY (account_id, period, starts_at, deployment_id)
) STRICT;
CREATE INDEX usage_metrics_by_deployment ON usage_metrics (deployment_id, period, starts_at);
CREATE INDEX usage_metrics_by_time ON usage_metrics (period, starts_at);
