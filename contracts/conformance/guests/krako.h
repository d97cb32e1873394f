// What the guests share: the host calls of profile det-1 that they make, and
// the little that a program without a C library needs.
#pragma once

typedef unsigned char byte;
typedef int i32;
typedef unsigned int u32;
typedef long long i64;
typedef unsigned long long u64;

#define EXPORT(name) __attribute__((export_name(name)))
#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))

#define WASI "wasi_snapshot_preview1"

typedef struct { byte *at; u32 len; } range;

IMPORT("krako", "media_type") void krako_media_type(const byte *at, u32 len);
IMPORT("krako", "blob_size") i64 krako_blob_size(const byte *name, u32 len);
IMPORT("krako", "blob_read") i32 krako_blob_read(const byte *name, u32 len, i64 from, byte *to, u32 most);

IMPORT(WASI, "args_get") i32 wasi_args_get(byte **argv, byte *text);
IMPORT(WASI, "clock_time_get") i32 wasi_clock_time_get(u32 clock, u64 precision, u64 *time);
IMPORT(WASI, "fd_read") i32 wasi_fd_read(i32 fd, const range *to, u32 ranges, u32 *read);
IMPORT(WASI, "fd_write") i32 wasi_fd_write(i32 fd, const range *from, u32 ranges, u32 *written);
IMPORT(WASI, "proc_exit") _Noreturn void wasi_proc_exit(u32 code);
IMPORT(WASI, "random_get") i32 wasi_random_get(byte *to, u32 len);

#define PAGE 65536u

static u32 length(const char *s) {
  u32 n = 0;
  while (s[n]) n++;
  return n;
}

static int equal(range a, const char *s) {
  u32 n = length(s);
  if (a.len != n) return 0;
  for (u32 i = 0; i < n; i++)
    if (a.at[i] != (byte)s[i]) return 0;
  return 1;
}
