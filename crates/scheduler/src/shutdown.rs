//! Stopping on request.

use std::io;

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// How far a person wants to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Stop {
    /// Go on.
    #[default]
    No,
    /// Let each worker write a checkpoint, then stop.
    AfterCheckpoint,
    /// Kill the workers.
    AtOnce,
}

impl Stop {
    /// What one more request means.
    #[must_use]
    pub fn more(self) -> Self {
        match self {
            Self::No => Self::AfterCheckpoint,
            Self::AfterCheckpoint | Self::AtOnce => Self::AtOnce,
        }
    }
}

/// Counts SIGINT (Ctrl-C) and SIGTERM from now on: the first stops after a checkpoint, the second at once. Neither
/// ends this program any more. Must be called within a tokio runtime.
pub fn stop_on_signals() -> io::Result<watch::Receiver<Stop>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let (sender, receiver) = watch::channel(Stop::No);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                () = sender.closed() => break,
            }
            sender.send_modify(|stop| *stop = stop.more());
        }
    });
    Ok(receiver)
}
