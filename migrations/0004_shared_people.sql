-- How many people of a pair list are among those that a data set's runs are trained on. Not of lists with images of their own.
CREATE TABLE shared_people (
    data        TEXT    NOT NULL REFERENCES data_sets (fingerprint),
    pair_list   TEXT    NOT NULL,          -- fingerprint; the list itself is stored once a run was tested on it
    people      INTEGER NOT NULL,
    in_training INTEGER NOT NULL,
    PRIMARY KEY (data, pair_list)
) STRICT, WITHOUT ROWID;
