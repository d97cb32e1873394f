package session

import (
	"unicode/utf8"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

// The records that each unit makes are encoded and decoded here by hand; the
// struct tags stay the definition. TestHotRecordsAreMarshal and
// FuzzDecodeRecord hold the two against each other. Fields stand in canonical
// order: by length, then by bytes.

// appendHot encodes a record of one of the frequent kinds; ok is false for the
// others.
func (r *Record) appendHot(b []byte) (out []byte, ok bool) {
	if !r.hot() {
		return nil, false
	}
	n := 2
	if r.Session != "" {
		n++
	}
	b = dagcbor.AppendMap(b, n)
	switch {
	case r.Batch != nil:
		b = r.Batch.append(dagcbor.AppendText(b, "b"))
	case r.Dispatched != nil:
		b = r.Dispatched.append(dagcbor.AppendText(b, "d"))
	case r.Ended != nil:
		b = r.Ended.append(dagcbor.AppendText(b, "e"))
	}
	if r.Session != "" {
		b = dagcbor.AppendText(dagcbor.AppendText(b, "s"), string(r.Session))
	}
	return dagcbor.AppendInt(dagcbor.AppendText(b, "at"), r.At), true
}

// hot reports whether the record is one of a frequent kind that can be encoded.
func (r *Record) hot() bool {
	switch {
	case r.Boot != nil || r.Node != nil || r.Mode != nil || r.Accepted != nil || r.Returned != nil || r.Stopped != nil || r.Closed != nil ||
		r.Held != nil || r.Superseded != nil || r.Copied != nil || r.Standing != nil || r.Rechecked != nil || r.Checked != nil:
		return false
	case r.Batch != nil:
		return r.Dispatched == nil && r.Ended == nil && r.Batch.CID.Defined()
	case r.Dispatched != nil:
		return r.Ended == nil && r.Dispatched.Calls == nil && r.Dispatched.Hold == "" && r.Dispatched.Replica == 0 && r.Dispatched.UnitCID.Defined() && r.Dispatched.Score-r.Dispatched.Score == 0 // finite
	}
	return r.Ended != nil && r.Ended.Model == nil && r.Ended.Checked == nil && utf8.ValidString(r.Ended.Detail+r.Ended.MediaType)
}

// decodeHot decodes a record of one of the frequent kinds; ok is false for the
// others and for bytes that are no record.
func decodeHot(b []byte) (rec Record, ok bool) {
	r := dagcbor.NewReader(b)
	m := r.Map()
	switch {
	case m.Has("b"):
		rec.Batch = readBatch(r)
	case m.Has("d"):
		rec.Dispatched = readDispatched(r)
	case m.Has("e"):
		rec.Ended = readEnded(r)
	default:
		return Record{}, false
	}
	if m.Has("s") {
		rec.Session = contracts.SessionID(r.Text())
		r.Spelled(rec.Session != "")
	}
	m.Must("at")
	rec.At = r.Int()
	m.End()
	return rec, r.Done() == nil
}

func (v *Batch) append(b []byte) []byte {
	b = dagcbor.AppendMap(b, 3)
	b = dagcbor.AppendText(dagcbor.AppendText(b, "n"), string(v.Node))
	b = dagcbor.AppendLink(dagcbor.AppendText(b, "cid"), v.CID)
	return dagcbor.AppendUint(dagcbor.AppendText(b, "seq"), v.Seq)
}

func readBatch(r *dagcbor.Reader) *Batch {
	v := &Batch{}
	m := r.Map()
	m.Must("n")
	v.Node = contracts.NodeID(r.Text())
	m.Must("cid")
	v.CID = r.Link()
	m.Must("seq")
	v.Seq = r.Uint()
	m.End()
	return v
}

func (v *Dispatched) append(b []byte) []byte {
	n := 9
	if v.Replica != 0 {
		n++
	}
	b = dagcbor.AppendMap(b, n)
	b = dagcbor.AppendUint(dagcbor.AppendText(b, "a"), uint64(v.Attempt))
	b = dagcbor.AppendUint(dagcbor.AppendText(b, "f"), v.Fuel)
	b = dagcbor.AppendUint(dagcbor.AppendText(b, "l"), v.Lease)
	b = dagcbor.AppendText(dagcbor.AppendText(b, "n"), string(v.Node))
	b = dagcbor.AppendInt(dagcbor.AppendText(b, "u"), int64(v.Unit))
	if v.Replica != 0 {
		b = dagcbor.AppendUint(dagcbor.AppendText(b, "x"), uint64(v.Replica))
	}
	b = dagcbor.AppendInt(dagcbor.AppendText(b, "el"), int64(v.Eligible))
	b = dagcbor.AppendUint(dagcbor.AppendText(b, "ep"), v.Epoch)
	b = dagcbor.AppendFloat(dagcbor.AppendText(b, "sc"), v.Score)
	return dagcbor.AppendLink(dagcbor.AppendText(b, "cid"), v.UnitCID)
}

func readDispatched(r *dagcbor.Reader) *Dispatched {
	v := &Dispatched{}
	m := r.Map()
	m.Must("a")
	v.Attempt = r.Uint32()
	m.Must("f")
	v.Fuel = r.Uint()
	m.Must("l")
	v.Lease = r.Uint()
	m.Must("n")
	v.Node = contracts.NodeID(r.Text())
	m.Must("u")
	v.Unit = int(r.Int())
	if m.Has("x") {
		v.Replica = r.Uint32()
		r.Spelled(v.Replica != 0)
	}
	m.Must("el")
	v.Eligible = int(r.Int())
	m.Must("ep")
	v.Epoch = r.Uint()
	m.Must("sc")
	v.Score = r.Float()
	m.Must("cid")
	v.UnitCID = r.Link()
	m.End()
	return v
}

// append encodes the end of a unit. A map says how many pairs it has before it
// has them, so they are written first.
func (v *Ended) append(b []byte) []byte {
	n, p := 0, make([]byte, 0, 256)
	key := func(name string) []byte {
		n++
		return dagcbor.AppendText(p, name)
	}
	link := func(name string, l contracts.Link) {
		if l.Defined() {
			p = dagcbor.AppendLink(key(name), l)
		}
	}
	count := func(name string, u uint64) {
		if u != 0 {
			p = dagcbor.AppendUint(key(name), u)
		}
	}
	text := func(name, s string) {
		if s != "" {
			p = dagcbor.AppendText(key(name), s)
		}
	}
	link("b", v.Batch)
	count("f", v.Fuel)
	if v.Index != 0 {
		p = dagcbor.AppendInt(key("i"), int64(v.Index))
	}
	count("l", v.Lease)
	count("n", v.Bytes)
	p = dagcbor.AppendInt(key("u"), int64(v.Unit))
	text("by", string(v.By))
	count("ck", v.Check)
	if v.Dropped {
		p = dagcbor.AppendBool(key("dr"), true)
	}
	if len(v.Facts) > 0 {
		p = dagcbor.AppendBytes(key("fa"), v.Facts)
	}
	text("mt", v.MediaType)
	text("nd", string(v.Node))
	p = dagcbor.AppendText(key("re"), string(v.Reason))
	p = dagcbor.AppendText(key("st"), string(v.State))
	if v.Started != 0 {
		p = dagcbor.AppendInt(key("t0"), v.Started)
	}
	count("us", v.DurationUS)
	link("cid", v.UnitCID)
	text("det", v.Detail)
	link("out", v.Output)
	if v.Public {
		p = dagcbor.AppendBool(key("pub"), true)
	}
	link("res", v.Result)
	text("code", string(v.Code))
	return append(dagcbor.AppendMap(b, n), p...)
}

func readEnded(r *dagcbor.Reader) *Ended {
	v := &Ended{}
	m := r.Map()
	link := func(name string) (l contracts.Link) {
		if m.Has(name) {
			l = r.Link()
		}
		return l
	}
	count := func(name string) (n uint64) {
		if m.Has(name) {
			n = r.Uint()
			r.Spelled(n != 0)
		}
		return n
	}
	integer := func(name string) (n int64) {
		if m.Has(name) {
			n = r.Int()
			r.Spelled(n != 0)
		}
		return n
	}
	text := func(name, likely string) (s string) {
		if m.Has(name) {
			s = r.TextLike(likely)
			r.Spelled(s != "")
		}
		return s
	}
	v.Batch = link("b")
	v.Fuel = count("f")
	v.Index = int(integer("i"))
	v.Lease = count("l")
	v.Bytes = count("n")
	m.Must("u")
	v.Unit = int(r.Int())
	v.By = contracts.NodeID(text("by", ""))
	v.Check = count("ck")
	if m.Has("dr") {
		v.Dropped = r.Bool()
		r.Spelled(v.Dropped)
	}
	if m.Has("fa") {
		v.Facts = r.Bytes()
		r.Spelled(len(v.Facts) > 0)
	}
	v.MediaType = text("mt", contracts.DefaultMediaType)
	v.Node = contracts.NodeID(text("nd", ""))
	m.Must("re")
	v.Reason = contracts.StopReason(r.TextLike(string(contracts.StopSuccess)))
	m.Must("st")
	v.State = contracts.UnitState(r.TextLike(string(contracts.UnitSuccess)))
	v.Started = integer("t0")
	v.DurationUS = count("us")
	v.UnitCID = link("cid")
	v.Detail = text("det", "")
	v.Output = link("out")
	if m.Has("pub") {
		v.Public = r.Bool()
		r.Spelled(v.Public)
	}
	v.Result = link("res")
	v.Code = contracts.Code(text("code", ""))
	m.End()
	return v
}
