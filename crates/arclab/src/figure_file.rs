//! A file for a figure.

use std::{path::PathBuf, str::FromStr};

use anyhow::bail;
use arclab_report::Figure;

use crate::output::{self, Output};

/// A file for a figure, whose ending says its form.
#[derive(Debug, Clone)]
pub(crate) struct FigureFile {
    path: PathBuf,
    is_png: bool,
}

impl FromStr for FigureFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = PathBuf::from(text);
        let is_png = match path.extension().and_then(|ending| ending.to_str()) {
            Some("png") => true,
            Some("svg") => false,
            _ => return Err("a figure's file ends in .svg or .png".to_owned()),
        };
        Ok(Self { path, is_png })
    }
}

impl FigureFile {
    /// Before hours of training, and not after them.
    pub(crate) fn refuse_lost(&self) -> anyhow::Result<()> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        match folder.filter(|folder| !folder.is_dir()) {
            Some(folder) => bail!("there is no folder {} for the figure", folder.display()),
            None => Ok(()),
        }
    }

    /// Writes the figure, and says so.
    pub(crate) fn write(&self, figure: &Figure, output: Output) -> anyhow::Result<()> {
        let bytes = if self.is_png { figure.png() } else { figure.svg().into_bytes() };
        output::write(&self.path, &bytes, output)
    }
}
