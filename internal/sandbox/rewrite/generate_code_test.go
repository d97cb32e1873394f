package rewrite_test

import "github.com/krako-labs/krako/internal/sandbox/rewrite"

// statement writes code that leaves the stack as it was.
func (g *generator) statement() {
	g.fuel -= 5
	if g.fuel < 0 {
		g.emit(0x01)
		return
	}
	switch g.rng.IntN(20) {
	case 0, 1, 2, 3:
		l := g.vars[g.rng.IntN(len(g.vars))]
		g.expression(g.locals[l], 4)
		g.emit(0x21, uleb(uint64(l)))
	case 4, 5:
		n := g.rng.IntN(len(globalTypes))
		g.expression(globalTypes[n], 4)
		g.emit(0x24, uleb(uint64(n)))
	case 6, 7, 8:
		g.store()
	case 9:
		t := g.valType()
		g.expression(t, 4)
		g.emit(0x1a)
	case 10, 11:
		g.ifStatement()
	case 12:
		g.block(0, func() { g.statements(); g.branchIf(); g.statements() })
	case 13, 14:
		g.loop()
	case 15:
		g.branchTable()
	case 16:
		g.callStatement()
	case 17:
		g.bulk()
	case 18:
		g.branchIf()
	default:
		g.leave()
	}
}

func (g *generator) statements() {
	for range 1 + g.rng.IntN(3) {
		g.statement()
	}
}

func (g *generator) block(result rewrite.ValType, body func()) {
	g.emit(0x02, []byte{blockType(result)})
	g.labels = append(g.labels, label{result: result})
	body()
	g.labels = g.labels[:len(g.labels)-1]
	g.emit(0x0b)
}

func blockType(result rewrite.ValType) byte {
	if result == 0 {
		return empty
	}
	return byte(result)
}

func (g *generator) ifStatement() {
	g.expression(i32, 3)
	g.emit(0x04, []byte{empty})
	g.labels = append(g.labels, label{})
	g.statements()
	if g.rng.IntN(2) == 0 {
		g.emit(0x05)
		g.statements()
	}
	g.labels = g.labels[:len(g.labels)-1]
	g.emit(0x0b)
}

// loop writes a loop of a few iterations or, in endless modules, possibly more.
func (g *generator) loop() {
	if g.loops == 2 {
		return
	}
	g.loops++
	n := g.newLocal(i32)
	g.emit(0x41, sleb(int64(1+g.rng.IntN(3))))
	g.emit(0x21, uleb(uint64(n)))
	g.emit(0x03, []byte{empty})
	g.labels = append(g.labels, label{loop: true})
	g.statements()
	if g.endless && g.rng.IntN(3) == 0 {
		g.emit(0x0c, uleb(0))
	}
	g.emit(0x20, uleb(uint64(n)))
	g.emit(0x41, sleb(1))
	g.emit(0x6b)
	g.emit(0x22, uleb(uint64(n)))
	g.emit(0x0d, uleb(0))
	g.labels = g.labels[:len(g.labels)-1]
	g.emit(0x0b)
	g.loops--
}

// target picks a label to branch to that leads forward.
func (g *generator) target() (depth int, l label, ok bool) {
	depth = g.rng.IntN(len(g.labels))
	l = g.labels[len(g.labels)-1-depth]
	return depth, l, !l.loop
}

func (g *generator) branchIf() {
	depth, l, ok := g.target()
	if !ok {
		return
	}
	if l.result != 0 {
		g.expression(l.result, 2)
	}
	g.expression(i32, 3)
	g.emit(0x0d, uleb(uint64(depth)))
	if l.result != 0 {
		g.emit(0x1a)
	}
}

// branchTable writes a switch of three arms, of which one is dead code or not.
func (g *generator) branchTable() {
	g.block(0, func() {
		g.block(0, func() {
			g.block(0, func() {
				g.expression(i32, 2)
				g.emit(0x41, sleb(3))
				g.emit(0x71)
				g.emit(0x0e, vec(uleb(0), uleb(1), uleb(0)), uleb(2))
				if g.rng.IntN(2) == 0 {
					g.statement()
				}
			})
			g.statement()
			g.emit(0x0c, uleb(1))
		})
		g.statement()
	})
}

// leave writes what ends the function or block early, mostly under a condition.
func (g *generator) leave() {
	if g.rng.IntN(3) > 0 {
		g.expression(i32, 2)
		g.emit(0x04, []byte{empty})
		g.labels = append(g.labels, label{})
		defer func() {
			g.labels = g.labels[:len(g.labels)-1]
			g.emit(0x0b)
		}()
	}
	if g.rng.IntN(4) == 0 {
		g.emit(0x00)
		return
	}
	for _, t := range g.sigs[g.self].results {
		g.expression(t, 2)
	}
	g.emit(0x0f)
}

// callee picks a function to call: a later one, or any in an endless module.
func (g *generator) callee() int {
	switch {
	case g.rng.IntN(4) == 0:
		return 0
	case g.isLeaf(g.self):
		return 0
	case g.endless:
		return 1 + g.rng.IntN(generatedFuncs)
	}
	return g.self + 1 + g.rng.IntN(generatedFuncs-g.self)
}

// call writes a call and returns the types it leaves.
func (g *generator) call() []rewrite.ValType {
	f := g.callee()
	g.calls++
	sig := g.sigs[f]
	for _, t := range sig.params {
		g.expression(t, 2)
	}
	if g.isLeaf(f) && g.rng.IntN(3) == 0 {
		g.expression(i32, 1)
		g.emit(0x41, sleb(3))
		g.emit(0x71)
		g.emit(0x11, uleb(uint64(f)), uleb(0))
	} else {
		g.emit(0x10, uleb(uint64(f)))
	}
	return sig.results
}

func (g *generator) callStatement() {
	if g.calls > 2 || g.loops > 1 {
		return
	}
	for range g.call() {
		g.emit(0x1a)
	}
}

// address writes an address that is in memory, nearly always.
func (g *generator) address() {
	g.expression(i32, 2)
	if g.rng.IntN(40) > 0 {
		g.emit(0x41, sleb(0xfff0))
		g.emit(0x71)
	}
}

func memArg(g *generator) []byte { return cat(uleb(0), uleb(uint64(g.rng.IntN(64)))) }

var stores = []struct {
	code int
	typ  rewrite.ValType
}{
	{0x36, i32}, {0x37, i64}, {0x38, f32}, {0x39, f64}, {0x3a, i32}, {0x3b, i32}, {0x3c, i64}, {0x3d, i64}, {0x3e, i64}, {0xfd0b, v128},
	{0x38, f32}, {0x39, f64}, {0xfd0b, v128},
}

func (g *generator) store() {
	s := stores[g.rng.IntN(len(stores))]
	g.address()
	if g.rng.IntN(10) == 0 {
		lane := g.rng.IntN(4)
		g.expression(v128, 2)
		g.emit(0xfd00|88+lane, memArg(g), []byte{byte(g.rng.IntN(16 >> lane))})
		return
	}
	g.expression(s.typ, 4)
	g.emit(s.code, memArg(g))
}

// bulk writes an operation on a range of memory or of the table.
func (g *generator) bulk() {
	small := func(mask int32) {
		g.expression(i32, 1)
		g.emit(0x41, sleb(int64(mask)))
		g.emit(0x71)
	}
	switch g.rng.IntN(8) {
	case 0:
		g.address()
		g.address()
		small(0xff)
		g.emit(0xfc0a, []byte{0, 0})
	case 1, 2:
		g.address()
		g.expression(i32, 1)
		small(0x1ff)
		g.emit(0xfc0b, []byte{0})
	case 3:
		g.address()
		small(7)
		small(7)
		g.emit(0xfc08, uleb(1), []byte{0}) // the engine does not drop active segments
	case 4:
		g.emit(0xfc09, uleb(uint64(g.rng.IntN(3))))
	case 5:
		small(3)
		small(3)
		small(1)
		g.emit(0xfc0e, []byte{0, 0}) // table.copy
	case 6:
		small(3)
		g.emit(0xd2, uleb(generatedFuncs))
		g.emit(0x26, uleb(0)) // table.set
	default:
		small(1)
		g.emit(0x40, []byte{0})
		g.emit(0x1a)
	}
}
