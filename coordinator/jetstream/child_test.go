package jetstream_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/krako-labs/krako/coordinator/jetstream/natstest"
)

// What a re-executed test binary is: a server, or a writer.
const (
	asServer = "JETSTREAM_TEST_SERVER"
	asWriter = "JETSTREAM_TEST_WRITER"
)

func TestMain(m *testing.M) {
	for name, run := range map[string]func(string) error{asServer: serve, asWriter: write} {
		if arg := os.Getenv(name); arg != "" {
			if err := run(arg); err != nil {
				fmt.Println("end", err)
				os.Exit(1)
			}
			return
		}
	}
	os.Exit(m.Run())
}

// serve is a server in a process of its own, until it is killed.
func serve(arg string) error {
	var o natstest.Server
	if err := json.Unmarshal([]byte(arg), &o); err != nil {
		return err
	}
	s, err := o.Start()
	if err != nil {
		return err
	}
	fmt.Println("ready")
	s.WaitForShutdown()
	return nil
}

// child is a re-executed test binary.
type child struct {
	*exec.Cmd
	lines *bufio.Scanner
}

func spawn(t testing.TB, name string, arg any) *child {
	t.Helper()
	b, err := json.Marshal(arg)
	must(t, err)
	c := &child{Cmd: exec.Command(os.Args[0])}
	c.Env = append(os.Environ(), name+"="+string(b))
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	must(t, err)
	must(t, c.Start())
	t.Cleanup(func() {
		_ = c.Process.Kill() // it may be gone
		_ = c.Wait()
	})
	c.lines = bufio.NewScanner(out)
	return c
}

// expect reads lines until one begins with the prefix and returns the rest of it.
func (c *child) expect(t testing.TB, prefix string) string {
	t.Helper()
	for c.lines.Scan() {
		if rest, ok := strings.CutPrefix(c.lines.Text(), prefix); ok {
			return strings.TrimSpace(rest)
		}
	}
	t.Fatalf("the child ended without saying %q", prefix)
	return ""
}
