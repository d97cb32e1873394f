package server

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/krako-labs/krako/internal/llama"
)

// endpoint is where a process is told to listen.
type endpoint struct {
	socket string
	port   int
	key    string
}

// endpoint makes one for the next process. A socket's path has to be short, and
// it is private as the folder is.
func (s *Server) endpoint() (endpoint, error) {
	if !s.cfg.Loopback {
		e := endpoint{socket: s.dir.file("s.sock")}
		if err := os.Remove(e.socket); err != nil && !errors.Is(err, os.ErrNotExist) {
			return e, fmt.Errorf("remove old socket: %w", err)
		}
		return e, nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return endpoint{}, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return endpoint{port: l.Addr().(*net.TCPAddr).Port, key: rand.Text()}, nil
}

func (e endpoint) client() llama.Endpoint {
	if e.socket != "" {
		return llama.Endpoint{Socket: e.socket}
	}
	return llama.Endpoint{URL: "http://127.0.0.1:" + strconv.Itoa(e.port), Key: e.key}
}

func (e endpoint) arguments() []string {
	if e.socket != "" {
		return []string{"--host", e.socket}
	}
	return []string{"--host", "127.0.0.1", "--port", strconv.Itoa(e.port)}
}

// environment is what a process gets of this one's, and its key, which other
// users could read among its arguments.
func (e endpoint) environment() []string {
	env := []string{
		// Threads that spin while they wait ruin a machine that does other things.
		"OMP_WAIT_POLICY=PASSIVE",
	}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES",
		"GGML_BACKEND_PATH", "HF_TOKEN", "HF_ENDPOINT", "HF_HOME", "LLAMA_CACHE", "XDG_CACHE_HOME", "SYSTEMROOT", "USERPROFILE", "LOCALAPPDATA", "OMP_NUM_THREADS"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	if e.key != "" {
		env = append(env, "LLAMA_API_KEY="+e.key)
	}
	return env
}
