// Matrix products where there is no cuBLAS: in the emulator.

// out ← alpha·a·b + beta·out, all row by row. `turned`: 1 where a, 2 where b is stored transposed.
template <class S, class O>
__device__ void multiply(const S *a, const S *b, O *out, int rows, int columns, int inner, int a_stride, int b_stride, int stride, int turned, float alpha, float beta) {
  for (i64 at = thread_index(); at < rows * (i64)columns; at += thread_count()) {
    i64 row = at / columns, column = at % columns;
    float sum = 0.f;
    for (i64 k = 0; k < inner; k++) {
      float left = from_element(a[turned & 1 ? k * a_stride + row : row * a_stride + k]);
      float right = from_element(b[turned & 2 ? column * b_stride + k : k * b_stride + column]);
      sum += left * right;
    }
    O &to = out[row * stride + column];
    // Without a share of it, what was there may be no number.
    put(to, beta == 0.f ? alpha * sum : alpha * sum + beta * from_element(to));
  }
}

extern "C" __global__ void multiply_floats(const float *a, const float *b, float *out, int rows, int columns, int inner, int a_stride, int b_stride, int stride, int turned, float alpha, float beta) {
  multiply(a, b, out, rows, columns, inner, a_stride, b_stride, stride, turned, alpha, beta);
}
extern "C" __global__ void multiply_maps(const T *a, const T *b, T *out, int rows, int columns, int inner, int a_stride, int b_stride, int stride, int turned, float alpha, float beta) {
  multiply(a, b, out, rows, columns, inner, a_stride, b_stride, stride, turned, alpha, beta);
}
extern "C" __global__ void multiply_maps_to_floats(const T *a, const T *b, float *out, int rows, int columns, int inner, int a_stride, int b_stride, int stride, int turned, float alpha, float beta) {
  multiply(a, b, out, rows, columns, inner, a_stride, b_stride, stride, turned, alpha, beta);
}
