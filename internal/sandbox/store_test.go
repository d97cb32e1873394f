package sandbox

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/krako-labs/krako/contracts/dagcbor"
)

func samplePrepared() *prepared {
	return &prepared{
		facts: facts{ABI: ABIReactor, MinPages: 3, Init: []string{"_initialize"}, Globals: []string{"g"}, StackUnits: 9},
		wasm:  []byte("\x00asm\ncode"),
		husk:  []byte("husk\n"),
		data:  []segment{{16, []byte("data\n")}, {4096, []byte("more")}},
	}
}

func openTestStore(t *testing.T, limit int64) *store {
	t.Helper()
	s, err := openStore(Config{CacheDir: filepath.Join(t.TempDir(), "code"), CacheBytes: limit})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStoreKeepsPreparedModules(t *testing.T) {
	s := openTestStore(t, 1<<20)
	id, want := dagcbor.RawCID([]byte("module")), samplePrepared()
	if p, err := s.load(id); p != nil || err != nil {
		t.Fatalf("load of nothing = %v, %v", p, err)
	}
	if err := s.save(id, want); err != nil {
		t.Fatal(err)
	}
	want.stored = true
	got, err := s.load(id)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(prepared{}, segment{}), cmpopts.IgnoreTypes(mappedFile{})); d != "" {
		t.Error(d)
	}
	got.release()
}

func TestStoreForgetsDamage(t *testing.T) {
	s := openTestStore(t, 1<<20)
	id := dagcbor.RawCID([]byte("module"))
	good := samplePrepared().encode()
	for name, bad := range map[string][]byte{
		"empty": nil, "cut": good[:len(good)-1], "longer": append(bytes.Clone(good), 0),
		"flipped": append(append(bytes.Clone(good[:40]), good[40]^1), good[41:]...),
	} {
		if err := os.WriteFile(s.path(id), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if p, err := s.load(id); p != nil || err != nil {
			t.Errorf("%s: load = %v, %v", name, p, err)
		}
	}
}

func TestStorePrunesTheLeastUsed(t *testing.T) {
	size := int64(len(samplePrepared().encode()))
	s := openTestStore(t, 2*size)
	old, used, fresh := dagcbor.RawCID([]byte("1")), dagcbor.RawCID([]byte("2")), dagcbor.RawCID([]byte("3"))
	for i, id := range []struct{ at time.Duration }{{2}, {3}} {
		c := []struct{ path string }{{s.path(old)}, {s.path(used)}}[i]
		if err := os.WriteFile(c.path, samplePrepared().encode(), 0o600); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-time.Hour).Add(id.at * time.Minute)
		if err := os.Chtimes(c.path, then, then); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.save(fresh, samplePrepared()); err != nil {
		t.Fatal(err)
	}
	if p, _ := s.load(old); p != nil {
		t.Error("the least used module was kept over the limit")
	}
	if p, _ := s.load(used); p == nil {
		t.Error("a module within the limit was removed")
	}
	if p, _ := s.load(fresh); p == nil {
		t.Error("the newest module was removed")
	}
}

func FuzzDecodePrepared(f *testing.F) {
	f.Add(samplePrepared().encode()[4:])
	f.Add([]byte("{}\n"))
	f.Add([]byte(`{"Wasm":-1,"Data":[1,2]}` + "\n"))
	f.Fuzz(func(t *testing.T, rest []byte) {
		p, ok := decodePrepared(withSum(rest))
		if !ok {
			return
		}
		again, ok := decodePrepared(p.encode())
		if !ok || !bytes.Equal(again.wasm, p.wasm) || !bytes.Equal(again.husk, p.husk) || len(again.data) != len(p.data) {
			t.Fatalf("does not round-trip: %v", p)
		}
	})
}
