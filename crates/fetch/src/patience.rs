//! How long a host is waited for.

use std::time::Duration;

/// How long a host is waited for, and how often it is asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For the next bytes of a host that sends none.
    pub silence: Duration,
    /// Before a host is asked again for the first time; twice as long before each further time.
    pub pause: Duration,
    /// How often a host is asked again while no byte comes.
    pub retries: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self { silence: Duration::from_secs(30), pause: Duration::from_secs(1), retries: 4 }
    }
}

impl Patience {
    /// How long to wait after so many failures without a byte between them; none where the next host is to be asked.
    pub(crate) fn before_retry(&self, failures: u32) -> Option<Duration> {
        (failures <= self.retries).then(|| self.pause * (1 << failures.saturating_sub(1).min(6)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_until_patience_ends() {
        let patience = Patience { retries: 3, ..Patience::default() };
        let pauses: Vec<_> = (1..=4).map(|failures| patience.before_retry(failures)).collect();
        assert_eq!(
            pauses,
            [1, 2, 4]
                .map(|secs| Some(Duration::from_secs(secs)))
                .into_iter()
                .chain([None])
                .collect::<Vec<_>>()
        );
    }
}
