// Multislice of probes in a box: from slice to slice a wave is only ever partly transformed, so that
// it goes through memory twice a slice, once by columns and once by rows.
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

// Rows of a band that the waves fill when they come in are no longer there when they go out, so
// that the band has to hold both.
Band BandOf(const Shape& shape, const float* waves, const float* onward) {
  const int rows = static_cast<int>(shape[3]), columns = static_cast<int>(shape[4]);
  const int64_t count = shape[0] * shape[1] * 2, points = shape[3] * shape[4];
  std::vector<float> filled(points, 0);
  for (int64_t i = 0; i < count * points; i++) filled[i % points] += waves[i] != 0;
  for (int64_t i = 0; i < 2 * shape[0] * points; i++) filled[i % points] += onward[i] != 0;
  return Band(rows, columns, filled.data(), 1);
}

// Spectra of waves (energies, probes, 2, rows, columns), propagators (energies, 2, rows, columns)
// and what CbedBoxTransmissions gave for each slice; gives the spectra behind the last slice.
void BoxWaves(void*, TF_OpKernelContext* context) {
  Call call(context);
  const Shape shape = call.ShapeOf(0), way = call.ShapeOf(1);
  if (!call.Require(shape.size() == 5 && shape[2] == 2 && Fourier::Fits(shape[3]) &&
                        Fourier::Fits(shape[4]),
                    "CbedBoxWaves: waves are not (E, P, 2, rows, columns) of small factors") ||
      !call.Require(way == Shape{shape[0], 2, shape[3], shape[4]},
                    "CbedBoxWaves: propagators are not (E, 2, rows, columns)")) {
    return;
  }
  const int64_t energies = shape[0], count = energies * shape[1], points = shape[3] * shape[4];
  const float *waves = call.Floats(0), *onward = call.Floats(1);
  const Band band = BandOf(shape, waves, onward);
  const int64_t slice = static_cast<int64_t>(band.strips) * band.rows;
  std::vector<const Waves*> slices;
  for (int i = 2; i < call.InputCount(); i++) {
    if (!call.Require(call.Size(i) == energies * slice * 2 * kLanes,
                      "CbedBoxWaves: a transmission function is of another box")) {
      return;
    }
    slices.push_back(reinterpret_cast<const Waves*>(call.Floats(i)));
  }
  float* out = call.Output(0, shape);
  if (!call.ok()) return;
  const Fourier column(band.rows), row(band.columns);
  const Box box{band, column, row,
                static_cast<size_t>(std::max(band.strips * kLanes, band.rows))};
  std::vector<std::vector<Reals>> turns;
  for (int64_t i = 0; i < 2 * energies; i++) {
    turns.push_back(band.Groups(onward + i * points, 1.0f / points));
  }
  std::vector<Field> fields;
  for (int64_t i = 0; i < count; i++) {
    fields.emplace_back(band);
    Fill(band, waves + 2 * i * points, fields.back());
  }
  const auto rows = [&](Way to) {
    ForParts(count * band.groups, 256 * box.line, [&](int64_t part) {
      const int64_t at = part / band.groups, energy = at / shape[1];
      Rows(box, fields[at], static_cast<int>(part % band.groups), to, &turns[2 * energy]);
    });
  };
  rows(kIn);
  for (size_t i = 0; i < slices.size(); i++) {
    ForParts(count * band.strips, 256 * box.line, [&](int64_t part) {
      const int64_t at = part / band.strips, energy = at / shape[1];
      Columns(box, fields[at], static_cast<int>(part % band.strips), slices[i] + energy * slice);
    });
    rows(i + 1 < slices.size() ? kOn : kOut);
  }
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
