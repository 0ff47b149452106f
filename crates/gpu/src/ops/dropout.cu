// Dropout, drawn anew from counters wherever it is applied.

typedef unsigned long long u64;

// 64 random bits: SplitMix64's finaliser (Steele, Lea and Flood 2014, with Stafford's constants).
__device__ __forceinline__ u64 random_bits(u64 key, u64 index) {
  u64 bits = key + (index + 1) * 0x9E3779B97F4A7C15ull;
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9ull;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBull;
  return bits ^ (bits >> 31);
}

// Numbers whose draw of 53 bits is below `dropped` become 0, and the others are multiplied by `kept`; `out` may be `maps`.
extern "C" __global__ void dropout(const T *maps, T *out, i64 key, i64 first, i64 dropped, float kept, i64 count) {
  by_packs(count, [&](auto width) {
    constexpr int W = decltype(width)::value;
    for (i64 at = W * thread_index(); at < count; at += W * thread_count()) {
      Pack<W> x = load<W>(maps + at);
#pragma unroll
      for (int i = 0; i < W; i++) {
        bool drops = (i64)(random_bits((u64)key, (u64)first + at + i) >> 11) < dropped;
        x.v[i] = drops ? 0.f : x.v[i] * kept;
      }
      store<W>(out + at, x);
    }
  });
}
