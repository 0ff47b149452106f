// Runs CUDA kernels on the CPU, one block after the other, to test what they compute: a C++ compiler reads the kernels'
// source after this file.
//
// Each thread of a block is a fiber. All run up to their next barrier in turn, so shared memory and barriers mean what they
// mean on a GPU. A shuffle is two barriers of the whole block, so all threads of it must take part in each; a barrier that
// only some threads of a block reach is an error.

#include <ucontext.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <utility>
#include <vector>

#define EMULATED 1
#define __global__
#define __launch_bounds__(...)
#define __device__
#define __host__
#define __forceinline__ inline
#define __restrict__
#define __launch_bounds__(...)
#define __shared__ static

// Copied where a GPU would: an address that is no multiple of 16 bytes fails there.
static bool is_misaligned;
struct alignas(16) uint4 {
  unsigned x, y, z, w;

  uint4 &operator=(const uint4 &other) {
    check(this);
    check(&other);
    memcpy(static_cast<void *>(this), &other, sizeof *this);
    return *this;
  }

private:
  // In a volatile, so that the compiler does not take for granted what is asked.
  static void check(const void *at) {
    volatile uintptr_t address = (uintptr_t)at;
    if (address % 16) is_misaligned = true;
  }
};
struct Place {
  unsigned x, y, z;
};
static Place threadIdx, blockIdx, blockDim, gridDim;

// Unspecific names that CUDA has among its built-in ones.
using std::max;
using std::min;
#define __expf expf
static inline unsigned __float_as_uint(float x) { unsigned y; memcpy(&y, &x, 4); return y; }
static inline float __uint_as_float(unsigned x) { float y; memcpy(&y, &x, 4); return y; }
static inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }

// Numbers of 16 bits, rounded to the nearest and to even, as the GPU's instructions do.
static inline float emulated_from_16(uint16_t x, int element) {
  if (element == 1) return __uint_as_float((unsigned)x << 16);
  // Times a power of two it has its own exponent, whether or not it is too small for a full mantissa.
  float size = __uint_as_float((unsigned)(x & 0x7fff) << 13) * 0x1p112f;
  if ((x & 0x7c00) == 0x7c00) size = x & 1023 ? NAN : INFINITY;
  return __uint_as_float(__float_as_uint(size) | (unsigned)(x & 0x8000) << 16);
}
static inline uint16_t emulated_to_16(float x, int element) {
  unsigned bits = __float_as_uint(x);
  if (x != x) return 0x7fff;
  if (element == 1) return (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
  uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
  float size = fabsf(x);
  if (size >= 65520.f) return sign | 0x7c00;
  // A multiple of the step between neighbours, which nearbyint rounds as it should.
  int exponent = size < 6.103515625e-5f ? -14 : ilogbf(size);
  unsigned steps = (unsigned)nearbyintf(ldexpf(size, 10 - exponent));
  return sign | (uint16_t)(((unsigned)(exponent + 14) << 10) + steps);
}

namespace emulated {
constexpr size_t STACK = 128 << 10;

struct Fiber {
  ucontext_t context;
  std::vector<char> stack;
  bool is_done;
};

static std::vector<Fiber> fibers;
static ucontext_t scheduler;
static unsigned current;
static void (*body)(void *);
static void *body_data;
static std::vector<float> exchanged;

static void enter() {
  body(body_data);
  fibers[current].is_done = true;
  swapcontext(&fibers[current].context, &scheduler);
}

static void barrier() {
  unsigned self = current;
  swapcontext(&fibers[self].context, &scheduler);
}

// 0, or 1 where a barrier was reached by some threads and passed by by others.
static int block(unsigned threads) {
  if (fibers.size() < threads) fibers.resize(threads);
  exchanged.assign(threads, 0.f);
  for (unsigned i = 0; i < threads; i++) {
    Fiber &fiber = fibers[i];
    if (fiber.stack.empty()) fiber.stack.resize(STACK);
    fiber.is_done = false;
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.data();
    fiber.context.uc_stack.ss_size = STACK;
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, enter, 0);
  }
  for (;;) {
    unsigned done = 0;
    for (unsigned i = 0; i < threads; i++) {
      current = i;
      threadIdx = {i, 0, 0};
      swapcontext(&scheduler, &fibers[i].context);
      done += fibers[i].is_done;
    }
    if (done == threads) return 0;
    if (done != 0) return 1;
  }
}

template <class... A, size_t... I>
static void call(void (*kernel)(A...), void **arguments, std::index_sequence<I...>) {
  kernel(*static_cast<std::remove_const_t<A> *>(arguments[I])...);
}

template <class... A>
static int launch(void (*kernel)(A...), void **arguments, unsigned x, unsigned y, unsigned threads) {
  static std::pair<void (*)(A...), void **> what;
  what = {kernel, arguments};
  body_data = &what;
  body = [](void *data) {
    auto [kernel, arguments] = *static_cast<std::pair<void (*)(A...), void **> *>(data);
    call(kernel, arguments, std::index_sequence_for<A...>());
  };
  is_misaligned = false;
  gridDim = {x, y, 1};
  blockDim = {threads, 1, 1};
  for (unsigned row = 0; row < y; row++)
    for (unsigned column = 0; column < x; column++) {
      blockIdx = {column, row, 0};
      if (block(threads)) return 1;
    }
  return is_misaligned ? 2 : 0;
}
} // namespace emulated

static inline void __syncthreads() { emulated::barrier(); }
static inline float exchange(float x, unsigned from) {
  emulated::exchanged[emulated::current] = x;
  unsigned self = emulated::current;
  emulated::barrier();
  float other = emulated::exchanged[from];
  emulated::barrier();
  (void)self;
  return other;
}
static inline float __shfl_xor_sync(unsigned, float x, int mask) {
  return exchange(x, emulated::current ^ (unsigned)mask);
}

#define EMULATE(NAME)                                                                                                     \
  extern "C" int emulate_##NAME(void **arguments, unsigned x, unsigned y, unsigned threads) {                            \
    return emulated::launch(NAME, arguments, x, y, threads);                                                              \
  }
