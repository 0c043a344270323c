// How the generator of the crystal GAN changes references, what jitter does to crystals, and their
// gradients. The same formulas, an operation each, stand in gan/crystal/changes.ts.
#include <algorithm>

#include "curves.h"

namespace cbed {
namespace {

// y_j = sum_i x_i m_ij of three numbers, and the gradient in x.
inline void Through(const float* x, const float* m, float* y) {
  for (int j = 0; j < 3; j++) y[j] = x[0] * m[j] + x[1] * m[3 + j] + x[2] * m[6 + j];
}
inline void ThroughGrad(const float* dy, const float* m, float* dx) {
  for (int i = 0; i < 3; i++) {
    dx[i] = m[3 * i] * dy[0] + m[3 * i + 1] * dy[1] + m[3 * i + 2] * dy[2];
  }
}

// An element for each slot. ------------------------------------------------------------------------

// What both ways of choosing take: tastes (rows, E) and warmth (rows, 1) of slots before their biases,
// species (B, K, E) of references, likeness (E, E), mask of slots, the largest preference.
struct Choice {
  const float *tastes, *taste_bias, *warmth, *warmth_bias, *species, *likeness, *mask, *most;
  int64_t rows, E;
};

bool ReadChoice(Call& call, int first, Choice& choice) {
  const float** at[] = {&choice.tastes,  &choice.taste_bias, &choice.warmth, &choice.warmth_bias,
                        &choice.species, &choice.likeness,   &choice.mask,   &choice.most};
  for (int i = 0; i < 8; i++) *at[i] = call.Floats(first + i);
  choice.E = call.Size(first + 1);
  choice.rows = call.Size(first + 2);
  const int64_t size = choice.rows * choice.E;
  return call.Require(call.Size(first) == size && call.Size(first + 3) == 1 &&
                          call.Size(first + 4) == size &&
                          call.Size(first + 5) == choice.E * choice.E &&
                          call.Size(first + 6) == choice.rows && call.Size(first + 7) == 1,
                      "elements: slots and tables do not fit");
}

// How like the reference's element the others are, for one slot.
void LikeRow(const Choice& choice, int64_t row, float* like) {
  std::fill_n(like, choice.E, 0.0f);
  for (int64_t e = 0; e < choice.E; e++) {
    const float share = choice.species[row * choice.E + e];
    if (share == 0) continue;
    for (int64_t f = 0; f < choice.E; f++) like[f] += share * choice.likeness[e * choice.E + f];
  }
}

FOR_EACH_PROCESSOR
void SoftRow(const float* tastes, const float* bias, const float* gumbel, const float* like,
             float warm, float most, int64_t E, float* __restrict__ bent,
             float* __restrict__ soft) {
  for (int64_t e = 0; e < E; e++) {
    bent[e] = Tanh(tastes[e] + bias[e]);
    soft[e] = like[e] * warm + bent[e] * most + gumbel[e];
  }
}

FOR_EACH_PROCESSOR
void ExpRow(float top, int64_t E, float* soft) {
  for (int64_t e = 0; e < E; e++) soft[e] = Exp(soft[e] - top);
}

// The element with the largest logit of each slot; the probabilities, and tanh of the tastes, for the
// gradient.
void PickElements(void*, TF_OpKernelContext* context) {
  Call call(context);
  Choice choice;
  const float* gumbel = call.Floats(8);
  if (!ReadChoice(call, 0, choice)) return;
  const int64_t E = choice.E, size = choice.rows * E;
  if (!call.Require(call.Size(8) == size && call.ShapeOf(4).size() == 3,
                    "CbedPickElements: noise does not fit")) {
    return;
  }
  float *species = call.Output(0, call.ShapeOf(4)), *soft = call.Output(1, {choice.rows, E});
  float* bent = call.Output(2, {choice.rows, E});
  if (!call.ok()) return;
  std::vector<float> like(E);
  for (int64_t r = 0; r < choice.rows; r++, species += E, soft += E, bent += E) {
    const float warm = std::exp(std::tanh(choice.warmth[r] + *choice.warmth_bias));
    LikeRow(choice, r, like.data());
    SoftRow(choice.tastes + r * E, choice.taste_bias, gumbel + r * E, like.data(), warm,
            *choice.most, E, bent, soft);
    const int64_t best = std::max_element(soft, soft + E) - soft;
    ExpRow(soft[best], E, soft);
    float sum = 0;
    for (int64_t e = 0; e < E; e++) sum += soft[e];
    for (int64_t e = 0; e < E; e++) soft[e] /= sum;
    std::fill_n(species, E, 0.0f);
    species[best] = choice.mask[r];
  }
}

// Straight through: as if the probabilities had been the answer (Jang et al. 2017).
void PickElementsGrad(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *dspecies = call.Floats(0), *soft = call.Floats(1), *bent = call.Floats(2);
  Choice choice;
  if (!ReadChoice(call, 3, choice)) return;
  const int64_t E = choice.E, size = choice.rows * E;
  if (!call.Require(call.Size(0) == size && call.Size(1) == size && call.Size(2) == size,
                    "CbedPickElementsGrad: gradient does not fit")) {
    return;
  }
  float *dtastes = call.Output(0, {choice.rows, E}), *dbias = call.Output(1, {E});
  float *dwarmth = call.Output(2, {choice.rows, 1}), *dwarmth_bias = call.Output(3, {1});
  if (!call.ok()) return;
  std::vector<float> like(E);
  std::fill_n(dbias, E, 0.0f);
  *dwarmth_bias = 0;
  for (int64_t r = 0; r < choice.rows; r++, dspecies += E, soft += E, bent += E, dtastes += E) {
    const float tanh = std::tanh(choice.warmth[r] + *choice.warmth_bias);
    LikeRow(choice, r, like.data());
    float along = 0, dwarm = 0;
    for (int64_t e = 0; e < E; e++) along += dspecies[e] * soft[e];
    for (int64_t e = 0; e < E; e++) {
      const float dlogit = choice.mask[r] * soft[e] * (dspecies[e] - along);
      dwarm += dlogit * like[e];
      dtastes[e] = dlogit * *choice.most * (1 - bent[e] * bent[e]);
      dbias[e] += dtastes[e];
    }
    dwarmth[r] = dwarm * std::exp(tanh) * (1 - tanh * tanh);
    *dwarmth_bias += dwarmth[r];
  }
}

// Cells that follow their atoms. -------------------------------------------------------------------

// raw (B, 7) before its bias, species of slots, which slot (B, S, K) and how many atoms (B, S, 1) a
// site has, volumes of elements, what is free in a cell (B, 6, 6), species and cells of references,
// and the largest changes: of log lengths, of angles, of the logarithm of the volume.
enum ChangeInput {
  kRaw,
  kRawBias,
  kSpecies,
  kSlots,
  kMultiplicity,
  kVolumes,
  kFreedom,
  kReferenceSpecies,
  kReferenceCells,
  kMost,
  kChangeInputs,
};

struct Change {
  const float* at[kChangeInputs];
  int64_t B, S, K, E;

  // Volume of the atoms of a cell.
  double Atoms(const float* species, int64_t b) const {
    double volume = 0;
    for (int64_t k = 0; k < K; k++) {
      double own = 0;
      for (int64_t e = 0; e < E; e++) {
        const float share = species[(b * K + k) * E + e];
        if (share != 0) own += share * at[kVolumes][e];
      }
      volume += own * Members(b, k);
    }
    return volume;
  }
  double Members(int64_t b, int64_t k) const {
    double members = 0;
    for (int64_t s = 0; s < S; s++) {
      members += at[kSlots][(b * S + s) * K + k] * at[kMultiplicity][b * S + s];
    }
    return members;
  }
  // Largest change of the i-th number of a cell.
  float most(int i) const { return at[kMost][i < 3 ? 0 : 1]; }
};

bool ReadChange(Call& call, int first, Change& change) {
  for (int i = 0; i < kChangeInputs; i++) change.at[i] = call.Floats(first + i);
  const Shape slots = call.ShapeOf(first + kSlots);
  if (!call.Require(slots.size() == 3, "cells: slots have another rank")) return false;
  change.B = slots[0];
  change.S = slots[1];
  change.K = slots[2];
  change.E = call.Size(first + kVolumes);
  const int64_t B = change.B, species = B * change.K * change.E;
  const int64_t sizes[kChangeInputs] = {B * 7,          7,       species, B * change.S * change.K,
                                        B * change.S,   change.E, B * 36, species,
                                        B * 6,          3};
  for (int i = 0; i < kChangeInputs; i++) {
    call.Require(call.Size(first + i) == sizes[i], "cells: inputs do not fit");
  }
  return call.ok();
}

void ChangeCells(void*, TF_OpKernelContext* context) {
  Call call(context);
  Change change;
  if (!ReadChange(call, 0, change)) return;
  float* y = call.Output(0, {change.B, 6});
  if (!call.ok()) return;
  for (int64_t b = 0; b < change.B; b++, y += 6) {
    float tanh[7];
    for (int i = 0; i < 7; i++) {
      tanh[i] = std::tanh(change.at[kRaw][7 * b + i] + change.at[kRawBias][i]);
    }
    const double now = std::max(change.Atoms(change.at[kSpecies], b), 1.0);
    const double before = std::max(change.Atoms(change.at[kReferenceSpecies], b), 1.0);
    const float grown = (std::log(now / before) + tanh[6] * change.at[kMost][2]) / 3;
    const float* free = change.at[kFreedom] + 36 * b;
    for (int j = 0; j < 6; j++) {
      y[j] = change.at[kReferenceCells][6 * b + j] + (j < 3 ? grown : 0);
      for (int i = 0; i < 6; i++) y[j] += tanh[i] * change.most(i) * free[6 * i + j];
    }
  }
}

void ChangeCellsGrad(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float* d = call.Floats(0);
  Change change;
  if (!ReadChange(call, 1, change)) return;
  const int64_t B = change.B, K = change.K, E = change.E;
  if (!call.Require(call.Size(0) == 6 * B, "CbedChangeCellsGrad: gradient does not fit")) return;
  float *draw = call.Output(0, {B, 7}), *dbias = call.Output(1, {7});
  float* dspecies = call.Output(2, {B, K, E});
  if (!call.ok()) return;
  std::fill_n(dbias, 7, 0.0f);
  for (int64_t b = 0; b < B; b++, d += 6, draw += 7) {
    const float grown = (d[0] + d[1] + d[2]) / 3;
    const float* free = change.at[kFreedom] + 36 * b;
    for (int i = 0; i < 7; i++) {
      float dtanh = i == 6 ? grown * change.at[kMost][2] : 0;
      for (int j = 0; j < 6 && i < 6; j++) dtanh += d[j] * change.most(i) * free[6 * i + j];
      const float tanh = std::tanh(change.at[kRaw][7 * b + i] + change.at[kRawBias][i]);
      draw[i] = dtanh * (1 - tanh * tanh);
      dbias[i] += draw[i];
    }
    const double atoms = change.Atoms(change.at[kSpecies], b);
    for (int64_t k = 0; k < K; k++, dspecies += E) {
      const float slope = atoms >= 1 ? grown * change.Members(b, k) / atoms : 0;
      for (int64_t e = 0; e < E; e++) dspecies[e] = slope * change.at[kVolumes][e];
    }
  }
}

// Sites that move. ---------------------------------------------------------------------------------

// Positions (B, S, 3) that move along the pulls of their neighbours (B, S, Q, 3) and freely, as far as
// their site symmetry (B, S, 3, 3) lets them: moves (B S, Q + 3) before their bias, cells of
// references, and the largest moves, angstrom.
struct Moves {
  const float *raw, *bias, *pulls, *freedom, *positions, *cells, *most;
  int64_t B, S, Q;
};

bool ReadMoves(Call& call, int first, Moves& moves) {
  const float** at[] = {&moves.raw,       &moves.bias,  &moves.pulls, &moves.freedom,
                        &moves.positions, &moves.cells, &moves.most};
  for (int i = 0; i < 7; i++) *at[i] = call.Floats(first + i);
  const Shape pulls = call.ShapeOf(first + 2);
  if (!call.Require(pulls.size() == 4, "moves: pulls have another rank")) return false;
  moves.B = pulls[0];
  moves.S = pulls[1];
  moves.Q = pulls[2];
  const int64_t sites = moves.B * moves.S, width = moves.Q + 3;
  return call.Require(call.Size(first) == sites * width && call.Size(first + 1) == width &&
                          call.Size(first + 3) == 9 * sites && call.Size(first + 4) == 3 * sites &&
                          call.Size(first + 5) == 6 * moves.B && call.Size(first + 6) == 2,
                      "moves: inputs do not fit");
}

FOR_EACH_PROCESSOR
void TanhRow(const float* x, const float* bias, int64_t width, float* __restrict__ y) {
  for (int64_t i = 0; i < width; i++) y[i] = Tanh(x[i] + bias[i]);
}

void ChangePositions(void*, TF_OpKernelContext* context) {
  Call call(context);
  Moves moves;
  if (!ReadMoves(call, 0, moves)) return;
  const int64_t Q = moves.Q, width = Q + 3;
  float* y = call.Output(0, {moves.B, moves.S, 3});
  if (!call.ok()) return;
  std::vector<float> tanh(width);
  for (int64_t s = 0; s < moves.B * moves.S; s++) {
    TanhRow(moves.raw + s * width, moves.bias, width, tanh.data());
    float move[3], allowed[3];
    for (int axis = 0; axis < 3; axis++) {
      const float length = std::exp(moves.cells[s / moves.S * 6 + axis]);
      move[axis] = tanh[Q + axis] * moves.most[1] / length;
      for (int64_t q = 0; q < Q; q++) {
        move[axis] += tanh[q] * moves.most[0] * moves.pulls[(s * Q + q) * 3 + axis];
      }
    }
    Through(move, moves.freedom + 9 * s, allowed);
    for (int axis = 0; axis < 3; axis++) {
      y[3 * s + axis] = moves.positions[3 * s + axis] + allowed[axis];
    }
  }
}

void ChangePositionsGrad(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float* dy = call.Floats(0);
  Moves moves;
  if (!ReadMoves(call, 1, moves)) return;
  const int64_t Q = moves.Q, width = Q + 3, sites = moves.B * moves.S;
  if (!call.Require(call.Size(0) == 3 * sites, "CbedChangePositionsGrad: gradient does not fit")) return;
  float *draw = call.Output(0, {sites, width}), *dbias = call.Output(1, {width});
  if (!call.ok()) return;
  std::fill_n(dbias, width, 0.0f);
  std::vector<float> tanh(width);
  for (int64_t s = 0; s < sites; s++, draw += width) {
    TanhRow(moves.raw + s * width, moves.bias, width, tanh.data());
    float d[3];
    ThroughGrad(dy + 3 * s, moves.freedom + 9 * s, d);
    for (int64_t q = 0; q < Q; q++) {
      const float* pull = moves.pulls + (s * Q + q) * 3;
      draw[q] = moves.most[0] * (d[0] * pull[0] + d[1] * pull[1] + d[2] * pull[2]);
    }
    for (int axis = 0; axis < 3; axis++) {
      draw[Q + axis] = moves.most[1] * d[axis] / std::exp(moves.cells[s / moves.S * 6 + axis]);
    }
    for (int64_t i = 0; i < width; i++) {
      draw[i] *= 1 - tanh[i] * tanh[i];
      dbias[i] += draw[i];
    }
  }
}

// Jitter. ------------------------------------------------------------------------------------------

// Positions, cells, noise of sites (angstrom) and of cells, what is free in both, and how much of the
// noise there is of each.
struct Jitter {
  const float *positions, *cells, *sites, *changes, *freedom, *cell_freedom, *rates;
  int64_t B, S;
};

bool ReadJitter(Call& call, int first, Jitter& jitter) {
  const float** at[] = {&jitter.positions, &jitter.cells,        &jitter.sites, &jitter.changes,
                        &jitter.freedom,   &jitter.cell_freedom, &jitter.rates};
  for (int i = 0; i < 7; i++) *at[i] = call.Floats(first + i);
  const Shape shape = call.ShapeOf(first);
  if (!call.Require(shape.size() == 3, "jitter: positions have another rank")) return false;
  jitter.B = shape[0];
  jitter.S = shape[1];
  const int64_t B = jitter.B, sites = B * jitter.S;
  return call.Require(shape[2] == 3 && call.Size(first + 1) == 6 * B &&
                          call.Size(first + 2) == 3 * sites && call.Size(first + 3) == 6 * B &&
                          call.Size(first + 4) == 9 * sites && call.Size(first + 5) == 36 * B &&
                          call.Size(first + 6) == 2,
                      "jitter: inputs do not fit");
}

// How far a site is moved, in fractions of the cell.
inline void MoveOf(const Jitter& jitter, int64_t site, float* move) {
  const float* cell = jitter.cells + site / jitter.S * 6;
  for (int axis = 0; axis < 3; axis++) {
    move[axis] = jitter.sites[3 * site + axis] * jitter.rates[0] / std::exp(cell[axis]);
  }
}

void JitterCrystals(void*, TF_OpKernelContext* context) {
  Call call(context);
  Jitter jitter;
  if (!ReadJitter(call, 0, jitter)) return;
  const int64_t B = jitter.B, S = jitter.S;
  float *positions = call.Output(0, {B, S, 3}), *cells = call.Output(1, {B, 6});
  if (!call.ok()) return;
  for (int64_t s = 0; s < B * S; s++) {
    float move[3], allowed[3];
    MoveOf(jitter, s, move);
    Through(move, jitter.freedom + 9 * s, allowed);
    for (int i = 0; i < 3; i++) positions[3 * s + i] = jitter.positions[3 * s + i] + allowed[i];
  }
  for (int64_t b = 0; b < B; b++) {
    const float* free = jitter.cell_freedom + 36 * b;
    for (int j = 0; j < 6; j++) {
      float sum = 0;
      for (int i = 0; i < 6; i++) sum += jitter.changes[6 * b + i] * free[6 * i + j];
      cells[6 * b + j] = jitter.cells[6 * b + j] + jitter.rates[1] * sum;
    }
  }
}

// The gradient in positions is the one in what they become.
void JitterCrystalsGrad(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *dpositions = call.Floats(0), *d = call.Floats(1);
  Jitter jitter;
  if (!ReadJitter(call, 2, jitter)) return;
  if (!call.Require(call.Size(0) == 3 * jitter.B * jitter.S && call.Size(1) == 6 * jitter.B,
                    "CbedJitterCrystalsGrad: gradients do not fit")) {
    return;
  }
  float* dcells = call.Output(0, {jitter.B, 6});
  if (!call.ok()) return;
  std::copy(d, d + 6 * jitter.B, dcells);
  for (int64_t s = 0; s < jitter.B * jitter.S; s++) {
    float move[3], dmove[3];
    MoveOf(jitter, s, move);
    ThroughGrad(dpositions + 3 * s, jitter.freedom + 9 * s, dmove);
    for (int axis = 0; axis < 3; axis++) dcells[s / jitter.S * 6 + axis] -= dmove[axis] * move[axis];
  }
}

// How often elements occur. ------------------------------------------------------------------------

// Shares of elements (E) among the slots of crystals.
std::vector<double> Shares(const float* species, const float* mask, int64_t slots, int64_t E) {
  std::vector<double> shares(E);
  double count = 0;
  for (int64_t k = 0; k < slots; k++) {
    count += mask[k];
    for (int64_t e = 0; e < E; e++) shares[e] += species[k * E + e];
  }
  for (double& share : shares) share /= count;
  return shares;
}

// sum (real - made)^2 / (real + made + 0.01) over the elements, and its slope for each slot of what
// is made.
void Frequency(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *real = call.Floats(0), *real_mask = call.Floats(1), *made = call.Floats(2);
  const float* mask = call.Floats(3);
  const Shape shape = call.ShapeOf(2);
  if (!call.Require(shape.size() == 3 && call.Size(3) == shape[0] * shape[1] &&
                        call.Size(0) == call.Size(1) * shape[2],
                    "CbedFrequency: species and slots do not fit")) {
    return;
  }
  const int64_t slots = call.Size(3), E = shape[2];
  float *loss = call.Output(0, {}), *slope = call.Output(1, {E});
  if (!call.ok()) return;
  const std::vector<double> had = Shares(real, real_mask, call.Size(1), E);
  const std::vector<double> has = Shares(made, mask, slots, E);
  double count = 0, sum = 0;
  for (int64_t k = 0; k < slots; k++) count += mask[k];
  for (int64_t e = 0; e < E; e++) {
    const double off = had[e] - has[e], either = had[e] + has[e] + 0.01;
    sum += off * off / either;
    slope[e] = -(2 * off + off * off / either) / either / count;
  }
  *loss = sum;
}

// The slope of the loss times its gradient, for every slot.
void FrequencyGrad(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float *d = call.Floats(0), *slope = call.Floats(1);
  const Shape shape = call.ShapeOf(2);
  if (!call.Require(call.Size(0) == 1 && shape.size() == 3 && call.Size(1) == shape[2],
                    "CbedFrequencyGrad: slope and species do not fit")) {
    return;
  }
  float* dspecies = call.Output(0, shape);
  if (!call.ok()) return;
  for (int64_t k = 0; k < shape[0] * shape[1]; k++, dspecies += shape[2]) {
    for (int64_t e = 0; e < shape[2]; e++) dspecies[e] = *d * slope[e];
  }
}

// Normal noise as Gumbel noise, by the quantile: -log(-log(u)).
void Gumbel(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float* x = call.Floats(0);
  const int64_t size = call.Size(0);
  float* y = call.Output(0, call.ShapeOf(0));
  if (!call.ok()) return;
  for (int64_t i = 0; i < size; i++) {
    const float u = (std::erf(x[i] / 1.41421356f) + 1) / 2;
    y[i] = -std::log(-std::log(std::min(std::max(u, 1e-6f), 1 - 1e-6f)));
  }
}

const std::vector<const char*> kChoiceInputs = {
    "tastes: float",  "taste_bias: float", "warmth: float", "warmth_bias: float",
    "species: float", "likeness: float",   "mask: float",   "most: float"};
const std::vector<const char*> kCellInputs = {
    "raw: float",          "bias: float",    "species: float", "slots: float",
    "multiplicity: float", "volumes: float", "freedom: float", "reference_species: float",
    "cells: float",        "most: float"};
const std::vector<const char*> kMoveInputs = {"raw: float",       "bias: float",  "pulls: float",
                                              "freedom: float",   "positions: float",
                                              "cells: float",     "most: float"};
const std::vector<const char*> kJitterInputs = {
    "positions: float", "cells: float",        "sites: float", "changes: float",
    "freedom: float",   "cell_freedom: float", "rates: float"};

using Specs = std::vector<const char*>;

Specs Joined(Specs first, const Specs& then) {
  first.insert(first.end(), then.begin(), then.end());
  return first;
}

}  // namespace

std::vector<Operation> CrystalChangeOperations() {
  return {
      {"CbedPickElements",
       Joined(kChoiceInputs, {"gumbel: float"}),
       {"picked: float", "soft: float", "bent: float"},
       PickElements},
      {"CbedPickElementsGrad",
       Joined({"dspecies: float", "soft: float", "bent: float"}, kChoiceInputs),
       {"dtastes: float", "dtaste_bias: float", "dwarmth: float", "dwarmth_bias: float"},
       PickElementsGrad},
      {"CbedChangeCells", kCellInputs, {"y: float"}, ChangeCells},
      {"CbedChangeCellsGrad",
       Joined({"dy: float"}, kCellInputs),
       {"draw: float", "dbias: float", "dspecies: float"},
       ChangeCellsGrad},
      {"CbedChangePositions", kMoveInputs, {"y: float"}, ChangePositions},
      {"CbedChangePositionsGrad",
       Joined({"dy: float"}, kMoveInputs),
       {"draw: float", "dbias: float"},
       ChangePositionsGrad},
      {"CbedJitterCrystals",
       kJitterInputs,
       {"moved: float", "changed: float"},
       JitterCrystals},
      {"CbedJitterCrystalsGrad",
       Joined({"dpositions: float", "dchanged: float"}, kJitterInputs),
       {"dcells: float"},
       JitterCrystalsGrad},
      {"CbedFrequency",
       {"real: float", "real_mask: float", "made: float", "mask: float"},
       {"loss: float", "slope: float"},
       Frequency},
      {"CbedFrequencyGrad",
       {"dloss: float", "slope: float", "species: float"},
       {"dspecies: float"},
       FrequencyGrad},
      {"CbedGumbel", {"x: float"}, {"y: float"}, Gumbel},
  };
}

}  // namespace cbed
