// The class condition of a conditional generator.
#include <cmath>

#include "kernels.h"

namespace cbed {
namespace {

// y (rows, latent + embedding): the latent vector, then the embedding at a given length.
void Condition(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *z = call.Floats(0), *e = call.Floats(1), *norm = call.Floats(2);
  const Shape latent = call.ShapeOf(0), embedding = call.ShapeOf(1);
  if (!call.Require(latent.size() == 2 && embedding.size() == 2 && latent[0] == embedding[0] &&
                        call.Size(2) == 1,
                    "CbedCondition: latent vectors and embeddings do not fit")) {
    return;
  }
  const int64_t rows = latent[0], n = latent[1], m = embedding[1];
  float *y = call.Output(0, {rows, n + m}), *rates = call.Output(1, {rows});
  if (!call.ok()) return;
  for (int64_t r = 0; r < rows; r++, z += n, e += m, y += n + m) {
    float square = 1e-12f;
    for (int64_t i = 0; i < m; i++) square += e[i] * e[i];
    rates[r] = *norm / std::sqrt(square);
    for (int64_t i = 0; i < n; i++) y[i] = z[i];
    for (int64_t i = 0; i < m; i++) y[n + i] = e[i] * rates[r];
  }
}

// With c = norm e / |e|: de = rate (dc - c (c dc) / norm^2).
void ConditionGrad(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *dy = call.Floats(0), *y = call.Floats(1), *rates = call.Floats(2);
  const float *norm = call.Floats(3), *latent = call.Floats(4);
  const Shape shape = call.ShapeOf(1);
  if (!call.Require(shape.size() == 2 && call.Size(0) == call.Size(1) &&
                        call.Size(2) == shape[0] && call.Size(3) == 1 && call.Size(4) == 1 &&
                        *latent >= 0 && *latent <= shape[1],
                    "CbedConditionGrad: gradient and rows do not fit")) {
    return;
  }
  const int64_t rows = shape[0], n = *latent, m = shape[1] - n;
  float* de = call.Output(0, {rows, m});
  if (!call.ok()) return;
  for (int64_t r = 0; r < rows; r++, de += m) {
    const float *c = y + r * shape[1] + n, *dc = dy + r * shape[1] + n;
    float along = 0;
    for (int64_t i = 0; i < m; i++) along += c[i] * dc[i];
    along /= *norm * *norm;
    for (int64_t i = 0; i < m; i++) de[i] = rates[r] * (dc[i] - c[i] * along);
  }
}

}  // namespace

std::vector<Operation> ConditionOperations() {
  return {
      {"CbedCondition",
       {"z: float", "embedding: float", "norm: float"},
       {"y: float", "rates: float"},
       Condition},
      {"CbedConditionGrad",
       {"dy: float", "y: float", "rates: float", "norm: float", "latent: float"},
       {"dembedding: float"},
       ConditionGrad},
  };
}

}  // namespace cbed
