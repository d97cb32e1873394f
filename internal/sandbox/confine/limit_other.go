//go:build !linux

package confine

// Limit takes from this process what it needs no more once it runs. It is
// called before anything untrusted is read.
func Limit(l Limits) []Measure {
	return []Measure{l.apply(), {Name: Calls, Detail: notOnSystem}}
}

// Seal ends all writing of files by name. It is called before a guest's first
// instruction, again for each is harmless.
func Seal() Measure { return Measure{Name: Writes, Detail: notOnSystem} }
