package worker

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
	"github.com/krako-labs/krako/internal/sandbox"
)

func TestTasksCrossThePipe(t *testing.T) {
	blob := contracts.Link{Cid: dagcbor.CID([]byte("blob"))}
	tasks := []Task{
		task(dagcbor.RawCID([]byte("module"))),
		task(dagcbor.RawCID([]byte("other")), func(c *contracts.Invocation) {
			c.Entry, c.Fuel, c.MemoryPages = "entry", 1<<53, 4096<<4
			c.Input = contracts.Payload{Link: contracts.Link{Cid: dagcbor.RawCID([]byte("input"))}}
			c.Blobs = map[string]contracts.Link{"a": blob, "b": blob}
		}),
	}
	body := []byte{7, byte(len(tasks))}
	for i := range tasks {
		body = encodeTask(body, &tasks[i])
	}
	orders, err := decodeBatch(body)
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range orders {
		want := *tasks[i].Call
		want.V, want.Profile = 0, ""
		if d := cmp.Diff(want, o.call, cmpopts.EquateComparable(cid.Cid{})); d != "" {
			t.Error(d)
		}
		if o.id != (taskID{7, i}) || o.unit != tasks[i].Unit || o.limit != tasks[i].Limit {
			t.Errorf("order %+v", o)
		}
	}
	for n := range body {
		if _, err := decodeBatch(body[:n]); err == nil {
			t.Fatalf("%d of %d bytes are a batch", n, len(body))
		}
	}
}

func TestEndsCrossThePipe(t *testing.T) {
	for _, want := range []End{
		{Err: ErrNotRun},
		{Err: ErrNotAdmitted},
		{Took: time.Second, Err: contracts.Errorf(contracts.CodeTimeout, "run", "deadline")},
		{Took: 5, Outcome: sandbox.Outcome{Output: []byte("{}"), MediaType: "text/plain", FuelUsed: 1 << 40, MemoryPages: 9, Stderr: []byte("log")}},
		{Took: 5, Outcome: sandbox.Outcome{Code: contracts.CodeTrap, Detail: "unreachable", FuelUsed: 1, MemoryPages: 1}},
		{Outcome: sandbox.Outcome{Output: make([]byte, 100<<10), MediaType: "a/b"}},
	} {
		d := decoder{b: encodeEnd(nil, 3, &want)}
		index, got := decodeEnd(&d)
		if err := d.end(); err != nil || index != 3 {
			t.Fatalf("task %d, %v", index, err)
		}
		if errors.Is(want.Err, ErrNotRun) != errors.Is(got.Err, ErrNotRun) || errors.Is(want.Err, ErrNotAdmitted) != errors.Is(got.Err, ErrNotAdmitted) ||
			contracts.CodeOf(want.Err) != contracts.CodeOf(got.Err) {
			t.Errorf("%v became %v", want.Err, got.Err)
		}
		want.Err, got.Err = nil, nil
		if len(want.Outcome.Stderr) == 0 {
			want.Outcome.Stderr, got.Outcome.Stderr = nil, nil
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	}
}

func TestInternalErrorsSayLittle(t *testing.T) {
	code, offender, message := describe(errors.New(string(make([]byte, 1<<20))))
	if code != contracts.CodeInternal || offender != "" || len(message) > maxText {
		t.Errorf("%s %q %d bytes", code, offender, len(message))
	}
}

func TestLongBodiesAreTheReaders(t *testing.T) {
	var pipe bytes.Buffer
	w := &frameWriter{w: &pipe}
	long := bytes.Repeat([]byte("long"), keptBuffer)
	for _, body := range [][]byte{[]byte("short"), long, []byte("other")} {
		if err := w.send(kindBlock, body[:2], body[2:]); err != nil {
			t.Fatal(err)
		}
	}
	r := newFrameReader(&pipe, 1<<20)
	_, first, err := r.next()
	if err != nil || string(first) != "short" {
		t.Fatalf("%q, %v", first, err)
	}
	_, second, err := r.next()
	if err != nil {
		t.Fatal(err)
	}
	if _, third, err := r.next(); err != nil || string(third) != "other" || !bytes.Equal(second, long) {
		t.Errorf("a long body was overwritten, or %q, %v", third, err)
	}
	if _, _, err := r.next(); !errors.Is(err, io.EOF) {
		t.Errorf("the end is %v", err)
	}
}

// FuzzResults feeds an agent what a worker may send after a batch of three.
func FuzzResults(f *testing.F) {
	f.Add(resultsFrame(1, encoded(0, success("1")), encoded(1, End{Err: ErrNotRun})))
	f.Add(resultsFrame(1, encoded(2, End{Err: contracts.Errorf(contracts.CodeTimeout, "run", "late")})))
	f.Add([]byte{0, 0, 0, 1, kindResults})
	f.Add(append(runningFrame(1, 1), resultsFrame(1, encoded(1, success("1")))...))
	f.Fuzz(func(t *testing.T, stream []byte) {
		tasks := []Task{task(dagcbor.RawCID(nil)), task(dagcbor.RawCID(nil)), task(dagcbor.RawCID(nil))}
		ended := make([]int, len(tasks))
		b := &batch{number: 1, tasks: tasks, sent: []int{0, 1, 2}, open: newOpen(3), left: 3, began: time.Now(), there: make(chan struct{}), ended: func(i int, e End) {
			ended[i]++
			if e.Err == nil && e.Outcome.Conforms(tasks[i].Call.Fuel, tasks[i].Call.MemoryPages) != "" {
				t.Errorf("an outcome that cannot be: %+v", e.Outcome)
			}
		}}
		b.runs.Store(-1)
		p := newProcess(deafChild{}, io.Discard, bytes.NewReader(stream), func() {})
		p.heed(b, patience)
		for p.receive(b) == nil {
		}
		if b.deadline != nil {
			b.deadline.Stop()
		}
		left := 0
		for i, n := range ended {
			if n > 1 {
				t.Errorf("task %d ended %d times", i, n)
			}
			left += 1 - n
		}
		if left != b.left {
			t.Errorf("%d tasks are left, %d have not ended", b.left, left)
		}
	})
}

// deafChild is a process of which nothing is to be had but what it said.
type deafChild struct{ body }

func (deafChild) Kill() {}

// FuzzRequests feeds a worker what an agent may send.
func FuzzRequests(f *testing.F) {
	t := task(dagcbor.RawCID(nil))
	f.Add(byte(kindBatch), encodeTask([]byte{1, 1}, &t))
	f.Add(byte(kindCancel), encodeCancel(taskID{1, 2}))
	f.Add(byte(kindBlock), append(putCID(nil, dagcbor.RawCID([]byte("block"))), "block"...))
	f.Add(byte(kindDrop), putCID(nil, dagcbor.RawCID([]byte("block"))))
	f.Fuzz(func(t *testing.T, kind byte, body []byte) {
		s := newServer(nil, &frameWriter{w: io.Discard}, nil)
		blocks := map[string][]byte{}
		_ = s.handle(kind, body, blocks)
		for _, e := range s.queue {
			if e.limit < 0 || !e.job.Unit.Defined() || !e.module.Defined() {
				t.Errorf("errand %+v", e)
			}
		}
	})
}
