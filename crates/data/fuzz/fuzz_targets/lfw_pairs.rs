//! Pair lists: LFW's form, and CSV.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| arclab_data::fuzzing::pair_list(bytes));
