-- Schedules, other names of runs, and backfills.

-- Up to when a schedule is settled: nothing at or before `settled_to` is fired any more.
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

-- Names under which a run was promised to others that wanted to start it and found it live.
CREATE TABLE run_names (
    name TEXT PRIMARY KEY,
    run  TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX run_names_of_run ON run_names (run);

-- The latest backfill of each flow.
CREATE TABLE backfills (
    flow     TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,                  -- raised with every write; a write names the one before
    live     INTEGER NOT NULL,
    record   TEXT NOT NULL                      -- JSON
) STRICT, WITHOUT ROWID;
CREATE INDEX backfills_live ON backfills (flow) WHERE live = 1;
