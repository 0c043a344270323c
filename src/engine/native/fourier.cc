// Stockham's transform: every pass reads one line and writes the other, in order, so that nothing
// needs to be sorted at the end (Van Loan 1992, section 1.7). Lanes never meet.
#include "fourier.h"

#include <cmath>
#include <utility>

namespace cbed {
namespace {

INLINE void Add(const Waves& a, const Waves& b, Waves& sum) {
  sum.re = a.re + b.re;
  sum.im = a.im + b.im;
}

INLINE void Subtract(const Waves& a, const Waves& b, Waves& difference) {
  difference.re = a.re - b.re;
  difference.im = a.im - b.im;
}

// a - i b and a + i b.
INLINE void QuarterTurn(const Waves& a, const Waves& b, Waves& minus, Waves& plus) {
  minus.re = a.re + b.im;
  minus.im = a.im - b.re;
  plus.re = a.re - b.im;
  plus.im = a.im + b.re;
}

// The transform of `radix` numbers, in place.
template <int radix>
struct Butterfly;

template <>
struct Butterfly<2> {
  static INLINE void Run(Waves* x) {
    const Waves first = x[0];
    Add(first, x[1], x[0]);
    Subtract(first, x[1], x[1]);
  }
};

template <>
struct Butterfly<3> {
  static INLINE void Run(Waves* x) {
    constexpr float kSine = 0.86602540378443865f;
    Waves sum, difference, middle;
    Add(x[1], x[2], sum);
    difference.re = kSine * (x[1].re - x[2].re);
    difference.im = kSine * (x[1].im - x[2].im);
    middle.re = x[0].re - 0.5f * sum.re;
    middle.im = x[0].im - 0.5f * sum.im;
    Add(x[0], sum, x[0]);
    QuarterTurn(middle, difference, x[1], x[2]);
  }
};

template <>
struct Butterfly<4> {
  static INLINE void Run(Waves* x) {
    Waves even, odd, low, high;
    Add(x[0], x[2], even);
    Subtract(x[0], x[2], low);
    Add(x[1], x[3], odd);
    Subtract(x[1], x[3], high);
    Add(even, odd, x[0]);
    Subtract(even, odd, x[2]);
    QuarterTurn(low, high, x[1], x[3]);
  }
};

template <>
struct Butterfly<5> {
  static INLINE void Run(Waves* x) {
    constexpr float kCos1 = 0.30901699437494742f, kCos2 = -0.80901699437494742f,
                    kSin1 = 0.95105651629515357f, kSin2 = 0.58778525229247313f;
    Waves near, far, across, wide, middle, turned;
    Add(x[1], x[4], near);
    Subtract(x[1], x[4], across);
    Add(x[2], x[3], far);
    Subtract(x[2], x[3], wide);
    const Waves first = x[0];
    x[0].re = first.re + near.re + far.re;
    x[0].im = first.im + near.im + far.im;
    middle.re = first.re + kCos1 * near.re + kCos2 * far.re;
    middle.im = first.im + kCos1 * near.im + kCos2 * far.im;
    turned.re = kSin1 * across.re + kSin2 * wide.re;
    turned.im = kSin1 * across.im + kSin2 * wide.im;
    QuarterTurn(middle, turned, x[1], x[4]);
    middle.re = first.re + kCos2 * near.re + kCos1 * far.re;
    middle.im = first.im + kCos2 * near.im + kCos1 * far.im;
    turned.re = kSin2 * across.re - kSin1 * wide.re;
    turned.im = kSin2 * across.im - kSin1 * wide.im;
    QuarterTurn(middle, turned, x[2], x[3]);
  }
};

template <>
struct Butterfly<8> {
  static INLINE void Run(Waves* x) {
    constexpr float kHalf = 0.70710678118654752f;
    Waves even[4] = {x[0], x[2], x[4], x[6]}, odd[4] = {x[1], x[3], x[5], x[7]};
    Butterfly<4>::Run(even);
    Butterfly<4>::Run(odd);
    Waves turned;
    Add(even[0], odd[0], x[0]);
    Subtract(even[0], odd[0], x[4]);
    turned.re = kHalf * (odd[1].re + odd[1].im);
    turned.im = kHalf * (odd[1].im - odd[1].re);
    Add(even[1], turned, x[1]);
    Subtract(even[1], turned, x[5]);
    QuarterTurn(even[2], odd[2], x[2], x[6]);
    turned.re = kHalf * (odd[3].im - odd[3].re);
    turned.im = -kHalf * (odd[3].re + odd[3].im);
    Add(even[3], turned, x[3]);
    Subtract(even[3], turned, x[7]);
  }
};

template <int radix>
INLINE void SweepBy(int groups, int stride, const float* __restrict__ turns,
                    const Waves* __restrict__ from, Waves* __restrict__ to) {
  const int apart = groups * stride;
  for (int group = 0; group < groups; group++, turns += 2 * (radix - 1)) {
    const Waves* in = from + group * stride;
    Waves* out = to + group * stride * radix;
    for (int at = 0; at < stride; at++) {
      Waves x[radix];
      for (int part = 0; part < radix; part++) x[part] = in[part * apart + at];
      Butterfly<radix>::Run(x);
      out[at] = x[0];
      for (int part = 1; part < radix; part++) {
        if (group == 0) {
          out[part * stride + at] = x[part];
          continue;
        }
        const float c = turns[2 * part - 2], s = turns[2 * part - 1];
        Waves& y = out[part * stride + at];
        y.re = c * x[part].re - s * x[part].im;
        y.im = c * x[part].im + s * x[part].re;
      }
    }
  }
}

// One pass: numbers `stride` apart are one each; `groups` of them are left when it is done.
FOR_EACH_PROCESSOR
void Sweep(int radix, int groups, int stride, const float* turns, const Waves* from, Waves* to) {
  switch (radix) {
    case 2: return SweepBy<2>(groups, stride, turns, from, to);
    case 3: return SweepBy<3>(groups, stride, turns, from, to);
    case 4: return SweepBy<4>(groups, stride, turns, from, to);
    case 5: return SweepBy<5>(groups, stride, turns, from, to);
    default: return SweepBy<8>(groups, stride, turns, from, to);
  }
}

// The radix of the next pass over this many numbers; 0 where there is none.
int RadixOf(int left) {
  if (left % 16 == 0 && left % 32 != 0) return 4;
  for (int radix : {8, 4, 2, 3, 5}) {
    if (left % radix == 0) return radix;
  }
  return 0;
}

}  // namespace

bool Fourier::Fits(int length) {
  if (length < 1) return false;
  for (int radix; length > 1; length /= radix) {
    radix = RadixOf(length);
    if (radix == 0) return false;
  }
  return true;
}

Fourier::Fourier(int length) : length_(length) {
  for (int left = length, stride = 1; left > 1;) {
    const int radix = RadixOf(left), groups = left / radix;
    Pass pass{radix, groups, stride, {}};
    for (int group = 0; group < groups; group++) {
      for (int part = 1; part < radix; part++) {
        const double angle = -2 * M_PI * group * part / left;
        pass.turns.push_back(static_cast<float>(std::cos(angle)));
        pass.turns.push_back(static_cast<float>(std::sin(angle)));
      }
    }
    passes_.push_back(std::move(pass));
    left = groups;
    stride *= radix;
  }
}

Waves* Fourier::Forward(Waves* line, Waves* other) const {
  for (const Pass& pass : passes_) {
    Sweep(pass.radix, pass.groups, pass.stride, pass.turns.data(), line, other);
    std::swap(line, other);
  }
  return line;
}

}  // namespace cbed
