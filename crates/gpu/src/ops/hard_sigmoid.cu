// A sigmoid of three straight lines. It stands behind layers of one position an image, which are small: single numbers.

extern "C" __global__ void hard_sigmoid(const T *x, T *y, i64 count) {
  for (i64 at = thread_index(); at < count; at += thread_count()) {
    float line = __fmaf_rn(from_element(x[at]), 0.2f, 0.5f);
    // No minimum and maximum, which make a number of NaN.
    y[at] = to_element(line < 0.f ? 0.f : line > 1.f ? 1.f : line);
  }
}

// In place of the gradient to the output.
extern "C" __global__ void hard_sigmoid_backward(const T *x, T *d, i64 count) {
  for (i64 at = thread_index(); at < count; at += thread_count()) {
    bool is_inside = fabsf(from_element(x[at])) < 2.5f;
    d[at] = to_element(is_inside ? 0.2f * from_element(d[at]) : 0.f);
  }
}
