//! What is under way with Slurm: calls that take their time, on threads of their own, so that the loop goes on.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    task::Poll,
    thread,
    time::{Duration, Instant},
};

use tokio::sync::oneshot::{Receiver, channel, error::TryRecvError};

use crate::error::chain;

use super::{Cluster, SlurmError, StopJobs, SubmitError, Task, TaskState};

/// An array's name and a place in it.
pub(crate) type Place = (String, u32);

/// A call under way, and what it is about.
type Call<K, T> = (K, Receiver<T>);

/// What Slurm says of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    /// Nothing yet.
    NotYet,
    /// It does not know it.
    Unknown,
    /// It knows it.
    Known(Task),
}

/// What Slurm said last.
#[derive(Debug)]
pub(crate) struct Answer {
    /// When it was asked.
    pub(crate) asked: Instant,
    /// The jobs that it knows.
    pub(crate) tasks: BTreeMap<Place, Task>,
}

/// The calls.
#[derive(Debug)]
pub(crate) struct Desk {
    cluster: Arc<dyn Cluster>,
    /// Slurm's controller serves everybody: it is asked at most so often, of all jobs at once.
    every: Duration,
    asked: Option<Instant>,
    query: Option<Receiver<Result<Vec<Task>, SlurmError>>>,
    pub(crate) answer: Option<Answer>,
    submissions: Vec<Call<String, Result<u64, SubmitError>>>,
    /// When each array was submitted; an answer from before says nothing of it.
    submitted: BTreeMap<String, Instant>,
    stops: Vec<Call<Vec<Place>, Result<(), SlurmError>>>,
    /// So many were handed in.
    pub(crate) arrays: u64,
    /// Why it does not answer, as a person was told.
    pub(crate) told: String,
}

impl Desk {
    pub(crate) fn new(cluster: Arc<dyn Cluster>, every: Duration) -> Self {
        Self {
            cluster,
            every,
            asked: None,
            query: None,
            answer: None,
            submissions: Vec::new(),
            submitted: BTreeMap::new(),
            stops: Vec::new(),
            arrays: 0,
            told: String::new(),
        }
    }

    pub(crate) fn submit(&mut self, name: &str, script: PathBuf) {
        let cluster = Arc::clone(&self.cluster);
        self.arrays += 1;
        self.submitted.remove(name);
        self.submissions.push((name.to_owned(), aside(move || cluster.submit(&script))));
    }

    /// What became of submissions since the last time.
    pub(crate) fn submitted(&mut self) -> Vec<(String, Result<u64, SubmitError>)> {
        let mut done = Vec::new();
        for (name, answer) in take_finished(&mut self.submissions) {
            self.submitted.insert(name.clone(), Instant::now());
            let lost = || Err(SubmitError::Unreachable("the call was cut short".to_owned()));
            done.push((name, answer.unwrap_or_else(lost)));
        }
        done
    }

    /// Asks for all of `places`, if it is time, and takes the answer, once it is there.
    pub(crate) fn ask(&mut self, places: BTreeSet<Place>) -> Result<(), SlurmError> {
        if let Some(Poll::Ready(answer)) = self.query.as_mut().map(finished) {
            self.query = None;
            if let (Some(answer), Some(asked)) = (answer, self.asked) {
                let tasks = answer?.into_iter().map(|task| ((task.name.clone(), task.index), task)).collect();
                self.answer = Some(Answer { asked, tasks });
                self.told.clear();
            }
        }
        let is_due = self.asked.is_none_or(|asked| asked.elapsed() >= self.every);
        if !places.is_empty() && self.query.is_none() && is_due {
            let cluster = Arc::clone(&self.cluster);
            self.asked = Some(Instant::now());
            self.query = Some(aside(move || look_up(&*cluster, &places)));
        }
        Ok(())
    }

    /// What Slurm says of a job.
    pub(crate) fn of(&self, place: &Place) -> Word {
        let Some(answer) = &self.answer else { return Word::NotYet };
        let is_under_way = self.submissions.iter().any(|(name, _)| *name == place.0);
        let is_older = self.submitted.get(&place.0).is_some_and(|at| answer.asked < *at);
        if is_under_way || is_older {
            return Word::NotYet;
        }
        answer.tasks.get(place).map_or(Word::Unknown, |task| Word::Known(task.clone()))
    }

    /// Has jobs stop.
    pub(crate) fn stop(&mut self, jobs: Vec<(Place, String)>, how: StopJobs) {
        if jobs.is_empty() {
            return;
        }
        let cluster = Arc::clone(&self.cluster);
        let (places, handles): (Vec<Place>, Vec<String>) = jobs.into_iter().unzip();
        self.stops.push((places, aside(move || cluster.stop(&handles, how))));
    }

    /// The jobs that Slurm could not be told to stop, and why.
    pub(crate) fn unstopped(&mut self) -> Vec<(Vec<Place>, SlurmError)> {
        let mut failed = Vec::new();
        for (places, answer) in take_finished(&mut self.stops) {
            if let Some(Err(error)) = answer {
                failed.push((places, error));
            }
        }
        failed
    }
}

/// Has a thread of its own do it: this program would not end before one of the runtime's has.
fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Receiver<T> {
    let (sender, receiver) = channel();
    // Where there is no thread, the receiver learns that nobody answers.
    drop(thread::Builder::new().spawn(move || drop(sender.send(work()))));
    receiver
}

/// What came of a call that is over; nothing where it was cut short.
fn finished<T>(call: &mut Receiver<T>) -> Poll<Option<T>> {
    match call.try_recv() {
        Ok(answer) => Poll::Ready(Some(answer)),
        Err(TryRecvError::Closed) => Poll::Ready(None),
        Err(TryRecvError::Empty) => Poll::Pending,
    }
}

fn take_finished<K, T>(calls: &mut Vec<Call<K, T>>) -> Vec<(K, Option<T>)> {
    let (mut done, mut open) = (Vec::new(), Vec::new());
    for (about, mut call) in std::mem::take(calls) {
        match finished(&mut call) {
            Poll::Ready(answer) => done.push((about, answer)),
            Poll::Pending => open.push((about, call)),
        }
    }
    *calls = open;
    done
}

/// One call for all; those that the controller has forgotten are looked up in the accounts, where there are any.
fn look_up(cluster: &dyn Cluster, places: &BTreeSet<Place>) -> Result<Vec<Task>, SlurmError> {
    let names = |places: &mut dyn Iterator<Item = &Place>| -> Vec<String> {
        places.map(|(name, _)| name.clone()).collect::<BTreeSet<_>>().into_iter().collect()
    };
    let mut tasks = cluster.jobs(&names(&mut places.iter()))?;
    let known: BTreeSet<Place> = tasks.iter().map(|task| (task.name.clone(), task.index)).collect();
    let forgotten = names(&mut places.difference(&known));
    if !forgotten.is_empty() {
        let is_over = |task: &Task| matches!(task.state, TaskState::Over(_));
        // Without them the journals say enough.
        let past = cluster.past(&forgotten).unwrap_or_else(|error| {
            tracing::debug!(error = chain(&error), "the cluster's accounts do not answer");
            Vec::new()
        });
        let past = past.into_iter();
        // What the controller does not know any more cannot be at work, whatever the accounts say.
        tasks.extend(past.filter(|task| is_over(task) && !known.contains(&(task.name.clone(), task.index))));
    }
    Ok(tasks)
}
