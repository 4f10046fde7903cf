-- An operator looks at somebody's account: for a while, without changing anything, and the account sees it.
CREATE TABLE looks (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    user_id TEXT NOT NULL,
    -- Their address of mail.
    operator TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX looks_by_account ON looks (account_id, id);
-- While it lasts, the session works in the account that is looked at. No reference: a look outlives no account.
ALTER TABLE sessions ADD COLUMN look_id TEXT;

CREATE TABLE support_tickets (
    id TEXT PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    deployment_id TEXT,
    opened_by TEXT NOT NULL,
    subject TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    solved_at BIGINT,
    closed_at BIGINT
);
CREATE INDEX support_tickets_by_account ON support_tickets (account_id, number);
CREATE INDEX support_tickets_by_state ON support_tickets (state, number);
CREATE TABLE ticket_messages (
    id TEXT PRIMARY KEY,
    ticket_id TEXT NOT NULL REFERENCES support_tickets (id),
    author TEXT NOT NULL,
    from_operator BIGINT NOT NULL,
    -- A note of the operators', which the tenant does not see.
    internal BIGINT NOT NULL,
    -- Sealed under the account's data key.
    body BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX ticket_messages_by_ticket ON ticket_messages (ticket_id, id);
-- What the tenant was shown, and let the operator see. Without a ticket it is forgotten after an hour.
CREATE TABLE support_snapshots (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    deployment_id TEXT NOT NULL,
    ticket_id TEXT,
    -- Sealed under the account's data key; absent: destroyed.
    content BYTEA,
    created_at BIGINT NOT NULL,
    destroyed_at BIGINT
);
CREATE INDEX support_snapshots_by_ticket ON support_snapshots (ticket_id);
-- The last number that was given: its row is locked behind the account's.
CREATE TABLE ticket_numbers (
    id BIGINT PRIMARY KEY,
    last BIGINT NOT NULL
);
INSERT INTO ticket_numbers (id, last) VALUES (1, 1000);

-- What the nightly comparison of ledger, payment provider and runtime has found.
CREATE TABLE reconciliations (
    id TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    differences BIGINT NOT NULL,
    -- JSON.
    report TEXT NOT NULL
);
