package rewrite

import "math"

// names are the functions' debug names (Core 2.0, section 7.4.1).
type names map[uint32]string

// readNames reads the names of a module's functions as far as the module and
// its name section are well-formed. Never nil.
func readNames(wasm []byte) names {
	found := names{}
	r := &reader{buf: wasm, pos: min(8, len(wasm))}
	for !r.done() {
		id := r.u8()
		body := r.sub(r.u32())
		if id == sectionCustom && body.err == nil && body.name(math.MaxUint32) == "name" {
			found.read(&body)
		}
	}
	return found
}

func (n names) read(r *reader) {
	const functionNames = 1
	for !r.done() {
		id := r.u8()
		sub := r.sub(r.u32())
		if id != functionNames || sub.err != nil {
			continue
		}
		for range sub.count(math.MaxUint32, "names") {
			index := sub.u32()
			name := sub.name(math.MaxUint32)
			if sub.err != nil {
				return
			}
			n[index] = name
		}
	}
}
