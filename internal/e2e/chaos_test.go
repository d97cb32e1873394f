package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/examples/logs"
	"github.com/krako-labs/krako/examples/logs/logstest"
)

// rogue is a krako-chaos process and what it has said so far.
type rogue struct {
	t    *testing.T
	said chan struct{} // beats with every line

	mu   sync.Mutex
	acts map[string]int
	// sent are the numbers of the batches that were sent, by what was done with them;
	// refused says how often and with what each was turned down, acked how often it
	// was acknowledged.
	sent    map[string][]uint64
	refused map[uint64][]string
	acked   map[uint64]int
	ends    []string // of streams, and of tries to open one
}

// rogue starts a node that follows a plan, until the test ends.
func (f *fabric) rogue(plan string) *rogue {
	f.t.Helper()
	r := &rogue{t: f.t, said: make(chan struct{}, 1), acts: map[string]int{}, sent: map[string][]uint64{}, refused: map[uint64][]string{}, acked: map[uint64]int{}}
	cmd := exec.CommandContext(f.ctx, filepath.Join(bin, "krako-chaos"),
		"-data-dir", f.t.TempDir(), "-coordinator", strings.Join(f.local.Endpoint().Addrs, ","), "-plan", plan)
	out, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		f.t.Fatal(err)
	}
	read := make(chan struct{})
	go func() { defer close(read); r.read(out) }()
	f.t.Cleanup(func() {
		_ = cmd.Process.Kill() // fails for one that has ended
		<-read
		_ = cmd.Wait() // it was killed
	})
	return r
}

func (r *rogue) read(out io.Reader) {
	for s := bufio.NewScanner(out); s.Scan(); {
		var line struct {
			Msg, Act, Breach, Code, Reason, Error string
			Seq                                   uint64
		}
		if err := json.Unmarshal(s.Bytes(), &line); err != nil {
			r.t.Logf("krako-chaos: %s", s.Text())
			continue
		}
		r.mu.Lock()
		switch line.Msg {
		case "batch sent":
			r.sent[line.Breach] = append(r.sent[line.Breach], line.Seq)
		case "batch rejected":
			r.refused[line.Seq] = append(r.refused[line.Seq], line.Code+": "+line.Reason)
		case "batch recorded":
			r.acked[line.Seq]++
		case "work stream ended", "coordinator not joined":
			r.ends = append(r.ends, line.Error)
		}
		if line.Act != "" {
			r.acts[line.Act]++
		}
		r.mu.Unlock()
		select {
		case r.said <- struct{}{}:
		default:
		}
	}
}

// await waits until all these acts were done.
func (f *fabric) await(r *rogue, acts ...string) {
	f.t.Helper()
	for {
		missing := r.missing(acts...)
		if len(missing) == 0 {
			return
		}
		select {
		case <-r.said:
		case <-f.ctx.Done():
			f.t.Fatalf("the rogue never did %v", missing)
		}
	}
}

// missing are those of the acts that were not done so far.
func (r *rogue) missing(acts ...string) (missing []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range acts {
		if r.acts[a] == 0 {
			missing = append(missing, a)
		}
	}
	return missing
}

// TestProtocolBreakersChangeNothing has a node send batches twice, late and under old
// numbers, beside one that contradicts what it has sent, which is the end of it. When
// both have done all of that an honest node comes for what is left.
func TestProtocolBreakersChangeNothing(t *testing.T) {
	f := start(t, 0)
	r := f.rogue(`{"seed":11,"rates":{"duplicate":0.34,"reorder":0.33,"old_seq":0.33}}`)
	liar := f.rogue(`{"seed":11,"rates":{"equivocate":1}}`)
	f.awaitNodes(2)
	f.report(func() {
		f.await(liar, "equivocate")
		f.await(r, "duplicate", "reorder", "old_seq")
		if err := f.local.AddNode(); err != nil {
			t.Error(err)
		}
	})
	f.everySessionOnce()
	id := f.rogueID()
	if v, err := f.Trust(f.ctx, id); err != nil || v.Standing != "banned" || v.Proof == nil {
		t.Errorf("who contradicted itself is %+v (%v)", v, err)
	}
	f.awaitEnd(liar, string(contracts.CodeAuth))
	f.awaitAnswers(r)
	r.mu.Lock()
	defer r.mu.Unlock()
	for seq, list := range r.refused {
		for _, why := range list {
			if why != "CONFLICT: sequence number was used before" {
				t.Errorf("batch %d was refused with %q", seq, why)
			}
		}
	}
	t.Logf("sent %d twice, %d late, %d under old numbers; refused %d numbers", len(r.sent["duplicate"]), len(r.sent["reorder"]), len(r.sent["old_seq"]), len(r.refused))
}

// awaitAnswers waits until what the rogue sent was answered, which may take longer than
// the graph. A batch that comes while one of its number, or a later one, is on its way to
// the disk is acknowledged with that one and not taken; one that comes when it is there
// is refused, as those under old numbers are: the rogue takes recorded ones for that.
// Its stream may have ended before the answer to the last.
func (f *fabric) awaitAnswers(r *rogue) {
	f.t.Helper()
	lacks := func() (list []string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, breach := range []string{"duplicate", "reorder", "old_seq"} {
			answered, refused := 0, 0
			for _, seq := range r.sent[breach] {
				refused += len(r.refused[seq])
				if len(r.refused[seq])+r.acked[seq] > 0 {
					answered++
				}
			}
			if n := len(r.sent[breach]); n == 0 || answered < n-1 || breach == "old_seq" && refused == 0 {
				list = append(list, fmt.Sprintf("%d of %d batches of %s were answered, %d times with a refusal", answered, n, breach, refused))
			}
		}
		return list
	}
	for list := lacks(); len(list) > 0; list = lacks() {
		select {
		case <-r.said:
		case <-f.ctx.Done():
			f.t.Fatal(strings.Join(list, "; "))
		}
	}
}

// everySessionOnce checks that no unit of any session completed twice.
func (f *fabric) everySessionOnce() {
	f.t.Helper()
	list, err := f.Sessions(f.ctx, "", 100)
	if err != nil || len(list.Sessions) == 0 {
		f.t.Fatalf("%d sessions (%v)", len(list.Sessions), err)
	}
	for _, s := range list.Sessions {
		checkOnce(f.t, f.watch(s.SessionID, nil))
	}
}

// rogueID is the node that was proved wrong.
func (f *fabric) rogueID() contracts.NodeID {
	f.t.Helper()
	return f.conduct("convicted", func(v contracts.NodeTrust) bool { return v.Convictions > 0 }).NodeID
}

// awaitEnd waits until a stream of the rogue's has ended, or was refused, with a code.
func (f *fabric) awaitEnd(r *rogue, code string) {
	f.t.Helper()
	for {
		r.mu.Lock()
		for _, end := range r.ends {
			if strings.Contains(end, code) {
				r.mu.Unlock()
				return
			}
		}
		ends := strings.Join(r.ends, "; ")
		r.mu.Unlock()
		select {
		case <-r.said:
		case <-f.ctx.Done():
			f.t.Fatalf("the rogue's streams end with %q, none with %s", ends, code)
		}
	}
}

// TestDesertersLoseTheirUnits has a node vanish or refuse with everything it is
// given, beside an honest one.
func TestDesertersLoseTheirUnits(t *testing.T) {
	f := start(t, 1)
	r := f.rogue(`{"seed":5,"rates":{"vanish":0.5,"fault":0.5},"away_ms":50}`)
	f.awaitNodes(2)
	f.report(func() {})
	for len(r.missing("vanish", "fault")) > 0 { // the honest one may have been quicker
		f.krako("run", unitsOf(t, 40), "--out", os.DevNull)
	}
}

// TestLiesAreSigned has a sleeper compute a unit honestly and then again with a
// lie. It signs both: the second answer is wrong, and its receipts prove who gave
// it. That it is noticed is not this test's.
func TestLiesAreSigned(t *testing.T) {
	f := start(t, 0)
	f.rogue(`{"seed":3,"rates":{"lie":1},"honest_for":1}`)
	f.awaitNodes(1)
	var answers [2][]byte
	for i := range answers {
		out := filepath.Join(t.TempDir(), "answer.json")
		doc := noopDocument(t)
		// It reads no input, but an equal unit would not be run twice.
		doc["work_units"].([]any)[0].(map[string]any)["input"] = map[string]any{"n": i}
		text := f.krako("run", write(t, doc), "--out", out)
		if !strings.Contains(text, "every signature verified") {
			t.Errorf("run %d:\n%s", i, text)
		}
		var err error
		if answers[i], err = os.ReadFile(out); err != nil {
			t.Fatal(err)
		}
	}
	if bytes.Equal(answers[0], answers[1]) {
		t.Errorf("the truth and the lie are both %x", answers[0])
	}
}

// report runs the logs example, with what is to happen meanwhile, and compares
// what comes out with the independent reference.
func (f *fabric) report(meanwhile func()) {
	f.t.Helper()
	var log bytes.Buffer
	if err := logs.Generate(&log, 3, 20_000); err != nil {
		f.t.Fatal(err)
	}
	dir := f.t.TempDir()
	input, out := filepath.Join(dir, "access.log"), filepath.Join(dir, "report.json")
	if err := os.WriteFile(input, log.Bytes(), 0o600); err != nil {
		f.t.Fatal(err)
	}
	var text string
	var code int
	ran := make(chan struct{})
	go func() {
		defer close(ran)
		text, code = f.try("run", "logs", "--input", input, "--out", out, "--chunk", "60000", "--top", "12")
	}()
	meanwhile()
	<-ran
	if code != 0 {
		f.t.Fatalf("exit code %d:\n%s", code, text)
	}
	doc, err := os.ReadFile(out)
	if err != nil {
		f.t.Fatal(err)
	}
	var got logstest.Report
	if err := json.Unmarshal(doc, &got); err != nil {
		f.t.Fatal(err)
	}
	if d := cmp.Diff(logstest.Reference(log.Bytes(), 12, 5), got); d != "" {
		f.t.Errorf("report differs (-reference +krako):\n%s", d)
	}
}
