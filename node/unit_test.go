package node

import (
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/p2p"
	"github.com/krako-labs/krako/internal/sandbox"
)

func testCall(t testing.TB, change func(*contracts.Invocation)) []byte {
	t.Helper()
	v := &contracts.Invocation{
		V: 1, Profile: sandbox.Profile, Module: contracts.Link{Cid: dagcbor.RawCID(nil)},
		Input: contracts.Payload{Inline: []byte("{}")}, Fuel: 1, MemoryPages: 1,
	}
	if change != nil {
		change(v)
	}
	return block(t, v)
}

func TestRunTimeIsTheShorterOfTwo(t *testing.T) {
	r := rules{maxPages: 10, maxRun: time.Minute}
	for ms, want := range map[int]time.Duration{0: time.Minute, 50: 50 * time.Millisecond, 3_600_000: time.Minute} {
		u, err := r.accept(&p2p.Unit{Lease: 1, Epoch: 2, Attempt: 3, RunTimeoutMS: ms, Invocation: testCall(t, nil)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if u.timeout != want || u.lease != 1 || u.epoch != 2 || u.attempt != 3 {
			t.Errorf("%d ms became %s of %+v, want %s", ms, u.timeout, u, want)
		}
	}
}

// FuzzAccept feeds assigned bytes to the first that looks at them: what is
// accepted keeps to the rules, what is not is refused by a code that sends the
// unit nowhere it could be taken for a result.
func FuzzAccept(f *testing.F) {
	f.Add(testCall(f, nil))
	f.Add(testCall(f, func(v *contracts.Invocation) { v.Profile = "llm-1" }))
	f.Add(testCall(f, func(v *contracts.Invocation) { v.MemoryPages = 1 << 16 }))
	f.Add(testCall(f, func(v *contracts.Invocation) {
		v.Blobs = map[string]contracts.Link{"model": {Cid: dagcbor.CID(nil)}}
		v.Input = contracts.Payload{Link: contracts.Link{Cid: dagcbor.RawCID([]byte("input"))}}
	}))
	f.Add([]byte{0xa1, 0x67, 'p', 'r', 'o', 'f', 'i', 'l', 'e', 0x61, 'x'})
	r := rules{maxPages: 1024, maxRun: time.Minute}
	f.Fuzz(func(t *testing.T, data []byte) {
		u, err := r.accept(&p2p.Unit{Invocation: data}, nil)
		if err == nil {
			if u.id != dagcbor.CID(data) || u.call.Profile != sandbox.Profile || u.call.MemoryPages > r.maxPages {
				t.Fatalf("accepted %+v", u.call)
			}
			return
		}
		switch code := contracts.CodeOf(err); code {
		case contracts.CodeUnsupported, contracts.CodeValidation, contracts.CodeVersionMismatch:
		default:
			t.Fatalf("refused by %s", code)
		}
	})
}
