// Command json is the guest that runs jq and checks by JSON Schema; package library
// lists its tasks.
package main

import (
	_ "embed"

	"github.com/krako-labs/krako/wasmtasks/entry"
	"github.com/krako-labs/krako/wasmtasks/json/library"
)

//go:embed examples.json
var examples []byte

func main() { entry.Main(library.Tasks(), examples) }
