// What the networks of the crystal GAN see of crystals, and its gradient in their open numbers. The
// same formulas, an operation each, stand in gan/crystal/features.ts; here images are followed by
// their index, and elements of a slot that have no share are passed over.
#include <algorithm>

#include "curves.h"

namespace cbed {
namespace {

constexpr int64_t kGlobals = 8;
constexpr double kPi = 3.14159265358979323846;

// Inputs in their order: open numbers, skeletons, tables of elements, constants.
enum Input {
  kPositions,
  kSpecies,
  kCells,
  kFacts,
  kMask,
  kMultiplicity,
  kSlots,
  kAtomSites,
  kAtomRotations,
  kAtomTranslations,
  kCentres,
  kNeighbourSites,
  kNeighbourRotations,
  kNeighbourTranslations,
  kNeighbourMask,
  kReflections,
  kProperties,
  kVolumes,
  kFactors,
  kUsual,
  kLeast,
  kConstants,
  kInputs,
};

// Crystals, sites, slots, elements, atoms, neighbours of a site, reflections; numbers of a site and of
// an element; shells of neighbours and Gaussians of a scattering factor.
struct Sizes {
  int64_t B, S, K, E, A, N, H, facts, properties, shells, widths;
  int64_t counts() const { return 2 * shells; }
  int64_t token() const { return facts + properties + counts(); }
};

struct Given {
  Sizes n;
  const float* at[kInputs];

  // Centres of the shells, their width, then the widths of the Gaussians.
  const float* shells() const { return at[kConstants]; }
  float shell_width() const { return at[kConstants][n.shells]; }
  const float* widths() const { return at[kConstants] + n.shells + 1; }
  const float* of(Input input, int64_t crystal, int64_t each) const {
    return at[input] + crystal * each;
  }
};

bool Read(Call& call, int first, Given& given) {
  for (int i = 0; i < kInputs; i++) given.at[i] = call.Floats(first + i);
  auto shape = [&](Input input, size_t rank) {
    const Shape found = call.ShapeOf(first + input);
    call.Require(found.size() == rank, "crystals: an input has another rank");
    return call.ok() ? found : Shape(rank, 1);
  };
  const Shape mask = shape(kNeighbourMask, 3), slots = shape(kSlots, 3);
  Sizes& n = given.n;
  n.B = mask[0];
  n.S = mask[1];
  n.N = mask[2];
  n.K = slots[2];
  n.E = shape(kUsual, 2)[0];
  n.A = shape(kAtomSites, 3)[1];
  n.H = shape(kReflections, 3)[1];
  n.facts = shape(kFacts, 3)[2];
  n.properties = shape(kProperties, 2)[1];
  n.widths = shape(kFactors, 2)[1];
  n.shells = call.Size(first + kConstants) - 1 - n.widths;
  const int64_t S = n.B * n.S, M = S * n.N, A = n.B * n.A, squares = n.E * n.E;
  const int64_t sizes[kInputs] = {S * 3,     n.B * n.K * n.E, n.B * 6,          S * n.facts,
                                  S,         S,               S * n.K,          A * n.S,
                                  A * 9,     A * 3,           n.B,              M * n.S,
                                  M * 9,     M * 3,           M,                n.B * n.H * 3,
                                  n.E * n.properties,         n.E,              n.E * n.widths,
                                  squares,   squares,         n.shells + 1 + n.widths};
  for (int i = 0; i < kInputs; i++) {
    call.Require(call.Size(first + i) == sizes[i], "crystals: inputs do not fit");
  }
  return call.Require(n.shells > 0 && n.properties > 2, "crystals: constants do not fit");
}

// The place of the 1 among zeros, -1 where there is none.
int64_t Marked(const float* row, int64_t length) {
  for (int64_t i = 0; i < length; i++) {
    if (row[i] != 0) return i;
  }
  return -1;
}

// Lattice vectors by rows, the lower triangle of Cartesian axes with a along x and b in the xy plane.
struct Lattice {
  double a, b, c, cos_a, cos_b, cos_g, sin_g, cy, cz, volume;
  bool free_sin, free_cz;
  double rows[9];

  explicit Lattice(const float* cells) {
    a = std::exp(cells[0]);
    b = std::exp(cells[1]);
    c = std::exp(cells[2]);
    cos_a = std::cos(cells[3]);
    cos_b = std::cos(cells[4]);
    cos_g = std::cos(cells[5]);
    // Angles that close no cell are held at a thin one.
    const double s = 1 - cos_g * cos_g;
    free_sin = s >= 1e-3;
    sin_g = std::sqrt(free_sin ? s : 1e-3);
    cy = (cos_a - cos_b * cos_g) / sin_g;
    const double z = 1 - cos_b * cos_b - cy * cy;
    free_cz = z >= 1e-3;
    cz = std::sqrt(free_cz ? z : 1e-3);
    volume = a * b * sin_g * c * cz;
    const double all[9] = {a, 0, 0, b * cos_g, b * sin_g, 0, c * cos_b, c * cy, c * cz};
    std::memcpy(rows, all, sizeof rows);
  }

  // Gradient in the cell of one in rows and volume.
  void Grad(const float* cells, const double* d, double dvolume, float* dcells) const {
    const double v = dvolume * volume;
    const double da = d[0] + v / a;
    const double db = d[3] * cos_g + d[4] * sin_g + v / b;
    const double dc = d[6] * cos_b + d[7] * cy + d[8] * cz + v / c;
    double dsin = d[4] * b + v / sin_g, dcy = d[7] * c, dcos_b = d[6] * c, dcos_g = d[3] * b;
    if (free_cz) {
      const double dz = (d[8] * c + v / cz) / (2 * cz);
      dcos_b -= 2 * cos_b * dz;
      dcy -= 2 * cy * dz;
    }
    const double dcos_a = dcy / sin_g;
    dcos_b -= dcy * cos_g / sin_g;
    dcos_g -= dcy * cos_b / sin_g;
    dsin -= dcy * cy / sin_g;
    if (free_sin) dcos_g -= dsin * cos_g / sin_g;
    dcells[0] += a * da;
    dcells[1] += b * db;
    dcells[2] += c * dc;
    dcells[3] -= std::sin(cells[3]) * dcos_a;
    dcells[4] -= std::sin(cells[4]) * dcos_b;
    dcells[5] -= std::sin(cells[5]) * dcos_g;
  }
};

// What the elements of the slots of a crystal are like; one more slot, of no element, for places
// without a site.
struct Slots {
  int64_t K;
  std::vector<int64_t> of_site;
  std::vector<float> properties, volume, factors, usual, least, sites;

  Slots(const Given& given, int64_t crystal) : K(given.n.K + 1) {
    const Sizes& n = given.n;
    of_site.resize(n.S);
    properties.resize(K * n.properties);
    volume.resize(K);
    factors.resize(K * n.widths);
    usual.resize(K * K);
    least.resize(K * K);
    sites.resize(K);
    const float* slots = given.of(kSlots, crystal, n.S * n.K);
    for (int64_t s = 0; s < n.S; s++) {
      const int64_t k = Marked(slots + s * n.K, n.K);
      of_site[s] = k < 0 ? n.K : k;
    }
    const float* species = given.of(kSpecies, crystal, n.K * n.E);
    for (int64_t k = 0; k < n.K; k++) {
      for (int64_t e = 0; e < n.E; e++) {
        const float share = species[k * n.E + e];
        if (share == 0) continue;
        volume[k] += share * given.at[kVolumes][e];
        for (int64_t p = 0; p < n.properties; p++) {
          properties[k * n.properties + p] += share * given.at[kProperties][e * n.properties + p];
        }
        for (int64_t w = 0; w < n.widths; w++) {
          factors[k * n.widths + w] += share * given.at[kFactors][e * n.widths + w];
        }
        for (int64_t l = 0; l < n.K; l++) {
          for (int64_t f = 0; f < n.E; f++) {
            const float other = species[l * n.E + f];
            if (other == 0) continue;
            usual[k * K + l] += share * other * given.at[kUsual][e * n.E + f];
            least[k * K + l] += share * other * given.at[kLeast][e * n.E + f];
          }
        }
      }
    }
  }

  // The share of anions: property 2 is 1 of them and -1 of cations.
  float anion(const Sizes& n, int64_t k) const {
    return (properties[k * n.properties + 2] + 1) / 2;
  }
};

// Neighbours of the sites of a crystal, those that there are.
struct Pairs {
  int64_t most, count = 0;
  std::vector<int64_t> site, other, image;
  std::vector<float> numbers;
  // Difference of positions in fractions and in angstrom, distance, tables, share of the usual one.
  enum Row { kApart, kFar = 3, kDistance = 6, kUsualRow, kLeastRow, kAnion, kShare, kShells };
  float* row(int64_t which) { return &numbers[which * most]; }

  Pairs(const Given& given, int64_t crystal, const Slots& slots) : most(given.n.S * given.n.N) {
    const Sizes& n = given.n;
    numbers.resize((kShells + n.shells) * most);
    site.resize(most);
    other.resize(most);
    image.resize(most);
    const float* there = given.of(kNeighbourMask, crystal, most);
    const float* marks = given.of(kNeighbourSites, crystal, most * n.S);
    const float* rotations = given.of(kNeighbourRotations, crystal, most * 9);
    const float* translations = given.of(kNeighbourTranslations, crystal, most * 3);
    const float* positions = given.of(kPositions, crystal, n.S * 3);
    for (int64_t i = 0; i < most; i++) {
      if (there[i] == 0) continue;
      const int64_t s = i / n.N, j = Marked(marks + i * n.S, n.S);
      if (j < 0) continue;
      site[count] = s;
      other[count] = j;
      image[count] = i;
      const float *p = positions + 3 * j, *turn = rotations + 9 * i;
      for (int axis = 0; axis < 3; axis++) {
        row(kApart + axis)[count] = p[0] * turn[axis] + p[1] * turn[3 + axis] +
                                    p[2] * turn[6 + axis] + translations[3 * i + axis] -
                                    positions[3 * s + axis];
      }
      const int64_t k = slots.of_site[s], l = slots.of_site[j];
      row(kUsualRow)[count] = slots.usual[k * slots.K + l];
      row(kLeastRow)[count] = slots.least[k * slots.K + l];
      row(kAnion)[count] = slots.anion(n, l);
      count++;
    }
  }
};

constexpr float kLeastUsual = 0.5f;

// Distances of pairs, their shares of the usual ones, and what each shell makes of them.
FOR_EACH_PROCESSOR
void Weigh(const float* rows, const float* shells, int64_t shell_count, float rate, int64_t count,
           int64_t most, float* __restrict__ numbers) {
  const float *x = numbers, *y = x + most, *z = y + most;
  float* far = numbers + Pairs::kFar * most;
  float* distance = numbers + Pairs::kDistance * most;
  const float* usual = numbers + Pairs::kUsualRow * most;
  float* share = numbers + Pairs::kShare * most;
  for (int64_t i = 0; i < count; i++) {
    const float u = x[i] * rows[0] + y[i] * rows[3] + z[i] * rows[6];
    const float v = x[i] * rows[1] + y[i] * rows[4] + z[i] * rows[7];
    const float w = x[i] * rows[2] + y[i] * rows[5] + z[i] * rows[8];
    far[i] = u;
    far[most + i] = v;
    far[2 * most + i] = w;
    const float d = std::sqrt(u * u + v * v + w * w + 1e-4f);
    distance[i] = d;
    share[i] = d / (usual[i] >= kLeastUsual ? usual[i] : kLeastUsual);
  }
  for (int64_t c = 0; c < shell_count; c++) {
    float* weight = numbers + (Pairs::kShells + c) * most;
    const float centre = shells[c];
    for (int64_t i = 0; i < count; i++) {
      const float off = share[i] - centre;
      weight[i] = Exp(rate * off * off);
    }
  }
}

void Weigh(const Given& given, const Lattice& lattice, Pairs& pairs) {
  float rows[9];
  for (int i = 0; i < 9; i++) rows[i] = lattice.rows[i];
  const float width = given.shell_width();
  Weigh(rows, given.shells(), given.n.shells, -0.5f / (width * width), pairs.count, pairs.most,
        pairs.numbers.data());
}

// Neighbours in each shell, (S, counts), and those of them that are anions.
std::vector<float> CountsOf(const Sizes& n, Pairs& pairs) {
  std::vector<float> counts(n.S * n.counts());
  const float* anion = pairs.row(Pairs::kAnion);
  for (int64_t c = 0; c < n.shells; c++) {
    const float* weight = pairs.row(Pairs::kShells + c);
    for (int64_t i = 0; i < pairs.count; i++) {
      float* of = &counts[pairs.site[i] * n.counts()];
      of[c] += weight[i];
      of[n.shells + c] += weight[i] * anion[i];
    }
  }
  return counts;
}

float VolumeOfAtoms(const Given& given, int64_t crystal, const Slots& slots) {
  const float* multiplicity = given.of(kMultiplicity, crystal, given.n.S);
  float volume = 0;
  for (int64_t s = 0; s < given.n.S; s++) {
    volume += slots.volume[slots.of_site[s]] * multiplicity[s];
  }
  return volume;
}

// The numbers of a crystal beside its sites.
void Globals(const Given& given, int64_t crystal, const Lattice& lattice, const Slots& slots,
             float* y) {
  const Sizes& n = given.n;
  const float* cells = given.of(kCells, crystal, 6);
  const float mean = (cells[0] + cells[1] + cells[2]) / 3;
  for (int i = 0; i < 3; i++) {
    y[i] = cells[i] - mean;
    y[3 + i] = static_cast<float>(cells[3 + i] - kPi / 2) * 2;
  }
  const float atoms = VolumeOfAtoms(given, crystal, slots);
  y[6] = 3 * std::log(lattice.volume / (atoms >= 1 ? atoms : 1));
  float sites = 0;
  for (int64_t s = 0; s < n.S; s++) sites += given.of(kMask, crystal, n.S)[s];
  y[7] = (sites - 4) / 4;
}

// cos and sin of the phases of atoms, (atoms, H).
FOR_EACH_PROCESSOR
void Phases(const float* places, int64_t atoms, const float* hkl, int64_t H,
            float* __restrict__ cosines, float* __restrict__ sines) {
  for (int64_t a = 0; a < atoms; a++, cosines += H, sines += H) {
    const float x = places[3 * a], y = places[3 * a + 1], z = places[3 * a + 2];
    for (int64_t h = 0; h < H; h++) {
      Turn(x * hkl[h] + y * hkl[H + h] + z * hkl[2 * H + h], cosines[h], sines[h]);
    }
  }
}

FOR_EACH_PROCESSOR
void AddWaves(const float* factor, const float* cosines, const float* sines, int64_t H,
              float* __restrict__ re, float* __restrict__ im) {
  for (int64_t h = 0; h < H; h++) {
    re[h] += cosines[h] * factor[h];
    im[h] += sines[h] * factor[h];
  }
}

// Gradients of one atom's wave: in its position, times hkl over 2 pi, and in its factor.
FOR_EACH_PROCESSOR
void WaveGrad(const float* factor, const float* cosines, const float* sines, const float* dre,
              const float* dim, int64_t H, float* __restrict__ dphase,
              float* __restrict__ dfactor) {
  for (int64_t h = 0; h < H; h++) {
    dphase[h] = factor[h] * (cosines[h] * dim[h] - sines[h] * dre[h]);
    dfactor[h] += cosines[h] * dre[h] + sines[h] * dim[h];
  }
}

// Structure factors of a crystal at its reflections.
struct Diffraction {
  std::vector<int64_t> site, image;
  std::vector<float> places, hkl, cosines, sines, gauss, factor, re, im;
  // Reciprocal lattice vectors by rows, and what the reflections are in them, (H, 3).
  double dual[9];
  std::vector<double> g;

  Diffraction(const Given& given, int64_t crystal, const Lattice& lattice, const Slots& slots) {
    const Sizes& n = given.n;
    const float* marks = given.of(kAtomSites, crystal, n.A * n.S);
    const float* rotations = given.of(kAtomRotations, crystal, n.A * 9);
    const float* translations = given.of(kAtomTranslations, crystal, n.A * 3);
    const float* positions = given.of(kPositions, crystal, n.S * 3);
    for (int64_t i = 0; i < n.A; i++) {
      const int64_t s = Marked(marks + i * n.S, n.S);
      if (s < 0) continue;
      site.push_back(s);
      image.push_back(i);
      const float *p = positions + 3 * s, *turn = rotations + 9 * i;
      for (int axis = 0; axis < 3; axis++) {
        places.push_back(p[0] * turn[axis] + p[1] * turn[3 + axis] + p[2] * turn[6 + axis] +
                         translations[3 * i + axis]);
      }
    }
    const double* r = lattice.rows;
    for (int i = 0; i < 3; i++) {
      const double *u = r + 3 * ((i + 1) % 3), *v = r + 3 * ((i + 2) % 3);
      for (int axis = 0; axis < 3; axis++) {
        const int j = (axis + 1) % 3, k = (axis + 2) % 3;
        dual[3 * i + axis] = (u[j] * v[k] - u[k] * v[j]) / lattice.volume;
      }
    }
    hkl.resize(3 * n.H);
    g.resize(3 * n.H);
    gauss.resize(n.widths * n.H);
    const float* reflections = given.of(kReflections, crystal, n.H * 3);
    const float centres = *given.of(kCentres, crystal, 1);
    for (int64_t h = 0; h < n.H; h++) {
      double square = 0;
      for (int axis = 0; axis < 3; axis++) {
        hkl[axis * n.H + h] = reflections[3 * h + axis];
        double along = 0;
        for (int i = 0; i < 3; i++) along += reflections[3 * h + i] * dual[3 * i + axis];
        g[3 * h + axis] = along;
        square += along * along;
      }
      for (int64_t w = 0; w < n.widths; w++) {
        gauss[w * n.H + h] = centres * Exp(-given.widths()[w] * static_cast<float>(square));
      }
    }
    factor.resize(slots.K * n.H);
    for (int64_t k = 0; k < slots.K; k++) {
      for (int64_t w = 0; w < n.widths; w++) {
        const float weight = slots.factors[k * n.widths + w];
        for (int64_t h = 0; h < n.H; h++) factor[k * n.H + h] += weight * gauss[w * n.H + h];
      }
    }
    const int64_t atoms = site.size();
    cosines.resize(atoms * n.H);
    sines.resize(atoms * n.H);
    Phases(places.data(), atoms, hkl.data(), n.H, cosines.data(), sines.data());
    re.resize(n.H);
    im.resize(n.H);
    for (int64_t a = 0; a < atoms; a++) {
      AddWaves(&factor[slots.of_site[site[a]] * n.H], &cosines[a * n.H], &sines[a * n.H], n.H,
               re.data(), im.data());
    }
  }

  // Intensity over the square of the volume.
  float square(int64_t h, double volume) const {
    return (re[h] * re[h] + im[h] * im[h]) / (volume * volume);
  }
};

// A row for each site, facts, properties and counts; it ends where the next one starts.
void Tokens(const Given& given, int64_t crystal, const Slots& slots,
            const std::vector<float>& counts, int64_t stride, float* y) {
  const Sizes& n = given.n;
  const float* facts = given.of(kFacts, crystal, n.S * n.facts);
  for (int64_t s = 0; s < n.S; s++, y += stride) {
    const float* properties = &slots.properties[slots.of_site[s] * n.properties];
    float* to = std::copy(facts + s * n.facts, facts + (s + 1) * n.facts, y);
    to = std::copy(properties, properties + n.properties, to);
    for (int64_t c = 0; c < n.counts(); c++) to[c] = 0.5f * counts[s * n.counts() + c];
  }
}

void SeeCrystal(const Given& given, int64_t crystal, float* sites, float* whole, float* clash) {
  const Sizes& n = given.n;
  const Lattice lattice(given.of(kCells, crystal, 6));
  const Slots slots(given, crystal);
  Pairs pairs(given, crystal, slots);
  Weigh(given, lattice, pairs);
  const float* mask = given.of(kMask, crystal, n.S);
  Tokens(given, crystal, slots, CountsOf(n, pairs), n.token(), sites);
  for (int64_t i = 0; i < n.S * n.token(); i++) sites[i] *= mask[i / n.token()];
  *clash = 0;
  for (int64_t i = 0; i < pairs.count; i++) {
    const float short_by = pairs.row(Pairs::kLeastRow)[i] - pairs.row(Pairs::kDistance)[i];
    const float usual = std::max(pairs.row(Pairs::kUsualRow)[i], kLeastUsual);
    if (short_by > 0) *clash += short_by / usual * mask[pairs.site[i]];
  }
  Globals(given, crystal, lattice, slots, whole);
  const Diffraction waves(given, crystal, lattice, slots);
  for (int64_t h = 0; h < n.H; h++) {
    const float log = std::log(waves.square(h, lattice.volume) + 1e-4f);
    whole[kGlobals + h] = 0.5f * (0.5f * log + 2.5f);
  }
}

// Gradients on their way to the open numbers of one crystal.
struct Slopes {
  std::vector<float> properties, volume, factors, usual, least;
  double rows[9] = {}, cell_volume = 0;
  float *positions, *species, *cells;

  Slopes(const Sizes& n, int64_t K)
      : properties(K * n.properties),
        volume(K),
        factors(K * n.widths),
        usual(K * K),
        least(K * K) {}
};

// Gradient of the position that an image is made from.
void ImageGrad(const float* rotation, const float* d, float* dposition) {
  for (int i = 0; i < 3; i++) {
    for (int axis = 0; axis < 3; axis++) dposition[i] += d[axis] * rotation[3 * i + axis];
  }
}

// Of the counts (a row in each token) and of the clash.
void PairsGrad(const Given& given, int64_t crystal, const Lattice& lattice, const Slots& slots,
               const float* dsites, float dclash, Slopes& to) {
  const Sizes& n = given.n;
  Pairs pairs(given, crystal, slots);
  Weigh(given, lattice, pairs);
  const float* mask = given.of(kMask, crystal, n.S);
  const float* rotations = given.of(kNeighbourRotations, crystal, pairs.most * 9);
  const float rate = -1 / (given.shell_width() * given.shell_width());
  const int64_t first = n.facts + n.properties;
  for (int64_t i = 0; i < pairs.count; i++) {
    const int64_t s = pairs.site[i], k = slots.of_site[s], l = slots.of_site[pairs.other[i]];
    const float anion = pairs.row(Pairs::kAnion)[i], share = pairs.row(Pairs::kShare)[i];
    const float raw = pairs.row(Pairs::kUsualRow)[i], usual = std::max(raw, kLeastUsual);
    const float* dcounts = dsites + s * n.token() + first;
    float dshare = 0, danion = 0;
    for (int64_t c = 0; c < n.shells; c++) {
      const float weight = 0.5f * mask[s] * pairs.row(Pairs::kShells + c)[i];
      const float off = share - given.shells()[c];
      dshare += (dcounts[c] + anion * dcounts[n.shells + c]) * weight * rate * off;
      danion += dcounts[n.shells + c] * weight;
    }
    to.properties[l * n.properties + 2] += danion / 2;
    const float distance = pairs.row(Pairs::kDistance)[i];
    const float short_by = pairs.row(Pairs::kLeastRow)[i] - distance;
    float ddistance = dshare / usual, dusual = -dshare * share / usual;
    if (short_by > 0) {
      const float d = dclash * mask[s] / usual;
      ddistance -= d;
      dusual -= d * short_by / usual;
      to.least[k * slots.K + l] += d;
    }
    if (raw >= kLeastUsual) to.usual[k * slots.K + l] += dusual;
    float dapart[3] = {};
    for (int j = 0; j < 3; j++) {
      const float d = ddistance * pairs.row(Pairs::kFar + j)[i] / distance;
      for (int axis = 0; axis < 3; axis++) {
        to.rows[3 * axis + j] += d * pairs.row(Pairs::kApart + axis)[i];
        dapart[axis] += d * lattice.rows[3 * axis + j];
      }
    }
    ImageGrad(rotations + 9 * pairs.image[i], dapart, to.positions + 3 * pairs.other[i]);
    for (int axis = 0; axis < 3; axis++) to.positions[3 * s + axis] -= dapart[axis];
  }
}

// Of the logarithms of amplitudes.
void DiffractionGrad(const Given& given, int64_t crystal, const Lattice& lattice,
                     const Slots& slots, const float* dlogs, Slopes& to) {
  const Sizes& n = given.n;
  const Diffraction waves(given, crystal, lattice, slots);
  const double squared = lattice.volume * lattice.volume;
  std::vector<float> dre(n.H), dim(n.H), dphase(n.H), dfactor(slots.K * n.H);
  for (int64_t h = 0; h < n.H; h++) {
    const float square = waves.square(h, lattice.volume);
    const float d = 0.25f * dlogs[h] / (square + 1e-4f);
    dre[h] = 2 * d * waves.re[h] / squared;
    dim[h] = 2 * d * waves.im[h] / squared;
    to.cell_volume -= 2 * d * square / lattice.volume;
  }
  const float* rotations = given.of(kAtomRotations, crystal, n.A * 9);
  for (size_t a = 0; a < waves.site.size(); a++) {
    const int64_t k = slots.of_site[waves.site[a]];
    WaveGrad(&waves.factor[k * n.H], &waves.cosines[a * n.H], &waves.sines[a * n.H], dre.data(),
             dim.data(), n.H, dphase.data(), &dfactor[k * n.H]);
    float dplace[3] = {};
    for (int axis = 0; axis < 3; axis++) {
      for (int64_t h = 0; h < n.H; h++) dplace[axis] += dphase[h] * waves.hkl[axis * n.H + h];
      dplace[axis] *= static_cast<float>(2 * kPi);
    }
    ImageGrad(rotations + 9 * waves.image[a], dplace, to.positions + 3 * waves.site[a]);
  }
  for (int64_t h = 0; h < n.H; h++) {
    double dsquare = 0;
    for (int64_t w = 0; w < n.widths; w++) {
      const float gauss = waves.gauss[w * n.H + h];
      float dgauss = 0;
      for (int64_t k = 0; k < slots.K; k++) {
        const float d = dfactor[k * n.H + h];
        to.factors[k * n.widths + w] += d * gauss;
        dgauss += d * slots.factors[k * n.widths + w];
      }
      dsquare -= dgauss * gauss * given.widths()[w];
    }
    // g = hkl R^-T, so that a change of the rows R changes it by - g dR^T R^-T.
    const double* g = &waves.g[3 * h];
    for (int i = 0; i < 3; i++) {
      const double* dual = waves.dual + 3 * i;
      const double along = dual[0] * g[0] + dual[1] * g[1] + dual[2] * g[2];
      for (int j = 0; j < 3; j++) to.rows[3 * i + j] -= 2 * dsquare * along * g[j];
    }
  }
}

// Of the numbers beside the sites.
void GlobalsGrad(const Given& given, int64_t crystal, const Lattice& lattice, const Slots& slots,
                 const float* d, Slopes& to) {
  const Sizes& n = given.n;
  const float mean = (d[0] + d[1] + d[2]) / 3;
  for (int i = 0; i < 3; i++) {
    to.cells[i] += d[i] - mean;
    to.cells[3 + i] += 2 * d[3 + i];
  }
  to.cell_volume += 3 * d[6] / lattice.volume;
  const float atoms = VolumeOfAtoms(given, crystal, slots);
  if (atoms < 1) return;
  const float* multiplicity = given.of(kMultiplicity, crystal, n.S);
  for (int64_t s = 0; s < n.S; s++) {
    to.volume[slots.of_site[s]] -= 3 * d[6] / atoms * multiplicity[s];
  }
}

// From the tables of slots to the shares of elements in them.
FOR_EACH_PROCESSOR
void SpeciesGrad(const Given& given, int64_t crystal, const Slots& slots, const Slopes& slopes) {
  const Sizes& n = given.n;
  const float* species = given.of(kSpecies, crystal, n.K * n.E);
  for (int64_t k = 0; k < n.K; k++) {
    float* d = slopes.species + k * n.E;
    const float* dproperties = &slopes.properties[k * n.properties];
    const float* dfactors = &slopes.factors[k * n.widths];
    for (int64_t e = 0; e < n.E; e++) {
      float sum = slopes.volume[k] * given.at[kVolumes][e];
      const float* properties = given.at[kProperties] + e * n.properties;
      for (int64_t p = 0; p < n.properties; p++) sum += dproperties[p] * properties[p];
      const float* factors = given.at[kFactors] + e * n.widths;
      for (int64_t w = 0; w < n.widths; w++) sum += dfactors[w] * factors[w];
      d[e] += sum;
    }
  }
  const Input tables[] = {kUsual, kLeast};
  const std::vector<float>* both[] = {&slopes.usual, &slopes.least};
  for (int t = 0; t < 2; t++) {
    const float* table = given.at[tables[t]];
    for (int64_t k = 0; k < n.K; k++) {
      for (int64_t l = 0; l < n.K; l++) {
        const float slope = (*both[t])[k * slots.K + l];
        if (slope == 0) continue;
        for (int64_t e = 0; e < n.E; e++) {
          // k is the first of the pair in the rows of the table, l the second in its columns.
          const float second = slope * species[l * n.E + e], one = slope * species[k * n.E + e];
          if (second != 0) {
            for (int64_t f = 0; f < n.E; f++) {
              slopes.species[k * n.E + f] += second * table[f * n.E + e];
            }
          }
          if (one != 0) {
            for (int64_t f = 0; f < n.E; f++) {
              slopes.species[l * n.E + f] += one * table[e * n.E + f];
            }
          }
        }
      }
    }
  }
}

// Numbers that one crystal takes, to judge whether threads are worth waking.
int64_t WorkOf(const Sizes& n) { return 20 * n.A * n.H + 60 * n.S * n.N; }

void SeeCrystals(void*, TF_OpKernelContext* context) {
  Call call(context);
  Given given;
  if (!Read(call, 0, given)) return;
  const Sizes& n = given.n;
  const int64_t width = n.S * n.token(), whole = kGlobals + n.H;
  float *sites = call.Output(0, {n.B * n.S, n.token()}), *crystal = call.Output(1, {n.B, whole});
  float* clash = call.Output(2, {n.B});
  if (!call.ok()) return;
  ForParts(n.B, WorkOf(n), [&](int64_t b) {
    SeeCrystal(given, b, sites + b * width, crystal + b * whole, clash + b);
  });
}

void SeeCrystalsGrad(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *dsites = call.Floats(0), *dcrystal = call.Floats(1), *dclash = call.Floats(2);
  Given given;
  if (!Read(call, 3, given)) return;
  const Sizes& n = given.n;
  const int64_t width = n.S * n.token(), whole = kGlobals + n.H;
  if (!call.Require(call.Size(0) == n.B * width && call.Size(1) == n.B * whole &&
                        call.Size(2) == n.B,
                    "CbedSeeCrystalsGrad: gradients do not fit")) {
    return;
  }
  float *dpositions = call.Output(0, {n.B, n.S, 3}), *dspecies = call.Output(1, {n.B, n.K, n.E});
  float* dcells = call.Output(2, {n.B, 6});
  if (!call.ok()) return;
  ForParts(n.B, 2 * WorkOf(n), [&](int64_t b) {
    const float* cells = given.of(kCells, b, 6);
    const Lattice lattice(cells);
    const Slots slots(given, b);
    Slopes slopes(n, slots.K);
    slopes.positions = dpositions + b * n.S * 3;
    slopes.species = dspecies + b * n.K * n.E;
    slopes.cells = dcells + b * 6;
    std::fill_n(slopes.positions, n.S * 3, 0.0f);
    std::fill_n(slopes.species, n.K * n.E, 0.0f);
    std::fill_n(slopes.cells, 6, 0.0f);
    const float *ds = dsites + b * width, *mask = given.of(kMask, b, n.S);
    for (int64_t s = 0; s < n.S; s++) {
      float* to = &slopes.properties[slots.of_site[s] * n.properties];
      for (int64_t p = 0; p < n.properties; p++) {
        to[p] += mask[s] * ds[s * n.token() + n.facts + p];
      }
    }
    PairsGrad(given, b, lattice, slots, ds, dclash[b], slopes);
    GlobalsGrad(given, b, lattice, slots, dcrystal + b * whole, slopes);
    DiffractionGrad(given, b, lattice, slots, dcrystal + b * whole + kGlobals, slopes);
    lattice.Grad(cells, slopes.rows, slopes.cell_volume, slopes.cells);
    SpeciesGrad(given, b, slots, slopes);
  });
}

// How references look to the generator: tokens with cos and sin of the coordinates, pulls of the
// neighbours, and numbers beside the sites.
void ViewCrystals(void*, TF_OpKernelContext* context) {
  Call call(context);
  Given given;
  if (!Read(call, 0, given)) return;
  const Sizes& n = given.n;
  const int64_t token = n.token() + 6, counts = n.counts();
  float *tokens = call.Output(0, {n.B * n.S, token});
  float *pulls = call.Output(1, {n.B, n.S, counts, 3}), *globals = call.Output(2, {n.B, kGlobals});
  if (!call.ok()) return;
  ForParts(n.B, WorkOf(n), [&](int64_t b) {
    const Lattice lattice(given.of(kCells, b, 6));
    const Slots slots(given, b);
    Pairs pairs(given, b, slots);
    Weigh(given, lattice, pairs);
    float* rows = tokens + b * n.S * token;
    Tokens(given, b, slots, CountsOf(n, pairs), token, rows);
    const float* positions = given.of(kPositions, b, n.S * 3);
    for (int64_t s = 0; s < n.S; s++) {
      for (int axis = 0; axis < 3; axis++) {
        float* to = rows + s * token + n.token() + axis;
        Turn(positions[3 * s + axis], to[0], to[3]);
      }
    }
    float* pull = pulls + b * n.S * counts * 3;
    std::fill_n(pull, n.S * counts * 3, 0.0f);
    for (int64_t i = 0; i < pairs.count; i++) {
      const float distance = pairs.row(Pairs::kDistance)[i], anion = pairs.row(Pairs::kAnion)[i];
      for (int64_t c = 0; c < n.shells; c++) {
        const float weight = pairs.row(Pairs::kShells + c)[i] / distance;
        float* to = pull + (pairs.site[i] * counts + c) * 3;
        for (int axis = 0; axis < 3; axis++) {
          const float apart = weight * pairs.row(Pairs::kApart + axis)[i];
          to[axis] += apart;
          to[3 * n.shells + axis] += apart * anion;
        }
      }
    }
    Globals(given, b, lattice, slots, globals + b * kGlobals);
  });
}

const std::vector<const char*> kCrystalInputs = {
    "positions: float",           "species: float",
    "cells: float",               "facts: float",
    "mask: float",                "multiplicity: float",
    "slots: float",               "atom_sites: float",
    "atom_rotations: float",      "atom_translations: float",
    "centres: float",             "neighbour_sites: float",
    "neighbour_rotations: float", "neighbour_translations: float",
    "neighbour_mask: float",      "reflections: float",
    "properties: float",          "volumes: float",
    "factors: float",             "usual: float",
    "least: float",               "constants: float"};

std::vector<const char*> WithSlopes(std::vector<const char*> first) {
  first.insert(first.end(), kCrystalInputs.begin(), kCrystalInputs.end());
  return first;
}

}  // namespace

std::vector<Operation> CrystalLookOperations() {
  return {
      {"CbedSeeCrystals",
       kCrystalInputs,
       {"sites: float", "crystal: float", "clash: float"},
       SeeCrystals},
      {"CbedSeeCrystalsGrad",
       WithSlopes({"dsites: float", "dcrystal: float", "dclash: float"}),
       {"dpositions: float", "dspecies: float", "dcells: float"},
       SeeCrystalsGrad},
      {"CbedViewCrystals",
       kCrystalInputs,
       {"tokens: float", "pulls: float", "globals: float"},
       ViewCrystals},
  };
}

}  // namespace cbed
