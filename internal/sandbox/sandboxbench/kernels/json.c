// Checks a JSON document of 4 KiB, n times, by recursive descent: branches on
// bytes, calls, a little arithmetic on doubles.
static char doc[4096];
static const char *at, *end;

static void put(const char *s) {
    while (*s) *(char *)at++ = *s++;
}

static unsigned fill(void) {
    at = doc;
    put("[");
    for (int i = 0; i < 44; i++) {
        put("{\"name\":\"caf\\u00e9 \\\"x\\\"\",\"values\":[1,-2.5e3,0.125,true,null],\"in\":{\"a\":[]}},");
    }
    put("0]");
    return at - doc;
}

static int value(void);

static int digits(double *v) {
    int n = 0;
    for (; at < end && *at >= '0' && *at <= '9'; at++, n++) *v = *v * 10 + (*at - '0');
    return n;
}

static int number(void) {
    double v = 0, power = 0;
    if (*at == '-') at++;
    if (!digits(&v)) return 0;
    if (at < end && *at == '.' && (at++, !digits(&v))) return 0;
    if (at < end && (*at | 32) == 'e') {
        at++;
        if (at < end && (*at == '-' || *at == '+')) at++;
        if (!digits(&power)) return 0;
    }
    return v >= 0;
}

static int string(void) {
    for (at++; at < end; at++) {
        if (*at == '"') return at++, 1;
        if ((unsigned char)*at < 0x20) return 0;
        if (*at == '\\') at += at[1] == 'u' ? 5 : 1;
    }
    return 0;
}

static int word(const char *w) {
    for (; *w; w++)
        if (at == end || *at++ != *w) return 0;
    return 1;
}

static int list(char close, int keys) {
    at++;
    if (at < end && *at == close) return at++, 1;
    for (;;) {
        if (keys && (at == end || *at != '"' || !string() || at == end || *at++ != ':')) return 0;
        if (!value() || at == end) return 0;
        if (*at == close) return at++, 1;
        if (*at++ != ',') return 0;
    }
}

static int value(void) {
    if (at == end) return 0;
    switch (*at) {
    case '{': return list('}', 1);
    case '[': return list(']', 0);
    case '"': return string();
    case 't': return word("true");
    case 'f': return word("false");
    case 'n': return word("null");
    default: return number();
    }
}

unsigned long long run(unsigned n) {
    unsigned len = fill(), good = 0;
    for (unsigned i = 0; i < n; i++) {
        doc[1] = i & 1 ? '{' : 'x'; // every other document is wrong
        at = doc, end = doc + len;
        good += value() && at == end;
    }
    return good;
}
