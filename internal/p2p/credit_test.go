package p2p

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/krako-labs/krako/contracts"
)

func TestCreditIsEnforcedBySender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := pipe()
		defer closePair(w, c)
		two := &Assign{Units: unitsOf(1, 1)}
		wantError(t, c.Send(t.Context(), two), ErrNoCredit, workerPeer)
		mustSend(t, w, &Credit{N: 1})
		mustRecv[*Credit](t, c)
		wantError(t, c.Send(t.Context(), two), ErrNoCredit, workerPeer)
		mustSend(t, w, &Credit{N: 2})
		mustRecv[*Credit](t, c)
		mustSend(t, c, two)
		if c.Credit() != 1 || w.Credit() != 3 {
			t.Errorf("credit %d and %d before the units arrive, want 1 and 3", c.Credit(), w.Credit())
		}
		mustRecv[*Assign](t, w)
		if w.Credit() != 1 {
			t.Errorf("credit %d after they did, want 1", w.Credit())
		}
	})
}

func TestWorkerDropsCoordinatorOverCredit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, wire := rawCoordinator()
		mustWire(t, w, wire, &Credit{N: 1})
		go wire.Write(mustEncode(t, &Assign{Units: unitsOf(1, 1)}))
		_, err := w.Recv()
		wantError(t, err, ErrOverCredit, coordinatorPeer)
		wantReset(t, wire)
	})
}

func TestCreditIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := pipe()
		mustSend(t, w, &Credit{N: MaxCredit})
		wantError(t, w.Send(t.Context(), &Credit{N: 1}), ErrOverCredit, coordinatorPeer)
		closePair(w, c)

		c, wire := rawPeer(coordinator, workerPeer)
		go func() {
			wire.Write(mustEncode(t, &Credit{N: MaxCredit}))
			wire.Write(mustEncode(t, &Credit{N: 1}))
		}()
		mustRecv[*Credit](t, c)
		_, err := c.Recv()
		wantError(t, err, ErrOverCredit, workerPeer)
		wantReset(t, wire)
	})
}

func TestUnsentUnitsGiveCreditBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := pipe()
		mustSend(t, w, &Credit{N: 8})
		mustRecv[*Credit](t, c)
		fillQueue(t, c, w)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := c.Send(ctx, &Assign{Units: unitsOf(maxNote)}); !errors.Is(err, context.Canceled) || contracts.CodeOf(err) != contracts.CodeCancelled {
			t.Fatalf("send on a full queue: %v", err)
		}
		if c.Credit() != 8 {
			t.Errorf("credit %d, want 8", c.Credit())
		}
		closePair(w, c)
	})
}

func TestDrainVoidsCredit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c := pipe()
		defer closePair(w, c)
		mustSend(t, w, &Credit{N: 8})
		mustRecv[*Credit](t, c)
		mustSend(t, c, &Assign{Units: unitsOf(1)})
		mustSend(t, w, &Drain{})
		mustRecv[*Assign](t, w) // was under way: in order
		mustRecv[*Drain](t, c)
		wantError(t, c.Send(t.Context(), &Assign{Units: unitsOf(1)}), ErrDraining, workerPeer)
		wantError(t, w.Send(t.Context(), &Credit{N: 1}), ErrDraining, coordinatorPeer)
		if c.Credit() != 0 || w.Credit() != 0 {
			t.Errorf("credit %d and %d", c.Credit(), w.Credit())
		}
		mustSend(t, w, &Results{Batch: []byte{1}})
		mustRecv[*Results](t, c)
	})
}
