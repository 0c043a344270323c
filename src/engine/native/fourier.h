// Fourier transforms of eight lines at once: lines lie side by side in the lanes.
#pragma once

#include "lanes.h"

namespace cbed {

// The transform of one length, 2^a 3^b 5^c; its passes and their turns.
class Fourier {
 public:
  explicit Fourier(int length);

  // Whether a length is one that can be transformed.
  static bool Fits(int length);

  // Unnormalised forward transform of `length` numbers on every lane. `line` and `other` are both
  // overwritten; gives the one that holds the result. The inverse is the same with real and
  // imaginary parts exchanged before and after.
  Waves* Forward(Waves* line, Waves* other) const;

  int length() const { return length_; }

 private:
  struct Pass {
    int radix, groups, stride;
    std::vector<float> turns;
  };

  int length_;
  std::vector<Pass> passes_;
};

}  // namespace cbed
