//! What Slurm says of jobs, as far as a scheduler needs to know it.

/// A job of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The array's name.
    pub name: String,
    /// The array's id.
    pub id: u64,
    /// Its place in the array.
    pub index: u32,
    /// Where it stands.
    pub state: TaskState,
    /// Where it is, or was; empty before it began.
    pub nodes: String,
}

/// Where a job stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskState {
    /// It has not begun, or begins again.
    Waiting(Reason),
    /// It has a node.
    AtWork,
    /// It has begun, and is kept from going on for now.
    Suspended,
    /// It does not come back.
    Over(TaskEnd),
}

/// Why a job has not begun, in Slurm's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(pub String);

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskEnd {
    /// Its script exited by itself, with this code where that is known.
    Exited(Option<i32>),
    /// Somebody called it off.
    Cancelled,
    /// Its time was up.
    TimeLimit,
    /// A node failed, and the job was not put back into the queue.
    NodeFailed,
    /// Another one took its place, and it was not put back into the queue.
    Preempted,
    /// It took more memory than it had asked for.
    OutOfMemory,
}

impl TaskState {
    /// From Slurm's long word for a state, such as `PENDING`, or `CANCELLED by 1000` as `sacct` has it; none for a word that
    /// this program does not know.
    pub(super) fn of(word: &str, reason: &str, code: Option<i32>) -> Option<Self> {
        let word = word.split_whitespace().next()?.trim_end_matches('+');
        Some(match word {
            // Of one that is configuring, the node boots.
            "PENDING" | "CONFIGURING" | "REQUEUED" | "REQUEUE_FED" | "REQUEUE_HOLD" | "RESV_DEL_HOLD"
            | "SPECIAL_EXIT" => Self::Waiting(Reason(reason.to_owned())),
            "RUNNING" | "COMPLETING" | "RESIZING" | "SIGNALING" | "STAGE_OUT" => Self::AtWork,
            "STOPPED" | "SUSPENDED" => Self::Suspended,
            "COMPLETED" | "FAILED" => Self::Over(TaskEnd::Exited(code)),
            "CANCELLED" | "REVOKED" => Self::Over(TaskEnd::Cancelled),
            "TIMEOUT" | "DEADLINE" => Self::Over(TaskEnd::TimeLimit),
            "NODE_FAIL" | "BOOT_FAIL" => Self::Over(TaskEnd::NodeFailed),
            "PREEMPTED" => Self::Over(TaskEnd::Preempted),
            "OUT_OF_MEMORY" => Self::Over(TaskEnd::OutOfMemory),
            _ => return None,
        })
    }
}

impl Reason {
    /// What a person must change before the job can ever begin; none where waiting helps.
    pub fn remedy(&self) -> Option<&'static str> {
        const REMEDIES: &[(&str, &str)] = &[
            (
                "PartitionTimeLimit",
                "its `time` is beyond what the partition allows: `sinfo --format='%P %l'` shows the limits",
            ),
            ("PartitionNodeLimit", "it asks for more nodes than the partition allows at once"),
            (
                "BadConstraints",
                "no node meets its constraints: `sinfo --format='%N %f %G'` shows what nodes have",
            ),
            (
                "AccountNotAllowed",
                "its `account` may not use the partition: `sacctmgr show associations user=$USER` shows yours",
            ),
            (
                "InvalidAccount",
                "its `account` is not one: `sacctmgr show associations user=$USER` shows yours",
            ),
            (
                "InvalidQOS",
                "its `qos` is not one of the account's: `sacctmgr show associations user=$USER` shows yours",
            ),
            (
                "QOSNotAllowed",
                "its `qos` may not use the partition: `scontrol show partition` shows which may",
            ),
            ("QOSMaxWallDurationPerJobLimit", "its `time` is beyond what its `qos` allows"),
            ("AssocMaxWallDurationPerJobLimit", "its `time` is beyond what its `account` allows"),
            ("ReservationDeleted", "the reservation that it asks for is gone"),
        ];
        REMEDIES.iter().find(|(reason, _)| *reason == self.0).map(|(_, remedy)| *remedy)
    }

    /// What a person may want to look at, where a job may wait for long.
    pub fn hint(&self) -> Option<&'static str> {
        match self.0.as_str() {
            "JobHeldUser" | "JobHeldAdmin" | "launch_failed_requeued_held" | "JobHoldMaxRequeue" => {
                Some("it is held: `scontrol release` lets it begin")
            }
            // Also where such nodes are only down at the moment.
            "PartitionConfig" => {
                Some("the partition has no node like that now: `sinfo --Node --long` shows what nodes have")
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_of_slurm_waits_works_or_is_over() {
        let of = |word| TaskState::of(word, "Resources", Some(1));
        assert_eq!(of("PENDING"), Some(TaskState::Waiting(Reason("Resources".to_owned()))));
        assert_eq!(of("CONFIGURING"), of("PENDING"), "its node boots");
        assert_eq!(of("SUSPENDED"), Some(TaskState::Suspended));
        // Its script has ended or not; its node is not given back yet, and it may be put back into the queue.
        assert_eq!(of("COMPLETING"), Some(TaskState::AtWork));
        assert_eq!(of("FAILED"), Some(TaskState::Over(TaskEnd::Exited(Some(1)))));
        assert_eq!(of("CANCELLED by 1000"), Some(TaskState::Over(TaskEnd::Cancelled)));
        assert_eq!(of("CANCELLED+"), Some(TaskState::Over(TaskEnd::Cancelled)));
        assert_eq!(of("NODE_FAIL"), Some(TaskState::Over(TaskEnd::NodeFailed)));
        assert_eq!(of("PONDERING"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn waiting_for_others_needs_no_remedy_and_waiting_for_what_never_comes_does() {
        for passes in
            ["Resources", "Priority", "BeginTime", "QOSMaxJobsPerUserLimit", "PartitionDown", "None"]
        {
            assert_eq!(Reason(passes.to_owned()).remedy(), None, "{passes}");
        }
        let limit = Reason("PartitionTimeLimit".to_owned());
        assert!(limit.remedy().unwrap().contains("`time`"));
        assert_eq!(limit.hint(), None);
        assert!(Reason("JobHeldAdmin".to_owned()).hint().is_some());
    }
}
