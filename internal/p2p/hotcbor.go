package p2p

import (
	"encoding/binary"
	"fmt"

	"github.com/krako-labs/krako/contracts/dagcbor"
)

// hotMessage is a message that travels with every unit, or with every token of a
// model's answer, and is therefore encoded and decoded by hand; the struct tags stay the definition, and
// TestHotMessagesAreMarshal and FuzzDecodeMessage hold the two against each
// other. Fields stand in canonical order: by length, then by bytes.
type hotMessage interface {
	Message
	append(b []byte) ([]byte, error)
	read(r *dagcbor.Reader)
}

// encodeHot returns m as one frame.
func encodeHot(m hotMessage, size int) ([]byte, error) {
	frame, err := m.append(append(make([]byte, lengthSize, lengthSize+1+size), byte(m.frame())))
	if err == nil {
		err = dagcbor.Check(frame[lengthSize+1:])
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %T: %w", ErrFrameMalformed, m, err)
	}
	n := len(frame) - lengthSize
	if n > MaxFrame {
		return nil, fmt.Errorf("%w: %d bytes of type %d, at most %d", ErrFrameTooLarge, n, m.frame(), MaxFrame)
	}
	binary.BigEndian.PutUint32(frame, uint32(n))
	return frame, checkAssign(m, n)
}

// sizeOf is about what a message takes.
func sizeOf(m hotMessage) (n int) {
	switch m := m.(type) {
	case *Assign:
		for i := range m.Units {
			n += unitOverhead + len(m.Units[i].Invocation)
		}
	case *Results:
		n = len(m.Batch)
		for _, b := range m.Items {
			n += len(b) + 8
		}
		for i := range m.Outputs {
			n += len(m.Outputs[i].Data) + 64
		}
	case *Tokens:
		n = len(m.Text) + 9*len(m.Tokens) + 40
	}
	return n + 32
}

func (m *Credit) append(b []byte) ([]byte, error) {
	return dagcbor.AppendInt(dagcbor.AppendText(dagcbor.AppendMap(b, 1), "n"), int64(m.N)), nil
}

func (m *Credit) read(r *dagcbor.Reader) {
	f := r.Map()
	f.Must("n")
	m.N = int(r.Int())
	f.End()
}

func (m *Ack) append(b []byte) ([]byte, error) {
	return dagcbor.AppendUint(dagcbor.AppendText(dagcbor.AppendMap(b, 1), "seq"), m.Seq), nil
}

func (m *Ack) read(r *dagcbor.Reader) {
	f := r.Map()
	f.Must("seq")
	m.Seq = r.Uint()
	f.End()
}

func (m *Tokens) append(b []byte) ([]byte, error) {
	n := 3
	if len(m.Tokens) > 0 {
		n++
	}
	if m.Restart {
		n++
	}
	b = dagcbor.AppendMap(b, n)
	b = dagcbor.AppendInt(dagcbor.AppendText(b, "at"), int64(m.At))
	b = dagcbor.AppendText(dagcbor.AppendText(b, "text"), m.Text)
	b = dagcbor.AppendUint(dagcbor.AppendText(b, "lease"), m.Lease)
	if len(m.Tokens) > 0 {
		b = dagcbor.AppendArray(dagcbor.AppendText(b, "tokens"), len(m.Tokens))
		for _, id := range m.Tokens {
			b = dagcbor.AppendInt(b, int64(id))
		}
	}
	if m.Restart {
		b = dagcbor.AppendBool(dagcbor.AppendText(b, "restart"), true)
	}
	return b, nil
}

func (m *Tokens) read(r *dagcbor.Reader) {
	f := r.Map()
	f.Must("at")
	m.At = int(r.Int())
	f.Must("text")
	m.Text = r.Text()
	f.Must("lease")
	m.Lease = r.Uint()
	if f.Has("tokens") {
		n := r.Array(dagcbor.MaxItems)
		r.Spelled(n > 0)
		m.Tokens = make([]int, 0, min(n, MaxTokens))
		for range n {
			if r.Err() != nil {
				return
			}
			m.Tokens = append(m.Tokens, int(r.Int()))
		}
	}
	if f.Has("restart") {
		m.Restart = r.Bool()
		r.Spelled(m.Restart)
	}
	f.End()
}

func (m *Assign) append(b []byte) ([]byte, error) {
	b = dagcbor.AppendArray(dagcbor.AppendText(dagcbor.AppendMap(b, 1), "units"), len(m.Units))
	for i := range m.Units {
		var err error
		if b, err = m.Units[i].append(b); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (u *Unit) append(b []byte) ([]byte, error) {
	n := 6
	for _, there := range []bool{u.Allow != nil, u.Score != nil, u.Resume != nil, u.Tenant != "", u.Session != "", u.Last} {
		if there {
			n++
		}
	}
	b = dagcbor.AppendMap(b, n)
	if u.Last {
		b = dagcbor.AppendBool(dagcbor.AppendText(b, "last"), true)
	}
	b = dagcbor.AppendBytes(dagcbor.AppendText(b, "unit"), u.Invocation)
	if u.Allow != nil {
		b = dagcbor.AppendMap(dagcbor.AppendText(b, "allow"), 2)
		b = dagcbor.AppendInt(dagcbor.AppendText(b, "calls"), int64(u.Allow.Calls))
		b = dagcbor.AppendInt(dagcbor.AppendText(b, "tokens"), u.Allow.Tokens)
	}
	b = dagcbor.AppendUint(dagcbor.AppendText(b, "epoch"), u.Epoch)
	b = dagcbor.AppendUint(dagcbor.AppendText(b, "lease"), u.Lease)
	if u.Score != nil { // rare: a sampled check
		said, err := dagcbor.Marshal(u.Score)
		if err != nil {
			return nil, err
		}
		b = append(dagcbor.AppendText(b, "score"), said...)
	}
	if u.Resume != nil { // rare: a pod was lost
		resume, err := dagcbor.Marshal(u.Resume)
		if err != nil {
			return nil, err
		}
		b = append(dagcbor.AppendText(b, "resume"), resume...)
	}
	if u.Tenant != "" {
		b = dagcbor.AppendText(dagcbor.AppendText(b, "tenant"), u.Tenant)
	}
	b = dagcbor.AppendInt(dagcbor.AppendText(b, "attempt"), int64(u.Attempt))
	b = dagcbor.AppendInt(dagcbor.AppendText(b, "replica"), int64(u.Replica))
	if u.Session != "" {
		b = dagcbor.AppendText(dagcbor.AppendText(b, "session"), u.Session)
	}
	return dagcbor.AppendInt(dagcbor.AppendText(b, "run_timeout_ms"), int64(u.RunTimeoutMS)), nil
}

func (m *Assign) read(r *dagcbor.Reader) {
	f := r.Map()
	f.Must("units")
	n := r.Array(dagcbor.MaxItems)
	m.Units = make([]Unit, 0, min(n, MaxUnits))
	for range n {
		u := readUnit(r)
		if r.Err() != nil {
			return
		}
		m.Units = append(m.Units, u)
	}
	f.End()
}

func readUnit(r *dagcbor.Reader) (u Unit) {
	f := r.Map()
	if f.Has("last") {
		u.Last = r.Bool()
		r.Spelled(u.Last)
	}
	f.Must("unit")
	u.Invocation = r.Bytes()
	if f.Has("allow") {
		a := r.Map()
		u.Allow = new(Allowance)
		a.Must("calls")
		u.Allow.Calls = int(r.Int())
		a.Must("tokens")
		u.Allow.Tokens = r.Int()
		a.End()
	}
	f.Must("epoch")
	u.Epoch = r.Uint()
	f.Must("lease")
	u.Lease = r.Uint()
	if f.Has("score") {
		raw := r.Raw(3)
		u.Score = new(Said)
		r.Spelled(r.Err() != nil || dagcbor.Unmarshal(raw, u.Score) == nil)
	}
	if f.Has("resume") {
		raw := r.Raw(3)
		u.Resume = new(Resume)
		r.Spelled(r.Err() != nil || dagcbor.Unmarshal(raw, u.Resume) == nil)
	}
	if f.Has("tenant") {
		u.Tenant = r.Text()
		r.Spelled(u.Tenant != "")
	}
	f.Must("attempt")
	u.Attempt = int(r.Int())
	f.Must("replica")
	u.Replica = int(r.Int())
	if f.Has("session") {
		u.Session = r.Text()
		r.Spelled(u.Session != "")
	}
	f.Must("run_timeout_ms")
	u.RunTimeoutMS = int(r.Int())
	f.End()
	return u
}

func (m *Results) append(b []byte) ([]byte, error) {
	n := 1
	for _, there := range []bool{len(m.Items) > 0, len(m.Outputs) > 0} {
		if there {
			n++
		}
	}
	b = dagcbor.AppendBytes(dagcbor.AppendText(dagcbor.AppendMap(b, n), "batch"), m.Batch)
	if len(m.Items) > 0 {
		b = dagcbor.AppendArray(dagcbor.AppendText(b, "items"), len(m.Items))
		for _, item := range m.Items {
			b = dagcbor.AppendBytes(b, item)
		}
	}
	if len(m.Outputs) > 0 {
		b = dagcbor.AppendArray(dagcbor.AppendText(b, "outputs"), len(m.Outputs))
		for i := range m.Outputs {
			if !m.Outputs[i].CID.Defined() {
				return nil, fmt.Errorf("output %d has no CID", i)
			}
			b = dagcbor.AppendLink(dagcbor.AppendText(dagcbor.AppendMap(b, 2), "cid"), m.Outputs[i].CID)
			b = dagcbor.AppendBytes(dagcbor.AppendText(b, "data"), m.Outputs[i].Data)
		}
	}
	return b, nil
}

func (m *Results) read(r *dagcbor.Reader) {
	f := r.Map()
	f.Must("batch")
	m.Batch = r.Bytes()
	if f.Has("items") {
		n := r.Array(dagcbor.MaxItems)
		r.Spelled(n > 0)
		m.Items = make([][]byte, 0, min(n, MaxUnits))
		for i := 0; i < n && r.Err() == nil; i++ {
			m.Items = append(m.Items, r.Bytes())
		}
	}
	if f.Has("outputs") {
		n := r.Array(dagcbor.MaxItems)
		r.Spelled(n > 0)
		m.Outputs = make([]Output, 0, min(n, MaxUnits))
		for i := 0; i < n && r.Err() == nil; i++ {
			m.Outputs = append(m.Outputs, readOutput(r))
		}
	}
	f.End()
}

func readOutput(r *dagcbor.Reader) (o Output) {
	f := r.Map()
	f.Must("cid")
	o.CID = r.Link()
	f.Must("data")
	o.Data = r.Bytes()
	f.End()
	return o
}
