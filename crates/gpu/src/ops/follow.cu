// Numbers that follow others, or add a share of them up. Of each tensor: these, and the others.

struct Follow {
  float share;
  template <int W> __device__ void run(const Tensor &tensor, i64 at, i64) {
    Pack<W> average = load<W>(tensor.at[0] + at), value = load<W>(tensor.at[1] + at);
#pragma unroll
    for (int i = 0; i < W; i++) average.v[i] += share * (value.v[i] - average.v[i]);
    store<W>(tensor.at[0] + at, average);
  }
};

extern "C" __global__ void follow(const Tensor *tensors, const Chunk *chunks, int count, float share) {
  Follow follow = {share};
  for (int chunk = blockIdx.x; chunk < count; chunk += gridDim.x)
    over_chunk(tensors[chunks[chunk].tensor], chunks[chunk], follow);
}

template <bool FIRST> struct AddShare {
  float share;
  template <int W> __device__ void run(const Tensor &tensor, i64 at, i64) {
    Pack<W> mean, gradient = load<W>(tensor.at[1] + at);
    if (!FIRST) mean = load<W>(tensor.at[0] + at);
#pragma unroll
    for (int i = 0; i < W; i++) mean.v[i] = (FIRST ? 0.f : mean.v[i]) + gradient.v[i] * share;
    store<W>(tensor.at[0] + at, mean);
  }
};

extern "C" __global__ void share(const Tensor *tensors, const Chunk *chunks, int count, float share) {
  AddShare<true> add_share = {share};
  for (int chunk = blockIdx.x; chunk < count; chunk += gridDim.x)
    over_chunk(tensors[chunks[chunk].tensor], chunks[chunk], add_share);
}

extern "C" __global__ void add_share(const Tensor *tensors, const Chunk *chunks, int count, float share) {
  AddShare<false> add_share = {share};
  for (int chunk = blockIdx.x; chunk < count; chunk += gridDim.x)
    over_chunk(tensors[chunks[chunk].tensor], chunks[chunk], add_share);
}
