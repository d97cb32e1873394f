//go:build unix

package llmpod_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama"
	"github.com/krako-labs/krako/internal/llama/llamatest"
	"github.com/krako-labs/krako/internal/llama/server"
	"github.com/krako-labs/krako/llmpod"
)

// fault is what happens to a server in the middle of its answers.
type fault struct {
	name string
	pool *llmpod.Pool
	// begin does it, end ends it.
	begin, end func()
	hurt       atomic.Int32 // calls that ended with a code
}

// TestServersThatFailCostNoSlotAndNoToken kills and freezes a real server, and has
// another speak garbage, stall and break off: every call ends with a code or with
// the answer and the count of an undisturbed one, and afterwards all slots serve.
func TestServersThatFailCostNoSlotAndNoToken(t *testing.T) {
	faults := append(signals(t), wires(t)...)
	cycles := many(8, 100)
	for i := range cycles {
		f := faults[i%len(faults)]
		if !t.Run(fmt.Sprintf("%d %s", i, f.name), func(t *testing.T) { f.cycle(t) }) {
			return
		}
	}
	for _, f := range faults {
		if f.hurt.Load() == 0 {
			t.Errorf("%s disturbed nobody: nothing was tested", f.name)
		}
		t.Logf("%s: %d calls ended with a code", f.name, f.hurt.Load())
	}
}

// TestAnAnswerThatShouldHaveBegunAfreshIsNotUsed has a server say that it went on from
// what a slot held of another session: the answer is not used, and the slot is erased.
func TestAnAnswerThatShouldHaveBegunAfreshIsNotUsed(t *testing.T) {
	cfg := llamatest.Config(t, llamatest.Nonsense(t))
	cfg.Loopback, cfg.Slots = true, 1
	_, st := llamatest.Start(t, cfg)
	w := newWire(t, st.Endpoint.URL)
	attach := server.DefaultConfig()
	attach.Attach, attach.Slots = &llama.Endpoint{URL: w.url, Key: st.Endpoint.Key}, 1
	p := pool(t, attach, nil)
	want := invoke(t, p, call("first", "and what then?", nil))
	if other := invoke(t, p, call("second", "and what then?", nil)); other.Cached != 0 || string(other.Output) != string(want.Output) {
		t.Fatalf("in a slot that another has left %d tokens are there, and the answer is %s, want %s", other.Cached, other.Output, want.Output)
	}
	w.mode.Store(wireReuses)
	a, err := p.Invoke(t.Context(), call("third", "and what then?", nil), none)
	if contracts.CodeOf(err) != contracts.CodeInternal || a.Output != nil {
		t.Errorf("of another's tokens came %q, %v", a.Output, err)
	}
	w.mode.Store(wirePasses)
	if again := invoke(t, p, call("third", "and what then?", nil)); again.Cached != 0 || string(again.Output) != string(want.Output) {
		t.Errorf("afterwards %d tokens are taken from the slot, and it says %s, want %s", again.Cached, again.Output, want.Output)
	}
}

// TestAnotherSlotsAnswerIsNotUsed has a server answer from another slot than the one
// it was given: the answer is not used, and what the slot holds neither.
func TestAnotherSlotsAnswerIsNotUsed(t *testing.T) {
	cfg := llamatest.Config(t, llamatest.Nonsense(t))
	cfg.Loopback, cfg.Slots = true, 1
	_, st := llamatest.Start(t, cfg)
	w := newWire(t, st.Endpoint.URL)
	attach := server.DefaultConfig()
	attach.Attach, attach.Slots = &llama.Endpoint{URL: w.url, Key: st.Endpoint.Key}, 1
	p := pool(t, attach, nil)
	ask := call("s", "and what then?", nil)
	if first := invoke(t, p, ask); first.Cached != 0 {
		t.Fatalf("%d tokens were there before anybody asked", first.Cached)
	}
	want := invoke(t, p, ask)
	if want.Cached == 0 {
		t.Fatal("a session does not go on from its own slot: nothing is tested")
	}
	w.mode.Store(wireSwaps)
	a, err := p.Invoke(t.Context(), ask, none)
	if contracts.CodeOf(err) != contracts.CodeInternal || a.Output != nil {
		t.Errorf("of the wrong slot came %q, %v", a.Output, err)
	}
	w.mode.Store(wirePasses)
	if again := invoke(t, p, ask); again.Cached != 0 || string(again.Output) != string(want.Output) {
		t.Errorf("afterwards %d tokens are taken from the slot, and it says %s, want %s", again.Cached, again.Output, want.Output)
	}
	if total, free, _ := p.Usage(); total != 1 || free != 1 {
		t.Errorf("of %d slots %d are free", total, free)
	}
}

// TestStalledAnswersEndInTime: an answer whose first token, or next one, does not come
// in its term ends as TIMEOUT, not before, and its slot serves again.
func TestStalledAnswersEndInTime(t *testing.T) {
	cfg := llamatest.Config(t, llamatest.Nonsense(t))
	cfg.Loopback, cfg.Context = true, 2048
	_, st := llamatest.Start(t, cfg)
	w := newWire(t, st.Endpoint.URL)
	attach := server.DefaultConfig()
	attach.Attach, attach.Slots = &llama.Endpoint{URL: w.url, Key: st.Endpoint.Key}, 1
	for name, of := range map[string]struct{ first, next time.Duration }{
		"first": {time.Nanosecond, time.Minute}, "next": {time.Minute, 300 * time.Millisecond},
	} {
		p := pool(t, attach, func(c *llmpod.Config) { c.FirstToken, c.NextToken = of.first, of.next })
		var stalled time.Time
		_, err := p.Invoke(t.Context(), question(name), func(llmpod.Piece) {
			if stalled.IsZero() {
				stalled = time.Now()
				w.mode.Store(wireStalls)
			}
		})
		took := time.Since(stalled)
		w.mode.Store(wirePasses)
		if contracts.CodeOf(err) != contracts.CodeTimeout || stalled.IsZero() != (name == "first") || name == "next" && took < of.next {
			t.Errorf("%s token: %v, %s after the last that came", name, err, took)
		}
		if total, free, waiting := p.Usage(); total != 1 || free != 1 || waiting != 0 {
			t.Errorf("%s token: of %d slots %d are free, %d wait", name, total, free, waiting)
		}
	}
}

func question(session string) llmpod.Call {
	return call(session, "tell me everything", func(v *contracts.ModelInvocation) { v.MaxTokens = 1500 })
}

// cycle lets two calls begin, does its worst, and looks at what is left.
func (f *fault) cycle(t *testing.T) {
	want := f.insist(t, "whole")
	speaking := make(chan struct{}, 2)
	var calls sync.WaitGroup
	for i := range 2 {
		calls.Go(func() {
			var once sync.Once
			a, err := f.pool.Invoke(t.Context(), question(fmt.Sprint("disturbed", i)), func(llmpod.Piece) { once.Do(func() { speaking <- struct{}{} }) })
			once.Do(func() { speaking <- struct{}{} })
			if f.judge(t, a, err, &want); err != nil {
				f.hurt.Add(1)
			}
		})
	}
	<-speaking
	<-speaking
	f.begin()
	calls.Wait()
	f.end()
	after := f.insist(t, "after")
	f.judge(t, after, nil, &want)
	if total, free, waiting := f.pool.Usage(); total != 2 || free != 2 || waiting != 0 {
		t.Errorf("of %d slots %d are free, %d wait", total, free, waiting)
	}
}

// judge checks the end of a call.
func (f *fault) judge(t *testing.T, a llmpod.Answer, err error, want *llmpod.Answer) {
	switch code := contracts.CodeOf(err); {
	case err == nil && (string(a.Output) != string(want.Output) || a.Use.TokensIn != want.Use.TokensIn || a.Use.TokensOut != want.Use.TokensOut):
		t.Errorf("an answer of %+v differs from %+v", a.Use, want.Use)
	case err != nil && (a.Output != nil || !code.Retryable() && code != contracts.CodeInternal && code != contracts.CodeTimeout):
		t.Errorf("a call ends with %v", err)
	}
}

// insist asks until there is an answer, as a coordinator does.
func (f *fault) insist(t *testing.T, session string) llmpod.Answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for {
		a, err := f.pool.Invoke(ctx, question(session), none)
		if err == nil {
			return a
		}
		if ctx.Err() != nil {
			t.Fatalf("no answer any more: %v", err)
		}
	}
}

// signals are what can happen to a process.
func signals(t *testing.T) []*fault {
	cfg := llamatest.Config(t, llamatest.Nonsense(t))
	cfg.Context = 2048
	cfg.HangTimeout, cfg.MaxPause = 2*time.Second, 50*time.Millisecond
	p := pool(t, cfg, nil)
	send := func(s syscall.Signal) func() {
		return func() {
			if pid := p.Server().PID(); pid != 0 {
				_ = syscall.Kill(pid, s) // it may have ended
			}
		}
	}
	nothing := func() {}
	return []*fault{{name: "kill", pool: p, begin: send(syscall.SIGKILL), end: nothing}, {name: "hang", pool: p, begin: send(syscall.SIGSTOP), end: nothing}}
}

// wires are what can happen between a pod and a server that it attached to.
func wires(t *testing.T) []*fault {
	cfg := llamatest.Config(t, llamatest.Nonsense(t))
	cfg.Loopback, cfg.Context = true, 2048
	_, st := llamatest.Start(t, cfg)
	w := newWire(t, st.Endpoint.URL)
	attach := server.DefaultConfig()
	attach.Attach, attach.Slots = &llama.Endpoint{URL: w.url, Key: st.Endpoint.Key}, 2
	attach.FirstPause, attach.MaxPause = 10*time.Millisecond, 50*time.Millisecond
	p := pool(t, attach, func(c *llmpod.Config) {
		c.NextToken, c.FirstToken, c.SlotTimeout = time.Second, 20*time.Second, 20*time.Second
	})
	set := func(m int32) func() { return func() { w.mode.Store(m) } }
	clean := set(wirePasses)
	return []*fault{
		{name: "garbage", pool: p, begin: set(wireGarbles), end: clean},
		{name: "cut", pool: p, begin: set(wireCuts), end: clean},
		{name: "slow", pool: p, begin: set(wireStalls), end: clean},
	}
}

// The modes of a wire.
const (
	wirePasses int32 = iota
	wireGarbles
	wireCuts
	wireStalls
	wireSwaps
	wireReuses
)

// wire is a proxy that does to answers what its mode says.
type wire struct {
	url  string
	mode atomic.Int32
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{url: "http://" + l.Addr().String()}
	var conns sync.WaitGroup
	t.Cleanup(func() { l.Close(); conns.Wait() })
	conns.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { w.carry(near, u.Host) })
		}
	})
	return w
}

// carry joins one connection to the server until either ends.
func (w *wire) carry(near net.Conn, to string) {
	defer near.Close()
	far, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	var back sync.WaitGroup
	back.Go(func() {
		defer far.Close() // who asked is gone: so must the request be
		_, _ = io.Copy(far, near)
	})
	buf := make([]byte, 64<<10) // no event is cut in two
	for {
		n, err := far.Read(buf)
		switch w.mode.Load() {
		case wireGarbles:
			for i := range buf[:n] {
				buf[i] = byte(i*31) ^ buf[i]
			}
		case wireCuts:
			n = 0
			err = io.EOF
		case wireStalls:
			n = 0 // nothing comes, and nothing ends
		case wireSwaps: // the server has used another slot than it was told to
			copy(buf, bytes.ReplaceAll(buf[:n], []byte(`"id_slot":0`), []byte(`"id_slot":1`)))
		case wireReuses: // it has gone on from what the slot held
			copy(buf, bytes.ReplaceAll(buf[:n], []byte(`"cache_n":0`), []byte(`"cache_n":9`)))
		}
		if _, werr := near.Write(buf[:n]); err != nil || werr != nil {
			break
		}
	}
	near.Close()
	back.Wait()
}
