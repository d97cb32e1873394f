package confine

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The test binary is also the child under test, and a parent that is killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 {
		switch os.Args[1] {
		case "child":
			child(os.Args[2])
		case "parent":
			parent(os.Args[2])
		case "linger":
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

// child confines itself, tries what it should not and reports.
func child(dir string) {
	measures := Limit(Limits{Files: 100, FileBytes: 1 << 20})
	before := attempts(dir)
	measures = append(measures, Seal())
	r := childReport{Measures: measures, Before: before, After: attempts(dir)}
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// childReport is what came of each attempt: "" for success.
type childReport struct {
	Measures      []Measure
	Before, After map[string]string
}

// parent starts a child that waits for ever, and waits for ever.
func parent(dir string) {
	_, _, err := NewLauncher().Start(Command{
		Path: os.Args[0], Args: []string{"test", "linger", dir}, Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
	})
	fmt.Println("started", err)
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// run starts this binary as a confined child and returns its report, with the
// measures of both sides by name.
func run(t *testing.T, dir string) (childReport, map[string]Measure) {
	t.Helper()
	in, _, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, stdout, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	defer out.Close()
	c, measures, err := NewLauncher().Start(Command{
		Path: os.Args[0], Args: []string{"test", "child", dir}, Dir: "/", Env: []string{"GOCOVERDIR=" + dir},
		Files: []*os.File{in, stdout, os.Stderr}, Read: []string{filepath.Join(dir, "open")},
	})
	stdout.Close()
	if err != nil {
		t.Fatal(err)
	}
	var r childReport
	if err := json.NewDecoder(bufio.NewReader(out)).Decode(&r); err != nil {
		t.Fatalf("the child said nothing: %v; it ended with %s", err, c.State())
	}
	if s := c.State(); s != "exit status 0" {
		t.Errorf("the child ended with %s", s)
	}
	all := map[string]Measure{}
	for _, m := range append(measures, r.Measures...) {
		all[m.Name] = m
		if m.Detail == "" && !m.On {
			t.Errorf("%s is off and nobody says why", m.Name)
		}
	}
	return r, all
}

// directory holds a file that the child may read and one that it may not.
func directory(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"open/file", "secret"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("text"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestEveryMeasureIsReported(t *testing.T) {
	_, all := run(t, directory(t))
	for _, name := range []string{Privileges, Network, Files, Parent, Resources, Calls, Writes, Memory} {
		m, ok := all[name]
		if !ok {
			t.Errorf("%s is not reported", name)
		}
		t.Logf("%+v", m)
	}
}

func TestWhatIsMissingCannotBeStarted(t *testing.T) {
	_, _, err := NewLauncher().Start(Command{Path: filepath.Join(t.TempDir(), "absent")})
	if err == nil {
		t.Error("nothing was started without an error")
	}
}

// TestChildDoesNotOutliveItsParent kills a parent whose child has nothing else
// to notice it by: the child's input stays open.
func TestChildDoesNotOutliveItsParent(t *testing.T) {
	if _, all := run(t, directory(t)); !all[Parent].On {
		t.Skip("this system does not kill the child with its parent: ", all[Parent].Detail)
	}
	cmd := exec.Command(os.Args[0], "parent", t.TempDir())
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out := bufio.NewReader(stdout)
	if line, err := out.ReadString('\n'); line != "started <nil>\n" {
		t.Fatalf("the parent said %q, %v", line, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// The child has the other copy of this pipe's end.
	if _, err := io.Copy(io.Discard, out); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait()
}
