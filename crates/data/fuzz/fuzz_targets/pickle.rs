//! Pickles of verification sets.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| arclab_data::fuzzing::pickle(bytes));
