/* The reactor ABI of profile det-1 for C (docs/spec/det-1.md, sections 3.2 and
 * 6). Freestanding: no C library is needed. */
#ifndef KRAKO_H
#define KRAKO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KRAKO_EXPORT(name) __attribute__((export_name(#name)))
#define KRAKO_IMPORT(name) __attribute__((import_module("krako"), import_name(#name)))

/* What the module must define. krako_alloc returns room for the envelope, 0 if
 * there is none; krako_run gets the envelope and returns what krako_output or
 * krako_error makes. */
KRAKO_EXPORT(krako_alloc) void *krako_alloc(uint32_t len);
KRAKO_EXPORT(krako_run) uint64_t krako_run(const char *envelope, uint32_t len);

/* Declares the media type of the output; without it, it is application/json. */
KRAKO_IMPORT(media_type) void krako_media_type(const char *type, uint32_t len);
/* Length of the blob of that name, -1 if there is none. */
KRAKO_IMPORT(blob_size) int64_t krako_blob_size(const char *name, uint32_t name_len);
/* Copies from a blob and returns how much: less than dst_len at its end, 0
 * after it, -1 if there is no such blob. */
KRAKO_IMPORT(blob_read)
int32_t krako_blob_read(const char *name, uint32_t name_len, uint64_t offset, void *dst, uint32_t dst_len);

/* Result of krako_run: an output, which stays where it is until the host has
 * read it. */
static inline uint64_t krako_output(const char *data, size_t len) {
	return (uint64_t)(uintptr_t)data << 32 | len;
}

/* Result of krako_run: the unit failed, with a message for people. */
static inline uint64_t krako_error(const char *message) {
	size_t len = 0;
	while (message[len])
		len++;
	return UINT64_C(1) << 63 | krako_output(message, len);
}

/* Tells whether the envelope, {"entry":E,"input":I}, asks for an entry. It is
 * canonical JSON, so that its bytes can be compared; the name must need no
 * escape. */
static inline bool krako_is_entry(const char *envelope, uint32_t len, const char *name) {
	static const char before[] = "{\"entry\":\"", after[] = "\",\"input\":";
	const char *parts[] = {before, name, after};
	uint32_t at = 0;
	for (int i = 0; i < 3; i++)
		for (const char *p = parts[i]; *p; p++, at++)
			if (at >= len || envelope[at] != *p)
				return false;
	return true;
}

#endif
