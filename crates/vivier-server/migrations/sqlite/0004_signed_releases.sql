-- What the host says of a release; read anew at every look.
ALTER TABLE releases ADD COLUMN notes TEXT;
ALTER TABLE releases ADD COLUMN verdict TEXT NOT NULL DEFAULT 'unscanned';
-- Why the operator starts it although it is unscanned.
ALTER TABLE releases ADD COLUMN accepted TEXT;
ALTER TABLE releases ADD COLUMN withdrawn_at INTEGER;
ALTER TABLE releases ADD COLUMN withdrawn_reason TEXT;
ALTER TABLE releases ADD COLUMN signed_by TEXT NOT NULL DEFAULT '';
-- Paths on the host's disk.
ALTER TABLE releases ADD COLUMN sbom TEXT;
ALTER TABLE releases ADD COLUMN provenance TEXT;
