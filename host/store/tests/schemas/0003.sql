-- A store at schema 3. Never edit it: it stands for the stores of those who have it.
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA foreign_keys = OFF;
BEGIN;
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
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
CREATE TABLE event_entities (
    connection  TEXT NOT NULL,
    entity_kind TEXT NOT NULL,
    entity_id   TEXT NOT NULL,
    event       INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    PRIMARY KEY (connection, entity_kind, entity_id, event)
) STRICT, WITHOUT ROWID;
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
CREATE TABLE cursors (
    trigger    TEXT PRIMARY KEY,
    value      TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE deferred (
    flow  TEXT NOT NULL,
    event INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    PRIMARY KEY (flow, event)
) STRICT, WITHOUT ROWID;
CREATE TABLE flow_configs (
    hash   TEXT PRIMARY KEY,
    config TEXT NOT NULL                        -- JSON
, idle_since INTEGER) STRICT, WITHOUT ROWID;
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
CREATE TABLE run_labels (
    run   TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    name  TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE run_counts (
    flow   TEXT NOT NULL,
    state  TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (flow, state)
) STRICT, WITHOUT ROWID;
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
CREATE TABLE timers (
    run    TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    name   TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;
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
CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    entry    TEXT NOT NULL,                     -- JSON, what is hashed
    previous TEXT NOT NULL,
    hash     TEXT NOT NULL,
    run      TEXT GENERATED ALWAYS AS (json_extract(entry, '$.run')) VIRTUAL
) STRICT;
CREATE TABLE prune_marks (
    what TEXT PRIMARY KEY,
    at   INTEGER NOT NULL,
    id   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE schedules (
    flow       TEXT NOT NULL,
    name       TEXT NOT NULL,
    rhythm     TEXT NOT NULL,                   -- pattern and zone; another one is another schedule
    settled_to INTEGER NOT NULL,
    due_at     INTEGER,                         -- of what was fired last
    fired_at   INTEGER,
    run        TEXT,                            -- what it started or was given to
    note       TEXT,                            -- what became of it, in words
    PRIMARY KEY (flow, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE run_names (
    name TEXT PRIMARY KEY,
    run  TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE TABLE backfills (
    flow     TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,                  -- raised with every write; a write names the one before
    live     INTEGER NOT NULL,
    record   TEXT NOT NULL                      -- JSON
) STRICT, WITHOUT ROWID;
INSERT INTO meta (key, value) VALUES ('probe', '');
INSERT INTO events (id, identity, connection, kind, body, source, received_at, seen, routing, routed) VALUES (1, 'e-e604c2d7c21b135a08c4cf9dddf81c87', 'dam', 'asset.updated', '{"kind":"asset.updated","entity":{"kind":"asset","id":"done"},"version":null,"change-token":"1","occurred-at":1700000000000,"actor":null,"origin":null,"related":[],"data":[],"raw-digest":null}', 'poll', 1700000000000, 1, '["started r-a7d92736015f29b0517a2389 of flow"]', 1);
INSERT INTO events (id, identity, connection, kind, body, source, received_at, seen, routing, routed) VALUES (2, 'e-df598223dc089cd706f4910c24c70ae5', 'dam', 'asset.updated', '{"kind":"asset.updated","entity":{"kind":"asset","id":"kept"},"version":null,"change-token":"1","occurred-at":1700000000000,"actor":null,"origin":null,"related":[],"data":[],"raw-digest":null}', 'poll', 1700000000000, 1, '["kept for off, which cannot take it up now"]', 1);
INSERT INTO events (id, identity, connection, kind, body, source, received_at, seen, routing, routed) VALUES (3, 'e-9f697a5097a5c3cea617f27443554d35', 'dam', 'asset.updated', '{"kind":"asset.updated","entity":{"kind":"asset","id":"unrouted"},"version":null,"change-token":"1","occurred-at":1700000000000,"actor":null,"origin":null,"related":[],"data":[],"raw-digest":null}', 'poll', 1700000000000, 1, '[]', 0);
INSERT INTO event_entities (connection, entity_kind, entity_id, event) VALUES ('dam', 'asset', 'done', 1);
INSERT INTO event_entities (connection, entity_kind, entity_id, event) VALUES ('dam', 'asset', 'kept', 2);
INSERT INTO event_entities (connection, entity_kind, entity_id, event) VALUES ('dam', 'asset', 'unrouted', 3);
INSERT INTO webhooks (id, delivery, body, due_at, attempts, state, error, settled_at) VALUES (1, '{"connection":"dam","endpoint":"upload","method":"POST","path":"/hooks/dam/upload","headers":[{"name":"content-type","value":"application/json"}],"body":[],"received_at":1700000005000}', x'7b226173736574223a22636f6e666964656e7469616c227d', 1700000005000, 0, 'open', NULL, NULL);
INSERT INTO cursors (trigger, value, updated_at) VALUES ('dam', 'page-9', 1700000008000);
INSERT INTO deferred (flow, event) VALUES ('off', 2);
INSERT INTO flow_configs (hash, config, idle_since) VALUES ('hash', '{"stages":["brand"],"weight":0.1}', NULL);
INSERT INTO runs (seq, id, flow, business_key, title, subject_kind, subject_id, labels, state, paused_from, handler, config_hash, state_version, handler_state, activations, waiting_on, outcome, summary, park_reason, attempt, retry_at, last_error, created_at, updated_at, ended_at, item, item_started_at, watermark, failing_since, health_of, epoch, owner, lease_until, runnable_at) VALUES (1, 'r-a7d92736015f29b0517a2389', 'flow', 'done', 'run done', 'asset', 'done', '[["market","DE"]]', 'completed', NULL, '3128389bb1c21bafeaa7b6e627026558f2845a3817f88436925b1ed9f845973e', 'hash', 1, '{"n":1}', 1, NULL, 'approved', 'so it ended', NULL, 0, NULL, NULL, 1700000000000, 1700000001000, 1700000001000, NULL, NULL, NULL, NULL, NULL, 1, NULL, NULL, NULL);
INSERT INTO runs (seq, id, flow, business_key, title, subject_kind, subject_id, labels, state, paused_from, handler, config_hash, state_version, handler_state, activations, waiting_on, outcome, summary, park_reason, attempt, retry_at, last_error, created_at, updated_at, ended_at, item, item_started_at, watermark, failing_since, health_of, epoch, owner, lease_until, runnable_at) VALUES (2, 'r-072ba69e7d467671552ec531', 'flow', 'waits', 'run waits', 'asset', 'waits', '[["market","DE"]]', 'waiting', NULL, '3128389bb1c21bafeaa7b6e627026558f2845a3817f88436925b1ed9f845973e', 'hash', 1, '{"n":1}', 1, '{"summary":"","parties":[],"due-at":null,"link":null}', NULL, NULL, NULL, 0, NULL, NULL, 1700000002000, 1700000003000, NULL, NULL, NULL, NULL, NULL, NULL, 1, NULL, NULL, NULL);
INSERT INTO runs (seq, id, flow, business_key, title, subject_kind, subject_id, labels, state, paused_from, handler, config_hash, state_version, handler_state, activations, waiting_on, outcome, summary, park_reason, attempt, retry_at, last_error, created_at, updated_at, ended_at, item, item_started_at, watermark, failing_since, health_of, epoch, owner, lease_until, runnable_at) VALUES (3, 'r-c0a6940ca0d8691a51c52f95', 'flow', 'parked', 'run parked', 'asset', 'parked', '[["market","DE"]]', 'parked', NULL, '3128389bb1c21bafeaa7b6e627026558f2845a3817f88436925b1ed9f845973e', 'hash', 0, NULL, 0, NULL, NULL, NULL, '{"code":"invalid","message":"words"}', 0, NULL, NULL, 1700000004000, 1700000001000, NULL, 3, 1700000004000, 1, NULL, NULL, 1, NULL, NULL, NULL);
INSERT INTO runs (seq, id, flow, business_key, title, subject_kind, subject_id, labels, state, paused_from, handler, config_hash, state_version, handler_state, activations, waiting_on, outcome, summary, park_reason, attempt, retry_at, last_error, created_at, updated_at, ended_at, item, item_started_at, watermark, failing_since, health_of, epoch, owner, lease_until, runnable_at) VALUES (4, 'r-c388cc5910fd8401b5a9e1b6', 'flow', 'retries', 'run retries', 'asset', 'retries', '[["market","DE"]]', 'retrying', NULL, '3128389bb1c21bafeaa7b6e627026558f2845a3817f88436925b1ed9f845973e', 'hash', 0, NULL, 0, NULL, NULL, NULL, NULL, 1, 1700000800000, 'unavailable', 1700000005000, 1700000001000, NULL, 4, 1700000005000, 1, 1700000001000, 'dam', 1, NULL, NULL, 1700000800000);
INSERT INTO runs (seq, id, flow, business_key, title, subject_kind, subject_id, labels, state, paused_from, handler, config_hash, state_version, handler_state, activations, waiting_on, outcome, summary, park_reason, attempt, retry_at, last_error, created_at, updated_at, ended_at, item, item_started_at, watermark, failing_since, health_of, epoch, owner, lease_until, runnable_at) VALUES (5, 'r-c0217fd8059448a3e4c1addf', 'flow', 'busy', 'run busy', 'asset', 'busy', '[["market","DE"]]', 'running', NULL, '3128389bb1c21bafeaa7b6e627026558f2845a3817f88436925b1ed9f845973e', 'hash', 0, NULL, 0, NULL, NULL, NULL, NULL, 0, NULL, NULL, 1700000006000, 1700000006000, NULL, 5, 1700000006000, 1, NULL, NULL, 1, 'host', 1700000036000, 1700000036000);
INSERT INTO runs (seq, id, flow, business_key, title, subject_kind, subject_id, labels, state, paused_from, handler, config_hash, state_version, handler_state, activations, waiting_on, outcome, summary, park_reason, attempt, retry_at, last_error, created_at, updated_at, ended_at, item, item_started_at, watermark, failing_since, health_of, epoch, owner, lease_until, runnable_at) VALUES (6, 'r-92dfbe38bb704401a31c4011', 'flow', 'fresh', 'run fresh', 'asset', 'fresh', '[["market","DE"]]', 'pending', NULL, '3128389bb1c21bafeaa7b6e627026558f2845a3817f88436925b1ed9f845973e', 'hash', 0, NULL, 0, NULL, NULL, NULL, NULL, 0, NULL, NULL, 1700000007000, 1700000007000, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, 1700000007000);
INSERT INTO run_labels (run, name, value) VALUES ('r-072ba69e7d467671552ec531', 'market', 'DE');
INSERT INTO run_labels (run, name, value) VALUES ('r-92dfbe38bb704401a31c4011', 'market', 'DE');
INSERT INTO run_labels (run, name, value) VALUES ('r-a7d92736015f29b0517a2389', 'market', 'DE');
INSERT INTO run_labels (run, name, value) VALUES ('r-c0217fd8059448a3e4c1addf', 'market', 'DE');
INSERT INTO run_labels (run, name, value) VALUES ('r-c0a6940ca0d8691a51c52f95', 'market', 'DE');
INSERT INTO run_labels (run, name, value) VALUES ('r-c388cc5910fd8401b5a9e1b6', 'market', 'DE');
INSERT INTO run_counts (flow, state, number) VALUES ('flow', 'completed', 1);
INSERT INTO run_counts (flow, state, number) VALUES ('flow', 'parked', 1);
INSERT INTO run_counts (flow, state, number) VALUES ('flow', 'paused', 0);
INSERT INTO run_counts (flow, state, number) VALUES ('flow', 'pending', 1);
INSERT INTO run_counts (flow, state, number) VALUES ('flow', 'retrying', 1);
INSERT INTO run_counts (flow, state, number) VALUES ('flow', 'running', 1);
INSERT INTO run_counts (flow, state, number) VALUES ('flow', 'waiting', 1);
INSERT INTO inbox (id, run, event, timer, urgent, content, arrived_at, settled_at, fate) VALUES (1, 'r-a7d92736015f29b0517a2389', 1, 0, 0, '{"event":{"connection":"dam","role":"source","event":{"kind":"asset.updated","entity":{"kind":"asset","id":"done"},"version":null,"change-token":"1","occurred-at":1700000000000,"actor":null,"origin":null,"related":[],"data":[],"raw-digest":null}}}', 1700000000000, 1700000001000, 'consumed');
INSERT INTO inbox (id, run, event, timer, urgent, content, arrived_at, settled_at, fate) VALUES (2, 'r-072ba69e7d467671552ec531', NULL, 0, 0, '{"request":"{}"}', 1700000002000, 1700000003000, 'consumed');
INSERT INTO inbox (id, run, event, timer, urgent, content, arrived_at, settled_at, fate) VALUES (3, 'r-c0a6940ca0d8691a51c52f95', NULL, 0, 0, '{"request":"{}"}', 1700000004000, NULL, NULL);
INSERT INTO inbox (id, run, event, timer, urgent, content, arrived_at, settled_at, fate) VALUES (4, 'r-c388cc5910fd8401b5a9e1b6', NULL, 0, 0, '{"request":"{}"}', 1700000005000, NULL, NULL);
INSERT INTO inbox (id, run, event, timer, urgent, content, arrived_at, settled_at, fate) VALUES (5, 'r-c0217fd8059448a3e4c1addf', NULL, 0, 0, '{"request":"{}"}', 1700000006000, NULL, NULL);
INSERT INTO inbox (id, run, event, timer, urgent, content, arrived_at, settled_at, fate) VALUES (6, 'r-92dfbe38bb704401a31c4011', NULL, 0, 0, '{"request":"{}"}', 1700000007000, NULL, NULL);
INSERT INTO journal (run, activation, position, entry) VALUES ('r-072ba69e7d467671552ec531', 1, 0, '{"activation":1,"index":0,"function":{"interface":"forebay:workflow/workflow-sink","function":"start"},"connection":"dam","arguments":[0.1,"x"],"mutating":true,"key":"key-0","attempts":1,"result":{"ok":{"id":"p-1"}},"observed":false,"audited":true,"started_at":1700000000000,"ended_at":null}');
INSERT INTO journal (run, activation, position, entry) VALUES ('r-c0a6940ca0d8691a51c52f95', 1, 0, '{"activation":1,"index":0,"function":{"interface":"forebay:workflow/workflow-sink","function":"start"},"connection":"dam","arguments":[0.1,"x"],"mutating":true,"key":"key-0","attempts":1,"result":null,"observed":false,"audited":true,"started_at":1700000000000,"ended_at":null}');
INSERT INTO waits (run, role, connection, entity_kind, entity_id, kinds) VALUES ('r-072ba69e7d467671552ec531', 'source', 'dam', 'asset', 'asset-7', '[]');
INSERT INTO timers (run, name, due_at) VALUES ('r-072ba69e7d467671552ec531', 'reminder', 1700000900000);
INSERT INTO steps (run, activation, record) VALUES ('r-072ba69e7d467671552ec531', 1, '{"activation":1,"trigger":"request","result":"waiting","summary":"","attempts":1,"started_at":1700000002000,"ended_at":1700000003000,"handler":"3128389bb1c21bafeaa7b6e627026558f2845a3817f88436925b1ed9f845973e"}');
INSERT INTO steps (run, activation, record) VALUES ('r-a7d92736015f29b0517a2389', 1, '{"activation":1,"trigger":"asset.updated","result":"waiting","summary":"","attempts":1,"started_at":1700000001000,"ended_at":1700000001000,"handler":"3128389bb1c21bafeaa7b6e627026558f2845a3817f88436925b1ed9f845973e"}');
INSERT INTO requests (key, fingerprint, run, at) VALUES ('ops:1', 'f', 'r-92dfbe38bb704401a31c4011', 1700000007000);
INSERT INTO notices (id, run, channel, message, at) VALUES (1, 'r-072ba69e7d467671552ec531', 'ops', 'a review has begun', 1700000003000);
INSERT INTO audit (sequence, entry, previous, hash) VALUES (1, '{"at":1700000000000,"run":"r-a7d92736015f29b0517a2389","flow":"flow","actor":"system","action":"run.started","details":{"business-key":"done","title":"run done","subject":{"kind":"asset","id":"done"},"trigger":"asset.updated","handler":"3128389bb1c21bafeaa7b6e627026558f2845a3817f88436925b1ed9f845973e","config-hash":"hash"}}', '0000000000000000000000000000000000000000000000000000000000000000', 'ac571ebb1b29a3ecb08154214f685f5437be61fc7c2b3066e74103e6ab9e30d3');
INSERT INTO audit (sequence, entry, previous, hash) VALUES (2, '{"at":1700000001000,"run":"r-a7d92736015f29b0517a2389","flow":"flow","actor":"system","action":"run.completed","details":{"outcome":"approved","summary":"so it ended"}}', 'ac571ebb1b29a3ecb08154214f685f5437be61fc7c2b3066e74103e6ab9e30d3', '01477a9d276dc01ba5967650f4a0511772399f43476880945f9a4fe2d841c27e');
INSERT INTO audit (sequence, entry, previous, hash) VALUES (3, '{"at":1700000002000,"run":"r-072ba69e7d467671552ec531","flow":"flow","actor":"system","action":"run.started","details":{"business-key":"waits","title":"run waits","subject":{"kind":"asset","id":"waits"},"trigger":"request","handler":"3128389bb1c21bafeaa7b6e627026558f2845a3817f88436925b1ed9f845973e","config-hash":"hash"}}', '01477a9d276dc01ba5967650f4a0511772399f43476880945f9a4fe2d841c27e', '34c50d310b5491937e501d38cd459df872e3385d9b5f30cbf3db95ca306792ae');
INSERT INTO audit (sequence, entry, previous, hash) VALUES (4, '{"at":1700000000000,"run":"r-072ba69e7d467671552ec531","flow":null,"actor":"operator:ann","action":"operator","details":{"fraction":0.1,"tiny":1e-7,"odd":2.225073858507201e-308,"before":{"state":"waiting","activations":1,"outcome":null,"parked":null,"handler":"3128389bb1c21bafeaa7b6e627026558f2845a3817f88436925b1ed9f845973e","configuration":"hash","state-version":1},"after":{"state":"paused","activations":1,"outcome":null,"parked":null,"handler":"3128389bb1c21bafeaa7b6e627026558f2845a3817f88436925b1ed9f845973e","configuration":"hash","state-version":1}}}', '34c50d310b5491937e501d38cd459df872e3385d9b5f30cbf3db95ca306792ae', '6ea96839f21ba84fdeac547b1eb319b50f12a27fb11d55fad6e55b90520e3480');
INSERT INTO audit (sequence, entry, previous, hash) VALUES (5, '{"at":1700000000000,"run":"r-072ba69e7d467671552ec531","flow":null,"actor":"operator:ann","action":"operator","details":{"fraction":0.1,"tiny":1e-7,"odd":2.225073858507201e-308,"before":{"state":"paused","activations":1,"outcome":null,"parked":null,"handler":"3128389bb1c21bafeaa7b6e627026558f2845a3817f88436925b1ed9f845973e","configuration":"hash","state-version":1},"after":{"state":"waiting","activations":1,"outcome":null,"parked":null,"handler":"3128389bb1c21bafeaa7b6e627026558f2845a3817f88436925b1ed9f845973e","configuration":"hash","state-version":1}}}', '6ea96839f21ba84fdeac547b1eb319b50f12a27fb11d55fad6e55b90520e3480', '4386186ad47bd10da5246af735be645a4ace4991439990141cebc86c855c7bae');
INSERT INTO audit (sequence, entry, previous, hash) VALUES (6, '{"at":1700000004000,"run":"r-c0a6940ca0d8691a51c52f95","flow":"flow","actor":"system","action":"run.started","details":{"business-key":"parked","title":"run parked","subject":{"kind":"asset","id":"parked"},"trigger":"request","handler":"3128389bb1c21bafeaa7b6e627026558f2845a3817f88436925b1ed9f845973e","config-hash":"hash"}}', '4386186ad47bd10da5246af735be645a4ace4991439990141cebc86c855c7bae', '6bf5d70661862a4bb1029a5cec13017942221c6c3ff4d91e171e71daff6cfc31');
INSERT INTO audit (sequence, entry, previous, hash) VALUES (7, '{"at":1700000001000,"run":"r-c0a6940ca0d8691a51c52f95","flow":"flow","actor":"system","action":"run.parked","details":{"code":"invalid","message":"words"}}', '6bf5d70661862a4bb1029a5cec13017942221c6c3ff4d91e171e71daff6cfc31', '9db3b7cc348f3e640b02e703492fb4076c4ea6e34a3889420eabde4404974c42');
INSERT INTO audit (sequence, entry, previous, hash) VALUES (8, '{"at":1700000005000,"run":"r-c388cc5910fd8401b5a9e1b6","flow":"flow","actor":"system","action":"run.started","details":{"business-key":"retries","title":"run retries","subject":{"kind":"asset","id":"retries"},"trigger":"request","handler":"3128389bb1c21bafeaa7b6e627026558f2845a3817f88436925b1ed9f845973e","config-hash":"hash"}}', '9db3b7cc348f3e640b02e703492fb4076c4ea6e34a3889420eabde4404974c42', '2a1c30da7b544a8f6de0e9eb9836fc63baf09548ef4d82812a7e89fd74dd88ac');
INSERT INTO audit (sequence, entry, previous, hash) VALUES (9, '{"at":1700000006000,"run":"r-c0217fd8059448a3e4c1addf","flow":"flow","actor":"system","action":"run.started","details":{"business-key":"busy","title":"run busy","subject":{"kind":"asset","id":"busy"},"trigger":"request","handler":"3128389bb1c21bafeaa7b6e627026558f2845a3817f88436925b1ed9f845973e","config-hash":"hash"}}', '2a1c30da7b544a8f6de0e9eb9836fc63baf09548ef4d82812a7e89fd74dd88ac', '677aa18baa3dbd15408aa6a111192d59e7f77d89d740f855a7748396cb4780e8');
INSERT INTO audit (sequence, entry, previous, hash) VALUES (10, '{"at":1700000007000,"run":"r-92dfbe38bb704401a31c4011","flow":"flow","actor":"system","action":"run.started","details":{"business-key":"fresh","title":"run fresh","subject":{"kind":"asset","id":"fresh"},"trigger":"request","handler":"3128389bb1c21bafeaa7b6e627026558f2845a3817f88436925b1ed9f845973e","config-hash":"hash"}}', '677aa18baa3dbd15408aa6a111192d59e7f77d89d740f855a7748396cb4780e8', '2f85d899bbd4d2e2862c86d69f835d24ef1d90ca085c8765ab20b47fbd411b67');
INSERT INTO audit (sequence, entry, previous, hash) VALUES (11, '{"at":1700000000000,"run":"r-072ba69e7d467671552ec531","flow":null,"actor":"operator:ann","action":"looked","details":{"fraction":0.1,"tiny":1e-7,"odd":2.225073858507201e-308}}', '2f85d899bbd4d2e2862c86d69f835d24ef1d90ca085c8765ab20b47fbd411b67', '922731fb0217bfb3369c54ee83654d663fd177b6ac16e2bf5c77dc9e9133f2f1');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence (name, seq) VALUES ('events', 3);
INSERT INTO sqlite_sequence (name, seq) VALUES ('runs', 6);
INSERT INTO sqlite_sequence (name, seq) VALUES ('inbox', 6);
INSERT INTO sqlite_sequence (name, seq) VALUES ('notices', 1);
INSERT INTO sqlite_sequence (name, seq) VALUES ('webhooks', 1);
CREATE INDEX events_unrouted ON events (id) WHERE routed = 0;
CREATE INDEX events_by_connection ON events (connection, id);
CREATE INDEX events_by_kind ON events (kind, id);
CREATE INDEX event_entities_of_event ON event_entities (event);
CREATE INDEX event_entities_by_id ON event_entities (entity_id, event);
CREATE INDEX webhooks_due ON webhooks (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhooks_put_off ON webhooks (due_at) WHERE due_at IS NOT NULL AND attempts > 0;
CREATE INDEX deferred_of_event ON deferred (event);
CREATE UNIQUE INDEX runs_live_key ON runs (flow, business_key) WHERE ended_at IS NULL;
CREATE INDEX runs_runnable ON runs (runnable_at, seq, flow) WHERE runnable_at IS NOT NULL;
CREATE INDEX runs_due_by_state ON runs (state, runnable_at) WHERE runnable_at IS NOT NULL;
CREATE INDEX runs_health ON runs (health_of) WHERE health_of IS NOT NULL;
CREATE INDEX runs_live_handler ON runs (handler) WHERE ended_at IS NULL;
CREATE INDEX runs_by_flow ON runs (flow, seq);
CREATE INDEX runs_by_state ON runs (state, seq);
CREATE INDEX runs_by_key ON runs (business_key, seq);
CREATE INDEX runs_by_subject ON runs (subject_id, seq);
CREATE INDEX runs_by_creation ON runs (created_at);
CREATE INDEX run_labels_by_value ON run_labels (name, value, run);
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
CREATE INDEX inbox_open ON inbox (run, urgent DESC, id) WHERE settled_at IS NULL;
CREATE INDEX waits_by_entity ON waits (connection, entity_kind, entity_id);
CREATE INDEX waits_of_run ON waits (run);
CREATE INDEX timers_due ON timers (due_at);
CREATE INDEX notices_of_run ON notices (run, id);
CREATE INDEX audit_of_run ON audit (run, sequence);
CREATE INDEX inbox_of_event ON inbox (event) WHERE event IS NOT NULL;
CREATE INDEX runs_ended ON runs (ended_at, seq) WHERE ended_at IS NOT NULL;
CREATE INDEX runs_open_activation ON runs (watermark) WHERE watermark IS NOT NULL;
CREATE INDEX runs_by_config ON runs (config_hash);
CREATE INDEX webhooks_settled ON webhooks (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX requests_by_time ON requests (at);
CREATE INDEX run_names_of_run ON run_names (run);
CREATE INDEX backfills_live ON backfills (flow) WHERE live = 1;
PRAGMA user_version = 3;
COMMIT;
