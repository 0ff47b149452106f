//! Record files, with and without anything sound in them.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| arclab_data::fuzzing::container("x.rec", bytes));
