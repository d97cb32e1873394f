package sandboxbench

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"io"
)

//go:embed kernels/*.wasm endless/*.wasm guest/guest.wasm.gz
var files embed.FS

// kernel is a piece of work that an export does, size times over: a millisecond
// or two.
type kernel struct {
	name, export string
	wasm         []byte
	size         uint64
}

// sizes of the work, by kernel.
var (
	cKernels  = map[string]uint64{"sha256": 400, "matmul": 24, "fib": 25, "sieve": 5, "sort": 4, "json": 80, "regex": 60, "nbody": 8000, "dot": 2000}
	goKernels = map[string]uint64{"sha256": 250, "matmul": 24, "fib": 22, "sieve": 4, "sort": 4, "json": 60, "regex": 20}
)

// endless are the guests that only a deadline ends, by what keeps them busy.
var endless = []string{"loop", "calls", "fill", "misses"}

// modules are all that is measured.
type modules struct {
	goUnit, cUnit []byte
	kernels       []kernel
	endless       map[string][]byte
}

func loadModules() (*modules, error) {
	goWasm, err := gunzip("guest/guest.wasm.gz")
	if err != nil {
		return nil, err
	}
	m := &modules{goUnit: goWasm, endless: map[string][]byte{}}
	for _, name := range endless {
		if m.endless[name], err = files.ReadFile("endless/" + name + ".wasm"); err != nil {
			return nil, err
		}
	}
	if m.cUnit, err = files.ReadFile("kernels/sum.wasm"); err != nil {
		return nil, err
	}
	for name, size := range cKernels {
		wasm, err := files.ReadFile("kernels/" + name + ".wasm")
		if err != nil {
			return nil, err
		}
		m.kernels = append(m.kernels, kernel{"c/" + name, "run", wasm, size})
	}
	for name, size := range goKernels {
		m.kernels = append(m.kernels, kernel{"go/" + name, name, goWasm, size})
	}
	return m, nil
}

func gunzip(name string) ([]byte, error) {
	packed, err := files.ReadFile(name)
	if err != nil {
		return nil, err
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", name, err)
	}
	wasm, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", name, err)
	}
	return wasm, nil
}
