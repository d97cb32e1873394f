package sandbox_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/sandbox"
)

func TestLoadTakesWhatAnotherSandboxAdmitted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "code")
	wasm := noop(t)
	m := admit(t, newSandbox(t, sandbox.Config{CacheDir: dir}), wasm)
	before := listing(t, dir)
	reader := newSandbox(t, sandbox.Config{CacheDir: dir, ReadOnly: true})
	loaded, err := reader.Load(context.Background(), m.CID())
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, run(t, reader, job(loaded, "", `{}`)), "")
	if kept, ok := reader.Module(m.CID()); !ok || kept != loaded {
		t.Error("a loaded module is not kept ready")
	}
	_, err = reader.Admit(context.Background(), wasm)
	wantError(t, err, contracts.CodeUnsupported, "sandbox")
	absent := dagcbor.RawCID([]byte("absent"))
	_, err = reader.Load(context.Background(), absent)
	wantError(t, err, contracts.CodeNotFound, absent.String())
	if after := listing(t, dir); after != before {
		t.Errorf("a read-only sandbox changed its directory from %s to %s", before, after)
	}
}

// listing names every file below dir with its time.
func listing(t testing.TB, dir string) (all string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			all += path + " " + info.ModTime().String() + "\n"
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestLoadWithoutADirectoryFindsNothing(t *testing.T) {
	s, err := sandbox.New(context.Background(), sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	id := dagcbor.RawCID(noop(t))
	_, err = s.Load(context.Background(), id)
	wantError(t, err, contracts.CodeNotFound, id.String())
}

// TestHostGetsItsTurnBetweenSlices stops a guest from the callback alone.
func TestHostGetsItsTurnBetweenSlices(t *testing.T) {
	type key struct{}
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), key{}, "mine"))
	defer cancel()
	turns := 0
	s := newSandbox(t, sandbox.Config{Yield: func(ctx context.Context) {
		if ctx.Value(key{}) != "mine" {
			return // the module's initialisation
		}
		if turns++; turns == 5 {
			cancel()
		}
	}})
	_, err := s.Run(ctx, job(admit(t, s, probe(t)), "loop", `null`))
	wantError(t, err, contracts.CodeCancelled, "run")
	if turns != 5 {
		t.Errorf("the guest was given %d turns after it was cancelled", turns-5)
	}
}

func TestNothingRunsBeforeItMay(t *testing.T) {
	refusal := errors.New("not yet")
	var yields int
	s := newSandbox(t, sandbox.Config{
		BeforeGuest: func() error { return refusal },
		Yield:       func(context.Context) { yields++ },
	})
	if _, err := s.Admit(context.Background(), reactor(t)); !errors.Is(err, refusal) {
		t.Errorf("admission gave %v", err)
	}
	if yields != 0 {
		t.Error("the module ran")
	}
}
