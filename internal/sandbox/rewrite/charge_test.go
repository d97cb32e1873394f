package rewrite_test

import (
	"bytes"
	"testing"
)

// everyRun is a module whose f(4) enters a run of every kind, of which it counts
// the instructions here: 110 in ten runs.
func everyRun() []byte {
	one := cat(i32c(7), op(0x1a)) // costs 1
	test := func(bit int32) []byte { return cat(get(0), i32c(bit), op(0x71)) }
	body := cat(one, // entry: 1
		op(0x03, []byte{empty}),          // 4 times
		test(1), op(0x04, []byte{empty}), // loop: 4
		one,                // if: 1, for 3 and 1
		op(0x05), one, one, // else: 2, for 4 and 2
		end(),                      //
		op(0x02, []byte{empty}),    //
		test(2), op(0x0d, uleb(0)), // end of an if: 4
		one,                                      // after br_if: 1, for 4 and 1
		end(),                                    //
		op(0x02, []byte{empty}),                  //
		test(3), op(0x0e, vec(uleb(0)), uleb(0)), // end of a block: 4
		end(),                                                //
		op(0x10, uleb(1)),                                    // end of a block: 5 for the call
		get(0), i32c(1), op(0x6b), tee(0), op(0x0d, uleb(0)), // and 5
		end(), one) // after the loop: 1
	return wasm(
		section{1, vec(ftype(types(i32), nil), ftype(nil, nil))},
		section{3, vec(uleb(0), uleb(1))},
		section{5, vec([]byte{0, 1})},
		section{7, vec(export("f", 0, 0), export("memory", 2, 0))},
		section{10, vec(fn(nil, body), fn(nil, one, one, one))}, // called: 3
	)
}

// charges finds where a rewritten module takes constant amounts from its fuel:
// i64.const, i64.sub, local.tee if it is kept in a local, global.set.
func charges(wasm []byte, fuelGlobal byte) (sites [][2]int) {
	for at, b := range wasm {
		if b != 0x42 {
			continue
		}
		after := at + 1
		for after < len(wasm) && wasm[after] >= 0x80 {
			after++
		}
		rest, ok := bytes.CutPrefix(wasm[min(after+1, len(wasm)):], []byte{0x7d})
		if ok && len(rest) > 2 && rest[0] == 0x22 {
			rest = rest[2:]
		}
		if ok && bytes.HasPrefix(rest, []byte{0x24, fuelGlobal}) {
			sites = append(sites, [2]int{at + 1, after})
		}
	}
	return sites
}

// uncharged is the module with the amount at one site 0.
func uncharged(wasm []byte, site [2]int) []byte {
	out := bytes.Clone(wasm)
	for at := site[0]; at < site[1]; at++ {
		out[at] = 0x80
	}
	out[site[1]] = 0
	return out
}

// TestEveryRunIsCharged counts fuel exactly, and shows that the count notices
// each run that is not charged.
func TestEveryRunIsCharged(t *testing.T) {
	const cost, runs = 110, 10
	opts := options(nil)
	for _, yield := range []bool{false, true} {
		opts.Yield = yield
		wasm := rewritten(t, everyRun(), opts)
		sites := charges(wasm, 0)
		if len(sites) != runs {
			t.Errorf("%d runs are charged, want %d", len(sites), runs)
		}
		for _, e := range engines(t) {
			if o := e.start(wasm).call("f", plenty, plenty, 4); o.results != "" || o.fuel != cost {
				t.Errorf("got %v, want %d fuel", o, cost)
			}
			for n, site := range sites {
				if o := e.start(uncharged(wasm, site)).call("f", plenty, plenty, 4); o.results != "" || o.fuel >= cost {
					t.Errorf("with run %d uncharged: %v", n, o)
				}
			}
		}
	}
}
