package rewrite

import (
	"fmt"

	"github.com/krako-labs/krako/contracts"
)

// invalid makes the error of a module that the profile does not admit. The
// offender is the section, function, import or export at fault and the offset
// in the module where that was seen.
func invalid(section string, f *fault) *contracts.Error {
	offender := section
	if f.where != "" {
		offender = f.where
	}
	if f.offset > 0 {
		offender = fmt.Sprintf("%s at %#x", offender, f.offset)
	}
	return contracts.Errorf(contracts.CodeValidation, offender, "%s", f.msg)
}

// functionName names a function for a message, with its debug name if the
// module has one.
func (p *parser) functionName(index int) string {
	if p.names == nil {
		p.names = readNames(p.wasm)
	}
	if name, ok := p.names[uint32(index)]; ok {
		return fmt.Sprintf("function %d (%s)", index, name)
	}
	return fmt.Sprintf("function %d", index)
}
