//! A run's job on the cluster, and how it is written down with the attempt.

use std::{fmt, path::Path, str::FromStr};

use arclab_spec::{Fingerprint, run_folder::exit};

use super::{TaskEnd, desk::Place};

/// A run's place in an array. It is written down before the array is submitted, by the array's name, so that a scheduler that
/// dies in between finds the job again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SlurmJob {
    /// The array's name.
    pub(crate) name: String,
    /// The place.
    pub(crate) index: u32,
    /// The array's id, once Slurm has said it.
    pub(crate) id: Option<u64>,
    /// Whether it was submitted again because Slurm had lost it.
    pub(crate) again: bool,
    /// Why it cannot begin, as a person was told.
    pub(crate) told: String,
    /// What `sbatch` said in the place of an id.
    pub(crate) unread: Option<String>,
}

impl SlurmJob {
    pub(crate) fn new(name: &str, index: u32) -> Self {
        Self { name: name.to_owned(), index, id: None, again: false, told: String::new(), unread: None }
    }

    pub(crate) fn place(&self) -> Place {
        (self.name.clone(), self.index)
    }

    /// What Slurm calls it: `812_3`.
    pub(crate) fn handle(&self) -> Option<String> {
        self.id.map(|id| format!("{id}_{}", self.index))
    }

    /// Why the attempt died, in words, and where to read more.
    pub(crate) fn words(&self, end: Option<TaskEnd>, nodes: &str, folder: &Path) -> String {
        let job = self.handle().unwrap_or_else(|| self.name.clone());
        let node = if nodes.is_empty() { "its node" } else { nodes };
        let why = match end {
            Some(TaskEnd::TimeLimit) => format!(
                "Slurm ended its job {job} at the time limit, before it had saved itself: ask for more `time`"
            ),
            Some(TaskEnd::NodeFailed) => format!("{node} failed under its job {job}"),
            Some(TaskEnd::Preempted) => format!("another job took the place of its job {job} on {node}"),
            Some(TaskEnd::OutOfMemory) => {
                format!("its job {job} took more memory than it had asked for: ask for more `memory`")
            }
            Some(TaskEnd::Cancelled) => format!("its job {job} was called off in Slurm"),
            Some(TaskEnd::Exited(Some(126 | 127))) => format!(
                "{node} could not start the worker for its job {job}: the program must lie where all nodes see it"
            ),
            Some(TaskEnd::Exited(Some(code))) if code == i32::from(exit::INTERRUPTED) => format!(
                "the time of its job {job} was nearly up, and the job could not queue again: ask for more `time`"
            ),
            Some(TaskEnd::Exited(Some(code))) if code > 128 => {
                format!("the worker of its job {job} on {node} was ended by signal {}", code - 128)
            }
            Some(TaskEnd::Exited(code)) => {
                let code = code.map_or_else(String::new, |code| format!(" with code {code}"));
                format!("its job {job} on {node} exited{code}, and its worker did not say why")
            }
            None => format!("its worker died without a word, and Slurm does not know its job {job} any more"),
        };
        let output = self.handle().map_or_else(String::new, |job| format!(" and slurm-{job}.out"));
        format!("{why} (see worker.log{output} in {})", folder.display())
    }

    /// The file that has what Slurm itself says of the job, in the run's folder.
    pub(crate) fn output(&self) -> Option<String> {
        self.handle().map(|job| format!("slurm-{job}.out"))
    }
}

impl fmt::Display for SlurmJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.id.map_or_else(|| "?".to_owned(), |id| id.to_string());
        write!(f, "slurm {id}_{} {}", self.index, self.name)
    }
}

/// It is no job of Slurm's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoSlurmJob;

impl FromStr for SlurmJob {
    type Err = NoSlurmJob;

    fn from_str(text: &str) -> Result<Self, NoSlurmJob> {
        let words: Vec<&str> = text.split(' ').collect();
        let ["slurm", handle, name] = words[..] else { return Err(NoSlurmJob) };
        let (id, index) = handle.split_once('_').ok_or(NoSlurmJob)?;
        let index = index.parse().map_err(|_| NoSlurmJob)?;
        let id = if id == "?" { None } else { Some(id.parse().map_err(|_| NoSlurmJob)?) };
        Ok(Self { id, ..Self::new(name, index) })
    }
}

/// A name for an array that nothing else has: of this store, at this time.
pub(crate) fn batch_name(store: &Path, at_ms: u64, count: u64) -> String {
    let seed = format!("{} {at_ms} {count}", store.display());
    format!("arclab-{}", &Fingerprint::of(seed.as_bytes()).as_str()[..10])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_written_down_and_read_back_with_and_without_its_id() {
        let named = SlurmJob::new("arclab-5e1f", 3);
        assert_eq!(named.to_string(), "slurm ?_3 arclab-5e1f");
        let known = SlurmJob { id: Some(812), ..named.clone() };
        assert_eq!(known.to_string(), "slurm 812_3 arclab-5e1f");
        for job in [named, known] {
            assert_eq!(job.to_string().parse(), Ok(job));
        }
        for other in ["", "slurm 812", "slurm x_1 a", "pid 7 8", "slurm 1_x a"] {
            assert_eq!(other.parse::<SlurmJob>(), Err(NoSlurmJob), "{other}");
        }
    }

    #[test]
    fn a_death_on_the_cluster_names_job_node_and_files() {
        let job = SlurmJob { id: Some(812), ..SlurmJob::new("arclab-5e1f", 3) };
        let said = job.words(Some(TaskEnd::NodeFailed), "n2", Path::new("/store/runs/a"));
        assert_eq!(
            said,
            "n2 failed under its job 812_3 (see worker.log and slurm-812_3.out in /store/runs/a)"
        );
        let absent = job.words(Some(TaskEnd::Exited(Some(127))), "n2", Path::new("/s"));
        assert!(absent.contains("could not start the worker"), "{absent}");
        assert!(job.words(Some(TaskEnd::Exited(Some(137))), "n2", Path::new("/s")).contains("signal 9"));
    }

    #[test]
    fn no_two_arrays_have_one_name() {
        let names = [(1, 1), (1, 2), (2, 1)].map(|(at, count)| batch_name(Path::new("/store"), at, count));
        assert_ne!(names[0], names[1]);
        assert_ne!(names[0], names[2]);
        assert_ne!(names[0], batch_name(Path::new("/other"), 1, 1));
    }
}
