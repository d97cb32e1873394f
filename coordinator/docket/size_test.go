package docket_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/docket"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/verify"
)

// BenchmarkOpenCase is what a result costs that is used and not final, in bytes of heap:
// a coordinator holds about eleven times finality_checks of them for each node. The
// records are those of a log, which are decoded one by one and share nothing.
func BenchmarkOpenCase(b *testing.B) {
	p := verify.DefaultPolicy()
	p.Theta[verify.Standard] = 1 // used at once, whoever it is
	p.AuditRate = 0
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	d := docket.New(p, secret, zone)
	n := uint64(0)
	for b.Loop() {
		n++
		name := fmt.Sprint(n)
		e := session.Ended{
			State: contracts.UnitSuccess, Reason: contracts.StopSuccess, Lease: n, Result: link("r" + name), Batch: link("b" + name), Output: link("o" + name),
			MediaType: contracts.DefaultMediaType, Bytes: 9, Fuel: 100, Started: 5, DurationUS: 3, Index: int(n % 256), Unit: int(n % 1000),
		}
		held := session.Record{Session: contracts.SessionID(fmt.Sprintf("01890a5d-ac96-774b-bcce-%012d", n/1000)), Held: &session.Held{
			Class: uint8(verify.Standard), Node: "12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB", Unit: link("u" + name), End: e,
		}}
		fold(b, d, 2*n, &held)
		e.Check, e.UnitCID, e.Node = 2*n, held.Held.Unit, held.Held.Node
		ended := session.Record{Session: held.Session, Ended: &e}
		fold(b, d, 2*n+1, &ended)
	}
	d.Changed()
	runtime.GC()
	runtime.ReadMemStats(&after)
	if d.Len() != int(n) {
		b.Fatalf("%d of %d cases are open", d.Len(), n)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(n), "heap-B/case")
}

func fold(b *testing.B, d *docket.Docket, at uint64, r *session.Record) {
	data, err := r.Encode()
	if err != nil {
		b.Fatal(err)
	}
	again, err := session.DecodeRecord(data)
	if err != nil {
		b.Fatal(err)
	}
	d.Fold(at, &again)
}

// BenchmarkUnit is what the docket costs a unit in a pool that anybody may join: two
// strangers from their probation on, 50,000 units in one session, each result held,
// copied where that is wanted, and used.
func BenchmarkUnit(b *testing.B) {
	const units = 50_000
	log := openLog(units)
	b.ReportAllocs()
	for b.Loop() {
		d := docket.New(verify.DefaultPolicy(), secret, zone)
		for i := range log {
			if d.Fold(log[i].at, &log[i].rec); i%64 == 0 {
				d.Changed()
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/units, "ns/unit")
}

func BenchmarkSnapshot(b *testing.B) {
	d := docket.New(verify.DefaultPolicy(), secret, zone)
	log := openLog(20_000)
	for i := range log {
		d.Fold(log[i].at, &log[i].rec)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Snapshot(log[len(log)-1].at).Encode(cluster); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(d.Len()), "ns/case")
}

// openLog is the log of a session in such a pool.
func openLog(units int) (log []entry) {
	d := docket.New(verify.DefaultPolicy(), secret, zone)
	at := uint64(0)
	add := func(r session.Record) {
		at += 2
		log = append(log, entry{at, r})
		d.Fold(at, &r)
	}
	const id = contracts.SessionID("01890a5d-ac96-774b-bcce-000000000001")
	strangers := []contracts.NodeID{"12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB", "12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSC"}
	for n := range units {
		name := fmt.Sprint(n)
		e := session.Ended{
			State: contracts.UnitSuccess, Reason: contracts.StopSuccess, Lease: uint64(n), Result: link("r" + name), Batch: link("b" + fmt.Sprint(n/256)), Output: link("o" + name),
			MediaType: contracts.DefaultMediaType, Bytes: 9, Fuel: 100, Started: 5, DurationUS: 3, Index: n % 256, Unit: n,
		}
		unit := link("u" + name)
		add(session.Record{Session: id, Held: &session.Held{Class: uint8(verify.Standard), Node: strangers[n%2], Unit: unit, End: e}})
		check := at
		for c := d.Of(check); c != nil && (c.Replicas > 0 || c.Recompute); {
			if !c.Recompute && len(c.Findings) > 1 { // the third operator that it is to be asked of is not there
				add(session.Record{Copied: &session.Copied{Check: check, Reason: "no node took it", Hopeless: true}})
				continue
			}
			copied := session.Copied{Check: check, Node: strangers[(n+1)%2], Lease: uint64(units + n), Epoch: 1, Trusted: c.Recompute}
			if copied.Trusted {
				copied.Node, copied.Lease = zone[0], uint64(2*units+n)
			}
			add(session.Record{Copied: &copied})
			answer := e
			answer.Lease = copied.Lease
			add(session.Record{Held: &session.Held{Check: check, Node: copied.Node, Trusted: copied.Trusted, Unit: unit, End: answer}})
		}
		e.Check, e.UnitCID, e.Node = check, unit, strangers[n%2]
		add(session.Record{Session: id, Ended: &e})
	}
	return log
}
