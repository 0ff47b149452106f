// Many tensors of float32 in one launch, in chunks that blocks take one after the other.

// Memory of one tensor, in the order of each kernel's fields.
struct Tensor {
  float *at[4];
  // The rows that take part, and numbers of a row; without them, all numbers do.
  const unsigned *rows;
  i64 width;
  // Numbers that take part.
  i64 count;
  // Which of the rates are its own.
  i64 rates;
};

// Learning rates and decays that weights of one step have.
struct Rates {
  double by[8][2];
};

// A part of a tensor: numbers from `number` times CHUNK.
struct Chunk {
  unsigned tensor, number;
};
constexpr int CHUNK = 16384;

// Where the `at`-th number that takes part is, among all.
__device__ __forceinline__ i64 place(const Tensor &tensor, i64 at) {
  return tensor.rows ? tensor.rows[at / tensor.width] * tensor.width + at % tensor.width : at;
}

// `work.run<W>(tensor, at, place)` for all numbers of a chunk, four (W) at a time where they lie together, or one.
template <class Work> __device__ __forceinline__ void over_chunk(const Tensor &tensor, Chunk chunk, Work &work) {
  i64 begin = chunk.number * (i64)CHUNK, end = min(begin + CHUNK, tensor.count);
  bool is_packed = !tensor.rows || tensor.width % 4 == 0;
  i64 packed = is_packed ? begin + (end - begin) / 4 * 4 : begin;
  for (i64 at = begin + 4 * threadIdx.x; at < packed; at += 4 * blockDim.x)
    work.template run<4>(tensor, at, place(tensor, at));
  for (i64 at = packed + threadIdx.x; at < end; at += blockDim.x) work.template run<1>(tensor, at, place(tensor, at));
}

// The sum of `x` over the threads of a block, a power of two, in an order that depends on their number alone; every
// thread gets it.
__device__ __forceinline__ double block_sum_of_doubles(double x) {
  __shared__ double sums[1024];
  __syncthreads();
  sums[threadIdx.x] = x;
  for (int step = blockDim.x / 2; step > 0; step /= 2) {
    __syncthreads();
    if (threadIdx.x < step) sums[threadIdx.x] += sums[threadIdx.x + step];
  }
  __syncthreads();
  return sums[0];
}

// What is not finite in a gradient changes nothing.
__device__ __forceinline__ bool is_finite(float x) { return x - x == 0.f; }
