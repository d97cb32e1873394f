package node

import (
	"context"
	"testing"
	"time"
)

func TestBackoffGrowsToItsBound(t *testing.T) {
	b := backoff{first: time.Second, last: 10 * time.Second, random: func() float64 { return 0 }}
	for i, want := range []time.Duration{1, 2, 4, 8, 10, 10} {
		if got := b.next(); got != want*time.Second {
			t.Errorf("pause %d is %s, want %ds", i, got, want)
		}
	}
	b.reset()
	b.random = func() float64 { return 0.999 }
	if got := b.next(); got < 500*time.Millisecond || got > 501*time.Millisecond {
		t.Errorf("pause is %s, want half a second", got)
	}
}

func TestPauseEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if pause(ctx, time.Hour) {
		t.Error("pause outlived its context")
	}
	if !pause(context.Background(), 0) {
		t.Error("pause failed")
	}
}
