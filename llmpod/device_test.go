package llmpod_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/llama/llamatest"
	"github.com/krako-labs/krako/internal/llama/server"
	"github.com/krako-labs/krako/llmpod"
)

// device runs two models, of which one fits, until the test ends.
func device(t *testing.T, idle time.Duration) [2]*llmpod.Pool {
	t.Helper()
	var pools [2]*llmpod.Pool
	for i := range pools {
		sc := llamatest.Config(t, llamatest.Scripted(t, fmt.Sprintf("I am model %d.", i)))
		sc.Alias = fmt.Sprint("m", i)
		p, err := llmpod.NewPool(llmpod.DefaultConfig(), sc, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		pools[i] = p
	}
	d, err := llmpod.NewDevice(pools[:], 1, idle)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); d.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-done
		for _, p := range pools {
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return pools
}

// TestModelsThatDoNotFitTakeTurns asks two models in turn, all at once: they
// change places a few times and not with every request.
func TestModelsThatDoNotFitTakeTurns(t *testing.T) {
	pools := device(t, 0)
	for i, p := range pools {
		if total, free, _ := p.Usage(); total != 2 || free != 2 {
			t.Errorf("model %d offers %d slots before it is loaded, %d free", i, total, free)
		}
	}
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			a, err := pools[i%2].Invoke(t.Context(), call(fmt.Sprint(i), "Who are you?", nil), none)
			if want := fmt.Sprintf("%q", fmt.Sprintf("I am model %d.", i%2)); err != nil || string(a.Output) != want {
				t.Errorf("request %d: %s, %v; want %s", i, a.Output, err, want)
			}
		})
	}
	all.Wait()
	for i, p := range pools {
		if st, _ := p.Server().Status(); st.Generation == 0 || st.Generation > 3 {
			t.Errorf("model %d was loaded %d times for 6 requests", i, st.Generation)
		}
	}
	other := call("x", "Who are you?", func(v *contracts.ModelInvocation) { v.Name = "m1" })
	if _, err := pools[0].Invoke(t.Context(), other, none); contracts.CodeOf(err) != contracts.CodeModelUnavailable {
		t.Errorf("asked by another's name: %v", err)
	}
}

// TestModelGoesWhenNobodyAsks and comes back when somebody does.
func TestModelGoesWhenNobodyAsks(t *testing.T) {
	pools := device(t, 30*time.Millisecond)
	first := invoke(t, pools[0], call("1", "Who are you?", nil))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		st, changed := pools[0].Server().Status()
		if st.State == server.Stopped {
			break
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("the model is still %s", st.State)
		}
	}
	if again := invoke(t, pools[0], call("1", "Who are you?", nil)); string(again.Output) != string(first.Output) {
		t.Errorf("it answers %s, and before %s", again.Output, first.Output)
	}
	late, stop := context.WithCancel(t.Context())
	stop()
	if _, err := pools[1].Invoke(late, call("1", "Who are you?", nil), none); contracts.CodeOf(err) != contracts.CodeCancelled {
		t.Errorf("cancelled before it was let in: %v", err)
	}
	if _, err := llmpod.NewDevice(nil, 0, 0); contracts.CodeOf(err) != contracts.CodeValidation {
		t.Errorf("no room for any model: %v", err)
	}
}
