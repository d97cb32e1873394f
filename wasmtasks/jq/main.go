// Command jq is the guest that runs jq; package library lists its task.
package main

import (
	"github.com/krako-labs/krako/wasmtasks/entry"
	"github.com/krako-labs/krako/wasmtasks/jq/library"
)

func main() { entry.Main(library.Tasks()) }
