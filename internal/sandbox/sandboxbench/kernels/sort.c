// Quicksort of 4096 integers through a comparison function, n times: calls
// through a table, recursion, remainders.
typedef int (*compare)(int, int);
static int up(int a, int b) { return a < b; }
static int down(int a, int b) { return a > b; }
static int v[4096];

static __attribute__((noinline)) void sort(int lo, int hi, compare before) {
    if (lo >= hi) return;
    int pivot = v[(lo + hi) / 2], i = lo, j = hi;
    while (i <= j) {
        while (before(v[i], pivot)) i++;
        while (before(pivot, v[j])) j--;
        if (i <= j) {
            int t = v[i];
            v[i++] = v[j];
            v[j--] = t;
        }
    }
    sort(lo, j, before);
    sort(i, hi, before);
}

unsigned long long run(unsigned n) {
    unsigned x = 1, sum = 0;
    for (unsigned r = 0; r < n; r++) {
        for (int i = 0; i < 4096; i++) {
            x = x * 1664525 + 1013904223;
            v[i] = x % 100003;
        }
        sort(0, 4095, r & 1 ? up : down);
        sum = sum * 31 + v[100];
    }
    return sum;
}
