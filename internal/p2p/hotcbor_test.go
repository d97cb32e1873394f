package p2p

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// TestHotMessagesAreMarshal holds the encoders written by hand against the
// reflective one, the golden frames aside.
func TestHotMessagesAreMarshal(t *testing.T) {
	big := &Assign{Units: unitsOf(300, 5000)}
	big.Units[1].Attempt, big.Units[1].Lease, big.Units[1].Epoch = 200, 1<<60, 1<<33
	for _, m := range append(messageSamples(), big, &Credit{N: MaxCredit}) {
		hot, ok := m.(hotMessage)
		if !ok {
			continue
		}
		want := mustMarshal(t, m)
		if got, err := hot.append(nil); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%T: %x, %v\nwant %x", m, got, err, want)
		}
		if n := sizeOf(hot); n < len(want) {
			t.Errorf("%T: %d bytes are more than the %d that were reserved", m, len(want), n)
		}
	}
}

// FuzzHotMessages checks that the decoders written by hand accept exactly what
// Unmarshal accepts, with the same values.
func FuzzHotMessages(f *testing.F) {
	for _, m := range messageSamples() {
		if _, ok := m.(hotMessage); ok {
			f.Add(mustMarshal(f, m))
		}
	}
	links := cmp.Comparer(func(a, b dagcbor.Link) bool { return a == b })
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, kind := range []frameType{typeCredit, typeAck, typeAssign, typeResults, typeTokens} {
			got, want := newMessage(kind), newMessage(kind)
			err, wantErr := decodeBody(body, got), dagcbor.Unmarshal(body, want)
			if (err == nil) != (wantErr == nil) {
				t.Fatalf("%T of %x: %v, reflection says %v", got, body, err, wantErr)
			}
			if d := cmp.Diff(want, got, links); err == nil && d != "" {
				t.Fatal(d)
			}
		}
	})
}
