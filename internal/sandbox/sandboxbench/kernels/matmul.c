// Product of two 48x48 matrices of doubles, n times.
typedef unsigned long long u64;
enum { N = 48 };
static double a[N][N], b[N][N], c[N][N];

u64 run(unsigned n) {
    double sum = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) a[i][j] = i + j * 0.5, b[i][j] = i * 0.25 - j;
    for (unsigned r = 0; r < n; r++) {
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                double s = 0;
                for (int k = 0; k < N; k++) s += a[i][k] * b[k][j];
                c[i][j] = s;
            }
        sum += c[r % N][3];
    }
    return (u64)(long long)sum;
}
