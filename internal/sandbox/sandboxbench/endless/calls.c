// Years of work without a loop.
static __attribute__((noinline)) unsigned long long fib(unsigned n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

volatile unsigned long long result;

void _start(void) { result = fib(90); }
