//! Whoever decides by results which runs go on and which follow: a search. What it decides it writes into the store, so that it is
//! there for another scheduler, too.

use std::{error::Error, fmt::Debug, pin::Pin, time::Instant};

use arclab_spec::RunId;

use crate::{SchedulerError, Stop, scheduler::Session};

/// What others write is no reason to ask for so many times as long as the last answer took: a sweep of thousands of cells takes a
/// while to look at, and the journals of the runs at work are written all the time.
const REST: u32 = 20;

/// Runs that are asked for from now on, beside those that were; or why that cannot be known.
pub type Advised<'a> = Pin<Box<dyn Future<Output = Result<Vec<RunId>, Box<dyn Error + Send + Sync>>> + 'a>>;

/// Decides by results which runs go on.
pub trait Advisor: Debug {
    /// Looks at what the store has, and puts in the queue what is to follow. Asked again, it says nothing new until a run has
    /// stopped.
    fn advise(&mut self) -> Advised<'_>;
}

impl Session<'_> {
    /// Asks the advisor, where there is one and something has happened.
    pub(crate) async fn consult(&mut self) -> Result<(), SchedulerError> {
        let Some(advisor) = self.advisor.as_mut().filter(|_| self.has_news && self.stop == Stop::No) else {
            return Ok(());
        };
        let began = Instant::now();
        let asked = advisor.advise().await.map_err(SchedulerError::Advice)?;
        self.has_news = false;
        self.rests_until = Some(Instant::now() + began.elapsed() * REST);
        for run in asked {
            self.ask_for(run);
        }
        Ok(())
    }
}
