package plan

import (
	"encoding/json"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// jsonRules read questions about a JSON document, attached or written out behind
// a colon.
var jsonRules = []rule{
	newRule("json.valid", jsonValid, "is (this|the following|it|the file|the attachment) [a] valid json [document|file] [:] {t:rest}", "is (this|the file|the attachment|it) [a] valid json [document|file]", "(validate|check) (this|the) json [document|file|attachment]", "(validate|check) (this|the) json : {t:rest}"),
	newRule("json.format", jsonFormat, "(pretty print|prettify|format|indent|beautify) (this|the) json [document|file] [:] {t:rest}", "(pretty print|prettify|format|indent|beautify) (this|the) json [document|file]"),
	newRule("json.get", jsonGet, "<what> [the] [value of|value at|member] {p:path} (in|of|from) (this|the|the following) [json] [document|file|object|attachment] [:] {t:rest}", "<what> [the] [value of|value at|member] {p:path} (in|of|from) (this|the|the attached) [json] (json|document|file|object|attachment)"),
	newRule("json.keys", jsonKeys, "(what are|list|show) [the] [top level|top - level] (keys|members|fields) (in|of) (this|the|the following) [json] [document|file|object] : {t:rest}", "(what are|list|show) [the] [top level|top - level] keys (in|of) (this|the|the attached) [json] (json|document|file|object|attachment)"),
	newRule("json.length", jsonLength, "how many (items|elements|entries) are (there in|in) (this|the|the following) [json] (array|list) : {t:rest}", "how many (items|elements|entries) are (there in|in) (this|the|the attached) [json] (array|list|attachment)"),
}

// document is the JSON document that is meant: written out, or the one attached.
func document(c *context, v values) (map[string]any, map[string]contracts.Link, bool) {
	if t := textOf(v); t != "" {
		t = strings.Trim(strings.TrimSpace(t), "`")
		return map[string]any{"text": t}, nil, json.Valid([]byte(t))
	}
	var found *Attachment
	for i := range c.req.Attachments {
		a := &c.req.Attachments[i]
		if !strings.HasSuffix(strings.ToLower(a.Name), ".json") && a.MediaType != "application/json" {
			continue
		}
		if found != nil {
			return nil, nil, false
		}
		found = a
	}
	if found == nil || !found.CID.Defined() {
		return nil, nil, false
	}
	return map[string]any{"blob": "document"}, map[string]contracts.Link{"document": {Cid: found.CID}}, true
}

func jsonValid(c *context, v values) ([]step, bool) {
	s := step{task: "validate/json@1", reading: "is it JSON", answer: "{{#out.valid}}yes{{/out.valid}}{{^out.valid}}no: line {{out.line}}, column {{out.column}}, {{out.problem}}{{/out.valid}}"}
	if t := textOf(v); t != "" {
		s.input = map[string]any{"text": t}
		return one(s)
	}
	_, blobs, ok := document(c, v)
	s.input, s.blobs = map[string]any{"blob": "document"}, blobs
	return []step{s}, ok
}

func jsonFormat(c *context, v values) ([]step, bool) {
	d, blobs, ok := document(c, v)
	return []step{{task: "json/format@1", reading: "indented", answer: "{{out.text}}", input: map[string]any{"document": d, "indent": 2}, blobs: blobs}}, ok
}

func jsonProgram(c *context, v values, program, reading string) ([]step, bool) {
	d, blobs, ok := document(c, v)
	return []step{{
		task: "json/query@1", reading: reading, answer: "{{#out.texts}}{{.}}{{/out.texts}}", blobs: blobs,
		input: map[string]any{"document": d, "query": program, "limit": 1, "as": "text"},
	}}, ok
}

func jsonGet(c *context, v values) ([]step, bool) {
	path := get[[]string](v, "p")
	b, err := json.Marshal(path)
	if err != nil {
		return nil, false
	}
	return jsonProgram(c, v, `getpath(`+string(b)+` | map(if test("^[0-9]+$") then tonumber else . end)) | if . == null then error("there is no such member") elif type == "string" then . else tojson end`, strings.Join(path, "."))
}

func jsonKeys(c *context, v values) ([]step, bool) {
	return jsonProgram(c, v, `if type == "object" then keys | join(", ") else error("it is no object") end`, "keys")
}

func jsonLength(c *context, v values) ([]step, bool) {
	return jsonProgram(c, v, `if type == "array" then length | tostring else error("it is no list") end`, "number of items")
}

// readPath reads a.b.0.c, quoted or not.
func readPath(m *matcher, from int, yield func(int, any) bool) bool {
	if from < len(m.tokens) && m.tokens[from].kind == quoted {
		return yield(from+1, strings.Split(m.tokens[from].text, "."))
	}
	return readChunk(m, from, func(end int, v any) bool {
		if m.tokens[from].kind != word || notTerms[m.tokens[from].text] {
			return true
		}
		return yield(end, strings.Split(v.(string), "."))
	})
}
