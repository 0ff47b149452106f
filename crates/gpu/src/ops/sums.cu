// Sums over each channel.

// Each block's sums.
extern "C" __global__ void channel_parts(const T *maps, float *parts, i64 positions, int channels) {
  by_packs(channels, [&](auto width) {
    constexpr int W = decltype(width)::value;
    Lane<W> lane(channels);
    float sums[W] = {};
    lane.each_of(part_of(positions, blockIdx.x, gridDim.x), [&](i64 at) {
      Pack<W> x = lane.read(maps, at);
#pragma unroll
      for (int i = 0; i < W; i++) sums[i] += x.v[i];
    });
    sum_rows(lane, sums);
    store_part<1>(lane, parts, sums);
  });
}

// The sums of all blocks.
extern "C" __global__ void channel_sums(const float *parts, int count, float *sums, int channels) {
  Lane<1> lane(channels);
  float sum[1] = {};
  sum_parts(lane, parts, count, sum);
  if (lane.row == 0 && lane.is_used) sums[lane.channel] = sum[0];
}
