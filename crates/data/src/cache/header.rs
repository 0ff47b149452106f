//! The first bytes of a file of pixels.

use arclab_spec::Fingerprint;

/// Bytes before the first image; a multiple of a cache line.
pub(super) const LENGTH: usize = 128;

const MAGIC: [u8; 8] = *b"arclabpx";

/// What a file of pixels says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) version: u32,
    /// Side of an image in pixels.
    pub(super) size: u32,
    /// Number of images.
    pub(super) count: u64,
    /// Digest of the index that belongs to it.
    pub(super) index: Fingerprint,
}

impl Header {
    pub(super) fn to_bytes(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&self.version.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.size.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.count.to_le_bytes());
        bytes[24..88].copy_from_slice(self.index.as_str().as_bytes());
        bytes
    }

    /// The header of a file's `bytes`, or `None` where they have none.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; LENGTH] = bytes.first_chunk()?;
        if bytes[..8] != MAGIC {
            return None;
        }
        let index = String::from_utf8(bytes[24..88].to_vec()).ok()?;
        Some(Self {
            version: u32::from_le_bytes(bytes[8..12].try_into().ok()?),
            size: u32::from_le_bytes(bytes[12..16].try_into().ok()?),
            count: u64::from_le_bytes(bytes[16..24].try_into().ok()?),
            index: Fingerprint::try_from(index).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_as_it_was_written_and_nothing_else_is_one() {
        let header = Header { version: 3, size: 64, count: 12, index: Fingerprint::of(b"index") };
        assert_eq!(Header::read(&header.to_bytes()), Some(header.clone()));
        assert_eq!(Header::read(&header.to_bytes()[..100]), None);
        assert_eq!(Header::read(&[0; LENGTH]), None);
    }
}
