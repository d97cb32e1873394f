/* Counts the lines, words and bytes of the blob "text" as wc(1) does in the C
 * locale, and the length of its longest word. */
#include "krako.h"

static char envelope_room[4096], chunk[16384], output[256];

void *krako_alloc(uint32_t len) { return len <= sizeof envelope_room ? envelope_room : NULL; }

struct counts {
	uint64_t bytes, lines, words, longest, word; /* word: length of the one being read */
};

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static void end_word(struct counts *n) {
	if (n->word > n->longest)
		n->longest = n->word;
	n->words += n->word > 0;
	n->word = 0;
}

static void count(struct counts *n, const char *text, int32_t len) {
	n->bytes += (uint32_t)len;
	for (int32_t i = 0; i < len; i++) {
		n->lines += text[i] == '\n';
		if (is_space(text[i]))
			end_word(n);
		else
			n->word++;
	}
}

/* Members of the output are written in the order of their names, so that it is
 * canonical JSON. */
static char *put_text(char *p, const char *text) {
	while (*text)
		*p++ = *text++;
	return p;
}

static char *put_number(char *p, uint64_t v) {
	char digits[20];
	int n = 0;
	do
		digits[n++] = (char)('0' + v % 10);
	while (v /= 10);
	while (n)
		*p++ = digits[--n];
	return p;
}

uint64_t krako_run(const char *envelope, uint32_t len) {
	static const char blob[] = "text";
	const uint32_t name_len = sizeof blob - 1;
	if (!krako_is_entry(envelope, len, "count"))
		return krako_error("no such entry; this module has count");
	struct counts n = {0};
	int32_t got;
	while ((got = krako_blob_read(blob, name_len, n.bytes, chunk, sizeof chunk)) > 0)
		count(&n, chunk, got);
	if (got < 0)
		return krako_error("blob text: not mounted");
	end_word(&n);
	char *p = put_number(put_text(output, "{\"bytes\":"), n.bytes);
	p = put_number(put_text(p, ",\"lines\":"), n.lines);
	p = put_number(put_text(p, ",\"longest\":"), n.longest);
	p = put_number(put_text(p, ",\"words\":"), n.words);
	p = put_text(p, "}");
	return krako_output(output, (size_t)(p - output));
}
