package compat_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"testing"
)

// put returns doc with the value at a path set, or removed if it is "". The
// path must lead to something, but for a new member or the place after the last
// element, "-".
func put(t *testing.T, doc any, path []string, value string) any {
	t.Helper()
	if len(path) == 0 {
		var v any
		if err := json.Unmarshal([]byte(value), &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	switch v := doc.(type) {
	case map[string]any:
		return putMember(t, v, path, value)
	case []any:
		return putElement(t, v, path, value)
	}
	t.Fatalf("%v leads nowhere", path)
	return nil
}

func putMember(t *testing.T, v map[string]any, path []string, value string) any {
	t.Helper()
	old, ok := v[path[0]]
	if !ok && (len(path) > 1 || value == "") {
		t.Fatalf("there is no member %s", path[0])
	}
	if len(path) == 1 && value == "" {
		delete(v, path[0])
		return v
	}
	v[path[0]] = put(t, old, path[1:], value)
	return v
}

func putElement(t *testing.T, v []any, path []string, value string) any {
	t.Helper()
	if path[0] == "-" {
		return append(v, put(t, nil, path[1:], value))
	}
	i, err := strconv.Atoi(path[0])
	if err != nil || i >= len(v) {
		t.Fatalf("there is no element %s", path[0])
	}
	if len(path) == 1 && value == "" {
		return slices.Delete(v, i, i+1)
	}
	v[i] = put(t, v[i], path[1:], value)
	return v
}
