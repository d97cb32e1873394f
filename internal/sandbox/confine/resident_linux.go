package confine

import (
	"bytes"
	"os"
	"strconv"
)

// Resident returns how many bytes of memory a process has for itself alone.
// Pages shared with an image or a file are not counted.
func Resident(pid int) (n int64, ok bool) {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, false
	}
	_, rest, _ := bytes.Cut(status, []byte("\nRssAnon:"))
	kib, _, found := bytes.Cut(rest, []byte(" kB\n"))
	n, err = strconv.ParseInt(string(bytes.TrimSpace(kib)), 10, 64)
	return n << 10, found && err == nil
}
