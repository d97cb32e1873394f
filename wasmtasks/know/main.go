// Command know is the guest with the tasks that decide and look up: search,
// small models, rules and policies; package know/library lists them.
package main

import (
	_ "embed"

	"github.com/krako-labs/krako/wasmtasks/entry"
	"github.com/krako-labs/krako/wasmtasks/know/library"
)

//go:embed examples.json
var examples []byte

func main() { entry.Main(library.Tasks(), examples) }
