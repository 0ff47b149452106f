//! Archives: tars, compressed tars and zips, and what lies in them.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| arclab_data::fuzzing::container("set.tgz", bytes));
