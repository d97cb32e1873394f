//go:build !linux

package sandbox

// adviseHuge does nothing: this system gives huge pages unasked, or not at all.
func adviseHuge([]byte) {}
