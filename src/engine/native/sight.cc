// What the discriminator of a GAN sees of a batch, its gradient, and the penalty on slopes.
#include <cmath>

#include "kernels.h"

namespace cbed {
namespace {

// seen (rows, width + 1) = x + bias + sd noise, and how far these rows spread: the mean over the
// columns of their standard deviations. pull (rows, width) is the slope of the spread.
FOR_EACH_PROCESSOR
void SeeGroup(const float* x, const float* bias, const float* noise, float sd, int64_t rows,
              int64_t width, float* seen, float* pull, float* __restrict__ m,
              float* __restrict__ s) {
  for (int64_t i = 0; i < width; i++) m[i] = s[i] = 0;
  for (int64_t r = 0; r < rows; r++) {
    for (int64_t i = 0; i < width; i++) {
      const float v = x[r * width + i] + bias[i] + sd * noise[r * width + i];
      seen[r * (width + 1) + i] = v;
      m[i] += v;
    }
  }
  for (int64_t i = 0; i < width; i++) m[i] /= rows;
  for (int64_t r = 0; r < rows; r++) {
    for (int64_t i = 0; i < width; i++) {
      const float off = seen[r * (width + 1) + i] - m[i];
      pull[r * width + i] = off;
      s[i] += off * off;
    }
  }
  double spread = 0;
  for (int64_t i = 0; i < width; i++) {
    const float deviation = std::sqrt(s[i] / rows + 1e-8f);
    spread += deviation;
    s[i] = 1 / (deviation * rows * width);
  }
  for (int64_t r = 0; r < rows; r++) {
    seen[r * (width + 1) + width] = spread / width;
    for (int64_t i = 0; i < width; i++) pull[r * width + i] *= s[i];
  }
}

// SeeGroup for every group of so many rows.
void SeeRows(const float* x, const float* bias, const float* noise, float sd, int64_t rows,
             int64_t width, int64_t group, float* seen, float* pull) {
  std::vector<float> mean(width), rate(width);
  for (int64_t r = 0; r < rows; r += group) {
    SeeGroup(x + r * width, bias, noise + r * width, sd, group, width, seen + r * (width + 1),
             pull + r * width, mean.data(), rate.data());
  }
}

// Rows of a group, 0 where it is no whole part of the rows.
int64_t GroupOf(const float* group, int64_t rows) {
  const int64_t size = static_cast<int64_t>(*group);
  return size > 0 && rows % size == 0 ? size : 0;
}

void See(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *x = call.Floats(0), *bias = call.Floats(1), *noise = call.Floats(2);
  const float *sd = call.Floats(3), *size = call.Floats(4);
  const Shape shape = call.ShapeOf(0);
  if (!call.Require(shape.size() == 2 && call.Size(1) == shape[1] &&
                        call.Size(2) == call.Size(0) && call.Size(3) == 1 && call.Size(4) == 1 &&
                        GroupOf(size, shape[0]) > 0,
                    "CbedSee: vectors, bias, noise and group do not fit")) {
    return;
  }
  float *seen = call.Output(0, {shape[0], shape[1] + 1}), *pull = call.Output(1, shape);
  const int64_t group = GroupOf(size, shape[0]);
  if (call.ok()) SeeRows(x, bias, noise, *sd, shape[0], shape[1], group, seen, pull);
}

// Real vectors, then as many generated ones, each group with its own spread; pull of the real ones.
void SeeBoth(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *real = call.Floats(0), *real_noise = call.Floats(1), *fake = call.Floats(2);
  const float *bias = call.Floats(3), *fake_noise = call.Floats(4), *sd = call.Floats(5);
  const float* group_size = call.Floats(6);
  const Shape shape = call.ShapeOf(0);
  const int64_t size = call.Size(0);
  if (!call.Require(shape.size() == 2 && call.Size(1) == size && call.Size(2) == size &&
                        call.Size(3) == shape[1] && call.Size(4) == size && call.Size(5) == 1 &&
                        call.Size(6) == 1 && GroupOf(group_size, shape[0]) > 0,
                    "CbedSeeBoth: vectors, bias, noise and group do not fit")) {
    return;
  }
  const int64_t rows = shape[0], width = shape[1];
  float *seen = call.Output(0, {2 * rows, width + 1}), *pull = call.Output(1, shape);
  if (!call.ok()) return;
  const std::vector<float> no_bias(width);
  std::vector<float> unused(size);
  const int64_t group = GroupOf(group_size, rows);
  SeeRows(real, no_bias.data(), real_noise, *sd, rows, width, group, seen, pull);
  SeeRows(fake, bias, fake_noise, *sd, rows, width, group, seen + rows * (width + 1),
          unused.data());
}

// dx (rows, width) of a gradient in what is seen, and its sum over the rows.
FOR_EACH_PROCESSOR
void SeeGrad(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *dseen = call.Floats(0), *pull = call.Floats(1), *size = call.Floats(2);
  const Shape shape = call.ShapeOf(1);
  if (!call.Require(shape.size() == 2 && call.Size(0) == shape[0] * (shape[1] + 1) &&
                        call.Size(2) == 1 && GroupOf(size, shape[0]) > 0,
                    "CbedSeeGrad: gradient, batch and group do not fit")) {
    return;
  }
  const int64_t rows = shape[0], width = shape[1];
  float *dx = call.Output(0, shape), *sum = call.Output(1, {width});
  if (!call.ok()) return;
  const int64_t group = GroupOf(size, rows);
  for (int64_t i = 0; i < width; i++) sum[i] = 0;
  float d = 0;
  for (int64_t r = 0; r < rows; r++) {
    if (r % group == 0) {
      d = 0;
      for (int64_t g = r; g < r + group; g++) d += dseen[g * (width + 1) + width];
    }
    for (int64_t i = 0; i < width; i++) {
      const float v = dseen[r * (width + 1) + i] + d * pull[r * width + i];
      dx[r * width + i] = v;
      sum[i] += v;
    }
  }
}

// The penalty factor / 2 sum |slope|^2 and its gradient in the gradient in what is seen, from which
// SeeGrad makes the slope: its transpose, applied to factor times slope.
FOR_EACH_PROCESSOR
void Penalty(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *slope = call.Floats(0), *pull = call.Floats(1), *factor = call.Floats(2);
  const float* size = call.Floats(3);
  const Shape shape = call.ShapeOf(1);
  if (!call.Require(shape.size() == 2 && call.Size(0) == call.Size(1) && call.Size(2) == 1 &&
                        call.Size(3) == 1 && GroupOf(size, shape[0]) > 0,
                    "CbedPenalty: slope, batch and group do not fit")) {
    return;
  }
  const int64_t rows = shape[0], width = shape[1];
  float *penalty = call.Output(0, {}), *turned = call.Output(1, {rows, width + 1});
  if (!call.ok()) return;
  const int64_t group = GroupOf(size, rows);
  double squares = 0, along = 0;
  for (int64_t r = 0; r < rows; r++) {
    if (r % group == 0) along = 0;
    float square = 0, product = 0;
    for (int64_t i = 0; i < width; i++) {
      const float g = slope[r * width + i];
      square += g * g;
      product += g * pull[r * width + i];
      turned[r * (width + 1) + i] = *factor * g;
    }
    squares += square;
    along += product;
    if ((r + 1) % group != 0) continue;
    for (int64_t g = r + 1 - group; g <= r; g++) turned[g * (width + 1) + width] = *factor * along;
  }
  *penalty = *factor / 2 * squares;
}

}  // namespace

std::vector<Operation> SightOperations() {
  return {
      {"CbedSee",
       {"x: float", "bias: float", "noise: float", "sd: float", "group: float"},
       {"seen: float", "pull: float"},
       See},
      {"CbedSeeBoth",
       {"real: float", "real_noise: float", "fake: float", "bias: float", "fake_noise: float",
        "sd: float", "group: float"},
       {"seen: float", "pull: float"},
       SeeBoth},
      {"CbedSeeGrad",
       {"dseen: float", "pull: float", "group: float"},
       {"dx: float", "sum: float"},
       SeeGrad},
      {"CbedPenalty",
       {"slope: float", "pull: float", "factor: float", "group: float"},
       {"penalty: float", "turned: float"},
       Penalty},
  };
}

}  // namespace cbed
