package coordinator_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/audit"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/survey"
	"github.com/krako-labs/krako/internal/p2p"
)

// retireDir names, in the environment, the directory on which a re-executed test
// binary is to run a coordinator that surveys, writes snapshots and lets records go
// all the time, until it is killed.
const retireDir = "COORDINATOR_TEST_RETIRE_DIR"

// on makes a fabric of a directory that is there.
func on(t *testing.T, dir string, tune ...tuning) *fabric {
	t.Helper()
	id, err := p2p.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	f := &fabric{t: t, dir: dir, id: id}
	f.open(tune...)
	t.Cleanup(func() { f.stop() })
	return f
}

func TestRetireChild(t *testing.T) {
	dir := os.Getenv(retireDir)
	if dir == "" {
		t.Skip("is the child of TestKillWhileRetiring")
	}
	f := on(t, dir, used, brief)
	w := f.connect()
	go w.work()
	go func() {
		for {
			first, err := f.Retire(t.Context())
			if err != nil {
				fmt.Printf("failed %v\n", err)
				return
			}
			fmt.Printf("first %d\n", first)
		}
	}()
	for {
		for _, g := range f.run(1) {
			res, err := f.Submit(t.Context(), g, contracts.SubmissionMetadata{})
			if err != nil {
				t.Error(err)
				return
			}
			fmt.Printf("ended %s\n", res.SessionID)
		}
	}
}

// TestKillWhileRetiring kills a coordinator that lets records go while it writes
// surveys and snapshots of its docket, over and over on the same directory. Nothing
// that was answered is lost, and what is left of the log is proved.
func TestKillWhileRetiring(t *testing.T) {
	lives, sessions := 6, 120
	if testing.Short() {
		lives, sessions = 2, 60
	}
	dir := t.TempDir()
	ended := map[contracts.SessionID]bool{}
	first := eventlog.Offset(1)
	for life := range lives {
		first = max(first, retireAndDie(t, dir, sessions, ended))
		f := on(t, dir, used, brief)
		begin, encoded := f.db.Log().Base()
		if begin < first {
			t.Errorf("life %d: the log begins at record %d, was said to at %d", life, begin, first)
		}
		var base audit.Base
		if begin > 1 {
			b, err := survey.DecodeBase(f.db.Log().Cluster(), encoded)
			if err != nil {
				t.Fatal(err)
			}
			base = audit.Base{Size: int64(b.At), Edge: b.Edge}
		}
		if _, err := audit.RunFrom(t.Context(), f.db.Log().(audit.Reader), base, audit.Trust{}); err != nil {
			t.Errorf("life %d: %v", life, err)
		}
		for id := range ended {
			if r := f.end(id); r.Metadata.State != contracts.SessionCompleted {
				t.Errorf("life %d: session %s is %s", life, id, r.Metadata.State)
			}
			if v, err := f.Session(t.Context(), id); err != nil || v.Units.Done != 2 {
				t.Errorf("life %d: session %s is %+v, %v", life, id, v.SessionSummary, err)
			}
		}
		f.stop()
	}
	if first == 1 {
		t.Error("no record was ever let go")
	}
}

// retireAndDie runs the child until so many sessions have ended and records were let
// go, kills it and returns the last record that it said the log began with.
func retireAndDie(t *testing.T, dir string, sessions int, ended map[contracts.SessionID]bool) (first eventlog.Offset) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestRetireChild$", "-test.v")
	child.Env = append(os.Environ(), retireDir+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	n, killed, last := 0, false, "" // and what it said last that is neither
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var id string
		var at eventlog.Offset
		if k, _ := fmt.Sscanf(lines.Text(), "first %d", &at); k == 1 {
			first = at
		} else if k, _ := fmt.Sscanf(lines.Text(), "ended %s", &id); k == 1 {
			ended[contracts.SessionID(id)] = true
			// Records go beside the sessions, as fast as the machine has time for both.
			if n++; n >= sessions && (first > 1 || n >= 10*sessions) && !killed {
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
				killed = true
			}
		} else if len(lines.Text()) > 6 && lines.Text()[:6] == "failed" {
			t.Error(lines.Text())
		} else if strings.Contains(lines.Text(), ".go:") {
			last = lines.Text()
		}
	}
	_, _ = io.Copy(io.Discard, out)
	if err := child.Wait(); err == nil || n < sessions {
		t.Fatalf("the child ended by itself after %d sessions: %v: %s", n, err, last)
	}
	return first
}
