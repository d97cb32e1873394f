// Command cataloguer writes the task catalogue: what the tasks.json beside each
// module says, with the module's content address. scripts/build-tasks runs it.
//
//	cataloguer -toolchain go1.26.8 DIR/NAME/NAME.wasm … > catalogue.json
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

func main() {
	toolchain := flag.String("toolchain", "", "the Go version that built the modules")
	flag.Parse()
	if err := run(*toolchain, flag.Args(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "cataloguer:", err)
		os.Exit(1)
	}
}

type catalogue struct {
	Toolchain string   `json:"toolchain"`
	Modules   []module `json:"modules"`
}

type module struct {
	CID   dagcbor.Link `json:"cid"`
	File  string       `json:"file"`
	Bytes int          `json:"bytes"`
	Tasks []task       `json:"tasks"`
}

type task struct {
	Name            string             `json:"name"`
	Type            contracts.UnitType `json:"type"`
	Entry           string             `json:"entry"`
	Description     string             `json:"description"`
	Input           string             `json:"input"`
	Blobs           string             `json:"blobs,omitempty"`
	OutputMediaType string             `json:"output_media_type"`
	// The schemas and examples are passed on as they are.
	InputSchema  json.RawMessage `json:"input_schema,omitempty"`
	OutputSchema json.RawMessage `json:"output_schema,omitempty"`
	Examples     json.RawMessage `json:"examples,omitempty"`
}

func run(toolchain string, files []string, out io.Writer) error {
	if toolchain == "" || len(files) == 0 {
		return errors.New("want -toolchain and modules")
	}
	c := catalogue{Toolchain: toolchain}
	seen := map[string]bool{}
	for _, file := range files {
		m, err := describe(file)
		if err != nil {
			return fmt.Errorf("describe %s: %w", file, err)
		}
		for _, t := range m.Tasks {
			if seen[t.Name] {
				return fmt.Errorf("%s: task %s is already in the catalogue", file, t.Name)
			}
			seen[t.Name] = true
			if !t.Type.CPU() {
				return fmt.Errorf("%s: task %s is of type %q, which no CPU node runs", file, t.Name, t.Type)
			}
		}
		c.Modules = append(c.Modules, m)
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(c)
}

// describe reads a module and the tasks.json beside it.
func describe(file string) (module, error) {
	wasm, err := os.ReadFile(file)
	if err != nil {
		return module{}, err
	}
	dir := filepath.Dir(file)
	text, err := os.ReadFile(filepath.Join(dir, "tasks.json"))
	if err != nil {
		return module{}, err
	}
	m := module{
		CID:   dagcbor.Link{Cid: dagcbor.RawCID(wasm)},
		File:  filepath.Base(dir) + "/" + filepath.Base(file),
		Bytes: len(wasm),
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&m.Tasks); err != nil {
		return module{}, fmt.Errorf("tasks.json: %w", err)
	}
	return m, nil
}
