// Weights between the order that they are kept in and the one that kernels read.
//
// Kept: outer×inner×taps, PyTorch's O×(I/groups)×(KH·KW), float32. Read: outer×taps×inner, so that channels are the
// nearest. With outer = 1 and inner = C it is KH·KW×C, which depthwise kernels read.

// Where the number goes whose place in outer×taps×inner is `at`.
__device__ __forceinline__ int kept_place(int at, int inner, int taps) {
  int i = at % inner, tap = at / inner % taps, o = at / inner / taps;
  return (o * inner + i) * taps + tap;
}

extern "C" __global__ void pack_weight(const float *kept, T *packed, int outer, int inner, int taps) {
  i64 count = (i64)outer * inner * taps;
  for (i64 at = thread_index(); at < count; at += thread_count())
    packed[at] = to_element(kept[kept_place((int)at, inner, taps)]);
}

extern "C" __global__ void unpack_weight(const T *packed, float *kept, int outer, int inner, int taps) {
  i64 count = (i64)outer * inner * taps;
  for (i64 at = thread_index(); at < count; at += thread_count())
    kept[kept_place((int)at, inner, taps)] = from_element(packed[at]);
}

// Sums chunks×outer×taps×inner over chunks: a warp reads 32 neighbours of a chunk, each warp of a block its share of the
// chunks.
extern "C" __global__ void sum_weight(const float *partial, float *kept, int chunks, int outer, int inner, int taps) {
  __shared__ float sums[1024];
  int weights = outer * inner * taps;
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
  for (int first = blockIdx.x * 32; first < weights; first += gridDim.x * 32) {
    int at = first + lane;
    float sum = 0.f;
    if (at < weights) {
#pragma unroll 8
      for (int chunk = warp; chunk < chunks; chunk += warps) sum += partial[(i64)chunk * weights + at];
    }
    sums[threadIdx.x] = sum;
    __syncthreads();
    if (warp == 0 && at < weights) {
      for (int other = 1; other < warps; other++) sum += sums[other * 32 + lane];
      kept[kept_place(at, inner, taps)] = sum;
    }
    __syncthreads();
  }
}
