package coordinator_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator"
	"github.com/krako-labs/krako/coordinator/access"
	"github.com/krako-labs/krako/coordinator/capacity"
)

// barren is a scaler that is asked and brings nothing.
type barren struct{ asked chan int }

func (b barren) Scale(_ context.Context, n int) (int, error) {
	select {
	case b.asked <- n:
	default:
	}
	return 0, errors.New("no machine left")
}

// Graphs with model calls are held while the first pod should come, and refused with
// the time to wait when none does. Other graphs are not concerned.
func TestModelCallsAreHeldThenRefused(t *testing.T) {
	f := startFabric(t)
	f.stop()
	p := capacity.DefaultPolicy()
	p.Max = 3
	b := barren{make(chan int, 16)}
	f.scaler = b
	f.open(func(c *coordinator.Config) { c.Pods, c.Capacity, c.HoldCold = true, &p, time.Millisecond })
	ask := func() error {
		g := graph(unit("a", ""))
		llm(g)
		g.WorkUnits[0].Model.MaxTokens = 10
		_, err := f.Submit(t.Context(), g, contracts.SubmissionMetadata{})
		return err
	}
	if err := ask(); err != nil {
		t.Fatalf("the first graph was not held: %v", err)
	}
	for n := range b.asked {
		if n == 1 {
			break
		}
	}
	var err error
	for err == nil && t.Context().Err() == nil {
		if _, err = f.Capacity(t.Context()); err == nil {
			err = ask()
		}
	}
	later, ok := errors.AsType[*access.Later](err)
	if !ok || contracts.CodeOf(err) != contracts.CodeModelUnavailable || later.After < time.Second {
		t.Errorf("refused with %v", err)
	}
	f.submit(graph(unit("a", `{"n":1}`)))
	v, err := f.Capacity(t.Context())
	if err != nil || !v.Scaling || v.Desired < 1 || v.Max != 3 || v.Queued < 1 || v.Pods != 0 {
		t.Errorf("capacity is %+v (%v)", v, err)
	}
	kinds := map[contracts.EventType]int{}
	if err := f.Export(t.Context(), access.Operator(), func(e contracts.Event) error {
		kinds[e.Type]++
		return e.Validate()
	}); err != nil {
		t.Fatal(err)
	}
	if kinds[contracts.EventQueueDepth] == 0 || kinds[contracts.EventScaleRequested] == 0 {
		t.Errorf("events are %v", kinds)
	}
}
