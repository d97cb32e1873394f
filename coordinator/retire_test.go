package coordinator_test

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/coordinator"
	"github.com/krako-labs/krako/coordinator/audit"
	"github.com/krako-labs/krako/coordinator/eventlog"
	"github.com/krako-labs/krako/coordinator/survey"
)

// brief keeps few records.
func brief(c *coordinator.Config) {
	oftenSurveyed(c)
	c.Retain, c.Recent = coordinator.Retention{Records: 200}, 3
}

// retired lets records go and returns where the log begins then.
func (f *fabric) retired() eventlog.Offset {
	f.t.Helper()
	first, err := f.Retire(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	if begin, _ := f.db.Log().Base(); begin != first {
		f.t.Errorf("the log begins at record %d, said was %d", begin, first)
	}
	return first
}

// audited audits what is kept of the log.
func (f *fabric) audited(kept ...[]byte) audit.Report {
	f.t.Helper()
	first, encoded := f.db.Log().Base()
	var base audit.Base
	if first > 1 {
		b, err := survey.DecodeBase(f.db.Log().Cluster(), encoded)
		if err != nil {
			f.t.Fatal(err)
		}
		base = audit.Base{Size: int64(b.At), Edge: b.Edge}
	}
	r, err := audit.RunFrom(f.t.Context(), f.db.Log().(audit.Reader), base, audit.Trust{Keys: []string{f.signer.Public()}, Kept: kept})
	if err != nil {
		f.t.Fatal(err)
	}
	f.exported(r, base, kept...)
	if first > 1 {
		// What the log says of what is not there cannot be made up.
		base.Edge = slices.Clone(base.Edge)
		base.Edge[0][0] ^= 1
		var bad *audit.BadError
		if _, err := audit.RunFrom(f.t.Context(), f.db.Log().(audit.Reader), base, audit.Trust{Keys: []string{f.signer.Public()}}); !errors.As(err, &bad) {
			f.t.Errorf("a forged base: %v, want a *BadError", err)
		}
	}
	return r
}

// exported audits the log once more, from an export.
func (f *fabric) exported(want audit.Report, base audit.Base, kept ...[]byte) {
	f.t.Helper()
	var file bytes.Buffer
	if err := audit.Export(f.t.Context(), f.db.Log().(audit.Segments), &file); err != nil {
		f.t.Fatal(err)
	}
	text := bytes.Clone(file.Bytes())
	log, err := audit.Open(&file)
	if err != nil {
		f.t.Fatal(err)
	}
	first, encoded := f.db.Log().Base()
	if at, b := log.Base(); at != first || !bytes.Equal(b, encoded) {
		f.t.Errorf("the export begins at record %d with %d bytes, want %d and %d", at, len(b), first, len(encoded))
	}
	got, err := audit.RunFrom(f.t.Context(), log, base, audit.Trust{Keys: []string{f.signer.Public()}, Kept: kept})
	if err != nil || got.First != want.First || got.Records < want.Records {
		f.t.Errorf("the export is %+v (%v), want %+v", got, err, want)
	}
	for _, cut := range []int{20, 60, 75, len(text) - 3} {
		log, err := audit.Open(bytes.NewReader(text[:cut]))
		if err == nil {
			_, err = audit.RunFrom(f.t.Context(), log, base, audit.Trust{})
		}
		if err == nil {
			f.t.Errorf("an export of %d of %d bytes passes", cut, len(text))
		}
	}
}

// Old records go, and nothing is lost but them: sessions are listed and answer, new
// ones are told and proved whole, the rest of the log is audited, and a start goes
// on, with its read model or without.
func TestOldRecordsAreLetGo(t *testing.T) {
	f := startFabric(t, brief)
	w := f.connect()
	go w.work()
	early := f.run(2)
	early0, err := f.Submit(t.Context(), early[0], contracts.SubmissionMetadata{})
	if err != nil {
		t.Fatal(err)
	}
	before, err := f.Session(t.Context(), early0.SessionID)
	if err != nil {
		t.Fatal(err)
	}
	checkpoint, err := f.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f.run(150)
	first := f.retired()
	if last := f.db.Log().Last(); first < last/2 || (first-1)%256 != 0 {
		t.Fatalf("the log has records %d to %d", first, last)
	}
	late := f.run(10)
	w.leave()
	f.stop()

	for _, name := range []string{"with its read model", "without"} { // in this order: what is removed is gone
		forget := name == "without"
		if forget {
			if err := os.Remove(f.model()); err != nil {
				t.Fatal(err)
			}
		}
		f.open(brief)
		if from := f.read.Load(); from < uint64(first) {
			t.Errorf("%s: the start read the log from record %d", name, from)
		}
		f.known(late)
		res, err := f.Submit(t.Context(), late[0], contracts.SubmissionMetadata{})
		if err != nil {
			t.Fatal(err)
		}
		if p := f.proof(res.SessionID); p.Record < int64(first) {
			t.Errorf("%s: proof of record %d", name, p.Record)
		}
		if r := f.audited([]byte(checkpoint.Checkpoint)); r.Records != int64(f.db.Log().Last()) || r.First <= 1 || r.Checkpoints == 0 || r.Unchecked != 1 || r.Signed < int64(first) {
			t.Errorf("%s: the audit found %+v of %d records", name, r, f.db.Log().Last())
		}
		if !forget {
			view, err := f.Session(t.Context(), early0.SessionID)
			if before.WorkUnits = nil; err != nil || diff(before, view) != "" {
				t.Errorf("the old session is %+v, %v", view, err)
			}
			if r := f.end(early0.SessionID); r.Metadata.State != contracts.SessionCompleted {
				t.Errorf("the old session's result: %s", r.Metadata.State)
			}
			if again, err := f.Submit(t.Context(), early[0], contracts.SubmissionMetadata{}); err != nil || again.SessionID != early0.SessionID {
				t.Errorf("the old request again: %+v, %v", again, err)
			}
			err = f.Events(t.Context(), early0.SessionID, "", func(contracts.Event) error { return nil })
			if contracts.CodeOf(err) != contracts.CodeNotFound {
				t.Errorf("the old session's events: %v, want NOT_FOUND", err)
			}
			if _, err := f.Proof(t.Context(), early0.SessionID); contracts.CodeOf(err) != contracts.CodeNotFound {
				t.Errorf("the old session's proof: %v, want NOT_FOUND", err)
			}
		}
		f.stop()
	}
	f.open(brief)
	again := f.connect()
	go again.work()
	f.run(150)
	if next := f.retired(); next <= first {
		t.Errorf("the log begins at record %d, before at %d", next, first)
	}
}

// What somebody needs stays, however old it is.
func TestNeededRecordsStay(t *testing.T) {
	id, trusted := zone(t)
	f := startFabric(t, trusted, used, brief)
	w := f.connect()
	open := f.submit(graph(unit("a", `{"n":-1}`)))
	w.take() // and is silent about it
	lied := f.submit(graph(unit("a", `{"n":-2}`)))
	w.send(w.seal(w.lie(w.take())))
	w.expectAck(1)
	go w.work()
	f.answers(lied, `{"n":666}`)
	f.run(150)
	if first := f.retired(); first != 1 {
		t.Fatalf("the log begins at record %d although a session is open that began before", first)
	}
	if err := f.Cancel(t.Context(), open); err != nil {
		t.Fatal(err)
	}
	f.end(open)
	f.run(2)
	if first := f.retired(); first != 1 {
		t.Fatalf("the log begins at record %d although a result before is not final", first)
	}
	// The lie is found out from the records that stayed.
	z := f.connectAs(id)
	go z.work()
	f.answers(lied, `{"n":-2}`)
	for first := eventlog.Offset(1); first == 1; first = f.retired() {
		f.run(20) // until nothing of the beginning is open to doubt and a snapshot says so
	}
}

// A fabric that charges keeps its books whole.
func TestMoneyKeepsTheLog(t *testing.T) {
	f := startFabric(t, brief)
	w := f.connect()
	go w.work()
	f.run(150)
	f.grant("g1", "100")
	if _, err := f.Retire(t.Context()); contracts.CodeOf(err) != contracts.CodeUnsupported {
		t.Errorf("retire: %v, want UNSUPPORTED", err)
	}
	if err := f.db.Log().Read(t.Context(), 1, func(eventlog.Record) error { return errors.New("there") }); err == nil || err.Error() != "there" {
		t.Errorf("the first record: %v", err)
	}
}

// By age, what is younger stays.
func TestYoungRecordsStay(t *testing.T) {
	f := startFabric(t, brief, func(c *coordinator.Config) { c.Retain = coordinator.Retention{Age: time.Hour} })
	w := f.connect()
	go w.work()
	f.run(150)
	if first := f.retired(); first != 1 {
		t.Errorf("the log begins at record %d after less than an hour", first)
	}
	w.leave()
	f.stop()
	f.open(brief, func(c *coordinator.Config) { c.Retain = coordinator.Retention{Age: time.Microsecond} })
	if first := f.retired(); first == 1 {
		t.Error("nothing is old after a microsecond")
	}
}
