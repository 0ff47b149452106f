//! What ranks put together: gradients, and their norm.
//!
//! Each rank's gradient is that of its images' part in the mean loss over the whole batch, so the batch's is the sum. A head
//! that is not split has the whole gradient on each rank; of one that is split each rank has that of its own classes, so that
//! ‖g‖² = ‖g of the network‖² + Σ over ranks of ‖g of the rank's classes‖².

use arclab_nn::{
    Backend, Network,
    optim::{Kind, PartsMean, Weight},
    ranks::{Exchange, gather_values},
};

/// Sums the gradients of the network over the ranks: those of its last backward, or the means over the batch's parts.
pub(super) fn sum_gradients<B: Backend>(
    exchange: &dyn Exchange<B>,
    device: &B,
    network: &mut Network<B>,
    means: Option<&mut PartsMean<B::Buffer>>,
) {
    let learning = network.params_mut().into_iter().filter(|param| !param.frozen);
    let gradients: Vec<&mut B::Buffer> = match means {
        None => learning.map(|param| &mut param.grad).collect(),
        // Those of the head come after those of the network.
        Some(means) => learning.zip(means.means_mut()).map(|(_, mean)| mean).collect(),
    };
    exchange.sum(device, gradients);
}

/// The norm of a gradient of which each rank has the network's, and a part of the head's.
pub(super) fn norm<B: Backend>(
    exchange: &dyn Exchange<B>,
    device: &B,
    weights: &[(Kind, Weight<'_, B::Numbers>)],
) -> f64 {
    let norm = |is_of_head: bool| {
        let of = weights.iter().filter(|(kind, _)| (*kind == Kind::Head) == is_of_head);
        device.norm(&of.map(|(_, weight)| weight.gradient).collect::<Vec<_>>())
    };
    let of_heads = gather_values(exchange, device, &[norm(true) as f32]);
    let squares = of_heads.into_iter().map(|norm| f64::from(norm).powi(2));
    (norm(false).powi(2) + squares.sum::<f64>()).sqrt()
}
