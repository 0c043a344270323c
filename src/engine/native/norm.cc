// Normalisation of maps by the statistics of their batch, with or without max(., 0), and its
// gradient. Maps are (..., channels); every sum is taken tile by tile and the tiles are joined in
// order, in double precision.
#include <cmath>

#include "kernels.h"

namespace cbed {
namespace {

constexpr int64_t kTileRows = 128;

// Sum over rows of x, then of (x - mean)^2, for each channel of one tile.
FOR_EACH_PROCESSOR
void TileMoments(const float* x, int64_t rows, int64_t channels, float* mean, float* squares) {
  int64_t c = 0;
  for (; c + kEight <= channels; c += kEight) {
    Eight sum = {}, square = {};
    for (int64_t r = 0; r < rows; r++) sum += At(x + r * channels + c);
    const Eight middle = sum / static_cast<float>(rows);
    for (int64_t r = 0; r < rows; r++) {
      const Eight off = At(x + r * channels + c) - middle;
      square += off * off;
    }
    At(mean + c) = middle;
    At(squares + c) = square;
  }
  for (; c < channels; c++) {
    float sum = 0, square = 0;
    for (int64_t r = 0; r < rows; r++) sum += x[r * channels + c];
    mean[c] = sum / rows;
    for (int64_t r = 0; r < rows; r++) {
      const float off = x[r * channels + c] - mean[c];
      square += off * off;
    }
    squares[c] = square;
  }
}

FOR_EACH_PROCESSOR
void ScaleRows(const float* x, int64_t rows, int64_t channels, const float* scale,
               const float* shift, bool rectify, float* y) {
  // A floor that nothing is below stands for "no max".
  const float floor = rectify ? 0.0f : -INFINITY;
  const Eight floors = floor - Eight{};
  for (int64_t r = 0; r < rows; r++, x += channels, y += channels) {
    int64_t c = 0;
    for (; c + kEight <= channels; c += kEight) {
      const Eight v = At(x + c) * At(scale + c) + At(shift + c);
      At(y + c) = v > floors ? v : floors;
    }
    for (; c < channels; c++) {
      const float v = x[c] * scale[c] + shift[c];
      y[c] = v > floor ? v : floor;
    }
  }
}

// What a channel's gradient needs: its mean, scale and shift forward, and factors backward.
struct Channels {
  const float *mean, *scale, *shift, *gain, *along, *level;
};

// Sums over rows of dz and dz (x - mean), dz being the upstream gradient where z > floor.
FOR_EACH_PROCESSOR
void TileSlopes(const float* dy, const float* x, int64_t rows, int64_t channels, const Channels& of,
                float floor, float* sums, float* products) {
  const Eight zero = {}, floors = floor - Eight{};
  int64_t c = 0;
  for (; c + kEight <= channels; c += kEight) {
    const Eight scale = At(of.scale + c), shift = At(of.shift + c), mean = At(of.mean + c);
    Eight sum = {}, product = {};
    for (int64_t at = c; at < rows * channels; at += channels) {
      const Eight v = At(x + at);
      const Eight dz = v * scale + shift > floors ? At(dy + at) : zero;
      sum += dz;
      product += dz * (v - mean);
    }
    At(sums + c) = sum;
    At(products + c) = product;
  }
  for (; c < channels; c++) {
    sums[c] = products[c] = 0;
    for (int64_t at = c; at < rows * channels; at += channels) {
      if (!(x[at] * of.scale[c] + of.shift[c] > floor)) continue;
      sums[c] += dy[at];
      products[c] += dy[at] * (x[at] - of.mean[c]);
    }
  }
}

// dx = gain dz - level - along (x - mean).
FOR_EACH_PROCESSOR
void SlopeRows(const float* dy, const float* x, int64_t rows, int64_t channels, const Channels& of,
               float floor, float* dx) {
  const Eight zero = {}, floors = floor - Eight{};
  for (int64_t r = 0; r < rows; r++, x += channels, dy += channels, dx += channels) {
    int64_t c = 0;
    for (; c + kEight <= channels; c += kEight) {
      const Eight v = At(x + c);
      const Eight dz = v * At(of.scale + c) + At(of.shift + c) > floors ? At(dy + c) : zero;
      At(dx + c) = dz * At(of.gain + c) - At(of.level + c) -
                   At(of.along + c) * (v - At(of.mean + c));
    }
    for (; c < channels; c++) {
      const float dz = x[c] * of.scale[c] + of.shift[c] > floor ? dy[c] : 0;
      dx[c] = dz * of.gain[c] - of.level[c] - of.along[c] * (x[c] - of.mean[c]);
    }
  }
}

// Maps as rows of channels, cut into tiles.
struct Tiles {
  int64_t rows, channels, count;
  Tiles(int64_t size, int64_t channels_)
      : rows(size / channels_), channels(channels_), count((rows + kTileRows - 1) / kTileRows) {}
  int64_t First(int64_t tile) const { return tile * kTileRows * channels; }
  int64_t RowsOf(int64_t tile) const { return std::min(kTileRows, rows - tile * kTileRows); }
};

void ScaleAndShift(int64_t channels, const float* gain, const float* offset, const float* mean,
                   const float* rate, float* scale, float* shift) {
  for (int64_t c = 0; c < channels; c++) {
    scale[c] = gain[c] * rate[c];
    shift[c] = offset[c] - mean[c] * scale[c];
  }
}

// Mean and biased variance of each channel.
void Moments(const float* x, const Tiles& tiles, std::vector<double>* mean,
             std::vector<double>* variance) {
  const int64_t n = tiles.channels;
  std::vector<float> means(tiles.count * n), squares(tiles.count * n);
  ForParts(tiles.count, [&](int64_t t) {
    TileMoments(x + tiles.First(t), tiles.RowsOf(t), n, &means[t * n], &squares[t * n]);
  });
  for (int64_t t = 0; t < tiles.count; t++) {
    for (int64_t c = 0; c < n; c++) (*mean)[c] += means[t * n + c] * double(tiles.RowsOf(t));
  }
  for (double& sum : *mean) sum /= tiles.rows;
  for (int64_t t = 0; t < tiles.count; t++) {
    for (int64_t c = 0; c < n; c++) {
      const double off = means[t * n + c] - (*mean)[c];
      (*variance)[c] += squares[t * n + c] + off * off * tiles.RowsOf(t);
    }
  }
  for (double& sum : *variance) sum /= tiles.rows;
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
  ForParts(tiles.count, [&](int64_t t) {
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
  const Channels of = {kept, scale.data(), shift.data(), scale.data(), along.data(), level.data()};
  std::vector<float> sums(tiles.count * n), products(tiles.count * n);
  ForParts(tiles.count, [&](int64_t t) {
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
  ForParts(tiles.count, [&](int64_t t) {
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
