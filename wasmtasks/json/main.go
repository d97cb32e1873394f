// Command json is the guest that runs jq and checks by JSON Schema; package library
// lists its tasks.
package main

import (
	"github.com/krako-labs/krako/wasmtasks/entry"
	"github.com/krako-labs/krako/wasmtasks/json/library"
)

func main() { entry.Main(library.Tasks()) }
