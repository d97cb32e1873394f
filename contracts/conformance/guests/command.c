// A WASI command: stdin to stdout, or what its entry says instead.
#include "krako.h"

static byte buffer[PAGE / 2], text[512], *argv[2];

static void write(i32 fd, range r) {
  u32 n;
  while (r.len) {
    if (wasi_fd_write(fd, &r, 1, &n)) wasi_proc_exit(70);
    r.at += n, r.len -= n;
  }
}

EXPORT("_start") void start(void) {
  if (wasi_args_get(argv, text)) wasi_proc_exit(71);
  range entry = {argv[1], length((char *)argv[1])}, all = {buffer, sizeof buffer};
  u32 n;
  if (equal(entry, "exit")) wasi_proc_exit(3);
  if (equal(entry, "flood")) for (;;) write(1, all);
  if (equal(entry, "log")) for (u32 i = 0; i < 64; i++) write(2, all);
  for (;;) {
    if (wasi_fd_read(0, &all, 1, &n)) wasi_proc_exit(72);
    if (!n) return;
    write(1, (range){buffer, n});
  }
}
