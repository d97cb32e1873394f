package node

import (
	"context"
	"log/slog"
	"testing"

	"github.com/krako-labs/krako/contracts"
)

func TestOneProcessHasTheDataDirectory(t *testing.T) {
	path := t.TempDir()
	d, err := openDataDir(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openDataDir(path); contracts.CodeOf(err) != contracts.CodeConflict {
		t.Errorf("a second one got %v, want CONFLICT", err)
	}
	if err := d.close(); err != nil {
		t.Fatal(err)
	}
	again, err := openDataDir(path)
	if err != nil {
		t.Fatalf("after close: %v", err)
	}
	if err := again.close(); err != nil {
		t.Error(err)
	}
}

func TestNewReleasesTheDirectoryWhenItFails(t *testing.T) {
	c := newCoordinator(t, "lab")
	cfg := testConfig(t, c)
	d, err := openDataDir(cfg.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	if _, err := New(context.Background(), cfg, log); contracts.CodeOf(err) != contracts.CodeConflict {
		t.Errorf("a second agent got %v, want CONFLICT", err)
	}
	if err := d.close(); err != nil {
		t.Fatal(err)
	}
	cfg.Slots = 0
	if _, err := New(context.Background(), cfg, log); contracts.CodeOf(err) != contracts.CodeValidation {
		t.Errorf("an unsound config got %v", err)
	}
	cfg.Slots = 1
	a, err := New(context.Background(), cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}
