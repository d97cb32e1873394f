//go:build wasip1

// Command guest is the Go module that benchmarks run: a reactor whose unit takes
// and gives JSON, and kernels that are exported one by one. It is built by
// scripts/build-bench-guests.
package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unsafe"
)

func main() {}

// init runs one unit, so that the snapshot holds what encoding/json builds on
// first use.
func init() {
	input = []byte(`{"entry":"sum","input":{"name":"warm","values":[1]}}`)
	_ = run(0, uint32(len(input)))
	input, output = nil, nil
}

var input, output []byte

//go:wasmexport krako_alloc
func alloc(n uint32) uint32 {
	input = make([]byte, n)
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(input))))
}

type call struct {
	Input struct {
		Name   string    `json:"name"`
		Values []float64 `json:"values"`
	} `json:"input"`
}

type answer struct {
	Count int     `json:"count"`
	Name  string  `json:"name"`
	Sum   float64 `json:"sum"`
}

//go:wasmexport krako_run
func run(_, n uint32) uint64 {
	var c call
	err := json.Unmarshal(input[:n], &c)
	if err == nil {
		a := answer{Count: len(c.Input.Values), Name: c.Input.Name}
		for _, v := range c.Input.Values {
			a.Sum += v
		}
		output, err = json.Marshal(a)
	}
	if err != nil {
		output = []byte(err.Error())
		return 1<<63 | packed()
	}
	return packed()
}

func packed() uint64 {
	return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(output))))<<32 | uint64(len(output))
}

//go:wasmexport sha256
func sha(n uint32) uint64 {
	sum := sha256.Sum256(nil)
	for range n {
		sum = sha256.Sum256(sum[:])
	}
	return binary.BigEndian.Uint64(sum[:])
}

//go:wasmexport matmul
func matmul(n uint32) uint64 {
	const size = 32
	var a, b, c [size][size]float64
	for i := range size {
		for j := range size {
			a[i][j], b[i][j] = float64(i)+float64(j)/2, float64(i)/4-float64(j)
		}
	}
	sum := 0.0
	for r := range n {
		for i := range size {
			for j := range size {
				s := 0.0
				for k := range size {
					s += a[i][k] * b[k][j]
				}
				c[i][j] = s
			}
		}
		sum += c[r%size][3]
	}
	return uint64(int64(sum))
}

//go:wasmexport fib
func fib(n uint32) uint64 { return fibonacci(uint64(n)) }

func fibonacci(n uint64) uint64 {
	if n < 2 {
		return n
	}
	return fibonacci(n-1) + fibonacci(n-2)
}

//go:wasmexport sieve
func sieve(n uint32) uint64 {
	composite := make([]bool, 1<<16)
	found := uint64(0)
	for range n {
		clear(composite)
		for i := 2; i < len(composite); i++ {
			if composite[i] {
				continue
			}
			found++
			for j := i * i; j < len(composite); j += i {
				composite[j] = true
			}
		}
	}
	return found
}

//go:wasmexport sort
func sort(n uint32) uint64 {
	v := make([]uint32, 4096)
	x, sum := uint32(1), uint64(0)
	for range n {
		for i := range v {
			x = x*1664525 + 1013904223
			v[i] = x % 100003
		}
		slices.SortFunc(v, func(a, b uint32) int { return int(a) - int(b) })
		sum = sum*31 + uint64(v[100])
	}
	return sum
}

const document = `{"items":[{"name":"caf\u00e9","values":[1,-2.5e3,0.125],"in":{"a":[]}},` +
	`{"name":"x \"y\"","values":[true,null,"z"],"in":{"b":[1,2,3]}}],"total":42}`

//go:wasmexport json
func jsonKernel(n uint32) uint64 {
	length := 0
	for range n {
		var v any
		if err := json.Unmarshal([]byte(document), &v); err != nil {
			panic(err)
		}
		b, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		length += len(b)
	}
	return uint64(length)
}

var address = regexp.MustCompile(`[a-z]+@[a-z]+\.(com|org)`)

//go:wasmexport regex
func regex(n uint32) uint64 {
	text := strings.Repeat("no one at@all, but ann@example.org and bob@host.com; ", 8)
	found := 0
	for range n {
		found += len(address.FindAllStringIndex(text, -1))
	}
	return uint64(found)
}
