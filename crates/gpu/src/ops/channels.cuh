// What kernels on feature maps of positions × channels share: how threads stand before them, the normalisation that is
// applied where they are read, and sums over positions.

// Threads of a block at most.
constexpr int BLOCK = 256;

// Runs `work` for packs where `places`, the channels and where they begin, are multiples of one (or-ed together: a pack's
// size is a power of two); else for single numbers.
template <int W> struct Width {
  static constexpr int value = W;
};
template <class F> __device__ __forceinline__ void by_packs(i64 places, F work) {
  if (places % PACK == 0)
    work(Width<PACK>());
  else
    work(Width<1>());
}

// Positions from one on and up to another, which a block reduces by itself.
struct Part {
  i64 begin, end;
};
// Those of block `index` of `count`: side by side, as many for each.
__device__ __forceinline__ Part part_of(i64 positions, i64 index, i64 count) {
  i64 each = (positions + count - 1) / count;
  return {min(index * each, positions), min((index + 1) * each, positions)};
}

// Where a thread stands: those side by side at neighbouring packs of channels, so that a warp reads memory side by side;
// further ones of the block, in rows, at further positions. The grid's second direction counts groups of channels.
template <int W> struct Lane {
  int channels, columns, rows, row, channel;
  // Threads that are too many for whole rows, or channels, only take part in barriers.
  bool is_used;

  __device__ __forceinline__ explicit Lane(int channels) : channels(channels) {
    int groups = gridDim.y, thread = threadIdx.x;
    columns = (channels / W + groups - 1) / groups;
    rows = (int)blockDim.x / columns;
    row = thread / columns;
    channel = ((int)blockIdx.y * columns + thread % columns) * W;
    is_used = row < rows && channel < channels;
  }

  // All positions, in turn with the grid's other blocks.
  template <class F> __device__ __forceinline__ void each(i64 positions, F work) const {
    if (!is_used) return;
    for (i64 at = blockIdx.x * (i64)rows + row; at < positions; at += gridDim.x * (i64)rows) work(at);
  }
  // Those of one block.
  template <class F> __device__ __forceinline__ void each_of(const Part &part, F work) const {
    if (!is_used) return;
#pragma unroll 4
    for (i64 at = part.begin + row; at < part.end; at += rows) work(at);
  }

  // Where the pack of a position is.
  __device__ __forceinline__ i64 place(i64 position) const { return position * channels + channel; }
  __device__ __forceinline__ Pack<W> read(const T *maps, i64 position) const { return load<W>(maps + place(position)); }
  __device__ __forceinline__ void write(T *maps, i64 position, const Pack<W> &pack) const {
    store<W>(maps + place(position), pack);
  }
  // The channels' own numbers, or others where there are none.
  __device__ __forceinline__ Pack<W> own(const float *values, float otherwise) const {
    Pack<W> pack;
#pragma unroll
    for (int i = 0; i < W; i++) pack.v[i] = values && is_used ? values[channel + i] : otherwise;
    return pack;
  }
};

// z = scale·y + shift at one pack of channels, then PReLU: z if z > 0, else slope·z. What is null does nothing.
template <int W> struct Affine {
  Pack<W> scale, shift, slope;

  __device__ __forceinline__ Affine(const Lane<W> &lane, const float *scales, const float *shifts, const float *slopes)
      : scale(lane.own(scales, 1.f)), shift(lane.own(shifts, 0.f)), slope(lane.own(slopes, 1.f)) {}

  __device__ __forceinline__ Pack<W> operator()(Pack<W> y) const {
#pragma unroll
    for (int i = 0; i < W; i++) {
      float a = __fmaf_rn(y.v[i], scale.v[i], shift.v[i]);
      y.v[i] = a > 0.f ? a : slope.v[i] * a;
    }
    return y;
  }

  // The gradient to a = scale·y + shift of number i from that to z; `lost` is what the slope's gradient gains.
  __device__ __forceinline__ float backward(int i, float y, float d, float &lost) const {
    float a = __fmaf_rn(y, scale.v[i], shift.v[i]);
    lost = a > 0.f ? 0.f : d * a;
    return a > 0.f ? d : d * slope.v[i];
  }
};

// Merges the N numbers of all rows of a block into those of its first row, in an order that depends on the count of rows
// alone. All threads of the block must take part.
template <int N, int W, class Merge>
__device__ __forceinline__ void fold_rows(const Lane<W> &lane, float (&x)[N], Merge merge) {
  __shared__ float all[N][BLOCK];
#pragma unroll
  for (int i = 0; i < N; i++) all[i][threadIdx.x] = x[i];
  for (int left = lane.rows; left > 1; left = (left + 1) / 2) {
    __syncthreads();
    int half = (left + 1) / 2;
    if (lane.row >= left - half) continue;
    float other[N];
#pragma unroll
    for (int i = 0; i < N; i++) other[i] = all[i][threadIdx.x + half * lane.columns];
    merge(x, other);
#pragma unroll
    for (int i = 0; i < N; i++) all[i][threadIdx.x] = x[i];
  }
  __syncthreads();
}

template <int N, int W> __device__ __forceinline__ void sum_rows(const Lane<W> &lane, float (&x)[N]) {
  fold_rows(lane, x, [](float(&a)[N], const float(&b)[N]) {
#pragma unroll
    for (int i = 0; i < N; i++) a[i] += b[i];
  });
}

// Parts are blocks × N × channels: what each block has of N numbers a channel. `x` holds the first number of the first
// row's W channels, then the second one.
template <int N, int W>
__device__ __forceinline__ void store_part(const Lane<W> &lane, float *parts, const float (&x)[N * W]) {
  if (lane.row != 0 || !lane.is_used) return;
#pragma unroll
  for (int i = 0; i < N * W; i++) parts[lane.place(blockIdx.x * (i64)N + i / W) + i % W] = x[i];
}

// The sums over all parts, for the first row.
template <int N>
__device__ __forceinline__ void sum_parts(const Lane<1> &lane, const float *parts, int count, float (&x)[N]) {
  lane.each_of(Part{0, count}, [&](i64 part) {
#pragma unroll
    for (int i = 0; i < N; i++) x[i] += parts[lane.place(part * N + i)];
  });
  sum_rows(lane, x);
}
