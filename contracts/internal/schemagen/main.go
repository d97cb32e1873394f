// Command schemagen writes what is derived from the contract's Go source: the
// JSON Schemas of its documents, the manifest of its closed sets, and the
// state tables of docs/spec/states.md.
//
// It promises that equal source gives equal bytes, and it never reads what it
// wrote before. With -release it freezes the present schemas as a released
// version; a version that was released once is never written again.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/krako-labs/krako/contracts"
)

func main() { os.Exit(run(os.Args[1:], os.Stderr)) }

func run(args []string, stderr io.Writer) int {
	flags := flag.NewFlagSet("schemagen", flag.ContinueOnError)
	flags.SetOutput(stderr)
	source := flags.String("source", ".", "`directory` of package contracts")
	schema := flags.String("schema", "schema", "`directory` to write the schemas to")
	docs := flags.String("docs", "../docs/spec", "`directory` to write states.md to")
	release := flags.Bool("release", false, "freeze the schemas as released version "+contracts.Version)
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if err := generate(*source, *schema, *docs, *release); err != nil {
		fmt.Fprintln(stderr, "schemagen:", err)
		return 1
	}
	return 0
}

func generate(source, schema, docs string, release bool) error {
	files, err := schemaFiles(source)
	if err != nil {
		return err
	}
	if err := write(schema, files); err != nil {
		return err
	}
	if err := write(docs, map[string][]byte{"states.md": statesDocument()}); err != nil {
		return err
	}
	if !release {
		return nil
	}
	frozen := filepath.Join(schema, "released", contracts.Version)
	if _, err := os.Stat(frozen); err == nil {
		return fmt.Errorf("version %s is released already", contracts.Version)
	}
	return write(frozen, files)
}

func write(dir string, files map[string][]byte) error {
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
