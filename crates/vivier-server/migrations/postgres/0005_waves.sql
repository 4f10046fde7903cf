-- Lines of releases that deployments follow.
CREATE TABLE channels (
    name TEXT PRIMARY KEY,
    -- Absent until the first release has reached everybody.
    release_id TEXT REFERENCES releases (id),
    promoted_at BIGINT,
    promoted_by TEXT,
    -- Raised by whoever must be alone with the channel for the length of a transaction.
    version BIGINT NOT NULL DEFAULT 0
);
INSERT INTO channels (name) VALUES ('stable'), ('canary');

-- What a channel has had.
CREATE TABLE promotions (
    id TEXT PRIMARY KEY,
    channel TEXT NOT NULL REFERENCES channels (name),
    release_id TEXT REFERENCES releases (id),
    at BIGINT NOT NULL,
    author TEXT NOT NULL
);
CREATE INDEX promotions_by_channel ON promotions (channel, id);

-- The channel that a deployment follows; absent: it is pinned to its release.
ALTER TABLE deployments ADD COLUMN follows TEXT REFERENCES channels (name);
-- The maintenance window, as text.
ALTER TABLE deployments ADD COLUMN maintenance TEXT;
CREATE INDEX deployments_by_follows ON deployments (follows);

CREATE TABLE waves (
    id TEXT PRIMARY KEY,
    channel TEXT NOT NULL REFERENCES channels (name),
    release_id TEXT NOT NULL REFERENCES releases (id),
    -- What the channel had before.
    previous_id TEXT REFERENCES releases (id),
    -- JSON: WavePlan.
    plan TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    -- From 0.
    stage BIGINT NOT NULL DEFAULT 0,
    -- JSON: when each stage began and ended.
    stages TEXT NOT NULL,
    -- What becomes of the data at a revert; absent: as each deployment's plan says.
    data TEXT,
    author TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- When something happened last.
    changed_at BIGINT NOT NULL,
    ended_at BIGINT,
    version BIGINT NOT NULL DEFAULT 1
);
-- One at a time moves a channel's followers.
CREATE UNIQUE INDEX waves_open ON waves (channel) WHERE state IN ('running', 'paused', 'halted', 'reverting');

CREATE TABLE wave_members (
    wave_id TEXT NOT NULL REFERENCES waves (id),
    -- In the order in which they are taken.
    position BIGINT NOT NULL,
    deployment_id TEXT NOT NULL REFERENCES deployments (id),
    state TEXT NOT NULL,
    reason TEXT,
    -- A failure that an operator has let the wave go on after.
    forgiven BIGINT NOT NULL DEFAULT 0,
    -- The stage that began with it, from 0.
    stage BIGINT,
    -- The revision that it had, the one that it got, and the one that brings it back.
    had BIGINT,
    revision BIGINT,
    back BIGINT,
    begun_at BIGINT,
    decided_at BIGINT,
    PRIMARY KEY (wave_id, position)
);
CREATE INDEX wave_members_by_deployment ON wave_members (deployment_id);
CREATE INDEX wave_members_under_way ON wave_members (state) WHERE state IN ('moving', 'returning');
