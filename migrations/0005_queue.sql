-- The queue: what a person asked of a run, and what the scheduler keeps of it from one start to the next.
ALTER TABLE runs ADD COLUMN submitted_ms INTEGER;                  -- in the queue since; none: planned, and nobody asked for it
ALTER TABLE runs ADD COLUMN priority REAL NOT NULL DEFAULT 0;
-- Its place in line, the smaller first: when it came, less an hour for each level of priority. Waiting runs age at one
-- pace, so their order never changes by itself, and an index has it.
ALTER TABLE runs ADD COLUMN place REAL NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN held TEXT CHECK (held IN ('person', 'search'));     -- not begun while this is so
ALTER TABLE runs ADD COLUMN asked TEXT CHECK (asked IN ('cancel', 'pause'));    -- of a worker at work, for its scheduler
ALTER TABLE runs ADD COLUMN refused TEXT;                          -- why the scheduler took it out of the queue
ALTER TABLE runs ADD COLUMN until_epoch INTEGER;                   -- attempts end with a checkpoint after so many epochs
ALTER TABLE runs ADD COLUMN not_before_ms INTEGER;                 -- an attempt died: the next waits until then
ALTER TABLE runs ADD COLUMN deaths INTEGER NOT NULL DEFAULT 0;     -- attempts that died since it was asked for
ALTER TABLE runs ADD COLUMN parts INTEGER;                         -- batches in so many parts, since memory ran out
CREATE INDEX runs_by_place ON runs (state, place) WHERE submitted_ms IS NOT NULL;

-- What a run waits for.
CREATE TABLE run_after (
    run   INTEGER NOT NULL REFERENCES runs (id),
    after INTEGER NOT NULL REFERENCES runs (id),
    PRIMARY KEY (run, after)
) STRICT, WITHOUT ROWID;

-- As launched: batches in parts, and what the executor calls the job where it is no process of this machine.
ALTER TABLE attempts ADD COLUMN parts INTEGER;
ALTER TABLE attempts ADD COLUMN job TEXT;
-- As the worker reports.
ALTER TABLE attempts ADD COLUMN out_of_memory INTEGER NOT NULL DEFAULT 0;
