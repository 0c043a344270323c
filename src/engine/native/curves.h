// Curves that the compiler can work out for many numbers at once: the C library's take one at a time.
#pragma once

#include <cmath>
#include <cstring>

#include "lanes.h"

namespace cbed {

// The nearest whole number of anything below 2^22: adding 1.5 * 2^23 leaves no bits for a fraction.
INLINE float Nearest(float x) {
  constexpr float kNoFraction = 12582912.0f;
  return (x + kNoFraction) - kNoFraction;
}

// e^x to a unit in the last place or two for x up to 88; at least e^-87. The polynomial is the one of
// Cephes' expf (S. L. Moshier, Methods and Programs for Mathematical Functions, 1989).
INLINE float Exp(float x) {
  x = x < -87.0f ? -87.0f : x;
  const float n = Nearest(x * 1.44269504f);
  const float r = x - n * 0.693359375f + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const int32_t bits = (static_cast<int32_t>(n) + 127) << 23;
  float power;
  std::memcpy(&power, &bits, sizeof power);
  return (p * r * r + r + 1.0f) * power;
}

INLINE float Tanh(float x) {
  const float small = Exp(-2.0f * std::fabs(x));
  return std::copysign((1.0f - small) / (1.0f + small), x);
}

// cos and sin of 2 pi x by their Taylor series on a quarter of a turn to either side, exact to
// 6e-8 there; the other half of the circle has their signs turned.
INLINE void Turn(float x, float& cos, float& sin) {
  const float within = x - Nearest(x);
  const float half = Nearest(2.0f * within);
  const float sign = 1.0f - 2.0f * std::fabs(half);
  const float y = 6.28318531f * (within - 0.5f * half), q = y * y;
  float s = -1.0f / 39916800.0f;
  s = s * q + 1.0f / 362880.0f;
  s = s * q - 1.0f / 5040.0f;
  s = s * q + 1.0f / 120.0f;
  s = s * q - 1.0f / 6.0f;
  sin = sign * (s * q * y + y);
  float c = 1.0f / 479001600.0f;
  c = c * q - 1.0f / 3628800.0f;
  c = c * q + 1.0f / 40320.0f;
  c = c * q - 1.0f / 720.0f;
  c = c * q + 1.0f / 24.0f;
  c = c * q - 0.5f;
  cos = sign * (c * q + 1.0f);
}

}  // namespace cbed
