// Command data is the guest with the tasks on documents and tables; package
// library lists them.
package main

import (
	"github.com/krako-labs/krako/wasmtasks/data/library"
	"github.com/krako-labs/krako/wasmtasks/entry"
)

func main() { entry.Main(library.Tasks()) }
