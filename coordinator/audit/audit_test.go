package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/coordinator/audit"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/session"
	"github.com/krako-labs/krako/coordinator/transparency"
)

const cluster = "6a2f41a3-c54c-4ce8-b2d2-0324e1c32e22"

// history is a log in memory, with a checkpoint every ten records that stands
// three records behind those it covers.
type history struct {
	key     transparency.Key
	records [][]byte
	roots   []transparency.Hash // by size
}

func newHistory(t *testing.T, key transparency.Key, n int, change func(i int) string) *history {
	t.Helper()
	h, tree := &history{key: key}, transparency.Tree{}
	h.roots = append(h.roots, tree.Root())
	for i := range n {
		r := session.Record{At: int64(i), Boot: &session.Boot{Epoch: 1, Version: change(i)}}
		if i%10 == 3 && i > 10 {
			size := int64(i - 3)
			r = session.Record{At: int64(i), Survey: &session.Survey{
				At: uint64(size), CID: contracts.Link{Cid: dagcbor.RawCID([]byte("survey"))}, Checkpoint: h.checkpoint(t, size),
			}}
		}
		b, err := r.Encode()
		must(t, err)
		h.records = append(h.records, b)
		tree.Append(transparency.Leaf(b), func(transparency.Node) {})
		h.roots = append(h.roots, tree.Root())
	}
	return h
}

func (h *history) checkpoint(t *testing.T, size int64) []byte {
	t.Helper()
	signed, err := h.key.Sign(transparency.Checkpoint{Origin: transparency.Origin(cluster), Size: size, Root: h.roots[size]})
	must(t, err)
	return signed
}

func (h *history) Cluster() string { return cluster }

// ReadSegments packs seven records into a segment.
func (h *history) Base() (eventlog.Offset, []byte) { return 1, nil }

func (h *history) ReadSegments(_ context.Context, _ eventlog.Offset, fn func(eventlog.Segment) error) error {
	prev := eventlog.Digest{}
	for i := 0; i < len(h.records); i += 7 {
		s := eventlog.Segment{Cluster: cluster, Epoch: 1, First: eventlog.Offset(i + 1), Prev: prev, Events: h.records[i:min(i+7, len(h.records))]}
		encoded, err := eventlog.EncodeSegment(s)
		if err != nil {
			return err
		}
		prev = eventlog.DigestOf(encoded)
		if err := fn(s); err != nil {
			return err
		}
	}
	return nil
}

func (h *history) export(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, audit.Export(t.Context(), h, &b))
	return b.Bytes()
}

func run(t *testing.T, export []byte, trust audit.Trust) (audit.Report, error) {
	t.Helper()
	log, err := audit.Open(bytes.NewReader(export))
	must(t, err)
	return audit.Run(t.Context(), log, trust)
}

func plain(i int) string { return fmt.Sprint("v", i) }

func TestASoundLogPasses(t *testing.T) {
	key, err := transparency.NewKey(cluster)
	must(t, err)
	h := newHistory(t, key, 95, plain)
	kept := [][]byte{h.checkpoint(t, 77), h.checkpoint(t, 12), h.checkpoint(t, 12), h.checkpoint(t, 95), h.checkpoint(t, 0)}
	for _, keys := range [][]string{{key.Public()}, nil} {
		r, err := run(t, h.export(t), audit.Trust{Keys: keys, Kept: kept})
		must(t, err)
		if r.Records != 95 || r.Checkpoints != 9 || r.Kept != 5 || r.Signed != 95 || r.Root != fmt.Sprintf("%x", h.roots[95][:]) {
			t.Errorf("report %+v", r)
		}
	}
	if r, err := run(t, newHistory(t, key, 0, plain).export(t), audit.Trust{}); err != nil || r.Records != 0 {
		t.Errorf("an empty log: %+v, %v", r, err)
	}
}

// A bad log is found, and where.
func TestABadLogIsNamed(t *testing.T) {
	key, err := transparency.NewKey(cluster)
	must(t, err)
	other, err := transparency.NewKey(cluster)
	must(t, err)
	sound := newHistory(t, key, 95, plain)
	export := sound.export(t)
	rewritten := newHistory(t, key, 95, func(i int) string {
		if i == 41 {
			return "forged"
		}
		return plain(i)
	})
	for i := range rewritten.records {
		// The forger cannot sign: the checkpoints are the ones of the sound log.
		if r, err := session.DecodeRecord(sound.records[i]); err == nil && r.Survey != nil {
			rewritten.records[i] = sound.records[i]
		}
	}
	flipped := bytes.Clone(export)
	flipped[len(flipped)/2] ^= 1

	for name, c := range map[string]struct {
		export      []byte
		trust       audit.Trust
		first, last eventlog.Offset
	}{
		"a record rewritten, chain and all":   {rewritten.export(t), audit.Trust{Keys: []string{key.Public()}}, 41, 50},
		"the same, against a kept checkpoint": {rewritten.export(t), audit.Trust{Kept: [][]byte{sound.checkpoint(t, 43)}}, 31, 43},
		"signed by somebody else":             {export, audit.Trust{Keys: []string{other.Public()}}, 14, 14},
		"shorter than a kept checkpoint":      {newHistory(t, key, 60, plain).export(t), audit.Trust{Kept: [][]byte{sound.checkpoint(t, 95)}}, 61, 95},
		"cut in the middle":                   {export[:len(export)-5], audit.Trust{}, 92, 92},
	} {
		_, err := run(t, c.export, c.trust)
		bad, ok := errors.AsType[*audit.BadError](err)
		if !ok || bad.First != c.first || bad.Last != c.last {
			t.Errorf("%s: %v, want records %d to %d", name, err, c.first, c.last)
		}
	}
	if _, err := run(t, flipped, audit.Trust{}); err == nil {
		t.Error("a flipped bit was not found")
	}
	if _, err := run(t, export, audit.Trust{Keys: []string{other.Public()}, Kept: [][]byte{sound.checkpoint(t, 5)}}); contracts.CodeOf(err) != contracts.CodeValidation {
		t.Errorf("a kept checkpoint of another key: %v", err)
	}
}

func FuzzExport(f *testing.F) {
	f.Add([]byte("krako log 1\n" + cluster + "\n\x00\x00\x00\x01\xa0"))
	f.Fuzz(func(t *testing.T, b []byte) {
		log, err := audit.Open(bytes.NewReader(b))
		if err != nil {
			return
		}
		_, _ = audit.Run(t.Context(), log, audit.Trust{}) // must end
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
