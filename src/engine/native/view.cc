// How a discriminator on pixels looks at images: moved, with another contrast and brightness, a
// rectangle cut out, and noise; in one pass, and its gradient.
#include <algorithm>

#include "kernels.h"

namespace cbed {
namespace {

// Of one image: it is read at (x + dx, y + dy), zero outside; levels above -1 are multiplied by the
// contrast, or by nothing in rows [top, bottom) and columns [left, right); then the lift is added.
struct Look {
  int64_t dx, dy;
  float contrast, lift;
  int64_t top, bottom, left, right;
  explicit Look(const float* of)
      : dx(of[0]), dy(of[1]), contrast(of[2]), lift(of[3]), top(of[4]), bottom(of[5]), left(of[6]),
        right(of[7]) {}
};
constexpr int kLook = 8;

struct Side {
  int64_t size, channels;
  int64_t Row() const { return size * channels; }
  int64_t Each() const { return size * Row(); }
};

bool Fit(const Shape& images, const Shape& looks) {
  return images.size() == 4 && images[1] == images[2] && images[1] > 0 && looks.size() == 2 &&
         looks[0] == images[0] && looks[1] == kLook;
}

// Where columns of a row of the view come from a row of the image, less the cut: two ranges.
struct Ranges {
  int64_t from[2], to[2];
  Ranges(const Look& look, int64_t row, int64_t size) {
    const int64_t first = std::clamp<int64_t>(-look.dx, 0, size);
    const int64_t last = std::clamp<int64_t>(size - look.dx, 0, size);
    const bool cut = row >= look.top && row < look.bottom && look.left < look.right;
    from[0] = first;
    to[0] = cut ? std::clamp(look.left, first, std::max(first, last)) : last;
    from[1] = cut ? std::clamp(look.right, first, std::max(first, last)) : last;
    to[1] = last;
  }
};

FOR_EACH_PROCESSOR
void LookRow(const float* x, float contrast, int64_t count, float* __restrict__ y) {
  for (int64_t i = 0; i < count; i++) y[i] += (x[i] + 1) * contrast;
}

FOR_EACH_PROCESSOR
void Level(const float* noise, float level, int64_t count, float* __restrict__ y) {
  if (noise) {
    for (int64_t i = 0; i < count; i++) y[i] = level + noise[i];
  } else {
    for (int64_t i = 0; i < count; i++) y[i] = level;
  }
}

// Runs body(in the view, in the image, count) for every run of numbers that one look takes over.
template <typename Body>
void ForRuns(const Look& look, const Side& side, const Body& body) {
  for (int64_t row = 0; row < side.size; row++) {
    const int64_t source = row + look.dy;
    if (source < 0 || source >= side.size) continue;
    const Ranges ranges(look, row, side.size);
    for (int i = 0; i < 2; i++) {
      const int64_t count = (ranges.to[i] - ranges.from[i]) * side.channels;
      const int64_t at = ranges.from[i] * side.channels;
      if (count <= 0) continue;
      body(row * side.Row() + at, source * side.Row() + at + look.dx * side.channels, count);
    }
  }
}

void View(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *x = call.Floats(0), *looks = call.Floats(1), *noise = call.Floats(2);
  const Shape shape = call.ShapeOf(0);
  const bool noisy = call.Size(2) > 0;
  if (!call.Require(Fit(shape, call.ShapeOf(1)) && (!noisy || call.Size(2) == call.Size(0)),
                    "CbedView: images, looks and noise do not fit")) {
    return;
  }
  float* y = call.Output(0, shape);
  if (!call.ok()) return;
  const Side side = {shape[1], shape[3]};
  ForParts(shape[0], side.Each(), [&](int64_t i) {
    const Look look(looks + i * kLook);
    const int64_t first = i * side.Each();
    Level(noisy ? noise + first : nullptr, look.lift - 1, side.Each(), y + first);
    ForRuns(look, side, [&](int64_t at, int64_t from, int64_t count) {
      LookRow(x + first + from, look.contrast, count, y + first + at);
    });
  });
}

FOR_EACH_PROCESSOR
void Times(const float* dy, float contrast, int64_t count, float* __restrict__ dx) {
  for (int64_t i = 0; i < count; i++) dx[i] = dy[i] * contrast;
}

void ViewGrad(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *dy = call.Floats(0), *looks = call.Floats(1);
  const Shape shape = call.ShapeOf(0);
  if (!call.Require(Fit(shape, call.ShapeOf(1)), "CbedViewGrad: gradient and looks do not fit"))
    return;
  float* dx = call.Output(0, shape);
  if (!call.ok()) return;
  const Side side = {shape[1], shape[3]};
  ForParts(shape[0], side.Each(), [&](int64_t i) {
    const Look look(looks + i * kLook);
    const float* up = dy + i * side.Each();
    float* down = dx + i * side.Each();
    std::fill(down, down + side.Each(), 0.0f);
    ForRuns(look, side, [&](int64_t at, int64_t from, int64_t count) {
      Times(up + at, look.contrast, count, down + from);
    });
  });
}

}  // namespace

std::vector<Operation> ViewOperations() {
  return {
      {"CbedView", {"x: float", "looks: float", "noise: float"}, {"y: float"}, View},
      {"CbedViewGrad", {"dy: float", "looks: float"}, {"dx: float"}, ViewGrad},
  };
}

}  // namespace cbed
