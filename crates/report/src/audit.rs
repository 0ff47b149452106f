//! The tables of an audit: labels that the evidence contradicts, and how many of them are wrong where that is known.

use arclab_metrics::Ranking;
use arclab_spec::ProtocolName;
use arclab_store::records::PairRecord;

use crate::{Cell, Column, Kind, Table};

/// A pair whose label all runs contradict.
#[derive(Debug, Clone, PartialEq)]
pub struct SuspectPair {
    /// The test.
    pub protocol: ProtocolName,
    /// The pair as the list has it.
    pub pair: PairRecord,
    /// The smallest of the runs' evidence against the label, in log odds.
    pub smallest: f64,
    /// The mean over the runs.
    pub mean: f64,
    /// Number of runs.
    pub runs: usize,
    /// Whether the label is wrong, where that is known.
    pub is_wrong: Option<bool>,
}

/// A training image that is more like another identity than like its own, for runs that were not trained on it.
#[derive(Debug, Clone, PartialEq)]
pub struct SuspectImage {
    /// Its name.
    pub image: String,
    /// Whom its label names.
    pub label: String,
    /// Whom it is most like.
    pub suggested: String,
    /// Cosine to the mean of the images with its label.
    pub cosine_label: f64,
    /// Cosine to the mean of the suggested identity.
    pub cosine_suggested: f64,
    /// Whether the label is wrong, where that is known.
    pub is_wrong: Option<bool>,
}

impl SuspectImage {
    /// How much more it is like the suggested identity.
    pub fn margin(&self) -> f64 {
        self.cosine_suggested - self.cosine_label
    }
}

/// Pairs in the order given, of `looked_at` in all; the first `limit` of them.
pub fn suspect_pairs_table(suspects: &[SuspectPair], looked_at: usize, limit: usize) -> Table {
    let text = |key: &str, title: &str| Column::new(key, title, Kind::Text);
    let number = |key: &str, title: &str| Column::new(key, title, Kind::Number);
    let columns = vec![
        number("rank", "Rank"),
        text("protocol", "Test"),
        text("label", "Label"),
        text("a", "Image"),
        text("b", "Other image"),
        number("smallest_margin", "Smallest margin"),
        number("mean_margin", "Mean margin"),
        number("runs", "Runs"),
        text("truth", "Label is"),
    ];
    let caption = format!("All runs decide against the label of {} of {looked_at} pairs", suspects.len());
    let mut table = Table::new("pairs", caption, columns);
    for (suspect, rank) in suspects.iter().zip(1..).take(limit) {
        let margin = |value| Cell::Number { value, decimals: 2 };
        table.push(vec![
            Cell::Count(rank),
            Cell::text(suspect.protocol.as_str()),
            Cell::text(if suspect.pair.same { "same" } else { "different" }),
            Cell::text(&*suspect.pair.a),
            Cell::text(&*suspect.pair.b),
            margin(suspect.smallest),
            margin(suspect.mean),
            Cell::Count(suspect.runs as u64),
            truth(suspect.is_wrong),
        ]);
    }
    table.notes.push(
        "A pair is listed where every run decides against its label, the largest mean margin first. A margin is the score's \
         distance to the run's threshold in log odds, by how well the run's scores tell same from different: 2.3 is ten to one \
         against the label."
            .to_owned(),
    );
    table.notes.extend(shown(suspects.len(), limit));
    table
}

/// Training images in the order given, of `looked_at` in all; the first `limit` of them.
pub fn suspect_images_table(suspects: &[SuspectImage], looked_at: usize, limit: usize) -> Table {
    let text = |key: &str, title: &str| Column::new(key, title, Kind::Text);
    let number = |key: &str, title: &str| Column::new(key, title, Kind::Number);
    let columns = vec![
        number("rank", "Rank"),
        text("image", "Image"),
        text("label", "Label"),
        text("suggested", "Suggested"),
        number("margin", "Margin"),
        number("cosine_label", "To label"),
        number("cosine_suggested", "To suggested"),
        text("truth", "Label is"),
    ];
    let caption = format!(
        "{} of {looked_at} training images are more like another person than like their label's",
        suspects.len()
    );
    let mut table = Table::new("images", caption, columns);
    for (suspect, rank) in suspects.iter().zip(1..).take(limit) {
        let cosine = |value| Cell::Number { value, decimals: 3 };
        table.push(vec![
            Cell::Count(rank),
            Cell::text(&*suspect.image),
            Cell::text(&*suspect.label),
            Cell::text(&*suspect.suggested),
            cosine(suspect.margin()),
            cosine(suspect.cosine_label),
            cosine(suspect.cosine_suggested),
            truth(suspect.is_wrong),
        ]);
    }
    table.notes.extend(shown(suspects.len(), limit));
    table
}

/// Precision and recall of a list, at half as many as are wrong, at as many, and of the whole; empty where the truth is not
/// known. `looked_at` are the labels that could have been listed.
pub fn truth_table(ranking: Option<&Ranking>, looked_at: usize) -> Table {
    let number = |key: &str, title: &str| Column::new(key, title, Kind::Number);
    let columns = vec![
        Column::new("part", "Of the list", Kind::Text),
        number("listed", "Listed"),
        number("wrong", "Wrong"),
        number("precision", "Precision"),
        number("recall", "Recall"),
    ];
    let Some(ranking) = ranking else { return Table::new("truth", "", columns) };
    let all_wrong = ranking.all_wrong();
    let caption = format!(
        "Beside the truth, which is known of the embedded faces: {all_wrong} of {looked_at} labels are wrong"
    );
    let mut table = Table::new("truth", caption, columns);
    let parts = [
        ("the first, half as many as are wrong", all_wrong / 2),
        ("the first, as many as are wrong", all_wrong),
        ("all", ranking.listed()),
    ];
    for (part, count) in parts {
        let found = ranking.first(count);
        let share = |value| Cell::Number { value, decimals: 3 };
        table.push(vec![
            Cell::text(part),
            Cell::Count(found.listed as u64),
            Cell::Count(found.wrong as u64),
            if found.listed > 0 { share(found.precision) } else { Cell::Empty },
            if all_wrong > 0 { share(found.recall) } else { Cell::Empty },
        ]);
    }
    table
}

fn truth(is_wrong: Option<bool>) -> Cell {
    is_wrong.map_or(Cell::Empty, |is_wrong| Cell::text(if is_wrong { "wrong" } else { "right" }))
}

fn shown(listed: usize, limit: usize) -> Option<String> {
    (listed > limit).then(|| format!("The first {limit} of {listed}; `--limit` shows more."))
}
