//! One file from the first host that gives it whole.
//!
//! Bytes are kept whatever happens, and asked for from there on: of the same host after a pause, then of the next one. Only the
//! checksum says that they are the file; where it does not, and some of them came earlier or from elsewhere, the same host is
//! asked for all of them once more before it is taken to be at fault.

use std::{path::Path, thread};

use arclab_spec::PublicFile;
use ureq::Agent;

use crate::{
    FetchError, HostError, Patience, Progress, Tried, host,
    part::{self, Part},
};

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
    let mut part = Part::open(&path)?;
    let agent = host::agent(patience);
    let mut tried = Vec::new();
    for host in &file.hosts {
        match from_host(&agent, host, file, &mut part, patience, progress)? {
            Ok(()) => {
                part.finish(&path)?;
                return Ok(Fetched::New);
            }
            Err(why) => tried.push(Tried { host: host.clone(), why }),
        }
        if let Some(last) = tried.last().filter(|_| tried.len() < file.hosts.len()) {
            progress.hindered(&file.name, &format!("{last}; asking the next host"));
        }
    }
    let kept = part.length();
    part.abandon();
    Err(FetchError::Hosts { name: file.name.clone(), tried, kept })
}

fn from_host(
    agent: &Agent,
    host: &str,
    file: &PublicFile,
    part: &mut Part,
    patience: Patience,
    progress: &dyn Progress,
) -> Result<Result<(), HostError>, FetchError> {
    let (mut failures, mut is_its_alone) = (0, false);
    loop {
        let before = part.length();
        let answered = if before >= file.bytes {
            Ok(())
        } else {
            is_its_alone |= before == 0;
            host::ask(agent, host, file, part, progress)?
        };
        let why = match answered {
            Ok(()) if part.is(file)? => return Ok(Ok(())),
            Ok(()) => {
                part.clear()?;
                if is_its_alone {
                    return Ok(Err(HostError::Damaged));
                }
                progress.hindered(&file.name, "what came is not the file; beginning anew");
                continue;
            }
            Err(why) if why.may_pass() => why,
            Err(why) => return Ok(Err(why)),
        };
        failures = if part.length() > before { 1 } else { failures + 1 };
        let Some(pause) = patience.before_retry(failures) else { return Ok(Err(why)) };
        progress.hindered(&file.name, &format!("{host} {why}; asking again"));
        thread::sleep(pause);
    }
}
