// Command std is the guest with the standard tasks; package library lists them.
package main

import (
	"github.com/krako-labs/krako/wasmtasks/entry"
	"github.com/krako-labs/krako/wasmtasks/std/library"
)

func main() { entry.Main(library.Tasks()) }
