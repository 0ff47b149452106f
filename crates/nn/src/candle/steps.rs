//! Steps of the optimisers, of all of a weight or of some rows.

use candle_core::{DType, Result, Tensor};

use crate::optim::{AdamWFactors, AdamWStep, Factors, Rows, SgdFactors, SgdStep, Step};

/// The Euclidean norm of all gradients together, summed in float64.
pub(super) fn norm(gradients: &[&Tensor]) -> Result<f64> {
    let squares = |gradient: &&Tensor| gradient.to_dtype(DType::F64)?.sqr()?.sum_all()?.to_scalar::<f64>();
    Ok(gradients.iter().map(squares).sum::<Result<f64>>()?.sqrt())
}

/// See [`crate::optim::Sgd`].
pub(super) fn sgd((step, velocity): SgdStep<'_, Tensor>, clipping: f32, factors: SgdFactors) -> Result<()> {
    let Step { value, gradient, rows, by: Factors { rate, weight_decay } } = step;
    let (old, before, momentum) = (taken(value, rows)?, taken(velocity, rows)?, f64::from(factors.momentum));
    let direction = ((gradient * f64::from(clipping))? + (&old * weight_decay)?)?;
    let after = ((before * momentum)? + &direction)?;
    let way = if factors.nesterov { (direction + (&after * momentum)?)? } else { after.clone() };
    put(value, rows, (old - (way * rate)?)?)?;
    put(velocity, rows, after)
}

/// See [`crate::optim::AdamW`].
pub(super) fn adamw(
    (step, [first, second]): AdamWStep<'_, Tensor>,
    clipping: f32,
    factors: AdamWFactors,
) -> Result<()> {
    let Step { value, gradient, rows, by: Factors { rate, weight_decay } } = step;
    let AdamWFactors { betas, epsilon, steps } = factors;
    // Beyond i32's range the powers are 0 in any case.
    let steps = i32::try_from(steps).unwrap_or(i32::MAX);
    let [of_first, of_second] = betas.map(|beta| 1.0 - beta.powi(steps));
    let gradient = (gradient * f64::from(clipping))?;
    let (m, v) = (taken(first, rows)?, taken(second, rows)?);
    let m = (&m + ((&gradient - &m)? * (1.0 - betas[0]))?)?;
    let v = ((v * betas[1])? + (gradient.sqr()? * (1.0 - betas[1]))?)?;
    let length = ((v.sqrt()? / of_second.sqrt())? + epsilon)?;
    let kept = (taken(value, rows)? * (1.0 - rate * weight_decay))?;
    put(value, rows, (kept - ((&m / length)? * (rate / of_first))?)?)?;
    put(first, rows, m)?;
    put(second, rows, v)
}

/// a + share·(b - a).
pub(super) fn approach(a: &Tensor, b: &Tensor, share: f32) -> Result<Tensor> {
    a + ((b - a)? * f64::from(share))?
}

/// a + share·b.
pub(super) fn add_share(a: Option<&Tensor>, b: &Tensor, share: f32) -> Result<Tensor> {
    let share = (b * f64::from(share))?;
    a.map_or(Ok(share.clone()), |a| a + &share)
}

/// Those rows, or all, flat.
fn taken(all: &Tensor, rows: Option<Rows<'_>>) -> Result<Tensor> {
    let Some(Rows { indices, width }) = rows else { return Ok(all.clone()) };
    let indices = Tensor::new(indices, all.device())?;
    all.reshape(((), width))?.index_select(&indices, 0)?.flatten_all()
}

/// The opposite.
fn put(all: &mut Tensor, rows: Option<Rows<'_>>, values: Tensor) -> Result<()> {
    let Some(Rows { indices, width }) = rows else {
        *all = values;
        return Ok(());
    };
    let (count, matrix) = (indices.len(), all.reshape(((), width))?);
    let places = Tensor::new(indices, all.device())?.reshape((count, 1))?.broadcast_as((count, width))?;
    let values = values.reshape((count, width))?;
    *all = matrix.scatter(&places.contiguous()?, &values, 0)?.flatten_all()?;
    Ok(())
}
