// What all kernels share: how feature maps' numbers are read and written, and sums over a block.
//
// ELEMENT says what feature maps are kept as: 0 float32, 1 bfloat16, 2 float16. T is their type; everything is computed
// in float32.

typedef unsigned char u8;
typedef unsigned short u16;
typedef long long i64;

#if ELEMENT == 0
typedef float T;
__device__ __forceinline__ float from_element(T x) { return x; }
__device__ __forceinline__ T to_element(float x) { return x; }
#else
typedef u16 T;
#ifdef EMULATED
__device__ __forceinline__ float from_element(T x) { return emulated_from_16(x, ELEMENT); }
__device__ __forceinline__ T to_element(float x) { return emulated_to_16(x, ELEMENT); }
#elif ELEMENT == 1
__device__ __forceinline__ float from_element(T x) { return __uint_as_float((unsigned)x << 16); }
__device__ __forceinline__ T to_element(float x) {
  u16 y;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(y) : "f"(x));
  return y;
}
#else
__device__ __forceinline__ float from_element(T x) {
  float y;
  asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x));
  return y;
}
__device__ __forceinline__ T to_element(float x) {
  u16 y;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y) : "f"(x));
  return y;
}
#endif
#endif

// Kinds of numbers beside T are float32 alone.
#if ELEMENT != 0
__device__ __forceinline__ float from_element(float x) { return x; }
__device__ __forceinline__ void put(float &to, float x) { to = x; }
#endif
__device__ __forceinline__ void put(T &to, float x) { to = to_element(x); }

// Numbers that one memory access of 16 bytes moves: of a kind, and of feature maps.
template <class S> constexpr int PACK_OF = 16 / sizeof(S);
constexpr int PACK = PACK_OF<T>;

// W numbers in registers: of a place that is a multiple of 16 bytes, as many accesses as they fill, or one number.
template <int W> struct Pack {
  float v[W];
};

template <int W, class S> __device__ __forceinline__ Pack<W> load(const S *from) {
  constexpr int EACH = PACK_OF<S>;
  Pack<W> pack;
  if constexpr (W % EACH == 0) {
    union { uint4 whole; S each[EACH]; } bits;
#pragma unroll
    for (int i = 0; i < W; i++) {
      if (i % EACH == 0) bits.whole = reinterpret_cast<const uint4 *>(from)[i / EACH];
      pack.v[i] = from_element(bits.each[i % EACH]);
    }
  } else {
#pragma unroll
    for (int i = 0; i < W; i++) pack.v[i] = from_element(from[i]);
  }
  return pack;
}

template <int W, class S> __device__ __forceinline__ void store(S *to, const Pack<W> &pack) {
  constexpr int EACH = PACK_OF<S>;
  if constexpr (W % EACH == 0) {
    union { uint4 whole; S each[EACH]; } bits;
#pragma unroll
    for (int i = 0; i < W; i++) {
      put(bits.each[i % EACH], pack.v[i]);
      if (i % EACH == EACH - 1) reinterpret_cast<uint4 *>(to)[i / EACH] = bits.whole;
    }
  } else {
#pragma unroll
    for (int i = 0; i < W; i++) put(to[i], pack.v[i]);
  }
}

// The number of this thread among all of the grid's first direction, and how many there are.
__device__ __forceinline__ i64 thread_index() { return blockIdx.x * (i64)blockDim.x + threadIdx.x; }
__device__ __forceinline__ i64 thread_count() { return gridDim.x * (i64)blockDim.x; }

// The sum of `x` over the threads of a block, in an order that depends on their number alone; every thread gets it. All
// threads of the block must take part.
__device__ __forceinline__ float block_sum(float x) {
  __shared__ float sums[32];
  for (int step = 16; step > 0; step /= 2) x += __shfl_xor_sync(0xffffffffu, x, step);
  __syncthreads();
  if (threadIdx.x % 32 == 0) sums[threadIdx.x / 32] = x;
  __syncthreads();
  float total = 0.f;
  for (int warp = 0; warp < blockDim.x / 32; warp++) total += sums[warp];
  return total;
}
