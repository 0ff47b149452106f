// Margin, softmax and cross-entropy over N rows of C cosines, which gradients are written over. Three kernels: sums over
// the other classes, one number a row from these and the own class, then gradients. Rows are in the grid's first
// direction, pieces of a row in its second.

// Classes of a piece.
constexpr int PIECE = 8192;
// Below any cosine.
constexpr float LOWEST = -3.4e38f;

__device__ __forceinline__ float block_max(float x) {
  __shared__ float most[32];
  for (int step = 16; step > 0; step /= 2) x = max(x, __shfl_xor_sync(0xffffffffu, x, step));
  __syncthreads();
  if (threadIdx.x % 32 == 0) most[threadIdx.x / 32] = x;
  __syncthreads();
  x = most[0];
  for (int warp = 1; warp < blockDim.x / 32; warp++) x = max(x, most[warp]);
  return x;
}

// Of the other classes of a piece: the largest cosine c, and the sum of exp(scale·(cosine - c)), rescaled whenever a
// larger one appears. What is no number stays in the sum. Rows begin at multiples of 16 bytes; what is between them is
// read and left out.
template <class S>
__device__ void class_sums(const S *cosines, const unsigned *labels, float *partials, float *own, int classes, int stride, float scale) {
  constexpr int W = PACK_OF<S>;
  const S *row = cosines + blockIdx.x * (i64)stride;
  int label = labels[blockIdx.x], begin = blockIdx.y * PIECE, end = min(begin + PIECE, classes);
  float most = LOWEST, sum = 0.f;
  for (int at = begin + W * threadIdx.x; at < end; at += W * blockDim.x) {
    Pack<W> cosines = load<W>(row + at);
    float before = most;
#pragma unroll
    for (int i = 0; i < W; i++) {
      if (at + i == label || at + i >= end) cosines.v[i] = LOWEST;
      most = max(most, cosines.v[i]);
    }
    sum *= __expf(scale * (before - most));
#pragma unroll
    for (int i = 0; i < W; i++) sum += cosines.v[i] == LOWEST ? 0.f : __expf(scale * (cosines.v[i] - most));
  }
  float all = block_max(most);
  sum = block_sum(sum * __expf(scale * (most - all)));
  if (threadIdx.x == 0) {
    float *partial = partials + 2 * (blockIdx.x * (i64)gridDim.y + blockIdx.y);
    partial[0] = all;
    partial[1] = sum;
    if (blockIdx.y == 0) own[blockIdx.x] = from_element(row[label]);
  }
}

// Gradients over cosines, by the three numbers of a row in `by`.
template <class S>
__device__ void class_gradients(S *cosines, const unsigned *labels, const float *by, int classes, int stride, float scale) {
  constexpr int W = PACK_OF<S>;
  S *row = cosines + blockIdx.x * (i64)stride;
  int label = labels[blockIdx.x], begin = blockIdx.y * PIECE, end = min(begin + PIECE, classes);
  float most = by[3 * blockIdx.x], factor = by[3 * blockIdx.x + 1], own = by[3 * blockIdx.x + 2];
  for (int at = begin + W * threadIdx.x; at < end; at += W * blockDim.x) {
    Pack<W> cosines = load<W>(row + at);
#pragma unroll
    for (int i = 0; i < W; i++)
      cosines.v[i] = at + i == label ? own : __expf(scale * (cosines.v[i] - most)) * factor;
    store<W>(row + at, cosines);
  }
}

extern "C" __global__ void class_sums_floats(const float *cosines, const unsigned *labels, float *partials, float *own, int classes, int stride, float scale) {
  class_sums(cosines, labels, partials, own, classes, stride, scale);
}
extern "C" __global__ void class_sums_maps(const T *cosines, const unsigned *labels, float *partials, float *own, int classes, int stride, float scale) {
  class_sums(cosines, labels, partials, own, classes, stride, scale);
}
extern "C" __global__ void class_gradients_floats(float *cosines, const unsigned *labels, const float *by, int classes, int stride, float scale) {
  class_gradients(cosines, labels, by, classes, stride, scale);
}
extern "C" __global__ void class_gradients_maps(T *cosines, const unsigned *labels, const float *by, int classes, int stride, float scale) {
  class_gradients(cosines, labels, by, classes, stride, scale);
}

// Each row's loss, whether its own class is nearest, whether it is past the turn, and its angle; and what its gradients
// are made by. With L the logarithm of the sum over other classes and z the own logit, the loss is ln(1 + exp(L - z)), so
// that small ones keep their digits. `weight` is what gradients are multiplied by.
extern "C" __global__ void margins(const float *partials, const float *own, float *samples, float *by, int count, int pieces, double scale, double weight, int margin, int straight_through, double m1, double m2, double m3) {
  for (i64 row = thread_index(); row < count; row += thread_count()) {
    const float *partial = partials + 2 * row * pieces;
    float most = LOWEST;
    for (int piece = 0; piece < pieces; piece++) most = max(most, partial[2 * piece]);
    double sum = 0.;
    for (int piece = 0; piece < pieces; piece++) sum += partial[2 * piece + 1] * exp(scale * ((double)partial[2 * piece] - most));
    double cosine = own[row];
    Target own_class = target(cosine, margin, straight_through, m1, m2, m3);
    double over = scale * most + log(sum) - scale * own_class.value;
    double missed = 1. / (1. + exp(-over)), factor = missed * scale * weight;
    samples[4 * row] = (float)(over > 0. ? over + log1p(exp(-over)) : log1p(exp(over)));
    samples[4 * row + 1] = cosine > most && sum == sum;
    samples[4 * row + 2] = own_class.past_turn;
    samples[4 * row + 3] = (float)acos(clamped(cosine, 1.));
    by[3 * row] = most;
    by[3 * row + 1] = (float)(factor / sum);
    by[3 * row + 2] = (float)(-factor * own_class.slope);
  }
}
