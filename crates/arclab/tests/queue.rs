//! Submitting, the daemon, and what people do with the queue meanwhile.

mod support;

use std::{
    fs::File,
    io::{BufRead, BufReader, Read as _, Write as _},
    process::{Child, Stdio},
    sync::mpsc::{self, Receiver},
    time::{Duration, Instant},
};

use nix::{
    pty::{OpenptyResult, Winsize, openpty},
    sys::{
        signal::{Signal, kill},
        termios::tcgetattr,
    },
    unistd::Pid,
};
use support::{Lab, text};

/// A daemon that has begun to work.
struct Daemon {
    child: Child,
    said: Receiver<String>,
}

impl Daemon {
    fn start(lab: &Lab) -> Self {
        let mut child =
            lab.command(["daemon"]).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
        let mut said = BufReader::new(child.stderr.take().expect("it is piped"));
        let mut line = String::new();
        said.read_line(&mut line).expect("it says something");
        assert!(line.starts_with("working the queue of "), "{line}");
        // Read on, so that it is never held up.
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || said.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, said: receiver }
    }

    /// The next line with this in it.
    fn says(&self, what: &str) -> String {
        loop {
            let line = self.said.recv_timeout(Duration::from_secs(100)).expect("it says something");
            if line.contains(what) {
                return line;
            }
        }
    }

    fn stop(mut self) {
        kill(Pid::from_raw(self.child.id() as i32), Signal::SIGTERM).expect("it is told");
        assert!(self.child.wait().expect("it ends").success());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The rows of `arclab queue` as JSON.
fn queue(lab: &Lab) -> Vec<serde_json::Value> {
    let table: serde_json::Value =
        serde_json::from_str(&lab.succeed(&["queue", "--json"])).expect("it is JSON");
    table.as_array().expect("it has rows").clone()
}

/// Variants and states of the rows.
fn variants(lab: &Lab) -> Vec<(String, String)> {
    let of = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    queue(lab).iter().map(|row| (of(row, "variant"), of(row, "state"))).collect()
}

fn listed(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    rows.iter().map(|(variant, state)| ((*variant).to_owned(), (*state).to_owned())).collect()
}

fn until_empty(lab: &Lab) {
    let begin = Instant::now();
    while !queue(lab).is_empty() {
        assert!(begin.elapsed() < Duration::from_secs(100), "{:?}", queue(lab));
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn what_is_submitted_is_carried_out_by_the_daemon_and_a_run_waits_for_it() {
    let lab = Lab::new();
    let said = lab.arclab(&["submit", "specs/baseline.yaml", "--priority", "2"]);
    assert!(said.status.success());
    assert!(text(&said.stderr).contains("no daemon works in this store"), "{}", text(&said.stderr));
    assert_eq!(queue(&lab).len(), 1);
    let daemon = Daemon::start(&lab);
    let second = lab.arclab(&["daemon"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(text(&second.stderr).contains("at work in"), "{}", text(&second.stderr));
    assert!(text(&second.stderr).contains("the daemon, process"), "{}", text(&second.stderr));
    let joined = lab.arclab(&["run", "specs/"]);
    assert!(joined.status.success(), "{}", text(&joined.stderr));
    assert!(
        text(&joined.stderr).contains("works in this store, and carries them out"),
        "{}",
        text(&joined.stderr)
    );
    assert!(text(&joined.stdout).contains("m0.2"), "the tables come as ever");
    until_empty(&lab);
    daemon.stop();
    let again = lab.arclab(&["submit", "specs/"]);
    assert!(text(&again.stderr).contains("nothing to queue"), "{}", text(&again.stderr));
}

#[test]
fn people_pause_move_call_off_and_retry_what_waits() {
    let lab = Lab::new();
    lab.succeed(&["submit", "specs/baseline.yaml"]);
    lab.succeed(&["submit", "specs/m0.2.yaml", "--after", "baseline"]);
    assert_eq!(variants(&lab), listed(&[("baseline", "waits"), ("m0.2", "waits")]));
    lab.succeed(&["queue", "move", "first", "m0.2"]);
    assert_eq!(variants(&lab), listed(&[("m0.2", "waits"), ("baseline", "waits")]));
    lab.succeed(&["queue", "priority", "5", "baseline"]);
    assert_eq!(variants(&lab), listed(&[("baseline", "waits"), ("m0.2", "waits")]));
    lab.succeed(&["queue", "pause", "baseline"]);
    assert_eq!(variants(&lab), listed(&[("m0.2", "waits"), ("baseline", "paused")]));
    lab.succeed(&["queue", "resume", "--all"]);
    lab.succeed(&["queue", "cancel", "m0.2"]);
    assert_eq!(variants(&lab), listed(&[("baseline", "waits")]));
    let twice = lab.arclab(&["queue", "cancel", "m0.2"]);
    assert_eq!(twice.status.code(), Some(1), "nothing was done");
    assert!(
        text(&twice.stderr).contains("it was called off; `arclab queue retry`"),
        "{}",
        text(&twice.stderr)
    );
    lab.succeed(&["queue", "retry", "m0.2"]);
    assert_eq!(queue(&lab)[1]["after"].as_str().map(|after| after.starts_with("baseline")), Some(true));
    let nobody = lab.arclab(&["queue", "cancel", "m0.9"]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(text(&nobody.stderr).contains("no experiment has a variant `m0.9`"), "{}", text(&nobody.stderr));
    assert!(lab.succeed(&["watch", "--once"]).contains("waits"));
    let daemon = Daemon::start(&lab);
    until_empty(&lab);
    daemon.stop();
    let table = lab.succeed(&["history", "--sort", "duration", "--format", "csv"]);
    assert_eq!(table.matches("succeeded").count(), 2, "{table}");
}

#[test]
fn a_run_comes_after_what_was_said_last() {
    let lab = Lab::new();
    lab.succeed(&["submit", "specs/baseline.yaml"]);
    lab.succeed(&["submit", "specs/m0.2.yaml", "--after", "baseline"]);
    lab.succeed(&["queue", "cancel", "baseline"]);
    let refused = lab.arclab(&["run", "specs/m0.2.yaml", "--set", "queue.after=[baseline]"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("which was called off"), "{}", text(&refused.stderr));
    lab.succeed(&["queue", "retry", "m0.2"]);
    assert!(queue(&lab)[0]["after"].as_str().is_some_and(|after| after.starts_with("baseline")), "it stays");
    lab.succeed(&["run", "specs/m0.2.yaml"]);
    let table = lab.succeed(&["history", "--format", "csv"]);
    assert_eq!(table.matches("succeeded").count(), 1, "{table}");
}

#[test]
fn a_spec_says_its_priority_and_what_it_comes_after() {
    let lab = Lab::new();
    lab.write(
        "specs/late.yaml",
        "extends: baseline.yaml\nloss: {margin: 0.3}\nqueue: {priority: 3, after: [m0.2]}\n",
    );
    lab.succeed(&["submit", "specs/"]);
    let rows = queue(&lab);
    let late = rows.iter().find(|row| row["variant"] == "late").expect("it is there");
    assert_eq!(late["priority"].as_f64(), Some(3.0));
    assert!(late["after"].as_str().expect("it waits").starts_with("m0.2"));
    lab.write("specs/odd.yaml", "extends: baseline.yaml\nloss: {margin: 0.4}\nqueue: {after: [nobody]}\n");
    let odd = lab.arclab(&["submit", "specs/odd.yaml"]);
    let said = text(&odd.stderr);
    assert_eq!(odd.status.code(), Some(1));
    assert!(
        said.contains("odd.yaml comes after `nobody`") && said.contains("no variant of experiment `specs`"),
        "{said}"
    );
    let own = lab.arclab(&["submit", "specs/m0.2.yaml", "--set", "queue.after=[m0.2]"]);
    assert_eq!(own.status.code(), Some(2));
    assert!(text(&own.stderr).contains("`m0.2` is this variant itself"), "{}", text(&own.stderr));
    let own = lab.arclab(&["submit", "specs/m0.2.yaml", "--after", "m0.2"]);
    assert!(
        !own.status.success() && text(&own.stderr).contains("`m0.2` cannot come after itself"),
        "{}",
        text(&own.stderr)
    );
    lab.succeed(&["submit", "specs/baseline.yaml", "specs/m0.2.yaml", "--after", "baseline"]);
}

#[test]
fn the_terminal_is_as_it_was_whatever_ends_watching() {
    let lab = Lab::new();
    lab.succeed(&["submit", "specs/baseline.yaml", "--quiet"]);
    let ends = [Err(b"q"), Err(b"\x1b"), Ok(Signal::SIGTERM), Ok(Signal::SIGINT)];
    for signal_or_key in ends {
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        let OpenptyResult { master, slave } = openpty(&size, None).expect("there are terminals");
        // Copies that programs of other tests do not inherit: the terminal would stay open for as long as any of those lives.
        let [master, slave] = [master, slave].map(|end| end.try_clone().expect("it can be shared"));
        let settings = || tcgetattr(&slave).expect("it is a terminal");
        let before = settings();
        let own = || Stdio::from(slave.try_clone().expect("it can be shared"));
        let started = lab.command(["watch"]).stdin(own()).stdout(own()).stderr(own()).spawn();
        let mut watch = started.expect("arclab starts");
        let (mut pty, mut shown) = (File::from(master), Vec::new());
        while !text(&shown).contains("1 waits") {
            let mut more = [0; 4096];
            let count = pty.read(&mut more).expect("it is drawn on");
            shown.extend_from_slice(&more[..count]);
        }
        assert_ne!(settings(), before, "keys are heard as they are pressed");
        match signal_or_key {
            Ok(signal) => kill(Pid::from_raw(watch.id() as i32), signal).expect("it lives"),
            Err(key) => pty.write_all(key).expect("it can be pressed"),
        }
        assert!(watch.wait().expect("it leaves").success());
        assert_eq!(settings(), before);
        drop(slave);
        // It ends with an error once nobody has the terminal any more.
        let _ = pty.read_to_end(&mut shown);
        assert!(text(&shown).ends_with("\x1b[?25h\x1b[?1049l"), "{:?}", text(&shown));
    }
}

#[test]
fn a_variant_means_all_of_its_runs_in_the_queue_whatever_they_were_planned_with() {
    let lab = Lab::new();
    lab.succeed(&["submit", "specs/baseline.yaml"]);
    for epochs in ["2", "3"] {
        lab.succeed(&["submit", "specs/m0.2.yaml", "--set", &format!("training.epochs={epochs}")]);
    }
    let paused = lab.arclab(&["queue", "pause", "m0.2"]);
    assert!(text(&paused.stderr).contains("paused: 2 of 2 runs"), "{}", text(&paused.stderr));
    assert_eq!(variants(&lab), listed(&[("baseline", "waits"), ("m0.2", "paused"), ("m0.2", "paused")]));
    lab.succeed(&["queue", "cancel", "m0.2"]);
    lab.succeed(&["queue", "retry", "m0.2"]);
    assert_eq!(variants(&lab), listed(&[("baseline", "waits"), ("m0.2", "waits"), ("m0.2", "waits")]));
}

#[test]
fn where_nothing_is_to_be_done_it_is_said_and_no_error_and_an_unknown_experiment_is_one() {
    let lab = Lab::new();
    lab.succeed(&["submit", "specs/baseline.yaml"]);
    let retried = lab.arclab(&["queue", "retry", "--all"]);
    let said = text(&retried.stderr);
    assert!(retried.status.success() && said.contains("no such run failed"), "{said}");
    let nowhere = lab.arclab(&["queue", "cancel", "--all", "--experiment", "nosuch"]);
    let said = text(&nowhere.stderr);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(said.contains("there is no experiment `nosuch`; `specs` has baseline"), "{said}");
    let nobody = lab.arclab(&["queue", "cancel"]);
    let said = text(&nobody.stderr);
    assert_eq!(nobody.status.code(), Some(2));
    assert!(said.contains("--all") && said.contains("--experiment"), "{said}");
    let resumed = lab.arclab(&["queue", "resume", "baseline"]);
    let said = text(&resumed.stderr);
    assert_eq!(resumed.status.code(), Some(1));
    assert!(said.contains("cannot be resumed: it waits in the queue"), "{said}");
    assert_eq!(queue(&lab).len(), 1, "it waits as before");
}

#[test]
fn the_daemon_says_why_a_run_ended_and_how_it_goes_on() {
    let lab = Lab::new();
    let large = lab.arclab(&["submit", "specs/baseline.yaml", "--set", "resources.memory=900000GiB"]);
    assert!(
        text(&large.stderr)
            .contains("baseline.yaml: a daemon on this machine refuses it, as it asks for 900000.0 GiB")
    );
    let long = ["submit", "specs/m0.2.yaml", "--set", "training.epochs=2000"];
    lab.succeed(&long);
    let daemon = Daemon::start(&lab);
    let refused = daemon.says(": refused: ");
    assert!(refused.contains("it asks for 900000.0 GiB of memory"), "{refused}");
    daemon.says("epoch 2 of 2000");
    lab.succeed(&["queue", "pause", "m0.2"]);
    let paused = daemon.says(": paused; ");
    assert!(paused.contains("`arclab queue resume`"), "{paused}");
    lab.succeed(&["queue", "cancel", "--all"]);
    lab.succeed(&[&long[..], &["--set", "resources.time_limit=1 s"]].concat());
    let failed = daemon.says(": failed: ");
    assert!(failed.contains("it took longer than its time limit of 1 s"), "{failed}");
    daemon.stop();
    let empty = lab.arclab(&["queue"]);
    assert!(text(&empty.stderr).contains("`arclab history --where state=failed`"), "{}", text(&empty.stderr));
}
