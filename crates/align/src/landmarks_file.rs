//! Landmarks in a file: a line a photo with its path and ten numbers, x and y of the eyes, the nose and the corners of the
//! mouth, between tabs, commas or blanks.
//!
//! Headings are lines before the first photo's without a number behind their first word. A photo is found by the last two parts
//! of its path, `PERSON/FILE`, whatever the folders above; one that is written without an ending or without a folder is
//! found, too, and so is one of a list, in whose file's name the folders are.

use std::{
    collections::BTreeMap,
    fs,
    ops::Range,
    path::{Path, PathBuf},
};

use crate::{Landmarks, Point};

/// Why landmarks cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LandmarksError {
    /// The file cannot be read, or is no text.
    #[error("failed to read the landmarks in {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line is not what it should be.
    #[error("{}, line {line}, column {column}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// There is nothing in it.
    #[error("{} has no landmarks: a line a photo is wanted, its path and ten numbers", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

/// The landmarks of photos, by name.
#[derive(Debug, Clone)]
pub struct LandmarksFile {
    path: PathBuf,
    by_name: BTreeMap<String, (usize, Landmarks)>,
}

impl LandmarksFile {
    /// Reads `path`.
    pub fn read(path: &Path) -> Result<Self, LandmarksError> {
        let text = fs::read_to_string(path)
            .map_err(|source| LandmarksError::Read { path: path.to_owned(), source })?;
        Self::parse(path, &text)
    }

    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, LandmarksError> {
        let mut by_name = BTreeMap::new();
        let lines = text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate();
        for (line, text) in lines.map(|(line, text)| (line + 1, text)) {
            let words = words(text);
            if words.is_empty() || (by_name.is_empty() && is_heading(text, &words)) {
                continue;
            }
            let error = |(byte, problem): (usize, String)| {
                let column = text[..byte].chars().count() + 1;
                LandmarksError::Line { path: path.to_owned(), line, column, problem }
            };
            let (path, landmarks) = photo(text, &words).map_err(error)?;
            let name = last_two(&path);
            if let Some((first, _)) = by_name.insert(name.to_owned(), (line, landmarks)) {
                return Err(error((0, format!("`{name}` is in line {first} already"))));
            }
            by_name.entry(path.replace('/', "_")).or_insert((line, landmarks));
        }
        if by_name.is_empty() {
            return Err(LandmarksError::Empty { path: path.to_owned() });
        }
        Ok(Self { path: path.to_owned(), by_name })
    }

    /// Those of the photo `PERSON/FILE`.
    pub fn of(&self, name: &str) -> Option<&Landmarks> {
        let file = name.rsplit_once('/').map_or(name, |(_, file)| file);
        let names = [name, without_ending(name), file, without_ending(file)];
        names.into_iter().find_map(|name| self.by_name.get(name)).map(|(_, landmarks)| landmarks)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn is_separator(c: char) -> bool {
    c == ',' || c.is_whitespace()
}

/// The words of a line, as ranges of its bytes.
fn words(line: &str) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    for (at, c) in line.char_indices().filter(|(_, c)| !is_separator(*c)) {
        match words.last_mut().filter(|word| word.end == at) {
            Some(word) => word.end = at + c.len_utf8(),
            None => words.push(at..at + c.len_utf8()),
        }
    }
    words
}

fn is_heading(line: &str, words: &[Range<usize>]) -> bool {
    words.iter().skip(1).all(|word| line[word.clone()].parse::<f64>().is_err())
}

/// The path and points of a line's photo; or at which byte something is wrong.
fn photo(line: &str, words: &[Range<usize>]) -> Result<(String, Landmarks), (usize, String)> {
    let Some((path, numbers)) = words.split_last_chunk::<10>().filter(|(path, _)| !path.is_empty()) else {
        let found = words.len().saturating_sub(1);
        return Err((line.len(), format!("the line ends after {found} numbers: a path and ten are wanted")));
    };
    let mut values = [0.0; 10];
    for (value, word) in values.iter_mut().zip(numbers) {
        let text = &line[word.clone()];
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        *value = number
            .ok_or_else(|| (word.start, format!("`{text}` is no number: a path and ten are wanted")))?;
    }
    // A path may have blanks, and so begins with the line; its last part is no number.
    if let Some(word) =
        path.iter().skip(1).next_back().filter(|word| line[(*word).clone()].parse::<f64>().is_ok())
    {
        return Err((word.start, "the line has more than ten numbers: a path and ten are wanted".to_owned()));
    }
    let path = line[..numbers[0].start].trim_matches(is_separator).trim_matches('"').replace('\\', "/");
    let points = std::array::from_fn(|point| Point { x: values[2 * point], y: values[2 * point + 1] });
    Ok((path.trim_start_matches("./").to_owned(), Landmarks(points)))
}

/// `PERSON/FILE` of a path.
fn last_two(path: &str) -> &str {
    path.rmatch_indices('/').nth(1).map_or(path, |(slash, _)| &path[slash + 1..])
}

fn without_ending(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBERS: [&str; 10] = ["30.5", "40", "70", "41", "50", "60", "35", "80", "65", "81"];

    fn read(text: &str) -> Result<LandmarksFile, String> {
        LandmarksFile::parse(Path::new("points.tsv"), text).map_err(|error| error.to_string())
    }

    fn line(path: &str, separator: &str) -> String {
        format!("{path}{separator}{}\n", NUMBERS.join(separator))
    }

    #[test]
    fn tabs_commas_and_blanks_separate_and_headings_are_passed_over() {
        let heading = "path lefteye_x lefteye_y righteye_x\n";
        for text in [
            line("ann/1.jpg", "\t"),
            format!("path\tx\n{}", line("./photos/ann/1.jpg", "\t")),
            line("\"photos\\ann\\1.jpg\"", ","),
            line("ann/1.jpg", ", "),
            format!("202599\n{heading}{}", line("ann/1.jpg", "  ")),
            format!("\u{feff}{}\r\n\r\n", line("ann/1.jpg", " ").trim()),
        ] {
            let found = read(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let Landmarks(points) = *found.of("ann/1.jpg").unwrap_or_else(|| panic!("{text}: {found:?}"));
            assert_eq!((points[0], points[4]), (Point { x: 30.5, y: 40.0 }, Point { x: 65.0, y: 81.0 }));
            assert!(found.of("ann/2.jpg").is_none());
        }
    }

    #[test]
    fn a_photo_is_found_by_a_path_with_blanks_or_without_ending_or_folder() {
        let found =
            read(&(line("Ann Lee/a b.jpg", " ") + &line("bob/1", " ") + &line("7.png", " "))).unwrap();
        for name in ["Ann Lee/a b.jpg", "bob/1.jpg", "bob/1.png", "eve/7.png"] {
            assert!(found.of(name).is_some(), "{name}");
        }
        assert!(found.of("7/7").is_none());
    }

    #[test]
    fn what_is_wrong_is_told_with_line_and_column() {
        let good = line("ann/1.jpg", "\t");
        let with = |bad: &str| read(&(good.clone() + bad)).unwrap_err();
        let bad = line("ann/2.jpg", "\t").replace("50", "5o");
        assert!(with(&bad).starts_with("points.tsv, line 2, column 25: `5o` is no number"), "{}", with(&bad));
        assert!(with(&bad.replace("5o", "nan")).contains("`nan` is no number"));
        assert!(with("ann/2.jpg\t1\t2\n").contains("line 2, column 14: the line ends after 2 numbers"));
        let many = with(&line("ann/2.jpg\t3", "\t"));
        assert!(many.contains("line 2, column 11: the line has more than ten numbers"), "{many}");
        assert!(
            with(&good).contains("line 2, column 1: `ann/1.jpg` is in line 1 already"),
            "{}",
            with(&good)
        );
        assert!(read("path\tx\n\n").unwrap_err().contains("has no landmarks"));
    }
}
