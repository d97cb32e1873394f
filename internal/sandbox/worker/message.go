package worker

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/sandbox/confine"
)

// version is of the protocol. An agent and its workers are one executable; they
// differ only if it was replaced in between.
const version = 2

// What a worker process is for.
const (
	modeUnits     = "units"
	modeAdmission = "admission"
)

// setup is the first message to a worker.
type setup struct {
	V           int    `cbor:"v"`
	Mode        string `cbor:"mode"`
	CacheDir    string `cbor:"cache_dir"`
	CacheBytes  int64  `cbor:"cache_bytes"`
	ModuleBytes int64  `cbor:"module_bytes"`
	MaxModule   int64  `cbor:"max_module"`
	MaxPages    uint32 `cbor:"max_pages"`
	MaxInput    int64  `cbor:"max_input"`
	HeapBytes   int64  `cbor:"heap_bytes"` // where the garbage collector begins to work hard
	// Engine is the sandbox.Engine.
	Engine uint8 `cbor:"engine"`
}

// ready is the first message of a worker.
type ready struct {
	V        int               `cbor:"v"`
	Measures []confine.Measure `cbor:"measures"`
}

// verdict is how an admission ended; Code is "" for an admitted module.
type verdict struct {
	Code     contracts.Code `cbor:"code"`
	Offender string         `cbor:"offender"`
	Message  string         `cbor:"message"`
}

func verdictOf(err error) verdict {
	if err == nil {
		return verdict{}
	}
	code, offender, message := describe(err)
	return verdict{code, offender, message}
}

func (v verdict) err() error {
	if v.Code == "" {
		return nil
	}
	return contracts.Errorf(known(v.Code), v.Offender, "%s", v.Message)
}

// describe takes apart what crosses the pipe of an error.
func describe(err error) (code contracts.Code, offender, message string) {
	if e, ok := errors.AsType[*contracts.Error](err); ok {
		return e.Code, clip(e.Offender), clip(e.Message)
	}
	return contracts.CodeInternal, "", clip(err.Error())
}

// maxText bounds each text for people that crosses the pipe.
const maxText = 1 << 10

func clip(s string) string { return s[:min(len(s), maxText)] }

// known turns a code that no honest worker would send into INTERNAL.
func known(c contracts.Code) contracts.Code {
	if !c.Valid() {
		return contracts.CodeInternal
	}
	return c
}

// decodeCold reads the messages that are DAG-CBOR.
func decodeCold[T any](body []byte) (v T, err error) {
	if err := dagcbor.Unmarshal(body, &v); err != nil {
		return v, malformed("%v", err)
	}
	return v, nil
}

// sendCold writes one of them.
func (f *frameWriter) sendCold(kind byte, v any) error {
	body, err := dagcbor.Marshal(v)
	if err != nil {
		return err
	}
	return f.send(kind, body, nil)
}

// taskID names one task of one batch.
type taskID struct {
	batch uint64
	index int
}

// maxBatch is the greatest number of tasks in a batch.
const maxBatch = 256

// encodeCancel ends a task that has not begun.
func encodeCancel(id taskID) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(nil, id.batch), uint64(id.index))
}

func (d *decoder) task() taskID {
	return taskID{batch: d.uint("batch", 1<<62), index: int(d.uint("index", maxBatch-1))}
}

func decodeCancel(body []byte) (taskID, error) {
	d := decoder{b: body}
	id := d.task()
	return id, d.end()
}

// encodeRunning says that a task has run for a while.
func encodeRunning(id taskID, ran time.Duration) []byte {
	return putDuration(encodeCancel(id), ran)
}

func decodeRunning(body []byte) (id taskID, ran time.Duration, err error) {
	d := decoder{b: body}
	id = d.task()
	ran = time.Duration(d.uint("duration", 1<<62))
	return id, ran, d.end()
}

func decodeCIDs(body []byte) ([]cid.Cid, error) {
	d := decoder{b: body}
	var list []cid.Cid
	for len(d.b) > 0 {
		list = append(list, d.cid("block"))
	}
	return list, d.end()
}

// order is a task as it crosses the pipe.
type order struct {
	id    taskID
	unit  cid.Cid
	call  contracts.Invocation // without version, profile and salt
	limit time.Duration
}

func encodeTask(b []byte, t *Task) []byte {
	c := t.Call
	b = binary.AppendUvarint(b, uint64(t.Limit))
	b = putCID(b, t.Unit)
	b = putCID(b, c.Module.Cid)
	b = putBytes(b, c.Entry)
	b = binary.AppendUvarint(b, c.Fuel)
	b = binary.AppendUvarint(b, uint64(c.MemoryPages))
	if c.Input.Link.Defined() {
		b = putCID(append(b, 1), c.Input.Link.Cid)
	} else {
		b = putBytes(append(b, 0), c.Input.Inline)
	}
	b = binary.AppendUvarint(b, uint64(len(c.Blobs)))
	for name, link := range c.Blobs {
		b = putCID(putBytes(b, name), link.Cid)
	}
	return b
}

// Bounds of a task. They are wider than a contract's, which were checked before.
const (
	maxName   = 1 << 10
	maxInline = 64 << 10
	maxBlobs  = 1 << 12
)

func decodeTask(d *decoder, id taskID) order {
	o := order{id: id, limit: time.Duration(d.uint("limit", 1<<62)), unit: d.cid("unit")}
	o.call.Module.Cid = d.cid("module")
	o.call.Entry = d.string("entry", maxName)
	o.call.Fuel = d.uint("fuel", 1<<63)
	o.call.MemoryPages = uint32(d.uint("memory", 1<<31))
	if d.uint("input", 1) == 1 {
		o.call.Input.Link.Cid = d.cid("input")
	} else {
		o.call.Input.Inline = append([]byte{}, d.bytes("input", maxInline)...)
	}
	n := d.uint("blobs", maxBlobs)
	if n > 0 && d.err == nil {
		o.call.Blobs = make(map[string]contracts.Link)
	}
	for ; n > 0 && d.err == nil; n-- {
		name := d.string("blob", maxName)
		o.call.Blobs[name] = contracts.Link{Cid: d.cid("blob")}
	}
	return o
}

// decodeBatch reads a batch of tasks.
func decodeBatch(body []byte) ([]order, error) {
	d := decoder{b: body}
	batch := d.uint("batch", 1<<62)
	list := make([]order, d.uint("tasks", maxBatch))
	for i := range list {
		list[i] = decodeTask(&d, taskID{batch, i})
	}
	return list, d.end()
}
