package cluster

import (
	"bufio"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"
)

// busyEnv makes the test binary a process that works for a while and then waits.
const busyEnv = "KRAKO_TEST_BUSY"

func TestMain(m *testing.M) {
	if os.Getenv(busyEnv) == "" {
		os.Exit(m.Run())
	}
	for u := (Usage{}); u.CPU < 50*time.Millisecond; u, _ = UsageOf(os.Getpid()) {
	}
	os.Stdout.WriteString("done\n")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
}

func TestUsageCountsChildren(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), busyEnv+"=1")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if list := children(os.Getpid()); !slices.Contains(list, cmd.Process.Pid) {
		t.Errorf("children %v, without %d", list, cmd.Process.Pid)
	}
	own, err := usageOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	while, err := UsageOf(os.Getpid())
	if err != nil || while.CPU-own.CPU < 50*time.Millisecond || while.RSS <= own.RSS {
		t.Errorf("with its child %+v, by itself %+v, %v", while, own, err)
	}
	if alone, err := ThreadsCPU(cmd.Process.Pid); err != nil || alone < 40*time.Millisecond || alone%clockTick == 0 {
		t.Errorf("the child's threads used %v, %v", alone, err)
	}
	stdin.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	after, err := UsageOf(os.Getpid())
	if err != nil || after.CPU < while.CPU {
		t.Errorf("%+v became %+v when the child ended: %v", while, after, err)
	}
	if alone, err := ThreadsCPU(cmd.Process.Pid); err == nil {
		t.Errorf("a process that has ended used %v", alone)
	}
}
