-- Ways to sign in, beside the password, and links that work once. Of every secret that somebody else holds, only a hash is kept.

-- A link in a mail: proves an address, sets a password anew, changes the address, or takes a change back.
CREATE TABLE mail_links (
    -- SHA-256 of what the link carries.
    token_hash BYTEA PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    purpose TEXT NOT NULL,
    -- The address that it is about: the one it was sent to, or the one that it brings back.
    email TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX mail_links_by_user ON mail_links (user_id, purpose);
CREATE INDEX mail_links_by_end ON mail_links (expires_at);

-- An authenticator app. Confirmed by a code, it is asked for at every sign-in.
CREATE TABLE authenticators (
    user_id TEXT PRIMARY KEY REFERENCES users (id),
    -- Sealed.
    secret BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    confirmed_at BIGINT,
    -- The time step of the last code that was taken: neither it nor an earlier one is taken again.
    last_step BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES users (id),
    code_hash BYTEA NOT NULL,
    PRIMARY KEY (user_id, code_hash)
);

CREATE TABLE passkeys (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    -- As the authenticator names it.
    credential_id BYTEA NOT NULL UNIQUE,
    -- The public key and its counter, JSON.
    credential TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE INDEX passkeys_by_user ON passkeys (user_id, id);

-- What has been begun and waits for the browser: a second factor, a passkey, an answer of an identity provider. Each goes on once.
CREATE TABLE sign_in_steps (
    -- SHA-256 of what the browser holds.
    token_hash BYTEA PRIMARY KEY,
    kind TEXT NOT NULL,
    -- Absent while it is not known who it will be.
    user_id TEXT,
    -- Sealed JSON: challenges, verifiers.
    state BYTEA NOT NULL,
    tries BIGINT NOT NULL DEFAULT 0,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sign_in_steps_by_end ON sign_in_steps (expires_at);

-- Who an identity provider knows somebody as.
CREATE TABLE identities (
    -- The issuer, not the name that the settings give it: that may change its meaning.
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    -- As the provider last said. Nothing is decided by it.
    email TEXT,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE UNIQUE INDEX identities_by_user ON identities (user_id, issuer);
