// Adam with decoupled weight decay. Of each tensor: value, first and second moment, and gradient.

struct AdamW {
  float kept, factor, beta, shares[2], rate, root, epsilon;
  template <int W> __device__ void run(const Tensor &tensor, i64 at, i64 place) {
    Pack<W> value = load<W>(tensor.at[0] + place), first = load<W>(tensor.at[1] + place);
    Pack<W> second = load<W>(tensor.at[2] + place), gradients = load<W>(tensor.at[3] + at);
#pragma unroll
    for (int i = 0; i < W; i++) {
      float gradient = gradients.v[i] * factor;
      first.v[i] += shares[0] * (gradient - first.v[i]);
      second.v[i] = beta * second.v[i] + shares[1] * gradient * gradient;
      value.v[i] = kept * value.v[i] - rate * first.v[i] / (sqrtf(second.v[i]) / root + epsilon);
    }
    store<W>(tensor.at[0] + place, value);
    store<W>(tensor.at[1] + place, first);
    store<W>(tensor.at[2] + place, second);
  }
};

// `norm` as of `sgd`; the corrections are 1 - β₁ᵗ and 1 - β₂ᵗ.
extern "C" __global__ void adamw(const Tensor *tensors, const Chunk *chunks, int count, Rates rates, const float *norm, double first_correction, double second_correction, float beta, float first_share, float second_share, float epsilon) {
  if (!is_finite(norm[0])) return;
  for (int chunk = blockIdx.x; chunk < count; chunk += gridDim.x) {
    const Tensor &tensor = tensors[chunks[chunk].tensor];
    const double *by = rates.by[tensor.rates];
    float kept = (float)(1. - by[0] * by[1]), rate = (float)(by[0] / first_correction);
    AdamW adamw = {kept, norm[1], beta, {first_share, second_share}, rate, (float)sqrt(second_correction), epsilon};
    over_chunk(tensor, chunks[chunk], adamw);
  }
}
