//! Images of a data set by their names, whatever they serve for.

use std::path::Path;

use arclab_spec::config::Dataset;

use crate::{cache::CacheError, gallery::Gallery, images::Images, progress::Progress};

/// Why images cannot be found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FindError {
    /// The data set's images.
    #[error("failed to prepare the images")]
    Images(#[source] CacheError),
    /// One is not there any more.
    #[error("the data set has no image `{0}`")]
    Absent(String),
}

/// The images of `dataset` at `size`, and the numbers of those with these `names`.
pub fn find_images(
    dataset: &Dataset,
    size: u32,
    names: &[String],
    cache: &Path,
    progress: &dyn Progress,
) -> Result<(Images, Vec<usize>), FindError> {
    let mut gallery = Gallery::new(cache, size, progress);
    gallery.dataset(dataset).map_err(FindError::Images)?;
    let (images, ..) = gallery.finish();
    let by_name = images.by_name(0..images.len());
    let find =
        |name: &String| by_name.get(name.as_str()).copied().ok_or_else(|| FindError::Absent(name.clone()));
    let numbers = names.iter().map(find).collect::<Result<_, _>>()?;
    Ok((images, numbers))
}
