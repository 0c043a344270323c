// Multislice of probes in a box: from slice to slice a wave is only ever partly transformed, so that
// it goes through memory twice a slice, once by columns and once by rows.
#include <algorithm>
#include <cstring>

#include "field.h"

namespace cbed {
namespace {

// What all waves of a call share.
struct Box {
  const Band& band;
  const Fourier& column;
  const Fourier& row;
  // Length of a line that holds a row, filled up, or a column.
  size_t line;
};

FOR_EACH_PROCESSOR
void Transmit(const Waves* exchanged, const Waves* transmission, int count, Waves* wave) {
  for (int i = 0; i < count; i++) {
    const Waves x{exchanged[i].im, exchanged[i].re};
    Multiply(x, transmission[i], wave[i]);
  }
}

// Columns of one strip: to real space, through the slice, back.
void Columns(const Box& box, Field& wave, int strip, const Waves* transmission) {
  const int rows = box.band.rows;
  Waves *line = Desk(2 * box.line), *other = line + box.line;
  wave.TakeColumns(strip, true, line);
  Waves* real = box.column.Forward(line, other);
  Transmit(real, transmission + static_cast<size_t>(strip) * rows, rows, real);
  wave.PutColumns(strip, box.column.Forward(real, real == line ? other : line));
}

// How far rows are taken.
enum Way { kIn, kOn, kOut };

// Rows of one group: out of the last slice (forward, propagated) and into the next (inverse).
void Rows(const Box& box, Field& wave, int group, Way way, const std::vector<Reals>* onward) {
  const int columns = box.band.columns;
  const size_t from = static_cast<size_t>(group) * columns;
  Waves *line = Desk(2 * box.line), *other = line + box.line;
  wave.TakeRows(group, line);
  Waves* now = way == kIn ? line : box.row.Forward(line, other);
  if (way == kIn) {
    for (int i = 0; i < columns; i++) std::swap(now[i].re, now[i].im);
  } else {
    Scale(now, &onward[0][from], &onward[1][from], columns, way == kOn, now);
  }
  if (way != kOut) now = box.row.Forward(now, now == line ? other : line);
  wave.PutRows(group, way != kOut, now);
}

// Kept rows of a spectrum (2, rows, columns) to a field, and back into zeros.
void Fill(const Band& band, const float* spectrum, Field& wave) {
  const size_t points = static_cast<size_t>(band.rows) * band.columns;
  for (int strip = 0; strip < band.strips; strip++) {
    Waves* to = wave.Strip(strip);
    std::memset(static_cast<void*>(to), 0, band.padded() * sizeof(Waves));
    const int from = strip * kLanes, width = std::min(kLanes, band.columns - from);
    for (size_t i = 0; i < band.kept.size(); i++) {
      const float* at = spectrum + static_cast<size_t>(band.kept[i]) * band.columns + from;
      std::memcpy(&to[i].re, at, width * sizeof(float));
      std::memcpy(&to[i].im, at + points, width * sizeof(float));
    }
  }
}

void Empty(const Band& band, Field& wave, float* spectrum) {
  const size_t points = static_cast<size_t>(band.rows) * band.columns;
  std::memset(spectrum, 0, 2 * points * sizeof(float));
  for (int strip = 0; strip < band.strips; strip++) {
    const Waves* values = wave.Strip(strip);
    const int from = strip * kLanes, width = std::min(kLanes, band.columns - from);
    for (size_t i = 0; i < band.kept.size(); i++) {
      float* at = spectrum + static_cast<size_t>(band.kept[i]) * band.columns + from;
      std::memcpy(at, &values[i].re, width * sizeof(float));
      std::memcpy(at + points, &values[i].im, width * sizeof(float));
    }
  }
}

// `count` planes one after another.
std::vector<const float*> Planes(const float* first, int64_t count, int64_t points) {
  std::vector<const float*> planes;
  for (int64_t i = 0; i < count; i++) planes.push_back(first + i * points);
  return planes;
}

// Takes waves of a call through its slices, in place.
void Through(const Box& box, const std::vector<const Waves*>& slices,
             const std::vector<std::vector<Reals>>& onward, int64_t probes,
             std::vector<Field>& waves) {
  const int64_t count = static_cast<int64_t>(waves.size()), groups = box.band.groups,
                strips = box.band.strips, work = 256 * static_cast<int64_t>(box.line);
  const auto rows = [&](Way way) {
    ForParts(count * groups, work, [&](int64_t part) {
      const int64_t at = part / groups, energy = at / probes;
      Rows(box, waves[at], static_cast<int>(part % groups), way, &onward[2 * energy]);
    });
  };
  rows(kIn);
  for (size_t i = 0; i < slices.size(); i++) {
    ForParts(count * strips, work, [&](int64_t part) {
      const int64_t at = part / strips, energy = at / probes;
      Columns(box, waves[at], static_cast<int>(part % strips),
              slices[i] + energy * strips * box.band.rows);
    });
    rows(i + 1 < slices.size() ? kOn : kOut);
  }
}

// Whether the inputs of a call are what BoxWaves says.
bool Fits(Call& call) {
  const Shape shape = call.ShapeOf(0), onward = call.ShapeOf(1);
  if (!call.Require(shape.size() == 5 && shape[2] == 2 && Fourier::Fits(shape[3]) &&
                        Fourier::Fits(shape[4]),
                    "CbedBoxWaves: waves are not (E, P, 2, rows, columns) of small factors") ||
      !call.Require(onward == Shape{shape[0], 2, shape[3], shape[4]},
                    "CbedBoxWaves: propagators are not (E, 2, rows, columns)")) {
    return false;
  }
  const int64_t strips = (shape[4] + kLanes - 1) / kLanes;
  for (int i = 2; i < call.InputCount(); i++) {
    if (!call.Require(call.Size(i) == shape[0] * strips * shape[3] * 2 * kLanes,
                      "CbedBoxWaves: a transmission function is of another box")) {
      return false;
    }
  }
  return true;
}

// Spectra of waves (energies, probes, 2, rows, columns), propagators (energies, 2, rows, columns)
// and what CbedBoxTransmissions gave for each slice; gives the spectra behind the last slice.
void BoxWaves(void*, TF_OpKernelContext* context) {
  Call call(context);
  if (!Fits(call)) return;
  const Shape shape = call.ShapeOf(0);
  const int64_t energies = shape[0], count = energies * shape[1], points = shape[3] * shape[4];
  const float *waves = call.Floats(0), *onward = call.Floats(1);
  std::vector<const Waves*> slices;
  for (int i = 2; i < call.InputCount(); i++) {
    slices.push_back(reinterpret_cast<const Waves*>(call.Floats(i)));
  }
  float* out = call.Output(0, shape);
  if (!call.ok()) return;
  // A probe may come in wider than the band limit lets it out.
  std::vector<const float*> planes = Planes(onward, 2 * energies, points);
  for (const float* plane : Planes(waves, 2 * count, points)) planes.push_back(plane);
  const Band band(static_cast<int>(shape[3]), static_cast<int>(shape[4]), planes);
  const Fourier column(band.rows), row(band.columns);
  const Box box{band, column, row,
                static_cast<size_t>(std::max(band.strips * kLanes, band.rows))};
  std::vector<std::vector<Reals>> turns;
  for (const float* plane : Planes(onward, 2 * energies, points)) {
    turns.push_back(band.Groups(plane, 1.0f / points));
  }
  std::vector<Field> fields;
  for (int64_t i = 0; i < count; i++) {
    fields.emplace_back(band);
    Fill(band, waves + 2 * i * points, fields.back());
  }
  Through(box, slices, turns, shape[1], fields);
  for (int64_t i = 0; i < count; i++) Empty(band, fields[i], out + 2 * i * points);
}

}  // namespace

std::vector<Operation> BoxWaveOperations() {
  return {{"CbedBoxWaves",
           {"waves: float", "onward: float", "transmissions: N * float"},
           {"after: float"},
           BoxWaves}};
}

}  // namespace cbed
