//! Why a run ends without a result.

use std::io;

use arclab_nn::GpuError;
use arclab_spec::FailureKind;

/// Whether another attempt may help: a full disk or a failing device may be gone then; data that cannot be used and
/// a loss that is not finite stay. Decided by the file system's or the GPU's answer, where the chain of causes has one.
pub(super) fn kind_of(error: &anyhow::Error) -> FailureKind {
    let answers = error.chain().filter_map(|error| error.downcast_ref::<io::Error>());
    // A call that fails does so for what happened to the device; too little memory is a matter of what was asked for.
    let of_gpu = error.chain().filter_map(|error| error.downcast_ref::<GpuError>());
    let is_failing = of_gpu.into_iter().any(|error| matches!(error, GpuError::Call { .. }));
    if is_failing || answers.map(io::Error::kind).any(may_pass) {
        FailureKind::Infrastructure
    } else {
        FailureKind::Run
    }
}

/// Whether the GPU has too little memory for what was asked for.
pub(super) fn is_out_of_memory(error: &anyhow::Error) -> bool {
    let of_gpu = error.chain().filter_map(|error| error.downcast_ref::<GpuError>());
    of_gpu.into_iter().any(|error| matches!(error, GpuError::OutOfMemory { .. } | GpuError::NoRoom { .. }))
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
    fn a_gpu_that_fails_is_worth_another_attempt_and_one_that_is_too_small_is_not() {
        #[derive(Debug, thiserror::Error)]
        #[error("the GPU failed")]
        struct Failed(#[source] GpuError);
        let fault =
            GpuError::Call { what: "cuLaunchKernel", reason: "an uncorrectable ECC error".to_owned() };
        let fault = Failed(fault).into();
        assert_eq!((kind_of(&fault), is_out_of_memory(&fault)), (FailureKind::Infrastructure, false));
        let full = GpuError::OutOfMemory { wanted: 2, held: 1, limit: None, free: 1, total: 2 };
        let full = Failed(full).into();
        assert_eq!((kind_of(&full), is_out_of_memory(&full)), (FailureKind::Run, true));
    }

    #[test]
    fn a_file_that_is_absent_or_no_file_at_all_is_not() {
        assert_eq!(kind_of(&Outer(io::ErrorKind::NotFound.into()).into()), FailureKind::Run);
        assert_eq!(kind_of(&std::fmt::Error.into()), FailureKind::Run);
    }
}
