package sandbox

import (
	"context"
	"reflect"

	"github.com/tetratelabs/wazero/api"
)

// export is a function that the guest exports. Making one costs an allocation
// of the engine's stack, 10 KiB, so guests keep them.
type export struct {
	fn api.Function
	// stack is the engine's own stack for calls of fn, which grows with the
	// guest's recursion, up to tens of MB, and never shrinks.
	stack reflect.Value
}

// keptStack is how large a stack an idle guest may keep, in bytes.
const keptStack = 64 << 10

// newExport looks an export up. wazero does not tell the size of the stack, so
// it is read from the field that holds it; where there is no such field, the
// export is used for one unit only.
func newExport(instance api.Module, name string) *export {
	e := &export{fn: instance.ExportedFunction(name)}
	if v := reflect.ValueOf(e.fn); v.Kind() == reflect.Pointer && v.Elem().Kind() == reflect.Struct {
		e.stack = v.Elem().FieldByName("stack")
	}
	return e
}

func (e *export) call(ctx context.Context, stack []uint64) error {
	return e.fn.CallWithStack(ctx, stack)
}

// reusable reports whether keeping e between units keeps little memory.
func (e *export) reusable() bool {
	return e.stack.Kind() == reflect.Slice &&
		e.stack.Cap()*int(e.stack.Type().Elem().Size()) <= keptStack
}
