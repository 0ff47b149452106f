//! Data from end to end: folders and rendered faces to splits, pairs and batches.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests fail by panicking, and say what they skip"
)]

mod augmentations;
mod caching;
mod checks;
mod containers;
mod drawn_splits;
mod exports;
mod forms;
mod given_splits;
mod held_out;
mod hostile;
mod hostile_containers;
mod hostile_files;
mod hostile_pickles;
mod inspections;
mod judging;
mod leaks;
mod loading;
mod made_folders;
mod pair_lists;
mod real_faces;
mod rendered_faces;
mod support;
