// What the networks of a conditional GAN do beside dense layers: the class condition of the
// generator, what the discriminator sees of a batch, and its scores.
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

// seen (rows, width + 1) = x + bias + sd noise, and how far the batch spreads: the mean over the
// columns of their standard deviations. pull (rows, width) is the slope of the spread.
FOR_EACH_PROCESSOR
void SeeRows(const float* x, const float* bias, const float* noise, float sd, int64_t rows,
             int64_t width, float* seen, float* pull) {
  std::vector<float> mean(width), rate(width);
  float *__restrict__ m = mean.data(), *__restrict__ s = rate.data();
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

void See(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *x = call.Floats(0), *bias = call.Floats(1), *noise = call.Floats(2);
  const float* sd = call.Floats(3);
  const Shape shape = call.ShapeOf(0);
  if (!call.Require(shape.size() == 2 && call.Size(1) == shape[1] &&
                        call.Size(2) == call.Size(0) && call.Size(3) == 1,
                    "CbedSee: vectors, bias and noise do not fit")) {
    return;
  }
  float *seen = call.Output(0, {shape[0], shape[1] + 1}), *pull = call.Output(1, shape);
  if (call.ok()) SeeRows(x, bias, noise, *sd, shape[0], shape[1], seen, pull);
}

// dx (rows, width) of a gradient in what is seen, and its sum over the rows.
void SeeGrad(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *dseen = call.Floats(0), *pull = call.Floats(1);
  const Shape shape = call.ShapeOf(1);
  if (!call.Require(shape.size() == 2 && call.Size(0) == shape[0] * (shape[1] + 1),
                    "CbedSeeGrad: gradient and batch do not fit")) {
    return;
  }
  const int64_t rows = shape[0], width = shape[1];
  float *dx = call.Output(0, shape), *sum = call.Output(1, {width});
  if (!call.ok()) return;
  double dspread = 0;
  for (int64_t r = 0; r < rows; r++) dspread += dseen[r * (width + 1) + width];
  const float d = dspread;
  for (int64_t i = 0; i < width; i++) sum[i] = 0;
  for (int64_t r = 0; r < rows; r++) {
    for (int64_t i = 0; i < width; i++) {
      const float v = dseen[r * (width + 1) + i] + d * pull[r * width + i];
      dx[r * width + i] = v;
      sum[i] += v;
    }
  }
}

// The penalty factor / 2 sum |slope|^2 and its gradient in the gradient in what is seen, from which
// SeeGrad makes the slope: its transpose, applied to factor times slope.
void Penalty(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *slope = call.Floats(0), *pull = call.Floats(1), *factor = call.Floats(2);
  const Shape shape = call.ShapeOf(1);
  if (!call.Require(shape.size() == 2 && call.Size(0) == call.Size(1) && call.Size(2) == 1,
                    "CbedPenalty: slope and batch do not fit")) {
    return;
  }
  const int64_t rows = shape[0], width = shape[1];
  float *penalty = call.Output(0, {}), *turned = call.Output(1, {rows, width + 1});
  if (!call.ok()) return;
  double squares = 0, along = 0;
  for (int64_t r = 0; r < rows; r++) {
    float square = 0, product = 0;
    for (int64_t i = 0; i < width; i++) {
      const float g = slope[r * width + i];
      square += g * g;
      product += g * pull[r * width + i];
      turned[r * (width + 1) + i] = *factor * g;
    }
    squares += square;
    along += product;
  }
  for (int64_t r = 0; r < rows; r++) turned[r * (width + 1) + width] = *factor * along;
  *penalty = *factor / 2 * squares;
}

// Scores of k batches of features (k rows, width) under the same classes: each row times its
// direction, which is projection / sqrt(width) + out, plus bias.
void Scores(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *features = call.Floats(0), *projection = call.Floats(1), *out = call.Floats(2);
  const float* bias = call.Floats(3);
  const Shape shape = call.ShapeOf(1);
  if (!call.Require(shape.size() == 2 && call.Size(1) > 0 && call.Size(0) % call.Size(1) == 0 &&
                        call.Size(2) == shape[1] && call.Size(3) == 1,
                    "CbedScores: features and projection do not fit")) {
    return;
  }
  const int64_t rows = shape[0], width = shape[1], all = call.Size(0) / width;
  float *scores = call.Output(0, {all}), *direction = call.Output(1, shape);
  if (!call.ok()) return;
  const float scale = 1 / std::sqrt(static_cast<float>(width));
  for (int64_t r = 0; r < rows; r++) {
    for (int64_t i = 0; i < width; i++) {
      direction[r * width + i] = projection[r * width + i] * scale + out[i];
    }
  }
  for (int64_t r = 0; r < all; r++) {
    const float *f = features + r * width, *d = direction + r % rows * width;
    float eight[kEight] = {};
    int64_t i = 0;
    for (; i + kEight <= width; i += kEight) {
      for (int k = 0; k < kEight; k++) eight[k] += f[i + k] * d[i + k];
    }
    for (; i < width; i++) eight[0] += f[i] * d[i];
    scores[r] = *bias;
    for (float part : eight) scores[r] += part;
  }
}

// Gradients of scores in features and, summed over the batches, in the direction.
void ScoresGrad(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *dscores = call.Floats(0), *features = call.Floats(1), *direction = call.Floats(2);
  const Shape shape = call.ShapeOf(2);
  if (!call.Require(shape.size() == 2 && call.Size(2) > 0 && call.Size(1) % call.Size(2) == 0 &&
                        call.Size(0) * shape[1] == call.Size(1),
                    "CbedScoresGrad: scores and features do not fit")) {
    return;
  }
  const int64_t rows = shape[0], width = shape[1], all = call.Size(0);
  float *dfeatures = call.Output(0, call.ShapeOf(1)), *ddirection = call.Output(1, shape);
  if (!call.ok()) return;
  for (int64_t i = 0; i < rows * width; i++) ddirection[i] = 0;
  for (int64_t r = 0; r < all; r++) {
    const float *f = features + r * width, *d = direction + r % rows * width;
    float *df = dfeatures + r * width, *dd = ddirection + r % rows * width;
    for (int64_t i = 0; i < width; i++) {
      df[i] = dscores[r] * d[i];
      dd[i] += dscores[r] * f[i];
    }
  }
}

// Gradient of the direction in projection and out.
void DirectionGrad(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float* ddirection = call.Floats(0);
  const Shape shape = call.ShapeOf(0);
  if (!call.Require(shape.size() == 2, "CbedDirectionGrad: no rows")) return;
  const int64_t rows = shape[0], width = shape[1];
  float *dprojection = call.Output(0, shape), *dout = call.Output(1, {width});
  if (!call.ok()) return;
  const float scale = 1 / std::sqrt(static_cast<float>(width));
  for (int64_t i = 0; i < width; i++) dout[i] = 0;
  for (int64_t r = 0; r < rows; r++) {
    for (int64_t i = 0; i < width; i++) {
      dprojection[r * width + i] = ddirection[r * width + i] * scale;
      dout[i] += ddirection[r * width + i];
    }
  }
}

}  // namespace

std::vector<Operation> AdversaryOperations() {
  return {
      {"CbedCondition",
       {"z: float", "embedding: float", "norm: float"},
       {"y: float", "rates: float"},
       Condition},
      {"CbedConditionGrad",
       {"dy: float", "y: float", "rates: float", "norm: float", "latent: float"},
       {"dembedding: float"},
       ConditionGrad},
      {"CbedSee",
       {"x: float", "bias: float", "noise: float", "sd: float"},
       {"seen: float", "pull: float"},
       See},
      {"CbedSeeGrad", {"dseen: float", "pull: float"}, {"dx: float", "sum: float"}, SeeGrad},
      {"CbedPenalty",
       {"slope: float", "pull: float", "factor: float"},
       {"penalty: float", "turned: float"},
       Penalty},
      {"CbedScores",
       {"features: float", "projection: float", "out: float", "bias: float"},
       {"scores: float", "direction: float"},
       Scores},
      {"CbedScoresGrad",
       {"dscores: float", "features: float", "direction: float"},
       {"dfeatures: float", "ddirection: float"},
       ScoresGrad},
      {"CbedDirectionGrad",
       {"ddirection: float"},
       {"dprojection: float", "dout: float"},
       DirectionGrad},
  };
}

}  // namespace cbed
