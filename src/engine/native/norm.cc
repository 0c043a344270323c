// Normalisation of maps by the statistics of their batch, with or without max(., 0), and its
// gradient. Maps are (..., channels); every sum is taken tile by tile and the tiles are joined in
// order, in double precision.
#include <cmath>

#include "kernels.h"
#include "norm-loops.h"

namespace cbed {
namespace {

// Mean and biased variance of each channel.
void Moments(const float* x, const Tiles& tiles, std::vector<double>* mean,
             std::vector<double>* variance) {
  const int64_t n = tiles.channels;
  std::vector<float> means(tiles.count * n), squares(tiles.count * n);
  ForParts(tiles.count, kTileRows * n, [&](int64_t t) {
    TileMoments(x + tiles.First(t), tiles.RowsOf(t), n, &means[t * n], &squares[t * n]);
  });
  for (int64_t c = 0; c < n; c++) {
    JoinMoments(means.data(), squares.data(), tiles, c, &(*mean)[c], &(*variance)[c]);
  }
}

// Settings: epsilon, share of the batch in the running statistics, whether max(., 0) follows.
void Normalise(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *x = call.Floats(0), *gain = call.Floats(1), *offset = call.Floats(2);
  const float *old_mean = call.Floats(3), *old_variance = call.Floats(4), *settings = call.Floats(5);
  const int64_t n = call.Size(1);
  if (!call.Require(n > 0 && call.Size(0) > 0 && call.Size(0) % n == 0 && call.Size(2) == n &&
                        call.Size(3) == n && call.Size(4) == n && call.Size(5) == 3,
                    "CbedNormalise: shapes of maps and channels do not fit")) {
    return;
  }
  const Tiles tiles(call.Size(0), n);
  float* y = call.Output(0, call.ShapeOf(0));
  float* new_mean = call.Output(1, {n});
  float* new_variance = call.Output(2, {n});
  float* kept = call.Output(3, {2 * n});
  if (!call.ok()) return;
  std::vector<double> mean(n), variance(n);
  Moments(x, tiles, &mean, &variance);
  const double share = settings[1], unbiased = tiles.rows / std::max(1.0, tiles.rows - 1.0);
  for (int64_t c = 0; c < n; c++) {
    new_mean[c] = old_mean[c] * (1 - share) + mean[c] * share;
    new_variance[c] = old_variance[c] * (1 - share) + variance[c] * unbiased * share;
    kept[c] = mean[c];
    kept[n + c] = 1 / std::sqrt(variance[c] + settings[0]);
  }
  std::vector<float> scale(n), shift(n);
  ScaleAndShift(n, gain, offset, kept, kept + n, scale.data(), shift.data());
  ForParts(tiles.count, kTileRows * n, [&](int64_t t) {
    ScaleRows(x + tiles.First(t), tiles.RowsOf(t), n, scale.data(), shift.data(), settings[2] > 0,
              y + tiles.First(t));
  });
}

void NormaliseGrad(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *dy = call.Floats(0), *x = call.Floats(1), *gain = call.Floats(2);
  const float *offset = call.Floats(3), *kept = call.Floats(4), *settings = call.Floats(5);
  const int64_t n = call.Size(2);
  if (!call.Require(n > 0 && call.Size(0) == call.Size(1) && call.Size(0) > 0 &&
                        call.Size(0) % n == 0 && call.Size(3) == n && call.Size(4) == 2 * n &&
                        call.Size(5) == 3,
                    "CbedNormaliseGrad: shapes of maps and channels do not fit")) {
    return;
  }
  const Tiles tiles(call.Size(1), n);
  float* dx = call.Output(0, call.ShapeOf(1));
  float* dgain = call.Output(1, {n});
  float* doffset = call.Output(2, {n});
  if (!call.ok()) return;
  const float floor = settings[2] > 0 ? 0.0f : -INFINITY;
  std::vector<float> scale(n), shift(n), along(n), level(n);
  ScaleAndShift(n, gain, offset, kept, kept + n, scale.data(), shift.data());
  const Channels of = {kept, scale.data(), shift.data(), along.data(), level.data()};
  std::vector<float> sums(tiles.count * n), products(tiles.count * n);
  ForParts(tiles.count, kTileRows * n, [&](int64_t t) {
    const int64_t first = tiles.First(t);
    TileSlopes(dy + first, x + first, tiles.RowsOf(t), n, of, floor, &sums[t * n],
               &products[t * n]);
  });
  for (int64_t c = 0; c < n; c++) {
    double sum = 0, product = 0;
    for (int64_t t = 0; t < tiles.count; t++) {
      sum += sums[t * n + c];
      product += products[t * n + c];
    }
    const double rate = kept[n + c];
    dgain[c] = product * rate;
    doffset[c] = sum;
    level[c] = scale[c] * sum / tiles.rows;
    along[c] = scale[c] * rate * rate * product / tiles.rows;
  }
  ForParts(tiles.count, kTileRows * n, [&](int64_t t) {
    const int64_t first = tiles.First(t);
    SlopeRows(dy + first, x + first, tiles.RowsOf(t), n, of, floor, dx + first);
  });
}

}  // namespace

std::vector<Operation> NormOperations() {
  return {
      {"CbedNormalise",
       {"maps: float", "gain: float", "offset: float", "mean: float", "variance: float",
        "settings: float"},
       {"y: float", "new_mean: float", "new_variance: float", "kept: float"},
       Normalise},
      {"CbedNormaliseGrad",
       {"dy: float", "maps: float", "gain: float", "offset: float", "kept: float",
        "settings: float"},
       {"dmaps: float", "dgain: float", "doffset: float"},
       NormaliseGrad},
  };
}

}  // namespace cbed
