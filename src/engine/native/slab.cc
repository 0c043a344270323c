// Potentials of slices: atoms go on a grid, species by species, and its transform takes their
// scattering factor.
#include "slab.h"

namespace cbed {
namespace {

// sum += x factor, parts exchanged.
FOR_EACH_PROCESSOR
void Accumulate(const Waves* x, const Reals* factor, int count, Waves* sum) {
  for (int i = 0; i < count; i++) {
    sum[i].re += factor[i].at * x[i].im;
    sum[i].im += factor[i].at * x[i].re;
  }
}

// Points `first` on of a side that continues at its beginning.
void Wrapped(int first, int reach, int count, int* places) {
  for (int i = 0; i < reach; i++) places[i] = ((first + i) % count + count) % count;
}

// Adds the atoms of one slice and species to a grid in strips; to its real or imaginary part.
void Deposit(const Slab& slab, int64_t list, int part, Waves* grid) {
  const int rows = slab.column.length(), reach = slab.reach;
  int below[kMostReach], beside[kMostReach];
  const float* atom = slab.atoms + slab.starts[list] * (2 + 2 * reach);
  for (int64_t left = static_cast<int64_t>(slab.counts[list]); left > 0; left--) {
    const float *down = atom + 2, *across = down + reach;
    Wrapped(static_cast<int>(atom[0]), reach, rows, below);
    Wrapped(static_cast<int>(atom[1]), reach, slab.row.length(), beside);
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

}  // namespace

std::vector<Waves> PotentialSpectrum(const Slab& slab, int64_t slice, bool both, Field& field) {
  const int rows = slab.column.length(), columns = slab.row.length();
  std::vector<Waves> sum(static_cast<size_t>(slab.potential.groups) * columns, Waves{});
  std::vector<Waves> grid;
  for (int64_t s = 0; s < slab.species; s++) {
    const int64_t list = slice * slab.species + s, next = list + slab.species;
    if (slab.counts[list] == 0 && !(both && slab.counts[next] > 0)) continue;
    grid.assign(static_cast<size_t>(slab.strips()) * rows, Waves{});
    Deposit(slab, list, 0, grid.data());
    if (both) Deposit(slab, next, 1, grid.data());
    Waves *line = Desk(2 * slab.line()), *other = line + slab.line();
    for (int strip = 0; strip < slab.strips(); strip++) {
      Waves* now = &grid[static_cast<size_t>(strip) * rows];
      field.PutColumns(strip, slab.column.Forward(now, other));
    }
    for (int group = 0; group < slab.potential.groups; group++) {
      const size_t from = static_cast<size_t>(group) * columns;
      field.TakeRows(group, line);
      Accumulate(slab.row.Forward(line, other), &slab.factors[s][from], columns, &sum[from]);
    }
  }
  return sum;
}

}  // namespace cbed
