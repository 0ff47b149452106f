//! Landmarks in a file: a line a photo with its path and ten numbers, x and y of the eyes, the nose and the corners of the
//! mouth, between tabs, commas, semicolons or blanks; words may be in quotes.
//!
//! Headings are lines before the first photo's whose first word has no ending of an image, without a number behind it. A photo is
//! found by the last two parts of its path, `PERSON/FILE`, whatever the folders above; one that is written without an ending or
//! without a folder is found, too, where one photo alone could be meant, and so is one of a list, in whose file's name the
//! folders are.

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

/// Why a photo has no landmarks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoLandmarks {
    /// They are not there.
    #[error("the landmarks have none of it")]
    Absent,
    /// A path without its folder or its ending is of one photo, and there are several.
    #[error("`{name}` could be any of {photos} photos")]
    OfSeveral {
        /// The path, as it is in the file.
        name: String,
        /// That have it.
        photos: usize,
    },
    /// In the name of a list's file a folder's end cannot be seen.
    #[error("lines {} and {} of the landmarks could both be of it", .0[0], .0[1])]
    InSeveral([usize; 2]),
}

/// The landmarks of photos, by name.
#[derive(Debug, Clone)]
pub struct LandmarksFile {
    /// `PERSON/FILE`, to line and landmarks.
    by_name: BTreeMap<String, (usize, Landmarks)>,
    /// A path as lists have it in their files' names, to the path's `PERSON/FILE`; or to lines of which none is meant.
    by_alias: BTreeMap<String, Result<String, [usize; 2]>>,
    /// How many photos of the set a name is found for.
    photos: BTreeMap<String, usize>,
}

impl LandmarksFile {
    /// Reads `path`.
    pub fn read(path: &Path) -> Result<Self, LandmarksError> {
        let text = fs::read_to_string(path)
            .map_err(|source| LandmarksError::Read { path: path.to_owned(), source })?;
        Self::parse(path, &text)
    }

    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, LandmarksError> {
        let (mut by_name, mut by_alias) = (BTreeMap::new(), BTreeMap::new());
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
            let name = last_two(&path).to_owned();
            if let Some((first, _)) = by_name.insert(name.clone(), (line, landmarks)) {
                return Err(error((0, format!("`{name}` is in line {first} already"))));
            }
            by_alias
                .entry(path.replace('/', "_"))
                .and_modify(|known: &mut Result<String, [usize; 2]>| {
                    if let Ok(other) = known {
                        *known = Err([by_name[other].0, line]);
                    }
                })
                .or_insert(Ok(name));
        }
        if by_name.is_empty() {
            return Err(LandmarksError::Empty { path: path.to_owned() });
        }
        Ok(Self { by_name, by_alias, photos: BTreeMap::new() })
    }

    /// Those of the photos `PERSON/FILE`, all of which are to be named: a name that could be of several is of none.
    #[must_use]
    pub fn of_set<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        for name in names {
            if let Ok(name) = self.found(name).map(str::to_owned) {
                *self.photos.entry(name).or_default() += 1;
            }
        }
        self
    }

    /// Those of the photo `PERSON/FILE`.
    pub fn of(&self, name: &str) -> Result<&Landmarks, NoLandmarks> {
        let name = self.found(name)?;
        match self.photos.get(name) {
            Some(&photos) if photos > 1 => Err(NoLandmarks::OfSeveral { name: name.to_owned(), photos }),
            Some(_) | None => Ok(&self.by_name[name].1),
        }
    }

    /// As it is named here.
    fn found(&self, name: &str) -> Result<&str, NoLandmarks> {
        let file = name.rsplit_once('/').map_or(name, |(_, file)| file);
        let names = [name, without_ending(name), file, without_ending(file)];
        if let Some((name, _)) = names.into_iter().find_map(|name| self.by_name.get_key_value(name)) {
            return Ok(name);
        }
        let mut aliases = [file, without_ending(file)].into_iter();
        match aliases.find_map(|name| self.by_alias.get(name)) {
            Some(Ok(name)) => Ok(name),
            Some(Err(lines)) => Err(NoLandmarks::InSeveral(*lines)),
            None => Err(NoLandmarks::Absent),
        }
    }
}

fn is_separator(c: char) -> bool {
    matches!(c, ',' | ';') || c.is_whitespace()
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
    let is_image = words.first().is_some_and(|word| has_image_ending(unquoted(&line[word.clone()])));
    !is_image && words.iter().skip(1).all(|word| unquoted(&line[word.clone()]).parse::<f64>().is_err())
}

fn has_image_ending(path: &str) -> bool {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    ["jpg", "jpeg", "png", "pgm", "ppm", "pnm"].iter().any(|known| known.eq_ignore_ascii_case(ending))
}

/// `word` without the quotes around it.
fn unquoted(word: &str) -> &str {
    word.strip_prefix('"').and_then(|word| word.strip_suffix('"')).unwrap_or(word)
}

/// The path and points of a line's photo; or at which byte something is wrong.
fn photo(line: &str, words: &[Range<usize>]) -> Result<(String, Landmarks), (usize, String)> {
    let Some((path, numbers)) = words.split_last_chunk::<10>().filter(|(path, _)| !path.is_empty()) else {
        let found = words.len().saturating_sub(1);
        return Err((line.len(), format!("the line ends after {found} numbers: a path and ten are wanted")));
    };
    let mut values = [0.0; 10];
    for (value, word) in values.iter_mut().zip(numbers) {
        let text = unquoted(&line[word.clone()]);
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        *value = number
            .ok_or_else(|| (word.start, format!("`{text}` is no number: a path and ten are wanted")))?;
    }
    // A path may have blanks, and so begins with the line; its last part is no number.
    if let Some(word) =
        path.iter().skip(1).next_back().filter(|word| unquoted(&line[(*word).clone()]).parse::<f64>().is_ok())
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
            line("ann/1.jpg", ";"),
            format!("\"{}\"", line("ann/1.jpg", "\",\"").trim()),
            format!("202599\n{heading}{}", line("ann/1.jpg", "  ")),
            format!("\u{feff}{}\r\n\r\n", line("ann/1.jpg", " ").trim()),
        ] {
            let found = read(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let Landmarks(points) = *found.of("ann/1.jpg").unwrap_or_else(|why| panic!("{text}: {why}"));
            assert_eq!((points[0], points[4]), (Point { x: 30.5, y: 40.0 }, Point { x: 65.0, y: 81.0 }));
            assert!(found.of("ann/2.jpg").is_err());
        }
    }

    #[test]
    fn a_photo_is_found_by_a_path_with_blanks_or_without_ending_or_folder() {
        let found =
            read(&(line("Ann Lee/a b.jpg", " ") + &line("bob/1", " ") + &line("7.png", " "))).unwrap();
        for name in ["Ann Lee/a b.jpg", "bob/1.jpg", "bob/1.png", "eve/7.png"] {
            assert!(found.of(name).is_ok(), "{name}");
        }
        assert_eq!(found.of("7/7"), Err(NoLandmarks::Absent));
    }

    #[test]
    fn a_name_that_could_be_of_several_photos_is_of_none() {
        let found = read(&(line("1.jpg", " ") + &line("ann/2.jpg", " ") + &line("3.jpg", " "))).unwrap();
        let found = found.of_set(["ann/1.jpg", "bob/1.jpg", "ann/2.jpg", "bob/2.jpg", "eve/3.jpg"]);
        assert_eq!(found.of("bob/1.jpg").unwrap_err().to_string(), "`1.jpg` could be any of 2 photos");
        assert!(found.of("ann/2.jpg").is_ok() && found.of("eve/3.jpg").is_ok());
        assert_eq!(found.of("bob/2.jpg"), Err(NoLandmarks::Absent));
        // In a list's names: `x/a_b/1.jpg` and `x_a/b/1.jpg` are one file there, and `y/c/1.jpg` is its own.
        let lines = ["x/a_b/1.jpg", "x_a/b/1.jpg", "y/c/1.jpg"].map(|path| line(path, " "));
        let found = read(&lines.concat()).unwrap();
        assert!(found.of("ann/y_c_1.jpg").is_ok());
        assert_eq!(found.of("ann/x_a_b_1.jpg"), Err(NoLandmarks::InSeveral([1, 2])));
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
        let first = read("ann/1.jpg\tx\n").unwrap_err();
        assert!(first.contains("line 1, column 12: the line ends after 1 numbers"), "no heading: {first}");
    }
}
