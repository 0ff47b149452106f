-- Who is on the images of a pair list, as the split of a data set has it: names of images do not always say.
CREATE TABLE list_people (
    data        TEXT    NOT NULL REFERENCES data_sets (fingerprint),
    pair_list   TEXT    NOT NULL,          -- fingerprint; the list itself is stored once a run was tested on it
    who         BLOB    NOT NULL,          -- two little-endian 32-bit numbers of people a pair
    people      INTEGER,                   -- how many there are, and how many of them are in training; none where that is not known
    in_training INTEGER,
    PRIMARY KEY (data, pair_list)
) STRICT;
