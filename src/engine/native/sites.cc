// Rows (B S, width) in which the sites of a crystal follow each other, put together over crystals and
// slots; rows that come in groups; and the gradients.
#include <algorithm>
#include <cmath>

#include "kernels.h"

namespace cbed {
namespace {

// A sum over sites is given as what it is for this many.
constexpr float kUsualSites = 4;

// Rates of the mean over the sites that there are, for each crystal.
std::vector<float> MeanRates(const float* mask, int64_t B, int64_t S) {
  std::vector<float> rates(B);
  for (int64_t b = 0; b < B; b++) {
    float sites = 0;
    for (int64_t s = 0; s < S; s++) sites += mask[b * S + s];
    rates[b] = 1 / sites;
  }
  return rates;
}

// y (B, 2 width): mean over the sites of a crystal, then a quarter of their sum.
FOR_EACH_PROCESSOR
void PoolSites(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *x = call.Floats(0), *mask = call.Floats(1);
  const Shape rows = call.ShapeOf(0), shape = call.ShapeOf(1);
  if (!call.Require(rows.size() == 2 && shape.size() == 3 && rows[0] == shape[0] * shape[1] &&
                        shape[2] == 1,
                    "CbedPoolSites: sites and mask do not fit")) {
    return;
  }
  const int64_t B = shape[0], S = shape[1], width = rows[1];
  float* y = call.Output(0, {B, 2 * width});
  if (!call.ok()) return;
  const std::vector<float> rates = MeanRates(mask, B, S);
  for (int64_t b = 0; b < B; b++, y += 2 * width) {
    float* __restrict__ sum = y + width;
    std::fill_n(sum, width, 0.0f);
    for (int64_t s = 0; s < S; s++, x += width) {
      const float m = mask[b * S + s];
      for (int64_t i = 0; i < width; i++) sum[i] += m * x[i];
    }
    for (int64_t i = 0; i < width; i++) {
      y[i] = sum[i] * rates[b];
      sum[i] /= kUsualSites;
    }
  }
}

// The transpose of PoolSites: linear, so that PoolSites is its gradient in turn.
FOR_EACH_PROCESSOR
void PoolSitesGrad(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *dy = call.Floats(0), *mask = call.Floats(1);
  const Shape rows = call.ShapeOf(0), shape = call.ShapeOf(1);
  if (!call.Require(rows.size() == 2 && shape.size() == 3 && rows[0] == shape[0] &&
                        rows[1] % 2 == 0 && shape[2] == 1,
                    "CbedPoolSitesGrad: gradient and mask do not fit")) {
    return;
  }
  const int64_t B = shape[0], S = shape[1], width = rows[1] / 2;
  float* dx = call.Output(0, {B * S, width});
  if (!call.ok()) return;
  const std::vector<float> rates = MeanRates(mask, B, S);
  for (int64_t b = 0; b < B; b++, dy += 2 * width) {
    for (int64_t s = 0; s < S; s++, dx += width) {
      const float m = mask[b * S + s], mean = m * rates[b], sum = m / kUsualSites;
      for (int64_t i = 0; i < width; i++) dx[i] = mean * dy[i] + sum * dy[width + i];
    }
  }
}

// Members of each slot (B, K), at least 1.
std::vector<float> Members(const float* slots, int64_t B, int64_t S, int64_t K) {
  std::vector<float> members(B * K);
  for (int64_t s = 0; s < B * S; s++) {
    for (int64_t k = 0; k < K; k++) members[s / S * K + k] += slots[s * K + k];
  }
  for (float& count : members) count = std::max(count, 1.0f);
  return members;
}

// y (B K, width): mean of the rows of the sites (B S, width) that stand in a slot (B, S, K).
FOR_EACH_PROCESSOR
void SlotMeans(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *x = call.Floats(0), *slots = call.Floats(1);
  const Shape rows = call.ShapeOf(0), shape = call.ShapeOf(1);
  if (!call.Require(rows.size() == 2 && shape.size() == 3 && rows[0] == shape[0] * shape[1],
                    "CbedSlotMeans: sites and slots do not fit")) {
    return;
  }
  const int64_t B = shape[0], S = shape[1], K = shape[2], width = rows[1];
  float* y = call.Output(0, {B * K, width});
  if (!call.ok()) return;
  std::fill_n(y, B * K * width, 0.0f);
  const std::vector<float> members = Members(slots, B, S, K);
  for (int64_t s = 0; s < B * S; s++, x += width) {
    for (int64_t k = 0; k < K; k++) {
      const int64_t slot = s / S * K + k;
      const float share = slots[s * K + k] / members[slot];
      if (share == 0) continue;
      for (int64_t i = 0; i < width; i++) y[slot * width + i] += share * x[i];
    }
  }
}

FOR_EACH_PROCESSOR
void SlotMeansGrad(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *dy = call.Floats(0), *slots = call.Floats(1);
  const Shape rows = call.ShapeOf(0), shape = call.ShapeOf(1);
  if (!call.Require(rows.size() == 2 && shape.size() == 3 && rows[0] == shape[0] * shape[2],
                    "CbedSlotMeansGrad: gradient and slots do not fit")) {
    return;
  }
  const int64_t B = shape[0], S = shape[1], K = shape[2], width = rows[1];
  float* dx = call.Output(0, {B * S, width});
  if (!call.ok()) return;
  std::fill_n(dx, B * S * width, 0.0f);
  const std::vector<float> members = Members(slots, B, S, K);
  for (int64_t s = 0; s < B * S; s++, dx += width) {
    for (int64_t k = 0; k < K; k++) {
      const int64_t slot = s / S * K + k;
      const float share = slots[s * K + k] / members[slot];
      if (share == 0) continue;
      for (int64_t i = 0; i < width; i++) dx[i] += share * dy[slot * width + i];
    }
  }
}

// Rows that come in groups, and how far those of a group spread. ------------------------------------

// Differences of the rows of one group from their mean, and the deviation of each column.
FOR_EACH_PROCESSOR
void Centre(const float* x, int64_t rows, int64_t width, float* __restrict__ off,
            float* __restrict__ deviation) {
  for (int64_t i = 0; i < width; i++) {
    float mean = 0, square = 0;
    for (int64_t r = 0; r < rows; r++) mean += x[r * width + i];
    mean /= rows;
    for (int64_t r = 0; r < rows; r++) {
      const float d = x[r * width + i] - mean;
      off[r * width + i] = d;
      square += d * d;
    }
    deviation[i] = std::sqrt(square / rows + 1e-8f);
  }
}

int64_t GroupOf(const float* group, int64_t rows) {
  const int64_t size = static_cast<int64_t>(*group);
  return size > 0 && rows % size == 0 ? size : 0;
}

// y (rows, width + 1): the row, then the mean over the columns of the deviations of its group.
void WithSpread(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *x = call.Floats(0), *size = call.Floats(1);
  const Shape shape = call.ShapeOf(0);
  if (!call.Require(shape.size() == 2 && call.Size(1) == 1 && GroupOf(size, shape[0]) > 0,
                    "CbedWithSpread: rows and group do not fit")) {
    return;
  }
  const int64_t rows = shape[0], width = shape[1], group = GroupOf(size, rows);
  float* y = call.Output(0, {rows, width + 1});
  if (!call.ok()) return;
  std::vector<float> off(group * width), deviation(width);
  for (int64_t r = 0; r < rows; r++) {
    if (r % group == 0) Centre(x + r * width, group, width, off.data(), deviation.data());
    std::copy(x + r * width, x + (r + 1) * width, y + r * (width + 1));
    float spread = 0;
    for (int64_t i = 0; i < width; i++) spread += deviation[i];
    y[r * (width + 1) + width] = spread / width;
  }
}

// dx = dy + c / (n w deviation) times the sum of the group's gradients in the spread, with c the
// differences from the mean of n rows and w columns.
void WithSpreadGrad(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *dy = call.Floats(0), *x = call.Floats(1), *size = call.Floats(2);
  const Shape shape = call.ShapeOf(1);
  if (!call.Require(shape.size() == 2 && call.Size(0) == shape[0] * (shape[1] + 1) &&
                        call.Size(2) == 1 && GroupOf(size, shape[0]) > 0,
                    "CbedWithSpreadGrad: gradient, rows and group do not fit")) {
    return;
  }
  const int64_t rows = shape[0], width = shape[1], group = GroupOf(size, rows);
  float* dx = call.Output(0, shape);
  if (!call.ok()) return;
  std::vector<float> off(group * width), deviation(width);
  for (int64_t first = 0; first < rows; first += group) {
    Centre(x + first * width, group, width, off.data(), deviation.data());
    float d = 0;
    for (int64_t r = first; r < first + group; r++) d += dy[r * (width + 1) + width];
    d /= group * width;
    for (int64_t r = 0; r < group; r++) {
      const float* own = dy + (first + r) * (width + 1);
      float* to = dx + (first + r) * width;
      for (int64_t i = 0; i < width; i++) to[i] = own[i] + d * off[r * width + i] / deviation[i];
    }
  }
}

// Gradients of WithSpreadGrad, given u in its dx: in dy, and in x, where the second derivative of a
// deviation turns u into (u - mean u - c (c u) / (n deviation^2)) / (n deviation).
void WithSpreadTwice(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *u = call.Floats(0), *dy = call.Floats(1), *x = call.Floats(2);
  const float* size = call.Floats(3);
  const Shape shape = call.ShapeOf(2);
  if (!call.Require(shape.size() == 2 && call.Size(0) == call.Size(2) &&
                        call.Size(1) == shape[0] * (shape[1] + 1) && call.Size(3) == 1 &&
                        GroupOf(size, shape[0]) > 0,
                    "CbedWithSpreadTwice: gradients, rows and group do not fit")) {
    return;
  }
  const int64_t rows = shape[0], width = shape[1], group = GroupOf(size, rows);
  float *ddy = call.Output(0, {rows, width + 1}), *dx = call.Output(1, shape);
  if (!call.ok()) return;
  std::vector<float> off(group * width), deviation(width), mean(width), along(width);
  for (int64_t first = 0; first < rows; first += group) {
    Centre(x + first * width, group, width, off.data(), deviation.data());
    float d = 0, slope = 0;
    for (int64_t i = 0; i < width; i++) mean[i] = along[i] = 0;
    for (int64_t r = 0; r < group; r++) {
      d += dy[(first + r) * (width + 1) + width];
      for (int64_t i = 0; i < width; i++) {
        mean[i] += u[(first + r) * width + i];
        along[i] += u[(first + r) * width + i] * off[r * width + i];
      }
    }
    for (int64_t i = 0; i < width; i++) {
      slope += along[i] / deviation[i];
      mean[i] /= group;
      along[i] /= group * deviation[i] * deviation[i];
    }
    d /= group * width;
    for (int64_t r = 0; r < group; r++) {
      const float* own = u + (first + r) * width;
      float *to = ddy + (first + r) * (width + 1), *down = dx + (first + r) * width;
      std::copy(own, own + width, to);
      to[width] = slope / (group * width);
      for (int64_t i = 0; i < width; i++) {
        down[i] = d * (own[i] - mean[i] - off[r * width + i] * along[i]) / deviation[i];
      }
    }
  }
}

}  // namespace

std::vector<Operation> SiteOperations() {
  return {
      {"CbedPoolSites", {"x: float", "mask: float"}, {"y: float"}, PoolSites},
      {"CbedPoolSitesGrad", {"dy: float", "mask: float"}, {"dx: float"}, PoolSitesGrad},
      {"CbedSlotMeans", {"x: float", "slots: float"}, {"y: float"}, SlotMeans},
      {"CbedSlotMeansGrad", {"dy: float", "slots: float"}, {"dx: float"}, SlotMeansGrad},
      {"CbedWithSpread", {"x: float", "group: float"}, {"y: float"}, WithSpread},
      {"CbedWithSpreadGrad",
       {"dy: float", "x: float", "group: float"},
       {"dx: float"},
       WithSpreadGrad},
      {"CbedWithSpreadTwice",
       {"u: float", "dy: float", "x: float", "group: float"},
       {"ddy: float", "dx: float"},
       WithSpreadTwice},
  };
}

}  // namespace cbed
