-- Who keeps a deployment suspended although its owner wants it to run: names with spaces between.
ALTER TABLE deployments ADD COLUMN holds TEXT NOT NULL DEFAULT '';

-- Who an account is to the provider.
CREATE TABLE billing_customers (
    account_id TEXT PRIMARY KEY REFERENCES accounts (id),
    customer_id TEXT NOT NULL UNIQUE,
    -- JSON: brand, last digits and expiry of the card that invoices are charged to.
    card TEXT,
    created_at BIGINT NOT NULL
);

-- One per deployment that is, was or is to be paid for.
CREATE TABLE subscriptions (
    deployment_id TEXT PRIMARY KEY REFERENCES deployments (id),
    account_id TEXT NOT NULL REFERENCES accounts (id),
    stage TEXT NOT NULL,
    stage_since BIGINT NOT NULL,
    -- When the time that the stage gives is over.
    due_at BIGINT,
    -- Whether its owner was told that a day is left.
    reminded BIGINT NOT NULL DEFAULT 0,
    -- What was last read at the provider.
    paid TEXT NOT NULL DEFAULT 'never',
    stripe_id TEXT UNIQUE,
    item_id TEXT,
    -- Of its price: the plan, when it is one of ours.
    plan TEXT,
    amount BIGINT,
    currency TEXT,
    period_start BIGINT,
    period_end BIGINT,
    cancel_at_period_end BIGINT NOT NULL DEFAULT 0,
    -- JSON: since when which amount is paid, oldest first.
    prices TEXT NOT NULL DEFAULT '[]',
    read_at BIGINT,
    -- When it is read again, whether or not an event says so.
    look_at BIGINT NOT NULL,
    -- The plan that was asked for and is not done, and how often something was asked: it names the effect.
    wanted_plan TEXT,
    changes BIGINT NOT NULL DEFAULT 0,
    -- The subscription whose last period was settled after its end.
    final_of TEXT,
    -- What keeps the next step from being done, in a sentence.
    trouble TEXT,
    version BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX subscriptions_by_account ON subscriptions (account_id);
CREATE INDEX subscriptions_by_look ON subscriptions (look_at);

-- Payment pages: for a deployment, or (without one) for a card.
CREATE TABLE checkouts (
    session_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    deployment_id TEXT REFERENCES deployments (id),
    plan TEXT,
    url TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- When it is read again, whether or not an event says so.
    look_at BIGINT NOT NULL
);
CREATE INDEX checkouts_by_deployment ON checkouts (deployment_id);
CREATE INDEX checkouts_by_account ON checkouts (account_id);
-- One at a time: two pages that are both paid are two subscriptions.
CREATE UNIQUE INDEX checkouts_one_open ON checkouts (deployment_id) WHERE state = 'open' AND deployment_id IS NOT NULL;
CREATE INDEX checkouts_open ON checkouts (look_at) WHERE state = 'open';

-- Every event that the provider has sent, by its id: stored once, applied once.
CREATE TABLE billing_events (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    -- What it is about.
    object_kind TEXT NOT NULL,
    object_id TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    -- When it is applied; absent: it has been.
    due_at BIGINT,
    tries BIGINT NOT NULL DEFAULT 0,
    applied_at BIGINT,
    -- What came of it, in a sentence.
    outcome TEXT
);
CREATE INDEX billing_events_due ON billing_events (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX billing_events_by_age ON billing_events (received_at);

CREATE TABLE invoices (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    deployment_id TEXT REFERENCES deployments (id),
    subscription TEXT,
    status TEXT NOT NULL,
    number TEXT,
    reason TEXT,
    currency TEXT NOT NULL,
    total BIGINT NOT NULL,
    amount_due BIGINT NOT NULL,
    amount_paid BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    paid_at BIGINT,
    period_start BIGINT NOT NULL,
    period_end BIGINT NOT NULL,
    url TEXT,
    pdf TEXT,
    -- What we take off it, decided once: time that is not billed (JSON: Share) and credits of the ledger.
    decided_at BIGINT,
    share TEXT,
    share_amount BIGINT NOT NULL DEFAULT 0,
    credits BIGINT NOT NULL DEFAULT 0,
    -- When the provider's invoice was seen to hold it, or it was given back otherwise.
    settled_at BIGINT,
    version BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX invoices_by_account ON invoices (account_id, created_at);
CREATE INDEX invoices_unsettled ON invoices (id) WHERE settled_at IS NULL;
