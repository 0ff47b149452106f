// Convolutions by plain loops, one thread a number, over weights of O×KH×KW×(I/groups).

extern "C" __global__ void direct_forward(const T *x, const T *weight, T *y, Conv conv) {
  int inner = conv.group_inputs();
  i64 count = (i64)conv.out_positions() * conv.outputs;
  for (i64 at = thread_index(); at < count; at += thread_count()) {
    int o = (unsigned)at % conv.outputs;
    Spot out((unsigned)at / conv.outputs, conv.out_height, conv.out_width);
    int first = o / conv.group_outputs() * inner;
    float sum = 0.f;
    for (int ky = 0; ky < conv.rows; ky++) {
      int iy = out.y * conv.stride + ky - conv.padding;
      if (!within(iy, conv.height)) continue;
      for (int kx = 0; kx < conv.columns; kx++) {
        int ix = out.x * conv.stride + kx - conv.padding;
        if (!within(ix, conv.width)) continue;
        const T *from = x + place(out.image, iy, ix, conv.height, conv.width, conv.inputs) + first;
        const T *w = weight + (((i64)o * conv.rows + ky) * conv.columns + kx) * inner;
        for (int i = 0; i < inner; i++) sum += from_element(from[i]) * from_element(w[i]);
      }
    }
    y[at] = to_element(sum);
  }
}

// dx[u, i] = Σ over o of i's group, ky, kx of w[o, ky, kx, i] · dy[(u + padding - k) / stride, o]; added to what is in dx
// where that is asked for.
extern "C" __global__ void direct_backward_input(const T *dy, const T *weight, T *dx, Conv conv, int add) {
  int inner = conv.group_inputs(), outer = conv.group_outputs(), taps = conv.taps();
  i64 count = (i64)conv.in_positions() * conv.inputs;
  for (i64 at = thread_index(); at < count; at += thread_count()) {
    int i = (unsigned)at % conv.inputs;
    Spot in((unsigned)at / conv.inputs, conv.height, conv.width);
    int first = i / inner * outer;
    float sum = add ? from_element(dx[at]) : 0.f;
    for (int ky = (in.y + conv.padding) % conv.stride; ky < conv.rows; ky += conv.stride) {
      int oy = (in.y + conv.padding - ky) / conv.stride;
      if (in.y + conv.padding < ky || oy >= conv.out_height) continue;
      for (int kx = (in.x + conv.padding) % conv.stride; kx < conv.columns; kx += conv.stride) {
        int ox = (in.x + conv.padding - kx) / conv.stride;
        if (in.x + conv.padding < kx || ox >= conv.out_width) continue;
        const T *from = dy + place(in.image, oy, ox, conv.out_height, conv.out_width, conv.outputs) + first;
        const T *w = weight + ((i64)first * taps + ky * conv.columns + kx) * inner + i % inner;
        for (int o = 0; o < outer; o++)
          sum += from_element(from[o]) * from_element(w[(i64)o * taps * inner]);
      }
    }
    dx[at] = to_element(sum);
  }
}

// partial[chunk, o, ky, kx, i] = Σ over the chunk's `length` positions of dy[p, o] · x[p·stride + k - padding, i].
extern "C" __global__ void direct_backward_weight(const T *x, const T *dy, float *partial, Conv conv, int chunks, int length) {
  int inner = conv.group_inputs(), taps = conv.taps();
  int weights = conv.outputs * taps * inner;
  i64 count = (i64)chunks * weights;
  for (i64 at = thread_index(); at < count; at += thread_count()) {
    int chunk = (unsigned)at / weights, weight = (unsigned)at % weights;
    int i = weight % inner, tap = weight / inner % taps, o = weight / inner / taps;
    int ky = tap / conv.columns, kx = tap % conv.columns;
    const T *channel = x + o / conv.group_outputs() * inner + i;
    int first = chunk * length, last = min(first + length, conv.out_positions());
    Spot out(first, conv.out_height, conv.out_width);
    float sum = 0.f;
    for (int position = first; position < last; position++) {
      int iy = out.y * conv.stride + ky - conv.padding, ix = out.x * conv.stride + kx - conv.padding;
      if (within(iy, conv.height) && within(ix, conv.width))
        sum += from_element(dy[(i64)position * conv.outputs + o]) *
               from_element(channel[place(out.image, iy, ix, conv.height, conv.width, conv.inputs)]);
      out.step(conv.out_height, conv.out_width);
    }
    partial[at] = sum;
  }
}
