package session_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/session"
	"pgregory.net/rapid"
)

func TestRecordHoldsExactlyOneFact(t *testing.T) {
	for name, r := range map[string]session.Record{
		"none": {At: 1},
		"two":  {At: 1, Boot: &session.Boot{Epoch: 1}, Stopped: &session.Stopped{}},
	} {
		b, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := session.DecodeRecord(b); contracts.CodeOf(err) != contracts.CodeInternal {
			t.Errorf("%s: decoded with %v", name, err)
		}
	}
}

// TestHotRecordsAreMarshal holds what is encoded by hand against the reflective
// encoder.
func TestHotRecordsAreMarshal(t *testing.T) {
	text := rapid.String()
	rapid.Check(t, func(t *rapid.T) {
		link := func(name string) (l contracts.Link) {
			if rapid.Bool().Draw(t, name) {
				l = contracts.Link{Cid: dagcbor.CID([]byte(text.Draw(t, name)))}
			}
			return l
		}
		some := contracts.Link{Cid: dagcbor.RawCID([]byte("x"))}
		for _, r := range []session.Record{
			{Batch: &session.Batch{Node: contracts.NodeID(text.Draw(t, "node")), Seq: rapid.Uint64().Draw(t, "seq"), CID: some}},
			{Dispatched: &session.Dispatched{
				Unit: rapid.Int().Draw(t, "unit"), Attempt: rapid.Uint32().Draw(t, "attempt"), Node: contracts.NodeID(text.Draw(t, "node")),
				Lease: rapid.Uint64().Draw(t, "lease"), Epoch: rapid.Uint64().Draw(t, "epoch"), UnitCID: some, Eligible: rapid.Int().Draw(t, "eligible"),
				Score: rapid.Float64().Draw(t, "score"), Fuel: rapid.Uint64().Draw(t, "fuel"), Replica: rapid.Uint32Range(0, 2).Draw(t, "replica"),
			}},
			{Ended: &session.Ended{
				Unit: rapid.Int().Draw(t, "unit"), State: contracts.UnitState(text.Draw(t, "state")), Reason: contracts.StopReason(text.Draw(t, "reason")),
				Code: contracts.Code(text.Draw(t, "code")), Detail: text.Draw(t, "detail"), Lease: rapid.Uint64().Draw(t, "lease"),
				Result: link("result"), Batch: link("batch"), Output: link("output"), Index: rapid.IntRange(-1, 1).Draw(t, "index"),
				MediaType: text.Draw(t, "media"), Bytes: rapid.Uint64().Draw(t, "bytes"), Fuel: rapid.Uint64().Draw(t, "fuel"),
				Facts: rapid.SliceOf(rapid.Byte()).Draw(t, "facts"), Started: rapid.Int64().Draw(t, "started"), DurationUS: rapid.Uint64().Draw(t, "us"),
				Dropped: rapid.Bool().Draw(t, "dropped"), By: contracts.NodeID(text.Draw(t, "by")), UnitCID: link("unit"),
				Node: contracts.NodeID(text.Draw(t, "who")), Check: rapid.Uint64().Draw(t, "check"), Public: rapid.Bool().Draw(t, "public"),
			}},
		} {
			r.At, r.Session = rapid.Int64().Draw(t, "at"), contracts.SessionID(text.Draw(t, "session"))
			want, err := dagcbor.Marshal(&r)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := r.Encode(); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%x, %v\nwant %x", got, err, want)
			}
		}
	})
}

func FuzzDecodeRecord(f *testing.F) {
	link := contracts.Link{Cid: dagcbor.RawCID([]byte("x"))}
	for _, r := range []session.Record{
		{At: 1, Boot: &session.Boot{Epoch: 3, Version: "v"}},
		{At: 2, Session: sessionID, Accepted: &session.Accepted{Graph: link, Tenant: "lab", Tasks: map[string]session.Task{"t@1": {Module: link}}}},
		{At: 3, Session: sessionID, Stopped: &session.Stopped{Code: "s", Detail: "as"}},
		{At: 3, Session: sessionID, Returned: &session.Returned{Unit: 300, Lease: 1 << 40, Code: contracts.CodeTimeout}},
		{At: 3, Session: sessionID, Closed: &session.Closed{Result: link}},
		{At: 3, Batch: &session.Batch{Node: "n", Seq: 1 << 33, CID: link}},
		{At: 3, Session: sessionID, Dispatched: &session.Dispatched{Unit: 1, Lease: 2, UnitCID: link}},
		{At: 3, Session: sessionID, Held: &session.Held{Class: 1, Node: "n", Unit: link, End: session.Ended{Unit: 1, Lease: 2, Result: link}}},
		{At: 3, Held: &session.Held{Check: 7, Node: "m", Trusted: true, Unit: link, End: session.Ended{Unit: 1, Result: link}}},
		{At: 3, Copied: &session.Copied{Check: 7, Reason: "nobody", Hopeless: true}},
		{At: 3, Session: sessionID, Superseded: &session.Superseded{Old: link, OldNode: "n", End: session.Ended{Unit: 1}, Opening: &session.Opening{First: 1, Accepted: session.Accepted{Graph: link, Tenant: "lab"}}}},
		{At: 3, Standing: &session.Standing{Node: "n", Standing: "banned", Reason: "two results", Proof: &link}},
		{At: 3, Survey: &session.Survey{At: 2, CID: link, Checkpoint: []byte("note")}},
		{At: 4, Session: sessionID, Ended: &session.Ended{Unit: 1, State: contracts.UnitSuccess, Result: link, Batch: link, Output: link, Facts: []byte{1}, Public: true}},
	} {
		b, err := r.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := session.DecodeRecord(b)
		var want session.Record
		if wantErr := dagcbor.Unmarshal(b, &want); err == nil && wantErr != nil {
			t.Fatalf("record %x decodes, reflection says %v", b, wantErr)
		}
		if err != nil {
			return
		}
		got, fact := session.Peek(b)
		if got != r.Session || fact == session.FactDispatched != (r.Dispatched != nil) || fact == session.FactReturned != (r.Returned != nil) {
			t.Errorf("peeked at session %q, fact %c of %+v", got, fact, r)
		}
		if d := cmp.Diff(want, r, cmp.Comparer(func(a, b contracts.Link) bool { return a == b })); d != "" {
			t.Fatal(d)
		}
		again, err := r.Encode()
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("record %x encodes as %x (%v)", b, again, err)
		}
	})
}

func BenchmarkPeek(b *testing.B) {
	link := contracts.Link{Cid: dagcbor.RawCID([]byte("x"))}
	r := session.Record{At: 4, Session: sessionID, Ended: &session.Ended{Unit: 1, State: contracts.UnitSuccess, Result: link, Batch: link, Output: link}}
	data, err := r.Encode()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("peek", func(b *testing.B) {
		for b.Loop() {
			session.Peek(data)
		}
	})
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			if _, err := session.DecodeRecord(data); err != nil {
				b.Fatal(err)
			}
		}
	})
}
