// Five bodies under gravity for n steps: chains of float operations with square
// roots and divisions.
static double x[5], y[5], z[5], vx[5], vy[5], vz[5], m[5];

unsigned long long run(unsigned n) {
    for (int i = 0; i < 5; i++) {
        x[i] = i * 3.1, y[i] = i * i * 0.7 - 2, z[i] = 1.0 / (i + 1);
        vx[i] = 0.1 * i, vy[i] = 0.2 - 0.05 * i, vz[i] = 0.01 * i;
        m[i] = 1.0 / (1 + i);
    }
    for (unsigned s = 0; s < n; s++) {
        for (int i = 0; i < 5; i++)
            for (int j = i + 1; j < 5; j++) {
                double dx = x[i] - x[j], dy = y[i] - y[j], dz = z[i] - z[j];
                double d2 = dx * dx + dy * dy + dz * dz + 0.01;
                double mag = 0.001 / (d2 * __builtin_sqrt(d2));
                vx[i] -= dx * m[j] * mag, vy[i] -= dy * m[j] * mag, vz[i] -= dz * m[j] * mag;
                vx[j] += dx * m[i] * mag, vy[j] += dy * m[i] * mag, vz[j] += dz * m[i] * mag;
            }
        for (int i = 0; i < 5; i++) x[i] += 0.001 * vx[i], y[i] += 0.001 * vy[i], z[i] += 0.001 * vz[i];
    }
    double e = x[0] + y[1] + z[2] + x[3];
    return *(unsigned long long *)&e;
}
