// Command std is the guest with the standard tasks; package library lists them.
package main

import (
	"github.com/krako-labs/krako/wasmtasks/sdk"
	"github.com/krako-labs/krako/wasmtasks/std/library"
)

func main() {
	var entries []sdk.Entry
	for _, t := range library.Tasks() {
		entries = append(entries, t.Entry)
	}
	sdk.Main(entries...)
}
