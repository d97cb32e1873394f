package sandbox

import (
	"strings"
	"testing"
)

func TestLookupStaysInside(t *testing.T) {
	root := newTree(map[string][]byte{"a": []byte("alpha"), "b c": nil})
	blobs := root.child(blobsDir)
	for _, c := range []struct {
		from *node
		path string
		name string
		want errno
	}{
		{root, "blobs/a", "a", errnoSuccess},
		{root, "./blobs//./a", "a", errnoSuccess},
		{root, "blobs/../blobs/b c", "b c", errnoSuccess},
		{root, ".", "/", errnoSuccess},
		{root, "blobs/", "blobs", errnoSuccess},
		{blobs, "a", "a", errnoSuccess},
		{root, "", "", errnoNoent},
		{root, "/blobs/a", "", errnoNotcapable},
		{root, "..", "", errnoNotcapable},
		{root, "blobs/../../blobs/a", "", errnoNotcapable},
		{blobs, "../blobs/a", "", errnoNotcapable},
		{root, "blobs/a/", "", errnoNotdir},
		{root, "blobs/a/..", "", errnoNotdir},
		{root, "blobs/a/b", "", errnoNotdir},
		{root, "blobs/x", "", errnoNoent},
		{root, "blobs/a\x00", "", errnoInval},
		{root, strings.Repeat("./", maxPath), "", errnoNametoolong},
	} {
		n, e := c.from.lookup(c.path)
		if e != c.want || e == errnoSuccess && n.name != c.name {
			t.Errorf("lookup(%q) from %s = %v, %d; want %q, %d", c.path, c.from.name, n, e, c.name, c.want)
		}
	}
}

func FuzzLookup(f *testing.F) {
	for _, p := range []string{"blobs/a", "../x", "blobs/../..", "a//b", "/", "\x00"} {
		f.Add(p)
	}
	root := newTree(map[string][]byte{"a": nil})
	inside := map[*node]bool{root: true}
	for _, e := range root.entries {
		inside[e] = true
		for _, e := range e.entries {
			inside[e] = true
		}
	}
	f.Fuzz(func(t *testing.T, path string) {
		n, e := root.lookup(path)
		if (e == errnoSuccess) != inside[n] {
			t.Fatalf("lookup(%q) = %v, %d", path, n, e)
		}
	})
}

func TestMediaType(t *testing.T) {
	for s, want := range map[string]bool{
		"application/json": true, "text/plain; charset=utf-8": true, "image/svg+xml": true, "a/b;c=d;e=f": true,
		"": false, "text": false, "text/": false, "/x": false, "a/b/c": false, "text/plain;": false,
		"text/plain;x": false, "text/pl ain": false, "text/plain; charset=\"utf-8\"": false, "a/\n": false,
		"a/" + strings.Repeat("b", maxMediaType): false,
	} {
		if got := validMediaType(s); got != want {
			t.Errorf("validMediaType(%q) = %v, want %v", s, got, want)
		}
	}
}

func TestEnvelope(t *testing.T) {
	if got := string(envelope(`a"\é`, nil)); got != `{"entry":"a\"\\é","input":null}` {
		t.Error(got)
	}
	if got := string(envelope("", []byte(`[1]`))); got != `{"entry":"","input":[1]}` {
		t.Error(got)
	}
}
