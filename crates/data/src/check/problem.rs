//! What a set of images is looked through for, in the words that people and programs read.

/// Something that may be wrong with a set of images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Problem {
    /// Files that give no image.
    LeftOut,
    /// Names in a split or a list of pairs without an image.
    Missing,
    /// Lines of a split or a list of pairs that contradict others or themselves.
    Refused,
    /// Images that train and test.
    TrainsAndTests,
    /// People that train and are of the open test.
    TrainedPeople,
    /// Images of tests that look like one that trains.
    LooksTested,
    /// Equal files of several people.
    CopiesAcross,
    /// Equal files of one person.
    CopiesWithin,
    /// Groups of images of several people that look the same.
    NearAcross,
    /// Groups of images of one person that look the same.
    NearWithin,
    /// Two people who are alike to a network.
    SamePerson,
    /// Grey images among colour.
    Grey,
    /// Images smaller than what runs make of them.
    Small,
    /// The most blurred hundredth.
    Blurred,
    /// The darkest hundredth.
    Dark,
    /// People with one image.
    Alone,
}

impl Problem {
    /// All of them, what is wrong before what is a hint.
    pub const ALL: [Self; 16] = [
        Self::LeftOut,
        Self::Missing,
        Self::Refused,
        Self::TrainsAndTests,
        Self::TrainedPeople,
        Self::LooksTested,
        Self::CopiesAcross,
        Self::CopiesWithin,
        Self::NearAcross,
        Self::NearWithin,
        Self::SamePerson,
        Self::Grey,
        Self::Small,
        Self::Blurred,
        Self::Dark,
        Self::Alone,
    ];

    /// For programs.
    pub fn key(self) -> &'static str {
        match self {
            Self::LeftOut => "left_out",
            Self::Missing => "missing",
            Self::Refused => "refused",
            Self::TrainsAndTests => "trains_and_tests",
            Self::TrainedPeople => "trained_people",
            Self::LooksTested => "looks_tested",
            Self::CopiesAcross => "copies_across",
            Self::CopiesWithin => "copies_within",
            Self::NearAcross => "near_across",
            Self::NearWithin => "near_within",
            Self::SamePerson => "same_person",
            Self::Grey => "grey",
            Self::Small => "small",
            Self::Blurred => "blurred",
            Self::Dark => "dark",
            Self::Alone => "alone",
        }
    }

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Self::LeftOut => "Files that are no image",
            Self::Missing => "Names in the split or the pairs without an image",
            Self::Refused => "Other lines of them that a run refuses",
            Self::TrainsAndTests => "Images that train and test",
            Self::TrainedPeople => "People in training and in the open test",
            Self::LooksTested => "Images of tests that look like one that trains",
            Self::CopiesAcross => "Equal files of several people",
            Self::CopiesWithin => "Equal files of one person",
            Self::NearAcross => "Images of several people that look the same",
            Self::NearWithin => "Images of one person that look the same",
            Self::SamePerson => "Two people who may be one",
            Self::Grey => "Grey images among colour",
            Self::Small => "Images that are enlarged",
            Self::Blurred => "The most blurred hundredth",
            Self::Dark => "The darkest hundredth",
            Self::Alone => "People with one image",
        }
    }

    /// What it means, in a sentence.
    pub fn about(self) -> &'static str {
        match self {
            Self::LeftOut => "Runs go without them, and say so.",
            Self::Missing => "A run that needs them is refused.",
            Self::Refused => "They contradict another line or themselves; each is told with what is wrong.",
            Self::TrainsAndTests => {
                "By the file's content: what was learnt by heart is tested, and so runs refuse it."
            }
            Self::TrainedPeople => "By name: an open test is of people whom training has not seen.",
            Self::LooksTested => "Unequal files whose perceptual hashes differ in at most 15 of 256 bits.",
            Self::CopiesAcross => "One of the labels is wrong, or the file serves for nothing.",
            Self::CopiesWithin => {
                "They weigh more in training; a drawn split keeps copies together, a split of your own may not."
            }
            Self::NearAcross | Self::NearWithin => {
                "Groups in which each image has a perceptual hash that differs from another's in at most 15 of 256 bits. A hint: aligned photos of one moment come so close, too."
            }
            Self::SamePerson => "The cosine of their mean embeddings is higher than chance explains.",
            Self::Grey => "A network can tell people by it.",
            Self::Small => "Their shorter side has fewer pixels than runs make of it.",
            Self::Blurred => {
                "By the energy of the face's edges: the last of an order, and not wrong by itself."
            }
            Self::Dark => "By the face's mean luma: the last of an order, and not wrong by itself.",
            Self::Alone => "They make no pair of one person, and tell a network little.",
        }
    }

    /// Whether names of images say what was found; else its text alone does.
    pub fn is_told_by_images(self) -> bool {
        !matches!(
            self,
            Self::LeftOut
                | Self::Missing
                | Self::Refused
                | Self::TrainedPeople
                | Self::SamePerson
                | Self::Alone
        )
    }

    /// Whether it spoils what is measured, rather than being a hint.
    pub fn is_wrong(self) -> bool {
        match self {
            Self::LeftOut
            | Self::Missing
            | Self::Refused
            | Self::TrainsAndTests
            | Self::TrainedPeople
            | Self::CopiesAcross => true,
            Self::LooksTested
            | Self::CopiesWithin
            | Self::NearAcross
            | Self::NearWithin
            | Self::SamePerson
            | Self::Grey
            | Self::Small
            | Self::Blurred
            | Self::Dark
            | Self::Alone => false,
        }
    }
}

/// One place where something was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Case {
    /// The images that show it, side by side; perhaps none.
    pub images: Vec<usize>,
    /// What is to be said of them; perhaps nothing.
    pub text: String,
}

impl Case {
    /// Images that speak for themselves.
    pub(super) fn of(images: impl Into<Vec<usize>>) -> Self {
        Self { images: images.into(), text: String::new() }
    }

    /// Images, and what is to be said of them.
    pub(super) fn new(images: impl Into<Vec<usize>>, text: String) -> Self {
        Self { images: images.into(), text }
    }
}
