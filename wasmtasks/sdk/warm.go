package sdk

// warm encodes and decodes zero values of a task's types. encoding/json
// compiles a type when it first meets it, which takes five times as long as an
// ordinary call. Types that cannot be encoded, or not when they are zero, stay
// cold.
func warm[In, Out any]() {
	defer func() { _ = recover() }() // from a method of the types that expects no zero value
	if b, err := encode(*new(In)); err == nil {
		_ = decode(b.Data, new(In)) // this need not be valid input
	}
	_, _ = encode(*new(Out))
}
