// Command orphan is a program whose main function is not called when it is built as a
// reactor.
package main

import (
	"context"

	"github.com/krako-labs/krako/wasmtasks/sdk"
)

func main() {
	sdk.Main(sdk.Task("one", func(context.Context, struct{}) (int, error) { return 1, nil }))
}
