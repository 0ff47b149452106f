//! How many pairs a part of the split can give.

use std::fmt;

/// How many pairs a part of the split can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Supply {
    /// Images of the part.
    pub images: usize,
    /// Identities of the part.
    pub identities: usize,
    /// Different pairs of images of the same person.
    pub same: u64,
    /// Different pairs of images of different people.
    pub different: u64,
}

impl Supply {
    /// Same and different pairs of a balanced list of `count`, or of the longest that there is.
    pub(super) fn give(self, count: u32) -> (u64, u64) {
        let (same, different) = (u64::from(count / 2), u64::from(count.div_ceil(2)));
        if same <= self.same && different <= self.different {
            return (same, different);
        }
        let most = self.same.min(self.different);
        (most, most)
    }
}

impl fmt::Display for Supply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { images, identities, same, different } = self;
        write!(f, "{images} images of {identities} identities make {same} pairs of the same person and ")?;
        write!(f, "{different} of different people")
    }
}
