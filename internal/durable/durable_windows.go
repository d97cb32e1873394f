package durable

// syncDir does nothing: Windows cannot flush a directory through a handle that
// Go opens, and NTFS journals the rename itself.
func syncDir(string) error { return nil }
