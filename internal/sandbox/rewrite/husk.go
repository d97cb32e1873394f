package rewrite

import (
	"crypto/sha256"
	"slices"
)

// huskSection is the custom section that tells a module's husk from another's.
const huskSection = ReservedPrefix + "husk"

// Husk returns a module that Rewrite wrote without what its functions do: each
// body calls TrapImport with TrapNoCode. All else is the same, so that native
// code made of the module fits its husk, and its hash is in a custom section, so
// that no other module has the same husk. It also returns how many functions
// there are.
func Husk(wasm []byte) (husk []byte, functions int, _ error) {
	r := &reader{buf: wasm, pos: 8}
	if len(wasm) < 8 {
		r.fail("unexpected end")
	}
	out := slices.Clone(wasm[:min(8, len(wasm))])
	trap := -1
	for r.err == nil && !r.done() {
		id := r.u8()
		body := r.sub(r.u32())
		content := body.buf[min(body.pos, len(body.buf)):]
		switch id {
		case sectionImport:
			trap = findTrap(&body)
		case sectionCode:
			functions = int(body.u32())
			content = huskBodies(functions, trap)
		}
		if body.err != nil {
			r.err = body.err
		}
		out = append(appendU32(append(out, id), uint32(len(content))), content...)
	}
	if r.err == nil && trap < 0 {
		r.fail("was not rewritten")
	}
	if r.err != nil {
		return nil, 0, invalid("module", r.err)
	}
	sum := sha256.Sum256(wasm)
	name := appendName(nil, huskSection)
	out = appendU32(append(out, sectionCustom), uint32(len(name)+len(sum)))
	return append(append(out, name...), sum[:]...), functions, nil
}

// findTrap is the index of TrapImport among imports, all of which are functions,
// or -1.
func findTrap(r *reader) int {
	for i := range int(r.u32()) {
		module, name := r.bytes(int(r.u32())), r.bytes(int(r.u32()))
		r.u8()
		r.u32()
		if r.err != nil {
			return -1
		}
		if string(module) == HostModule && string(name) == TrapImport {
			return i
		}
	}
	return -1
}

// huskBodies is the code section of a husk.
func huskBodies(functions, trap int) []byte {
	body := append([]byte{0}, byte(opI32Const))
	body = appendS64(body, int64(TrapNoCode))
	body = appendU32(append(body, byte(opCall)), uint32(max(trap, 0)))
	body = append(body, byte(opUnreachable), byte(opEnd))
	out := appendU32(nil, uint32(functions))
	for range functions {
		out = append(appendU32(out, uint32(len(body))), body...)
	}
	return out
}
