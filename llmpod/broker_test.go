package llmpod

import (
	"context"
	"testing"

	"github.com/krako-labs/krako/llmpod/slots"
)

// TestASlotGivenTooLateIsNotTakenForPrepared: a request whose caller leaves in the
// moment in which it is given a slot has done nothing to that. What another left there
// is still there, and whoever comes next must not go on from it.
func TestASlotGivenTooLateIsNotTakenForPrepared(t *testing.T) {
	b := &broker{table: slots.New(1, 10, 0), waiters: map[slots.Ticket]chan turn{}, untidy: make(pulse, 1)}
	gone, leave := context.WithCancel(t.Context())
	leave()
	theirs, ours := slots.Owner{Tenant: "a", Session: "1"}, slots.Owner{Tenant: "b", Session: "2"}
	must := func(o slots.Owner) turn {
		t.Helper()
		got, err := b.acquire(t.Context(), o, 1)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	left := 0
	for range 64 {
		b.release(must(theirs), true)
		if got, err := b.acquire(gone, ours, 1); err == nil { // the slot was there first
			b.release(got, true)
			continue
		}
		left++
		again := must(ours)
		if len(again.Steps) == 0 {
			t.Fatal("a slot with another's tokens is given without a step")
		}
		b.release(again, true)
	}
	if left == 0 {
		t.Error("the caller never left")
	}
}
