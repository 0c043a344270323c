// Stored triplets of patterns as network inputs, read where a placement says.
#include <cmath>

#include "kernels.h"

namespace cbed {
namespace {

constexpr int kPatterns = 3;
// Of one triplet: scale, dx, dy, then for each pattern whether it is mirrored in x and in y.
constexpr int kPlacement = 3 + 2 * kPatterns;

// For each output position along an axis: two input positions and their weights.
struct Axis {
  std::vector<int> first, second;
  std::vector<float> first_weight, second_weight;

  Axis(int size, double scale, double shift, bool mirrored)
      : first(size), second(size), first_weight(size), second_weight(size) {
    const double centre = (size - 1) / 2.0;
    for (int i = 0; i < size; i++) {
      const double from = centre + scale * ((mirrored ? size - 1 - i : i) - centre) + shift;
      const double low = std::floor(from);
      // Weights stay zero outside the pattern.
      if (low >= 0 && low < size) {
        first[i] = static_cast<int>(low);
        first_weight[i] = 1 - (from - low);
      }
      if (low + 1 >= 0 && low + 1 < size) {
        second[i] = static_cast<int>(low) + 1;
        second_weight[i] = from - low;
      }
    }
  }
};

FOR_EACH_PROCESSOR
void Scaled(const uint8_t* pixels, int64_t count, float scale, float* __restrict__ y) {
  for (int64_t i = 0; i < count; i++) y[i] = pixels[i] * scale;
}

FOR_EACH_PROCESSOR
void Mixed(const float* a, float a_weight, const float* b, float b_weight, int count,
           float* __restrict__ y) {
  for (int i = 0; i < count; i++) y[i] = a_weight * a[i] + b_weight * b[i];
}

// Reads one pattern of a triplet; `plane` has its pixels row by row.
void ReadPattern(const float* plane, int size, const Axis& rows, const Axis& columns, float* y) {
  std::vector<float> line(size);
  for (int r = 0; r < size; r++) {
    Mixed(plane + rows.first[r] * size, rows.first_weight[r], plane + rows.second[r] * size,
          rows.second_weight[r], size, line.data());
    for (int c = 0; c < size; c++, y += kPatterns) {
      *y = columns.first_weight[c] * line[columns.first[c]] +
           columns.second_weight[c] * line[columns.second[c]];
    }
  }
}

void ReadTriplet(const uint8_t* pixels, int size, const float* placement, float pixel_scale,
                 float* y) {
  const int area = size * size;
  std::vector<float> plane(area);
  const double scale = placement[0];
  for (int pattern = 0; pattern < kPatterns; pattern++) {
    for (int i = 0; i < area; i++) plane[i] = pixels[i * kPatterns + pattern] * pixel_scale;
    const Axis columns(size, scale, placement[1], placement[3 + pattern] > 0);
    const Axis rows(size, scale, placement[2], placement[3 + kPatterns + pattern] > 0);
    ReadPattern(plane.data(), size, rows, columns, y + pattern);
  }
}

// Pixels (N, S, S, 3), placements (N, 9) or none, and the value of a pixel step.
void Place(void*, TF_OpKernelContext* context) {
  Call call(context);
  const Shape shape = call.ShapeOf(0);
  const uint8_t* pixels = call.Bytes(0);
  const float *placements = call.Floats(1), *scale = call.Floats(2);
  if (!call.Require(shape.size() == 4 && shape[1] == shape[2] && shape[3] == kPatterns,
                    "CbedPlace: pixels are not (N, S, S, 3)") ||
      !call.Require(call.Size(1) == 0 || call.Size(1) == shape[0] * kPlacement,
                    "CbedPlace: placements are not (N, 9)") ||
      !call.Require(call.Size(2) == 1, "CbedPlace: one scale is needed")) {
    return;
  }
  float* y = call.Output(0, shape);
  if (!call.ok()) return;
  const int size = static_cast<int>(shape[1]);
  const int64_t each = int64_t{size} * size * kPatterns;
  const bool moved = call.Size(1) > 0;
  ForParts(shape[0], each, [&](int64_t i) {
    if (moved) {
      ReadTriplet(pixels + i * each, size, placements + i * kPlacement, *scale, y + i * each);
    } else {
      Scaled(pixels + i * each, each, *scale, y + i * each);
    }
  });
}

}  // namespace

std::vector<Operation> PixelOperations() {
  // Bytes come as booleans: the one type of a byte that TensorFlow.js can make tensors of.
  return {{"CbedPlace",
           {"pixels: bool", "placements: float", "scale: float"},
           {"y: float"},
           Place}};
}

}  // namespace cbed
