// Spectral normalisation (Miyato et al. 2018) of kernels as matrices (inputs, outputs): a power
// iteration, the kernel over its largest singular value, and its gradient.
#include <cmath>

#include "kernels.h"

namespace cbed {
namespace {

// A unit vector is divided by the root of its square and this.
constexpr double kLeast = 1e-12;

// A row times a vector, eight at a time.
FOR_EACH_PROCESSOR
float Dot(const float* a, const float* b, int64_t length) {
  Eight eight = {};
  int64_t i = 0;
  for (; i + kEight <= length; i += kEight) eight += At(a + i) * At(b + i);
  float sum = 0;
  for (int k = 0; k < kEight; k++) sum += eight[k];
  for (; i < length; i++) sum += a[i] * b[i];
  return sum;
}

FOR_EACH_PROCESSOR
void AddScaled(const float* x, float factor, int64_t length, float* __restrict__ sum) {
  for (int64_t i = 0; i < length; i++) sum[i] += factor * x[i];
}

void MakeUnit(float* x, int64_t length) {
  double square = kLeast;
  for (int64_t i = 0; i < length; i++) square += double(x[i]) * x[i];
  const double rate = 1 / std::sqrt(square);
  for (int64_t i = 0; i < length; i++) x[i] *= rate;
}

// v = W u / |W u|, u = W'v / |W'v|.
void Power(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *w = call.Floats(0), *u = call.Floats(1);
  const int64_t size = call.Size(0), m = call.Size(1);
  if (!call.Require(m > 0 && size > 0 && size % m == 0, "CbedPower: kernel and vector do not fit"))
    return;
  const int64_t n = size / m;
  float *left = call.Output(0, {n, 1}), *right = call.Output(1, {m, 1});
  if (!call.ok()) return;
  for (int64_t i = 0; i < n; i++) left[i] = Dot(w + i * m, u, m);
  MakeUnit(left, n);
  for (int64_t j = 0; j < m; j++) right[j] = 0;
  for (int64_t i = 0; i < n; i++) AddScaled(w + i * m, left[i], m, right);
  MakeUnit(right, m);
}

// W / sigma with sigma = v'W u.
void Spectral(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *w = call.Floats(0), *left = call.Floats(1), *right = call.Floats(2);
  const int64_t size = call.Size(0), n = call.Size(1), m = call.Size(2);
  if (!call.Require(size > 0 && n * m == size, "CbedSpectral: kernel and vectors do not fit"))
    return;
  float *y = call.Output(0, call.ShapeOf(0)), *sigma = call.Output(1, {1});
  if (!call.ok()) return;
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += double(left[i]) * Dot(w + i * m, right, m);
  *sigma = sum;
  for (int64_t i = 0; i < size; i++) y[i] = w[i] / *sigma;
}

// dW = (dY - <dY, Y> v u') / sigma.
void SpectralGrad(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *dy = call.Floats(0), *y = call.Floats(1), *left = call.Floats(2);
  const float *right = call.Floats(3), *sigma = call.Floats(4);
  const int64_t size = call.Size(1), n = call.Size(2), m = call.Size(3);
  if (!call.Require(size > 0 && n * m == size && call.Size(0) == size && call.Size(4) == 1,
                    "CbedSpectralGrad: gradient, kernel and vectors do not fit")) {
    return;
  }
  float* dw = call.Output(0, call.ShapeOf(1));
  if (!call.ok()) return;
  double along = 0;
  for (int64_t i = 0; i < n; i++) along += Dot(dy + i * m, y + i * m, m);
  const float rate = 1 / *sigma;
  for (int64_t i = 0; i < n; i++) {
    const float lean = static_cast<float>(along) * left[i];
    for (int64_t j = 0; j < m; j++) dw[i * m + j] = (dy[i * m + j] - lean * right[j]) * rate;
  }
}

}  // namespace

std::vector<Operation> SpectralOperations() {
  return {
      {"CbedPower", {"kernel: float", "right: float"}, {"left: float", "next: float"}, Power},
      {"CbedSpectral",
       {"kernel: float", "left: float", "right: float"},
       {"y: float", "sigma: float"},
       Spectral},
      {"CbedSpectralGrad",
       {"dy: float", "y: float", "left: float", "right: float", "sigma: float"},
       {"dkernel: float"},
       SpectralGrad},
  };
}

}  // namespace cbed
