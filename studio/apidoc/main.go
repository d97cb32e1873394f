// Command apidoc writes the OpenAPI document of KORA Studio's server, from which
// the page's types are made.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/krako-labs/krako/studio"
)

func main() {
	out := flag.String("o", "openapi.json", "the file to write")
	flag.Parse()
	doc, err := studio.OpenAPI()
	if err == nil {
		err = os.WriteFile(*out, doc, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "apidoc:", err)
		os.Exit(1)
	}
}
