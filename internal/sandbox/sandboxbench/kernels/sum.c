// The C unit: a reactor that sums the integers of its input.
#include <stdint.h>

static char room[16384];

uint32_t krako_alloc(uint32_t len) {
	return len <= sizeof room ? (uint32_t)(uintptr_t)room : 0;
}

uint64_t krako_run(uint32_t ptr, uint32_t len) {
	static char out[32];
	const char *in = (const char *)(uintptr_t)ptr;
	int64_t sum = 0, n = 0, sign = 1, digits = 0;
	for (uint32_t i = 0; i < len; i++) {
		if (in[i] >= '0' && in[i] <= '9') {
			n = n * 10 + (in[i] - '0');
			digits = 1;
			continue;
		}
		if (digits)
			sum += sign * n;
		sign = in[i] == '-' ? -1 : 1;
		n = digits = 0;
	}
	char *p = out + sizeof out;
	uint64_t v = sum < 0 ? -(uint64_t)sum : (uint64_t)sum;
	do
		*--p = (char)('0' + v % 10);
	while (v /= 10);
	if (sum < 0)
		*--p = '-';
	return (uint64_t)(uintptr_t)p << 32 | (uint64_t)(out + sizeof out - p);
}
