-- One program writes: `arclab`. Workers append to journals, which it stores here.
-- Times are Unix milliseconds. Seeds are unsigned 64-bit numbers kept as the signed number of the same bits.

-- What people declared. A row a version: a variant whose meaning changed has several.
CREATE TABLE specs (
    id          INTEGER PRIMARY KEY,
    experiment  TEXT    NOT NULL,
    variant     TEXT    NOT NULL,
    digest      TEXT    NOT NULL,          -- of `resolved`
    text        TEXT,                      -- the file as written
    resolved    TEXT    NOT NULL,          -- JSON, everything it extends applied
    hypothesis  TEXT    NOT NULL,
    parent      TEXT,
    recorded_ms INTEGER NOT NULL,
    UNIQUE (experiment, variant, digest)
) STRICT;

-- What plans were made over.
CREATE TABLE data_sets (
    fingerprint TEXT    PRIMARY KEY,
    summary     TEXT    NOT NULL,
    recorded_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE plans (
    hash       TEXT    PRIMARY KEY,
    plan       TEXT    NOT NULL,           -- JSON, with the paths of the newest planning
    seed       INTEGER NOT NULL,
    data       TEXT    NOT NULL REFERENCES data_sets (fingerprint),
    planned_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Which plan stands for a variant's seed: the newest planning wins. Variants with one plan share its run.
CREATE TABLE variant_plans (
    experiment TEXT    NOT NULL,
    variant    TEXT    NOT NULL,
    seed       INTEGER NOT NULL,
    plan       TEXT    NOT NULL REFERENCES plans (hash),
    spec       INTEGER NOT NULL REFERENCES specs (id),
    planned_ms INTEGER NOT NULL,
    PRIMARY KEY (experiment, variant, seed)
) STRICT, WITHOUT ROWID;
CREATE INDEX variant_plans_by_plan ON variant_plans (plan);

-- One current run a plan.
CREATE TABLE runs (
    id             INTEGER PRIMARY KEY,
    name           TEXT    NOT NULL UNIQUE,
    plan           TEXT    NOT NULL UNIQUE REFERENCES plans (hash),
    experiment     TEXT    NOT NULL,       -- that it was first planned for
    variant        TEXT    NOT NULL,
    state          TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    attempt        INTEGER,                -- the next while queued, else the last
    run_failure_kind TEXT  CHECK (run_failure_kind IN ('infrastructure', 'run')),
    afresh         INTEGER NOT NULL DEFAULT 0,   -- the next attempt drops checkpoints and results
    request        TEXT    NOT NULL,       -- JSON: device, threads, memory
    journal_offset INTEGER NOT NULL DEFAULT 0,   -- bytes of events.jsonl that are stored here
    skipped_lines  INTEGER NOT NULL DEFAULT 0,
    created_ms     INTEGER NOT NULL,
    moved_ms       INTEGER NOT NULL,       -- when `state` last changed
    CHECK ((attempt IS NULL) = (state = 'cancelled')),
    CHECK ((run_failure_kind IS NOT NULL) = (state = 'failed'))
) STRICT;
CREATE INDEX runs_by_state ON runs (state);

CREATE TABLE attempts (
    run               INTEGER NOT NULL REFERENCES runs (id),
    number            INTEGER NOT NULL,
    -- As launched.
    threads           INTEGER NOT NULL,
    gpu               INTEGER,
    program_version   TEXT    NOT NULL,
    git_commit        TEXT,
    git_dirty         INTEGER,
    launched_ms       INTEGER NOT NULL,
    pid               INTEGER,
    -- As the worker reports.
    host              TEXT,
    device            TEXT,
    worker_version    TEXT,
    kernels           TEXT,
    started_ms        INTEGER,
    from_epoch        INTEGER,
    from_step         INTEGER,
    epochs            INTEGER,
    steps             INTEGER,
    at_epoch          INTEGER,
    at_step           INTEGER,
    reported          TEXT    CHECK (reported IN ('finished', 'interrupted', 'failed')),
    wall_seconds      REAL,
    cpu_seconds       REAL,
    peak_memory_bytes INTEGER,
    -- As it ended.
    ended_ms          INTEGER,
    outcome           TEXT    CHECK (outcome IN ('finished', 'interrupted', 'retried', 'failed')),
    exit_code         INTEGER,
    signal            INTEGER,
    failure_kind      TEXT    CHECK (failure_kind IN ('infrastructure', 'run')),
    failure_message   TEXT,
    log_tail          TEXT,
    PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE metric_names (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- By far the largest table: integers for names, and the key is the table.
CREATE TABLE metrics (
    run   INTEGER NOT NULL REFERENCES runs (id),
    name  INTEGER NOT NULL REFERENCES metric_names (id),
    scope INTEGER NOT NULL CHECK (scope IN (0, 1)),   -- of a step, of an epoch
    step  INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    value REAL    NOT NULL,
    PRIMARY KEY (run, name, scope, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE pair_lists (
    id              INTEGER PRIMARY KEY,
    fingerprint     TEXT    NOT NULL UNIQUE,
    name            TEXT    NOT NULL,      -- of the protocol that first used it
    same_count      INTEGER NOT NULL,
    different_count INTEGER NOT NULL
) STRICT;

CREATE TABLE pairs (
    list     INTEGER NOT NULL REFERENCES pair_lists (id),
    position INTEGER NOT NULL,
    a        TEXT    NOT NULL,
    b        TEXT    NOT NULL,
    same     INTEGER NOT NULL CHECK (same IN (0, 1)),
    fold     INTEGER,
    PRIMARY KEY (list, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE evaluations (
    run             INTEGER NOT NULL REFERENCES runs (id),
    protocol        TEXT    NOT NULL,
    pair_list       INTEGER NOT NULL REFERENCES pair_lists (id),
    attempt         INTEGER NOT NULL,
    evaluation      TEXT    NOT NULL,      -- JSON, whole; the columns below are for filters
    threshold       REAL,                  -- mean over folds
    accuracy        REAL    NOT NULL,
    true_positives  INTEGER NOT NULL,
    false_positives INTEGER NOT NULL,
    true_negatives  INTEGER NOT NULL,
    false_negatives INTEGER NOT NULL,
    auc             REAL    NOT NULL,
    best_accuracy   REAL    NOT NULL,
    evaluated_ms    INTEGER NOT NULL,
    PRIMARY KEY (run, protocol)
) STRICT, WITHOUT ROWID;

-- Little-endian float32 cosine similarities in the pair list's order.
CREATE TABLE scores (
    run       INTEGER NOT NULL REFERENCES runs (id),
    pair_list INTEGER NOT NULL REFERENCES pair_lists (id),
    scores    BLOB    NOT NULL,
    PRIMARY KEY (run, pair_list)
) STRICT;
