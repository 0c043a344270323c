// Eight complex numbers that are worked on at once: eight waves, columns or rows. Eight, because the
// transform of eight such numbers then fits the registers of AVX2; with sixteen it ran five times slower there.
#pragma once

#include "kernels.h"

// Where the caller is compiled for several processors, this has to become part of it.
#define INLINE inline __attribute__((always_inline))

namespace cbed {

constexpr int kLanes = 8;
typedef float Lanes __attribute__((vector_size(4 * kLanes)));

// A real and a complex number for every lane. Said aloud: the type of the lanes alone is aligned to
// less.
struct alignas(sizeof(Lanes)) Reals {
  Lanes at;
};
struct alignas(sizeof(Lanes)) Waves {
  Lanes re, im;
};

INLINE void Multiply(const Waves& a, const Waves& b, Waves& product) {
  const Lanes re = a.re * b.re - a.im * b.im;
  product.im = a.re * b.im + a.im * b.re;
  product.re = re;
}

}  // namespace cbed
