//! What is told of a comparison, section by section.

use std::collections::BTreeSet;

use arclab_metrics::{ResolvedPolicy, Unit};
use arclab_report::{Comparison, Document, Part, Section, TableOptions};
use arclab_spec::Fingerprint;

use crate::support::{lists, pair_list, protocol, result, single_runs, variant};

fn report(comparison: &Comparison) -> Document {
    let mut sections = comparison.report_sections(TableOptions::default());
    sections.push(comparison.provenance("Written by a test.", &[]));
    Document { title: "faces".to_owned(), made: "today".to_owned(), sections }
}

#[test]
fn a_report_has_each_chart_of_each_test_under_a_name_of_its_own() {
    let report = report(&single_runs());
    let names: BTreeSet<&str> = report.figures().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), report.figures().count());
    for test in ["closed", "open"] {
        for chart in ["roc", "det", "accuracy-differences"] {
            assert!(names.contains(&*format!("{chart}-{test}")), "{chart} of {test} in {names:?}");
        }
        assert!(names.contains(&*format!("scores-{test}-m0.8")));
    }
    let tables: Vec<&str> = report.tables().map(|table| table.name.as_str()).collect();
    assert_eq!(tables, ["accuracy", "errors", "rates", "tests", "runs", "data", "pair-lists"]);
}

#[test]
fn a_page_and_its_markdown_hold_every_figure_and_load_nothing_else() {
    let report = report(&single_runs());
    let (page, markdown) = (report.page(), report.markdown("figures"));
    assert_eq!(page.matches("<svg ").count(), report.figures().count());
    assert_eq!(page.matches("http").count(), page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count());
    for reference in ["src=", "href=", "@import", "<script", "url(http", "<link"] {
        assert!(!page.contains(reference), "{reference}");
    }
    for (name, _) in report.figures() {
        assert!(markdown.contains(&format!("(figures/{name}.png)](figures/{name}.svg)")), "{name}");
    }
    assert_eq!(markdown.matches("](").count(), 2 * report.figures().count());
    assert!(!markdown.contains("http"));
    for heading in
        ["## Variants", "## Results", "## Differences", "## Rates at all thresholds", "## Provenance"]
    {
        assert!(markdown.contains(&format!("\n{heading}\n")), "{heading}");
    }
}

#[test]
fn a_clear_difference_is_marked_in_its_chart() {
    let report = report(&single_runs());
    let (_, forest) = report.figures().find(|(name, _)| name == "accuracy-differences-open").unwrap();
    let (element, file) = (forest.element(), forest.svg());
    // A worse variant with an asterisk in the colour of a loss, and one that may be as good without.
    assert!(element.contains(">m0.2 *</text>") && element.contains("var(--loss)"), "{element}");
    assert!(element.contains(">m0.8</text>") && element.contains("var(--quiet)"));
    assert!(file.contains(">Accuracy less that of baseline</text>") && !file.contains("var("));
}

#[test]
fn curves_of_few_pairs_and_of_perfect_scores_are_drawn_as_far_as_they_can_be() {
    let list = pair_list(8, false);
    let scores = list.same.iter().map(|&same| if same { 0.9 } else { 0.1 }).collect();
    let mut perfect = variant("baseline", 0.2, &[0], &[]);
    let open = result("few", &list, scores, ResolvedPolicy::Fixed { threshold: 0.5 });
    perfect.runs[0].protocols.insert(protocol("open"), open);
    let lists = [(Fingerprint::of(b"few"), list)].into();
    let report = report(&Comparison::new(vec![perfect], lists, Unit::Identities));
    let names: Vec<&str> = report.figures().map(|(name, _)| name.as_str()).collect();
    // On a DET's axes, a share of no errors lies infinitely far away.
    assert!(names.contains(&"roc-open") && !names.contains(&"det-open"), "{names:?}");
    assert!(!report.page().contains("NaN") && !report.page().contains("inf\""));
}

#[test]
fn nothing_to_tell_is_told_without_figures() {
    let mut unscored = variant("baseline", 0.2, &[0], &["open"]);
    unscored.runs[0].protocols.values_mut().for_each(|result| result.scores.clear());
    let report = report(&Comparison::new(vec![unscored], lists(), Unit::Identities));
    let titles: Vec<&str> = report.sections.iter().map(|section| section.title.as_str()).collect();
    assert_eq!(titles, ["Variants", "Results", "Training", "Scores", "Provenance"]);
}

#[test]
fn what_is_written_in_both_forms_stands_in_both() {
    let written = Part::Written { html: "<b>bold</b>".to_owned(), markdown: "**bold**".to_owned() };
    let section = Section::new("More <1>", "About *it*").with([Part::Heading("Below".to_owned()), written]);
    let document = Document { title: "t".to_owned(), made: "m".to_owned(), sections: vec![section] };
    let page = document.page();
    assert!(page.contains(
        "<h2>More &lt;1&gt;</h2>\n<p class=\"about\">About *it*</p>\n<h3>Below</h3>\n<b>bold</b>\n"
    ));
    assert!(
        document
            .markdown("figures")
            .ends_with("\n## More \\<1>\n\nAbout \\*it\\*\n\n### Below\n\n**bold**\n")
    );
}
