// Rows to length 1, and back; a warp a row.

// The sum of `x` over a warp, in one order; every lane gets it.
__device__ __forceinline__ float warp_total(float x) {
  for (int step = 16; step > 0; step /= 2) x += __shfl_xor_sync(0xffffffffu, x, step);
  return x;
}

// `each(row, lane, end)` for all rows. All threads of a block come equally often, and past the last row there is
// nothing up to `end`, so that each may sum over its warp.
template <class Each> __device__ __forceinline__ void over_rows(int count, int width, Each each) {
  int warps = blockDim.x / 32;
  for (i64 first = blockIdx.x * (i64)warps; first < count; first += gridDim.x * (i64)warps) {
    i64 row = first + threadIdx.x / 32;
    each(row < count ? row : 0, (int)threadIdx.x % 32, row < count ? width : 0);
  }
}

// units ← rows / ‖row‖, and the lengths; of the `picked` rows where there are any.
template <class S, int W>
__device__ void normalise(const float *rows, const unsigned *picked, S *units, float *lengths, int count, int width) {
  over_rows(count, width, [=](i64 row, int lane, int end) {
    const float *from = rows + (picked ? picked[row] : row) * (i64)width;
    float sum = 0.f;
    for (int at = W * lane; at < end; at += W * 32) {
      Pack<W> pack = load<W>(from + at);
#pragma unroll
      for (int i = 0; i < W; i++) sum += pack.v[i] * pack.v[i];
    }
    float length = max(sqrtf(warp_total(sum)), 1e-12f);
    for (int at = W * lane; at < end; at += W * 32) {
      Pack<W> pack = load<W>(from + at);
#pragma unroll
      for (int i = 0; i < W; i++) pack.v[i] /= length;
      store<W>(units + row * width + at, pack);
    }
    if (lane == 0 && end > 0) lengths[row] = length;
  });
}

// gradient ← (gradient - (gradient · unit)·unit) / ‖row‖.
template <class S, int W>
__device__ void project(float *gradient, const S *units, const float *lengths, int count, int width) {
  over_rows(count, width, [=](i64 row, int lane, int end) {
    float *to = gradient + row * width;
    const S *unit = units + row * width;
    float along = 0.f;
    for (int at = W * lane; at < end; at += W * 32) {
      Pack<W> a = load<W>(to + at), b = load<W>(unit + at);
#pragma unroll
      for (int i = 0; i < W; i++) along += a.v[i] * b.v[i];
    }
    along = warp_total(along);
    float length = lengths[row];
    for (int at = W * lane; at < end; at += W * 32) {
      Pack<W> a = load<W>(to + at), b = load<W>(unit + at);
#pragma unroll
      for (int i = 0; i < W; i++) a.v[i] = (a.v[i] - along * b.v[i]) / length;
      store<W>(to + at, a);
    }
  });
}

template <class S>
__device__ void normalise_as(const float *rows, const unsigned *picked, S *units, float *lengths, int count, int width) {
  if (width % PACK_OF<S> == 0) normalise<S, PACK_OF<S>>(rows, picked, units, lengths, count, width);
  else normalise<S, 1>(rows, picked, units, lengths, count, width);
}
template <class S>
__device__ void project_as(float *gradient, const S *units, const float *lengths, int count, int width) {
  if (width % PACK_OF<S> == 0) project<S, PACK_OF<S>>(gradient, units, lengths, count, width);
  else project<S, 1>(gradient, units, lengths, count, width);
}

extern "C" __global__ void normalise_floats(const float *rows, const unsigned *picked, float *units, float *lengths, int count, int width) {
  normalise_as(rows, picked, units, lengths, count, width);
}
extern "C" __global__ void normalise_maps(const float *rows, const unsigned *picked, T *units, float *lengths, int count, int width) {
  normalise_as(rows, picked, units, lengths, count, width);
}
extern "C" __global__ void project_floats(float *gradient, const float *units, const float *lengths, int count, int width) {
  project_as(gradient, units, lengths, count, width);
}
extern "C" __global__ void project_maps(float *gradient, const T *units, const float *lengths, int count, int width) {
  project_as(gradient, units, lengths, count, width);
}
