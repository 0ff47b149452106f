//! A head in parts in a checkpoint: as the whole one, so that it has one form however many ranks there are.
//!
//! Class by class lie the centres, C × E, and what an optimiser remembers of them, flat. All else is the same on all ranks.

use candle_core::Tensor;

use super::super::CENTRES;
use crate::{checkpoint::Tensors, ranks::Place};

/// Whether a tensor is one of class centres, whose parts ranks have.
fn is_of_centres(name: &str) -> bool {
    name.ends_with(CENTRES)
}

/// What falls to a rank of a checkpoint of `classes` classes. What is not of so many is left as it is, to be refused where
/// it is loaded.
pub fn own_tensors(whole: &Tensors, place: Place, classes: usize) -> Tensors {
    let own = |(name, tensor): (&String, &Tensor)| {
        let rows = tensor.dims().first().copied().unwrap_or_default();
        let is_part = is_of_centres(name) && rows.is_multiple_of(classes);
        let (own, each) = (place.share(classes), rows / classes.max(1));
        let part = tensor.narrow(0, own.start * each, own.len() * each);
        (name.clone(), part.ok().filter(|_| is_part).unwrap_or_else(|| tensor.clone()))
    };
    whole.iter().map(own).collect()
}

/// The first rank's tensors, with the centres of all ranks in their order.
pub fn whole_tensors(first: Tensors, others: &[Tensors]) -> Tensors {
    let joined = |(name, tensor): (String, Tensor)| {
        let of_others = others.iter().filter_map(|part| part.get(&name));
        let parts: Vec<&Tensor> = std::iter::once(&tensor).chain(of_others).collect();
        let whole = Tensor::cat(&parts, 0).ok().filter(|_| is_of_centres(&name));
        let whole = whole.unwrap_or_else(|| tensor.clone());
        (name, whole)
    };
    first.into_iter().map(joined).collect()
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    fn tensor(values: &[f32], shape: &[usize]) -> Tensor {
        Tensor::from_slice(values, shape, &Device::Cpu).unwrap()
    }

    fn values(tensor: &Tensor) -> Vec<f32> {
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn parts_of_a_checkpoint_make_it_again_and_what_is_of_no_classes_is_whole_in_each() {
        let centres = tensor(&[0.0, 0.1, 1.0, 1.1, 2.0, 2.1], &[3, 2]);
        let momentum = tensor(&[5.0, 5.1, 6.0, 6.1, 7.0, 7.1], &[6]);
        let others = tensor(&[9.0, 9.1, 9.2], &[3]);
        let names =
            ["head/head.centres", "momentum/first/head.centres", "network/fc.bias"].map(str::to_owned);
        let whole: Tensors = names.iter().cloned().zip([centres, momentum, others]).collect();
        for count in [2, 4] {
            let mut parts: Vec<Tensors> =
                (0..count).map(|rank| own_tensors(&whole, Place { rank, count }, 3)).collect();
            assert!(parts.iter().all(|part| values(&part[&names[2]]) == [9.0, 9.1, 9.2]));
            let first = parts.remove(0);
            let again = whole_tensors(first, &parts);
            for (name, tensor) in &whole {
                assert_eq!(
                    (tensor.dims(), values(tensor)),
                    (again[name].dims(), values(&again[name])),
                    "{name}"
                );
            }
        }
        let second = own_tensors(&whole, Place { rank: 1, count: 2 }, 3);
        assert_eq!(values(&second[&names[0]]), [1.0, 1.1, 2.0, 2.1]);
        assert_eq!(values(&second[&names[1]]), [6.0, 6.1, 7.0, 7.1]);
    }

    #[test]
    fn a_checkpoint_of_other_classes_is_left_for_the_head_to_refuse() {
        let whole = Tensors::from([("head/head.centres".to_owned(), tensor(&[0.0; 4], &[2, 2]))]);
        let own = own_tensors(&whole, Place { rank: 2, count: 3 }, 5);
        assert_eq!(own["head/head.centres"].dims(), [2, 2]);
    }
}
