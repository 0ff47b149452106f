//! Reading what Slurm's programs print. Pure.

use super::{Task, TaskState};

/// What `squeue --Format` is asked for; each value ends with a bar.
pub(super) const QUEUE_FORMAT: &str =
    "Name:|,ArrayJobID:|,ArrayTaskID:|,State:|,Reason:|,NodeList:|,exit_code:|";

/// What `sacct --format` is asked for, with bars between the values.
pub(super) const PAST_FORMAT: &str = "JobName,JobID,State,NodeList,ExitCode";

/// The jobs in `squeue`'s answer. A line that is not understood, as of a state that a newer Slurm has, counts as one that is
/// at work: nothing is begun twice because of it.
pub(super) fn queue(text: &str) -> Vec<Task> {
    text.lines().filter_map(queued).collect()
}

fn queued(line: &str) -> Option<Task> {
    let fields: Vec<&str> = line.split('|').map(str::trim).collect();
    let [name, id, index, state, reason, nodes, status, ..] = fields[..] else { return None };
    // A wait status, as `wait(2)` gives it.
    let code = status.parse::<i32>().ok().map(|status| status >> 8);
    Some(Task {
        name: name.to_owned(),
        id: id.parse().ok()?,
        index: index.parse().ok()?,
        state: TaskState::of(state, reason, code).unwrap_or(TaskState::AtWork),
        nodes: nodes.to_owned(),
    })
}

/// The jobs in `sacct`'s answer, the last that is said of each: a job that was put back into the queue may have several lines.
pub(super) fn past(text: &str) -> Vec<Task> {
    text.lines().filter_map(accounted).collect()
}

fn accounted(line: &str) -> Option<Task> {
    let fields: Vec<&str> = line.split('|').map(str::trim).collect();
    let [name, job, state, nodes, exit, ..] = fields[..] else { return None };
    // `12_3`, but not `12_[4-5]`, which are pending, nor `12_3.batch`, which is a part.
    let (id, index) = job.split_once('_')?;
    let code = exit.split(':').next().and_then(|code| code.parse().ok());
    Some(Task {
        name: name.to_owned(),
        id: id.parse().ok()?,
        index: index.parse().ok()?,
        state: TaskState::of(state, "", code)?,
        nodes: nodes.to_owned(),
    })
}

/// The id in `sbatch --parsable`'s answer, with the cluster's name behind it where there are several.
pub(super) fn submitted(text: &str) -> Option<u64> {
    // Sites print greetings.
    let line = text.lines().rfind(|line| !line.trim().is_empty())?;
    line.split(';').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slurm::{Reason, TaskEnd};

    /// Lines of Slurm 22.05.8 on the cluster of `tests/slurm/cluster`: jobs of two arrays, after a node had failed.
    const QUEUE: &str = include_str!("../../tests/slurm/captured/squeue.txt");

    #[test]
    fn an_array_is_read_job_by_job() {
        let tasks = queue(QUEUE);
        let of =
            |name: &str, index| tasks.iter().find(|task| task.name == name && task.index == index).unwrap();
        assert_eq!(tasks.len(), 8);
        assert_eq!((of("arclab-5e1f", 0).id, of("arclab-5e1f", 0).nodes.as_str()), (4, ""));
        assert_eq!(of("arclab-5e1f", 0).state, TaskState::Waiting(Reason("BeginTime".to_owned())));
        assert_eq!(of("arclab-5e1f", 1).state, TaskState::AtWork);
        assert_eq!(of("arclab-5e1f", 1).nodes, "n2");
        assert_eq!(of("arclab-a000", 0).state, TaskState::Over(TaskEnd::Cancelled));
        assert_eq!(of("arclab-a000", 3).state, TaskState::Over(TaskEnd::Exited(Some(7))));
        assert_eq!(of("arclab-a000", 4).state, TaskState::Over(TaskEnd::Exited(Some(0))));
        assert_eq!(of("arclab-a000", 5).state, TaskState::Over(TaskEnd::TimeLimit));
    }

    #[test]
    fn a_state_of_a_newer_slurm_counts_as_work_and_other_lines_are_passed_over() {
        let text = "Welcome to the cluster\n\na|1|0|PONDERING|None|n1|0|\na|N/A|0|RUNNING|None|n1|0|\n";
        let tasks = queue(text);
        assert_eq!((tasks.len(), &tasks[0].state), (1, &TaskState::AtWork));
    }

    #[test]
    fn accounting_is_read_without_steps_and_without_what_is_still_pending() {
        // As Slurm's manual lays it out with `--parsable2`; the cluster of the tests keeps no accounts.
        let text = "arclab-a|12_0|COMPLETED|n1|0:0\nbatch|12_0.batch|COMPLETED|n1|0:0\n\
                    arclab-a|12_1|CANCELLED by 1000|n2|0:15\narclab-a|12_2|OUT_OF_MEMORY|n2|0:125\n\
                    arclab-a|12_[3-5]|PENDING|None assigned|0:0\n";
        let states: Vec<TaskState> = past(text).into_iter().map(|task| task.state).collect();
        let ends = [TaskEnd::Exited(Some(0)), TaskEnd::Cancelled, TaskEnd::OutOfMemory];
        assert_eq!(states, ends.map(TaskState::Over));
    }

    #[test]
    fn the_id_is_found_behind_greetings_and_before_the_clusters_name() {
        assert_eq!(submitted("21\n"), Some(21));
        assert_eq!(submitted("Please read the news\n21;hydra\n"), Some(21));
        assert_eq!(submitted("Submitted batch job\n"), None);
        assert_eq!(submitted(""), None);
    }
}
