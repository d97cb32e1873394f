package eventlog_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator/eventlog"
)

const cluster = "019a0000-0000-7000-8000-000000000001"

func sample() eventlog.Segment {
	return eventlog.Segment{
		Cluster: cluster, Epoch: 3, First: 42,
		Prev:   eventlog.DigestOf([]byte("the segment before")),
		Events: [][]byte{[]byte("one"), {0}, []byte("three")},
	}
}

func mustEncode(t testing.TB, s eventlog.Segment) []byte {
	t.Helper()
	b, err := eventlog.EncodeSegment(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The form at rest may not drift: logs outlive programs.
func TestSegmentGolden(t *testing.T) {
	want := strings.Join([]string{
		"a6", // a map of 6 whose keys are ordered by length, then bytes
		"6176" + "01",
		"6470726576" + "5820" + "b4e774c52d389422af5dcadf2aa79d20788707ff6588afbb83c087177cdd40d4",
		"6565706f6368" + "03",
		"656669727374" + "182a",
		"666576656e7473" + "83" + "436f6e65" + "4100" + "457468726565",
		"67636c7573746572" + "7824" + hex.EncodeToString([]byte(cluster)),
	}, "")
	if got := hex.EncodeToString(mustEncode(t, sample())); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestSegmentRoundTrip(t *testing.T) {
	want := sample()
	got, err := eventlog.DecodeSegment(mustEncode(t, want))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got.Last() != 44 {
		t.Errorf("last record %d, want 44", got.Last())
	}
}

// The fullest batch that BatchSize admits makes a segment of legal length,
// whatever the rest of the segment is.
func TestFullestSegmentFits(t *testing.T) {
	batches := map[string][][]byte{
		"one record":  {make([]byte, eventlog.MaxBatchBytes-5)},
		"512 records": make([][]byte, eventlog.MaxBatchRecords),
	}
	for i := range batches["512 records"] {
		batches["512 records"][i] = make([]byte, eventlog.MaxBatchBytes/eventlog.MaxBatchRecords-5)
	}
	for name, events := range batches {
		if _, err := eventlog.BatchSize(events); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		s := sample()
		s.Cluster, s.Epoch, s.First, s.Events = strings.Repeat("c", 64), 1<<62, 1<<62, events
		b := mustEncode(t, s)
		if len(b) > eventlog.MaxSegmentBytes {
			t.Errorf("%s: segment of %d bytes", name, len(b))
		}
		if _, err := eventlog.DecodeSegment(b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBatchLimits(t *testing.T) {
	cases := []struct {
		name     string
		records  [][]byte
		offender string
	}{
		{"no record", nil, "records"},
		{"too many", make([][]byte, eventlog.MaxBatchRecords+1), "records"},
		{"an empty one", [][]byte{{1}, {}}, "records[1]"},
		{"one too long", [][]byte{make([]byte, eventlog.MaxBatchBytes-4)}, "records[0]"},
		{"too long together", [][]byte{make([]byte, 300<<10), {1}, make([]byte, 300<<10)}, "records[2]"},
	}
	for _, c := range cases {
		_, err := eventlog.BatchSize(c.records)
		e, ok := errors.AsType[*contracts.Error](err)
		if !ok || e.Code != contracts.CodeValidation || e.Offender != c.offender {
			t.Errorf("%s: %v, want VALIDATION_ERROR naming %s", c.name, err, c.offender)
		}
	}
	if n, err := eventlog.BatchSize([][]byte{{1}, {2, 3}}); err != nil || n != 13 {
		t.Errorf("size %d, %v, want 13", n, err)
	}
}

func TestSegmentRefusesNonsense(t *testing.T) {
	cases := map[string]func(*eventlog.Segment){
		"no cluster":         func(s *eventlog.Segment) { s.Cluster = "" },
		"long cluster":       func(s *eventlog.Segment) { s.Cluster = strings.Repeat("c", 65) },
		"epoch 0":            func(s *eventlog.Segment) { s.Epoch = 0 },
		"first 0":            func(s *eventlog.Segment) { s.First = 0 },
		"offsets overflow":   func(s *eventlog.Segment) { s.First = 1<<64 - 2 },
		"no event":           func(s *eventlog.Segment) { s.Events = nil },
		"an empty event":     func(s *eventlog.Segment) { s.Events[1] = nil },
		"first has a before": func(s *eventlog.Segment) { s.First = 1 },
	}
	for name, spoil := range cases {
		s := sample()
		spoil(&s)
		if b, err := eventlog.EncodeSegment(s); err == nil {
			t.Errorf("%s: encoded to %d bytes", name, len(b))
		}
	}
	good := mustEncode(t, sample())
	for i := range good {
		if _, err := eventlog.DecodeSegment(good[:i]); err == nil {
			t.Fatalf("a segment cut to %d of %d bytes was decoded", i, len(good))
		}
	}
	if _, err := eventlog.DecodeSegment(append(bytes.Clone(good), 0)); err == nil {
		t.Error("trailing byte accepted")
	}
	if _, err := eventlog.DecodeSegment(make([]byte, eventlog.MaxSegmentBytes+1)); err == nil {
		t.Error("oversize segment accepted")
	}
}

// FuzzDecodeSegment: what is decoded is within the limits and has no other
// spelling.
func FuzzDecodeSegment(f *testing.F) {
	f.Add(mustEncode(f, sample()))
	first := sample()
	first.First, first.Prev = 1, eventlog.Digest{}
	f.Add(mustEncode(f, first))
	f.Add([]byte{0xa0})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := eventlog.DecodeSegment(b)
		if err != nil {
			return
		}
		if _, err := eventlog.BatchSize(s.Events); err != nil {
			t.Errorf("decoded beyond the limits: %v", err)
		}
		if again := mustEncode(t, s); !bytes.Equal(again, b) {
			t.Errorf("%x was decoded but encodes to %x", b, again)
		}
	})
}
