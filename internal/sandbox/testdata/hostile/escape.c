// Tries to read files that it was not given. Its input is a JSON list of paths
// without escapes; it tries each from every descriptor, as it is, climbing up,
// through a blob, and by way of links that it tries to make, and writes to stdout
// all it can read. It is built without a C library.
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))
struct span { const void *at; u32 len; };
WASI(fd_read) u32 fd_read(u32 fd, struct span *v, u32 n, u32 *got);
WASI(fd_write) u32 fd_write(u32 fd, struct span *v, u32 n, u32 *put);
WASI(fd_readdir) u32 fd_readdir(u32 fd, void *buf, u32 n, u64 cookie, u32 *got);
WASI(fd_close) u32 fd_close(u32 fd);
WASI(path_open) u32 path_open(u32 fd, u32 follow, const u8 *p, u32 n, u32 flags, u64 rights, u64 more, u32 fdflags, u32 *out);
WASI(path_symlink) u32 path_symlink(const u8 *to, u32 n, u32 fd, const u8 *p, u32 m);
WASI(path_link) u32 path_link(u32 fd, u32 follow, const u8 *p, u32 n, u32 to, const u8 *q, u32 m);
WASI(path_rename) u32 path_rename(u32 fd, const u8 *p, u32 n, u32 to, const u8 *q, u32 m);
WASI(path_readlink) u32 path_readlink(u32 fd, const u8 *p, u32 n, void *buf, u32 size, u32 *got);

static u8 input[1 << 14], path[1 << 13], data[1 << 12];

static void say(const void *p, u32 n) {
	struct span v = {p, n};
	u32 put;
	fd_write(1, &v, 1, &put);
}

static void dump(u32 fd) {
	struct span v = {data, sizeof data};
	u32 n;
	if (fd_read(fd, &v, 1, &n) == 0) say(data, n);
	if (fd_readdir(fd, data, sizeof data, 0, &n) == 0) say(data, n);
	fd_close(fd);
}

static void try_open(const u8 *p, u32 n) {
	u32 fd;
	for (u32 dir = 0; dir < 6; dir++)
		for (u32 follow = 0; follow < 2; follow++)
			for (u32 flags = 0; flags < 4; flags++) // create, directory
				if (path_open(dir, follow, p, n, flags, ~0ull, ~0ull, 0, &fd) == 0 ||
				    path_open(dir, follow, p, n, flags, 1 << 1 | 1 << 14, ~0ull, 0, &fd) == 0)
					dump(fd);
}

static u32 append(u32 at, const char *s) {
	while (*s) path[at++] = *s++;
	return at;
}

static void try_from(const char *prefix, const u8 *p, u32 n) {
	u32 at = append(0, prefix);
	for (u32 i = 0; i < n; i++) path[at++] = p[i];
	try_open(path, at);
}

static void try_links(const u8 *p, u32 n) {
	static const u8 link[] = "link", in[] = "blobs/link";
	u32 got;
	for (u32 dir = 3; dir < 6; dir++) {
		path_symlink(p, n, dir, link, 4);
		path_symlink(p, n, dir, in, 10);
		path_link(dir, 1, p, n, dir, link, 4);
		path_rename(dir, p, n, dir, in, 10);
		if (path_readlink(dir, link, 4, data, sizeof data, &got) == 0) say(data, got);
	}
	try_open(link, 4);
	try_open(in, 10);
}

__attribute__((export_name("_start"))) void start(void) {
	struct span v = {input, sizeof input};
	u32 n, fd;
	if (fd_read(0, &v, 1, &n) != 0) return;
	path_open(3, 0, (const u8 *)"blobs", 5, 2, 1 << 14, ~0ull, 0, &fd); // 4, to start from
	for (u32 i = 0; i < n; i++) {
		if (input[i] != '"') continue;
		const u8 *p = input + ++i;
		u32 len = 0;
		while (i < n && input[i] != '"') i++, len++;
		try_from("", p, len);
		try_from("..", p, len);
		try_from("../../../../../../../../../..", p, len);
		try_from("blobs/../../../..", p, len);
		try_from("blobs/a/../../../..", p, len);
		try_from("./", p, len);
		try_from("//", p, len);
		try_links(p, len);
	}
}
