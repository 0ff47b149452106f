// Operators that treat each number by itself.

// Bytes of N×H×W×3, red, green and blue, to x/127.5 - 1; with one channel, of their luma (ITU-R BT.601).
extern "C" __global__ void images(const u8 *pixels, T *maps, int channels, i64 positions) {
  for (i64 at = thread_index(); at < positions; at += thread_count()) {
    const u8 *pixel = pixels + 3 * at;
    if (channels == 1) {
      unsigned luma = (19595u * pixel[0] + 38470u * pixel[1] + 7471u * pixel[2] + 32768u) >> 16;
      maps[at] = to_element(luma / 127.5f - 1.f);
    } else {
      for (int c = 0; c < 3; c++) maps[3 * at + c] = to_element(pixel[c] / 127.5f - 1.f);
    }
  }
}

// The same numbers, kept otherwise.
extern "C" __global__ void to_maps(const float *from, T *to, i64 count) {
  for (i64 at = thread_index(); at < count; at += thread_count()) to[at] = to_element(from[at]);
}
extern "C" __global__ void from_maps(const T *from, float *to, i64 count) {
  for (i64 at = thread_index(); at < count; at += thread_count()) to[at] = from_element(from[at]);
}
