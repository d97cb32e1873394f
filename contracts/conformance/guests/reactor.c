// A reactor with one entry for each thing that a backend has to deal with.
#include "krako.h"

extern byte __heap_base;
static u32 heap_end; // 0 before the first allocation

// room returns so many bytes, or 0 when the memory may not grow that far.
static byte *room(u32 len) {
  if (!heap_end) heap_end = (u32)&__heap_base;
  u32 at = (heap_end + 15) & ~15u;
  u64 end = (u64)at + len, have = (u64)__builtin_wasm_memory_size(0) * PAGE;
  if (end > have && __builtin_wasm_memory_grow(0, (u32)((end - have + PAGE - 1) / PAGE)) == (__SIZE_TYPE__)-1) return 0;
  heap_end = (u32)end;
  return (byte *)at;
}

EXPORT("krako_alloc") byte *alloc(u32 len) { return room(len); }

// out is the output, written front to back.
static range out;

static void put(byte c) {
  if (!room(1)) __builtin_trap();
  out.at[out.len++] = c;
}

static void puts(const char *s) {
  for (u32 i = 0; s[i]; i++) put(s[i]);
}

static void putn(i64 n) {
  byte digits[20];
  u32 k = 0;
  u64 u = n < 0 ? -(u64)n : (u64)n;
  if (n < 0) put('-');
  do digits[k++] = '0' + u % 10; while (u /= 10);
  while (k) put(digits[--k]);
}

static void puthex(const byte *b, u32 len) {
  for (u32 i = 0; i < len; i++) {
    put("0123456789abcdef"[b[i] >> 4]);
    put("0123456789abcdef"[b[i] & 15]);
  }
}

// sum adds up every integer in the input, wherever it stands.
static i64 sum(range in) {
  i64 total = 0;
  for (u32 i = 0; i < in.len; i++) {
    if (in.at[i] < '0' || in.at[i] > '9') continue;
    i64 sign = i > 0 && in.at[i - 1] == '-' ? -1 : 1, n = 0;
    for (; i < in.len && in.at[i] >= '0' && in.at[i] <= '9'; i++) n = n * 10 + (in.at[i] - '0');
    total += sign * n;
  }
  return total;
}

// concat puts the blobs named by the strings of the input's first array one
// after the other, and a question mark for each that is not there.
static void concat(range in) {
  u32 i = 0;
  while (i < in.len && in.at[i] != '[') i++;
  for (; i < in.len && in.at[i] != ']'; i++) {
    if (in.at[i] != '"') continue;
    const byte *name = in.at + ++i;
    u32 len = 0;
    while (in.at[i] != '"') i++, len++;
    i64 size = krako_blob_size(name, len);
    if (size < 0) {
      put('?');
      continue;
    }
    if (!room((u32)size) || krako_blob_read(name, len, 0, out.at + out.len, (u32)size) != size) __builtin_trap();
    out.len += (u32)size;
  }
}

// bulk puts so many bytes, of which few are zero pages.
static void bulk(u32 len) {
  if (!room(len)) __builtin_trap();
  u32 x = 1;
  for (u32 i = 0; i < len; i += 64) out.at[i] = (x = x * 1664525u + 1013904223u) >> 24;
  out.len = len;
}

// Registers only: what is tested is the bound on calls, not the C stack in
// memory. The empty assembly keeps the call from becoming a loop.
__attribute__((noinline)) static u32 descend(u32 n) {
  if (n == 0) return 0;
  u32 deeper = descend(n - 1);
  __asm__ volatile("");
  return deeper + 1;
}

static volatile u32 runs; // reset between units, or a unit could see another

static void media(const char *type) { krako_media_type((const byte *)type, length(type)); }

static void now(u32 clock) {
  u64 time;
  if (wasi_clock_time_get(clock, 0, &time)) __builtin_trap();
  putn((i64)time);
}

static void chance(void) {
  byte b[16];
  if (wasi_random_get(b, sizeof b)) __builtin_trap();
  puts("{\"monotonic\":"), now(1);
  puts(",\"random\":\""), puthex(b, sizeof b);
  puts("\",\"realtime\":\""), now(0); // above 2^53: a string
  puts("\"}");
}

static range entry_of(const byte *envelope) {
  range e = {(byte *)envelope + sizeof "{\"entry\":\"" - 1, 0};
  while (e.at[e.len] != '"') e.len++; // none of these names has a quote in it
  return e;
}

#define ERROR (1ull << 63)

static u64 answer(u64 flag) { return flag | (u64)(u32)out.at << 32 | out.len; }

EXPORT("krako_run") u64 run(const byte *envelope, u32 len) {
  range entry = entry_of(envelope);
  range in = {entry.at + entry.len + sizeof "\",\"input\":" - 1, 0};
  in.len = (u32)(envelope + len - 1 - in.at);
  out.at = room(0), out.len = 0;

  if (equal(entry, "echo")) return (u64)(u32)in.at << 32 | in.len;
  if (equal(entry, "add")) puts("{\"sum\":"), putn(sum(in)), puts("}");
  else if (equal(entry, "guess")) puts("{\"answer\":\"maybe\",\"confidence\":0.25}");
  else if (equal(entry, "concat")) media("text/plain"), concat(in);
  else if (equal(entry, "text")) media("text/plain; charset=utf-8"), puts("this is not JSON\n");
  else if (equal(entry, "untrue")) puts("{this is not JSON either");
  else if (equal(entry, "media")) media("no media type");
  else if (equal(entry, "bulk")) media("application/octet-stream"), bulk((u32)sum(in));
  else if (equal(entry, "chance")) chance();
  else if (equal(entry, "runs")) runs++, puts("{\"runs\":"), putn(runs), puts("}");
  else if (equal(entry, "nothing")) {}
  else if (equal(entry, "fail")) { puts("as it was told to"); return answer(ERROR); }
  else if (equal(entry, "exit")) wasi_proc_exit(3);
  else if (equal(entry, "leave")) wasi_proc_exit(0); // without an output
  else if (equal(entry, "outside")) return (u64)0x7fff0000 << 32 | 1;
  else if (equal(entry, "trap")) __builtin_trap();
  else if (equal(entry, "loop")) for (;;) runs++;
  else if (equal(entry, "grow")) { while (room(PAGE)) {} __builtin_trap(); }
  else if (equal(entry, "descend")) putn(descend((u32)sum(in)));
  else { puts("no such entry"); return answer(ERROR); }
  return answer(0);
}
