//! Other programs that carry jobs out.

use std::{
    fmt::Display,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use super::AT_ONCE;
use crate::peer::{environment, pip, run};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/hyperqueue/jobs.py");
/// How long pueue's daemon may take to come up.
const PATIENCE: Duration = Duration::from_secs(10);

/// A program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Peer {
    Xargs,
    Parallel,
    TaskSpooler,
    Pueue,
    HyperQueue,
}

/// A program that is here.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) peer: Peer,
    /// The Python of `HyperQueue`; of the others, nothing.
    python: PathBuf,
}

impl Peer {
    const ALL: [Self; 5] = [Self::Xargs, Self::Parallel, Self::TaskSpooler, Self::Pueue, Self::HyperQueue];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Xargs => "xargs",
            Self::Parallel => "GNU parallel",
            Self::TaskSpooler => "task-spooler",
            Self::Pueue => "pueue",
            Self::HyperQueue => "HyperQueue",
        }
    }

    pub(super) fn keeps(self) -> &'static str {
        match self {
            Self::Xargs | Self::Parallel => "nothing",
            Self::TaskSpooler | Self::HyperQueue => "its end, in the server's memory",
            Self::Pueue => "its state and output, in files",
        }
    }

    /// Which are here, and why the others are not.
    pub(super) fn at_hand(python: Option<&Path>) -> (Vec<Prepared>, Vec<String>) {
        let (mut here, mut absent) = (Vec::new(), Vec::new());
        for peer in Self::ALL {
            match peer.prepare(python) {
                Ok(python) => here.push(Prepared { peer, python }),
                Err(why) => absent.push(format!("{} was left out: {why:#}", peer.name())),
            }
        }
        (here, absent)
    }

    fn prepare(self, python: Option<&Path>) -> anyhow::Result<PathBuf> {
        let answers = |program: &str| run(Command::new(program).arg("--version"));
        match self {
            Self::Xargs => answers("xargs"),
            Self::Parallel => answers("parallel"),
            Self::TaskSpooler => run(Command::new("tsp").arg("-V")),
            Self::Pueue => answers("pueue").and_then(|_| answers("pueued")),
            Self::HyperQueue => {
                return environment("hyperqueue", python, "import hyperqueue", |python| {
                    run(&mut pip(python, &["hyperqueue"])).map(drop)
                });
            }
        }?;
        Ok(PathBuf::new())
    }
}

impl Prepared {
    /// From handing the first job over to the end of the last one.
    pub(super) fn seconds(&self, jobs: u32, folder: &Path) -> anyhow::Result<f64> {
        match self.peer {
            Peer::Xargs => {
                timed(Command::new("xargs").arg(format!("-P{AT_ONCE}")).args(["-I{}", "true"]), 0..jobs)
            }
            Peer::Parallel => {
                let mut command = Command::new("parallel");
                timed(command.arg("--will-cite").arg(format!("-j{AT_ONCE}")).args(["true", "{}"]), 0..jobs)
            }
            Peer::TaskSpooler => task_spooler(jobs, folder),
            Peer::Pueue => pueue(jobs, folder),
            Peer::HyperQueue => {
                let mut command = Command::new(&self.python);
                command.arg(SCRIPT).args(["--jobs", &jobs.to_string(), "--at-once", &AT_ONCE.to_string()]);
                let said = run(&mut command)?;
                // Before that, HyperQueue tells of its server.
                let last = said.trim_ascii().rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
                let Told { seconds } =
                    serde_json::from_slice(last).context("failed to understand HyperQueue's script")?;
                Ok(seconds)
            }
        }
    }
}

/// What the script prints.
#[derive(Deserialize)]
struct Told {
    seconds: f64,
}

/// Seconds of a command that reads `lines`.
pub(super) fn timed(
    command: &mut Command,
    lines: impl IntoIterator<Item = impl Display>,
) -> anyhow::Result<f64> {
    let lines: Vec<String> = lines.into_iter().map(|line| line.to_string()).collect();
    let text = lines.join("\n");
    let began = Instant::now();
    let started = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut child = started.with_context(|| format!("failed to start {command:?}"))?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    let seconds = began.elapsed().as_secs_f64();
    ensure!(
        output.status.success(),
        "{command:?} failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(seconds)
}

fn task_spooler(jobs: u32, folder: &Path) -> anyhow::Result<f64> {
    // Its server removes the socket some time after it was told to go: it is no other program's.
    let tsp = |arguments: &[&str]| {
        let mut command = Command::new("tsp");
        command.args(arguments).env("TS_SOCKET", folder.join("tsp-socket")).env("TMPDIR", folder);
        command
    };
    started(tsp(&["-S", &AT_ONCE.to_string()]))?;
    let began = Instant::now();
    let mut last = Vec::new();
    for _ in 0..jobs {
        last.push(String::from_utf8(run(&mut tsp(&["-n", "true"]))?)?);
    }
    // The last one may end before those that are still at work beside it.
    for id in last.iter().rev().take(AT_ONCE.get() as usize) {
        run(&mut tsp(&["-w", id.trim()]))?;
    }
    let seconds = began.elapsed().as_secs_f64();
    run(&mut tsp(&["-K"]))?;
    Ok(seconds)
}

/// Starts what leaves a server behind. Whoever read its output would wait until that has gone.
fn started(mut command: Command) -> anyhow::Result<()> {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let status = status.with_context(|| format!("failed to start {command:?}"))?;
    ensure!(status.success(), "{command:?} failed");
    Ok(())
}

fn pueue(jobs: u32, folder: &Path) -> anyhow::Result<f64> {
    let (at, config) = (folder.display(), folder.join("pueue.yml"));
    let text = format!(
        "shared: {{pueue_directory: {at}, runtime_directory: {at}, use_unix_socket: true, unix_socket_path: {at}/socket, \
         pid_path: {at}/pid}}\nclient: {{}}\ndaemon: {{}}\n"
    );
    fs::write(&config, text)?;
    let of = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.arg("--config").arg(&config).args(arguments);
        command
    };
    let daemon = Daemon::start(of("pueued", &[]), || of("pueue", &["parallel", &AT_ONCE.to_string()]))?;
    let began = Instant::now();
    for _ in 0..jobs {
        run(&mut of("pueue", &["add", "--", "true"]))?;
    }
    run(&mut of("pueue", &["wait", "--quiet"]))?;
    let seconds = began.elapsed().as_secs_f64();
    drop(daemon);
    Ok(seconds)
}

/// A daemon that ends with what is measured, however that ends.
struct Daemon(Child);

impl Daemon {
    /// Starts one and asks until it answers.
    fn start(mut command: Command, ask: impl Fn() -> Command) -> anyhow::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let started = command.spawn().map(Self);
        let started = started.with_context(|| format!("failed to start {command:?}"))?;
        let began = Instant::now();
        while let Err(error) = run(&mut ask()) {
            ensure!(began.elapsed() < PATIENCE, error);
            thread::sleep(Duration::from_millis(20));
        }
        Ok(started)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // One that has ended by itself is all the same.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
