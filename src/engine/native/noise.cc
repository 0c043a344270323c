// Normal noise, the same numbers as TensorFlow's StatelessRandomNormal to rounding: Philox 4x32
// (Salmon et al. 2011) and the transform of Box and Muller, several blocks of four at once.
#include <cmath>
#include <cstring>

#include "kernels.h"

namespace cbed {
namespace {

constexpr int kBlocks = 16;
constexpr uint32_t kRaiseA = 0x9E3779B9, kRaiseB = 0xBB67AE85;

struct Philox {
  uint32_t key[2], counter[4];
};

// Ten rounds on counters that differ in their first word; word w of block b is words[w][b].
FOR_EACH_PROCESSOR
void Rounds(const Philox& from, uint32_t first, uint32_t words[4][kBlocks]) {
  uint32_t *a = words[0], *b = words[1], *c = words[2], *d = words[3];
  for (int i = 0; i < kBlocks; i++) {
    a[i] = first + i;
    b[i] = from.counter[1];
    c[i] = from.counter[2];
    d[i] = from.counter[3];
  }
  uint32_t key0 = from.key[0], key1 = from.key[1];
  for (int round = 0; round < 10; round++, key0 += kRaiseA, key1 += kRaiseB) {
    for (int i = 0; i < kBlocks; i++) {
      const uint64_t one = uint64_t{0xD2511F53} * a[i], two = uint64_t{0xCD9E8D57} * c[i];
      a[i] = static_cast<uint32_t>(two >> 32) ^ b[i] ^ key0;
      c[i] = static_cast<uint32_t>(one >> 32) ^ d[i] ^ key1;
      b[i] = static_cast<uint32_t>(two);
      d[i] = static_cast<uint32_t>(one);
    }
  }
}

// TensorFlow scrambles both seeds before it uses them.
Philox Scrambled(int32_t seed0, int32_t seed1) {
  const int64_t wide0 = seed0, wide1 = seed1;
  Philox start = {{0x3ec8f720, 0x02461e29},
                  {0, static_cast<uint32_t>(wide0 >> 32), static_cast<uint32_t>(wide1),
                   static_cast<uint32_t>(wide1 >> 32)}};
  uint32_t mixed[4][kBlocks];
  Rounds(start, static_cast<uint32_t>(wide0), mixed);
  return {{mixed[0][0], mixed[1][0]}, {0, 0, mixed[2][0], mixed[3][0]}};
}

// 23 bits as a number from 0 to below 1.
inline float Unit(uint32_t bits) {
  const uint32_t one = (bits & 0x7fffff) | 0x3f800000;
  float value;
  std::memcpy(&value, &one, sizeof value);
  return value - 1;
}

// Natural logarithm of a normal number (Moshier's Cephes, logf).
inline float Log(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  const uint32_t shifted = bits - 0x3f3504f3;  // so that the mantissa lies about one
  const float exponent = static_cast<int32_t>(shifted) >> 23;
  bits = (shifted & 0x7fffff) + 0x3f3504f3;
  float m;
  std::memcpy(&m, &bits, sizeof m);
  m -= 1;
  float y = 7.0376836292e-2f;
  y = y * m - 1.1514610310e-1f;
  y = y * m + 1.1676998740e-1f;
  y = y * m - 1.2420140846e-1f;
  y = y * m + 1.4249322787e-1f;
  y = y * m - 1.6668057665e-1f;
  y = y * m + 2.0000714765e-1f;
  y = y * m - 2.4999993993e-1f;
  y = y * m + 3.3333331174e-1f;
  const float square = m * m;
  return m + (y * m * square - 0.5f * square) + exponent * 0.693147180559945f;
}

// Two normal numbers of two words, for each block: radius times sine and cosine.
FOR_EACH_PROCESSOR
void BoxMuller(const uint32_t* words0, const uint32_t* words1, float* sines, float* cosines) {
  for (int i = 0; i < kBlocks; i++) {
    const float u = Unit(words0[i]), turn = Unit(words1[i]);
    const float radius = std::sqrt(-2 * Log(u < 1e-7f ? 1e-7f : u));
    const int quarter = static_cast<int>(4 * turn + 0.5f);
    const float x = 6.283185307179586f * (turn - 0.25f * quarter), z = x * x;
    const float s =
        ((-1.9515295891e-4f * z + 8.3321608736e-3f) * z - 1.6666654611e-1f) * z * x + x;
    const float c =
        ((2.443315711809948e-5f * z - 1.388731625493765e-3f) * z + 4.166664568298827e-2f) * z * z -
        0.5f * z + 1;
    const float sine = quarter & 1 ? c : s, cosine = quarter & 1 ? s : c;
    sines[i] = radius * (quarter & 2 ? -sine : sine);
    cosines[i] = radius * ((quarter + 1) & 2 ? -cosine : cosine);
  }
}

void Normal(void*, TF_OpKernelContext* context) {
  Call call(context);
  const int32_t *lengths = call.Integers(0), *seed = call.Integers(1);
  if (!call.Require(call.Size(1) == 2, "CbedNormal: two seeds are needed")) return;
  Shape shape(lengths, lengths + call.Size(0));
  int64_t size = 1;
  for (int64_t length : shape) size *= length;
  if (!call.Require(size >= 0 && size / 4 < 0xffffff00, "CbedNormal: no such shape")) return;
  float* y = call.Output(0, shape);
  if (!call.ok()) return;
  const Philox philox = Scrambled(seed[0], seed[1]);
  constexpr int64_t kAtOnce = 4 * kBlocks;
  ForParts((size + kAtOnce - 1) / kAtOnce, kAtOnce, [&](int64_t part) {
    uint32_t words[4][kBlocks];
    float normal[4][kBlocks];
    Rounds(philox, static_cast<uint32_t>(part * kBlocks), words);
    BoxMuller(words[0], words[1], normal[0], normal[1]);
    BoxMuller(words[2], words[3], normal[2], normal[3]);
    const int64_t from = part * kAtOnce, count = std::min(kAtOnce, size - from);
    for (int64_t i = 0; i < count; i++) y[from + i] = normal[i % 4][i / 4];
  });
}

}  // namespace

std::vector<Operation> NoiseOperations() {
  return {{"CbedNormal", {"shape: int32", "seed: int32"}, {"y: float"}, Normal}};
}

}  // namespace cbed
