//! A ranked list beside the truth: precision and recall of its beginnings.

/// How much of a list, from its top, is right, and how much of all there is it has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Entries looked at.
    pub listed: usize,
    /// Those of them whose label is wrong.
    pub wrong: usize,
    /// Share of the entries whose label is wrong; 0 of none.
    pub precision: f64,
    /// Share of all wrong labels that are among them; 0 where none is wrong.
    pub recall: f64,
}

/// Whether each label of a list, from the top, is wrong, and how many are wrong in all, listed or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranking {
    wrong: Vec<bool>,
    all_wrong: usize,
}

impl Ranking {
    /// `all_wrong` counts those that are not listed, too.
    pub fn new(wrong: Vec<bool>, all_wrong: usize) -> Self {
        Self { wrong, all_wrong }
    }

    /// Entries of the list.
    pub fn listed(&self) -> usize {
        self.wrong.len()
    }

    /// Wrong labels, listed or not.
    pub fn all_wrong(&self) -> usize {
        self.all_wrong
    }

    /// Of the first `count` entries, or of all where there are fewer. At [`all_wrong`](Self::all_wrong) entries precision and
    /// recall are one number, R-precision, unless the list is shorter.
    pub fn first(&self, count: usize) -> Found {
        let listed = count.min(self.wrong.len());
        let wrong = self.wrong[..listed].iter().filter(|&&wrong| wrong).count();
        let share = |of: usize| wrong as f64 / of.max(1) as f64;
        Found { listed, wrong, precision: share(listed), recall: share(self.all_wrong) }
    }

    /// Recall and precision after each entry, from the top.
    pub fn curve(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let mut wrong_above = 0;
        self.wrong.iter().zip(1..).map(move |(&wrong, listed)| {
            wrong_above += usize::from(wrong);
            (wrong_above as f64 / self.all_wrong.max(1) as f64, wrong_above as f64 / f64::from(listed))
        })
    }
}
