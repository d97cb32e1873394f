// A wasi-libc program for the sandbox's tests. Built with clang 14 and Debian's
// wasi-libc by
//   clang --target=wasm32-wasi -Os -Wl,-s -o main.wasm main.c
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void list(void) {
	DIR *d = opendir("/blobs");
	if (!d) {
		printf("opendir: %s\n", strerror(errno));
		return;
	}
	for (struct dirent *e; (e = readdir(d));)
		printf("entry %s\n", e->d_name);
	closedir(d);
}

static void show(const char *path) {
	struct stat st;
	char buf[64];
	FILE *f = fopen(path, "r");
	if (!f || stat(path, &st)) {
		printf("%s: %s\n", path, strerror(errno));
		return;
	}
	size_t n = fread(buf, 1, sizeof buf, f);
	fseek(f, 1, SEEK_SET);
	printf("%s: %zu of %lld bytes, second '%c'\n", path, n, (long long)st.st_size, fgetc(f));
	fclose(f);
}

int main(int argc, char **argv) {
	char buf[256];
	size_t n = fread(buf, 1, sizeof buf, stdin);
	printf("%s %s reads %zu bytes\n", argv[0], argv[1], n);
	list();
	show("/blobs/a");
	show("/blobs/none");
	if (!fopen("/blobs/a", "w"))
		printf("write: %s\n", strerror(errno));
	if (open("/blobs/new", O_CREAT | O_RDWR, 0600) < 0)
		printf("create: %s\n", strerror(errno));
	printf("time %lld, HOME %s\n", (long long)time(NULL), getenv("HOME") ? "set" : "unset");
	unsigned char r[4];
	if (getentropy(r, sizeof r) == 0)
		printf("entropy %02x%02x%02x%02x\n", r[0], r[1], r[2], r[3]);
	fprintf(stderr, "done\n");
	return argc == 2 && strcmp(argv[1], "fail") == 0 ? 7 : 0;
}
