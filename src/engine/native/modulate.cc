// Conditional normalisation: each channel of each image by its own statistics, scaled and shifted
// as a style asks for, with max(., 0); and its gradient. Sums as in norm.cc.
#include <cmath>

#include "kernels.h"
#include "norm-loops.h"

namespace cbed {
namespace {

constexpr float kEpsilon = 1e-5f;

// Images (count, ..., channels), the styles (count, 2 channels) of their channels: gain less one,
// then offset.
struct Images {
  int64_t count, channels;
  Tiles tiles;
  Images(int64_t size, const Shape& style)
      : count(style[0]), channels(style[1] / 2), tiles(size / count, channels) {}
  int64_t Each() const { return tiles.rows * channels; }
};

bool Fit(int64_t size, const Shape& maps, const Shape& style) {
  if (size < 1 || maps.size() < 2 || style.size() != 2) return false;
  return maps.front() == style[0] && 2 * maps.back() == style[1];
}

// Mean and rate 1 / sigma of each channel of one image.
void ImageMoments(const float* x, const Tiles& tiles, float* mean, float* rate) {
  const int64_t n = tiles.channels;
  std::vector<float> means(tiles.count * n), squares(tiles.count * n);
  for (int64_t t = 0; t < tiles.count; t++) {
    TileMoments(x + tiles.First(t), tiles.RowsOf(t), n, &means[t * n], &squares[t * n]);
  }
  for (int64_t c = 0; c < n; c++) {
    double middle, variance;
    JoinMoments(means.data(), squares.data(), tiles, c, &middle, &variance);
    mean[c] = middle;
    rate[c] = 1 / std::sqrt(variance + kEpsilon);
  }
}

// Scale and shift of one image's channels.
void StyleOf(const float* style, const float* kept, int64_t n, float* scale, float* shift) {
  for (int64_t c = 0; c < n; c++) scale[c] = 1 + style[c];
  ScaleAndShift(n, scale, style + n, kept, kept + n, scale, shift);
}

void Modulate(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *x = call.Floats(0), *style = call.Floats(1);
  const Shape styles = call.ShapeOf(1);
  if (!call.Require(Fit(call.Size(0), call.ShapeOf(0), styles),
                    "CbedModulate: maps and styles do not fit")) {
    return;
  }
  const Images images(call.Size(0), styles);
  float *y = call.Output(0, call.ShapeOf(0)), *kept = call.Output(1, styles);
  if (!call.ok()) return;
  const int64_t n = images.channels, each = images.Each();
  ForParts(images.count, each, [&](int64_t i) {
    float* own = kept + 2 * n * i;
    ImageMoments(x + each * i, images.tiles, own, own + n);
    std::vector<float> scale(n), shift(n);
    StyleOf(style + 2 * n * i, own, n, scale.data(), shift.data());
    ScaleRows(x + each * i, images.tiles.rows, n, scale.data(), shift.data(), true, y + each * i);
  });
}

// The gradient of one image in its maps and its style.
void ImageGrad(const float* dy, const float* x, const float* style, const float* kept,
               const Tiles& tiles, float* dx, float* dstyle) {
  const int64_t n = tiles.channels;
  std::vector<float> scale(n), shift(n), along(n), level(n), sums(n), products(n);
  std::vector<double> sum(n), product(n);
  StyleOf(style, kept, n, scale.data(), shift.data());
  const Channels of = {kept, scale.data(), shift.data(), along.data(), level.data()};
  for (int64_t t = 0; t < tiles.count; t++) {
    const int64_t first = tiles.First(t);
    TileSlopes(dy + first, x + first, tiles.RowsOf(t), n, of, 0, sums.data(), products.data());
    for (int64_t c = 0; c < n; c++) {
      sum[c] += sums[c];
      product[c] += products[c];
    }
  }
  for (int64_t c = 0; c < n; c++) {
    const double rate = kept[n + c];
    dstyle[c] = product[c] * rate;
    dstyle[n + c] = sum[c];
    level[c] = scale[c] * sum[c] / tiles.rows;
    along[c] = scale[c] * rate * rate * product[c] / tiles.rows;
  }
  SlopeRows(dy, x, tiles.rows, n, of, 0, dx);
}

void ModulateGrad(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *dy = call.Floats(0), *x = call.Floats(1), *style = call.Floats(2);
  const float* kept = call.Floats(3);
  const Shape styles = call.ShapeOf(2);
  if (!call.Require(Fit(call.Size(1), call.ShapeOf(1), styles) && call.Size(0) == call.Size(1) &&
                        call.Size(3) == call.Size(2),
                    "CbedModulateGrad: maps and styles do not fit")) {
    return;
  }
  const Images images(call.Size(1), styles);
  float *dx = call.Output(0, call.ShapeOf(1)), *dstyle = call.Output(1, styles);
  if (!call.ok()) return;
  const int64_t each = images.Each(), wide = 2 * images.channels;
  ForParts(images.count, each, [&](int64_t i) {
    ImageGrad(dy + each * i, x + each * i, style + wide * i, kept + wide * i, images.tiles,
              dx + each * i, dstyle + wide * i);
  });
}

}  // namespace

std::vector<Operation> ModulationOperations() {
  return {
      {"CbedModulate", {"maps: float", "style: float"}, {"y: float", "kept: float"}, Modulate},
      {"CbedModulateGrad",
       {"dy: float", "maps: float", "style: float", "kept: float"},
       {"dmaps: float", "dstyle: float"},
       ModulateGrad},
  };
}

}  // namespace cbed
