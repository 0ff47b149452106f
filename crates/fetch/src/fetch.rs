//! One file from the first host that gives it whole.
//!
//! Bytes that came are kept, and asked for from there on: of the same host after a pause, then of the next one. Only the checksum
//! says that they are the file; where it does not, and some of them came earlier or from elsewhere, the same host is asked for all of
//! them once more before it is taken to be at fault.

use std::{path::Path, thread};

use arclab_spec::PublicFile;
use ureq::Agent;

use crate::{
    FetchError, HostError, Patience, Progress, Tried,
    host::{self, Hindrance},
    part::{self, Part},
};

/// A host has patience anew for each such share of the file that it gives.
const LEAST_GAIN: u64 = 1000;

/// How a file came to be where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetched {
    /// It was there.
    Present,
    /// From a host, now.
    New,
}

/// Brings `file` into `folder`, which is made where it does not exist.
pub fn fetch(
    file: &PublicFile,
    folder: &Path,
    patience: Patience,
    progress: &dyn Progress,
) -> Result<Fetched, FetchError> {
    let path = folder.join(&file.name);
    if part::is_there(&path, file, progress)? {
        return Ok(Fetched::Present);
    }
    let mut asking =
        Asking { agent: host::agent(patience), file, patience, progress, part: Part::open(&path)? };
    let mut tried = Vec::new();
    for host in &file.hosts {
        match asking.all_from(host) {
            Ok(()) => {
                asking.part.finish(&path)?;
                return Ok(Fetched::New);
            }
            Err(Hindrance::Here(error)) => return Err(error),
            Err(Hindrance::Host(why)) => tried.push(Tried { host: host.clone(), why }),
        }
        if let Some(last) = tried.last().filter(|_| tried.len() < file.hosts.len()) {
            progress.hindered(&file.name, &format!("{last}; asking the next host"));
        }
    }
    let kept = asking.part.length();
    asking.part.abandon();
    let PublicFile { name, bytes, sha256, .. } = file.clone();
    Err(FetchError::Hosts { name, path, bytes, sha256, tried, kept })
}

/// A file that is asked for.
struct Asking<'a> {
    agent: Agent,
    file: &'a PublicFile,
    patience: Patience,
    progress: &'a dyn Progress,
    part: Part,
}

impl Asking<'_> {
    /// All bytes that are not there yet, from `host`.
    fn all_from(&mut self, host: &str) -> Result<(), Hindrance> {
        let file = self.file;
        // A host that gives a byte at a time would be asked for ever.
        let least = (file.bytes / LEAST_GAIN).max(1);
        let (mut failures, mut counted, mut is_its_alone) = (0, self.part.length(), false);
        loop {
            let answered = if self.part.length() >= file.bytes {
                Ok(())
            } else {
                is_its_alone |= self.part.length() == 0;
                host::ask(&self.agent, host, file, &mut self.part, self.progress)
            };
            let why = match answered {
                Ok(()) if self.part.holds(file)? => return Ok(()),
                Ok(()) => {
                    self.part.cut(0)?;
                    if is_its_alone {
                        return Err(HostError::Damaged.into());
                    }
                    self.progress.hindered(&file.name, "what came is not the file; beginning anew");
                    counted = 0;
                    continue;
                }
                Err(Hindrance::Host(why)) if why.may_pass() => why,
                Err(why) => return Err(why),
            };
            failures += 1;
            if self.part.length() >= counted + least {
                (failures, counted) = (1, self.part.length());
            }
            // What is not there now is hardly there in ten seconds: a wrong name, a machine without a network.
            let is_away = matches!(why, HostError::Away(_)) && failures > 1;
            let pause = self.patience.before_retry(failures).filter(|_| !is_away);
            let Some(pause) = pause else { return Err(why.into()) };
            self.progress.hindered(&file.name, &format!("{host} {why}; asking again"));
            thread::sleep(pause);
        }
    }
}
