// Layers of dense networks on rows (batch, width): what stands beside the matrix products, and its
// gradient, in one pass. The leaky ReLU is max(x, 0.2 x).
#include <cmath>

#include "kernels.h"

namespace cbed {
namespace {

constexpr float kLeak = 0.2f;
constexpr float kEpsilon = 1e-5f;
constexpr int64_t kTileRows = 16;

int64_t TileCount(int64_t rows) { return (rows + kTileRows - 1) / kTileRows; }
int64_t RowsOf(int64_t tile, int64_t rows) { return std::min(kTileRows, rows - tile * kTileRows); }

FOR_EACH_PROCESSOR
void LeakyRow(const float* x, const float* bias, int64_t width, float* __restrict__ y) {
  for (int64_t i = 0; i < width; i++) {
    const float v = x[i] + bias[i];
    y[i] = v > 0 ? v : kLeak * v;
  }
}

// The slope at each place times the upstream gradient, and its sum over the rows so far.
FOR_EACH_PROCESSOR
void LeakyGradRow(const float* dy, const float* y, int64_t width, float* __restrict__ dx,
                  float* __restrict__ sum) {
  for (int64_t i = 0; i < width; i++) {
    const float d = y[i] > 0 ? dy[i] : kLeak * dy[i];
    dx[i] = d;
    sum[i] += d;
  }
}

// Sums of tiles, joined in order.
void Join(const std::vector<float>& tiles, int64_t count, int64_t width, float* sum) {
  for (int64_t i = 0; i < width; i++) sum[i] = 0;
  for (int64_t t = 0; t < count; t++) {
    for (int64_t i = 0; i < width; i++) sum[i] += tiles[t * width + i];
  }
}

void BiasLeaky(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *x = call.Floats(0), *bias = call.Floats(1);
  const int64_t width = call.Size(1);
  if (!call.Require(width > 0 && call.Size(0) % width == 0,
                    "CbedBiasLeaky: rows and bias do not fit")) {
    return;
  }
  const int64_t rows = call.Size(0) / width;
  float* y = call.Output(0, call.ShapeOf(0));
  if (!call.ok()) return;
  ForParts(TileCount(rows), kTileRows * width, [&](int64_t t) {
    const int64_t first = t * kTileRows;
    for (int64_t r = first; r < first + RowsOf(t, rows); r++) {
      LeakyRow(x + r * width, bias, width, y + r * width);
    }
  });
}

void LeakyGrad(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *dy = call.Floats(0), *y = call.Floats(1);
  const Shape shape = call.ShapeOf(1);
  if (!call.Require(shape.size() >= 1 && call.Size(1) > 0 && call.Size(0) == call.Size(1),
                    "CbedLeakyGrad: gradient and rows do not fit")) {
    return;
  }
  const int64_t width = shape.back(), rows = call.Size(1) / width, tiles = TileCount(rows);
  float* dx = call.Output(0, shape);
  float* dbias = call.Output(1, {width});
  if (!call.ok()) return;
  std::vector<float> sums(tiles * width);
  ForParts(tiles, kTileRows * width, [&](int64_t t) {
    const int64_t first = t * kTileRows;
    for (int64_t r = first; r < first + RowsOf(t, rows); r++) {
      LeakyGradRow(dy + r * width, y + r * width, width, dx + r * width, &sums[t * width]);
    }
  });
  Join(sums, tiles, width, dbias);
}

// Sum of f(i) over a row, eight at a time.
#define ROW_SUM(total, width, term)                      \
  do {                                                   \
    float eight[kEight] = {};                            \
    int64_t i = 0;                                       \
    for (; i + kEight <= (width); i += kEight) {         \
      for (int k = 0; k < kEight; k++) {                 \
        const int64_t j = i + k;                         \
        eight[k] += (term);                              \
      }                                                  \
    }                                                    \
    for (int64_t j = i; j < (width); j++) eight[0] += (term); \
    for (float part : eight) (total) += part;            \
  } while (0)

// Normalises one row of x + bias, scales, shifts and rectifies it; returns its rate 1 / sigma.
FOR_EACH_PROCESSOR
float NormRow(const float* x, const float* bias, const float* gain, const float* shift,
              int64_t width, float* __restrict__ normal, float* __restrict__ y) {
  float sum = 0, square = 0;
  ROW_SUM(sum, width, x[j] + bias[j]);
  const float mean = sum / width;
  ROW_SUM(square, width, (x[j] + bias[j] - mean) * (x[j] + bias[j] - mean));
  const float rate = 1 / std::sqrt(square / width + kEpsilon);
  for (int64_t i = 0; i < width; i++) {
    const float n = (x[i] + bias[i] - mean) * rate;
    const float v = n * gain[i] + shift[i];
    normal[i] = n;
    y[i] = v > 0 ? v : kLeak * v;
  }
  return rate;
}

struct NormSums {
  float *bias, *gain, *shift;
};

// dx = (g - mean g - n mean(g n)) rate with g = gain dv, n the normalised row.
FOR_EACH_PROCESSOR
void NormGradRow(const float* dy, const float* y, const float* normal, float rate,
                 const float* gain, int64_t width, float* __restrict__ dx, const NormSums& to) {
  float *__restrict__ dbias = to.bias, *__restrict__ dgain = to.gain,
                     *__restrict__ dshift = to.shift;
  for (int64_t i = 0; i < width; i++) {
    const float dv = y[i] > 0 ? dy[i] : kLeak * dy[i];
    dshift[i] += dv;
    dgain[i] += dv * normal[i];
    dx[i] = dv * gain[i];
  }
  float sum = 0, product = 0;
  ROW_SUM(sum, width, dx[j]);
  ROW_SUM(product, width, dx[j] * normal[j]);
  const float level = sum / width, along = product / width;
  for (int64_t i = 0; i < width; i++) {
    dx[i] = (dx[i] - level - normal[i] * along) * rate;
    dbias[i] += dx[i];
  }
}

void NormLeaky(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *x = call.Floats(0), *bias = call.Floats(1), *gain = call.Floats(2);
  const float* shift = call.Floats(3);
  const int64_t width = call.Size(1);
  if (!call.Require(width > 0 && call.Size(0) % width == 0 && call.Size(2) == width &&
                        call.Size(3) == width,
                    "CbedNormLeaky: rows and weights do not fit")) {
    return;
  }
  const int64_t rows = call.Size(0) / width;
  float* y = call.Output(0, call.ShapeOf(0));
  float* normal = call.Output(1, call.ShapeOf(0));
  float* rate = call.Output(2, {rows});
  if (!call.ok()) return;
  ForParts(TileCount(rows), kTileRows * width, [&](int64_t t) {
    const int64_t first = t * kTileRows;
    for (int64_t r = first; r < first + RowsOf(t, rows); r++) {
      rate[r] = NormRow(x + r * width, bias, gain, shift, width, normal + r * width, y + r * width);
    }
  });
}

void NormLeakyGrad(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *dy = call.Floats(0), *y = call.Floats(1), *normal = call.Floats(2);
  const float *rate = call.Floats(3), *gain = call.Floats(4);
  const int64_t width = call.Size(4), rows = call.Size(3), size = rows * width;
  if (!call.Require(call.Size(0) == size && call.Size(1) == size && call.Size(2) == size,
                    "CbedNormLeakyGrad: rows and weights do not fit")) {
    return;
  }
  float* dx = call.Output(0, call.ShapeOf(1));
  float *dbias = call.Output(1, {width}), *dgain = call.Output(2, {width});
  float* dshift = call.Output(3, {width});
  if (!call.ok()) return;
  const int64_t tiles = TileCount(rows);
  std::vector<float> biases(tiles * width), gains(tiles * width), shifts(tiles * width);
  ForParts(tiles, kTileRows * width, [&](int64_t t) {
    const NormSums to = {&biases[t * width], &gains[t * width], &shifts[t * width]};
    const int64_t first = t * kTileRows;
    for (int64_t r = first; r < first + RowsOf(t, rows); r++) {
      const int64_t at = r * width;
      NormGradRow(dy + at, y + at, normal + at, rate[r], gain, width, dx + at, to);
    }
  });
  Join(biases, tiles, width, dbias);
  Join(gains, tiles, width, dgain);
  Join(shifts, tiles, width, dshift);
}

}  // namespace

std::vector<Operation> RowOperations() {
  return {
      {"CbedBiasLeaky", {"x: float", "bias: float"}, {"y: float"}, BiasLeaky},
      {"CbedLeakyGrad", {"dy: float", "y: float"}, {"dx: float", "dbias: float"}, LeakyGrad},
      {"CbedNormLeaky",
       {"x: float", "bias: float", "gain: float", "shift: float"},
       {"y: float", "normal: float", "rate: float"},
       NormLeaky},
      {"CbedNormLeakyGrad",
       {"dy: float", "y: float", "normal: float", "rate: float", "gain: float"},
       {"dx: float", "dbias: float", "dgain: float", "dshift: float"},
       NormLeakyGrad},
  };
}

}  // namespace cbed
