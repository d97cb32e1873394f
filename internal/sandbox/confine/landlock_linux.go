package confine

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// restrictThread takes new privileges and the reading of files from this thread
// and all that come of it.
func restrictThread(read []string) []Measure {
	err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	return []Measure{
		tried(Privileges, "", err),
		tried(Files, "reads only "+strings.Join(read, ", ")+" and /proc", landlock(read)),
	}
}

// Rights of landlock(7). Writing is left to Seal: the thread has yet to write
// the child's id maps.
const (
	readFile = unix.LANDLOCK_ACCESS_FS_READ_FILE
	readTree = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
)

// landlock restricts what this thread may read to the given paths, to what its
// own executable is made of, and to files below /proc: there a process finds
// itself, and what it would learn of others it may not trace is little.
func landlock(read []string) error {
	attr := unix.LandlockRulesetAttr{Handled_access_fs: readTree}
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET,
		uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr.Handled_access_fs), 0) // as every kernel with landlock takes it
	if errno != 0 {
		return fmt.Errorf("landlock: %w", errno)
	}
	rules := int(fd)
	defer unix.Close(rules)
	parts, err := ownFiles()
	if err != nil {
		return err
	}
	for _, path := range append(parts, "/proc") {
		if err := allow(rules, path, readFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, path := range read {
		if err := allow(rules, path, readTree); err != nil {
			return err
		}
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(rules), 0, 0); errno != 0 {
		return fmt.Errorf("landlock: %w", errno)
	}
	return nil
}

// allow grants rights on a file, or on all below a directory.
func allow(rules int, path string, rights uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFDIR {
		rights &= readFile // the others are refused for a file
	}
	attr := unix.LandlockPathBeneathAttr{Allowed_access: rights, Parent_fd: int32(fd)}
	if _, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(rules),
		unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&attr)), 0, 0, 0); errno != 0 {
		return &fs.PathError{Op: "landlock", Path: path, Err: errno}
	}
	return nil
}

// ownFiles lists what this process is made of: its executable and, unless that
// is static, the dynamic linker and libraries, by which the same executable
// starts again.
func ownFiles() ([]string, error) {
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	files := []string{"/etc/ld.so.cache"}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		// address perms offset device inode path
		if _, rest, _ := strings.Cut(lines.Text(), " "); strings.HasPrefix(rest, "r-xp") {
			if at := strings.IndexByte(rest, '/'); at >= 0 {
				files = append(files, rest[at:])
			}
		}
	}
	return files, lines.Err()
}
