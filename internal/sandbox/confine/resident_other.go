//go:build !linux

package confine

// Resident is known on Linux only.
func Resident(int) (n int64, ok bool) { return 0, false }
