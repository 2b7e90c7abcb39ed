-- Names: `*_at` are milliseconds since 1970 in UTC; texts that hold JSON say so.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- ---- Intake --------------------------------------------------------------------------------------

-- AUTOINCREMENT: a number must never be given twice, watermarks of activations rely on the order.
CREATE TABLE events (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    identity    TEXT NOT NULL UNIQUE,
    connection  TEXT NOT NULL,
    kind        TEXT NOT NULL,
    body        TEXT NOT NULL,                  -- JSON
    source      TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    seen        INTEGER NOT NULL DEFAULT 1,
    routing     TEXT NOT NULL DEFAULT '[]',     -- JSON
    routed      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX events_unrouted ON events (id) WHERE routed = 0;
CREATE INDEX events_by_connection ON events (connection, id);
CREATE INDEX events_by_kind ON events (kind, id);

-- Every entity an event is delivered for: its own and the related ones.
CREATE TABLE event_entities (
    connection  TEXT NOT NULL,
    entity_kind TEXT NOT NULL,
    entity_id   TEXT NOT NULL,
    event       INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    PRIMARY KEY (connection, entity_kind, entity_id, event)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_entities_of_event ON event_entities (event);
CREATE INDEX event_entities_by_id ON event_entities (entity_id, event);

CREATE TABLE webhooks (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery    TEXT NOT NULL,                  -- JSON, without the body
    body        BLOB NOT NULL,
    due_at      INTEGER,                        -- NULL once settled
    attempts    INTEGER NOT NULL DEFAULT 0,
    state       TEXT NOT NULL DEFAULT 'open',   -- open, settled, rejected
    error       TEXT,
    settled_at  INTEGER
) STRICT;
CREATE INDEX webhooks_due ON webhooks (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhooks_put_off ON webhooks (due_at) WHERE due_at IS NOT NULL AND attempts > 0;

CREATE TABLE cursors (
    trigger    TEXT PRIMARY KEY,
    value      TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Events kept for flows that are switched off.
CREATE TABLE deferred (
    flow  TEXT NOT NULL,
    event INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    PRIMARY KEY (flow, event)
) STRICT, WITHOUT ROWID;
CREATE INDEX deferred_of_event ON deferred (event);

-- ---- Runs ----------------------------------------------------------------------------------------

CREATE TABLE flow_configs (
    hash   TEXT PRIMARY KEY,
    config TEXT NOT NULL                        -- JSON
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL UNIQUE,
    flow            TEXT NOT NULL,
    business_key    TEXT NOT NULL,
    title           TEXT NOT NULL,
    subject_kind    TEXT NOT NULL,
    subject_id      TEXT NOT NULL,
    labels          TEXT NOT NULL,              -- JSON; run_labels is what is searched
    state           TEXT NOT NULL,
    paused_from     TEXT,                       -- where a paused run stands underneath
    handler         TEXT NOT NULL,
    config_hash     TEXT NOT NULL,
    state_version   INTEGER NOT NULL DEFAULT 0,
    handler_state   TEXT,
    activations     INTEGER NOT NULL DEFAULT 0,
    waiting_on      TEXT,                       -- JSON
    outcome         TEXT,
    summary         TEXT,
    park_reason     TEXT,                       -- JSON
    attempt         INTEGER NOT NULL DEFAULT 0,
    retry_at        INTEGER,
    last_error      TEXT,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    ended_at        INTEGER,

    -- The open activation: its inbox item, when it first began, the newest event known then, since
    -- when it fails, whose health it waits for.
    item            INTEGER,
    item_started_at INTEGER,
    watermark       INTEGER,
    failing_since   INTEGER,
    health_of       TEXT,

    -- Ownership. `owner` is there while a claim is held; a write needs it and the right epoch.
    epoch           INTEGER NOT NULL DEFAULT 0,
    owner           TEXT,
    lease_until     INTEGER,

    -- When the run can be claimed; NULL when it has nothing to do or may not do it.
    runnable_at     INTEGER
) STRICT;
CREATE UNIQUE INDEX runs_live_key ON runs (flow, business_key) WHERE ended_at IS NULL;
-- `flow` rides along so that left-out flows are passed over without reading their rows.
CREATE INDEX runs_runnable ON runs (runnable_at, seq, flow) WHERE runnable_at IS NOT NULL;
CREATE INDEX runs_due_by_state ON runs (state, runnable_at) WHERE runnable_at IS NOT NULL;
CREATE INDEX runs_health ON runs (health_of) WHERE health_of IS NOT NULL;
CREATE INDEX runs_live_handler ON runs (handler) WHERE ended_at IS NULL;
CREATE INDEX runs_by_flow ON runs (flow, seq);
CREATE INDEX runs_by_state ON runs (state, seq);
CREATE INDEX runs_by_key ON runs (business_key, seq);
CREATE INDEX runs_by_subject ON runs (subject_id, seq);
CREATE INDEX runs_by_creation ON runs (created_at);

CREATE TABLE run_labels (
    run   TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    name  TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_labels_by_value ON run_labels (name, value, run);

-- Counting a million rows for a dashboard would be a scan; the triggers keep the numbers.
CREATE TABLE run_counts (
    flow   TEXT NOT NULL,
    state  TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (flow, state)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER runs_count_new AFTER INSERT ON runs BEGIN
    INSERT INTO run_counts (flow, state, number) VALUES (NEW.flow, NEW.state, 1)
        ON CONFLICT (flow, state) DO UPDATE SET number = number + 1;
END;
CREATE TRIGGER runs_count_moved AFTER UPDATE OF state ON runs WHEN OLD.state <> NEW.state BEGIN
    UPDATE run_counts SET number = number - 1 WHERE flow = OLD.flow AND state = OLD.state;
    INSERT INTO run_counts (flow, state, number) VALUES (NEW.flow, NEW.state, 1)
        ON CONFLICT (flow, state) DO UPDATE SET number = number + 1;
END;
CREATE TRIGGER runs_count_gone AFTER DELETE ON runs BEGIN
    UPDATE run_counts SET number = number - 1 WHERE flow = OLD.flow AND state = OLD.state;
END;

-- What came for a run, in order of arrival. Settled items stay: they keep an event from being
-- delivered to the same run again.
CREATE TABLE inbox (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    run        TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    event      INTEGER,                         -- NULL for what is not an event
    timer      INTEGER NOT NULL DEFAULT 0,
    urgent     INTEGER NOT NULL DEFAULT 0,      -- goes before everything else
    content    TEXT NOT NULL,                   -- JSON
    arrived_at INTEGER NOT NULL,
    settled_at INTEGER,
    fate       TEXT,                            -- consumed, dropped, replaced
    UNIQUE (run, event)
) STRICT;
CREATE INDEX inbox_open ON inbox (run, urgent DESC, id) WHERE settled_at IS NULL;

CREATE TABLE journal (
    run        TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    activation INTEGER NOT NULL,
    position   INTEGER NOT NULL,
    entry      TEXT NOT NULL,                   -- JSON
    UNIQUE (run, activation, position)
) STRICT;

CREATE TABLE waits (
    run         TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    role        TEXT NOT NULL,
    connection  TEXT NOT NULL,
    entity_kind TEXT NOT NULL,
    entity_id   TEXT NOT NULL,
    kinds       TEXT NOT NULL                   -- JSON; [] for all
) STRICT;
CREATE INDEX waits_by_entity ON waits (connection, entity_kind, entity_id);
CREATE INDEX waits_of_run ON waits (run);

CREATE TABLE timers (
    run    TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    name   TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX timers_due ON timers (due_at);

CREATE TABLE steps (
    run        TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    activation INTEGER NOT NULL,
    record     TEXT NOT NULL,                   -- JSON
    PRIMARY KEY (run, activation)
) STRICT, WITHOUT ROWID;

CREATE TABLE requests (
    key         TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    run         TEXT NOT NULL,
    at          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE notices (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    run     TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    channel TEXT NOT NULL,
    message TEXT NOT NULL,
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX notices_of_run ON notices (run, id);

-- ---- Audit ---------------------------------------------------------------------------------------

-- The run is derived from the hashed text, so that nobody can move a record to another run.
CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    entry    TEXT NOT NULL,                     -- JSON, what is hashed
    previous TEXT NOT NULL,
    hash     TEXT NOT NULL,
    run      TEXT GENERATED ALWAYS AS (json_extract(entry, '$.run')) VIRTUAL
) STRICT;
CREATE INDEX audit_of_run ON audit (run, sequence);

INSERT INTO meta (key, value) VALUES ('probe', '');
