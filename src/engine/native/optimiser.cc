// Updates of flat parameter vectors in one pass.
#include <cmath>

#include "kernels.h"

namespace cbed {
namespace {

constexpr int64_t kPart = 1 << 14;

struct Rates {
  float rate, epsilon, beta1, rest1, beta2, rest2, shrink;
};

struct Vectors {
  const float *values, *mean, *square, *gradient;
  // Null: all of them shrink alike.
  const float* mask;
  float *new_values, *new_mean, *new_square;
};

FOR_EACH_PROCESSOR
void AdamPart(const Vectors& v, int64_t from, int64_t to, const Rates& by) {
  const float *values = v.values, *mean = v.mean, *square = v.square, *slope = v.gradient;
  const float* mask = v.mask;
  float *__restrict__ new_values = v.new_values, *__restrict__ new_mean = v.new_mean,
                     *__restrict__ new_square = v.new_square;
  const Rates r = by;
  for (int64_t i = from; i < to; i++) {
    const float m = mean[i] * r.beta1 + slope[i] * r.rest1;
    const float s = square[i] * r.beta2 + slope[i] * slope[i] * r.rest2;
    const float kept = values[i] - values[i] * (mask ? mask[i] : 1.0f) * r.shrink;
    new_mean[i] = m;
    new_square[i] = s;
    new_values[i] = kept - m * r.rate / (std::sqrt(s) + r.epsilon);
  }
}

// Rates: learning rate with bias correction, epsilon likewise, beta1, 1 - beta1, beta2, 1 - beta2,
// share that decays. Differences from one come from the caller: in single precision they are coarse.
void Adam(void*, TF_OpKernelContext* context) {
  Call call(context);
  const int64_t n = call.Size(0), masked = call.Size(4);
  const float* given = call.Floats(5);
  Vectors v = {call.Floats(0), call.Floats(1), call.Floats(2), call.Floats(3),
               masked == 0 ? nullptr : call.Floats(4), nullptr, nullptr, nullptr};
  if (!call.Require(call.Size(1) == n && call.Size(2) == n && call.Size(3) == n &&
                        (masked == 0 || masked == n) && call.Size(5) == 7,
                    "CbedAdam: vectors of different lengths")) {
    return;
  }
  v.new_values = call.Output(0, {n});
  v.new_mean = call.Output(1, {n});
  v.new_square = call.Output(2, {n});
  if (!call.ok()) return;
  const Rates rates = {given[0], given[1], given[2], given[3], given[4], given[5], given[6]};
  ForParts((n + kPart - 1) / kPart, kPart, [&](int64_t part) {
    AdamPart(v, part * kPart, std::min(n, (part + 1) * kPart), rates);
  });
}

FOR_EACH_PROCESSOR
void BlendPart(const float* a, const float* b, int64_t count, const float* shares,
               float* __restrict__ y) {
  const float keep = shares[0], take = shares[1];
  for (int64_t i = 0; i < count; i++) y[i] = a[i] * keep + b[i] * take;
}

// keep a + take b.
void Blend(void*, TF_OpKernelContext* context) {
  Call call(context);
  const int64_t n = call.Size(0);
  const float *a = call.Floats(0), *b = call.Floats(1), *shares = call.Floats(2);
  if (!call.Require(call.Size(1) == n && call.Size(2) == 2,
                    "CbedBlend: vectors of different lengths")) {
    return;
  }
  float* y = call.Output(0, call.ShapeOf(0));
  if (!call.ok()) return;
  ForParts((n + kPart - 1) / kPart, kPart, [&](int64_t part) {
    const int64_t from = part * kPart;
    BlendPart(a + from, b + from, std::min(n - from, kPart), shares, y + from);
  });
}

}  // namespace

std::vector<Operation> OptimiserOperations() {
  return {
      {"CbedAdam",
       {"values: float", "mean: float", "square: float", "gradient: float", "mask: float",
        "rates: float"},
       {"new_values: float", "new_mean: float", "new_square: float"},
       Adam},
      {"CbedBlend", {"a: float", "b: float", "shares: float"}, {"y: float"}, Blend},
  };
}

}  // namespace cbed
