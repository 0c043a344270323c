// Dense layers with a leaky ReLU, a product of matrices, bias and bend in one operation each way.
// TensorFlow's own products are held to AVX2 here (see setEnvironment in src/engine/tf.ts), and on
// layers of a hundred units an operation costs as much as its arithmetic.
#include <algorithm>

#include "lanes.h"

// Products want to multiply and add in one instruction, which "avx2" does not stand for; all processors
// that have it have the 256-bit registers as well.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define FOR_EACH_MULTIPLIER __attribute__((target_clones("avx512f", "fma", "default")))
#else
#define FOR_EACH_MULTIPLIER
#endif

namespace cbed {
namespace {

constexpr float kLeak = 0.2f;
// Rows and columns of a product that stay in registers: twelve of the sixteen that AVX has. Vectors that
// are wider than registers would go through memory.
constexpr int64_t kTile = 6;
constexpr int64_t kPanel = 2 * kEight;
// Rows that a thread takes at once.
constexpr int64_t kPart = 8 * kTile;

// A matrix of which number (i, k) stands at i row + k column.
struct Matrix {
  const float* at;
  int64_t row, column;
};

Matrix ByRows(const float* at, int64_t width) { return {at, width, 1}; }
Matrix Transposed(const float* at, int64_t width) { return {at, 1, width}; }

// b (inner, columns) as panels of kPanel columns, each by rows, with zeros to the right.
FOR_EACH_PROCESSOR
void Pack(const Matrix& b, int64_t inner, int64_t columns, float* __restrict__ panels) {
  for (int64_t first = 0; first < columns; first += kPanel, panels += inner * kPanel) {
    const int64_t width = std::min(kPanel, columns - first);
    const float* from = b.at + first * b.column;
    if (width < kPanel) std::fill_n(panels, inner * kPanel, 0.0f);
    if (b.column == 1) {
      for (int64_t k = 0; k < inner; k++) {
        for (int64_t j = 0; j < width; j++) panels[k * kPanel + j] = from[k * b.row + j];
      }
    } else {
      for (int64_t j = 0; j < width; j++) {
        for (int64_t k = 0; k < inner; k++) panels[k * kPanel + j] = from[k * b.row + j * b.column];
      }
    }
  }
}

template <int64_t R>
INLINE void Tile(const Matrix& a, const float* panel, int64_t inner, int64_t width, int64_t stride,
                 float* c) {
  Eight left[R] = {}, right[R] = {};
  for (int64_t k = 0; k < inner; k++) {
    const Eight one = At(panel + k * kPanel), two = At(panel + k * kPanel + kEight);
    const float* column = a.at + k * a.column;
    for (int64_t r = 0; r < R; r++) {
      left[r] += one * column[r * a.row];
      right[r] += two * column[r * a.row];
    }
  }
  for (int64_t r = 0; r < R; r++, c += stride) {
    if (width == kPanel) {
      At(c) = left[r];
      At(c + kEight) = right[r];
    } else {
      for (int64_t j = 0; j < width; j++) c[j] = j < kEight ? left[r][j] : right[r][j - kEight];
    }
  }
}

// Some rows of c = a b, c by rows of so many columns.
FOR_EACH_MULTIPLIER
void Rows(const Matrix& a, const float* panels, int64_t rows, int64_t inner, int64_t columns,
          float* c) {
  for (int64_t first = 0; first < columns; first += kPanel, panels += inner * kPanel) {
    const int64_t width = std::min(kPanel, columns - first);
    for (int64_t r = 0; r < rows; r += kTile) {
      const Matrix from = {a.at + r * a.row, a.row, a.column};
      float* to = c + r * columns + first;
      switch (std::min(kTile, rows - r)) {
        case 6:
          Tile<6>(from, panels, inner, width, columns, to);
          break;
        case 5:
          Tile<5>(from, panels, inner, width, columns, to);
          break;
        case 4:
          Tile<4>(from, panels, inner, width, columns, to);
          break;
        case 3:
          Tile<3>(from, panels, inner, width, columns, to);
          break;
        case 2:
          Tile<2>(from, panels, inner, width, columns, to);
          break;
        default:
          Tile<1>(from, panels, inner, width, columns, to);
      }
    }
  }
}

// c (rows, columns) = a (rows, inner) b (inner, columns). Every number is one sum in one order, however
// many threads there are.
void Product(const Matrix& a, const Matrix& b, int64_t rows, int64_t inner, int64_t columns,
             float* c) {
  std::vector<float> panels((columns + kPanel - 1) / kPanel * kPanel * inner);
  Pack(b, inner, columns, panels.data());
  ForParts((rows + kPart - 1) / kPart, kPart * inner * columns, [&](int64_t part) {
    const int64_t first = part * kPart;
    const Matrix from = {a.at + first * a.row, a.row, a.column};
    Rows(from, panels.data(), std::min(kPart, rows - first), inner, columns, c + first * columns);
  });
}

// Rows (n B, inputs) beside rows (B, shared), each of which goes with n of the former; or none.
struct Layer {
  const float *x, *each, *kernel;
  int64_t rows, inputs, crystals, shared, outputs;
  // Rows of x to one of `each`.
  int64_t n() const { return crystals > 0 ? rows / crystals : rows; }
};

bool ReadLayer(Call& call, int first, Layer& layer) {
  layer.x = call.Floats(first);
  layer.each = call.Floats(first + 1);
  layer.kernel = call.Floats(first + 2);
  const Shape x = call.ShapeOf(first), each = call.ShapeOf(first + 1);
  const Shape kernel = call.ShapeOf(first + 2);
  if (!call.Require(x.size() == 2 && each.size() == 2 && kernel.size() == 2,
                    "a dense layer: no matrices")) {
    return false;
  }
  layer.rows = x[0];
  layer.inputs = x[1];
  layer.crystals = each[0];
  layer.shared = each[1];
  layer.outputs = kernel[1];
  return call.Require(layer.inputs + layer.shared == kernel[0] &&
                          (layer.crystals == 0 ? layer.shared == 0
                                               : layer.rows % layer.crystals == 0),
                      "a dense layer: rows and kernel do not fit");
}

FOR_EACH_PROCESSOR
void BendRow(const float* each, const float* bias, int64_t width, float* __restrict__ y) {
  for (int64_t i = 0; i < width; i++) {
    const float v = y[i] + each[i] + bias[i];
    y[i] = v > 0 ? v : kLeak * v;
  }
}

void Dense(void*, TF_OpKernelContext* context) {
  Call call(context);
  Layer layer;
  const float* bias = call.Floats(3);
  if (!ReadLayer(call, 0, layer)) return;
  const int64_t width = layer.outputs;
  if (!call.Require(call.Size(3) == width, "CbedDense: the bias does not fit")) return;
  float* y = call.Output(0, {layer.rows, width});
  if (!call.ok()) return;
  Product(ByRows(layer.x, layer.inputs), ByRows(layer.kernel, width), layer.rows, layer.inputs,
          width, y);
  std::vector<float> each(std::max<int64_t>(layer.crystals, 1) * width);
  if (layer.shared > 0) {
    Product(ByRows(layer.each, layer.shared), ByRows(layer.kernel + layer.inputs * width, width),
            layer.crystals, layer.shared, width, each.data());
  }
  for (int64_t r = 0; r < layer.rows; r++) {
    BendRow(&each[r / layer.n() * width], bias, width, y + r * width);
  }
}

// Gradient before the bend, and its sum over the rows so far.
FOR_EACH_PROCESSOR
void UnbendRow(const float* dy, const float* y, int64_t width, float* __restrict__ dz,
               float* __restrict__ sum) {
  for (int64_t i = 0; i < width; i++) {
    dz[i] = y[i] > 0 ? dy[i] : kLeak * dy[i];
    sum[i] += dz[i];
  }
}

// Gradients in rows, in the rows beside them, in kernel and bias; of the first and the last two only
// where they are wanted, else they have no numbers.
void DenseGrad(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *dy = call.Floats(0), *y = call.Floats(1), *wanted = call.Floats(5);
  Layer layer;
  if (!ReadLayer(call, 2, layer)) return;
  const int64_t rows = layer.rows, width = layer.outputs;
  if (!call.Require(call.Size(0) == rows * width && call.Size(1) == rows * width &&
                        call.Size(5) == 2,
                    "CbedDenseGrad: gradient and rows do not fit")) {
    return;
  }
  const bool input = wanted[0] != 0, weights = wanted[1] != 0;
  const int64_t all = layer.inputs + layer.shared;
  float* dx = call.Output(0, {input ? rows : 0, layer.inputs});
  float* deach = call.Output(1, {layer.crystals, layer.shared});
  float* dkernel = call.Output(2, {weights ? all : 0, width});
  float* dbias = call.Output(3, {weights ? width : 0});
  if (!call.ok()) return;
  const int64_t groups = std::max<int64_t>(layer.crystals, 1);
  std::vector<float> dz(rows * width), sums(groups * width);
  for (int64_t r = 0; r < rows; r++) {
    UnbendRow(dy + r * width, y + r * width, width, &dz[r * width], &sums[r / layer.n() * width]);
  }
  const float* shared = layer.kernel + layer.inputs * width;
  if (input) {
    Product(ByRows(dz.data(), width), Transposed(layer.kernel, width), rows, width, layer.inputs,
            dx);
  }
  if (layer.shared > 0) {
    Product(ByRows(sums.data(), width), Transposed(shared, width), groups, width, layer.shared,
            deach);
  }
  if (!weights) return;
  Product(Transposed(layer.x, layer.inputs), ByRows(dz.data(), width), layer.inputs, rows, width,
          dkernel);
  if (layer.shared > 0) {
    Product(Transposed(layer.each, layer.shared), ByRows(sums.data(), width), layer.shared, groups,
            width, dkernel + layer.inputs * width);
  }
  std::fill_n(dbias, width, 0.0f);
  for (int64_t g = 0; g < groups; g++) {
    for (int64_t i = 0; i < width; i++) dbias[i] += sums[g * width + i];
  }
}

}  // namespace

std::vector<Operation> DenseOperations() {
  return {
      {"CbedDense",
       {"x: float", "each: float", "kernel: float", "bias: float"},
       {"y: float"},
       Dense},
      {"CbedDenseGrad",
       {"dy: float", "y: float", "x: float", "each: float", "kernel: float", "wanted: float"},
       {"dx: float", "deach: float", "dkernel: float", "dbias: float"},
       DenseGrad},
  };
}

}  // namespace cbed
