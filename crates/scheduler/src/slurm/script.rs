//! The batch script of an array of runs. Pure: the same batch gives the same script.

use std::path::Path;

use arclab_spec::{
    config::{DeviceRequest, ResourceRequest, SlurmRequest, Threads},
    run_folder,
};

/// Runs that ask for the same, submitted together.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// What Slurm calls it.
    pub name: &'a str,
    /// Its folder, in which `0`, `1`, … lead to the runs' folders.
    pub folder: &'a Path,
    /// How many runs.
    pub runs: u32,
    /// What each asks for.
    pub request: &'a ResourceRequest,
    /// The same, of Slurm.
    pub slurm: &'a SlurmRequest,
    /// The worker program.
    pub worker: &'a Path,
    /// For people who look at the queue.
    pub comment: &'a str,
}

/// CPU threads of a worker: as many as its job has CPUs.
pub(crate) fn threads(request: &ResourceRequest, slurm: &SlurmRequest) -> u32 {
    match (slurm.cpus, request.threads) {
        (Some(cpus), _) | (None, Threads::Exactly(cpus)) => cpus.get(),
        (None, Threads::Auto) => 1,
    }
}

/// On what a worker computes: on a GPU where its job has one.
pub(crate) fn device(request: &ResourceRequest, slurm: &SlurmRequest) -> DeviceRequest {
    match request.device {
        DeviceRequest::Auto if slurm.has_gpu() => DeviceRequest::Cuda,
        DeviceRequest::Auto | DeviceRequest::Cpu => DeviceRequest::Cpu,
        DeviceRequest::Cuda => DeviceRequest::Cuda,
    }
}

impl Batch<'_> {
    /// The script.
    pub fn script(&self) -> String {
        let mut script = "#!/bin/bash\n".to_owned();
        for option in self.options() {
            script.push_str("#SBATCH ");
            script.push_str(&quoted(&option));
            script.push('\n');
        }
        let gpus = match device(self.request, self.slurm) {
            DeviceRequest::Cpu => "export CUDA_VISIBLE_DEVICES=\n",
            DeviceRequest::Auto | DeviceRequest::Cuda => "export CUDA_DEVICE_ORDER=PCI_BUS_ID\n",
        };
        let body = BODY
            .replace("@FOLDER@", &shell(self.folder))
            .replace("@WORKER@", &shell(self.worker))
            .replace("@GPUS@", gpus)
            .replace("@LOG@", run_folder::LOG)
            .replace("@CHECKPOINTS@", run_folder::CHECKPOINTS)
            .replace("@INTERRUPTED@", &run_folder::exit::INTERRUPTED.to_string());
        script + &body
    }

    fn options(&self) -> Vec<String> {
        let Self { name, folder, runs, request, slurm, comment, .. } = self;
        // Slurm takes `%` for the beginning of a name's part.
        let folder = folder.display().to_string().replace('%', "%%");
        let mut options = vec![
            format!("--job-name={name}"),
            format!("--comment={comment}"),
            format!("--array=0-{}", runs.saturating_sub(1)),
            format!("--output={folder}/%a/slurm-%A_%a.out"),
            "--open-mode=append".to_owned(),
            // After a node's failure, or when another job takes its place.
            "--requeue".to_owned(),
            format!("--signal=B:USR1@{}", lead_secs(slurm.time_secs)),
        ];
        let mut add = |key: &str, value: Option<String>| {
            options.extend(value.map(|value| format!("--{key}={value}")));
        };
        add("partition", slurm.partition.clone());
        add("gres", slurm.gres.clone());
        add("time", slurm.time_secs.map(|secs| secs.div_ceil(60).to_string()));
        add("account", slurm.account.clone());
        add("qos", slurm.qos.clone());
        let memory = slurm.memory_bytes.or(request.memory_bytes);
        add("mem", memory.map(|bytes| format!("{}M", bytes.div_ceil(1 << 20))));
        let says_cpus = slurm.cpus.is_some() || request.threads != Threads::Auto;
        add("cpus-per-task", says_cpus.then(|| threads(request, slurm).to_string()));
        options.extend(slurm.extra.iter().cloned());
        options
    }
}

/// How long before its time is up a job is told so, in seconds: a step and a checkpoint must fit. Slurm may tell it up to
/// a minute earlier.
fn lead_secs(time_secs: Option<u64>) -> u64 {
    time_secs.map_or(120, |secs| (secs / 10).clamp(10, 300))
}

/// What follows the options.
///
/// Slurm sends TERM to the worker itself when it takes the node away, so the script must not pass it on: a second one would
/// end the worker before its checkpoint. USR1, when the time is nearly up, and USR2, which arclab sends, reach the script
/// alone.
const BODY: &str = r#"
run=$(readlink @FOLDER@/"$SLURM_ARRAY_TASK_ID")
exec >>"$run/@LOG@" 2>&1
echo "job ${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID on ${SLURMD_NODENAME:-$(hostname)}, begun again ${SLURM_RESTART_COUNT:-0} times"
export RUST_LIB_BACKTRACE=0
@GPUS@
# What there is of checkpoints, to see whether the run has come further.
saved() { cat "$run"/@CHECKPOINTS@/*.json 2>/dev/null | cksum; }
before=$(saved)

asked=
worker=
tell() {
    asked=$1
    [ -z "$worker" ] || kill -TERM "$worker" 2>/dev/null
}
trap 'tell limit' USR1
trap 'tell stop' USR2
trap : TERM

@WORKER@ run "$run" &
worker=$!
[ -z "$asked" ] || kill -TERM "$worker" 2>/dev/null
# A signal ends `wait` before the worker has ended.
while wait "$worker"; code=$?; kill -0 "$worker" 2>/dev/null; do :; done

if [ "$asked" = limit ] && [ "$code" = @INTERRUPTED@ ]; then
    if [ "$(saved)" = "$before" ]; then
        echo "the time of the job is nearly up, and the run has come no further in it"
    elif scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"; then
        echo "the time of the job is nearly up: the run is saved, and the job queues again"
    fi
fi
exit "$code"
"#;

/// An option as `sbatch` reads it from a script.
fn quoted(option: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.,:=/%@+".contains(c);
    if option.chars().all(is_plain) {
        return option.to_owned();
    }
    format!("\"{}\"", option.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A path as bash reads it.
fn shell(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn request() -> ResourceRequest {
        serde_json::from_str(r#"{"device":"auto","threads":"auto","memory_bytes":null}"#).unwrap()
    }

    fn script(request: &ResourceRequest, slurm: &SlurmRequest, folder: &str) -> String {
        let (worker, folder) = (Path::new("/opt/arclab-worker"), Path::new(folder));
        let (name, comment) = ("arclab-5e1f", "2 runs of /store");
        Batch { name, folder, runs: 2, request, slurm, worker, comment }.script()
    }

    fn options(script: &str) -> Vec<&str> {
        script.lines().filter_map(|line| line.strip_prefix("#SBATCH ")).collect()
    }

    #[test]
    fn a_job_asks_for_what_the_request_says_and_for_nothing_else() {
        let plain = script(&request(), &SlurmRequest::default(), "/store/slurm/arclab-5e1f");
        let expected = [
            "--job-name=arclab-5e1f",
            "\"--comment=2 runs of /store\"",
            "--array=0-1",
            "--output=/store/slurm/arclab-5e1f/%a/slurm-%A_%a.out",
            "--open-mode=append",
            "--requeue",
            "--signal=B:USR1@120",
        ];
        assert_eq!(options(&plain), expected);
        assert!(plain.contains("export CUDA_VISIBLE_DEVICES=\n"));
        let slurm = SlurmRequest {
            partition: Some("gpu".to_owned()),
            gres: Some("gpu:a100:1".to_owned()),
            time_secs: Some(90),
            account: Some("faces".to_owned()),
            qos: Some("long".to_owned()),
            memory_bytes: Some((3 << 20) + 1),
            cpus: NonZeroU32::new(8),
            extra: vec!["--constraint=a|b".to_owned()],
        };
        let full = script(&request(), &slurm, "/s");
        let asked = [
            "--signal=B:USR1@10",
            "--partition=gpu",
            "--gres=gpu:a100:1",
            "--time=2",
            "--account=faces",
            "--qos=long",
            "--mem=4M",
            "--cpus-per-task=8",
            "\"--constraint=a|b\"",
        ];
        assert_eq!(&options(&full)[6..], asked);
        assert!(!full.contains("CUDA_VISIBLE_DEVICES"), "Slurm says which GPU");
    }

    #[test]
    fn what_the_resources_say_holds_where_slurm_is_told_nothing() {
        let threads = Threads::Exactly(NonZeroU32::new(4).unwrap());
        let request = ResourceRequest { threads, memory_bytes: Some(2 << 30), ..request() };
        let script = script(&request, &SlurmRequest::default(), "/s");
        assert_eq!(&options(&script)[7..], ["--mem=2048M", "--cpus-per-task=4"]);
        let cpus = SlurmRequest { cpus: NonZeroU32::new(2), ..SlurmRequest::default() };
        assert_eq!(super::threads(&request, &cpus), 2);
    }

    #[test]
    fn folders_with_blanks_quotes_and_per_cent_signs_stay_themselves() {
        let script = script(&request(), &SlurmRequest::default(), "/a b/it's 5%");
        assert!(options(&script).contains(&"\"--output=/a b/it's 5%%/%a/slurm-%A_%a.out\""), "{script}");
        assert!(script.contains(r#"readlink '/a b/it'\''s 5%'/"$SLURM_ARRAY_TASK_ID""#), "{script}");
        assert!(!script.contains("@FOLDER@") && !script.contains('\0'));
    }

    #[test]
    fn the_signal_comes_earlier_where_there_is_more_time() {
        let leads = [Some(60), Some(1_200), Some(86_400), None].map(lead_secs);
        assert_eq!(leads, [10, 120, 300, 120]);
    }
}
