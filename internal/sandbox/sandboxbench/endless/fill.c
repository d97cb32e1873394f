// Fills and copies 32 MiB at a time, for ever: each is one instruction.
static char room[32 << 20];

void _start(void) {
    for (;;) {
        __builtin_memset(room, 1, sizeof room);
        __builtin_memmove(room + 1, room, sizeof room - 1);
    }
}
