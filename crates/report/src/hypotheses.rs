//! What specs expected, and what the results say to it.

use std::fmt;

use arclab_spec::{Direction, Expectation, Number};

use crate::{
    Better, Cell, Column, Comparison, Kind, Table, Tested, VariantResults,
    difference::{correct, differences},
    shown_time,
};

/// What a spec expects of its runs, and when it said so.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stated {
    /// One after the other.
    pub expected: Vec<Expectation>,
    /// When that was first recorded, Unix milliseconds; absent where nothing is expected any more.
    pub recorded_ms: Option<u64>,
    /// What was recorded last when that run was started, if another.
    pub before: Option<Vec<Expectation>>,
    /// When the first of its runs was started, Unix milliseconds; absent before.
    pub began_ms: Option<u64>,
}

/// What results say to an expectation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It is so, and more than chance.
    Supported,
    /// The opposite is, and more than chance.
    Contradicted,
    /// Either may be.
    Undecided,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Supported => "supported",
            Self::Contradicted => "contradicted",
            Self::Undecided => "undecided",
        })
    }
}

/// An expectation with what was found.
struct Answered<'a> {
    variant: &'a VariantResults,
    expectation: &'a Expectation,
    /// Or why there is none.
    found: Result<Tested, String>,
}

impl Comparison {
    /// What each variant's spec expected and whether it is so; without rows where none ever expected anything.
    pub fn hypotheses_table(&self) -> Table {
        let columns = vec![
            Column::new("variant", "Variant", Kind::Text),
            Column::new("metric", "Metric", Kind::Text),
            Column::new("change", "Expected", Kind::Text),
            Column::new("versus", "Versus", Kind::Text),
            Column::new("answer", "Answer", Kind::Text),
            Column::new("difference", "Difference", Kind::Difference(Better::Unsaid)),
            Column::new("corrected_p", "p corrected", Kind::Number),
        ];
        let mut table = Table::new("hypotheses", "Expected, and found", columns);
        let answered = self.answered();
        for of in &answered {
            table.push(row(of));
        }
        let withdrawn = |stated: &Stated| stated.recorded_ms.is_none();
        for variant in self.variants().iter().filter(|variant| variant.stated.as_ref().is_some_and(withdrawn))
        {
            let nothing = || std::iter::repeat_n(Cell::Empty, 3);
            let cells = [Cell::text(variant.name.as_str())].into_iter().chain(nothing());
            table.push(cells.chain([Cell::text("withdrawn"), Cell::Empty, Cell::Empty]).collect());
        }
        table.notes = notes(self, &answered);
        table
    }

    fn answered(&self) -> Vec<Answered<'_>> {
        let stated = self.variants().iter().flat_map(|variant| {
            variant
                .stated
                .iter()
                .flat_map(|stated| &stated.expected)
                .map(move |expectation| (variant, expectation))
        });
        let mut answered: Vec<_> = stated
            .map(|(variant, expectation)| Answered {
                variant,
                expectation,
                found: self.found(variant, expectation),
            })
            .collect();
        let mut tested: Vec<&mut Tested> = answered
            .iter_mut()
            .filter(|of| !matches!(of.expectation.change, Direction::Stays { .. }))
            .filter_map(|of| of.found.as_mut().ok())
            .collect();
        correct(&mut tested);
        answered
    }

    fn found(&self, variant: &VariantResults, expectation: &Expectation) -> Result<Tested, String> {
        let versus = self.variants().iter().find(|other| other.name == expectation.versus);
        let versus = versus.ok_or_else(|| {
            let name = &expectation.versus;
            format!("{name} is not among the variants that are shown")
        })?;
        let lineages = variant.lineage.as_ref().zip(versus.lineage.as_ref());
        let undeclared = lineages.map_or(Vec::new(), |(of, versus)| of.undeclared_differences(versus));
        if let Some(change) = undeclared.first() {
            return Err(format!("the two differ also in what no spec says ({change})"));
        }
        let found = differences(versus, variant, &expectation.protocol, self.lists(), self.unit());
        let found = found.map_err(|why| why.to_string())?.ok_or("there are no results yet")?;
        Ok(match expectation.number {
            Number::Accuracy => found.accuracy,
            Number::FalsePositives => found.false_positives,
            Number::FalseNegatives => found.false_negatives,
            Number::Auc => found.auc,
        })
    }
}

/// What `tested` says to a change.
fn answer(change: Direction, tested: &Tested) -> Answer {
    let found = tested.effect.difference;
    let by_sign = |is_expected: bool| match (tested.is_clear(), is_expected) {
        (false, _) => Answer::Undecided,
        (true, true) => Answer::Supported,
        (true, false) => Answer::Contradicted,
    };
    match change {
        Direction::Increases => by_sign(found.value > 0.0),
        Direction::Decreases => by_sign(found.value < 0.0),
        Direction::Stays { within } if -within < found.low && found.high < within => Answer::Supported,
        Direction::Stays { within } if within < found.low || found.high < -within => Answer::Contradicted,
        Direction::Stays { .. } => Answer::Undecided,
    }
}

fn row(of: &Answered<'_>) -> Vec<Cell> {
    let Expectation { change, versus, .. } = of.expectation;
    let names =
        [of.variant.name.to_string(), of.expectation.metric(), change.to_string(), versus.to_string()]
            .map(Cell::Text);
    let decimals = match of.expectation.number {
        Number::Accuracy | Number::Auc => 3,
        Number::FalsePositives | Number::FalseNegatives => 0,
    };
    let found = match &of.found {
        Err(_) => [Cell::text(Answer::Undecided.to_string()), Cell::Empty, Cell::Empty],
        Ok(tested) => [
            Cell::Text(answer(of.expectation.change, tested).to_string()),
            Cell::difference(*tested, decimals),
            match of.expectation.change {
                Direction::Increases | Direction::Decreases => Cell::P(tested.corrected_p),
                Direction::Stays { .. } => Cell::Empty,
            },
        ],
    };
    names.into_iter().chain(found).collect()
}

fn notes(comparison: &Comparison, answered: &[Answered<'_>]) -> Vec<String> {
    let rule = "An increase or decrease is supported, or contradicted by its opposite, where the 95% interval leaves out 0 and p, \
         corrected over all that is expected here (Holm), is below 0.05. What stays within bounds is supported where they \
         hold the whole interval, and contradicted where they hold nothing of it. Other tables correct over the variants of one \
         test, so that an asterisk may stand there and not here.";
    let mut notes: Vec<String> = answered.first().map(|_| rule.to_owned()).into_iter().collect();
    for of in answered {
        if let Err(why) = &of.found {
            notes.push(format!("{}, {}: undecided, as {why}.", of.variant.name, of.expectation));
        }
    }
    notes.extend(comparison.variants().iter().filter_map(stated_late));
    notes
}

/// Warning: an expectation that was written, or taken back, once there was something to see.
fn stated_late(variant: &VariantResults) -> Option<String> {
    let stated = variant.stated.as_ref()?;
    let began_ms = stated.began_ms?;
    let before = stated
        .before
        .as_ref()
        .map(|before| before.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "));
    let (name, began) = (&variant.name, shown_time(began_ms));
    let before =
        before.map_or_else(|| "nothing was expected".to_owned(), |before| format!("it was: {before}"));
    match stated.recorded_ms {
        None => Some(format!(
            "Warning: nothing is expected of {name} any more; when its first run began at {began} UTC, {before}."
        )),
        Some(recorded_ms) if began_ms < recorded_ms => Some(format!(
            "Warning: what is expected of {name} was written at {} UTC, after its first run had begun at {began} UTC; then \
             {before}.",
            shown_time(recorded_ms),
        )),
        Some(_) => None,
    }
}
