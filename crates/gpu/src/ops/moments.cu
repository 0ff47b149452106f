// Mean and variance of each channel, without the digits that a large mean costs sums of squares.

// Chan, Golub and LeVeque 1979, for W means, as many sums of squared differences from them, and last the count:
// with δ the difference of two means, M = M₁ + M₂ + δ²·n₁n₂/(n₁ + n₂).
template <int N> __device__ __forceinline__ void merge_moments(float (&a)[N], const float (&b)[N]) {
  constexpr int W = N / 2;
  float total = a[N - 1] + b[N - 1];
  if (total == 0.f) return;
  float share = b[N - 1] / total;
#pragma unroll
  for (int i = 0; i < W; i++) {
    float delta = b[i] - a[i];
    a[W + i] += b[W + i] + delta * delta * a[N - 1] * share;
    a[i] += delta * share;
  }
  a[N - 1] = total;
}

// Each block's means and sums of squared differences.
extern "C" __global__ void moment_parts(const T *maps, float *parts, i64 positions, int channels) {
  by_packs(channels, [&](auto width) {
    constexpr int W = decltype(width)::value;
    Lane<W> lane(channels);
    Part part = part_of(positions, blockIdx.x, gridDim.x);
    // Differences from the first number that this thread reads, which is near to the mean where that is large.
    bool reads = lane.is_used && part.begin + lane.row < part.end;
    Pack<W> first = reads ? lane.read(maps, part.begin + lane.row) : Pack<W>{};
    float sums[2 * W] = {}, count = 0.f;
    lane.each_of(part, [&](i64 at) {
      Pack<W> y = lane.read(maps, at);
#pragma unroll
      for (int i = 0; i < W; i++) {
        float difference = y.v[i] - first.v[i];
        sums[i] += difference;
        sums[W + i] = __fmaf_rn(difference, difference, sums[W + i]);
      }
      count += 1.f;
    });
    float moments[2 * W + 1];
#pragma unroll
    for (int i = 0; i < W; i++) {
      float mean = reads ? sums[i] / count : 0.f;
      moments[i] = first.v[i] + mean;
      moments[W + i] = sums[W + i] - sums[i] * mean;
    }
    moments[2 * W] = count;
    fold_rows(lane, moments, merge_moments<2 * W + 1>);
#pragma unroll
    for (int i = 0; i < 2 * W; i++) sums[i] = moments[i];
    store_part<2>(lane, parts, sums);
  });
}

// Those of all blocks together: means and variances.
extern "C" __global__ void moments(const float *parts, int count, float *mean, float *variance, i64 positions, int channels) {
  Lane<1> lane(channels);
  float moments[3] = {};
  lane.each_of(Part{0, count}, [&](i64 index) {
    Part part = part_of(positions, index, count);
    float other[3] = {parts[lane.place(2 * index)], parts[lane.place(2 * index + 1)], (float)(part.end - part.begin)};
    merge_moments(moments, other);
  });
  fold_rows(lane, moments, merge_moments<3>);
  if (lane.row != 0 || !lane.is_used) return;
  mean[lane.channel] = moments[0];
  // Rounding may leave less than nothing.
  variance[lane.channel] = max(moments[1] / moments[2], 0.f);
}
