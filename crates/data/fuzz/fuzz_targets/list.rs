//! CSV lists, behind a sound header.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    arclab_data::fuzzing::container("x.csv", &[b"path,identity\n", bytes].concat());
});
