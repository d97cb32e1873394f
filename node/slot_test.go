package node

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox/worker"
)

// leasesOf lists the leases of what is in a slot.
func leasesOf(a *batch) (list []uint64) {
	for _, u := range a.units {
		list = append(list, u.lease)
	}
	return list
}

func TestShortUnitsShareASlot(t *testing.T) {
	for _, c := range []struct {
		name string
		mean time.Duration
		mb   []uint32 // of the units that wait
		most int
		want []uint64
	}{
		{"nothing known of their time", 0, []uint32{1, 1, 1, 1}, 64, []uint64{0}},
		{"long", time.Second, []uint32{1, 1, 1, 1}, 64, []uint64{0}},
		{"short, and two slots", 10 * time.Microsecond, []uint32{1, 1, 1, 1, 1, 1}, 64, []uint64{0, 1, 2}},
		{"so many fit the time", 500 * time.Microsecond, make([]uint32, 20), 64, []uint64{0, 1, 2, 3}},
		{"so many fit a batch", 10 * time.Microsecond, make([]uint32, 20), 2, []uint64{0, 1}},
		{"one that needs more memory", 10 * time.Microsecond, []uint32{2, 1, 3, 1, 1, 1}, 64, []uint64{0, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := testBacklog(nil)
			if c.mean > 0 {
				b.pace.observe(c.mean)
			}
			for lease, mb := range c.mb {
				b.add(testUnit(uint64(lease), mb), true)
			}
			a := b.next(c.most)
			if d := cmp.Diff(c.want, leasesOf(a)); d != "" {
				t.Error(d)
			}
			if b.busy != 1 || b.pages != int(c.mb[0])*pagesPerMB {
				t.Errorf("%d slots and %d pages are in use", b.busy, b.pages)
			}
			b.vacate(a)
			if b.busy != 0 || b.pages != 0 {
				t.Errorf("%d slots and %d pages are left in use", b.busy, b.pages)
			}
		})
	}
}

func TestReturnedUnitsGoFirstAndSuspectsAlone(t *testing.T) {
	b := testBacklog(nil)
	b.pace.observe(time.Microsecond)
	for lease := range uint64(8) {
		b.add(testUnit(lease, 1), true)
	}
	a := b.next(4)
	b.again(a.units[1])
	a.units[2].alone = true
	b.again(a.units[2])
	b.vacate(a)
	for _, want := range [][]uint64{{1}, {2}, {4, 5}} {
		if d := cmp.Diff(want, leasesOf(b.next(2))); d != "" {
			t.Error(d)
		}
	}
	cancelled := a.units[1]
	b.cancel([]uint64{cancelled.lease}, errCancelled)
	b.again(cancelled)
	b.restage(cancelled)
	if b.returned.len() != 0 || b.staging.len() != 0 {
		t.Error("a cancelled unit waits again")
	}
}

func TestDeathsOfAUnit(t *testing.T) {
	death := func(code contracts.Code, alone bool) *worker.DeathError {
		return &worker.DeathError{Code: code, Alone: alone}
	}
	for _, c := range []struct {
		name   string
		deaths []*worker.DeathError
		want   []bool // runs again
	}{
		{"among others, then alone", []*worker.DeathError{death(contracts.CodeInternal, false), death(contracts.CodeInternal, true)}, []bool{true, false}},
		{"alone", []*worker.DeathError{death(contracts.CodeInternal, true), death(contracts.CodeInternal, true)}, []bool{true, false}},
		{"overdue alone", []*worker.DeathError{death(contracts.CodeTimeout, true)}, []bool{false}},
		{"overdue, it or another", []*worker.DeathError{death(contracts.CodeTimeout, false), death(contracts.CodeTimeout, true)}, []bool{true, false}},
		{"too large alone", []*worker.DeathError{death(contracts.CodeResourceExhausted, true)}, []bool{false}},
	} {
		u := testUnit(1, 1)
		for i, d := range c.deaths {
			if got := u.survives(d); got != c.want[i] || !u.alone {
				t.Errorf("%s: after death %d runs again %t, alone %t", c.name, i+1, got, u.alone)
			}
		}
	}
}
