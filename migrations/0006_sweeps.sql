-- Sweeps as they were planned last: what is needed to go on with one whose runs are chosen by results, and to report it.
CREATE TABLE sweeps (
    experiment  TEXT    PRIMARY KEY,
    declared    TEXT    NOT NULL,          -- JSON, what the spec says
    file        TEXT    NOT NULL,          -- the spec
    overrides   TEXT    NOT NULL,          -- JSON, a list: `--set` beside it
    against     TEXT    NOT NULL,          -- the variant that cells are held against
    is_open     INTEGER NOT NULL,          -- whether it is being carried out
    recorded_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sweep_cells (
    experiment TEXT    NOT NULL REFERENCES sweeps (experiment),
    number     INTEGER NOT NULL,
    variant    TEXT    NOT NULL,
    cell       TEXT    NOT NULL,           -- JSON: places on the axes, and values
    PRIMARY KEY (experiment, number)
) STRICT, WITHOUT ROWID;
