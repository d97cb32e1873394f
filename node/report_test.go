package node

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/p2p"
	"github.com/krako-labs/krako/internal/sandbox"
)

func testKey() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)) }

func sealOutputs(t testing.TB, seq uint64, outputs ...[]byte) *sealed {
	t.Helper()
	reports := make([]*report, len(outputs))
	for i, o := range outputs {
		u := testUnit(seq<<16|uint64(i), 1)
		reports[i] = testReport(t, u, o)
		reports[i].observed.Node = nodeOf(t)
	}
	s, err := seal(testKey(), "lab", seq, reports)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// nodeOf returns the node that testKey makes.
func nodeOf(t testing.TB) contracts.NodeID {
	b := contracts.Batch{Results: make([]contracts.BatchItem, 1)}
	b.Results[0].ResultCID.Cid = dagcbor.RawCID(nil)
	if _, err := b.Seal(testKey()); err != nil {
		t.Fatal(err)
	}
	return b.Node
}

func TestOutputsTravelOnceAndOnlySmall(t *testing.T) {
	small, big := []byte("small"), make([]byte, maxInline+1)
	s := sealOutputs(t, 1, small, big, small, []byte{}, make([]byte, maxInline))
	if n := len(s.frame.Outputs); n != 3 {
		t.Errorf("%d outputs travel along, want small, empty and the largest inline one", n)
	}
	if len(s.large) != 1 || !bytes.Equal(s.large[0].output, big) {
		t.Errorf("%d outputs are to be fetched, want 1", len(s.large))
	}
	if s.kept != int64(2*len(small)+len(big)+maxInline) {
		t.Errorf("%d bytes are kept", s.kept)
	}
	if _, err := contracts.OpenBatch(s.frame.Batch); err != nil {
		t.Error(err)
	}
}

// TestWeightsKeepFramesInBounds seals the heaviest batch that collect can make.
func TestWeightsKeepFramesInBounds(t *testing.T) {
	for _, size := range []int{0, 100, maxInline, maxInline + 1} {
		b := testBacklog(func(c *Config) { c.MaxOutputMB = 100 })
		for lease := range uint64(contracts.MaxBatchItems) {
			u := testUnit(lease, 1)
			u.epoch, u.attempt = 1<<63, 255
			b.add(u, true)
			slot := take(b)
			output := make([]byte, size)
			copy(output, []byte{byte(lease), byte(lease >> 8)})
			r := testReport(t, u, output)
			r.observed.Node = nodeOf(t)
			b.done(u, r)
			b.vacate(slot)
		}
		_, batch := b.collect(true, contracts.MaxBatchItems)
		s, err := seal(testKey(), strings.Repeat("c", 256), 1<<62, batch)
		if err != nil {
			t.Fatal(err)
		}
		frame, err := dagcbor.Marshal(s.frame)
		if err != nil {
			t.Fatal(err)
		}
		weight := 0
		for _, r := range batch {
			weight += r.weight()
		}
		if len(frame) > p2p.MaxFrame || len(frame) > weight+1024 {
			t.Errorf("outputs of %d: %d results weigh %d and take %d bytes", size, len(batch), weight, len(frame))
		}
	}
}

func TestOutcomesThatAreNoResults(t *testing.T) {
	u := testUnit(1, 1)
	for _, code := range []contracts.Code{contracts.CodeTimeout, contracts.CodeInternal, "NONSENSE"} {
		_, err := newReport(u, "node", sandbox.Outcome{Code: code}, time.Time{}, time.Time{})
		if contracts.CodeOf(err) != contracts.CodeInternal {
			t.Errorf("outcome %s gave %v", code, err)
		}
	}
}

func TestFaultsTellOnlyWhatIsMeantToBeTold(t *testing.T) {
	tampered := contracts.Errorf(contracts.CodeBadOutput, "bafy", "fetch: %w", p2p.ErrBlockTampered)
	for _, c := range []struct {
		err      error
		code     contracts.Code
		mentions string
	}{
		{errors.New("open /home/someone/data: permission denied"), contracts.CodeInternal, "internal error"},
		{contracts.Errorf(contracts.CodeNotFound, "bafy", "no such block"), contracts.CodeNotFound, "bafy: no such block"},
		{contracts.Errorf(contracts.CodeTrap, "", "not from a computation"), contracts.CodeInternal, ""},
		{tampered, contracts.CodeNetwork, "bafy"},
		{contracts.Errorf(contracts.CodeTimeout, "", "%s", strings.Repeat("é", maxNote)), contracts.CodeTimeout, "é"},
	} {
		f := faultOf(3, c.err)
		if f.Lease != 3 || f.Code != c.code || !strings.Contains(f.Message, c.mentions) {
			t.Errorf("%v became %+v", c.err, f)
		}
		if len(f.Message) > maxNote || !utf8.ValidString(f.Message) {
			t.Errorf("message of %d bytes cannot be sent", len(f.Message))
		}
	}
}

func TestOutboxKeepsUntilRecorded(t *testing.T) {
	big := make([]byte, maxInline+1)
	o := newOutbox(3)
	one, two, three := sealOutputs(t, 1, big, []byte("x")), sealOutputs(t, 2, big), sealOutputs(t, 5, []byte("y"))
	id := one.large[0].outputID
	for _, s := range []*sealed{one, two, three} {
		if o.full() {
			t.Fatal("full too early")
		}
		o.add(s)
	}
	if !o.full() || len(o.unsent()) != 3 || len(o.leases(nil)) != 4 {
		t.Errorf("full %t, %d unsent, leases %v", o.full(), len(o.unsent()), o.leases(nil))
	}
	o.markSent(one)
	if list := o.unsent(); len(list) != 2 || list[0] != two {
		t.Errorf("%d are unsent", len(list))
	}
	o.rewind()
	if len(o.unsent()) != 3 {
		t.Error("a new stream does not get everything")
	}
	if results, bytes := o.ack(1); results != 2 || bytes != int64(len(big)+1) {
		t.Errorf("ack dropped %d results of %d bytes", results, bytes)
	}
	if _, ok := o.get(id); !ok {
		t.Error("an output that another batch names was dropped")
	}
	if results, _ := o.reject(2); results != 1 {
		t.Errorf("reject dropped %d results", results)
	}
	if _, ok := o.get(id); ok {
		t.Error("an output is kept that no batch names")
	}
	if results, _ := o.reject(4); results != 0 || o.empty() {
		t.Error("a number that is not there dropped a batch")
	}
	if results, _ := o.clear(); results != 1 || !o.empty() {
		t.Errorf("clear dropped %d results", results)
	}
}
