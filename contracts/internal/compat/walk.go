package compat

import (
	"maps"
	"slices"
	"strings"
)

// schema is a JSON Schema as generic JSON; true and false are what they are.
type schema = any

// The kinds of documents.
const (
	request  = "request"
	response = "response"
	block    = "block"
)

// walk compares two versions of one document's schema side by side.
type walk struct {
	*report
	name, kind string
	was, is    schema // the roots, which references are relative to
	// seen holds the pairs of references that were followed, because types may
	// contain themselves.
	seen map[[2]string]bool
}

// annotations say something to people and nothing about values.
var annotations = []string{"$schema", "$id", "$comment", "$defs", "$ref", "title", "description", "default", "examples", "format", "deprecated", "contentEncoding", "contentMediaType"}

func (w *walk) breaks(at, what string, args ...any) { w.add(w.name+"#"+at, what, args...) }

// compare reports what breaks between two schemas of the value at a pointer.
func (w *walk) compare(at string, was, is schema) {
	old, now, ok := w.resolve(was, is)
	if !ok {
		return
	}
	if old == false || now == false {
		w.never(at, old == false, now == false)
		return
	}
	a, b := object(old), object(now) // true is an object without keywords
	for _, key := range slices.Sorted(maps.Keys(union(a, b))) {
		if !slices.Contains(annotations, key) {
			w.keyword(at, key, a, b)
		}
	}
}

// never judges schemas that refuse everything.
func (w *walk) never(at string, was, is bool) {
	switch {
	case was == is:
	case is && w.kind != response:
		w.breaks(at, "nothing is accepted any more")
	case was && w.kind != request:
		w.breaks(at, "something may stand where nothing could")
	}
}

// resolve follows references; ok is false for a pair that was compared before.
func (w *walk) resolve(was, is schema) (old, now schema, ok bool) {
	a, oldName := target(w.was, was)
	b, newName := target(w.is, is)
	if oldName == "" && newName == "" {
		return a, b, true
	}
	pair := [2]string{oldName, newName}
	if w.seen[pair] && oldName != "" && newName != "" {
		return nil, nil, false
	}
	w.seen[pair] = true
	return a, b, true
}

// target returns what a reference leads to; the keywords beside it are
// annotations in what we generate, and are kept if they are not.
func target(root, s schema) (schema, string) {
	m, ok := s.(map[string]any)
	if !ok {
		return s, ""
	}
	ref, ok := m["$ref"].(string)
	if !ok {
		return s, ""
	}
	name := strings.TrimPrefix(ref, "#/$defs/")
	defs, _ := root.(map[string]any)["$defs"].(map[string]any)
	def, ok := defs[name].(map[string]any)
	if !ok {
		return s, name
	}
	merged := maps.Clone(def)
	for k, v := range m {
		if !slices.Contains(annotations, k) {
			merged[k] = v
		}
	}
	return merged, name
}

func union(a, b map[string]any) map[string]any {
	all := map[string]any{}
	maps.Copy(all, a)
	maps.Copy(all, b)
	return all
}
