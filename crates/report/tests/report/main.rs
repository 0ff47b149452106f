//! Tables and pages, from invented results.

mod audit;
mod chance;
mod documents;
mod formats;
mod history;
mod page;
mod pairs;
mod rates;
#[path = "../support/mod.rs"]
#[expect(unreachable_pub, reason = "shared with the example")]
mod support;
mod sweep;
mod tables;
