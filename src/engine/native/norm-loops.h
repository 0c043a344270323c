// The loops of norm.cc and modulate.cc over the rows of one tile of maps (rows, channels).
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels.h"

namespace cbed {
namespace {

constexpr int64_t kTileRows = 128;

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

// What a channel's gradient needs: its mean, scale and shift forward, and terms backward.
struct Channels {
  const float *mean, *scale, *shift, *along, *level;
};

// Mean and biased variance of a channel from those of its tiles, joined in order.
void JoinMoments(const float* means, const float* squares, const Tiles& tiles, int64_t channel,
                 double* mean, double* variance) {
  const int64_t n = tiles.channels;
  *mean = *variance = 0;
  for (int64_t t = 0; t < tiles.count; t++) {
    *mean += means[t * n + channel] * double(tiles.RowsOf(t));
  }
  *mean /= tiles.rows;
  for (int64_t t = 0; t < tiles.count; t++) {
    const double off = means[t * n + channel] - *mean;
    *variance += squares[t * n + channel] + off * off * tiles.RowsOf(t);
  }
  *variance /= tiles.rows;
}

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

// dx = scale dz - level - along (x - mean).
FOR_EACH_PROCESSOR
void SlopeRows(const float* dy, const float* x, int64_t rows, int64_t channels, const Channels& of,
               float floor, float* __restrict__ dx) {
  const Eight zero = {}, floors = floor - Eight{};
  // Eight channels at a time down the rows, so that what belongs to a channel stays in registers.
  int64_t c = 0;
  for (; c + kEight <= channels; c += kEight) {
    const Eight scale = At(of.scale + c), shift = At(of.shift + c), mean = At(of.mean + c);
    const Eight level = At(of.level + c), along = At(of.along + c);
    for (int64_t at = c; at < rows * channels; at += channels) {
      const Eight v = At(x + at);
      const Eight dz = v * scale + shift > floors ? At(dy + at) : zero;
      At(dx + at) = dz * scale - level - along * (v - mean);
    }
  }
  for (; c < channels; c++) {
    for (int64_t at = c; at < rows * channels; at += channels) {
      const float dz = x[at] * of.scale[c] + of.shift[c] > floor ? dy[at] : 0;
      dx[at] = dz * of.scale[c] - of.level[c] - of.along[c] * (x[at] - of.mean[c]);
    }
  }
}

}  // namespace
}  // namespace cbed
