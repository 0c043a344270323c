// Scores of a projection discriminator (Miyato and Koyama 2018) and their gradients.
#include <cmath>

#include "kernels.h"

namespace cbed {
namespace {

// Scores of k batches of features (k rows, width) under the same classes: each row times its
// direction, which is projection / sqrt(width) + out, plus bias.
FOR_EACH_PROCESSOR
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
FOR_EACH_PROCESSOR
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
FOR_EACH_PROCESSOR
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

std::vector<Operation> ScoreOperations() {
  return {
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
