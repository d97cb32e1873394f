// Command data is the guest with the tasks on documents and tables; package
// library lists them.
package main

import (
	_ "embed"

	"github.com/krako-labs/krako/wasmtasks/data/library"
	"github.com/krako-labs/krako/wasmtasks/entry"
)

//go:embed examples.json
var examples []byte

func main() { entry.Main(library.Tasks(), examples) }
