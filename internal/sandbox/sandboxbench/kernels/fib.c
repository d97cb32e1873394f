// Doubly recursive Fibonacci numbers: calls and nothing else.
static __attribute__((noinline)) unsigned fib(unsigned n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

unsigned long long run(unsigned n) { return fib(n); }
