package sdk

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
)

// arenaBytes is the room for an envelope that is there from the beginning, so
// that an input costs no allocation. A longer one gets room of its own.
const arenaBytes = 64 << 10

// reactor is the reactor ABI but for its pointers: a program that is set up
// once and then called for one unit, always from the same state of memory
// (docs/spec/det-1.md, 2.2 and 3.2).
type reactor struct {
	entries []Entry
	byName  map[string]*Entry
	ctx     context.Context
	// declare tells the host the media type of an output that is not JSON.
	declare func(mediaType string)

	arena  [arenaBytes]byte
	input  []byte // what alloc returned last
	output []byte // held for the host to read
}

// warm puts into memory, and so into the state that every unit starts from,
// what is built when it is first needed: by an input that is refused and by the task's
// example. The collection in between leaves a unit
// the whole heap up to the first collection of its own. It also drops what
// encoding/json has in pools, hence the second round.
func (r *reactor) warm() {
	r.byName = map[string]*Entry{}
	for i := len(r.entries) - 1; i >= 0; i-- { // of two with one name the first is meant
		r.byName[r.entries[i].name] = &r.entries[i]
	}
	r.warmEntries()
	runtime.GC()
	r.warmEntries()
}

func (r *reactor) warmEntries() {
	for i := range r.entries {
		r.entries[i].warm()
		r.entries[i].runExample()
	}
}

// alloc returns room for an envelope and gives up what the call before left,
// for hosts that do not reset memory themselves.
func (r *reactor) alloc(n uint32) []byte {
	r.output = nil
	if n <= arenaBytes {
		r.input = r.arena[:n]
	} else {
		r.input = make([]byte, n)
	}
	return r.input
}

// run answers an envelope with an output or, if failed is set, with a message
// for people.
func (r *reactor) run(envelope []byte) (answer []byte, failed bool) {
	out, err := r.invoke(envelope)
	if err != nil {
		r.output = []byte(err.Error())
		return r.output, true
	}
	if out.MediaType != MediaJSON {
		r.declare(out.MediaType)
	}
	r.output = out.Data
	return r.output, false
}

// errNoTasks is what happens to a reactor whose main function nobody calls.
var errNoTasks = errors.New("this program has no tasks: a reactor needs a file with func init() { main() }, see package sdk")

// invoke turns a panic into an error, as which it ends a command: in a library
// the runtime would trap and not say why.
func (r *reactor) invoke(envelope []byte) (_ Bytes, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
			Logf(r.ctx, "%v\n\n%s", err, debug.Stack())
		}
	}()
	if len(r.entries) == 0 {
		return Bytes{}, errNoTasks
	}
	name, input, err := openEnvelope(envelope)
	if err != nil {
		return Bytes{}, err
	}
	entry, ok := r.byName[name]
	if !ok {
		if entry, err = find(r.entries, name); err != nil {
			return Bytes{}, err
		}
	}
	return entry.run(r.ctx, input)
}
