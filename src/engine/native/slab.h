// Slices of a box whose transmission functions are made in one call, and the spectra of their
// potentials.
#pragma once

#include <algorithm>

#include "field.h"

namespace cbed {

// Most grid points along a side that an atom may be spread over.
constexpr int kMostReach = 16;

// Slices, atoms and optics; see CbedBoxTransmissions.
struct Slab {
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

// Spectrum of the potentials of a slice and, where `both`, of the next one as imaginary part;
// exchanged, group by group, rows in the lanes. `field` is work space.
std::vector<Waves> PotentialSpectrum(const Slab& slab, int64_t slice, bool both, Field& field);

}  // namespace cbed
