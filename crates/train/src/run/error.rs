//! Why a run ends without a result.

use std::io;

use arclab_spec::FailureKind;

/// Whether another attempt may help: a full disk or a failing device may be gone then; data that cannot be used and
/// a loss that is not finite stay. Decided by the file system's answer, where the chain of causes has one.
pub(super) fn kind_of(error: &anyhow::Error) -> FailureKind {
    let answers = error.chain().filter_map(|error| error.downcast_ref::<io::Error>());
    if answers.map(io::Error::kind).any(may_pass) { FailureKind::Infrastructure } else { FailureKind::Run }
}

/// The same path would be absent, forbidden or damaged the next time too.
fn may_pass(kind: io::ErrorKind) -> bool {
    use io::ErrorKind as Kind;
    !matches!(
        kind,
        Kind::NotFound
            | Kind::PermissionDenied
            | Kind::InvalidData
            | Kind::InvalidInput
            | Kind::UnexpectedEof
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("failed to write scores")]
    struct Outer(#[source] io::Error);

    #[test]
    fn a_full_disk_is_worth_another_attempt_wherever_it_is_in_the_chain() {
        let error = Outer(io::ErrorKind::StorageFull.into());
        assert_eq!(kind_of(&error.into()), FailureKind::Infrastructure);
    }

    #[test]
    fn a_file_that_is_absent_or_no_file_at_all_is_not() {
        assert_eq!(kind_of(&Outer(io::ErrorKind::NotFound.into()).into()), FailureKind::Run);
        assert_eq!(kind_of(&std::fmt::Error.into()), FailureKind::Run);
    }
}
