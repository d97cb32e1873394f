package coordinator_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/ipfs/go-cid"
)

// collectDir names, in the environment, the directory on which a re-executed test
// binary is to run a coordinator that lets go of records and blocks all the time, until
// it is killed.
const collectDir = "COORDINATOR_TEST_COLLECT_DIR"

func TestCollectChild(t *testing.T) {
	dir := os.Getenv(collectDir)
	if dir == "" {
		t.Skip("is the child of TestKillWhileCollecting")
	}
	f := on(t, dir, used, collecting)
	w := f.connect()
	go w.work()
	go func() {
		for {
			_, err := f.Retire(t.Context())
			if err != nil {
				fmt.Printf("failed retire: %v\n", err)
				return
			}
			s, err := f.Collect(t.Context())
			if err != nil {
				fmt.Printf("failed collect: %v\n", err)
				return
			}
			fmt.Printf("collected %d\n", s.Blocks)
		}
	}()
	for i := 0; ; i++ {
		text := fmt.Sprintf("%d of process %d", i, os.Getpid())
		if i%2 == 0 {
			f.upload(text) // nobody will name it
			continue
		}
		id, session := f.name(text, graph(unit("a", fmt.Sprintf(`{"n":%d}`, i)), unit("b", `{}`, "a")))
		f.end(session)
		fmt.Printf("named %s\n", id)
	}
}

// TestKillWhileCollecting kills a coordinator that lets go of blocks while graphs come
// in and end, over and over on the same directory. What the log names is all there
// each time, and garbage has gone.
func TestKillWhileCollecting(t *testing.T) {
	lives := 6
	if testing.Short() {
		lives = 2
	}
	dir := t.TempDir()
	for life := range lives {
		named := collectAndDie(t, dir, life)
		f := on(t, dir, used, collecting)
		if lost := f.lost(); len(lost) > 0 {
			t.Errorf("life %d: %d blocks that the log names are gone: %s ...", life, len(lost), lost[0])
		}
		// The last graphs cannot have been let go of: their blocks are there.
		for _, id := range named[max(0, len(named)-10):] {
			if !f.there(id) {
				t.Errorf("life %d: a block that a graph named is gone", life)
			}
		}
		f.stop()
	}
}

// collectAndDie runs the child until some of its collections have found something,
// kills it at another place each time, and returns the blocks that graphs named.
func collectAndDie(t *testing.T, dir string, life int) (named []cid.Cid) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestCollectChild$", "-test.v")
	child.Env = append(os.Environ(), collectDir+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	gone, since, killed := 0, 0, false
	for lines := bufio.NewScanner(out); lines.Scan(); { // also what it had said when it was killed
		var text string
		if k, _ := fmt.Sscanf(lines.Text(), "named %s", &text); k == 1 {
			id, err := cid.Decode(text)
			if err != nil {
				t.Error(err)
			}
			named = append(named, id)
			if gone > 0 {
				since++
			}
		} else if strings.HasPrefix(lines.Text(), "failed") {
			t.Error(lines.Text())
		} else if !killed {
			_, _ = fmt.Sscanf(lines.Text(), "collected %d", &gone)
		}
		if since > 20+17*life && !killed { // in the middle of the next one, wherever that is
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			killed = true
		}
	}
	_, _ = io.Copy(io.Discard, out)
	if err := child.Wait(); err == nil || gone == 0 {
		t.Fatalf("the child ended by itself, with %d blocks gone: %v", gone, err)
	}
	return named
}
