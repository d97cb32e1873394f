package plan

import (
	"regexp"
	"strings"
)

// codeRules read questions about encodings, digests and identifiers.
var codeRules = []rule{
	newRule("hash.digest", digest,
		"<what> [the] {h:hash} [hash|sum|checksum|digest] (of|for) [the text|the string|string|text] {t:data}", "(hash|digest) {t:data} (with|using|by) {h:hash}", "{h:hash} [hash|sum|checksum|digest|of] {t:data}", "{h:hash} : {t:data}"),
	newRule("encode.to", encodeTo,
		"[encode|convert|turn] {t:data} (in|to|as|into|with) {e:encoding} [encoding]", "{e:encoding} encode [the text|the string|:] {t:data}", "<what> [the] {e:encoding} (encoding|of) [of] [the text|the string] {t:data}", "<what> {t:data} (in|encoded as|encoded in) {e:encoding}"),
	newRule("encode.from", decodeFrom,
		"decode {t:data} from {e:encoding}", "decode [the|this] {e:encoding} [text|string|:] {t:data}", "{e:encoding} decode [the text|the string|:] {t:data}", "<what> {t:data} decoded from {e:encoding}", "<what> the {e:encoding} [string|text] {t:data} decoded"),
	newRule("validate", validate,
		"is {t:data} [a|an] [valid|real|correct] {k:kind} [number|address]", "is {t:data} valid [as] [a|an] {k:kind} [number|address]", "(check|validate|verify) [if|whether] [the] {k:kind} [number|address] {t:data} [is valid|valid]", "(check|validate|verify) [if|whether] {t:data} is [a] valid {k:kind} [number|address]",
		"is [this|the] {k:kind} [number|address] [valid|correct] : {t:data}", "is [this|the following|the] [a] valid {k:kind} [number|address] : {t:data}", "is the {k:kind} [number|address] {t:data} valid"),
	newRule("hash.uuid5", uuidOf, "<what> [the] (uuid5|uuid v5|version 5 uuid) (of|for) {t:data} in [the] {n:namespace} [namespace]"),
	newRule("encode.url_parts", urlParts, "<what> [the] {p:urlpart} (of|in|from) [the url|url] {t:data}"),
	newRule("text.extract", extract,
		"(extract|find|list|get|pull out) [all] [the] {k:extractable} (from|in|out of) [the text|this text|this|the following text|the following] [:] {t:rest}", "(extract|find|list) [all] [the] {k:extractable} (from|in) {t:text}"),
}

// hashes are digests by name.
var hashes = map[string]string{
	"sha256": "sha256", "sha 256": "sha256", "sha - 256": "sha256", "sha384": "sha384", "sha512": "sha512", "sha 512": "sha512", "sha - 512": "sha512", "md5": "md5", "crc32": "crc32",
}

// oneOf makes a reader of the longest of the names at a place, up to so many
// tokens.
func oneOf(names map[string]string, most int) reader {
	return func(m *matcher, from int, yield func(int, any) bool) bool {
		for end := min(from+most, len(m.tokens)); end > from; end-- {
			var words []string
			for _, t := range m.tokens[from:end] {
				words = append(words, t.text)
			}
			if v, ok := names[strings.Join(words, " ")]; ok && !yield(end, v) {
				return false
			}
		}
		return true
	}
}

// dataWords are words for data, and for what is done with it, that are seldom the data
// themselves: "image to base64" asks how.
var dataWords = map[string]bool{
	"hash": true, "hashes": true, "hashing": true, "checksum": true, "checksums": true, "sum": true, "digest": true, "digests": true, "algorithm": true, "function": true, "value": true, "values": true, "security": true, "collision": true, "collisions": true,
	"password": true, "passwords": true, "file": true, "files": true, "folder": true, "data": true, "string": true, "strings": true, "text": true, "texts": true, "message": true, "input": true, "output": true, "bytes": true, "number": true, "numbers": true, "code": true, "codes": true,
	"image": true, "images": true, "picture": true, "photo": true, "video": true, "audio": true, "pdf": true, "png": true, "jpg": true, "jpeg": true, "gif": true, "svg": true, "csv": true, "xml": true, "json": true, "yaml": true, "markdown": true, "html": true, "css": true, "url": true, "urls": true,
	"document": true, "documents": true, "docx": true, "doc": true, "word": true, "excel": true, "ascii": true, "unicode": true, "utf": true, "binary": true, "decimal": true, "octal": true, "hex": true, "base64": true, "rgb": true, "rgba": true, "hsl": true, "color": true, "colors": true, "colour": true,
	"encoder": true, "decoder": true, "encoding": true, "decoding": true, "converter": true, "generator": true, "calculator": true, "online": true, "tool": true, "example": true, "examples": true, "format": true, "vs": true, "versus": true, "python": true, "java": true, "javascript": true, "php": true, "go": true, "rust": true, "linux": true, "windows": true,
	"certificate": true, "key": true, "token": true, "header": true, "something": true, "everything": true, "anything": true, "stuff": true, "secret": true, "secrets": true, "username": true, "user": true, "email": true, "name": true, "address": true,
}

// isThing reports whether a text that stands in no quotes is a word for data, and not
// the data.
func (c *context) isThing(text string) bool {
	return dataWords[strings.ToLower(text)] && !c.quotes(text)
}

func digest(c *context, v values) ([]step, bool) {
	h := get[string](v, "h")
	if c.isThing(textOf(v)) {
		return nil, false
	}
	return one(step{
		task: "hash/digest@1", reading: h + " of " + textOf(v), answer: "{{out.digests." + h + "}}",
		input: map[string]any{"data": textOf(v), "encoding": "text", "algorithms": []string{h}},
	})
}

var encodings = map[string]string{
	"base64": "base64", "base 64": "base64", "base64url": "base64url", "hex": "hex", "hexadecimal": "hex", "url": "url_component", "percent": "url_component", "html": "html",
}

func encodeTo(c *context, v values) ([]step, bool) { return encoded(c, v, "text", get[string](v, "e")) }
func decodeFrom(c *context, v values) ([]step, bool) {
	return encoded(c, v, get[string](v, "e"), "text")
}

func encoded(c *context, v values, from, to string) ([]step, bool) {
	if c.isThing(textOf(v)) {
		return nil, false
	}
	if to == "hex" && isNumber(textOf(v)) {
		return nil, false // 255 in hex is ff, and as text 323535
	}
	return one(step{
		task: "encode/convert@1", reading: textOf(v) + " from " + from + " to " + to, answer: "{{out.data}}", input: map[string]any{"data": textOf(v), "from": from, "to": to},
	})
}

func isNumber(s string) bool { return strings.Trim(s, "0123456789.,-") == "" }

// kinds are what can be valid.
var kinds = map[string]string{
	"email": "email", "e - mail": "email", "email address": "email", "iban": "iban", "isbn": "isbn", "isbn10": "isbn", "isbn13": "isbn", "ip": "ip", "ip address": "ip", "ipv4": "ip", "ipv6": "ip",
	"ipv4 address": "ip", "ipv6 address": "ip", "credit card number": "luhn", "credit card": "luhn", "card number": "luhn", "luhn": "luhn", "date": "date", "calendar date": "date", "phone number": "phone", "phone": "phone", "json": "json",
}

// looksLike says what a text must be for the check of its kind to be the question:
// whether Amex is a credit card is another.
var looksLike = map[string]*regexp.Regexp{
	"email": regexp.MustCompile(`[@.]`), "iban": regexp.MustCompile(`\d`), "isbn": regexp.MustCompile(`\d`), "ip": regexp.MustCompile(`[\d:]`), "luhn": regexp.MustCompile(`\d`),
	// Dates and numbers of a country are right in another way than these tasks check.
	"date": regexp.MustCompile(`^\d{4}-\d{1,2}-\d{1,2}$`), "phone": regexp.MustCompile(`^\+`), "json": regexp.MustCompile(`^`),
}

func validate(_ *context, v values) ([]step, bool) {
	k := get[string](v, "k")
	if !looksLike[k].MatchString(textOf(v)) {
		return nil, false
	}
	return one(step{
		task: "validate/" + k + "@1", reading: "is " + textOf(v) + " a valid " + k, input: map[string]any{"text": textOf(v)},
		answer: "{{#out.valid}}yes{{/out.valid}}{{^out.valid}}no{{/out.valid}}",
	})
}

var namespaces = map[string]string{"dns": "dns", "url": "url", "oid": "oid", "x500": "x500"}

func uuidOf(_ *context, v values) ([]step, bool) {
	return one(step{task: "hash/uuid@1", reading: "UUID of " + textOf(v), answer: "{{out.uuid}}", input: map[string]any{"namespace": get[string](v, "n"), "name": textOf(v)}})
}

var urlMembers = map[string]string{"host": "host", "hostname": "host", "domain": "host", "scheme": "scheme", "protocol": "scheme", "port": "port", "path": "path", "fragment": "fragment"}

func urlParts(_ *context, v values) ([]step, bool) {
	p := get[string](v, "p")
	if !strings.Contains(textOf(v), "://") {
		return nil, false
	}
	return one(step{task: "encode/url@1", reading: p + " of " + textOf(v), answer: "{{out." + p + "}}", input: map[string]any{"url": textOf(v)}})
}

var extractables = map[string]string{
	"emails": "email", "email addresses": "email", "email address": "email", "e - mail addresses": "email", "urls": "url", "links": "url", "phone numbers": "phone", "numbers": "number", "dates": "date", "ip addresses": "ip", "ips": "ip",
}

func extract(_ *context, v values) ([]step, bool) {
	k := get[string](v, "k")
	return []step{
		{task: "text/extract@1", reading: "find " + k, input: map[string]any{"text": textOf(v), "kinds": []string{k}, "limit": 1000}},
		query(`if .out.truncated then error("there are more") elif .out.matches == [] then "none" else [.out.matches[].value] | join("\n") end`, "", k+" in "+textOf(v)),
	}, true
}

// readData reads a quoted text, or a run of tokens without space between them.
func readData(m *matcher, from int, yield func(int, any) bool) bool {
	if from < len(m.tokens) && m.tokens[from].kind == quoted {
		return yield(from+1, m.tokens[from].text)
	}
	return readChunk(m, from, func(end int, v any) bool {
		if end == from+1 && notTerms[m.tokens[from].text] {
			return true
		}
		return yield(end, v)
	})
}

// readChunk reads tokens up to white space, and the same without marks at the end
// that may belong to the sentence.
func readChunk(m *matcher, from int, yield func(int, any) bool) bool {
	if from >= len(m.tokens) || m.tokens[from].kind == quoted {
		return true
	}
	end := from + 1
	for end < len(m.tokens) && !m.tokens[end].spaced && m.tokens[end].kind != quoted {
		end++
	}
	for ; end > from; end-- {
		if m.steps--; m.steps < 0 {
			return false
		}
		if !yield(end, m.raw(from, end)) {
			return false
		}
		if last := m.tokens[end-1].text; last != "," && last != "?" && last != "." && last != ":" {
			break
		}
	}
	return true
}
