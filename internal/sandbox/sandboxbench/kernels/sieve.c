// Sieve of Eratosthenes over 64 KiB, n times: tight loops of byte stores.
enum { N = 1 << 16 };
static unsigned char composite[N];

unsigned long long run(unsigned n) {
    unsigned count = 0;
    for (unsigned r = 0; r < n; r++) {
        for (int i = 0; i < N; i++) composite[i] = 0;
        for (int i = 2; i < N; i++) {
            if (composite[i]) continue;
            count++;
            for (int j = i + i; j < N; j += i) composite[j] = 1;
        }
    }
    return count;
}
