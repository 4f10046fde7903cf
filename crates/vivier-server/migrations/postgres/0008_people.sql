-- People and accounts apart: until here an account was a login. Now a user signs in, and works in the accounts that they are a
-- member of. Who had an account is its owner: the user's id is made of the account's UUID.

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    -- A PHC string; absent: this person signs in another way.
    password_hash TEXT,
    -- Whether they are an operator of this installation.
    operator BIGINT NOT NULL DEFAULT 0,
    email_verified_at BIGINT,
    created_at BIGINT NOT NULL,
    -- Raised by whoever must be alone with the user for the length of a transaction.
    version BIGINT NOT NULL DEFAULT 0
);
INSERT INTO users (id, email, password_hash, operator, created_at)
    SELECT 'usr' || substr(id, 4), email, password_hash, CASE role WHEN 'operator' THEN 1 ELSE 0 END, created_at FROM accounts;

ALTER TABLE accounts ADD COLUMN name TEXT;
UPDATE accounts SET name = substr(split_part(email, '@', 1), 1, 60);
ALTER TABLE accounts ALTER COLUMN name SET NOT NULL;
ALTER TABLE accounts DROP COLUMN email;
ALTER TABLE accounts DROP COLUMN password_hash;
ALTER TABLE accounts DROP COLUMN role;
-- When its owner deleted it; nobody works in it since.
ALTER TABLE accounts ADD COLUMN closed_at BIGINT;
-- From when on what is personal in it is erased.
ALTER TABLE accounts ADD COLUMN erase_at BIGINT;

CREATE TABLE members (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- When they last began to work in it: a sign-in goes on there.
    used_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, user_id)
);
CREATE INDEX members_by_user ON members (user_id, account_id);
-- Exactly one: the code never leaves none, and this never lets there be two.
CREATE UNIQUE INDEX members_one_owner ON members (account_id) WHERE role = 'owner';
INSERT INTO members (account_id, user_id, role, created_at, used_at)
    SELECT id, 'usr' || substr(id, 4), 'owner', created_at, created_at FROM accounts;

DROP INDEX sessions_by_account;
-- No reference: a session that has ended outlives its user, until the edge has forgotten it.
ALTER TABLE sessions ADD COLUMN user_id TEXT;
UPDATE sessions SET user_id = 'usr' || substr(account_id, 4);
ALTER TABLE sessions ALTER COLUMN user_id SET NOT NULL;
-- The account that it works in; absent while the user is in none.
ALTER TABLE sessions ALTER COLUMN account_id DROP NOT NULL;
-- The API token that asked for a link: no browser's cookie opens this session, and it ends with the token.
ALTER TABLE sessions ADD COLUMN token_id TEXT;
ALTER TABLE sessions ADD COLUMN address TEXT;
-- The browser, in words.
ALTER TABLE sessions ADD COLUMN browser TEXT;
CREATE INDEX sessions_by_user ON sessions (user_id, account_id);

ALTER TABLE api_tokens ADD COLUMN user_id TEXT REFERENCES users (id);
UPDATE api_tokens SET user_id = 'usr' || substr(account_id, 4);
CREATE INDEX api_tokens_by_user ON api_tokens (user_id, account_id);

CREATE TABLE invitations (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    -- SHA-256 of what the mail's link carries.
    token_hash BYTEA NOT NULL UNIQUE,
    -- The address of who sent it.
    invited_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    accepted_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX invitations_by_account ON invitations (account_id, id);
CREATE UNIQUE INDEX invitations_one_open ON invitations (account_id, email) WHERE accepted_at IS NULL AND revoked_at IS NULL;
