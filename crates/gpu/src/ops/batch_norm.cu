// Batch norm as one scale and one shift, and its gradients with those of the PReLU that follows it.

extern "C" __global__ void scale_and_shift(const float *mean, const float *variance, const float *weight, const float *bias, float *scale, float *shift, float epsilon, int channels) {
  for (i64 c = thread_index(); c < channels; c += thread_count()) {
    scale[c] = weight[c] / sqrtf(variance[c] + epsilon);
    shift[c] = bias[c] - mean[c] * scale[c];
  }
}

extern "C" __global__ void update_running(float *running, const float *batch, float kept, float gained, int channels) {
  for (i64 c = thread_index(); c < channels; c += thread_count()) running[c] = kept * running[c] + gained * batch[c];
}

// Each block's Σ da, Σ da·(y - μ) and Σ dz·a over a ≤ 0.
extern "C" __global__ void norm_parts(const T *maps, const float *scale, const float *shift, const float *slope, const float *mean, const T *d_output, float *parts, i64 positions, int channels) {
  by_packs(channels, [&](auto width) {
    constexpr int W = decltype(width)::value;
    Lane<W> lane(channels);
    Affine affine(lane, scale, shift, slope);
    Pack<W> means = lane.own(mean, 0.f);
    float sums[3 * W] = {};
    lane.each_of(part_of(positions, blockIdx.x, gridDim.x), [&](i64 at) {
      Pack<W> y = lane.read(maps, at), d = lane.read(d_output, at);
#pragma unroll
      for (int i = 0; i < W; i++) {
        float lost, da = affine.backward(i, y.v[i], d.v[i], lost);
        sums[i] += da;
        sums[W + i] = __fmaf_rn(da, y.v[i] - means.v[i], sums[W + i]);
        sums[2 * W + i] += lost;
      }
    });
    sum_rows(lane, sums);
    store_part<3>(lane, parts, sums);
  });
}

// The sums of all blocks: the gradients of the parameters, and two factors a channel, dy = scale·(da - f₀) + f₁·(y - μ).
extern "C" __global__ void norm_factors(const float *parts, int count, const float *scale, const float *variance, float *d_weight, float *d_bias, float *d_slope, float *factors, float epsilon, i64 positions, int channels) {
  Lane<1> lane(channels);
  float sums[3] = {};
  sum_parts(lane, parts, count, sums);
  if (lane.row != 0 || !lane.is_used) return;
  int c = lane.channel;
  float squared = variance[c] + epsilon;
  d_bias[c] = sums[0];
  if (d_weight) d_weight[c] = sums[1] / sqrtf(squared);
  if (d_slope) d_slope[c] = sums[2];
  factors[c] = sums[0] / positions;
  factors[channels + c] = -scale[c] * (sums[1] / positions / squared);
}

// The gradient to the input, to which `also` is added; `d_input` may be `d_output`.
extern "C" __global__ void norm_backward(const T *maps, const float *scale, const float *shift, const float *slope, const float *mean, const float *factors, const T *d_output, const T *also, T *d_input, i64 positions, int channels) {
  by_packs(channels, [&](auto width) {
    constexpr int W = decltype(width)::value;
    Lane<W> lane(channels);
    Affine affine(lane, scale, shift, slope);
    Pack<W> means = lane.own(mean, 0.f), f0 = lane.own(factors, 0.f), f1 = lane.own(factors + channels, 0.f);
    lane.each(positions, [&](i64 at) {
      Pack<W> y = lane.read(maps, at), d = lane.read(d_output, at);
      Pack<W> dy = also ? lane.read(also, at) : Pack<W>{};
#pragma unroll
      for (int i = 0; i < W; i++) {
        float lost, da = affine.backward(i, y.v[i], d.v[i], lost);
        float along = __fmaf_rn(y.v[i] - means.v[i], f1.v[i], dy.v[i]);
        dy.v[i] = __fmaf_rn(affine.scale.v[i], da - f0.v[i], along);
      }
      lane.write(d_input, at, dy);
    });
  });
}
