package confine

import (
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// What a child tries, by what it is refused for. Nothing refuses what is listed
// under "".
var attempted = map[string][]string{
	"":     {"read allowed", "list allowed", "pagemap", "image", "threads", "collect"},
	Files:  {"read secret", "list secret"},
	Calls:  {"socket", "exec", "fork", "signal parent", "trace parent", "namespace", "limits"},
	Writes: {"make", "overwrite", "remove", "rename", "chmod"},
}

func attempts(dir string) map[string]string {
	open := filepath.Join(dir, "open")
	err := map[string]error{}
	_, err["read allowed"] = os.ReadFile(filepath.Join(open, "file"))
	_, err["list allowed"] = os.ReadDir(open)
	_, err["read secret"] = os.ReadFile(filepath.Join(dir, "secret"))
	_, err["list secret"] = os.ReadDir(dir)
	var f *os.File
	f, err["pagemap"] = os.Open("/proc/self/pagemap")
	f.Close()
	err["image"] = image()
	err["threads"] = threads()
	runtime.GC()
	err["collect"] = nil
	_, err["socket"] = unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	err["exec"] = unix.Exec("/absent", nil, nil)
	if err["exec"] == unix.ENOENT {
		err["exec"] = nil
	}
	_, err["fork"] = os.StartProcess("/proc/self/exe", []string{"test", "linger", dir}, &os.ProcAttr{})
	err["signal parent"] = unix.Kill(unix.Getppid(), 0)
	err["trace parent"] = unix.PtraceAttach(unix.Getppid())
	err["namespace"] = unix.Unshare(unix.CLONE_NEWUSER)
	err["limits"] = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	made := filepath.Join(open, "made")
	f, err["make"] = os.Create(made)
	f.Close()
	f, err["overwrite"] = os.OpenFile(filepath.Join(open, "file"), os.O_WRONLY, 0)
	f.Close()
	err["chmod"] = os.Chmod(open, 0o755)
	err["rename"] = os.Rename(made, made+"2")
	err["remove"] = os.Remove(made + "2")
	texts := map[string]string{}
	for what, e := range err {
		texts[what] = ""
		if e != nil {
			texts[what] = e.Error()
		}
	}
	return texts
}

// image makes what the sandbox makes of a guest's memory.
func image() error {
	fd, err := unix.MemfdCreate("image", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.Ftruncate(fd, 1<<20); err != nil {
		return err
	}
	b, err := unix.Mmap(fd, 0, 1<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE)
	if err != nil {
		return err
	}
	b[0] = 1
	return unix.Munmap(b)
}

// threads makes the runtime start threads, and preempt one.
func threads() error {
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			runtime.LockOSThread()
			for range 1_000_000 {
			}
		})
	}
	wait.Wait()
	return nil
}

func TestMeasuresHold(t *testing.T) {
	dir := directory(t)
	r, all := run(t, dir)
	for measure, list := range attempted {
		for _, what := range list {
			before, ok := r.Before[what]
			after := r.After[what]
			switch {
			case !ok:
				t.Errorf("%s was not tried", what)
			case measure == "" && before+after != "":
				t.Errorf("%s: %s, then %s", what, before, after)
			case measure == Writes && before != "":
				t.Errorf("%s: %s, before the seal", what, before)
			case measure != "" && all[measure].On && after == "":
				t.Errorf("%s was not refused, though %s is on: %s", what, measure, all[measure].Detail)
			case measure != "" && measure != Writes && all[measure].On && before == "":
				t.Errorf("%s was not refused before the seal", what)
			}
		}
	}
}

func TestMeasuresOfThisKernel(t *testing.T) {
	_, all := run(t, directory(t))
	for _, name := range []string{Privileges, Parent, Resources, Calls, Writes} {
		if m := all[name]; !m.On {
			t.Errorf("%s: %s; every kernel of the last ten years has it", name, m.Detail)
		}
	}
}

// TestParentStaysFree checks that what binds the child does not bind this
// process.
func TestParentStaysFree(t *testing.T) {
	dir := directory(t)
	run(t, dir)
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			runtime.LockOSThread() // new threads, some of them
			if _, err := os.ReadFile(filepath.Join(dir, "secret")); err != nil {
				t.Error(err)
			}
			if n, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); n != 0 || err != nil {
				t.Errorf("a thread of the parent is bound: %d, %v", n, err)
			}
		})
	}
	wait.Wait()
}

func TestResidentCountsOwnMemory(t *testing.T) {
	before, ok := Resident(os.Getpid())
	if !ok {
		t.Fatal("unknown")
	}
	b := make([]byte, 64<<20)
	for i := 0; i < len(b); i += 4096 {
		b[i] = 1
	}
	after, _ := Resident(os.Getpid())
	if after-before < 50<<20 {
		t.Errorf("%d bytes became %d with 64 MiB more", before, after)
	}
	runtime.KeepAlive(b)
	if n, ok := Resident(-1); ok {
		t.Errorf("no process has %d bytes", n)
	}
}
