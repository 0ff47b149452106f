// The gradients of a PReLU without a batch norm before it: that to the input in place of that to the output, and each
// block's sums for the slope's.
extern "C" __global__ void prelu_backward(const T *input, const float *slope, T *d, float *parts, i64 positions, int channels) {
  by_packs(channels, [&](auto width) {
    constexpr int W = decltype(width)::value;
    Lane<W> lane(channels);
    Affine affine(lane, nullptr, nullptr, slope);
    float sums[W] = {};
    lane.each_of(part_of(positions, blockIdx.x, gridDim.x), [&](i64 at) {
      Pack<W> x = lane.read(input, at), dx = lane.read(d, at);
#pragma unroll
      for (int i = 0; i < W; i++) {
        float lost;
        dx.v[i] = affine.backward(i, x.v[i], dx.v[i], lost);
        sums[i] += lost;
      }
      lane.write(d, at, dx);
    });
    sum_rows(lane, sums);
    store_part<1>(lane, parts, sums);
  });
}
