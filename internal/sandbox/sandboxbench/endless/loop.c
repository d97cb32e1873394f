// A loop without end.
void _start(void) {
    for (volatile unsigned x = 0;; x++) continue;
}
