package contracts

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/krako-labs/krako/contracts/dagcbor"
)

var sameLinks = cmp.Comparer(func(a, b Link) bool { return a == b })

// TestHotEncodingsAreMarshal holds the encoders written by hand against the
// reflective one, and the decoders against both.
func TestHotEncodingsAreMarshal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		item := drawItem(t)
		got, err := item.append(nil)
		sameBytes(t, got, err, &item)
		batch := &Batch{
			V: rapid.Int().Draw(t, "v"), Cluster: rapid.String().Draw(t, "cluster"), Seq: rapid.Uint64().Draw(t, "seq"),
			Node: NodeID(rapid.String().Draw(t, "node")), Root: rapid.SliceOf(rapid.Byte()).Draw(t, "root"),
			Results: []BatchItem{item, drawItem(t)},
		}
		items, hashes, err := batch.appendItems()
		payload := batch.append(items)
		sameBytes(t, payload, err, batch)
		again, rehashed, err := readBatch(payload)
		sameValue(t, again, batch, err)
		if d := cmp.Diff(hashes, rehashed); d != "" {
			t.Fatal(d)
		}
		result := drawHotResult(t)
		got, err = result.append(nil)
		sameBytes(t, got, err, result)
		r, err := readResult(got)
		sameValue(t, r, result, err)
		inv := drawInvocation(t)
		got, err = inv.append(nil)
		sameBytes(t, got, err, inv)
		v, err := readInvocation(got)
		sameValue(t, v, inv, err)
	})
}

func sameBytes(t *rapid.T, got []byte, err error, v any) {
	t.Helper()
	want, wantErr := dagcbor.Marshal(v)
	if err != nil || wantErr != nil || !bytes.Equal(got, want) {
		t.Fatalf("%T: %x, %v\nwant %x, %v", v, got, err, want, wantErr)
	}
}

func sameValue[T any](t *rapid.T, got, want *T, err error) {
	t.Helper()
	if d := cmp.Diff(want, got, sameLinks); err != nil || d != "" {
		t.Fatalf("%T: %v\n%s", want, err, d)
	}
}

func drawLink(t *rapid.T) Link {
	b := rapid.SliceOfN(rapid.Byte(), 1, 4).Draw(t, "block")
	if rapid.Bool().Draw(t, "raw") {
		return Link{Cid: dagcbor.RawCID(b)}
	}
	return Link{Cid: dagcbor.CID(b)}
}

func drawTime(t *rapid.T) Time {
	// The years 0 to 9999.
	at := time.Unix(rapid.Int64Range(-62167219200, 253402300799).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns"))
	if rapid.Bool().Draw(t, "whole") {
		at = at.Truncate(time.Millisecond)
	}
	return Time{at.UTC()}
}

func drawItem(t *rapid.T) BatchItem {
	return BatchItem{ResultCID: drawLink(t), Observed: Observed{
		Node: NodeID(rapid.String().Draw(t, "node")), Lease: rapid.Uint64().Draw(t, "lease"), Epoch: rapid.Uint64().Draw(t, "epoch"),
		Attempt: rapid.Uint32().Draw(t, "attempt"), StartedAt: drawTime(t), FinishedAt: drawTime(t), DurationUS: rapid.Uint64().Draw(t, "us"),
	}}
}

func drawHotResult(t *rapid.T) *Result {
	r := &Result{
		Unit: drawLink(t), Outcome: Outcome(rapid.SampledFrom([]string{"", "success", "failed", "é"}).Draw(t, "outcome")),
		ErrorCode: Code(rapid.String().Draw(t, "code")), MediaType: rapid.String().Draw(t, "media"), OutputBytes: rapid.Uint64().Draw(t, "bytes"),
		FuelUsed: rapid.Uint64().Draw(t, "fuel"), MemoryPages: rapid.Uint32().Draw(t, "pages"),
	}
	if rapid.Bool().Draw(t, "wrote") {
		l := drawLink(t)
		r.Output = &l
	}
	return r
}

func drawInvocation(t *rapid.T) *Invocation {
	v := &Invocation{
		V: rapid.Int().Draw(t, "v"), Profile: rapid.String().Draw(t, "profile"), Module: drawLink(t), Entry: rapid.String().Draw(t, "entry"),
		Fuel: rapid.Uint64().Draw(t, "fuel"), MemoryPages: rapid.Uint32().Draw(t, "pages"),
	}
	if rapid.Bool().Draw(t, "spilled") {
		v.Input.Link = drawLink(t)
	} else {
		v.Input.Inline = append([]byte{}, rapid.SliceOf(rapid.Byte()).Draw(t, "input")...)
	}
	if rapid.Bool().Draw(t, "salted") {
		v.Salt = rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "salt")
	}
	for range rapid.IntRange(0, 3).Draw(t, "blobs") {
		if v.Blobs == nil {
			v.Blobs = map[string]Link{}
		}
		v.Blobs[rapid.String().Draw(t, "name")] = drawLink(t)
	}
	return v
}

// FuzzHotDecodings checks that the decoders written by hand accept exactly what
// Unmarshal accepts, with the same values.
func FuzzHotDecodings(f *testing.F) {
	link := Link{Cid: dagcbor.RawCID([]byte("x"))}
	unit := Link{Cid: dagcbor.CID([]byte("u"))}
	at := Time{time.Date(2026, 3, 1, 12, 0, 0, 1_500_000, time.UTC)}
	for _, v := range []any{
		&Result{Unit: unit, Outcome: Succeeded, Output: &link, MediaType: "application/json", OutputBytes: 3, FuelUsed: 1 << 40},
		&Result{Unit: unit, Outcome: Failed, ErrorCode: CodeTrap},
		&Invocation{V: 1, Profile: ProfileDet1, Module: link, Input: Payload{Inline: []byte("{}")}, Fuel: 300, MemoryPages: 70000},
		&Invocation{V: 1, Profile: "p", Module: link, Entry: "e", Input: Payload{Link: link}, Salt: []byte{1}, Blobs: map[string]Link{"b": link, "aa": unit}},
		&Batch{V: 1, Cluster: "c", Node: "n", Seq: 300, Root: []byte{1}, Results: []BatchItem{{ResultCID: unit, Observed: Observed{
			Node: "n", Lease: 1, Attempt: 1, StartedAt: at, FinishedAt: at}}}},
	} {
		b, err := dagcbor.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		batch, _, err := readBatch(b)
		agree(t, b, batch, err)
		result, err := readResult(b)
		agree(t, b, result, err)
		inv, err := readInvocation(b)
		agree(t, b, inv, err)
	})
}

func agree[T any](t *testing.T, b []byte, got *T, err error) {
	t.Helper()
	want := new(T)
	wantErr := dagcbor.Unmarshal(b, want)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%T of %x: %v, reflection says %v", want, b, err, wantErr)
	}
	if err != nil {
		return
	}
	if d := cmp.Diff(want, got, sameLinks); d != "" {
		t.Fatal(d)
	}
}

func BenchmarkHot(b *testing.B) {
	link := Link{Cid: dagcbor.RawCID([]byte("x"))}
	unit := Link{Cid: dagcbor.CID([]byte("u"))}
	r := &Result{Unit: unit, Outcome: Succeeded, Output: &link, MediaType: "application/json", OutputBytes: 3, FuelUsed: 1 << 40}
	block, err := r.Block()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("result/decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := DecodeResult(block); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("result/unmarshal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var r Result
			if err := dagcbor.Unmarshal(block, &r); err != nil {
				b.Fatal(err)
			}
		}
	})
}
