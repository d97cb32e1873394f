package rewrite

import "strings"

func (p *parser) readTypes(r *reader) {
	n := r.count(p.opts.Limits.Types, "types")
	p.m.types = make([]FuncType, 0, n)
	for range n {
		if form := r.u8(); form != 0x60 && r.err == nil {
			r.failAt(r.pos-1, "type form %#x is not a function type: garbage collection is not in the profile", form)
		}
		params := p.valTypes(r, p.opts.Limits.Params, "parameters")
		results := p.valTypes(r, p.opts.Limits.Results, "results")
		p.m.types = append(p.m.types, FuncType{params, results})
		if r.err != nil {
			return
		}
	}
}

func (p *parser) valTypes(r *reader, limit uint32, things string) []ValType {
	n := r.count(limit, things)
	types := make([]ValType, 0, n)
	for range n {
		types = append(types, r.valType())
	}
	return types
}

// readImports admits functions on the caller's list and nothing else.
func (p *parser) readImports(r *reader) {
	limits := p.opts.Limits
	for range r.count(limits.Imports, "imports") {
		at := r.pos
		name := Import{r.name(limits.NameBytes), r.name(limits.NameBytes)}
		kind := Kind(r.u8())
		if r.err == nil && kind != KindFunc {
			r.failAt(at, "only functions may be imported")
			r.err.where = "import " + name.String()
		}
		typ := r.index(len(p.m.types), "type")
		if r.err != nil {
			return
		}
		p.checkImport(r, at, name, p.m.types[typ])
		p.m.imports = append(p.m.imports, importedFunc{name, typ})
	}
}

func (p *parser) checkImport(r *reader, at int, name Import, typ FuncType) {
	want, ok := p.opts.Imports[name]
	reserved := name.Module == HostModule && (name.Name == TrapImport || name.Name == YieldImport)
	switch {
	case !ok || reserved:
		r.failAt(at, "not in the profile")
	case !typ.equal(want):
		r.failAt(at, "has type %v, want %v", typ, want)
	default:
		return
	}
	r.err.where = "import " + name.String()
}

func (p *parser) readFunctions(r *reader) {
	limit := max(p.opts.Limits.Functions, uint32(len(p.m.imports))) - uint32(len(p.m.imports))
	n := r.count(limit, "functions")
	p.m.functions = make([]uint32, 0, n)
	for range n {
		p.m.functions = append(p.m.functions, r.index(len(p.m.types), "type"))
	}
}

func (p *parser) readExports(r *reader) {
	limits := p.opts.Limits
	seen := map[string]bool{}
	for range r.count(limits.Exports, "exports") {
		at := r.pos
		e := export{name: r.name(limits.NameBytes), kind: Kind(r.u8())}
		e.index = p.exportIndex(r, e.kind)
		if r.err == nil {
			switch {
			case strings.HasPrefix(e.name, ReservedPrefix):
				r.failAt(at, "the prefix %s is reserved", ReservedPrefix)
			case seen[e.name]:
				r.failAt(at, "exported twice")
			}
		}
		if r.err != nil {
			r.err.where = "export " + e.name
			return
		}
		seen[e.name] = true
		p.m.exports = append(p.m.exports, e)
	}
}

func (p *parser) exportIndex(r *reader, kind Kind) uint32 {
	switch kind {
	case KindFunc:
		return r.index(p.m.functionCount(), "function")
	case KindTable:
		return r.index(len(p.m.tables), "table")
	case KindMemory:
		memories := 0
		if p.m.memory != nil {
			memories = 1
		}
		return r.index(memories, "memory")
	case KindGlobal:
		return r.index(len(p.m.globals), "global")
	}
	r.failAt(r.pos-1, "export kind %d is not in the profile", kind)
	return 0
}

// readStart checks the type of the start function, which as an exported
// function the engine no longer does.
func (p *parser) readStart(r *reader) {
	at := r.pos
	index := r.index(p.m.functionCount(), "function")
	if r.err != nil {
		return
	}
	switch typ := p.m.types[p.m.funcType(index)]; {
	case int(index) < len(p.m.imports):
		r.failAt(at, "function %d is imported", index)
	case len(typ.Params)+len(typ.Results) > 0:
		r.failAt(at, "function %d has type %v, want () -> ()", index, typ)
	default:
		p.m.start = &index
	}
}
