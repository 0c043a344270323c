// Complex planes on their way between real and reciprocal space: in strips of eight columns, with
// only those rows of the spectrum that a band limit leaves. Columns are transformed strip by strip,
// rows eight at a time, both in a core's cache.
#pragma once

#include <memory>

#include "fourier.h"

namespace cbed {

// The rows of a spectrum that are kept, in groups of eight; the last group is filled up.
class Band {
 public:
  // Those rows that hold a number other than 0 in any of some real planes (rows x columns).
  Band(int rows, int columns, const std::vector<const float*>& planes);

  int rows, columns, strips, groups;
  std::vector<int> kept;
  int padded() const { return groups * kLanes; }

  // A real plane over the kept rows: group by group, column by column, rows in the lanes.
  std::vector<Reals> Groups(const float* plane, float factor) const;
};

// A plane between the transforms of its rows and of its columns, columns in the lanes.
class Field {
 public:
  explicit Field(const Band& band)
      : band_(&band), values_(new Waves[static_cast<size_t>(band.strips) * band.padded()]) {}

  // Kept rows of a strip.
  Waves* Strip(int strip) { return &values_[static_cast<size_t>(strip) * band_->padded()]; }

  // A strip as a line of all rows, those outside the band 0, and back. `exchange` swaps real and
  // imaginary parts, which turns a forward transform into an inverse one.
  void TakeColumns(int strip, bool exchange, Waves* line);
  void PutColumns(int strip, const Waves* line);

  // Eight kept rows as a line, rows in the lanes, and back.
  void TakeRows(int group, Waves* line);
  void PutRows(int group, bool exchange, const Waves* line);

 private:
  const Band* band_;
  std::unique_ptr<Waves[]> values_;
};

// y = x factor, and its parts exchanged where asked; factors real or complex (im may be null).
void Scale(const Waves* x, const Reals* re, const Reals* im, int count, bool exchange, Waves* y);

// Work space of this thread: `count` numbers, overwritten by the next call.
Waves* Desk(size_t count);

}  // namespace cbed
