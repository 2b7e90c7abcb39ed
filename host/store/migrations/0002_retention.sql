-- What finding old rows needs.

CREATE INDEX inbox_of_event ON inbox (event) WHERE event IS NOT NULL;
CREATE INDEX runs_ended ON runs (ended_at, seq) WHERE ended_at IS NOT NULL;
CREATE INDEX runs_open_activation ON runs (watermark) WHERE watermark IS NOT NULL;
CREATE INDEX runs_by_config ON runs (config_hash);
CREATE INDEX webhooks_settled ON webhooks (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX requests_by_time ON requests (at);

-- Since when no run needs a configuration; NULL while one does, or while it may be started with.
ALTER TABLE flow_configs ADD COLUMN idle_since INTEGER;

-- How far a round of pruning has come.
CREATE TABLE prune_marks (
    what TEXT PRIMARY KEY,
    at   INTEGER NOT NULL,
    id   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
