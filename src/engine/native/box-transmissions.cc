// Transmission functions of the slices of a box, two slices at a time: potentials are real, so that
// two of them are one complex plane.
#include <cmath>
#include <cstring>

#include "slab.h"

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

// From the spectrum of potentials to the transmission functions, not yet band-limited, with their
// columns transformed: one field a slice and energy.
void Expose(const Slab& slab, std::vector<Waves>& spectrum, bool both, Field& field,
            std::vector<Field>& out) {
  const int rows = slab.column.length(), columns = slab.row.length();
  const size_t length = slab.line(), energies = slab.sigmas.size();
  Waves *line = Desk(4 * length), *other = line + length, *wave = other + length;
  for (int group = 0; group < slab.potential.groups; group++) {
    std::memcpy(static_cast<void*>(line), &spectrum[static_cast<size_t>(group) * columns],
                columns * sizeof(Waves));
    field.PutRows(group, false, slab.row.Forward(line, other));
  }
  for (int strip = 0; strip < slab.strips(); strip++) {
    field.TakeColumns(strip, false, line);
    const Waves* volts = slab.column.Forward(line, other);
    for (size_t i = 0; i < (both ? 2 : 1) * energies; i++) {
      const bool first = i < energies;
      const float sigma = slab.sigmas[i % energies];
      Expose(volts, first, rows, sigma, wave);
      if (slab.absorption > 0) Absorb(volts, first, rows, sigma * slab.absorption, wave);
      out[i].PutColumns(strip, slab.column.Forward(wave, wave + length));
    }
  }
}

FOR_EACH_PROCESSOR
void Deliver(const Waves* exchanged, int count, Waves* out) {
  for (int i = 0; i < count; i++) out[i] = Waves{exchanged[i].im, exchanged[i].re};
}

// Band limit of a transmission function, and the way back to real space.
void Limit(const Slab& slab, Field& field, Waves* out) {
  const int rows = slab.column.length(), columns = slab.row.length();
  Waves *line = Desk(2 * slab.line()), *other = line + slab.line();
  for (int group = 0; group < slab.transmission.groups; group++) {
    field.TakeRows(group, line);
    Waves* now = slab.row.Forward(line, other);
    Scale(now, &slab.aperture[static_cast<size_t>(group) * columns], nullptr, columns, true, now);
    field.PutRows(group, false, slab.row.Forward(now, now == line ? other : line));
  }
  for (int strip = 0; strip < slab.strips(); strip++) {
    field.TakeColumns(strip, false, line);
    Deliver(slab.column.Forward(line, other), rows, out + static_cast<size_t>(strip) * rows);
  }
}

void Pair(const Slab& slab, int64_t slice, const std::vector<float*>& out) {
  const bool both = slice + 1 < slab.slices;
  Field field(slab.potential);
  std::vector<Waves> spectrum = PotentialSpectrum(slab, slice, both, field);
  const size_t energies = slab.sigmas.size();
  std::vector<Field> waves;
  for (size_t i = 0; i < (both ? 2 : 1) * energies; i++) waves.emplace_back(slab.transmission);
  Expose(slab, spectrum, both, field, waves);
  const size_t points = static_cast<size_t>(slab.strips()) * slab.column.length();
  for (size_t i = 0; i < waves.size(); i++) {
    Waves* to = reinterpret_cast<Waves*>(out[slice + i / energies]);
    Limit(slab, waves[i], to + i % energies * points);
  }
}

// Whether the inputs of a call are what BoxTransmissions says.
bool Fits(Call& call) {
  const Shape atoms = call.ShapeOf(0), counts = call.ShapeOf(1), factors = call.ShapeOf(2),
              aperture = call.ShapeOf(3);
  return call.Require(atoms.size() == 2 && atoms[1] >= 4 && atoms[1] % 2 == 0 &&
                          atoms[1] <= 2 + 2 * kMostReach,
                      "CbedBoxTransmissions: atoms are not (N, 2 + 2 reach)") &&
         call.Require(counts.size() == 2 && counts[0] == call.OutputCount(),
                      "CbedBoxTransmissions: counts are not (slices, species)") &&
         call.Require(factors.size() == 3 && factors[0] == counts[1],
                      "CbedBoxTransmissions: factors are not (species, rows, columns)") &&
         call.Require(aperture == Shape{factors[1], factors[2]} && Fourier::Fits(aperture[0]) &&
                          Fourier::Fits(aperture[1]),
                      "CbedBoxTransmissions: the aperture is not (rows, columns) of small factors") &&
         call.Require(call.Size(4) >= 2, "CbedBoxTransmissions: no absorption and sigma");
}

// Takes atoms and optics into a slab whose bands are known.
bool Take(Call& call, const std::vector<const float*>& factors, Slab& slab) {
  const Shape counts = call.ShapeOf(1), atoms = call.ShapeOf(0);
  const float* optics = call.Floats(4);
  const float share = 1.0f / (static_cast<float>(slab.column.length()) * slab.row.length());
  for (const float* plane : factors) slab.factors.push_back(slab.potential.Groups(plane, share));
  slab.aperture = slab.transmission.Groups(call.Floats(3), share);
  slab.slices = counts[0];
  slab.species = counts[1];
  slab.reach = static_cast<int>(atoms[1] / 2 - 1);
  slab.atoms = call.Floats(0);
  slab.counts = call.Floats(1);
  slab.absorption = optics[0];
  slab.sigmas.assign(optics + 1, optics + call.Size(4));
  int64_t known = 0;
  for (int64_t i = 0; i < call.Size(1); i++) {
    slab.starts.push_back(known);
    known += static_cast<int64_t>(slab.counts[i]);
  }
  return call.Require(known == atoms[0],
                      "CbedBoxTransmissions: the counts are not those of the atoms");
}

// Atoms, one after another by slice and species: first row and first column of the points that one
// is spread over, the shares of these rows and columns. Counts (slices, species); transforms of a
// deposited point of each species in V angstrom (species, rows, columns); the aperture (rows,
// columns); absorption and one sigma an energy. Gives for each slice (energies, strips, rows, real
// and imaginary parts of 8 columns), for CbedBoxWaves.
void BoxTransmissions(void*, TF_OpKernelContext* context) {
  Call call(context);
  if (!Fits(call)) return;
  const Shape shape = call.ShapeOf(2);
  const int rows = static_cast<int>(shape[1]), columns = static_cast<int>(shape[2]);
  const float *factor = call.Floats(2), *mask = call.Floats(3);
  if (!call.ok()) return;
  std::vector<const float*> factors;
  for (int64_t s = 0; s < shape[0]; s++) factors.push_back(factor + s * rows * columns);
  const Fourier column(rows), row(columns);
  const Band potential(rows, columns, factors), transmission(rows, columns, {mask});
  Slab slab{column, row, potential, transmission};
  if (!Take(call, factors, slab)) return;
  const int64_t energies = static_cast<int64_t>(slab.sigmas.size());
  std::vector<float*> out;
  for (int64_t i = 0; i < slab.slices; i++) {
    out.push_back(call.Output(static_cast<int>(i), {energies, slab.strips(), rows, 2 * kLanes}));
  }
  if (!call.ok()) return;
  ForParts((slab.slices + 1) / 2, 4096 * static_cast<int64_t>(slab.line()),
           [&](int64_t part) { Pair(slab, 2 * part, out); });
}

}  // namespace

std::vector<Operation> BoxTransmissionOperations() {
  return {{"CbedBoxTransmissions",
           {"atoms: float", "counts: float", "factors: float", "aperture: float", "optics: float"},
           {"transmissions: N * float"},
           BoxTransmissions}};
}

}  // namespace cbed
