// The Euclidean norm of many gradients together: the sum of each chunk's squares, then that of all chunks, in float64.

struct Squares {
  double sum;
  template <int W> __device__ void run(const Tensor &tensor, i64 at, i64) {
    Pack<W> pack = load<W>(tensor.at[0] + at);
#pragma unroll
    for (int i = 0; i < W; i++) sum += (double)pack.v[i] * pack.v[i];
  }
};

extern "C" __global__ void squares(const Tensor *tensors, const Chunk *chunks, int count, double *sums) {
  for (int chunk = blockIdx.x; chunk < count; chunk += gridDim.x) {
    Squares squares = {0.};
    over_chunk(tensors[chunks[chunk].tensor], chunks[chunk], squares);
    double sum = block_sum_of_doubles(squares.sum);
    if (threadIdx.x == 0) sums[chunk] = sum;
  }
}

// The norm times `factor`; and `factor`, which is made smaller where that norm would exceed `limit`. One block.
extern "C" __global__ void norm_and_factor(const double *sums, float *outcome, int count, double factor, double limit) {
  double sum = 0.;
  for (int at = threadIdx.x; at < count; at += blockDim.x) sum += sums[at];
  double length = sqrt(block_sum_of_doubles(sum)) * factor;
  if (threadIdx.x == 0) {
    outcome[0] = (float)length;
    outcome[1] = (float)(factor * min(limit / (length + 1e-6), 1.));
  }
}

// Both where they are known, without an upload.
extern "C" __global__ void known_norm(float *outcome, float length, float factor) {
  if (thread_index() > 0) return;
  outcome[0] = length;
  outcome[1] = factor;
}
