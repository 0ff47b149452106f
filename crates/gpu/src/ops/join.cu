// Channels from `at` on of maps that have `width` of them: `channels` of one, with a normalisation applied, into another.
extern "C" __global__ void place_channels(const T *from, const float *scale, const float *shift, const float *slope, int from_at, int from_width, T *to, int to_at, int to_width, i64 positions, int channels) {
  by_packs(channels | from_at | from_width | to_at | to_width, [&](auto width) {
    constexpr int W = decltype(width)::value;
    Lane<W> lane(channels);
    Affine affine(lane, scale, shift, slope);
    const T *first = from + from_at + lane.channel;
    T *out = to + to_at + lane.channel;
    lane.each(positions, [&](i64 at) { store<W>(out + at * to_width, affine(load<W>(first + at * from_width))); });
  });
}
