//! Holding images out of each identity.

use crate::random::Draws;

/// Images of each identity, kept and held out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HeldOut {
    pub(super) kept: Vec<Vec<usize>>,
    pub(super) held: Vec<Vec<usize>>,
}

/// Holds `share` of the images out, spread over the identities, each of which keeps one at least.
///
/// Where an identity's share is less than `clump` images, some identities give so many and others none: a lone image
/// makes no pair of one person. No identity gives a clump of more than half its images, and where few are held out at
/// all, clumps are smaller, so that they come from several identities.
pub(super) fn hold_out(groups: &[Vec<usize>], share: f64, clump: usize, draws: Draws) -> HeldOut {
    let mut held = vec![Vec::new(); groups.len()];
    let mut kept = groups.to_vec();
    let total = share * groups.iter().map(Vec::len).sum::<usize>() as f64;
    let clump = (total.sqrt() as usize).clamp(1, clump);
    let mut owed = 0.0;
    for place in draws.permutation(groups.len()) {
        let group = &groups[place];
        owed += share * group.len() as f64;
        let count = count(owed, share, clump, group.len());
        owed -= count as f64;
        let mut order = draws.stream(place as u64).shuffled(group);
        held[place] = order.drain(..count).collect();
        held[place].sort_unstable();
        order.sort_unstable();
        kept[place] = order;
    }
    HeldOut { kept, held }
}

fn count(owed: f64, share: f64, clump: usize, images: usize) -> usize {
    // A sum of many shares may fall short of a whole number by rounding alone.
    let owed = (owed + 1e-9).floor().max(0.0) as usize;
    let least = clump.min(images / 2).max(1);
    if owed < least {
        return 0;
    }
    // What poor identities could not give must not be taken from one rich one.
    let most = least.max((2.0 * share * images as f64).ceil() as usize).min(images.saturating_sub(1));
    owed.min(most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;

    fn groups(identities: usize, images: usize) -> Vec<Vec<usize>> {
        (0..identities).map(|group| (group * images..(group + 1) * images).collect()).collect()
    }

    fn draws(seed: u64) -> Draws {
        Draws::new(seed, Purpose::ClosedImages)
    }

    fn sizes(groups: &[Vec<usize>]) -> Vec<usize> {
        groups.iter().map(Vec::len).collect()
    }

    #[test]
    fn each_of_equal_identities_gives_its_share() {
        let split = hold_out(&groups(5, 10), 0.2, 2, draws(1));
        assert_eq!(sizes(&split.held), [2; 5]);
        assert_eq!(sizes(&split.kept), [8; 5]);
    }

    #[test]
    fn a_share_below_one_image_is_given_in_clumps() {
        let split = hold_out(&groups(20, 8), 0.1, 4, draws(1));
        assert_eq!(sizes(&split.held).iter().sum::<usize>(), 16);
        assert!(sizes(&split.held).iter().all(|&count| count == 0 || count == 4));
    }

    #[test]
    fn few_images_come_from_several_identities() {
        let split = hold_out(&groups(10, 6), 0.1, 4, draws(1));
        assert_eq!(sizes(&split.held).into_iter().filter(|&count| count > 0).collect::<Vec<_>>(), [2; 3]);
    }

    #[test]
    fn every_image_is_in_one_place_and_every_identity_keeps_one() {
        let groups: Vec<Vec<usize>> =
            (0..40).map(|group| (100 * group..100 * group + 1 + group % 7).collect()).collect();
        for share in [0.05, 0.3, 0.9] {
            let split = hold_out(&groups, share, 2, draws(3));
            for (place, group) in groups.iter().enumerate() {
                let mut both = [split.kept[place].clone(), split.held[place].clone()].concat();
                both.sort_unstable();
                assert_eq!(&both, group);
                assert!(!split.kept[place].is_empty());
            }
        }
    }

    #[test]
    fn what_poor_identities_cannot_give_is_not_taken_from_a_rich_one() {
        let mut groups = groups(50, 1);
        groups.push((100..120).collect());
        let split = hold_out(&groups, 0.2, 2, draws(0));
        assert!(split.held[50].len() <= 8, "{}", split.held[50].len());
    }

    #[test]
    fn another_seed_holds_other_images_out() {
        let groups = groups(5, 10);
        assert_eq!(hold_out(&groups, 0.2, 2, draws(1)), hold_out(&groups, 0.2, 2, draws(1)));
        assert_ne!(hold_out(&groups, 0.2, 2, draws(1)), hold_out(&groups, 0.2, 2, draws(2)));
    }
}
