// Command probe is a guest for the sandbox's tests: its entry says what to try.
package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

func main() {
	entries := map[string]func() any{
		"echo":   echo,
		"world":  world,
		"files":  files,
		"escape": escape,
		"sleep":  sleep,
		"exit":   func() any { os.Exit(3); return nil },
		"panic":  func() any { panic("on purpose") },
		"loop": func() any {
			for {
			}
		},
		"bomb":    bomb,
		"flood":   flood,
		"log":     chatter,
		"recurse": func() any { return recurse(1) },
		"maps":    mapOrder,
	}
	run, ok := entries[os.Args[1]]
	if !ok {
		fmt.Fprintln(os.Stderr, "no such entry")
		os.Exit(2)
	}
	if err := json.NewEncoder(os.Stdout).Encode(run()); err != nil {
		panic(err)
	}
}

func echo() any {
	b, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err.Error()
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return err.Error()
	}
	return v
}

// world reports everything around the program that could differ.
func world() any {
	random := make([]byte, 16)
	rand.Read(random)
	host, _ := os.Hostname()
	wd, _ := os.Getwd()
	first, second := time.Now(), time.Now()
	return map[string]any{
		"args": os.Args, "env": os.Environ(), "host": host, "wd": wd,
		"random": hex.EncodeToString(random),
		"time":   first.UTC().Format(time.RFC3339Nano), "forward": second.After(first),
		"pid": os.Getpid(), "zone": time.Local.String(),
	}
}

func files() any {
	seen := map[string]string{}
	entries, err := os.ReadDir("/blobs")
	if err != nil {
		return err.Error()
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join("/blobs", e.Name()))
		if err != nil {
			return err.Error()
		}
		seen[e.Name()] = string(b)
	}
	f, err := os.Open("blobs/a")
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if _, err := f.Seek(-2, io.SeekEnd); err != nil {
		return err.Error()
	}
	tail, _ := io.ReadAll(f)
	info, _ := f.Stat()
	at := make([]byte, 2)
	n, _ := f.ReadAt(at, 1)
	return map[string]any{"seen": seen, "tail": string(tail), "size": info.Size(), "at": string(at[:n])}
}

// escape tries what a guest may not do and reports the errors.
func escape() any {
	got := map[string]string{}
	try := func(name string, err error) {
		got[name] = "allowed"
		if err != nil {
			got[name] = err.Error()
		}
	}
	_, err := os.ReadFile("/blobs/../../etc/passwd")
	try("read up", err)
	_, err = os.ReadFile("/etc/passwd")
	try("read host", err)
	_, err = os.ReadFile("/blobs/a/../a")
	try("read through", err)
	fd, err := syscall.Openat(3, "../etc/passwd", syscall.O_RDONLY, 0)
	try("raw up", err)
	_ = fd
	_, err = syscall.Openat(3, "/etc/passwd", syscall.O_RDONLY, 0)
	try("raw absolute", err)
	_, err = syscall.Openat(3, "blobs/a/x", syscall.O_RDONLY, 0)
	try("below a file", err)
	try("write", os.WriteFile("/blobs/a", []byte("x"), 0o600))
	try("create", os.WriteFile("/blobs/new", []byte("x"), 0o600))
	try("mkdir", os.Mkdir("/x", 0o700))
	try("remove", os.Remove("/blobs/a"))
	try("rename", os.Rename("/blobs/a", "/blobs/b"))
	try("link", os.Link("/blobs/a", "/blobs/l"))
	try("symlink", os.Symlink("/etc", "/blobs/l"))
	_, err = os.Readlink("/blobs/a")
	try("readlink", err)
	try("chtimes", os.Chtimes("/blobs/a", time.Time{}, time.Time{}))
	try("truncate", os.Truncate("/blobs/a", 0))
	try("listen", syscall.Listen(4, 1))
	return got
}

func sleep() any {
	start := time.Now()
	var wg sync.WaitGroup
	var mu sync.Mutex
	var order []int
	for i := range 5 {
		wg.Go(func() {
			time.Sleep(time.Duration(5-i) * time.Hour)
			mu.Lock()
			defer mu.Unlock()
			order = append(order, i)
		})
	}
	wg.Wait()
	return map[string]any{"order": order, "hours": int(time.Since(start).Hours())}
}

func bomb() any {
	var keep [][]byte
	for {
		b := make([]byte, 1<<20)
		for i := range b {
			b[i] = 1
		}
		keep = append(keep, b)
		_ = keep
	}
}

func flood() any {
	line := strings.Repeat("x", 1<<16)
	for {
		fmt.Print(line)
	}
}

func chatter() any {
	line := strings.Repeat("y", 1023) + "\n"
	for range 256 {
		fmt.Fprint(os.Stderr, line)
	}
	return "done"
}

func recurse(n int) int { return recurse(n+1) + n }

// mapOrder shows the hash seeds and the scheduler's choices.
func mapOrder() any {
	m := map[string]int{}
	for i := range 100 {
		m[fmt.Sprint(i)] = i
	}
	order := slices.Collect(maps.Keys(m))
	results := make(chan int, 32)
	for i := range 32 {
		go func() { results <- i }()
	}
	var arrived []int
	for range 32 {
		arrived = append(arrived, <-results)
	}
	return map[string]any{"maps": order, "goroutines": arrived}
}
