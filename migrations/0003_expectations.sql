-- What specs expected of their runs, with the time at which it was first recorded: what was changed later is another row.
CREATE TABLE expectations (
    experiment  TEXT    NOT NULL,
    variant     TEXT    NOT NULL,
    expected    TEXT    NOT NULL,          -- JSON, a list
    recorded_ms INTEGER NOT NULL,
    PRIMARY KEY (experiment, variant, expected)
) STRICT, WITHOUT ROWID;
