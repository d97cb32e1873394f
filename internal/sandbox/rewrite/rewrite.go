package rewrite

// rewriter holds a parsed module and the indices of what is added to it.
type rewriter struct {
	parser
	data    mergedData
	stateOp string // the first instruction that uses hidden state

	added []FuncType // types beyond the guest's
	trap  uint32     // function: TrapImport
	yield uint32     // function: YieldImport, in a Yield build
	fuel  uint32     // global
	depth uint32     // global
}

// Rewrite checks a module against the profile and returns it rewritten, with a
// description. It takes time and memory linear in the module's size but for
// sorting its data segments. A module outside the profile gives a
// *contracts.Error with code VALIDATION_ERROR, whose offender is the section,
// function or import at fault and the offset where that was seen.
func Rewrite(wasm []byte, opts Options) ([]byte, Info, error) {
	w := &rewriter{parser: parser{wasm: wasm, opts: &opts, m: &module{}}}
	if err := w.parse(); err != nil {
		return nil, Info{}, err
	}
	w.data = mergeData(w.m.data)
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

// addType returns the index of a type, adding it if neither the guest nor a
// call before has it.
func (w *rewriter) addType(t FuncType) uint32 {
	for i, have := range w.added {
		if have.equal(t) {
			return uint32(len(w.m.types) + i)
		}
	}
	w.added = append(w.added, t)
	return uint32(len(w.m.types) + len(w.added) - 1)
}

// functions rewrites all bodies and returns the contents of the code section.
func (w *rewriter) functions() ([]byte, error) {
	s := &scanner{decoder: decoder{parser: &w.parser}}
	e := &emitter{rewriter: w}
	out := appendU32(make([]byte, 0, len(w.wasm)*3/2), uint32(len(w.m.bodies)))
	var locals uint64
	for i, b := range w.m.bodies {
		index := len(w.m.imports) + i
		f, bad := s.scan(b, w.m.types[w.m.functions[i]])
		if locals += uint64(f.locals); bad == nil && locals > uint64(w.opts.Limits.LocalsTotal) {
			bad = &fault{offset: b.start, msg: "too many locals in all functions together"}
		}
		if bad != nil {
			bad.where = w.functionName(index)
			return nil, invalid("section code", bad)
		}
		w.noteState(f, index)
		out = e.function(out, f)
	}
	return out, nil
}
