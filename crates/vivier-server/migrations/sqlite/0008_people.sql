-- People and accounts apart: until here an account was a login. Now a user signs in, and works in the accounts that they are a
-- member of. Who had an account is its owner: the user's id is made of the account's UUID.

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    -- A PHC string; absent: this person signs in another way.
    password_hash TEXT,
    -- Whether they are an operator of this installation.
    operator INTEGER NOT NULL DEFAULT 0,
    email_verified_at INTEGER,
    created_at INTEGER NOT NULL,
    -- Raised by whoever must be alone with the user for the length of a transaction.
    version INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO users (id, email, password_hash, operator, created_at)
    SELECT 'usr' || substr(id, 4), email, password_hash, CASE role WHEN 'operator' THEN 1 ELSE 0 END, created_at FROM accounts;

-- A UNIQUE column cannot be dropped, so the table is made anew. Others refer to it: what they refer to is gone for a moment, and
-- back before the commit, which is when it is checked.
PRAGMA defer_foreign_keys = ON;
CREATE TEMPORARY TABLE accounts_before AS SELECT id, email, created_at, version FROM accounts;
DROP TABLE accounts;
CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- When its owner deleted it; nobody works in it since.
    closed_at INTEGER,
    -- From when on what is personal in it is erased.
    erase_at INTEGER,
    -- Raised by whoever must be alone with the account's quotas for the length of a transaction.
    version INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO accounts (id, name, created_at, version)
    SELECT id, substr(substr(email, 1, instr(email, '@') - 1), 1, 60), created_at, version FROM accounts_before;
DROP TABLE accounts_before;

CREATE TABLE members (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- When they last began to work in it: a sign-in goes on there.
    used_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, user_id)
) STRICT;
CREATE INDEX members_by_user ON members (user_id, account_id);
-- Exactly one: the code never leaves none, and this never lets there be two.
CREATE UNIQUE INDEX members_one_owner ON members (account_id) WHERE role = 'owner';
INSERT INTO members (account_id, user_id, role, created_at, used_at)
    SELECT id, 'usr' || substr(id, 4), 'owner', created_at, created_at FROM accounts;

ALTER TABLE sessions RENAME TO sessions_before;
DROP INDEX sessions_by_account;
DROP INDEX sessions_by_end;
CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    -- No reference: a session that has ended outlives its user, until the edge has forgotten it.
    user_id TEXT NOT NULL,
    -- The account that it works in; absent while the user is in none.
    account_id TEXT REFERENCES accounts (id),
    token_hash BLOB NOT NULL UNIQUE,
    -- The API token that asked for a link: no browser's cookie opens this session, and it ends with the token.
    token_id TEXT,
    address TEXT,
    -- The browser, in words.
    browser TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;
INSERT INTO sessions (id, user_id, account_id, token_hash, created_at, expires_at, last_seen_at, ended_at)
    SELECT id, 'usr' || substr(account_id, 4), account_id, token_hash, created_at, expires_at, last_seen_at, ended_at FROM sessions_before;
DROP TABLE sessions_before;
CREATE INDEX sessions_by_user ON sessions (user_id, account_id);
CREATE INDEX sessions_by_end ON sessions (ended_at);

ALTER TABLE api_tokens ADD COLUMN user_id TEXT REFERENCES users (id);
UPDATE api_tokens SET user_id = 'usr' || substr(account_id, 4);
CREATE INDEX api_tokens_by_user ON api_tokens (user_id, account_id);

CREATE TABLE invitations (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    -- SHA-256 of what the mail's link carries.
    token_hash BLOB NOT NULL UNIQUE,
    -- The address of who sent it.
    invited_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    accepted_at INTEGER,
    revoked_at INTEGER
) STRICT;
CREATE INDEX invitations_by_account ON invitations (account_id, id);
CREATE UNIQUE INDEX invitations_one_open ON invitations (account_id, email) WHERE accepted_at IS NULL AND revoked_at IS NULL;
