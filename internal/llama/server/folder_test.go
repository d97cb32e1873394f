package server

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// TestSuccessorRemovesWhatTheKilledLeft has a child make a folder with a parked
// prompt in it and die by kill.
func TestSuccessorRemovesWhatTheKilledLeft(t *testing.T) {
	if base := os.Getenv("KRAKO_TEST_LEAVE"); base != "" {
		f, err := newFolder(base)
		if err == nil {
			err = os.WriteFile(f.file("slots/prompt.kv"), []byte("secret"), 0o600)
		}
		if err != nil {
			os.Exit(3)
		}
		self, _ := os.FindProcess(os.Getpid())
		_ = self.Kill()
		select {}
	}
	base := t.TempDir()
	mine, err := newFolder(base)
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], "-test.run", "^TestSuccessorRemovesWhatTheKilledLeft$")
	child.Env = append(os.Environ(), "KRAKO_TEST_LEAVE="+base)
	if err := child.Run(); err == nil || child.ProcessState.ExitCode() == 3 {
		t.Fatalf("the child was not killed: %v", err)
	}
	if left := folders(t, base); len(left) != 2 {
		t.Fatalf("the killed child left %v", left)
	}
	if err := os.Mkdir(filepath.Join(base, folderPrefix+"unborn"), 0o700); err != nil {
		t.Fatal(err)
	}
	next, err := newFolder(base)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{mine.path, next.path}
	slices.Sort(want)
	if left := folders(t, base); !slices.Equal(left, want) {
		t.Errorf("there are %v, want those of the living %v", left, want)
	}
	for _, f := range []*folder{mine, next} {
		if err := f.remove(); err != nil {
			t.Error(err)
		}
	}
	if left := folders(t, base); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func folders(t *testing.T, base string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(base, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}
