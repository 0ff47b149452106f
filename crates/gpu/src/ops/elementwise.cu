// Operators that treat each number by itself.

// The same numbers, kept otherwise.
extern "C" __global__ void to_maps(const float *from, T *to, i64 count) {
  for (i64 at = thread_index(); at < count; at += thread_count()) to[at] = to_element(from[at]);
}
extern "C" __global__ void from_maps(const T *from, float *to, i64 count) {
  for (i64 at = thread_index(); at < count; at += thread_count()) to[at] = from_element(from[at]);
}

// A normalisation applied.
extern "C" __global__ void apply_affine(const T *maps, const float *scale, const float *shift, const float *slope, T *out, i64 positions, int channels) {
  by_packs(channels, [&](auto width) {
    Lane<decltype(width)::value> lane(channels);
    Affine affine(lane, scale, shift, slope);
    lane.each(positions, [&](i64 at) { lane.write(out, at, affine(lane.read(maps, at))); });
  });
}

// The sum of two maps, both with their normalisation applied.
extern "C" __global__ void sum_maps(const T *a, const float *a_scale, const float *a_shift, const float *a_slope, const T *b, const float *b_scale, const float *b_shift, const float *b_slope, T *out, i64 positions, int channels) {
  by_packs(channels, [&](auto width) {
    constexpr int W = decltype(width)::value;
    Lane<W> lane(channels);
    Affine of_a(lane, a_scale, a_shift, a_slope), of_b(lane, b_scale, b_shift, b_slope);
    lane.each(positions, [&](i64 at) {
      Pack<W> sum = of_a(lane.read(a, at)), other = of_b(lane.read(b, at));
#pragma unroll
      for (int i = 0; i < W; i++) sum.v[i] += other.v[i];
      lane.write(out, at, sum);
    });
  });
}

// A value added to each channel, in place.
extern "C" __global__ void add_bias(T *maps, const float *bias, i64 positions, int channels) {
  by_packs(channels, [&](auto width) {
    Lane<decltype(width)::value> lane(channels);
    Affine affine(lane, nullptr, bias, nullptr);
    lane.each(positions, [&](i64 at) { lane.write(maps, at, affine(lane.read(maps, at))); });
  });
}
