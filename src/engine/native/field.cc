#include "field.h"

#include <algorithm>
#include <cstring>

namespace cbed {
namespace {

typedef float Four __attribute__((vector_size(16)));
#if defined(__clang__)
#define MIX(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
typedef int32_t Places __attribute__((vector_size(16)));
#define MIX(a, b, i, j, k, l) __builtin_shuffle(a, b, Places{i, j, k, l})
#endif

// Floats from one row of Waves to the next.
constexpr int kPitch = 2 * kLanes;

// Transposes one part, real or imaginary, of eight Waves.
INLINE void Transpose(const float* from, float* to) {
  for (int i = 0; i < kLanes; i += 4) {
    for (int j = 0; j < kLanes; j += 4) {
      Four x[4], y[4];
      for (int k = 0; k < 4; k++) std::memcpy(&x[k], from + (i + k) * kPitch + j, sizeof(Four));
      const Four low01 = MIX(x[0], x[1], 0, 4, 1, 5), high01 = MIX(x[0], x[1], 2, 6, 3, 7),
                 low23 = MIX(x[2], x[3], 0, 4, 1, 5), high23 = MIX(x[2], x[3], 2, 6, 3, 7);
      y[0] = MIX(low01, low23, 0, 1, 4, 5);
      y[1] = MIX(low01, low23, 2, 3, 6, 7);
      y[2] = MIX(high01, high23, 0, 1, 4, 5);
      y[3] = MIX(high01, high23, 2, 3, 6, 7);
      for (int k = 0; k < 4; k++) std::memcpy(to + (j + k) * kPitch + i, &y[k], sizeof(Four));
    }
  }
}

FOR_EACH_PROCESSOR
void TransposeTile(const Waves* from, bool exchange, Waves* to) {
  const float* in = reinterpret_cast<const float*>(from);
  float* out = reinterpret_cast<float*>(to);
  Transpose(in, out + (exchange ? kLanes : 0));
  Transpose(in + kLanes, out + (exchange ? 0 : kLanes));
}

FOR_EACH_PROCESSOR
void Spread(const Waves* strip, const int* kept, int count, bool exchange, Waves* line) {
  for (int i = 0; i < count; i++) {
    Waves& to = line[kept[i]];
    to.re = exchange ? strip[i].im : strip[i].re;
    to.im = exchange ? strip[i].re : strip[i].im;
  }
}

FOR_EACH_PROCESSOR
void Collect(const Waves* line, const int* kept, int count, Waves* strip) {
  for (int i = 0; i < count; i++) strip[i] = line[kept[i]];
}

}  // namespace

FOR_EACH_PROCESSOR
void Scale(const Waves* x, const Reals* re, const Reals* im, int count, bool exchange, Waves* y) {
  for (int i = 0; i < count; i++) {
    Lanes a = re[i].at * x[i].re, b = re[i].at * x[i].im;
    if (im) {
      a -= im[i].at * x[i].im;
      b += im[i].at * x[i].re;
    }
    y[i].re = exchange ? b : a;
    y[i].im = exchange ? a : b;
  }
}

Band::Band(int row_count, int column_count, const std::vector<const float*>& planes)
    : rows(row_count), columns(column_count), strips((column_count + kLanes - 1) / kLanes) {
  for (int row = 0; row < rows; row++) {
    const auto filled = [&](const float* plane) {
      const float* from = plane + static_cast<size_t>(row) * columns;
      return std::any_of(from, from + columns, [](float value) { return value != 0; });
    };
    if (std::any_of(planes.begin(), planes.end(), filled)) kept.push_back(row);
  }
  groups = static_cast<int>((kept.size() + kLanes - 1) / kLanes);
}

std::vector<Reals> Band::Groups(const float* plane, float factor) const {
  std::vector<Reals> out(static_cast<size_t>(groups) * columns, Reals{});
  for (size_t i = 0; i < kept.size(); i++) {
    Reals* to = &out[i / kLanes * columns];
    const float* from = plane + static_cast<size_t>(kept[i]) * columns;
    for (int column = 0; column < columns; column++) to[column].at[i % kLanes] = factor * from[column];
  }
  return out;
}

void Field::TakeColumns(int strip, bool exchange, Waves* line) {
  std::memset(static_cast<void*>(line), 0, band_->rows * sizeof(Waves));
  Spread(Strip(strip), band_->kept.data(), static_cast<int>(band_->kept.size()), exchange, line);
}

void Field::PutColumns(int strip, const Waves* line) {
  const int count = static_cast<int>(band_->kept.size());
  Waves* to = Strip(strip);
  Collect(line, band_->kept.data(), count, to);
  std::memset(static_cast<void*>(to + count), 0, (band_->padded() - count) * sizeof(Waves));
}

void Field::TakeRows(int group, Waves* line) {
  for (int strip = 0; strip < band_->strips; strip++) {
    TransposeTile(Strip(strip) + group * kLanes, false, line + strip * kLanes);
  }
}

void Field::PutRows(int group, bool exchange, const Waves* line) {
  for (int strip = 0; strip < band_->strips; strip++) {
    TransposeTile(line + strip * kLanes, exchange, Strip(strip) + group * kLanes);
  }
}

Waves* Desk(size_t count) {
  static thread_local std::vector<Waves> desk;
  if (desk.size() < count) desk.resize(count, Waves{});
  return desk.data();
}

}  // namespace cbed
