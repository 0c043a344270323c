// Multislice of one projected cell: a batch of tilted plane waves, sixteen at a time. A slice is a
// product with its scattering matrix and a propagation; the waves stay in a core's cache from the
// entrance to the exit.
#include <algorithm>
#include <cmath>

#include "lanes.h"

namespace cbed {
namespace {

// Rows of a scattering matrix that are worked on at once.
constexpr int kRows = 4;

// Beams by their indices over a reciprocal basis (1/angstrom), and the tilts of the waves.
struct Film {
  int beams, tilts, rows, columns;
  const float *h, *k, *tilt_x, *tilt_y, *basis;
  float lambda;
  // Largest index of a beam.
  int most;
};

// t(g - g') over the beams, in blocks of kRows rows: column by column, row by row, (re, im).
std::vector<float> ScatteringMatrix(const Film& film, const float* re, const float* im) {
  const int blocks = (film.beams + kRows - 1) / kRows;
  std::vector<float> matrix(size_t{2} * kRows * blocks * film.beams);
  for (int i = 0; i < film.beams; i++) {
    float* out = &matrix[size_t{2} * kRows * (i / kRows) * film.beams + 2 * (i % kRows)];
    for (int j = 0; j < film.beams; j++, out += 2 * kRows) {
      const int row = static_cast<int>(film.h[i] - film.h[j]);
      const int column = static_cast<int>(film.k[i] - film.k[j]);
      const int at = (row < 0 ? row + film.rows : row) * film.columns +
                     (column < 0 ? column + film.columns : column);
      out[0] = re[at];
      out[1] = im[at];
    }
  }
  return matrix;
}

// Powers -most to most of exp(-2 i rate g.q) for every lane, g one vector of the basis.
std::vector<Waves> Turns(const Film& film, int first, double rate, const float* g, int most) {
  std::vector<Waves> out(2 * most + 1, Waves{});
  for (int lane = 0; lane < kLanes && first + lane < film.tilts; lane++) {
    const double along = g[0] * film.tilt_x[first + lane] + g[1] * film.tilt_y[first + lane];
    const double c = std::cos(2 * rate * along), s = -std::sin(2 * rate * along);
    double re = 1, im = 0;
    for (int n = 0; n <= most; n++) {
      out[most + n].re[lane] = out[most - n].re[lane] = re;
      out[most + n].im[lane] = im;
      out[most - n].im[lane] = -im;
      const double next = re * c - im * s;
      im = re * s + im * c;
      re = next;
    }
  }
  return out;
}

// exp(-i pi lambda depth (|g|^2 + 2 g.q)) of every beam, for the lanes from tilt `first` on: the
// propagator without its factor of |q|^2, which no intensity shows.
std::vector<Waves> Propagator(const Film& film, int first, double depth) {
  const double rate = M_PI * film.lambda * depth;
  const float *a = film.basis, *b = film.basis + 2;
  const auto across = Turns(film, first, rate, a, film.most),
             along = Turns(film, first, rate, b, film.most);
  std::vector<Waves> out(film.beams);
  for (int g = 0; g < film.beams; g++) {
    const int h = static_cast<int>(film.h[g]), k = static_cast<int>(film.k[g]);
    const double x = h * a[0] + k * b[0], y = h * a[1] + k * b[1];
    const Lanes zero{};
    const Waves own{zero + static_cast<float>(std::cos(rate * (x * x + y * y))),
                    zero - static_cast<float>(std::sin(rate * (x * x + y * y)))};
    Multiply(across[film.most + h], along[film.most + k], out[g]);
    Multiply(out[g], own, out[g]);
  }
  return out;
}

// One slice: next = onward (matrix waves).
FOR_EACH_PROCESSOR
void Slice(const float* __restrict__ matrix, int beams, const Waves* __restrict__ waves,
           const Waves* __restrict__ onward, Waves* __restrict__ next) {
  for (int block = 0; block < beams; block += kRows) {
    Waves sums[kRows] = {};
    for (int j = 0; j < beams; j++, matrix += 2 * kRows) {
      const Lanes re = waves[j].re, im = waves[j].im;
      for (int row = 0; row < kRows; row++) {
        const float c = matrix[2 * row], s = matrix[2 * row + 1];
        // Two steps each: a fused multiply-add takes them.
        sums[row].re += c * re;
        sums[row].im += c * im;
        sums[row].re -= s * im;
        sums[row].im += s * re;
      }
    }
    for (int row = 0; row < kRows && block + row < beams; row++) {
      Multiply(sums[row], onward[block + row], next[block + row]);
    }
  }
}

// Slices of one thickness each.
struct Stage {
  int slices;
  double step;
  std::vector<float> matrix;
};

// Takes kLanes waves through all stages; intensities go to (stages, beams, tilts).
void Run(const Film& film, const std::vector<Stage>& stages, int first, float* intensities) {
  std::vector<Waves> waves(film.beams, Waves{}), next(film.beams);
  for (int g = 0; g < film.beams; g++) {
    if (film.h[g] == 0 && film.k[g] == 0) waves[g].re += 1;
  }
  double before = 0;
  for (const Stage& stage : stages) {
    // Half a slice of free space on either side of every slice: second order in its thickness.
    const auto entry = Propagator(film, first, (stage.step - before) / 2);
    for (int g = 0; g < film.beams; g++) Multiply(waves[g], entry[g], waves[g]);
    const auto onward = Propagator(film, first, stage.step);
    for (int slice = 0; slice < stage.slices; slice++) {
      Slice(stage.matrix.data(), film.beams, waves.data(), onward.data(), next.data());
      waves.swap(next);
    }
    for (int g = 0; g < film.beams; g++, intensities += film.tilts) {
      const Lanes square = waves[g].re * waves[g].re + waves[g].im * waves[g].im;
      for (int lane = 0; lane < kLanes && first + lane < film.tilts; lane++) {
        intensities[first + lane] = square[lane];
      }
    }
    before = stage.step;
  }
}

// Beams (2, N): h, k; tilts (2, Q): x, y; optics: the reciprocal basis (2, 2) and the wavelength; stages (S, 2): slices and their
// thickness; coefficients (S, 2, rows, columns) of the transmission functions. Gives (S, N, Q).
void Multislice(void*, TF_OpKernelContext* context) {
  Call call(context);
  const Shape beams = call.ShapeOf(0), tilts = call.ShapeOf(1), stage_shape = call.ShapeOf(3),
              shape = call.ShapeOf(4);
  if (!call.Require(beams.size() == 2 && beams[0] == 2, "CbedMultislice: beams are not (2, N)") ||
      !call.Require(tilts.size() == 2 && tilts[0] == 2, "CbedMultislice: tilts are not (2, Q)") ||
      !call.Require(call.Size(2) == 5, "CbedMultislice: not a basis and a wavelength") ||
      !call.Require(stage_shape.size() == 2 && stage_shape[1] == 2,
                    "CbedMultislice: stages are not (S, 2)") ||
      !call.Require(shape.size() == 4 && shape[0] == stage_shape[0] && shape[1] == 2,
                    "CbedMultislice: coefficients are not (S, 2, rows, columns)")) {
    return;
  }
  const int64_t count = beams[1], points = shape[2] * shape[3];
  const float *beam = call.Floats(0), *tilt = call.Floats(1), *optics = call.Floats(2),
              *steps = call.Floats(3),
              *coefficients = call.Floats(4);
  Film film{static_cast<int>(count),    static_cast<int>(tilts[1]),
                  static_cast<int>(shape[2]), static_cast<int>(shape[3]),
                  beam,                       beam + count,
                  tilt,                       tilt + tilts[1],
                  optics,                     optics[4],
                  0};
  for (int64_t i = 0; i < count; i++) {
    film.most = std::max({film.most, std::abs(static_cast<int>(film.h[i])),
                          std::abs(static_cast<int>(film.k[i]))});
    if (!call.Require(2 * std::abs(film.h[i]) < film.rows && 2 * std::abs(film.k[i]) < film.columns,
                      "CbedMultislice: the coefficients do not reach as far as the beams")) {
      return;
    }
  }
  float* out = call.Output(0, {shape[0], count, tilts[1]});
  if (!call.ok()) return;
  std::vector<Stage> stages;
  int64_t slices = 0;
  for (int64_t s = 0; s < shape[0]; s++) {
    const float* re = coefficients + 2 * s * points;
    stages.push_back({static_cast<int>(steps[2 * s]), steps[2 * s + 1],
                      ScatteringMatrix(film, re, re + points)});
    slices += stages.back().slices;
  }
  ForParts((film.tilts + kLanes - 1) / kLanes, slices * count * count,
           [&](int64_t part) { Run(film, stages, static_cast<int>(part) * kLanes, out); });
}

}  // namespace

std::vector<Operation> MultisliceOperations() {
  return {{"CbedMultislice",
           {"beams: float", "tilts: float", "optics: float", "stages: float", "coefficients: float"},
           {"intensities: float"},
           Multislice}};
}

}  // namespace cbed
