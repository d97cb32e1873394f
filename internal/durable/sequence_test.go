package durable

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/krako-labs/krako/contracts"
)

// takerEnv makes the test binary a process that takes numbers for ever.
const takerEnv = "KRAKO_TEST_SEQUENCE"

func TestMain(m *testing.M) {
	if path := os.Getenv(takerEnv); path != "" {
		if err := takeForEver(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func takeForEver(path string) error {
	s, err := OpenSequence(path)
	if err != nil {
		return err
	}
	for {
		n, err := s.Take()
		if err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// TestNumbersSurviveKill kills a process that hands out numbers as fast as it
// can, in the middle of whatever it does, and looks whether the next repeats
// one.
func TestNumbersSurviveKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sequence")
	last := uint64(0)
	for round := range 10 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), takerEnv+"="+path)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for taken := 0; lines.Scan(); taken++ {
			n, err := strconv.ParseUint(lines.Text(), 10, 64)
			if err != nil {
				break // the line that the kill cut short
			}
			if n <= last {
				t.Fatalf("round %d: number %d came after %d", round, n, last)
			}
			last = n
			if taken == 1+round*1000 {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the process was not killed")
		}
	}
}

func TestNumbersAreReservedBeforeTheyAreUsed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sequence")
	s, err := OpenSequence(path)
	if err != nil {
		t.Fatal(err)
	}
	for want := uint64(1); want <= 3*ReserveAhead; want++ {
		n, err := s.Take()
		if err != nil || n != want {
			t.Fatalf("take = %d, %v, want %d", n, err, want)
		}
		if other, err := OpenSequence(path); err != nil || other.next <= n {
			t.Fatalf("a successor would start at %d after %d: %v", other.next, n, err)
		}
	}
}

func TestPassLeapsOverRecordedNumbers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sequence")
	s, err := OpenSequence(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ pass, want uint64 }{
		{0, 1}, {1, 2}, {1, 3}, {700, 701}, {5000, 5001}, {10, 5002},
	} {
		if err := s.Pass(step.pass); err != nil {
			t.Fatal(err)
		}
		if n, err := s.Take(); err != nil || n != step.want {
			t.Errorf("after pass(%d): %d, %v, want %d", step.pass, n, err, step.want)
		}
	}
	if err := s.Pass(lastNumber - 1); contracts.CodeOf(err) != contracts.CodeValidation {
		t.Errorf("an absurd number gave %v", err)
	}
	if err := os.WriteFile(path, fmt.Appendf(nil, "%d\n", uint64(lastNumber-ReserveAhead+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err = OpenSequence(path); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Take(); contracts.CodeOf(err) != contracts.CodeResourceExhausted {
		t.Errorf("the end of the sequence gave %v", err)
	}
}

func TestDamagedSequenceIsNotGuessed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sequence")
	for _, text := range []string{"", "\n", "x", "-1\n", "0\n", "1 2\n", "99999999999999999999\n", "1\n\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := OpenSequence(path); contracts.CodeOf(err) != contracts.CodeValidation {
			t.Errorf("%q was read as %+v: %v", text, s, err)
		}
	}
}

func TestFullDiskStopsTheSequence(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gone", "sequence")
	s, err := OpenSequence(path)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := s.Take(); err == nil {
		t.Errorf("number %d was handed out without a file", n)
	}
}
