// Operators that treat each number by itself.

// Bytes of N×H×W×3, red, green and blue, to x/127.5 - 1; with one channel, of their luma (ITU-R BT.601).
extern "C" __global__ void images(const u8 *pixels, T *maps, int channels, i64 positions) {
  for (i64 at = thread_index(); at < positions; at += thread_count()) {
    const u8 *pixel = pixels + 3 * at;
    if (channels == 1) {
      unsigned luma = (19595u * pixel[0] + 38470u * pixel[1] + 7471u * pixel[2] + 32768u) >> 16;
      maps[at] = to_element(luma / 127.5f - 1.f);
    } else {
      for (int c = 0; c < 3; c++) maps[3 * at + c] = to_element(pixel[c] / 127.5f - 1.f);
    }
  }
}

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
