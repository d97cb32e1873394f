package rewrite

import "fmt"

// hiddenStateOf names an instruction that changes, or can tell, what neither
// memory nor globals hold: the contents of tables, and which segments have been
// dropped. It returns "" for others.
func hiddenStateOf(op opcode) string {
	switch op {
	case opTableSet:
		return "table.set"
	case opTableGrow:
		return "table.grow"
	case opTableFill:
		return "table.fill"
	case opTableCopy:
		return "table.copy"
	case opTableInit:
		return "table.init"
	case opElemDrop:
		return "elem.drop"
	case opMemoryInit:
		return "memory.init"
	case opDataDrop:
		return "data.drop"
	}
	return ""
}

// noteState remembers the first instruction that uses hidden state.
func (w *rewriter) noteState(f *function, index int) {
	if w.stateOp != "" {
		return
	}
	for i := range f.code {
		if what := hiddenStateOf(f.code[i].op); what != "" {
			w.stateOp = w.functionName(index) + " uses " + what
			return
		}
	}
}

// hiddenState says what state, if any, neither memory nor exported globals
// hold.
func (w *rewriter) hiddenState() string {
	for i, g := range w.m.globals {
		if g.mutable && (g.typ == V128 || g.typ.isRef()) {
			return fmt.Sprintf("mutable global %d is a %v", i, g.typ)
		}
	}
	return w.stateOp
}
