// Waits for memory: each access is to a place that the one before decides.
static unsigned table[1 << 23];

void _start(void) {
	for (unsigned x = 1;; x = x * 1664525 + 1013904223 + table[x >> 9]) table[x >> 9] = x;
}
