// Multislice of projected cells: tilted plane waves, eight at a time. A slice is a product in real
// space and a propagation in reciprocal space. Rows outside the band limit are neither kept nor
// transformed, and a wave goes through memory twice a slice: once by columns (to real space, through
// the slice, back) and once by rows (out of reciprocal space and in again).
#include <algorithm>
#include <cmath>

#include "fourier.h"

namespace cbed {
namespace {

// Inputs of one job.
constexpr int kInputs = 6;

// One projected cell at one energy.
struct Film {
  int beams, tilts, stages, rows, columns, kept;
  // Kept rows (h, first k, last k) of the waves' grid in ascending order of h; last k = first k - 1
  // where a row is empty.
  const float* spans;
  // Beams whose intensity is asked for, by their indices over a reciprocal basis (1/angstrom).
  const float *h, *k;
  const float *tilt_x, *tilt_y, *basis;
  float lambda, sigma, absorption, band;
  // Slices of each stage and their thickness.
  const float* steps;
  // Fourier coefficients whose transform has the mean potential as real part, (2, rows, columns).
  const float* potential;
  float* intensities;
  Fourier column, row;
  // Largest index of a kept wave along either side.
  int most;

  int H(int row) const { return static_cast<int>(spans[3 * row]); }
  int From(int row) const { return static_cast<int>(spans[3 * row + 1]); }
  int To(int row) const { return static_cast<int>(spans[3 * row + 2]); }
  // Waves of one kept row: one more than there are columns where these are even, so that the waves
  // of a column do not fall on the same places of a cache.
  size_t stride() const { return columns | 1; }
};

inline int Wrap(int index, int count) { return index < 0 ? index + count : index; }

// A plane of single numbers, (rows, columns), real and imaginary parts.
struct Plane {
  std::vector<float> re, im;
};

// Unnormalised transform of a plane, eight lines at once; the inverse has its parts exchanged
// before and after.
void Transform(const Film& film, std::vector<float>& re, std::vector<float>& im) {
  std::vector<Waves> lines(2 * static_cast<size_t>(std::max(film.rows, film.columns)));
  const auto along = [&](const Fourier& fourier, int count, size_t step, int across, size_t apart) {
    for (int first = 0; first < across; first += kLanes) {
      const int width = std::min(kLanes, across - first);
      Waves *line = lines.data(), *other = line + count;
      for (int i = 0; i < count; i++) {
        line[i] = Waves{};
        for (int lane = 0; lane < width; lane++) {
          line[i].re[lane] = re[i * step + (first + lane) * apart];
          line[i].im[lane] = im[i * step + (first + lane) * apart];
        }
      }
      const Waves* out = fourier.Forward(line, other);
      for (int i = 0; i < count; i++) {
        for (int lane = 0; lane < width; lane++) {
          re[i * step + (first + lane) * apart] = out[i].re[lane];
          im[i * step + (first + lane) * apart] = out[i].im[lane];
        }
      }
    }
  };
  along(film.column, film.rows, film.columns, film.columns, 1);
  along(film.row, film.columns, 1, film.rows, film.columns);
}

// The transmission function of a slice in real space, exp(i sigma v step (1 + i absorption)), its
// Fourier coefficients cut off at the band limit; over the number of points, as the waves' two
// transforms need it.
Plane Transmission(const Film& film, double step) {
  const size_t points = static_cast<size_t>(film.rows) * film.columns;
  Plane plane{{film.potential, film.potential + points},
              {film.potential + points, film.potential + 2 * points}};
  Transform(film, plane.im, plane.re);
  for (size_t at = 0; at < points; at++) {
    const double phase = film.sigma * step * plane.re[at];
    const double amplitude = std::exp(-film.absorption * phase) / points;
    plane.re[at] = static_cast<float>(amplitude * std::cos(phase));
    plane.im[at] = static_cast<float>(amplitude * std::sin(phase));
  }
  Transform(film, plane.re, plane.im);
  const float *a = film.basis, *b = film.basis + 2;
  const float share = 1.0f / points;
  for (int i = 0; i < film.rows; i++) {
    const int h = 2 * i < film.rows ? i : i - film.rows;
    for (int j = 0; j < film.columns; j++) {
      const int k = 2 * j < film.columns ? j : j - film.columns;
      const double x = h * a[0] + k * b[0], y = h * a[1] + k * b[1];
      const size_t at = static_cast<size_t>(i) * film.columns + j;
      const float kept = x * x + y * y < film.band * film.band ? share : 0;
      plane.re[at] *= kept;
      plane.im[at] *= kept;
    }
  }
  Transform(film, plane.im, plane.re);
  return plane;
}

// Powers -most to most of exp(-2 i rate g.q) for every lane, g one vector of the basis.
std::vector<Waves> Turns(const Film& film, int first, double rate, const float* g) {
  const int most = film.most;
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

// exp(-i pi lambda depth (|g|^2 + 2 g.q)) of every wave, span by span, for the lanes from tilt
// `first` on: the propagator without its factor of |q|^2, which no intensity shows.
std::vector<Waves> Propagator(const Film& film, int first, double depth) {
  const double rate = M_PI * film.lambda * depth;
  const float *a = film.basis, *b = film.basis + 2;
  const auto across = Turns(film, first, rate, a), along = Turns(film, first, rate, b);
  std::vector<Waves> out;
  for (int i = 0; i < film.kept; i++) {
    const int h = film.H(i);
    for (int k = film.From(i); k <= film.To(i); k++) {
      const double x = h * a[0] + k * b[0], y = h * a[1] + k * b[1];
      const Lanes zero{};
      const Waves own{zero + static_cast<float>(std::cos(rate * (x * x + y * y))),
                      zero - static_cast<float>(std::sin(rate * (x * x + y * y)))};
      Waves turn;
      Multiply(across[film.most + h], along[film.most + k], turn);
      Multiply(turn, own, turn);
      out.push_back(turn);
    }
  }
  return out;
}

FOR_EACH_PROCESSOR
void Exchange(Waves* wave, int count) {
  for (int i = 0; i < count; i++) std::swap(wave[i].re, wave[i].im);
}

// A column in real space, real and imaginary parts exchanged, times a column of the slice.
FOR_EACH_PROCESSOR
void Transmit(Waves* wave, const float* __restrict__ re, const float* __restrict__ im, int rows,
              int apart) {
  for (int i = 0; i < rows; i++) {
    const Lanes a = wave[i].im, b = wave[i].re;
    const float c = re[static_cast<size_t>(i) * apart], s = im[static_cast<size_t>(i) * apart];
    wave[i].re = c * a - s * b;
    wave[i].im = c * b + s * a;
  }
}

// Zeros outside a span of a row, and inside it the waves propagated; exchanged for the way back
// where they go on.
FOR_EACH_PROCESSOR
void Propagate(const Waves* __restrict__ from, const Waves* __restrict__ onward, int first, int last,
               int columns, bool exchanged, Waves* __restrict__ to) {
  for (int k = last + 1; k < columns + first; k++) {
    to[k < 0 ? k + columns : k < columns ? k : k - columns] = Waves{};
  }
  for (int k = first; k <= last; k++, onward++) {
    const int at = k < 0 ? k + columns : k;
    Waves product;
    Multiply(from[at], *onward, product);
    if (exchanged) std::swap(product.re, product.im);
    to[at] = product;
  }
}

// The waves of eight tilts on the kept rows of the grid.
class Beam {
 public:
  Beam(const Film& film, const std::vector<Plane>& slices, int first)
      : film_(film),
        slices_(slices),
        first_(first),
        waves_(film.kept * film.stride(), Waves{}),
        lines_(3 * static_cast<size_t>(std::max(film.rows, film.columns))) {}

  void Run() {
    for (int i = 0; i < film_.kept; i++) {
      if (film_.H(i) == 0) Row(i)[0].re += 1;
    }
    double before = 0;
    for (int stage = 0; stage < film_.stages; stage++) {
      const double step = film_.steps[2 * stage + 1];
      // Half a slice of free space on either side of every slice: second order in its thickness.
      // The wave that enters is the direct one, and its factor is 1.
      if (stage > 0) Free(Propagator(film_, first_, (step - before) / 2));
      Through(slices_[stage], static_cast<int>(film_.steps[2 * stage]),
              Propagator(film_, first_, step));
      Measure(stage);
      before = step;
    }
  }

 private:
  Waves* Row(int i) { return &waves_[i * film_.stride()]; }
  Waves* Line(int i) { return &lines_[i * static_cast<size_t>(std::max(film_.rows, film_.columns))]; }

  void Free(const std::vector<Waves>& onward) {
    const Waves* next = onward.data();
    for (int i = 0; i < film_.kept; i++) {
      for (int k = film_.From(i); k <= film_.To(i); k++, next++) {
        Waves& wave = Row(i)[Wrap(k, film_.columns)];
        Multiply(wave, *next, wave);
      }
    }
  }

  void Through(const Plane& through, int count, const std::vector<Waves>& onward) {
    for (int i = 0; i < film_.kept; i++) {
      std::copy(Row(i), Row(i) + film_.columns, Line(0));
      Exchange(Line(0), film_.columns);
      const Waves* real = film_.row.Forward(Line(0), Line(1));
      std::copy(real, real + film_.columns, Row(i));
    }
    for (int slice = 0; slice < count; slice++) {
      for (int c = 0; c < film_.columns; c++) Column(c, &through.re[c], &through.im[c]);
      const Waves* next = onward.data();
      for (int i = 0; i < film_.kept; i++) {
        Onward(i, next, slice + 1 < count);
        next += film_.To(i) - film_.From(i) + 1;
      }
    }
  }

  void Column(int c, const float* re, const float* im) {
    Waves *line = Line(0), *other = Line(1);
    const int rows = film_.rows, below = film_.H(0), above = film_.H(film_.kept - 1);
    for (int i = above + 1; i < rows + below; i++) line[i] = Waves{};
    for (int i = 0; i < film_.kept; i++) line[Wrap(below + i, rows)] = Row(i)[c];
    Waves* real = film_.column.Forward(line, other);
    Transmit(real, re, im, rows, film_.columns);
    const Waves* back = film_.column.Forward(real, real == line ? other : line);
    for (int i = 0; i < film_.kept; i++) Row(i)[c] = back[Wrap(below + i, rows)];
  }

  // A row out of the last slice and, where one follows, into the next.
  void Onward(int i, const Waves* onward, bool more) {
    Waves *line = Line(0), *other = Line(1);
    std::copy(Row(i), Row(i) + film_.columns, line);
    const Waves* spectrum = film_.row.Forward(line, other);
    if (!more) {
      Propagate(spectrum, onward, film_.From(i), film_.To(i), film_.columns, false, Row(i));
      return;
    }
    Waves* free = spectrum == line ? other : line;
    Propagate(spectrum, onward, film_.From(i), film_.To(i), film_.columns, true, free);
    const Waves* real = film_.row.Forward(free, free == line ? other : line);
    std::copy(real, real + film_.columns, Row(i));
  }

  void Measure(int stage) {
    float* out = film_.intensities + static_cast<size_t>(stage) * film_.beams * film_.tilts;
    const int below = film_.H(0);
    for (int g = 0; g < film_.beams; g++, out += film_.tilts) {
      const Waves& wave = Row(static_cast<int>(film_.h[g]) - below)[Wrap(
          static_cast<int>(film_.k[g]), film_.columns)];
      const Lanes square = wave.re * wave.re + wave.im * wave.im;
      for (int lane = 0; lane < kLanes && first_ + lane < film_.tilts; lane++) {
        out[first_ + lane] = square[lane];
      }
    }
  }

  const Film& film_;
  const std::vector<Plane>& slices_;
  const int first_;
  std::vector<Waves> waves_, lines_;
};

// Whether the waves' rows follow each other, hold the direct beam and fit the grid, and the beams
// asked for are among them.
bool Sound(const Film& film) {
  if (film.kept < 1) return false;
  bool direct = false;
  for (int i = 0; i < film.kept; i++) {
    const int h = film.H(i), from = film.From(i), to = film.To(i);
    if (h != film.H(0) + i || 2 * std::abs(h) >= film.rows || to < from - 1 ||
        -2 * from >= film.columns || 2 * to >= film.columns) {
      return false;
    }
    direct = direct || (h == 0 && from <= 0 && to >= 0);
  }
  if (!direct) return false;
  for (int g = 0; g < film.beams; g++) {
    const int row = static_cast<int>(film.h[g]) - film.H(0), k = static_cast<int>(film.k[g]);
    if (row < 0 || row >= film.kept || k < film.From(row) || k > film.To(row)) return false;
  }
  return true;
}

// One job's inputs, if they are what Multislice says.
bool Read(Call& call, int job, std::vector<Film>& films) {
  const int at = job * kInputs;
  const Shape spans = call.ShapeOf(at), beams = call.ShapeOf(at + 1), tilts = call.ShapeOf(at + 2),
              stages = call.ShapeOf(at + 4), shape = call.ShapeOf(at + 5);
  if (!call.Require(spans.size() == 2 && spans[1] == 3, "CbedMultislice: waves are not (R, 3)") ||
      !call.Require(beams.size() == 2 && beams[0] == 2, "CbedMultislice: beams are not (2, N)") ||
      !call.Require(tilts.size() == 2 && tilts[0] == 2, "CbedMultislice: tilts are not (2, Q)") ||
      !call.Require(call.Size(at + 3) == 8, "CbedMultislice: optics are not eight numbers") ||
      !call.Require(stages.size() == 2 && stages[1] == 2,
                    "CbedMultislice: stages are not (S, 2)") ||
      !call.Require(shape.size() == 3 && shape[0] == 2 && Fourier::Fits(shape[1]) &&
                        Fourier::Fits(shape[2]),
                    "CbedMultislice: potential is not (2, rows, columns) of small factors")) {
    return false;
  }
  const float *beam = call.Floats(at + 1), *tilt = call.Floats(at + 2),
              *optics = call.Floats(at + 3);
  const int rows = static_cast<int>(shape[1]), columns = static_cast<int>(shape[2]);
  films.push_back({static_cast<int>(beams[1]),
                   static_cast<int>(tilts[1]),
                   static_cast<int>(stages[0]),
                   rows,
                   columns,
                   static_cast<int>(spans[0]),
                   call.Floats(at),
                   beam,
                   beam + beams[1],
                   tilt,
                   tilt + tilts[1],
                   optics,
                   optics[4],
                   optics[5],
                   optics[6],
                   optics[7],
                   call.Floats(at + 4),
                   call.Floats(at + 5),
                   nullptr,
                   Fourier(rows),
                   Fourier(columns),
                   std::max(rows, columns) / 2});
  return call.Require(Sound(films.back()), "CbedMultislice: waves or beams do not fit the grid");
}

// The inputs of each job: the waves that are kept, rows (R, 3) of h, first and last k; beams (2, N)
// whose intensities are asked for, h and k; tilts (2, Q), x and y; optics: the reciprocal basis
// (2, 2), wavelength, interaction parameter, absorption, band limit; stages (S, 2), slices and their
// thickness; coefficients of the potential (2, rows, columns). Gives (S, N, Q) of each job, one
// after another.
void Multislice(void*, TF_OpKernelContext* context) {
  Call call(context);
  const int jobs = call.InputCount() / kInputs;
  if (!call.Require(jobs > 0 && call.InputCount() == jobs * kInputs,
                    "CbedMultislice: not six inputs a job")) {
    return;
  }
  std::vector<Film> films;
  std::vector<int64_t> starts;
  // A job and its first tilt.
  std::vector<std::pair<int, int>> pieces;
  int64_t size = 0, points = 0;
  for (int job = 0; job < jobs; job++) {
    if (!Read(call, job, films)) return;
    const Film& film = films.back();
    starts.push_back(size);
    size += int64_t{film.stages} * film.beams * film.tilts;
    points += int64_t{film.rows} * film.columns;
    for (int first = 0; first < film.tilts; first += kLanes) pieces.push_back({job, first});
  }
  float* out = call.Output(0, {size});
  if (!call.ok()) return;
  std::vector<std::vector<Plane>> slices(jobs);
  ForParts(jobs, 16 * points / jobs, [&](int64_t job) {
    films[job].intensities = out + starts[job];
    for (int stage = 0; stage < films[job].stages; stage++) {
      slices[job].push_back(Transmission(films[job], films[job].steps[2 * stage + 1]));
    }
  });
  ForParts(pieces.size(), 400 * points / jobs, [&](int64_t piece) {
    const auto [job, first] = pieces[piece];
    Beam(films[job], slices[job], first).Run();
  });
}

}  // namespace

std::vector<Operation> MultisliceOperations() {
  return {{"CbedMultislice", {"jobs: N * float"}, {"intensities: float"}, Multislice}};
}

}  // namespace cbed
