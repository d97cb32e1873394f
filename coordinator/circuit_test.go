package coordinator_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/krako-labs/krako/contracts"
)

// A node that failed five units in a row gets nothing for five seconds, then one unit
// to try, and everything again once that succeeds: the only node there is does all.
func TestCircuitClosesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx, cancel := context.WithCancel(context.Background())
		n := w.addNode(ctx, 1)
		n.bad.Store(8) // the five, and what it holds by then
		g := graphOf(6, "n", contracts.P2)
		for i := range g.WorkUnits {
			g.WorkUnits[i].Retries = &contracts.Retries{MaxAttempts: 5, BackoffMS: 1}
		}
		began := time.Now()
		id := w.insist(g)
		c, _ := w.now()
		for done := false; !done && time.Since(began) < time.Minute; {
			_, ok, err := ended(t, c, id)
			if err != nil {
				t.Fatal(err)
			}
			done = ok
		}
		took := time.Since(began)
		if took < 5*time.Second+1250*time.Millisecond || took > 40*time.Second {
			t.Errorf("six units took %s with a pause of 5s", took)
		}
		var at []time.Time
		retried := 0
		if err := c.Events(t.Context(), id, "", func(e contracts.Event) error {
			switch e.Type {
			case contracts.EventUnitScheduled:
				at = append(at, e.Time.Time)
			case contracts.EventUnitRetried:
				retried++
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		longest := time.Duration(0)
		for i := 1; i < len(at); i++ {
			longest = max(longest, at[i].Sub(at[i-1]))
		}
		if retried != 8 || longest < 4*time.Second {
			t.Errorf("%d retries, nothing was given for %s", retried, longest)
		}
		cancel()
		w.end()
		w.clock.Wait()
	})
}
