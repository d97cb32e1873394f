package session_test

import (
	"bytes"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/session"
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
		{At: 3, Survey: &session.Survey{At: 2, CID: link, Checkpoint: []byte("note")}},
		{At: 4, Session: sessionID, Ended: &session.Ended{Unit: 1, State: contracts.UnitSuccess, Result: link, Batch: link, Output: link, Facts: []byte{1}}},
	} {
		b, err := r.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := session.DecodeRecord(b)
		if err != nil {
			return
		}
		got, fact := session.Peek(b)
		if got != r.Session || fact == session.FactDispatched != (r.Dispatched != nil) || fact == session.FactReturned != (r.Returned != nil) {
			t.Errorf("peeked at session %q, fact %c of %+v", got, fact, r)
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
