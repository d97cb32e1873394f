// Command gokernels exports the Go kernels of the overhead benchmark.
package main

import (
	"crypto/sha256"
	"encoding/binary"
	"sort"
)

func main() {}

//go:wasmexport sha
func sha(n uint32) uint64 {
	sum := sha256.Sum256(nil)
	for range n {
		sum = sha256.Sum256(sum[:])
	}
	return binary.BigEndian.Uint64(sum[:])
}

const size = 32

//go:wasmexport matmul
func matmul(n uint32) uint64 {
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

//go:wasmexport words
func words(n uint32) uint64 {
	count := map[string]int{}
	for i := range n {
		count[string(rune('a'+i%26))+string(rune('a'+i/26%26))]++
	}
	keys := make([]string, 0, len(count))
	for k := range count {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return uint64(len(keys))<<32 | uint64(count[keys[0]])
}
