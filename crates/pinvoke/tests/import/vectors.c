// Vectors of the processor, by value and behind a pointer.
#include <immintrin.h>

__m128 vector_reverse(__m128 v) { return _mm_shuffle_ps(v, v, 0x1b); }
__m128i vector_add(int before, __m128i a, double d, __m128i b) { return _mm_add_epi32(_mm_add_epi32(a, b), _mm_set1_epi32(before + (int)d)); }
__m128d vector_sum(const __m128d *v, int n) { __m128d s = _mm_setzero_pd(); for (int i = 0; i < n; i++) s = _mm_add_pd(s, v[i]); return s; }
