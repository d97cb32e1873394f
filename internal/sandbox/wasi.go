package sandbox

// wasiCalls is WASI preview 1, whole, so that what toolchains link always
// starts. The calls that could reach outside the unit exist and are refused
// with an errno. Signatures: i is i32, I is i64; the result is an errno.
var wasiCalls = map[string]hostCall{
	"args_get":              wasi("ii", argsGet),
	"args_sizes_get":        wasi("ii", argsSizesGet),
	"environ_get":           wasi("ii", environGet),
	"environ_sizes_get":     wasi("ii", environSizesGet),
	"clock_res_get":         wasi("ii", clockResGet),
	"clock_time_get":        wasi("iIi", clockTimeGet),
	"random_get":            wasi("ii", randomGet),
	"poll_oneoff":           wasi("iiii", pollOneoff),
	"sched_yield":           wasi("", refuseWith(errnoSuccess)),
	"proc_exit":             {signature{"i", ""}, procExit},
	"proc_raise":            wasi("i", refuseWith(errnoNotsup)),
	"fd_advise":             wasi("iIIi", checkOpen),
	"fd_close":              wasi("i", fdClose),
	"fd_datasync":           wasi("i", checkOpen),
	"fd_fdstat_get":         wasi("ii", fdFdstatGet),
	"fd_fdstat_set_flags":   wasi("ii", fdFdstatSetFlags),
	"fd_fdstat_set_rights":  wasi("iII", refuseWith(errnoNotsup)),
	"fd_filestat_get":       wasi("ii", fdFilestatGet),
	"fd_pread":              wasi("iiiIi", fdPread),
	"fd_prestat_dir_name":   wasi("iii", fdPrestatDirName),
	"fd_prestat_get":        wasi("ii", fdPrestatGet),
	"fd_read":               wasi("iiii", fdRead),
	"fd_readdir":            wasi("iiiIi", fdReaddir),
	"fd_renumber":           wasi("ii", refuseWith(errnoNotsup)),
	"fd_seek":               wasi("iIii", fdSeek),
	"fd_sync":               wasi("i", checkOpen),
	"fd_tell":               wasi("ii", fdTell),
	"fd_write":              wasi("iiii", fdWrite),
	"path_filestat_get":     wasi("iiiii", pathFilestatGet),
	"path_open":             wasi("iiiiiIIii", pathOpen),
	"path_readlink":         wasi("iiiiii", pathReadlink),
	"sock_accept":           wasi("iii", refuseWith(errnoNotsock)),
	"sock_recv":             wasi("iiiiii", refuseWith(errnoNotsock)),
	"sock_send":             wasi("iiiii", refuseWith(errnoNotsock)),
	"sock_shutdown":         wasi("ii", refuseWith(errnoNotsock)),
	"fd_allocate":           wasi("iII", refuseWith(errnoRofs)),
	"fd_filestat_set_size":  wasi("iI", refuseWith(errnoRofs)),
	"fd_filestat_set_times": wasi("iIIi", refuseWith(errnoRofs)),
	"fd_pwrite":             wasi("iiiIi", refuseWith(errnoRofs)),
	"path_create_directory": wasi("iii", refuseWith(errnoRofs)),
	"path_filestat_set_times": wasi("iiiiIIi",
		refuseWith(errnoRofs)),
	"path_link":             wasi("iiiiiii", refuseWith(errnoRofs)),
	"path_remove_directory": wasi("iii", refuseWith(errnoRofs)),
	"path_rename":           wasi("iiiiii", refuseWith(errnoRofs)),
	"path_symlink":          wasi("iiiii", refuseWith(errnoRofs)),
	"path_unlink_file":      wasi("iii", refuseWith(errnoRofs)),
}

type wasiFunc func(x *execution, m memory, p []uint64) errno

func wasi(params string, fn wasiFunc) hostCall {
	return hostCall{signature{params, "i"}, func(x *execution, m memory, p []uint64) {
		p[0] = uint64(fn(x, m, p))
	}}
}

// refuseWith answers without looking at anything.
func refuseWith(e errno) wasiFunc {
	return func(*execution, memory, []uint64) errno { return e }
}

// errno is WASI preview 1's error number.
type errno uint16

const (
	errnoSuccess     errno = 0
	errnoBadf        errno = 8
	errnoExist       errno = 20
	errnoFault       errno = 21
	errnoInval       errno = 28
	errnoIsdir       errno = 31
	errnoMfile       errno = 33
	errnoNametoolong errno = 37
	errnoNoent       errno = 44
	errnoNotdir      errno = 54
	errnoNotsock     errno = 57
	errnoNotsup      errno = 58
	errnoRofs        errno = 69
	errnoSpipe       errno = 70
	errnoNotcapable  errno = 76
)
