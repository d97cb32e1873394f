package straggler_test

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/straggler"
	"github.com/krako-labs/krako/internal/golden"
)

// TestTranscripts plays each script in testdata. Behind each question stands the
// verdict.
//
//	policy MEMBER=VALUE…
//	ran TASK DURATION [xN] | gave
//	limit TASK
//	judge TASK running=DURATION out=N copies_out=N [silent] [once] [copied] [had=N]
func TestTranscripts(t *testing.T) { golden.Transcripts(t, play) }

const tenant = contracts.TenantID("lab")

func task(name string) straggler.Task {
	return straggler.Task{Module: dagcbor.RawCID([]byte(name)), Entry: name}
}

func play(t *testing.T, script string) string {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	p := straggler.DefaultPolicy()
	b := straggler.New(p)
	for _, line := range strings.Split(script, "\n") {
		w := strings.Fields(line)
		if len(w) == 0 || w[0] == "#" {
			continue
		}
		switch w[0] {
		case "policy":
			for _, m := range w[1:] {
				k, v, _ := strings.Cut(m, "=")
				f, err := strconv.ParseFloat(v, 64)
				must(err)
				switch k {
				case "share":
					p.Share = f
				case "factor":
					p.Factor = f
				case "percentile":
					p.Percentile = f
				case "min_runs":
					p.MinRuns = int(f)
				default:
					t.Fatalf("no member %q", k)
				}
			}
			fmt.Fprintf(&out, "> %s\n", line)
			if err := p.Validate(); err != nil {
				fmt.Fprintf(&out, "  %v\n", err)
				continue
			}
			b = straggler.New(p)
		case "ran":
			d, err := time.ParseDuration(w[2])
			must(err)
			n := 1
			if len(w) > 3 {
				n, err = strconv.Atoi(w[3][1:])
				must(err)
			}
			for range n {
				b.Ran(task(w[1]), tenant, d)
			}
			fmt.Fprintf(&out, "> %s\n", line)
		case "gave":
			b.Gave(tenant)
			fmt.Fprintf(&out, "> %s\n", line)
		case "limit":
			d, ok := b.Limit(task(w[1]))
			fmt.Fprintf(&out, "> %s\n  %s %t\n", line, d, ok)
		case "judge":
			c := straggler.Case{Task: task(w[1]), Tenant: tenant, Repeatable: true}
			for _, m := range w[2:] {
				k, v, _ := strings.Cut(m, "=")
				var err error
				switch k {
				case "running":
					c.Running, err = time.ParseDuration(v)
				case "out":
					c.Out, err = strconv.Atoi(v)
				case "copies_out":
					c.OutCopies, err = strconv.Atoi(v)
				case "had":
					c.Copies, err = strconv.Atoi(v)
				case "silent":
					c.Silent = true
				case "once":
					c.Repeatable = false
				case "copied":
					c.Copied = true
				default:
					t.Fatalf("no member %q", k)
				}
				must(err)
			}
			v, why := b.Judge(c)
			fmt.Fprintf(&out, "> %s\n  %s\n", line, strings.TrimSpace(string(v)+" "+why))
		default:
			t.Fatalf("unknown line %q", line)
		}
	}
	return out.String()
}

// TestStepsHoldTheirTimes has a limit never below what was asked for and never a
// quarter above it.
func TestStepsHoldTheirTimes(t *testing.T) {
	p := straggler.DefaultPolicy()
	p.Factor, p.MinRuns, p.Floor = 1, 1, 1
	for d := 4 * time.Microsecond; d < 48*time.Hour; d = d*11/10 + time.Microsecond {
		b := straggler.New(p)
		b.Ran(task("a"), tenant, d)
		if got, ok := b.Limit(task("a")); !ok || got < d.Truncate(time.Microsecond) || float64(got) > 1.26*float64(d) {
			t.Errorf("%s becomes %s", d, got)
		}
	}
}

// TestOldTimesFade has a task become slow: the limit follows.
func TestOldTimesFade(t *testing.T) {
	b := straggler.New(straggler.DefaultPolicy())
	for range 100_000 {
		b.Ran(task("a"), tenant, time.Second)
	}
	before, _ := b.Limit(task("a"))
	for range 4096 {
		b.Ran(task("a"), tenant, time.Minute)
	}
	if after, _ := b.Limit(task("a")); before > 3*time.Second || after < 2*time.Minute {
		t.Errorf("the limit was %s and is %s", before, after)
	}
}
