//! What this process has used, and where it runs.

use std::time::Instant;

use arclab_spec::Usage;
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike,
};

/// What the process has used by now; `began` is when it started, and a GPU says itself how much it held.
pub(super) fn usage(began: Instant, peak_gpu_memory_bytes: Option<u64>) -> Usage {
    let wall_seconds = began.elapsed().as_secs_f64();
    // It fails only for an argument that is out of range.
    getrusage(UsageWho::RUSAGE_SELF).map_or(
        Usage { wall_seconds, cpu_seconds: 0.0, peak_memory_bytes: 0, peak_gpu_memory_bytes },
        |used| Usage {
            wall_seconds,
            cpu_seconds: (used.user_time().num_microseconds() + used.system_time().num_microseconds()) as f64
                / 1e6,
            peak_memory_bytes: peak_bytes(used.max_rss()),
            peak_gpu_memory_bytes,
        },
    )
}

/// Linux counts kibibytes, macOS bytes.
fn peak_bytes(max_rss: i64) -> u64 {
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    u64::try_from(max_rss).unwrap_or(0) * unit
}

/// The machine's name.
pub(super) fn host() -> String {
    nix::unistd::gethostname()
        .map_or_else(|_| "unknown".to_owned(), |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_used_some_memory_and_its_peak_never_falls() {
        let began = Instant::now();
        let before = usage(began, None);
        let filled = std::hint::black_box(vec![1_u8; 64 << 20]);
        let after = usage(began, None);
        assert!(before.peak_memory_bytes > 1 << 20, "{before:?}");
        assert!(after.peak_memory_bytes >= filled.len() as u64, "{after:?}");
        assert!(after.cpu_seconds >= before.cpu_seconds && after.wall_seconds > before.wall_seconds);
    }
}
