// What a margin makes of the cosine to the own class, in float64 as on the CPU: one number a sample.

struct Target {
  double value, slope;
  bool past_turn;
};

enum { COSINE, COMBINED, PLAIN, LINEAR, EASY, CLIP };

// Cosines are kept this far from ±1, where the derivative of the arccosine has its poles. What is no number stays so.
constexpr double NEAR_ONE = 1. - 1e-7;
__device__ __forceinline__ double clamped(double c, double limit) { return c < -limit ? -limit : c > limit ? limit : c; }

__device__ Target arcface(double cosine, int past, double margin) {
  double c = clamped(cosine, NEAR_ONE), sine = sqrt(1. - c * c), sin_m = sin(margin), cos_m = cos(margin);
  bool past_turn = c < -cos_m;
  if (past == LINEAR && past_turn) return {c - margin * sin_m, 1., true};
  if (past == EASY && c <= 0.) return {c, 1., past_turn};
  if (past == CLIP && past_turn) return {-1., 0., true};
  return {c * cos_m - sine * sin_m, cos_m + c * sin_m / sine, past_turn};
}

__device__ Target combined(double cosine, double multiplier, double margin, double cosine_margin) {
  double theta = acos(clamped(cosine, NEAR_ONE)), widened = multiplier * theta + margin;
  return {cos(widened) - cosine_margin, multiplier * sin(widened) / sin(theta), widened > 3.14159265358979323846};
}

__device__ Target target(double cosine, int margin, int straight_through, double m1, double m2, double m3) {
  if (margin == COSINE) return {cosine - m3, 1., false};
  Target target = margin == COMBINED ? combined(cosine, m1, m2, m3) : arcface(cosine, margin, m2);
  // The clamp is flat outside its range.
  if (straight_through) target.slope = 1.;
  else if (fabs(cosine) > NEAR_ONE) target.slope = 0.;
  return target;
}
