mod gradients;

use serde_json::Value;

use super::{
    super::tests::{assert_close, numbers, support::fill},
    *,
};

const DIM: usize = 16;

pub(super) fn triplet(margin: f64, miner: Miner) -> PairLoss {
    PairLoss::Triplet(Triplet { margin, miner })
}

/// Every loss at its usual settings.
pub(super) fn usual() -> [PairLoss; 10] {
    [
        PairLoss::Contrastive(Contrastive { positive_margin: 0.0, negative_margin: 1.0 }),
        triplet(0.05, Miner::All),
        triplet(0.05, Miner::SemiHard),
        triplet(0.05, Miner::Hard),
        PairLoss::MultiSimilarity(MultiSimilarity { positive_scale: 2.0, negative_scale: 50.0, base: 0.5 }),
        PairLoss::Circle(Circle { scale: 80.0, relaxation: 0.4 }),
        PairLoss::SupCon(SupCon { temperature: 0.1 }),
        PairLoss::NtXent(NtXent { temperature: 0.07 }),
        PairLoss::LiftedStructure(LiftedStructure { positive_margin: 0.0, negative_margin: 1.0 }),
        PairLoss::ProxyAnchor(ProxyAnchor { scale: 32.0, cosine_margin: 0.1 }),
    ]
}

/// The loss that a case of the reference stands for, if it is one on pairs.
pub(in super::super) fn reference_loss(name: &str) -> Option<PairLoss> {
    let [contrastive, triplet, _, _, multi_similarity, circle, supcon, ntxent, _, proxy_anchor] = usual();
    match name {
        "pml.contrastive" => Some(contrastive),
        "pml.triplet_margin" => Some(triplet),
        "pml.multi_similarity" => Some(multi_similarity),
        "pml.circle" => Some(circle),
        "pml.supcon" => Some(supcon),
        "pml.ntxent" => Some(ntxent),
        "pml.proxy_anchor" => Some(proxy_anchor),
        _ => None,
    }
}

/// Checks the loss and its gradients against a case of the reference.
pub(in super::super) fn assert_reference(
    loss: PairLoss,
    embeddings: &[f32],
    labels: &[u32],
    name: &str,
    case: &Value,
) {
    let mut head = PairHead::new(loss, 5, DIM, 0);
    if let Some(proxies) = &mut head.proxies {
        proxies.values = fill("heads.weight", proxies.values.len());
    }
    let output = head.forward_backward(embeddings, labels);
    let expected = case["loss"].as_f64().unwrap();
    assert!((output.loss - expected).abs() < 1e-6 * expected, "{name}: {} for {expected}", output.loss);
    assert_close(&output.d_embeddings, &numbers(&case["grad_embeddings"]), &format!("{name} embeddings"));
    assert_eq!(head.proxies.is_some(), case.get("grad_weight").is_some(), "{name}");
    if let Some(proxies) = &head.proxies {
        assert_close(&proxies.gradient, &numbers(&case["grad_weight"]), &format!("{name} proxies"));
    }
}

fn output(loss: PairLoss, embeddings: &[f32], labels: &[u32]) -> PairOutput {
    PairHead::new(loss, 8, embeddings.len() / labels.len(), 3).forward_backward(embeddings, labels)
}

/// Whether nothing was lost and nothing pulls.
fn is_nothing(output: &PairOutput) -> bool {
    output.loss == 0.0 && output.d_embeddings.iter().all(|slope| *slope == 0.0)
}

/// Embeddings of which none is far from another.
fn near(count: usize) -> Vec<f32> {
    fill("e", count * DIM).into_iter().map(|value| value + 2.0).collect()
}

/// Losses on images alone.
fn without_proxies() -> impl Iterator<Item = PairLoss> {
    usual().into_iter().filter(|loss| !matches!(loss, PairLoss::ProxyAnchor(_)))
}

#[test]
fn distances_and_cosines_worked_out_by_hand_give_their_losses() {
    // Two people at right angles: 0°, 60° and 90°, so distances of 1 within and √2, 0.5176 between.
    let embeddings = [2.0, 0.0, 0.5, 0.75_f32.sqrt(), 0.0, 3.0];
    let labels = [0, 0, 1];
    let loss = |loss| output(loss, &embeddings, &labels).loss;
    let near = 2.0 * 15.0_f64.to_radians().sin();
    let close =
        |found: f64, expected: f64| assert!((found - expected).abs() < 1e-6, "{found} for {expected}");
    let [contrastive, all, semi_hard, hard, ..] = usual();
    close(loss(contrastive), 1.0 + (1.0 - near));
    // Of the two triplets, the one about 0° is won by far, the one about 60° lost.
    close(loss(all), 1.0 - near + 0.05);
    close(loss(hard), 1.0 - near + 0.05);
    assert_eq!(loss(semi_hard), 0.0);
    // With a margin of 0.5 the first one is semi-hard.
    close(loss(triplet(0.5, Miner::SemiHard)), 1.5 - 2.0_f64.sqrt());
    let numbers = output(all, &embeddings, &labels);
    assert_eq!(numbers.hinges, Hinges { total: 2, active: 1 });
    close(numbers.same.sum / numbers.same.count as f64, 0.5);
    close(numbers.different.sum / numbers.different.count as f64, 0.75_f64.sqrt() / 2.0);
    close(numbers.norms, 6.0);
}

#[test]
fn same_pairs_that_coincide_and_different_ones_beyond_the_margin_cost_nothing() {
    // Opposite people, each photo as the other.
    let embeddings = [1.0, 2.0, 1.0, 2.0, -3.0, -6.0, -3.0, -6.0];
    let lifted = PairLoss::LiftedStructure(LiftedStructure { positive_margin: 0.0, negative_margin: 0.0 });
    let [contrastive, all, semi_hard, hard, ..] = usual();
    for loss in [contrastive, all, semi_hard, hard, lifted] {
        let output = output(loss, &embeddings, &[4, 4, 1, 1]);
        let hinges = output.hinges;
        assert!(is_nothing(&output) && hinges.active == 0 && hinges.total > 0, "{loss:?}: {output:?}");
    }
    // The others never are content, but nearly so.
    let [.., circle, supcon, ntxent, _, _] = usual();
    for loss in [circle, supcon, ntxent] {
        assert!(output(loss, &embeddings, &[4, 4, 1, 1]).loss < 1e-4, "{loss:?}");
    }
}

#[test]
fn a_batch_with_no_pairs_at_all_costs_nothing() {
    for loss in without_proxies() {
        let output = output(loss, &[0.5, -1.0, 2.0], &[7]);
        assert!(is_nothing(&output), "{loss:?}: {output:?}");
    }
}

#[test]
fn people_with_one_image_each_have_no_same_pair() {
    let embeddings = near(4);
    let [contrastive, _, _, _, multi_similarity, ..] = usual();
    for loss in without_proxies() {
        let output = output(loss, &embeddings, &[0, 1, 2, 3]);
        assert_eq!((output.same.count, output.different.count), (0, 12), "{loss:?}");
        // These two push different people off whatever else there is.
        let pushes = [contrastive, multi_similarity].contains(&loss);
        assert_eq!(is_nothing(&output), !pushes, "{loss:?}: {output:?}");
    }
}

#[test]
fn one_person_alone_has_no_different_pair() {
    let embeddings = near(4);
    let [contrastive, _, _, _, multi_similarity, ..] = usual();
    for loss in without_proxies() {
        let output = output(loss, &embeddings, &[2, 2, 2, 2]);
        assert_eq!((output.same.count, output.different.count), (12, 0), "{loss:?}");
        let pulls = [contrastive, multi_similarity].contains(&loss);
        assert_eq!(is_nothing(&output), !pulls, "{loss:?}: {output:?}");
    }
}

#[test]
fn another_order_of_the_images_is_another_order_of_gradients() {
    const COUNT: usize = 9;
    let (embeddings, labels) = (fill("e", COUNT * DIM), [0, 1, 2, 0, 1, 2, 0, 0, 3]);
    let order: Vec<usize> = (0..COUNT).map(|at| at * 4 % COUNT).collect();
    let moved =
        |values: &[f32]| order.iter().flat_map(|&at| values[at * DIM..][..DIM].to_vec()).collect::<Vec<_>>();
    for loss in usual() {
        let one = output(loss, &embeddings, &labels);
        let other =
            output(loss, &moved(&embeddings), &order.iter().map(|&at| labels[at]).collect::<Vec<_>>());
        assert!((one.loss - other.loss).abs() <= 1e-12 * one.loss, "{loss:?}");
        assert_close(&other.d_embeddings, &moved(&one.d_embeddings), &format!("{loss:?}"));
        assert!(!is_nothing(&one), "{loss:?}");
    }
}

#[test]
fn what_is_not_a_number_is_not_hidden() {
    for loss in usual() {
        let mut embeddings = fill("e", 4 * DIM);
        embeddings[DIM + 3] = f32::NAN;
        assert!(output(loss, &embeddings, &[0, 0, 1, 1]).loss.is_nan(), "{loss:?}");
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let (embeddings, labels) = (fill("e", 64 * DIM), (0..64).map(|at| at % 7).collect::<Vec<_>>());
    for loss in usual() {
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| output(loss, &embeddings, &labels))
        };
        let one = on(1);
        assert!(on(2) == one && on(4) == one, "{loss:?}");
    }
}

#[test]
fn proxies_come_back_and_belong_to_their_loss_alone() {
    let [contrastive, .., proxy_anchor] = usual();
    let state = PairHead::new(proxy_anchor, 5, DIM, 3).state();
    let mut restored = PairHead::new(proxy_anchor, 5, DIM, 4);
    restored.load_state(&state).unwrap();
    let expected = PairHead::new(proxy_anchor, 5, DIM, 3).proxies.unwrap().values;
    assert_eq!(restored.proxies.as_ref().unwrap().values, expected);
    assert_eq!(restored.weight().unwrap().value, expected);

    let refused = |loss, classes, state| {
        PairHead::new(loss, classes, DIM, 3).load_state(state).unwrap_err().to_string()
    };
    let shape = "tensor `head.proxies` has shape [5, 16] and should have [6, 16]";
    assert_eq!(refused(proxy_anchor, 6, &state), shape);
    assert_eq!(refused(contrastive, 5, &state), "tensor `head.proxies` belongs to nothing here");
    assert_eq!(refused(proxy_anchor, 5, &Tensors::new()), "tensor `head.proxies` is missing");
    let mut without = PairHead::new(contrastive, 5, DIM, 3);
    assert!(without.state().is_empty() && without.weight().is_none());
    without.load_state(&Tensors::new()).unwrap();
}
