//! The images that are measured: rendered faces as JPEG files, or a person's own; and the same as `RecordIO`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail};
use arclab_data::{Encoding, ExportForm, ExportRequest, Images, Silent, export, find_images};
use arclab_spec::config::{Dataset, PhotoVariation, Synthetic};

use super::{case, peer::SCRIPT};
use crate::peer;

/// Rendered people, and photos of each.
const PEOPLE: u32 = 50;
const PHOTOS: u32 = 20;
/// Photos are drawn by other numbers than those of the embedded faces.
const SEED: u64 = 1;

/// Where the images of one size lie in each form.
#[derive(Debug)]
pub(super) struct Files {
    /// Side of the JPEG files in pixels; of a person's own files not known.
    pub(super) side: Option<u32>,
    pub(super) folder: PathBuf,
    pub(super) records: PathBuf,
    /// Decoded, as N × H × W × 3 bytes.
    pub(super) pixels: PathBuf,
    /// Where arclab keeps what it has decoded.
    pub(super) cache: PathBuf,
}

/// Where all is kept.
pub(super) fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench-data")
}

/// Renders faces of `side` pixels and has `python` write them as JPEG files.
pub(super) fn rendered(python: &Path, side: u32, size: u32) -> anyhow::Result<Files> {
    let home = home().join(side.to_string());
    let folder = home.join("photos");
    if !folder.is_dir() {
        let unfinished = home.join("photos.tmp");
        let pixels = home.join("faces");
        write_pixels(&faces(side, PEOPLE, PHOTOS, &home.join("cache"))?, &pixels)?;
        let mut command = Command::new(python);
        command.arg(SCRIPT).arg("write").arg(&pixels).args(["--size", &side.to_string()]);
        command.args(["--each", &PHOTOS.to_string(), "--out"]).arg(&unfinished);
        peer::run(&mut command)?;
        fs::remove_file(&pixels)?;
        fs::rename(&unfinished, &folder).with_context(|| format!("failed to make {}", folder.display()))?;
    }
    Ok(Files { side: Some(side), ..own(&folder, &home, size)? })
}

/// The images at `folder`, with all that is made of them in `home`.
pub(super) fn own(folder: &Path, home: &Path, size: u32) -> anyhow::Result<Files> {
    if !folder.is_dir() {
        bail!("{} is no folder with a sub-folder a person, which is what both sides read", folder.display());
    }
    let (cache, records, pixels) =
        (home.join("cache"), home.join("records"), home.join(format!("pixels-{size}")));
    fs::create_dir_all(&cache).with_context(|| format!("failed to make {}", cache.display()))?;
    if records.exists() {
        fs::remove_dir_all(&records).with_context(|| format!("failed to remove {}", records.display()))?;
    }
    let request = ExportRequest {
        source: folder,
        form: ExportForm::RecordIo,
        out: &records,
        encoding: Encoding::Keep,
        pairs: None,
        cache: &cache,
    };
    export(&request, &Silent)?;
    write_pixels(&case::open(folder, size, &cache)?, &pixels)?;
    Ok(Files { side: None, folder: folder.to_owned(), records, pixels, cache })
}

/// Rendered faces, from the cache where they are there.
pub(super) fn faces(side: u32, people: u32, photos: u32, cache: &Path) -> anyhow::Result<Images> {
    let vary = PhotoVariation::ALL;
    let faces =
        Synthetic { identities: people, images_per_identity: photos, seed: SEED, mislabelled: 0.0, vary };
    let (images, _) = find_images(&Dataset::Synthetic(faces), side, &[], cache, &Silent)?;
    Ok(images)
}

fn write_pixels(images: &Images, path: &Path) -> anyhow::Result<()> {
    let all: Vec<u8> = (0..images.len()).flat_map(|image| images.pixels(image)).copied().collect();
    fs::write(path, all).with_context(|| format!("failed to write {}", path.display()))
}
