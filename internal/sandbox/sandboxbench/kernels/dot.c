// Dot products of 1024 floats by SIMD, n times.
#include <wasm_simd128.h>
static float a[1024], b[1024];

unsigned long long run(unsigned n) {
    for (int i = 0; i < 1024; i++) a[i] = i * 0.01f, b[i] = 5 - i * 0.003f;
    float total = 0;
    for (unsigned r = 0; r < n; r++) {
        v128_t s = wasm_f32x4_splat(0), t = wasm_f32x4_splat(0);
        for (int i = 0; i < 1024; i += 8) {
            s = wasm_f32x4_add(s, wasm_f32x4_mul(wasm_v128_load(a + i), wasm_v128_load(b + i)));
            t = wasm_f32x4_add(t, wasm_f32x4_mul(wasm_v128_load(a + i + 4), wasm_v128_load(b + i + 4)));
        }
        s = wasm_f32x4_add(s, t);
        total += wasm_f32x4_extract_lane(s, 0) + wasm_f32x4_extract_lane(s, 3);
        a[r & 1023] += 0.5f;
    }
    return (long long)total;
}
