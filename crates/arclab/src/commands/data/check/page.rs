//! What was found, as a page with the images of it.

use arclab_data::{Case, CheckRequest, Checked, Problem};
use arclab_report::{Document, Format, Part, PhotoGroup, Picture, Section, photo_groups};

use super::tables::tables;
use crate::commands::compare;

/// Cases of each problem that are shown.
const CASES: usize = 60;
/// Images of a case that are shown.
const IMAGES: usize = 6;
/// Images in a row.
const COLUMNS: usize = 3;

/// One file that opens without a server.
pub(super) fn page(checked: &Checked, request: &CheckRequest) -> String {
    let overview = tables(checked, request, Format::Text { colour: false }).into_iter().map(Part::Table);
    let mut sections = vec![Section::new("What was found", "").with(overview)];
    sections.extend(Problem::ALL.into_iter().filter_map(|problem| section(checked, problem)));
    let title = format!("Check of {}", request.set.display());
    Document { title, made: compare::made(), sections }.page()
}

/// The images of what was found; none where there are none, which the overview says.
fn section(checked: &Checked, problem: Problem) -> Option<Section> {
    let cases = checked.found.get(&problem).filter(|cases| !cases.is_empty())?;
    let title = format!("{}: {}", problem.title(), cases.len());
    let about = if cases.len() > CASES {
        format!("{} The first {CASES} are shown.", problem.about())
    } else {
        problem.about().to_owned()
    };
    let shown = &cases[..cases.len().min(CASES)];
    let (with, without): (Vec<&Case>, Vec<&Case>) = shown.iter().partition(|case| !case.images.is_empty());
    let groups: Vec<PhotoGroup> = with.into_iter().map(|case| group(checked, problem, case)).collect();
    let pictures = (!groups.is_empty()).then(|| photo_groups(&groups));
    let texts = without.into_iter().map(|case| Part::Text(case.text.clone()));
    Some(Section::new(title, about).with(pictures.into_iter().chain(texts)))
}

fn group(checked: &Checked, problem: Problem, case: &Case) -> PhotoGroup {
    let images = &checked.images;
    let photo = |&image: &usize| {
        let picture = Picture { size: images.size(), rgb: images.pixels(image).to_vec() };
        (images.name(image).to_owned(), picture)
    };
    let photos: Vec<_> = case.images.iter().take(IMAGES).map(photo).collect();
    let names: Vec<&str> = photos.iter().map(|(name, _)| name.as_str()).collect();
    let names = if problem.is_told_by_images() { names.join(" = ") } else { String::new() };
    let more = case.images.len().saturating_sub(IMAGES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let said = [format!("{names}{more}"), case.text.clone()];
    let caption = said.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(": ");
    PhotoGroup { caption, columns: photos.len().clamp(1, COLUMNS), photos }
}
