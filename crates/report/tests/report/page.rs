//! The page that opens without a server.

use arclab_metrics::Unit;
use arclab_report::{Comparison, Document, PairLists, TableOptions};

use crate::support::{lineage, lists, single_runs, variant};

fn page(comparison: &Comparison) -> String {
    titled("faces", comparison)
}

fn titled(title: &str, comparison: &Comparison) -> String {
    let sections = comparison.sections(TableOptions::default());
    Document { title: title.to_owned(), made: "'now'".to_owned(), sections }.page()
}

#[test]
fn a_page_has_all_tables_both_curves_and_a_histogram_a_variant_and_test() {
    let page = page(&single_runs());
    assert_eq!(page.matches("<table>").count(), 4);
    // Loss and validation accuracy; four variants on two tests.
    assert_eq!(page.matches("<svg ").count(), 2 + 4 * 2);
    assert_eq!(page.matches("<svg ").count(), page.matches("</svg>").count());
    assert!(page.contains("m0.2, seed 0<br>accuracy 0."));
    assert!(page.contains(">Epoch</text>") && page.contains(">Cosine similarity</text>"));
    assert!(!page.contains("{{") && !page.contains("NaN"));
}

#[test]
fn a_page_loads_nothing() {
    let page = page(&single_runs());
    for reference in ["src=", "href=", "@import", "<script", "url(http", "<link"] {
        assert!(!page.contains(reference), "{reference}");
    }
    // The namespace of SVG is a name, not an address.
    assert_eq!(page.matches("http").count(), page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count());
}

#[test]
fn every_colour_of_the_charts_is_in_the_style_sheet_twice() {
    let page = page(&single_runs());
    let (head, body) = page.split_once("</head>").unwrap();
    let used: std::collections::BTreeSet<&str> =
        body.split("var(").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0)).collect();
    assert!(used.len() >= 6, "{used:?}");
    for name in used {
        // Once for each scheme.
        assert_eq!(head.matches(&format!(" {name}: ")).count(), 2, "{name}");
    }
}

#[test]
fn what_people_wrote_is_no_markup() {
    let mut hostile = variant("baseline", 0.2, &[0], &["open"]);
    hostile.hypothesis = "<script>alert(1)</script> & \"quotes\"".to_owned();
    hostile.lineage = Some(lineage(&[("a", "a<b")], &["a"]));
    hostile.state = Some("<b>cached".to_owned());
    let mut baseline = variant("plain", 0.2, &[0], &["open"]);
    baseline.lineage = Some(lineage(&[], &[]));
    let comparison = Comparison::new(vec![baseline, hostile], lists(), Unit::Identities);
    let page = titled("<i>{{ made }}", &comparison);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;quotes&quot;"));
    assert!(page.contains("<code>a: - → a&lt;b</code>") && page.contains("&lt;b&gt;cached"));
    assert!(page.contains("<h1>&lt;i&gt;{{ made }}</h1>"), "what was filled in is not filled in again");
    assert!(!page.contains("<script") && !page.contains("<b>") && !page.contains("<i>"));
}

#[test]
fn many_seeds_draw_a_line_each_and_name_the_variant_once() {
    let one =
        page(&Comparison::new(vec![variant("baseline", 0.2, &[0], &["open"])], lists(), Unit::Identities));
    let three = page(&Comparison::new(
        vec![variant("baseline", 0.2, &[0, 1, 2], &["open"])],
        lists(),
        Unit::Identities,
    ));
    let lines = |page: &str| page.matches("stroke=\"var(--c0)\"").count();
    // One line more a seed and chart.
    assert_eq!(lines(&three) - lines(&one), 2 * 2);
    assert_eq!(one.matches(">baseline</text>").count(), three.matches(">baseline</text>").count());
}

#[test]
fn a_page_of_nothing_says_so() {
    let page = page(&Comparison::new(Vec::new(), PairLists::new(), Unit::Identities));
    assert!(page.contains("No training curves were kept.") && page.contains("No scores were kept."));
}

#[test]
fn scores_that_are_all_alike_still_make_a_chart() {
    let mut variant = variant("baseline", 0.2, &[0], &["open"]);
    for result in variant.runs[0].protocols.values_mut() {
        result.scores.fill(0.25);
    }
    let page = page(&Comparison::new(vec![variant], lists(), Unit::Identities));
    assert_eq!(page.matches("<svg ").count(), 3);
    assert!(!page.contains("NaN") && !page.contains("inf\""));
}
