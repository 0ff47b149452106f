// Means of images, and channels of images times gates. `area` counts the positions of one image.

// The sums over each image's positions of the normalised maps, times `d` where there is one, times `share`. A block takes
// whole images.
extern "C" __global__ void image_sums(const T *maps, const float *scale, const float *shift, const float *slope, const T *d, T *sums, float share, int images, int area, int channels) {
  by_packs(channels, [&](auto width) {
    constexpr int W = decltype(width)::value;
    Lane<W> lane(channels);
    Affine affine(lane, scale, shift, slope);
    for (int image = blockIdx.x; image < images; image += gridDim.x) {
      Pack<W> sum{};
      i64 begin = image * (i64)area;
      lane.each_of(Part{begin, begin + area}, [&](i64 at) {
        Pack<W> z = affine(lane.read(maps, at));
        if (d) {
          Pack<W> factor = lane.read(d, at);
#pragma unroll
          for (int i = 0; i < W; i++) z.v[i] *= factor.v[i];
        }
#pragma unroll
        for (int i = 0; i < W; i++) sum.v[i] += z.v[i];
      });
      sum_rows(lane, sum.v);
#pragma unroll
      for (int i = 0; i < W; i++) sum.v[i] *= share;
      if (lane.row == 0 && lane.is_used) lane.write(sums, image, sum);
    }
  });
}

// The normalised maps times one gate a channel of an image.
extern "C" __global__ void gate(const T *maps, const float *scale, const float *shift, const float *slope, const T *gates, T *out, int area, int positions, int channels) {
  by_packs(channels, [&](auto width) {
    constexpr int W = decltype(width)::value;
    Lane<W> lane(channels);
    Affine affine(lane, scale, shift, slope);
    lane.each(positions, [&](i64 at) {
      // Of 32 bits: a division of 64 takes as long as the rest.
      Pack<W> z = affine(lane.read(maps, at)), factor = lane.read(gates, (int)at / area);
#pragma unroll
      for (int i = 0; i < W; i++) z.v[i] *= factor.v[i];
      lane.write(out, at, z);
    });
  });
}

// dz = dy·g + dm/P; `d_input` may be `d_output`.
extern "C" __global__ void gate_backward(const T *d_output, const T *gates, const T *d_means, T *d_input, float share, int area, int positions, int channels) {
  by_packs(channels, [&](auto width) {
    constexpr int W = decltype(width)::value;
    Lane<W> lane(channels);
    lane.each(positions, [&](i64 at) {
      int image = (int)at / area;
      Pack<W> d = lane.read(d_output, at), factor = lane.read(gates, image), of_mean = lane.read(d_means, image);
#pragma unroll
      for (int i = 0; i < W; i++) d.v[i] = __fmaf_rn(d.v[i], factor.v[i], of_mean.v[i] * share);
      lane.write(d_input, at, d);
    });
  });
}
