// Flat vectors cut into the weights of a network, and gradients joined into one.
#include <cstring>

#include "kernels.h"

namespace cbed {
namespace {

// Shapes come one after the other: rank, then lengths.
void Cut(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *flat = call.Floats(0), *shapes = call.Floats(1);
  const int64_t size = call.Size(0), count = call.Size(1);
  if (!call.ok()) return;
  int64_t from = 0;
  int part = 0;
  for (int64_t at = 0; at < count; part++) {
    const int64_t rank = shapes[at++];
    if (!call.Require(at + rank <= count, "CbedCut: the shapes end early")) return;
    Shape shape;
    int64_t length = 1;
    for (; static_cast<int64_t>(shape.size()) < rank; at++) {
      shape.push_back(shapes[at]);
      length *= shape.back();
    }
    if (!call.Require(length >= 0 && from + length <= size && part < call.OutputCount(),
                      "CbedCut: the shapes do not fit the vector")) {
      return;
    }
    float* y = call.Output(part, shape);
    if (!call.ok()) return;
    std::memcpy(y, flat + from, length * sizeof(float));
    from += length;
  }
  call.Require(from == size && part == call.OutputCount(), "CbedCut: a part of the vector is left");
}

void Join(void*, TF_OpKernelContext* context) {
  Call call(context);
  const int parts = call.InputCount();
  int64_t size = 0;
  for (int i = 0; i < parts; i++) size += call.Size(i);
  float* y = call.Output(0, {size});
  for (int i = 0; i < parts && call.ok(); i++) {
    std::memcpy(y, call.Floats(i), call.Size(i) * sizeof(float));
    y += call.Size(i);
  }
}

}  // namespace

std::vector<Operation> VectorOperations() {
  return {
      {"CbedCut", {"flat: float", "shapes: float"}, {"parts: N * float"}, Cut},
      {"CbedJoin", {"parts: N * float"}, {"flat: float"}, Join},
  };
}

}  // namespace cbed
