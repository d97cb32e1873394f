// Command std is the guest with the standard tasks; package library lists them.
package main

import (
	_ "embed"

	"github.com/krako-labs/krako/wasmtasks/entry"
	"github.com/krako-labs/krako/wasmtasks/std/library"
)

//go:embed examples.json
var examples []byte

func main() { entry.Main(library.Tasks(), examples) }
