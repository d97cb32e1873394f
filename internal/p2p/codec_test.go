package p2p

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

var update = flag.Bool("update", false, "write golden files")

// messageSamples has every type with every field set, and the emptiest form of
// those that have one.
func messageSamples() []Message {
	return []Message{
		&Hello{V: 1, Kind: "node", Version: "0.1.0", Profiles: []string{"det-1"}, Engine: "wazero/1.12.0 amd64", Slots: 4, MemoryMB: 2048, Tags: []string{"gpu"}, Region: "eu"},
		&Hello{V: 1, Kind: "pod", Slots: 1},
		&Hello{V: 1, Kind: "pod", Slots: 1, Models: []Model{{Name: "m", Tier: contracts.TierSmall, Class: "c", Context: 4096, Operation: contracts.Generate}}},
		&Welcome{V: 1, Cluster: "0198c5d4-5a5e-7b2e-8f2a-5d1f0a3b9c7e", LeaseMS: 30_000, HeartbeatMS: 5_000, MaxBatch: 256, LastSeq: math.MaxUint64},
		&Refuse{Code: contracts.CodeAuth, Message: "node is quarantined"},
		&Credit{N: 16},
		&Assign{Units: []Unit{{Lease: 1 << 40, Epoch: 7, Attempt: 1, Replica: 2, RunTimeoutMS: 60_000, Invocation: []byte{0xa0}}, {Invocation: []byte{0xa0}}}},
		&Results{Batch: []byte("envelope"), Items: [][]byte{{0xa0}, {0xa1, 0x61, 0x61, 0x01}}, Outputs: []Output{{CID: dagcbor.Link{Cid: dagcbor.RawCID([]byte("out"))}, Data: []byte("out")}}},
		&Results{Batch: []byte("envelope")},
		&Ack{Seq: 9},
		&Reject{Seq: 9, Code: contracts.CodeConflict, Message: "sequence was used"},
		&Heartbeat{Running: []uint64{1, 2}, LoadPercent: 50, FreeSlots: 3},
		&Heartbeat{},
		&Cancel{Leases: []uint64{3}},
		&Drain{},
		&Goodbye{Code: contracts.CodeCancelled, Message: "leaving"},
		&Fault{Lease: 4, Code: contracts.CodeTimeout, Message: "run deadline"},
		&Assign{Units: []Unit{{Lease: 1, Invocation: []byte{0xa0}, Tenant: "t", Session: "s", Allow: &Allowance{Tokens: 100, Calls: 2}, Resume: &Resume{Text: "Once", Tokens: []int{7, 8}}}}},
		&Assign{Units: []Unit{{Lease: 1, Invocation: []byte{0xa0}, Tenant: "t", Session: "s", Last: true}}},
		&Tokens{Lease: 4, At: 2, Text: "upon", Tokens: []int{9}},
		&Tokens{Lease: 4, Restart: true},
		&Assign{Units: []Unit{{Lease: 1, Invocation: []byte{0xa0}, Tenant: "t", Session: "s", Last: true, Score: &Said{Weights: "0123456789abcdef", Text: "Once", Tokens: []int{7, 8}}}}},
		&Scored{Lease: 4, Positions: 24, Misses: 1, Deviation: -0.5, Plausible: true, Sound: true},
	}
}

// The bytes on the wire are the protocol: another implementation and an older
// release have them too.
func TestMessagesAreGolden(t *testing.T) {
	const file = "testdata/messages.golden"
	var got bytes.Buffer
	for _, m := range messageSamples() {
		frame, err := encodeMessage(m)
		if err != nil {
			t.Fatalf("%T: %v", m, err)
		}
		fmt.Fprintf(&got, "%s %x\n", strings.TrimPrefix(fmt.Sprintf("%T", m), "*p2p."), frame)
	}
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("messages changed on the wire (-want +got):\n%s", diff)
	}
}

func TestGoldenMessagesDecode(t *testing.T) {
	file, err := os.Open("testdata/messages.golden")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for _, want := range messageSamples() {
		lines.Scan()
		_, text, _ := strings.Cut(lines.Text(), " ")
		wire, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		typ, body, err := readerOf(wire).next()
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeMessage(typ, body)
		if err != nil {
			t.Fatalf("%T: %v", want, err)
		}
		clear(body) // the message must not alias the read buffer
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b dagcbor.Link) bool { return a == b })); diff != "" {
			t.Errorf("%T (-want +got):\n%s", want, diff)
		}
	}
}

func TestMalformedMessages(t *testing.T) {
	long := strings.Repeat("x", maxText+1)
	for _, m := range []Message{
		&Hello{Kind: "toaster", Slots: 1},
		&Hello{Kind: "node", Slots: 0},
		&Hello{Kind: "node", Slots: 1, Region: long},
		&Hello{Kind: "node", Slots: 1, Version: long},
		&Hello{Kind: "node", Slots: 1, Engine: long},
		&Hello{Kind: "node", Slots: 1, Tags: make([]string, maxList+1)},
		&Hello{Kind: "node", Slots: 1, Profiles: []string{long}},
		&Welcome{LeaseMS: 1, HeartbeatMS: 0, MaxBatch: 1},
		&Welcome{LeaseMS: 0, HeartbeatMS: 1000, MaxBatch: 1},
		&Welcome{LeaseMS: 1, HeartbeatMS: 1000, MaxBatch: MaxUnits + 1},
		&Refuse{Code: "WHATEVER"},
		&Credit{N: 0},
		&Credit{N: -1},
		&Credit{N: MaxCredit + 1},
		&Assign{},
		&Hello{Kind: "node", Slots: 1, Models: []Model{{Name: "m", Tier: contracts.TierSmall, Class: "c", Context: 1, Operation: contracts.Generate}}},
		&Hello{Kind: "pod", Slots: 1, Models: []Model{{Name: "m", Tier: "huge", Class: "c", Context: 1, Operation: contracts.Generate}}},
		&Hello{Kind: "pod", Slots: 1, Models: make([]Model, maxModels+1)},
		&Assign{Units: []Unit{{Invocation: []byte{1}, Resume: &Resume{Text: "x"}}}},
		&Tokens{Text: strings.Repeat("x", MaxText+1)},
		&Assign{Units: []Unit{{Invocation: []byte{1}, Score: &Said{Text: "x"}}}},
		&Scored{Positions: 1, Misses: 2},
		&Scored{Positions: 1, Deviation: math.NaN()},
		&Assign{Units: []Unit{{}}},
		&Assign{Units: []Unit{{Attempt: -1, Invocation: []byte{1}}}},
		&Assign{Units: make([]Unit, MaxUnits+1)},
		&Results{},
		&Results{Batch: []byte{1}, Items: make([][]byte, MaxUnits+1)},
		&Results{Batch: []byte{1}, Outputs: []Output{{Data: []byte{1}}}}, // undefined CID
		&Reject{Code: ""},
		&Heartbeat{LoadPercent: 101},
		&Heartbeat{FreeSlots: -1},
		&Cancel{},
		&Goodbye{Code: contracts.CodeInternal, Message: strings.Repeat("x", maxNote+1)},
		&Fault{},
	} {
		if _, err := encodeMessage(m); !errors.Is(err, ErrFrameMalformed) {
			t.Errorf("%T %+v: %v", m, m, err)
		}
	}
	for name, body := range map[string][]byte{
		"no map":        {0x01},
		"nothing":       {},
		"unknown field": {0xa2, 0x61, 'n', 0x01, 0x61, 'x', 0x01},
		"missing field": {0xa0},
		"long integer":  {0xa1, 0x61, 'n', 0x18, 0x01},
		"out of bounds": {0xa1, 0x61, 'n', 0x00},
		"trailing byte": {0xa1, 0x61, 'n', 0x01, 0x00},
	} {
		if _, err := decodeMessage(typeCredit, body); !errors.Is(err, ErrFrameMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := decodeMessage(200, []byte{0xa0}); !errors.Is(err, ErrUnknownType) {
		t.Errorf("unknown type: %v", err)
	}
}

func TestEveryTypeHasOneSenderOrTwo(t *testing.T) {
	for _, m := range messageSamples() {
		typ := m.frame()
		opening := typ == typeHello || typ == typeWelcome || typ == typeRefuse
		if from := senders(typ); (from == 0) != opening {
			t.Errorf("%T is sent by %d", m, from)
		}
		if fmt.Sprintf("%T", newMessage(typ)) != fmt.Sprintf("%T", m) {
			t.Errorf("type %d makes a %T, not a %T", typ, newMessage(typ), m)
		}
	}
}

func unitsOf(sizes ...int) []Unit {
	units := make([]Unit, len(sizes))
	for i, n := range sizes {
		// The largest values of every field, so that the overhead is at its worst.
		units[i] = Unit{Lease: math.MaxUint64, Epoch: math.MaxUint64, Attempt: maxAttempt, Replica: maxAttempt, RunTimeoutMS: maxLease, Invocation: make([]byte, n)}
	}
	return units
}

func TestPackUnitsKeepsTheBounds(t *testing.T) {
	many := make([]int, 1000)
	for i := range many {
		many[i] = 1 + i%700
	}
	for name, c := range map[string]struct {
		sizes  []int
		frames int // 0: any number
	}{
		"nothing":               {nil, 0},
		"one":                   {[]int{1}, 1},
		"as many as fit":        {make1(MaxUnits), 1},
		"one more":              {make1(MaxUnits + 1), 2},
		"large between small":   {[]int{1, MaxAssign, 1}, 3},
		"the largest":           {[]int{MaxFrame - 256}, 1},
		"mixed":                 {many, 0},
		"just at the byte cap":  {[]int{MaxAssign/2 - 2*unitOverhead, MaxAssign/2 - 2*unitOverhead}, 1},
		"just over half of it":  {[]int{MaxAssign / 2, MaxAssign / 2}, 2},
		"nearly all of it, two": {[]int{MaxAssign - 4*unitOverhead, 1}, 1},
	} {
		units := unitsOf(c.sizes...)
		var packed []Unit
		frames := PackUnits(units)
		for _, a := range frames {
			if _, err := encodeMessage(a); err != nil {
				t.Errorf("%s: %d units: %v", name, len(a.Units), err)
			}
			packed = append(packed, a.Units...)
		}
		if len(packed) != len(units) || c.frames > 0 && len(frames) != c.frames {
			t.Errorf("%s: %d of %d units in %d frames, want %d", name, len(packed), len(units), len(frames), c.frames)
		}
	}
}

func make1(n int) []int {
	sizes := make([]int, n)
	for i := range sizes {
		sizes[i] = 1
	}
	return sizes
}

func TestAssignOverItsCap(t *testing.T) {
	a := &Assign{Units: unitsOf(MaxAssign/2, MaxAssign/2)}
	if _, err := encodeMessage(a); !errors.Is(err, ErrFrameTooLarge) {
		t.Errorf("sent: %v", err)
	}
	body, err := dagcbor.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := decodeMessage(typeAssign, body); !errors.Is(err, ErrFrameTooLarge) {
		t.Errorf("received: %v", err)
	}
}
