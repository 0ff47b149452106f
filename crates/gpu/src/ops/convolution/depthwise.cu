// Convolutions of which each channel is a group, over weights of KH×KW×C: W channels a thread, and K neighbouring taps of
// a row of the kernel at once.

// W channels at a place of a row, 0 beside it. Without a branch, so that the reads of a thread do not wait for each other.
template <int W> __device__ __forceinline__ Pack<W> load_within(const T *row, int at, int size, int channels) {
  Pack<W> pack = load<W>(row + (i64)min(max(at, 0), size - 1) * channels);
#pragma unroll
  for (int i = 0; i < W; i++) pack.v[i] = within(at, size) ? pack.v[i] : 0.f;
  return pack;
}

// y[p] = Σ over ky, kx of w[ky, kx] · x[p·stride + k - padding], RUN neighbours of a row a thread (more than one only with
// stride 1), so that each x of a row is read once for all of them. With `flip` the taps are turned round; `add` adds to
// what is in y.
template <int W, int K, int RUN>
__device__ void depthwise(const T *x, const T *weight, T *y, const Conv &conv, int pad_y, int pad_x, bool flip, bool add) {
  int channels = conv.inputs, packs = channels / W, runs = (conv.out_width + RUN - 1) / RUN;
  i64 count = (i64)conv.count * conv.out_height * runs * packs;
  for (i64 at = thread_index(); at < count; at += thread_count()) {
    int c = (unsigned)at % packs * W;
    Spot out((unsigned)at / packs, conv.out_height, runs);
    int first = out.x * RUN;
    T *to = y + place(out.image, out.y, first, conv.out_height, conv.out_width, channels) + c;
    Pack<W> sums[RUN];
#pragma unroll
    for (int r = 0; r < RUN; r++) {
      if (add && first + r < conv.out_width) sums[r] = load<W>(to + (i64)r * channels);
      else for (int i = 0; i < W; i++) sums[r].v[i] = 0.f;
    }
    for (int ky = 0; ky < conv.rows; ky++) {
      int iy = out.y * conv.stride + ky - pad_y;
      if (!within(iy, conv.height)) continue;
      const T *row = x + place(out.image, iy, 0, conv.height, conv.width, channels) + c;
      for (int kx = 0; kx < conv.columns; kx += K) {
        Pack<W> w[K];
#pragma unroll
        for (int k = 0; k < K; k++) {
          int tap = ky * conv.columns + kx + k;
          w[k] = load<W>(weight + (i64)(flip ? conv.taps() - 1 - tap : tap) * channels + c);
        }
#pragma unroll
        for (int j = 0; j < RUN + K - 1; j++) {
          Pack<W> value = load_within<W>(row, first * conv.stride + kx + j - pad_x, conv.width, channels);
#pragma unroll
          for (int r = 0; r < RUN; r++) {
            if (j < r || j - r >= K) continue;
#pragma unroll
            for (int i = 0; i < W; i++) sums[r].v[i] += value.v[i] * w[j - r].v[i];
          }
        }
      }
    }
#pragma unroll
    for (int r = 0; r < RUN; r++)
      if (first + r < conv.out_width) store<W>(to + (i64)r * channels, sums[r]);
  }
}

// The same with as many channels a thread as an access moves, and as long runs as there are.
template <int K, int RUN>
__device__ void depthwise(const T *x, const T *weight, T *y, const Conv &conv, int pad_y, int pad_x, int flip, int add) {
  bool runs = conv.stride == 1 && conv.out_width >= RUN;
  if (conv.inputs % PACK != 0) depthwise<1, K, 1>(x, weight, y, conv, pad_y, pad_x, flip, add);
  else if (runs) depthwise<PACK, K, RUN>(x, weight, y, conv, pad_y, pad_x, flip, add);
  else depthwise<PACK, K, 1>(x, weight, y, conv, pad_y, pad_x, flip, add);
}

// Packs of 16 bits would take 134 to 139 registers for five taps, with which one block of 256 threads is at work at a time; with
// 128, of which one to three lie in memory, two are. Float32 takes 80 by itself.
#if ELEMENT == 0
#define TWO_BLOCKS
#else
#define TWO_BLOCKS __launch_bounds__(256, 2)
#endif

extern "C" __global__ void depthwise_3(const T *x, const T *weight, T *y, Conv conv, int pad_y, int pad_x, int flip, int add) {
  depthwise<3, 4>(x, weight, y, conv, pad_y, pad_x, flip, add);
}
extern "C" TWO_BLOCKS __global__ void depthwise_5(const T *x, const T *weight, T *y, Conv conv, int pad_y, int pad_x, int flip, int add) {
  depthwise<5, 4>(x, weight, y, conv, pad_y, pad_x, flip, add);
}
extern "C" __global__ void depthwise_7(const T *x, const T *weight, T *y, Conv conv, int pad_y, int pad_x, int flip, int add) {
  depthwise<7, 1>(x, weight, y, conv, pad_y, pad_x, flip, add);
}
extern "C" __global__ void depthwise_1(const T *x, const T *weight, T *y, Conv conv, int pad_y, int pad_x, int flip, int add) {
  depthwise<1, 1>(x, weight, y, conv, pad_y, pad_x, flip, add);
}

// dx[u] = Σ over those ky, kx where stride divides u + padding - k of w[ky, kx] · dy[(u + padding - k) / stride].
template <int W>
__device__ void depthwise_strided(const T *dy, const T *weight, T *dx, const Conv &conv, bool add) {
  int channels = conv.inputs, packs = channels / W;
  i64 count = (i64)conv.in_positions() * packs;
  for (i64 at = thread_index(); at < count; at += thread_count()) {
    int c = (unsigned)at % packs * W;
    Spot in((unsigned)at / packs, conv.height, conv.width);
    int from_y = in.y + conv.padding, from_x = in.x + conv.padding;
    Pack<W> sum;
    if (add) sum = load<W>(dx + at * W);
    else for (int i = 0; i < W; i++) sum.v[i] = 0.f;
    for (int ky = from_y % conv.stride; ky < conv.rows && ky <= from_y; ky += conv.stride) {
      int oy = (from_y - ky) / conv.stride;
      if (oy >= conv.out_height) continue;
      for (int kx = from_x % conv.stride; kx < conv.columns && kx <= from_x; kx += conv.stride) {
        int ox = (from_x - kx) / conv.stride;
        if (ox >= conv.out_width) continue;
        Pack<W> d = load<W>(dy + place(in.image, oy, ox, conv.out_height, conv.out_width, channels) + c);
        Pack<W> w = load<W>(weight + (i64)(ky * conv.columns + kx) * channels + c);
#pragma unroll
        for (int i = 0; i < W; i++) sum.v[i] += d.v[i] * w.v[i];
      }
    }
    store<W>(dx + at * W, sum);
  }
}

extern "C" __global__ void depthwise_backward_strided(const T *dy, const T *weight, T *dx, Conv conv, int add) {
  if (conv.inputs % PACK == 0) depthwise_strided<PACK>(dy, weight, dx, conv, add);
  else depthwise_strided<1>(dy, weight, dx, conv, add);
}

// partial[chunk, ky, kx] = Σ over the chunk's `length` positions of dy[p] · x[p·stride + k - padding].
template <int W, int K>
__device__ void depthwise_weight(const T *x, const T *dy, float *partial, const Conv &conv, int chunks, int length) {
  int channels = conv.inputs, packs = channels / W, strips = conv.taps() / K;
  i64 count = (i64)chunks * strips * packs;
  for (i64 at = thread_index(); at < count; at += thread_count()) {
    int c = (unsigned)at % packs * W, strip = (unsigned)at / packs % strips, chunk = (unsigned)at / packs / strips;
    int ky = strip * K / conv.columns, kx = strip * K % conv.columns;
    int first = chunk * length, last = min(first + length, conv.out_positions());
    Spot out(first, conv.out_height, conv.out_width);
    float sums[K][W] = {};
    for (int position = first; position < last; position++, out.step(conv.out_height, conv.out_width)) {
      int iy = out.y * conv.stride + ky - conv.padding;
      if (!within(iy, conv.height)) continue;
      Pack<W> d = load<W>(dy + (i64)position * channels + c);
      const T *row = x + place(out.image, iy, 0, conv.height, conv.width, channels) + c;
#pragma unroll
      for (int k = 0; k < K; k++) {
        Pack<W> value = load_within<W>(row, out.x * conv.stride + kx + k - conv.padding, conv.width, channels);
#pragma unroll
        for (int i = 0; i < W; i++) sums[k][i] += d.v[i] * value.v[i];
      }
    }
#pragma unroll
    for (int k = 0; k < K; k++) {
      float *to = partial + ((i64)chunk * conv.taps() + strip * K + k) * channels + c;
#pragma unroll
      for (int i = 0; i < W; i++) to[i] = sums[k][i];
    }
  }
}

template <int K>
__device__ void depthwise_weight(const T *x, const T *dy, float *partial, const Conv &conv, int chunks, int length) {
  if (conv.inputs % PACK == 0) depthwise_weight<PACK, K>(x, dy, partial, conv, chunks, length);
  else depthwise_weight<1, K>(x, dy, partial, conv, chunks, length);
}

extern "C" __global__ void depthwise_weight_3(const T *x, const T *dy, float *partial, Conv conv, int chunks, int length) {
  depthwise_weight<3>(x, dy, partial, conv, chunks, length);
}
extern "C" __global__ void depthwise_weight_5(const T *x, const T *dy, float *partial, Conv conv, int chunks, int length) {
  depthwise_weight<5>(x, dy, partial, conv, chunks, length);
}
extern "C" __global__ void depthwise_weight_7(const T *x, const T *dy, float *partial, Conv conv, int chunks, int length) {
  depthwise_weight<7>(x, dy, partial, conv, chunks, length);
}
extern "C" __global__ void depthwise_weight_1(const T *x, const T *dy, float *partial, Conv conv, int chunks, int length) {
  depthwise_weight<1>(x, dy, partial, conv, chunks, length);
}
