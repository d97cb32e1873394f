package rewrite

import "fmt"

// rewriter holds a parsed module and the indices of what is added to it.
type rewriter struct {
	parser
	data    mergedData
	stateOp string // the first instruction that uses hidden state

	added   []FuncType        // types beyond the guest's
	addedAt map[string]uint32 // their indices, by what they say
	trap    uint32            // function: TrapImport
	yield   uint32            // function: YieldImport, in a Yield build
	helpers bool              // code calls them
	fuel    uint32            // global
	depth   uint32            // global
}

// Rewrite checks a module against the profile and returns it rewritten, with a
// description. It takes time and memory linear in the module's size but for
// sorting its data segments. A module outside the profile gives a
// *contracts.Error with code VALIDATION_ERROR, whose offender is the section,
// function or import at fault and the offset where that was seen.
func Rewrite(wasm []byte, opts Options) ([]byte, Info, error) {
	w := &rewriter{
		parser:  parser{wasm: wasm, opts: &opts, m: &module{}},
		addedAt: map[string]uint32{},
	}
	if err := w.parse(); err != nil {
		return nil, Info{}, err
	}
	w.data = mergeData(w.m.data, w.m.dataCount != nil)
	w.allocate()
	code, err := w.functions()
	if err != nil {
		return nil, Info{}, err
	}
	return w.module(code), w.describe(), nil
}

// allocate gives indices to what is added: imports after the guest's, which
// shifts its defined functions, everything else at the end of its index space.
func (w *rewriter) allocate() {
	m := w.m
	w.trap = uint32(len(m.imports))
	w.yield = w.trap + 1
	w.fuel = uint32(len(m.globals))
	w.depth = w.fuel + 1
}

// shift is the number of imports added.
func (w *rewriter) shift() uint32 {
	if w.opts.Yield {
		return 2
	}
	return 1
}

// function translates an index of the guest's.
func (w *rewriter) function(index uint32) uint32 {
	if int(index) < len(w.m.imports) {
		return index
	}
	return index + w.shift()
}

// addType returns the index of a type that is added, once.
func (w *rewriter) addType(t FuncType) uint32 {
	key := t.String()
	index, ok := w.addedAt[key]
	if !ok {
		index = uint32(len(w.m.types) + len(w.added))
		w.addedAt[key] = index
		w.added = append(w.added, t)
	}
	return index
}

// functions rewrites all bodies and returns the contents of the code section.
func (w *rewriter) functions() ([]byte, error) {
	s := &scanner{decoder: decoder{parser: &w.parser}}
	e := &emitter{rewriter: w}
	out := make([]byte, 0, len(w.wasm)*3/2)
	locals, time := 0, uint64(0)
	for i, b := range w.m.bodies {
		index := len(w.m.imports) + i
		f, bad := s.scan(b, w.m.types[w.m.functions[i]])
		if bad == nil {
			locals += f.locals
			w.noteState(f, index)
			out = e.function(out, f)
			if bad = w.excess(b, locals, len(out)); bad == nil {
				bad = w.exertion(b, s.effort(), &time)
			}
		}
		if bad != nil {
			bad.where = w.functionName(index)
			return nil, invalid("section code", bad)
		}
	}
	if w.helpers {
		out = e.appendHelpers(out)
	}
	return append(appendU32(nil, w.definedCount()), out...), nil
}

// definedCount is the number of functions with a body, those added included.
func (w *rewriter) definedCount() uint32 {
	if w.helpers {
		return uint32(len(w.m.bodies) + helperCount)
	}
	return uint32(len(w.m.bodies))
}

// excess checks what all functions so far have come to.
func (w *rewriter) excess(last body, locals, size int) *fault {
	switch limits := w.opts.Limits; {
	case locals > int(limits.LocalsTotal):
		return &fault{offset: last.start, msg: fmt.Sprintf("more than %d locals in all functions together", limits.LocalsTotal)}
	case size > limits.CodeBytes:
		return &fault{offset: last.start, msg: fmt.Sprintf("more than %d bytes of code once rewritten", limits.CodeBytes)}
	}
	return nil
}

// exertion checks what the last function and all so far take to compile.
func (w *rewriter) exertion(last body, e *effort, total *uint64) *fault {
	*total += e.nanoseconds()
	switch limits := w.opts.Limits; {
	case *total > limits.Effort:
		return &fault{offset: last.start, msg: fmt.Sprintf("too many branches, loops and locals: the functions up to here come to %d, the limit is %d", *total, limits.Effort)}
	case e.pairs() > limits.Pairs:
		return &fault{offset: last.start, msg: fmt.Sprintf("%d branches times %d memory accesses, the limit is %d", e.branches, e.accesses, limits.Pairs)}
	}
	return nil
}
