package sdk

import (
	"errors"
	"io/fs"
	"os"
	"testing"
	"testing/fstest"
	"testing/iotest"
)

// mapHost is a host whose blobs are in a map.
type mapHost map[string]string

func (m mapHost) blobSize(name string) int64 {
	if b, ok := m[name]; ok {
		return int64(len(b))
	}
	return -1
}

func (m mapHost) blobRead(name string, dst []byte, offset int64) int {
	b, ok := m[name]
	if !ok {
		return -1
	}
	return copy(dst, b[min(offset, int64(len(b))):])
}

func (m mapHost) blobDirectory() ([]fs.DirEntry, error) {
	dir := fstest.MapFS{}
	for name := range m {
		dir[name] = &fstest.MapFile{}
	}
	return dir.ReadDir(".")
}

func TestBlobsAreReadAsFiles(t *testing.T) {
	blobs := blobFS{mapHost{"a": "some text", "empty": ""}}
	for name, want := range map[string]string{"a": "some text", "empty": ""} {
		f, err := blobs.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := iotest.TestReader(f, []byte(want)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		info, err := f.Stat()
		if err != nil || info.Name() != name || info.Size() != int64(len(want)) || !info.Mode().IsRegular() {
			t.Errorf("%s: %v, %v", name, fs.FormatFileInfo(info), err)
		}
		if b, err := fs.ReadFile(blobs, name); err != nil || string(b) != want {
			t.Errorf("%s: %q, %v", name, b, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	entries, err := fs.ReadDir(blobs, ".")
	if err != nil || len(entries) != 2 || entries[0].Name() != "a" {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestBlobsThatAreNotThere(t *testing.T) {
	blobs := blobFS{mapHost{"a": ""}}
	for name, want := range map[string]error{"b": os.ErrNotExist, "../a": os.ErrInvalid, "": os.ErrInvalid, ".": os.ErrNotExist} {
		_, err := blobs.Open(name)
		_, errRead := blobs.ReadFile(name)
		if !errors.Is(err, want) || !errors.Is(errRead, want) {
			t.Errorf("%q: %v, %v, want %v", name, err, errRead, want)
		}
	}
	if _, err := blobs.ReadDir("a"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("list a: %v", err)
	}
	f, err := blobs.Open("a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.(*blobFile).ReadAt(nil, -1); !errors.Is(err, os.ErrInvalid) {
		t.Errorf("read at -1: %v", err)
	}
}
