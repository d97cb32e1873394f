// Command reactor is a guest with the fast ABI for the sandbox's tests.
package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"os"
	"unsafe"
)

//go:wasmimport krako media_type
func mediaType(ptr unsafe.Pointer, n uint32)

//go:wasmimport krako blob_size
func blobSize(name unsafe.Pointer, n uint32) int64

//go:wasmimport krako blob_read
func blobRead(name unsafe.Pointer, n uint32, off int64, dst unsafe.Pointer, dstLen uint32) int32

func main() {}

// init runs one call of the kind that units make, so that the snapshot holds
// what encoding/json builds on first use.
func init() {
	input = []byte(`{"entry":"sum","input":{"name":"warm","values":[1]}}`)
	_ = run(0, uint32(len(input)))
	input, output, calls = nil, nil, 0
}

var (
	input  []byte
	output []byte
	calls  int
	born   = randomHex()
)

//go:wasmexport krako_alloc
func alloc(n uint32) uint32 {
	input = make([]byte, n)
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(input))))
}

type call struct {
	Entry string `json:"entry"`
	Input struct {
		Name   string    `json:"name"`
		Values []float64 `json:"values"`
	} `json:"input"`
}

//go:wasmexport krako_run
func run(ptr, n uint32) uint64 {
	calls++
	var c call
	if err := json.Unmarshal(input[:n], &c); err != nil {
		return failure(err.Error())
	}
	switch c.Entry {
	case "sum":
		sum := 0.0
		for _, v := range c.Input.Values {
			sum += v
		}
		return success(map[string]any{"name": c.Input.Name, "sum": sum, "count": len(c.Input.Values)})
	case "state":
		return success(map[string]any{"calls": calls, "born": born, "random": randomHex()})
	case "blob":
		return blob(c.Input.Name)
	case "exit":
		os.Exit(0)
	case "panic":
		panic("on purpose")
	case "wild":
		return 0x7fffffff_00000010
	}
	return failure("no such entry: " + c.Entry)
}

func blob(name string) uint64 {
	p := unsafe.Pointer(unsafe.StringData(name))
	size := blobSize(p, uint32(len(name)))
	if size < 0 {
		return failure("no blob")
	}
	b := make([]byte, size+1)
	n := blobRead(p, uint32(len(name)), 1, unsafe.Pointer(unsafe.SliceData(b)), uint32(len(b)))
	media := "text/plain; charset=utf-8"
	mediaType(unsafe.Pointer(unsafe.StringData(media)), uint32(len(media)))
	output = b[:n]
	return pack(output)
}

func success(v any) uint64 {
	b, err := json.Marshal(v)
	if err != nil {
		return failure(err.Error())
	}
	output = b
	return pack(output)
}

func failure(message string) uint64 {
	output = []byte(message)
	return 1<<63 | pack(output)
}

func pack(b []byte) uint64 {
	return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b))))<<32 | uint64(len(b))
}

func randomHex() string {
	b := make([]byte, 8)
	rand.Read(b)
	return hex.EncodeToString(b)
}
