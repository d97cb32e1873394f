package contracts

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/contracts/merkle"
)

// What every unit encodes and decodes is encoded and decoded here by hand. The
// struct tags stay the definition: TestHotEncodingsAreMarshal and
// FuzzHotDecodings hold each function against the reflective codec. Fields stand
// in canonical order: by length, then by bytes.

// errUndefined is the error of a link that must be there and is not.
var errUndefined = errors.New("a link is undefined")

func (i *BatchItem) append(b []byte) ([]byte, error) {
	if !i.ResultCID.Defined() {
		return nil, errUndefined
	}
	b = dagcbor.AppendMap(b, 2)
	b, err := i.Observed.append(dagcbor.AppendText(b, "observed"))
	if err != nil {
		return nil, err
	}
	return dagcbor.AppendLink(dagcbor.AppendText(b, "result_cid"), i.ResultCID), nil
}

func readBatchItem(r *dagcbor.Reader, signer NodeID) (i BatchItem) {
	m := r.Map()
	m.Must("observed")
	i.Observed = readObserved(r, signer)
	m.Must("result_cid")
	i.ResultCID = r.Link()
	m.End()
	return i
}

func (o *Observed) append(b []byte) ([]byte, error) {
	for _, t := range []Time{o.StartedAt, o.FinishedAt} {
		if err := t.checkYear(); err != nil {
			return nil, err
		}
	}
	b = dagcbor.AppendMap(b, 7)
	b = dagcbor.AppendText(dagcbor.AppendText(b, "node"), string(o.Node))
	b = dagcbor.AppendUint(dagcbor.AppendText(b, "epoch"), o.Epoch)
	b = dagcbor.AppendUint(dagcbor.AppendText(b, "lease"), o.Lease)
	b = dagcbor.AppendUint(dagcbor.AppendText(b, "attempt"), uint64(o.Attempt))
	b = appendTime(dagcbor.AppendText(b, "started_at"), o.StartedAt)
	b = dagcbor.AppendUint(dagcbor.AppendText(b, "duration_us"), o.DurationUS)
	return appendTime(dagcbor.AppendText(b, "finished_at"), o.FinishedAt), nil
}

func readObserved(r *dagcbor.Reader, signer NodeID) (o Observed) {
	m := r.Map()
	m.Must("node")
	o.Node = NodeID(r.TextLike(string(signer)))
	m.Must("epoch")
	o.Epoch = r.Uint()
	m.Must("lease")
	o.Lease = r.Uint()
	m.Must("attempt")
	o.Attempt = r.Uint32()
	m.Must("started_at")
	o.StartedAt = readTime(r)
	m.Must("duration_us")
	o.DurationUS = r.Uint()
	m.Must("finished_at")
	o.FinishedAt = readTime(r)
	m.End()
	return o
}

func appendTime(b []byte, t Time) []byte {
	var text [32]byte
	s := t.append(text[:0])
	return append(dagcbor.AppendTextHead(b, len(s)), s...)
}

// readTime reads the one spelling of an instant.
func readTime(r *dagcbor.Reader) (t Time) {
	text := r.Text()
	t, ok := parsePlain(text)
	if r.Err() == nil && !ok {
		r.Spelled(t.UnmarshalText([]byte(text)) == nil && t.String() == text)
	}
	return t
}

// appendItems encodes the items one after the other and hashes each.
func (b *Batch) appendItems() (items []byte, hashes []merkle.Hash, err error) {
	hashes = make([]merkle.Hash, len(b.Results))
	for i := range b.Results {
		start := len(items)
		if items, err = b.Results[i].append(items); err != nil {
			return nil, nil, err
		}
		hashes[i] = merkle.LeafHash(items[start:])
	}
	return items, hashes, nil
}

// append encodes the batch around its encoded items.
func (b *Batch) append(items []byte) []byte {
	out := dagcbor.AppendMap(make([]byte, 0, len(items)+256), 6)
	out = dagcbor.AppendInt(dagcbor.AppendText(out, "v"), int64(b.V))
	out = dagcbor.AppendUint(dagcbor.AppendText(out, "seq"), b.Seq)
	out = dagcbor.AppendText(dagcbor.AppendText(out, "node"), string(b.Node))
	out = dagcbor.AppendBytes(dagcbor.AppendText(out, "root"), b.Root)
	out = dagcbor.AppendText(dagcbor.AppendText(out, "cluster"), b.Cluster)
	out = dagcbor.AppendArray(dagcbor.AppendText(out, "results"), len(b.Results))
	return append(out, items...)
}

// readBatch decodes a batch and hashes its items, whose one spelling is the one
// that stands there.
func readBatch(payload []byte) (*Batch, []merkle.Hash, error) {
	b := &Batch{}
	r := dagcbor.NewReader(payload)
	m := r.Map()
	m.Must("v")
	b.V = int(r.Int())
	m.Must("seq")
	b.Seq = r.Uint()
	m.Must("node")
	b.Node = NodeID(r.Text())
	m.Must("root")
	b.Root = r.Bytes()
	m.Must("cluster")
	b.Cluster = r.Text()
	m.Must("results")
	n := r.Array(dagcbor.MaxItems)
	b.Results = make([]BatchItem, 0, min(n, MaxBatchItems))
	hashes := make([]merkle.Hash, 0, min(n, MaxBatchItems))
	for range n {
		start := r.Offset()
		item := readBatchItem(r, b.Node)
		if r.Err() != nil {
			break
		}
		b.Results, hashes = append(b.Results, item), append(hashes, merkle.LeafHash(r.Since(start)))
	}
	m.End()
	return b, hashes, r.Done()
}

func (r *Result) append(b []byte) ([]byte, error) {
	if !r.Unit.Defined() || r.Output != nil && !r.Output.Defined() {
		return nil, errUndefined
	}
	n := 5
	for _, there := range []bool{r.Output != nil, r.ErrorCode != "", r.MediaType != ""} {
		if there {
			n++
		}
	}
	b = dagcbor.AppendMap(b, n)
	b = dagcbor.AppendLink(dagcbor.AppendText(b, "unit"), r.Unit)
	if r.Output != nil {
		b = dagcbor.AppendLink(dagcbor.AppendText(b, "output"), *r.Output)
	}
	b = dagcbor.AppendText(dagcbor.AppendText(b, "outcome"), string(r.Outcome))
	b = dagcbor.AppendUint(dagcbor.AppendText(b, "fuel_used"), r.FuelUsed)
	if r.ErrorCode != "" {
		b = dagcbor.AppendText(dagcbor.AppendText(b, "error_code"), string(r.ErrorCode))
	}
	if r.MediaType != "" {
		b = dagcbor.AppendText(dagcbor.AppendText(b, "media_type"), r.MediaType)
	}
	b = dagcbor.AppendUint(dagcbor.AppendText(b, "memory_pages"), uint64(r.MemoryPages))
	return dagcbor.AppendUint(dagcbor.AppendText(b, "output_bytes"), r.OutputBytes), nil
}

func readResult(block []byte) (*Result, error) {
	v := &Result{}
	r := dagcbor.NewReader(block)
	m := r.Map()
	m.Must("unit")
	v.Unit = r.Link()
	if m.Has("output") {
		l := r.Link()
		v.Output = &l
	}
	m.Must("outcome")
	v.Outcome = Outcome(r.TextLike(string(Succeeded)))
	m.Must("fuel_used")
	v.FuelUsed = r.Uint()
	if m.Has("error_code") {
		v.ErrorCode = Code(r.Text())
		r.Spelled(v.ErrorCode != "")
	}
	if m.Has("media_type") {
		v.MediaType = r.TextLike(DefaultMediaType)
		r.Spelled(v.MediaType != "")
	}
	m.Must("memory_pages")
	v.MemoryPages = r.Uint32()
	m.Must("output_bytes")
	v.OutputBytes = r.Uint()
	m.End()
	return v, r.Done()
}

func (v *Invocation) append(b []byte) ([]byte, error) {
	if !v.Module.Defined() {
		return nil, errUndefined
	}
	n := 6
	for _, there := range []bool{len(v.Salt) > 0, len(v.Blobs) > 0, v.Entry != ""} {
		if there {
			n++
		}
	}
	b = dagcbor.AppendMap(b, n)
	b = dagcbor.AppendInt(dagcbor.AppendText(b, "v"), int64(v.V))
	b = dagcbor.AppendUint(dagcbor.AppendText(b, "fuel"), v.Fuel)
	if len(v.Salt) > 0 {
		b = dagcbor.AppendBytes(dagcbor.AppendText(b, "salt"), v.Salt)
	}
	if len(v.Blobs) > 0 {
		var err error
		if b, err = appendBlobs(dagcbor.AppendText(b, "blobs"), v.Blobs); err != nil {
			return nil, err
		}
	}
	if v.Entry != "" {
		b = dagcbor.AppendText(dagcbor.AppendText(b, "entry"), v.Entry)
	}
	b = v.Input.append(dagcbor.AppendText(b, "input"))
	b = dagcbor.AppendLink(dagcbor.AppendText(b, "module"), v.Module)
	b = dagcbor.AppendText(dagcbor.AppendText(b, "profile"), v.Profile)
	return dagcbor.AppendUint(dagcbor.AppendText(b, "memory_pages"), uint64(v.MemoryPages)), nil
}

func (p Payload) append(b []byte) []byte {
	if p.Link.Defined() {
		return dagcbor.AppendLink(b, p.Link)
	}
	return dagcbor.AppendBytes(b, p.Inline)
}

func appendBlobs(b []byte, blobs map[string]Link) ([]byte, error) {
	names := slices.SortedFunc(maps.Keys(blobs), compareNames)
	b = dagcbor.AppendMap(b, len(names))
	for _, name := range names {
		if !blobs[name].Defined() {
			return nil, errUndefined
		}
		b = dagcbor.AppendLink(dagcbor.AppendText(b, name), blobs[name])
	}
	return b, nil
}

// compareNames orders keys as DAG-CBOR does.
func compareNames(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

func readInvocation(block []byte) (*Invocation, error) {
	v := &Invocation{}
	r := dagcbor.NewReader(block)
	m := r.Map()
	m.Must("v")
	v.V = int(r.Int())
	m.Must("fuel")
	v.Fuel = r.Uint()
	if m.Has("salt") {
		v.Salt = r.Bytes()
		r.Spelled(len(v.Salt) > 0)
	}
	if m.Has("blobs") {
		// Few units have blobs: the general decoder takes them.
		raw := r.Raw(1)
		if err := r.Err(); err != nil {
			return nil, err
		}
		if err := dagcbor.Unmarshal(raw, &v.Blobs); err != nil {
			return nil, err
		}
		r.Spelled(len(v.Blobs) > 0)
	}
	if m.Has("entry") {
		v.Entry = r.Text()
		r.Spelled(v.Entry != "")
	}
	m.Must("input")
	if r.IsLink() {
		v.Input.Link = r.Link()
	} else {
		v.Input.Inline = r.Bytes()
	}
	m.Must("module")
	v.Module = r.Link()
	m.Must("profile")
	v.Profile = r.TextLike(ProfileDet1)
	m.Must("memory_pages")
	v.MemoryPages = r.Uint32()
	m.End()
	return v, r.Done()
}
