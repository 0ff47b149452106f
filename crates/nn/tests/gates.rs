//! Joins, gates and what opens them against candle's autograd, on every instruction set of this processor, over odd
//! shapes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::sync::Arc;

use arclab_nn::{Backend, Cpu, MapShape, Maps};
use candle_core::{Result, Tensor, Var};

#[path = "support/autograd.rs"]
mod autograd;
#[path = "support/operators.rs"]
mod cases;
#[path = "support/input.rs"]
mod input;
mod support;
use autograd::{numbers, per_channel, prelu, tensor};
use cases::{assert_close, every_cpu, maps, shape};
use input::Input;
use support::fill;

/// Batch 1, one position, one channel, sizes on both sides of a vector, more positions than a task takes.
fn shapes() -> [MapShape; 7] {
    [
        shape(1, 1, 1, 1),
        shape(2, 3, 4, 5),
        shape(1, 7, 7, 16),
        shape(3, 5, 2, 33),
        shape(9, 1, 1, 40),
        shape(2, 1, 9, 1),
        shape(1, 20, 15, 18),
    ]
}

/// z, to which gradients are asked.
fn applied(input: &Input) -> Result<Var> {
    let x = tensor(input.shape, &input.x)?;
    let Some([scale, shift, slope]) = &input.factors else { return Var::from_tensor(&x) };
    let a = x.broadcast_mul(&per_channel(scale)?)?.broadcast_add(&per_channel(shift)?)?;
    Var::from_tensor(&prelu(&a, &per_channel(slope)?)?)
}

fn of_images(shape: MapShape) -> MapShape {
    MapShape { height: 1, width: 1, ..shape }
}

/// The gradients of Σ y·d to `inputs`.
fn gradients<const N: usize>(y: &Tensor, d: &Tensor, inputs: [&Var; N]) -> Result<[Vec<f32>; N]> {
    let grads = y.mul(d)?.sum_all()?.backward()?;
    Ok(inputs.map(|input| numbers(grads.get(input).unwrap())))
}

#[test]
fn joins_and_their_gradients_agree_with_candle() {
    for of_a in shapes() {
        for (affine, channels) in [(false, 1), (true, 7), (false, 16), (true, 35)] {
            let inputs =
                [Input::new("a", of_a, affine), Input::new("b", MapShape { channels, ..of_a }, !affine)];
            let joined = MapShape { channels: of_a.channels + channels, ..of_a };
            let d = fill("d", joined.len());
            let [za, zb] = inputs.each_ref().map(|input| applied(input).unwrap());
            let z = Tensor::cat(&[za.as_tensor(), zb.as_tensor()], 1).unwrap();
            let expected = gradients(&z, &tensor(joined, &d).unwrap(), [&za, &zb]).unwrap();
            for cpu in every_cpu() {
                let what = format!("{of_a:?} and {channels} ({})", cpu.kernels().name());
                let [a, b] = inputs.each_ref().map(|input| input.activation(&cpu));
                assert_close(&cpu.join(&a, &b).data, &numbers(&z), &what);
                let found = cpu.split(&maps(&cpu, joined, &d), of_a.channels);
                for (found, expected) in found.iter().zip(&expected) {
                    assert_close(&found.data, expected, &format!("split, {what}"));
                }
            }
        }
    }
}

/// z times gates that depend on its means: y = z·(m + h), so that the gradient to z has both parts.
#[test]
fn means_gates_and_their_gradients_agree_with_candle() {
    for shape in shapes() {
        for affine in [false, true] {
            let input = Input::new("x", shape, affine);
            let (h, d) = (fill("h", of_images(shape).len()), fill("d", shape.len()));
            let z = applied(&input).unwrap();
            let h = tensor(of_images(shape), &h).unwrap();
            let means = z.mean_keepdim(2).unwrap().mean_keepdim(3).unwrap();
            let gates = Var::from_tensor(&(&means + &h).unwrap()).unwrap();
            let d_tensor = tensor(shape, &d).unwrap();
            let y = z.broadcast_mul(&gates).unwrap();
            let [d_gates] = gradients(&y, &d_tensor, [&gates]).unwrap();
            let through = z.broadcast_mul(&(&means + &h).unwrap()).unwrap();
            let [d_z] = gradients(&through, &d_tensor, [&z]).unwrap();
            for cpu in every_cpu() {
                let what = format!("{shape:?} ({})", cpu.kernels().name());
                let activation = input.activation(&cpu);
                assert_close(&cpu.pool(&activation).data, &numbers(&means), &format!("means, {what}"));
                let gates = maps(&cpu, of_images(shape), &numbers(&gates));
                assert_close(&cpu.gate(&activation, &gates).data, &numbers(&y), &what);
                let d = Arc::new(maps(&cpu, shape, &d));
                let found = cpu.gate_backward_gates(&activation, &d);
                assert_close(&found.data, &d_gates, &format!("d gates, {what}"));
                // dm = dg here, as the gates are the means and a constant.
                let shared = cpu.gate_backward_input(Arc::clone(&d), &gates, &found);
                assert_close(&shared.data, &d_z, &format!("d input, {what}"));
                let alone = cpu.gate_backward_input(d, &gates, &found);
                assert_eq!(alone.data[..], shared.data[..], "memory that is used again, {what}");
            }
        }
    }
}

/// Values on both sides of where the lines meet.
fn wide(shape: MapShape) -> Vec<f32> {
    fill("x", shape.len()).into_iter().map(|u| 4.0 * u).collect()
}

#[test]
fn hard_sigmoids_and_their_gradients_agree_with_candle() {
    for shape in shapes().map(of_images) {
        let (x, d) = (wide(shape), fill("d", shape.len()));
        let var = Var::from_tensor(&tensor(shape, &x).unwrap()).unwrap();
        let y = (var.as_tensor() * 0.2).unwrap();
        // candle's clamp has no gradient; two ReLUs do the same.
        let line = (y + 0.5).unwrap();
        let y = (line.relu().unwrap() - (line - 1.0).unwrap().relu().unwrap()).unwrap();
        let [expected] = gradients(&y, &tensor(shape, &d).unwrap(), [&var]).unwrap();
        for cpu in every_cpu() {
            let what = format!("{shape:?} ({})", cpu.kernels().name());
            let input = maps(&cpu, shape, &x);
            assert_close(&cpu.hard_sigmoid(&input).data, &numbers(&y), &what);
            let found: Maps<Cpu> = cpu.hard_sigmoid_backward(&input, maps(&cpu, shape, &d));
            assert_close(&found.data, &expected, &format!("d input, {what}"));
        }
    }
}

#[test]
fn a_prelu_s_gradients_agree_with_candle() {
    for shape in shapes() {
        let (x, d, slope) = (wide(shape), fill("d", shape.len()), fill("slope", shape.channels));
        let var = Var::from_tensor(&tensor(shape, &x).unwrap()).unwrap();
        let slope_var = Var::from_tensor(&per_channel(&slope).unwrap()).unwrap();
        let z = prelu(&var, &slope_var).unwrap();
        let [d_x, d_slope] = gradients(&z, &tensor(shape, &d).unwrap(), [&var, &slope_var]).unwrap();
        for cpu in every_cpu() {
            let what = format!("{shape:?} ({})", cpu.kernels().name());
            let mut found = cpu.upload(&vec![f32::NAN; shape.channels]);
            let (input, slope) = (maps(&cpu, shape, &x), cpu.upload(&slope));
            let d_input = cpu.prelu_backward(&input, &slope, maps(&cpu, shape, &d), &mut found);
            assert_close(&d_input.data, &d_x, &format!("d input, {what}"));
            assert_close(&found, &d_slope, &format!("d slope, {what}"));
        }
    }
}
