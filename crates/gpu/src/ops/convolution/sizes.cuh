// What the kernels of convolutions share. Maps are N×H×W×C, of fewer than 2³¹ numbers: `Convolution::check` in mod.rs sees
// to it, and so threads find their places by divisions of 32 bits.

// All sizes of a convolution, in the order of `Convolution::sizes` in mod.rs.
struct Conv {
  int count, height, width, out_height, out_width, inputs, outputs, rows, columns, stride, padding, groups;

  __device__ __forceinline__ int taps() const { return rows * columns; }
  // Channels of one group.
  __device__ __forceinline__ int group_inputs() const { return inputs / groups; }
  __device__ __forceinline__ int group_outputs() const { return outputs / groups; }
  __device__ __forceinline__ int in_positions() const { return count * height * width; }
  __device__ __forceinline__ int out_positions() const { return count * out_height * out_width; }
};

// A position in a batch of images.
struct Spot {
  int image, y, x;

  __device__ __forceinline__ Spot(unsigned position, unsigned height, unsigned width) {
    unsigned row = position / width;
    x = (int)(position % width);
    y = (int)(row % height);
    image = (int)(row / height);
  }
  // The position after it.
  __device__ __forceinline__ void step(int height, int width) {
    if (++x < width) return;
    x = 0;
    if (++y < height) return;
    y = 0;
    image++;
  }
};

// Where the channels of a position begin.
__device__ __forceinline__ i64 place(int image, int y, int x, int height, int width, int channels) {
  return (((i64)image * height + y) * width + x) * channels;
}

__device__ __forceinline__ bool within(int at, int size) { return (unsigned)at < (unsigned)size; }
