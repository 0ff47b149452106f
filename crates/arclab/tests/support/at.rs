//! `arclab` in a temporary folder, for commands that need no worker.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

/// Writes a file below `place`.
pub(crate) fn write(place: &Path, name: &str, bytes: &[u8]) {
    let path = place.join(name);
    fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("folders can be made");
    fs::write(path, bytes).expect("files can be written");
}

/// `arclab ARGUMENTS`, to be started in `place`, with nothing of whoever tests.
pub(crate) fn command(place: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arclab"));
    command.args(arguments).current_dir(place);
    for name in ["ARCLAB_STORE", "ARCLAB_DETECTOR", "XDG_CACHE_HOME", "HOME"] {
        command.env_remove(name);
    }
    command
}

/// Runs `arclab ARGUMENTS` to its end.
pub(crate) fn arclab(place: &Path, arguments: &[&str]) -> Output {
    command(place, arguments).output().expect("arclab starts")
}

/// Runs `arclab ARGUMENTS`, which must succeed, and gives what it printed.
pub(crate) fn succeed(place: &Path, arguments: &[&str]) -> String {
    let output = arclab(place, arguments);
    assert!(output.status.success(), "arclab {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs `arclab ARGUMENTS`, which must end with 1, and gives what it said.
pub(crate) fn refused(place: &Path, arguments: &[&str]) -> String {
    let output = arclab(place, arguments);
    assert_eq!(output.status.code(), Some(1), "arclab {arguments:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}
