package contracts

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/krako-labs/krako/contracts/dagcbor"
)

// ReadJSON is json.Unmarshal into r, for less where the document is spelled as
// WriteJSON spells it: the tasks of a large graph are nearly all of it. What is
// spelled otherwise encoding/json reads.
func (r *ExecutionResult) ReadJSON(doc []byte) error {
	tasks, from, to, ok := readTasks(doc)
	if !ok {
		return json.Unmarshal(doc, r)
	}
	rest := slices.Concat(doc[:from], []byte("[]"), doc[to:])
	if err := json.Unmarshal(rest, r); err != nil {
		return err
	}
	r.Telemetry.Tasks = tasks
	return nil
}

// maxRead is how many tasks are made room for on the word of a document: as many
// as a graph may have.
const maxRead = 100_000

// readTasks reads the array of tasks and says where it stands; ok is false when
// anything is not spelled as expected.
func readTasks(doc []byte) (tasks []TaskTelemetry, from, to int, ok bool) {
	p := plainReader{in: doc}
	p.expect(`{"final_output":`)
	p.skip()
	p.expect(`,"telemetry_bundle":{"tasks":`)
	from = p.pos
	p.expect("[")
	tasks = make([]TaskTelemetry, 0, min(maxRead, bytes.Count(doc[p.pos:], []byte(`{"task_id":`))))
	var last TaskTelemetry // neighbours have much in common
	for p.ok() && !p.has("]") {
		if len(tasks) > 0 {
			p.expect(",")
		}
		last = p.task(&last)
		tasks = append(tasks, last)
	}
	return tasks, from, p.pos, p.ok()
}

func (p *plainReader) task(last *TaskTelemetry) (t TaskTelemetry) {
	p.expect(`{"task_id":`)
	t.TaskID = UnitID(p.text(""))
	p.expect(`,"task_type":`)
	t.TaskType = UnitType(p.text(string(last.TaskType)))
	p.expect(`,"status":`)
	t.Status = UnitState(p.text(string(last.Status)))
	p.expect(`,"stop_reason":`)
	t.StopReason = StopReason(p.text(string(last.StopReason)))
	p.expect(`,"duration_ms":`)
	t.DurationMS = p.decimal()
	p.expect(`,"tokens_in":`)
	t.TokensIn = int64(p.whole())
	p.expect(`,"tokens_out":`)
	t.TokensOut = int64(p.whole())
	p.expect(`,"retry_count":`)
	t.RetryCount = int(p.whole())
	p.expect(`,"validation_status":`)
	t.ValidationStatus = ValidationStatus(p.text(string(last.ValidationStatus)))
	p.expect(`,"cached":`)
	if t.Cached = p.has("true"); !t.Cached {
		p.expect("false")
	}
	if p.has(`,"unit_cid":`) {
		t.UnitCID = p.text("")
	}
	if p.has(`,"result_cid":`) {
		t.ResultCID = p.text("")
	}
	if p.has(`,"output":`) {
		t.Output = p.output(last.Output)
	}
	p.expect(`,"fuel_used":`)
	t.FuelUsed = p.whole()
	p.expect(`,"executors":[`)
	t.Executors = p.nodes(last.Executors)
	p.expect("}") // a task with an error or a check is not plain
	return t
}

func (p *plainReader) output(last *OutputRef) *OutputRef {
	if last == nil {
		last = &OutputRef{}
	}
	o := &OutputRef{CID: last.CID}
	p.expect(`{"cid":{"/":`)
	if raw := p.raw(); last.CID.Defined() && string(raw) == last.CID.String() {
		o.CID = last.CID
	} else if link, err := dagcbor.ParseLink(string(raw)); err == nil {
		o.CID = link
	} else {
		p.bad = true
	}
	p.expect(`},"media_type":`)
	o.MediaType = p.text(last.MediaType)
	p.expect(`,"bytes":`)
	o.Bytes = p.whole()
	p.expect("}")
	return o
}

func (p *plainReader) nodes(last []NodeID) []NodeID {
	list := make([]NodeID, 0, 1)
	for p.ok() && !p.has("]") {
		same := ""
		if len(list) > 0 {
			p.expect(",")
		}
		if len(list) < len(last) {
			same = string(last[len(list)])
		}
		list = append(list, NodeID(p.text(same)))
	}
	return list
}

// plainReader reads JSON of one spelling: no spaces, and strings without escapes.
// The first thing that is otherwise sets bad, and pos moves no further.
type plainReader struct {
	in  []byte
	pos int
	bad bool
}

func (p *plainReader) ok() bool { return !p.bad }

// has consumes word if it is next.
func (p *plainReader) has(word string) bool {
	if p.bad || len(p.in)-p.pos < len(word) || string(p.in[p.pos:p.pos+len(word)]) != word {
		return false
	}
	p.pos += len(word)
	return true
}

func (p *plainReader) expect(word string) {
	if !p.has(word) {
		p.bad = true
	}
}

// raw reads a string and returns what is between its quotes.
func (p *plainReader) raw() []byte {
	p.expect(`"`)
	if p.bad {
		return nil
	}
	for i := p.pos; i < len(p.in); i++ {
		switch c := p.in[i]; {
		case c == '"':
			s := p.in[p.pos:i]
			p.pos = i + 1
			return s
		case c < ' ' || c > '~' || c == '\\':
			p.bad = true
			return nil
		}
	}
	p.bad = true
	return nil
}

// text reads a string; same is returned if it is that.
func (p *plainReader) text(same string) string {
	if s := p.raw(); string(s) != same {
		return string(s)
	}
	return same
}

// whole reads a natural number below 2^63.
func (p *plainReader) whole() uint64 {
	start := p.pos
	for p.pos < len(p.in) && p.in[p.pos] >= '0' && p.in[p.pos] <= '9' {
		p.pos++
	}
	digits := p.in[start:p.pos]
	n, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil || len(digits) > 1 && digits[0] == '0' {
		p.bad = true
	}
	return uint64(n)
}

// decimal reads a number without sign and exponent.
func (p *plainReader) decimal() float64 {
	start := p.pos
	p.whole()
	if p.has(".") {
		fraction := p.pos
		for p.pos < len(p.in) && p.in[p.pos] >= '0' && p.in[p.pos] <= '9' {
			p.pos++
		}
		p.bad = p.bad || p.pos == fraction
	}
	f, err := strconv.ParseFloat(string(p.in[start:p.pos]), 64)
	p.bad = p.bad || err != nil
	return f
}

// skip passes over one value, whose form is checked by whoever reads it.
func (p *plainReader) skip() {
	depth := 0
	for p.pos < len(p.in) && !p.bad {
		switch c := p.in[p.pos]; c {
		case '"':
			p.skipString()
			if depth == 0 {
				return
			}
			continue
		case '{', '[':
			depth++
		case '}', ']', ',':
			if c != ',' {
				depth--
			}
			if depth < 0 || c == ',' && depth == 0 {
				return // the end of a number or a word
			}
			if depth == 0 {
				p.pos++
				return
			}
		}
		p.pos++
	}
	p.bad = true
}

func (p *plainReader) skipString() {
	for p.pos++; p.pos < len(p.in); p.pos++ {
		switch p.in[p.pos] {
		case '\\':
			p.pos++
		case '"':
			p.pos++
			return
		}
	}
	p.bad = true
}
