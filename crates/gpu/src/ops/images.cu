// Bytes of images, N×H×W×3 in red, green and blue, to x/127.5 - 1, with what is to be done to each image. At (y, x):
//
// - p = the bytes at (y, x), or at (y, W-1-x) where it is flipped; of each channel, what its table has for it, where there
//   are tables
// - y = (19595·red + 38470·green + 7471·blue + 32768) / 65536, rounded down: the luma of ITU-R BT.601
// - the number of all three channels is that of y where the image turns grey, else each channel's own; with one channel,
//   that of y

__device__ __forceinline__ unsigned luma(const unsigned *p) {
  return (19595u * p[0] + 38470u * p[1] + 7471u * p[2] + 32768u) >> 16;
}

// `count` images from number `first` on, each of `positions` in rows of `width`. Where there are changes (not -1), they
// begin so many bytes on, a word an image: 1 it is flipped, 2 it turns grey, and from 4 on how many tables, of 3×256 bytes
// from byte `tables` on, end with its own; none: 0.
extern "C" __global__ void images(const u8 *bytes, T *maps, int first, int count, int positions, int width, int channels, i64 changes, i64 tables) {
  for (int image = blockIdx.y; image < count; image += gridDim.y) {
    i64 number = first + image;
    unsigned change = changes < 0 ? 0u : reinterpret_cast<const unsigned *>(bytes + changes)[number];
    const u8 *pixels = bytes + number * positions * 3;
    const u8 *table = change >= 4 ? bytes + tables + ((change >> 2) - 1) * (i64)768 : nullptr;
    T *out = maps + image * (i64)positions * channels;
    for (i64 at = thread_index(); at < positions; at += thread_count()) {
      i64 from = change & 1 ? at + width - 1 - 2 * ((int)at % width) : at;
      unsigned p[3];
      for (int c = 0; c < 3; c++) p[c] = table ? table[256 * c + pixels[3 * from + c]] : pixels[3 * from + c];
      if (channels == 1) {
        // A grey pixel's luma is its value.
        out[at] = to_element(luma(p) / 127.5f - 1.f);
      } else {
        if (change & 2) p[0] = p[1] = p[2] = luma(p);
        for (int c = 0; c < 3; c++) out[3 * at + c] = to_element(p[c] / 127.5f - 1.f);
      }
    }
  }
}
