//! Why Slurm did not take a job, and what to change. Pure.

/// Why a job was not submitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The cluster never takes it as it is.
    #[error("Slurm refuses its job ({said}): {remedy}")]
    Refused {
        /// In Slurm's words.
        said: String,
        /// What to change.
        remedy: &'static str,
    },
    /// There are as many jobs as there may be.
    #[error("Slurm takes no more jobs for now: {0}")]
    Full(String),
    /// Whether it was taken is not known.
    #[error("Slurm does not answer: {0}")]
    Unreachable(String),
    /// It was taken, by what was said, but not as which job.
    #[error("`sbatch` answers with no job's id: {0}")]
    Unreadable(String),
}

/// What `sbatch` says, what it means, and what to change.
const REFUSALS: &[(&[&str], &str)] = &[
    (
        &["partition name", "partition specified", "group not permitted to use this partition"],
        "name one of the cluster's in `partition`: `sinfo` lists them",
    ),
    (
        &["Invalid account"],
        "name one of yours in `account`: `sacctmgr show associations user=$USER` lists them",
    ),
    (
        &["Invalid qos", "Invalid QOS"],
        "name one of yours in `qos`: `sacctmgr show associations user=$USER` lists them",
    ),
    (
        &["time limit is invalid", "Invalid --time"],
        "write a `time` that the partition allows: `sinfo --format='%P %l'` shows the limits",
    ),
    (&["generic resource", "gres"], "name what nodes have in `gres`: `sinfo --format='%N %G'` lists it"),
    (
        &["Memory specification", "Memory required by task"],
        "ask for less `memory`: `sinfo --format='%N %m'` shows what nodes have, in MB",
    ),
    (
        &["node configuration is not available", "More processors requested", "CPU count"],
        "no node has as much: `sinfo --Node --long` shows what nodes have; ask for less in `gres`, `cpus` or `memory`",
    ),
    (
        &["feature specification"],
        "no node has this `--constraint` of `extra`: `sinfo --format='%N %f'` lists what they have",
    ),
    (
        &[
            "Invalid node name",
            "reservation is invalid",
            "unrecognized option",
            "ambiguous",
            "requires an argument",
            "invalid option",
        ],
        "correct the options in `extra`: `sbatch --help` lists them",
    ),
    (
        &["job array specification"],
        "arrays of this cluster are shorter (MaxArraySize of `scontrol show config`): run fewer at once with `--jobs`",
    ),
    (
        &["configuration source", "No such file or directory"],
        "Slurm is not set up on this machine: work on a machine from where `sinfo` shows the cluster, or name its slurm.conf in SLURM_CONF",
    ),
    (
        &["violates accounting", "Access/permission denied", "Access denied", "not permitted"],
        "the account or its quality of service does not allow that: `sacctmgr show associations user=$USER` shows its limits",
    ),
];

/// Said where a limit counts the jobs that are there.
const FULL: &[&str] =
    &["SubmitJob", "MaxJobCount", "temporarily unable to accept job", "Resource temporarily unavailable"];

/// Said where no answer came.
const UNREACHABLE: &[&str] = &[
    "Unable to contact slurm controller",
    "Socket timed out",
    "Zero Bytes were transmitted",
    "Transport endpoint",
    "Connection refused",
    "Connection reset",
    "standby mode",
    "authentication",
    "Message receive failure",
];

impl SubmitError {
    /// From what `sbatch` said on its error output.
    pub(super) fn of(stderr: &str) -> Self {
        let said = words(stderr);
        let has = |parts: &[&str]| parts.iter().any(|part| said.contains(part));
        if has(UNREACHABLE) {
            return Self::Unreachable(said);
        }
        if has(FULL) {
            return Self::Full(said);
        }
        let known = REFUSALS.iter().find(|(parts, _)| has(parts)).map(|(_, remedy)| *remedy);
        let remedy = known.unwrap_or("change what the spec asks for in `resources.executor.slurm`");
        Self::Refused { said, remedy }
    }
}

/// What a program said, on one line and without its name.
pub(super) fn words(stderr: &str) -> String {
    let lines = stderr.lines().map(|line| {
        let (program, rest) = line.split_once(": ").unwrap_or(("", line));
        let line = if program.contains(' ') { line } else { rest };
        line.trim_start_matches("error: ").trim_start_matches("fatal: ").trim()
    });
    let told: Vec<&str> = lines.filter(|line| !line.is_empty() && !line.starts_with("Try \"")).collect();
    told.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Slurm 22.05.8 said on the cluster of the tests, but for the three that need accounts, which are of Slurm's
    /// `slurm_errno.c`, and the key that the remedy must name.
    const SAID: &[(&str, &str)] = &[
        (
            "sbatch: error: invalid partition specified: nope\nsbatch: error: Batch job submission failed: Invalid partition name specified",
            "`partition`",
        ),
        (
            "sbatch: error: Batch job submission failed: Requested node configuration is not available",
            "`gres`, `cpus` or `memory`",
        ),
        ("sbatch: error: Invalid generic resource (gres) specification", "`gres`"),
        (
            "sbatch: error: Memory specification can not be satisfied\nsbatch: error: Batch job submission failed: Requested node configuration is not available",
            "`memory`",
        ),
        ("sbatch: unrecognized option '--bogus'\nTry \"sbatch --help\" for more information", "`extra`"),
        ("sbatch: error: Invalid --time specification", "`time`"),
        ("sbatch: error: Batch job submission failed: Invalid job array specification", "`--jobs`"),
        ("sbatch: error: Batch job submission failed: Invalid feature specification", "`extra`"),
        ("sbatch: error: Batch job submission failed: Invalid node name specified", "`extra`"),
        ("sbatch: error: Batch job submission failed: Requested reservation is invalid", "`extra`"),
        (
            "sbatch: error: resolve_ctls_from_dns_srv: res_nsearch error: Unknown host\nsbatch: error: fetch_config: DNS SRV lookup failed\nsbatch: error: _establish_config_source: failed to fetch config\nsbatch: fatal: Could not establish a configuration source",
            "SLURM_CONF",
        ),
        (
            "sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified",
            "`account`",
        ),
        ("sbatch: error: Batch job submission failed: Invalid qos specification", "`qos`"),
        (
            "sbatch: error: Batch job submission failed: Requested time limit is invalid (missing or exceeds some limit)",
            "`time`",
        ),
    ];

    #[test]
    fn each_refusal_says_which_key_to_change() {
        for (said, key) in SAID {
            let refused = SubmitError::of(said);
            assert!(matches!(refused, SubmitError::Refused { .. }), "{said}");
            assert!(refused.to_string().contains(key), "{refused}");
        }
    }

    #[test]
    fn slurms_words_are_told_on_one_line() {
        let text = SubmitError::of(SAID[0].0).to_string();
        assert_eq!(
            text,
            "Slurm refuses its job (invalid partition specified: nope; Batch job submission failed: Invalid partition name \
             specified): name one of the cluster's in `partition`: `sinfo` lists them"
        );
    }

    #[test]
    fn a_limit_on_jobs_and_a_controller_that_is_away_are_no_refusals() {
        let full = "sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: Batch job submission failed: Job violates \
                    accounting/QOS policy (job submit limit, user's size and/or time limits)";
        assert!(matches!(SubmitError::of(full), SubmitError::Full(_)));
        let away = "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)";
        assert!(matches!(SubmitError::of(away), SubmitError::Unreachable(_)));
        let wall = "sbatch: error: AssocMaxWallDurationPerJobLimit\nsbatch: error: Batch job submission failed: Job violates \
                    accounting/QOS policy (job submit limit, user's size and/or time limits)";
        assert!(matches!(SubmitError::of(wall), SubmitError::Refused { .. }));
    }
}
