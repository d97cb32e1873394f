//go:build unix

package confine

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// apply lowers the limits, hard ones too. The address space has none: Go and
// guest memories reserve far more of it than they use.
func (l Limits) apply() Measure {
	err := lower(unix.RLIMIT_CORE, 0) // a core would hold a guest's input
	detail := "no core"
	if l.Files > 0 {
		err = errors.Join(err, lower(unix.RLIMIT_NOFILE, l.Files))
		detail += fmt.Sprintf(", %d descriptors", l.Files)
	}
	if l.FileBytes > 0 {
		err = errors.Join(err, lower(unix.RLIMIT_FSIZE, l.FileBytes))
		detail += fmt.Sprintf(", files of %d MiB", l.FileBytes>>20)
	}
	return tried(Resources, detail, err)
}

func lower(resource int, n uint64) error {
	var l unix.Rlimit
	if err := unix.Getrlimit(resource, &l); err != nil {
		return err
	}
	bound(&l.Cur, &l.Max, n)
	return unix.Setrlimit(resource, &l)
}

// bound lowers both limits of a resource to n. Their type is the system's.
func bound[T int64 | uint64](soft, hard *T, n uint64) {
	*hard = T(min(n, uint64(*hard)))
	*soft = *hard
}
