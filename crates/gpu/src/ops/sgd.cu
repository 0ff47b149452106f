// Stochastic gradient descent. Of each tensor: value, velocity and gradient.

struct Sgd {
  float rate, decay, factor, momentum;
  bool nesterov;
  template <int W> __device__ void run(const Tensor &tensor, i64 at, i64 place) {
    Pack<W> value = load<W>(tensor.at[0] + place), velocity = load<W>(tensor.at[1] + place);
    Pack<W> gradient = load<W>(tensor.at[2] + at);
#pragma unroll
    for (int i = 0; i < W; i++) {
      float direction = gradient.v[i] * factor + decay * value.v[i];
      velocity.v[i] = momentum * velocity.v[i] + direction;
      value.v[i] -= rate * (nesterov ? direction + momentum * velocity.v[i] : velocity.v[i]);
    }
    store<W>(tensor.at[0] + place, value);
    store<W>(tensor.at[1] + place, velocity);
  }
};

// `norm` has the gradient's norm, and what gradients are multiplied by.
extern "C" __global__ void sgd(const Tensor *tensors, const Chunk *chunks, int count, Rates rates, const float *norm, float momentum, int nesterov) {
  if (!is_finite(norm[0])) return;
  for (int chunk = blockIdx.x; chunk < count; chunk += gridDim.x) {
    const Tensor &tensor = tensors[chunks[chunk].tensor];
    const double *by = rates.by[tensor.rates];
    Sgd sgd = {(float)by[0], (float)by[1], norm[1], momentum, nesterov != 0};
    over_chunk(tensor, chunks[chunk], sgd);
  }
}
