//! The page of a comparison, opened by a browser.
#![expect(clippy::print_stdout, reason = "a test that is skipped says why")]

mod support;

use std::process::Command;

use support::{Lab, text};

#[test]
fn a_browser_shows_both_tables_and_the_charts() {
    let lab = Lab::new();
    lab.succeed(&["run", "specs", "--quiet", "--html", "page.html"]);
    let page = lab.path().join("page.html");
    let markup = std::fs::read_to_string(&page).unwrap();
    assert!(!markup.contains("src=\"http") && !markup.contains("href=\"http"), "the page needs no network");

    let browser = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", lab.path().join("profile").display()))
        .arg(format!("file://{}", page.display()))
        .output();
    let Ok(browser) = browser else {
        println!("skipped: no chromium on this machine");
        return;
    };
    let dom = text(&browser.stdout);
    assert!(dom.matches("<table").count() >= 2, "two tables in {dom:.500}");
    assert!(dom.matches("<svg").count() >= 2, "curves and histograms in {dom:.500}");
    assert!(dom.contains("m0.2"));
}
