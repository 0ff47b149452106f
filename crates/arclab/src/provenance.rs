//! Where a run's specs came from: the commit of the folder they lie in.

use std::{path::Path, process::Command};

/// A commit, and whether the work tree had changes besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GitState {
    /// The commit's full hash.
    pub(crate) commit: String,
    /// Whether a tracked file differs from it, or an untracked one is there.
    pub(crate) dirty: bool,
}

/// The git state of the work tree that `folder` lies in; absent outside one, or without git.
pub(crate) fn git_state(folder: &Path) -> Option<GitState> {
    let commit = git(folder, &["rev-parse", "--verify", "HEAD"])?.trim().to_owned();
    let dirty = !git(folder, &["status", "--porcelain"])?.trim().is_empty();
    Some(GitState { commit, dirty })
}

fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_outside_any_work_tree_has_no_state() {
        assert_eq!(git_state(tempfile::tempdir().unwrap().path()), None);
    }
}
