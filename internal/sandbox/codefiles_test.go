package sandbox

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"path/filepath"
	"testing"
	"testing/iotest"
)

// TestEngineFilesAreReadInBlocks: this wazero has the field, and what it reads is what
// it wrote.
func TestEngineFilesAreReadInBlocks(t *testing.T) {
	cache, err := openCodeCache(filepath.Join(t.TempDir(), "code"))
	if err != nil {
		t.Fatal(err)
	}
	if !readInBlocks(cache) { // once more: a reader of a reader
		t.Fatal("wazero has its files of native code elsewhere")
	}
	if readInBlocks(nil) {
		t.Error("a cache that is none has files")
	}
}

// counted is a file that counts how often it is read.
type counted struct {
	io.Reader
	reads  int
	closed bool
}

func (c *counted) Read(p []byte) (int, error) { c.reads++; return c.Reader.Read(p) }
func (c *counted) Close() error               { c.closed = true; return nil }

type oneFile struct {
	content *counted
	err     error
}

func (f oneFile) Get([32]byte) (io.ReadCloser, bool, error) {
	return f.content, f.content != nil, f.err
}
func (oneFile) Add([32]byte, io.Reader) error { return nil }
func (oneFile) Delete([32]byte) error         { return nil }

// TestBlocks reads a file as wazero does: numbers, then a great deal, then numbers.
func TestBlocks(t *testing.T) {
	const numbers = 10_000
	var file bytes.Buffer
	for i := range uint64(numbers) {
		_ = binary.Write(&file, binary.LittleEndian, i) // never fails
	}
	code := bytes.Repeat([]byte("native code "), hugePage/8)
	file.Write(code)
	file.WriteString("the end")
	f := &counted{Reader: bytes.NewReader(file.Bytes())}
	r, ok, err := inBlocks{oneFile{content: f}}.Get([32]byte{})
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	var number [8]byte
	for i := range uint64(numbers) {
		if _, err := io.ReadFull(r, number[:]); err != nil || binary.LittleEndian.Uint64(number[:]) != i {
			t.Fatalf("number %d is %v, %v", i, number, err)
		}
	}
	got := make([]byte, len(code))
	if _, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, code) {
		t.Fatalf("other code, %v", err)
	}
	if rest, err := io.ReadAll(r); err != nil || string(rest) != "the end" {
		t.Errorf("then %q, %v", rest, err)
	}
	if f.reads > 10 {
		t.Errorf("%d reads", f.reads)
	}
	if err := r.Close(); err != nil || !f.closed {
		t.Errorf("closed: %t, %v", f.closed, err)
	}
}

func TestBlocksOfNothing(t *testing.T) {
	if _, ok, err := (inBlocks{oneFile{}}).Get([32]byte{}); ok || err != nil {
		t.Error(ok, err)
	}
	broken := errors.New("broken")
	if _, ok, err := (inBlocks{oneFile{err: broken}}).Get([32]byte{}); ok || !errors.Is(err, broken) {
		t.Error(ok, err)
	}
	r, _, err := inBlocks{oneFile{content: &counted{Reader: iotest.ErrReader(broken)}}}.Get([32]byte{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Read(make([]byte, 8)); !errors.Is(err, broken) {
		t.Errorf("read: %v", err)
	}
}
