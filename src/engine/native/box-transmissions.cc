// Transmission functions of the slices of a box, two slices at a time: potentials are real, so that
// two of them are one complex plane.
#include <cmath>
#include <cstring>

#include "field.h"

namespace cbed {
namespace {

typedef int32_t Marks __attribute__((vector_size(4 * kLanes)));

// Sine and cosine to 1e-7 for |x| < 1000: quarter turns taken off in three steps, then the
// polynomials of Cephes (sinf.c, Moshier).
INLINE void Turn(const Lanes& x, Lanes& cosine, Lanes& sine) {
  constexpr float kRound = 12582912.0f;
  const Lanes shifted = x * 0.63661977236f + kRound, quarters = shifted - kRound;
  const Lanes r = ((x - quarters * 1.5703125f) - quarters * 4.837512969970703e-4f) -
                  quarters * 7.54978995489e-8f;
  const Lanes z = r * r;
  const Lanes s = r + r * z * (-1.6666654611e-1f + z * (8.3321608736e-3f - z * 1.9515295891e-4f));
  const Lanes c = 1.0f - 0.5f * z +
                  z * z * (4.166664568298827e-2f +
                           z * (-1.388731625493765e-3f + z * 2.443315711809948e-5f));
  const Marks quarter = (Marks)shifted, odd = -(quarter & 1);
  const Marks sine_bits = ((Marks)s & ~odd) | ((Marks)c & odd),
              cosine_bits = ((Marks)c & ~odd) | ((Marks)s & odd);
  sine = (Lanes)(sine_bits ^ ((quarter & 2) << 30));
  cosine = (Lanes)(cosine_bits ^ (((quarter + 1) & 2) << 30));
}

// exp(i sigma v (1 + i absorption)) of the imaginary or real part of a line.
FOR_EACH_PROCESSOR
void Expose(const Waves* volts, bool imaginary, int count, float sigma, Waves* out) {
  for (int i = 0; i < count; i++) {
    const Lanes phase = sigma * (imaginary ? volts[i].im : volts[i].re);
    Turn(phase, out[i].re, out[i].im);
  }
}

void Absorb(const Waves* volts, bool imaginary, int count, float rate, Waves* out) {
  for (int i = 0; i < count; i++) {
    const Lanes& v = imaginary ? volts[i].im : volts[i].re;
    for (int lane = 0; lane < kLanes; lane++) {
      const float fade = std::exp(-rate * v[lane]);
      out[i].re[lane] *= fade;
      out[i].im[lane] *= fade;
    }
  }
}

// sum += x factor, parts exchanged.
FOR_EACH_PROCESSOR
void Accumulate(const Waves* x, const Reals* factor, int count, Waves* sum) {
  for (int i = 0; i < count; i++) {
    sum[i].re += factor[i].at * x[i].im;
    sum[i].im += factor[i].at * x[i].re;
  }
}

// Most grid points along a side that an atom may be spread over.
constexpr int kMostReach = 16;

// What all slices of a call share; see BoxTransmissions.
struct Box {
  const Fourier &column, &row;
  // Rows of the potentials' and of the transmission functions' spectra.
  const Band &potential, &transmission;
  std::vector<std::vector<Reals>> factors;
  std::vector<Reals> aperture;
  int64_t slices, species;
  // Grid points along a side that an atom is spread over.
  int reach;
  const float* atoms;
  const float* counts;
  // Where the atoms of a slice and species begin.
  std::vector<int64_t> starts;
  std::vector<float> sigmas;
  float absorption;

  int strips() const { return potential.strips; }
  size_t line() const { return std::max(strips() * kLanes, column.length()); }
};

// Points `first` on of a side that continues at its beginning.
void Wrapped(int first, int reach, int count, int* places) {
  for (int i = 0; i < reach; i++) places[i] = ((first + i) % count + count) % count;
}

// Adds the atoms of one slice and species to a grid in strips; to its real or imaginary part.
void Deposit(const Box& box, int64_t list, int part, Waves* grid) {
  const int rows = box.column.length(), reach = box.reach;
  int below[kMostReach], beside[kMostReach];
  const float* atom = box.atoms + box.starts[list] * (2 + 2 * reach);
  for (int64_t left = static_cast<int64_t>(box.counts[list]); left > 0; left--) {
    const float *down = atom + 2, *across = down + reach;
    Wrapped(static_cast<int>(atom[0]), reach, rows, below);
    Wrapped(static_cast<int>(atom[1]), reach, box.row.length(), beside);
    for (int j = 0; j < reach; j++) {
      float* strip =
          reinterpret_cast<float*>(grid + static_cast<size_t>(beside[j] / kLanes) * rows) +
          part * kLanes + beside[j] % kLanes;
      for (int i = 0; i < reach; i++) {
        strip[static_cast<size_t>(below[i]) * 2 * kLanes] += down[i] * across[j];
      }
    }
    atom += 2 + 2 * reach;
  }
}

// Spectrum of the potentials of a pair of slices, exchanged: group by group, rows in the lanes.
std::vector<Waves> Spectrum(const Box& box, int64_t slice, bool both, Field& field) {
  const int rows = box.column.length(), columns = box.row.length();
  std::vector<Waves> sum(static_cast<size_t>(box.potential.groups) * columns, Waves{});
  std::vector<Waves> grid;
  for (int64_t s = 0; s < box.species; s++) {
    const int64_t list = slice * box.species + s, next = list + box.species;
    if (box.counts[list] == 0 && !(both && box.counts[next] > 0)) continue;
    grid.assign(static_cast<size_t>(box.strips()) * rows, Waves{});
    Deposit(box, list, 0, grid.data());
    if (both) Deposit(box, next, 1, grid.data());
    Waves *line = Desk(2 * box.line()), *other = line + box.line();
    for (int strip = 0; strip < box.strips(); strip++) {
      Waves* now = &grid[static_cast<size_t>(strip) * rows];
      field.PutColumns(strip, box.column.Forward(now, other));
    }
    for (int group = 0; group < box.potential.groups; group++) {
      const size_t from = static_cast<size_t>(group) * columns;
      field.TakeRows(group, line);
      Accumulate(box.row.Forward(line, other), &box.factors[s][from], columns, &sum[from]);
    }
  }
  return sum;
}

// From the spectrum of potentials to the transmission functions, not yet band-limited, with their
// columns transformed: one field a slice and energy.
void Expose(const Box& box, std::vector<Waves>& spectrum, bool both, Field& field,
            std::vector<Field>& out) {
  const int rows = box.column.length(), columns = box.row.length();
  const size_t length = box.line(), energies = box.sigmas.size();
  Waves *line = Desk(4 * length), *other = line + length, *wave = other + length;
  for (int group = 0; group < box.potential.groups; group++) {
    std::memcpy(static_cast<void*>(line), &spectrum[static_cast<size_t>(group) * columns],
                columns * sizeof(Waves));
    field.PutRows(group, false, box.row.Forward(line, other));
  }
  for (int strip = 0; strip < box.strips(); strip++) {
    field.TakeColumns(strip, false, line);
    const Waves* volts = box.column.Forward(line, other);
    for (size_t i = 0; i < (both ? 2 : 1) * energies; i++) {
      const bool first = i < energies;
      const float sigma = box.sigmas[i % energies];
      Expose(volts, first, rows, sigma, wave);
      if (box.absorption > 0) Absorb(volts, first, rows, sigma * box.absorption, wave);
      out[i].PutColumns(strip, box.column.Forward(wave, wave + length));
    }
  }
}

FOR_EACH_PROCESSOR
void Deliver(const Waves* exchanged, int count, Waves* out) {
  for (int i = 0; i < count; i++) out[i] = Waves{exchanged[i].im, exchanged[i].re};
}

// Band limit of a transmission function, and the way back to real space.
void Limit(const Box& box, Field& field, Waves* out) {
  const int rows = box.column.length(), columns = box.row.length();
  Waves *line = Desk(2 * box.line()), *other = line + box.line();
  for (int group = 0; group < box.transmission.groups; group++) {
    field.TakeRows(group, line);
    Waves* now = box.row.Forward(line, other);
    Scale(now, &box.aperture[static_cast<size_t>(group) * columns], nullptr, columns, true, now);
    field.PutRows(group, false, box.row.Forward(now, now == line ? other : line));
  }
  for (int strip = 0; strip < box.strips(); strip++) {
    field.TakeColumns(strip, false, line);
    Deliver(box.column.Forward(line, other), rows, out + static_cast<size_t>(strip) * rows);
  }
}

void Pair(const Box& box, int64_t slice, const std::vector<float*>& out) {
  const bool both = slice + 1 < box.slices;
  Field field(box.potential);
  std::vector<Waves> spectrum = Spectrum(box, slice, both, field);
  const size_t energies = box.sigmas.size();
  std::vector<Field> waves;
  for (size_t i = 0; i < (both ? 2 : 1) * energies; i++) waves.emplace_back(box.transmission);
  Expose(box, spectrum, both, field, waves);
  const size_t points = static_cast<size_t>(box.strips()) * box.column.length();
  for (size_t i = 0; i < waves.size(); i++) {
    Waves* to = reinterpret_cast<Waves*>(out[slice + i / energies]);
    Limit(box, waves[i], to + i % energies * points);
  }
}

// Atoms, one after another by slice and species: first row and first column of the points that one
// is spread over, the shares of these rows and columns. Counts (slices, species); transforms of a
// deposited point of each species in V angstrom (species, rows, columns); the aperture (rows,
// columns); absorption and one sigma an energy. Gives for each slice (energies, strips, rows, real
// and imaginary parts of 16 columns), for CbedBoxWaves.
void BoxTransmissions(void*, TF_OpKernelContext* context) {
  Call call(context);
  const Shape atoms = call.ShapeOf(0), counts = call.ShapeOf(1), factors = call.ShapeOf(2),
              aperture = call.ShapeOf(3);
  if (!call.Require(atoms.size() == 2 && atoms[1] >= 4 && atoms[1] % 2 == 0 &&
                        atoms[1] <= 2 + 2 * kMostReach,
                    "CbedBoxTransmissions: atoms are not (N, 2 + 2 reach)") ||
      !call.Require(counts.size() == 2 && counts[0] == call.OutputCount(),
                    "CbedBoxTransmissions: counts are not (slices, species)") ||
      !call.Require(factors.size() == 3 && factors[0] == counts[1],
                    "CbedBoxTransmissions: factors are not (species, rows, columns)") ||
      !call.Require(aperture == Shape{factors[1], factors[2]} && Fourier::Fits(aperture[0]) &&
                        Fourier::Fits(aperture[1]),
                    "CbedBoxTransmissions: the aperture is not (rows, columns) of small factors") ||
      !call.Require(call.Size(4) >= 2, "CbedBoxTransmissions: no absorption and sigma")) {
    return;
  }
  const int rows = static_cast<int>(aperture[0]), columns = static_cast<int>(aperture[1]);
  const float *factor = call.Floats(2), *mask = call.Floats(3), *optics = call.Floats(4);
  const Fourier column(rows), row(columns);
  const Band potential(rows, columns, factor, static_cast<int>(factors[0])),
      transmission(rows, columns, mask, 1);
  Box box{column, row, potential, transmission};
  const float share = 1.0f / (static_cast<float>(rows) * columns);
  for (int64_t s = 0; s < factors[0]; s++) {
    box.factors.push_back(potential.Groups(factor + s * rows * columns, share));
  }
  box.aperture = transmission.Groups(mask, share);
  box.slices = counts[0];
  box.species = counts[1];
  box.reach = static_cast<int>(atoms[1] / 2 - 1);
  box.atoms = call.Floats(0);
  box.counts = call.Floats(1);
  int64_t known = 0;
  for (int64_t i = 0; i < call.Size(1); i++) {
    box.starts.push_back(known);
    known += static_cast<int64_t>(box.counts[i]);
  }
  if (!call.Require(known == atoms[0], "CbedBoxTransmissions: the counts are not those of the atoms")) {
    return;
  }
  box.absorption = optics[0];
  box.sigmas.assign(optics + 1, optics + call.Size(4));
  std::vector<float*> out;
  for (int64_t i = 0; i < box.slices; i++) {
    const int64_t energies = call.Size(4) - 1;
    out.push_back(call.Output(static_cast<int>(i), {energies, box.strips(), rows, 2 * kLanes}));
  }
  if (!call.ok()) return;
  ForParts((box.slices + 1) / 2, 4096 * static_cast<int64_t>(box.line()),
           [&](int64_t part) { Pair(box, 2 * part, out); });
}

}  // namespace

std::vector<Operation> BoxTransmissionOperations() {
  return {{"CbedBoxTransmissions",
           {"atoms: float", "counts: float", "factors: float", "aperture: float", "optics: float"},
           {"transmissions: N * float"},
           BoxTransmissions}};
}

}  // namespace cbed
