// Package wasmtasks is the catalogue of tasks that come with Krako: their
// names, and the WebAssembly modules that carry them, embedded. A name is
// resolved once, when a graph is admitted; what runs and is recorded is the
// module's content address.
//
// The modules and catalogue.json are made by scripts/build-tasks from the
// sources beside them and can be rebuilt byte for byte. The package promises
// not to run anything.
package wasmtasks

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/dagcbor"
)

//go:embed catalogue.json */*.wasm
var files embed.FS

// Task is one task of the catalogue.
type Task struct {
	// Name is what a work unit asks for: family/task@version. A name is never
	// given to code that behaves differently.
	Name string
	// Type is the type of the units that run it: deterministic, retrieval or
	// small_model.
	Type contracts.UnitType
	// Module is the content address of the WebAssembly module, and Entry what
	// the module is asked to do.
	Module cid.Cid
	Entry  string
	// Description, Input and Blobs tell people what the task does, which JSON
	// it takes and which blobs it reads.
	Description, Input, Blobs string
	// OutputMediaType is the media type of the task's output.
	OutputMediaType string
	// InputSchema and OutputSchema are JSON Schemas (2020-12) of input and output,
	// and Examples is a JSON array of contracts.TaskExample. They are empty for
	// tasks that say none, and OutputSchema for outputs that are not JSON.
	InputSchema, OutputSchema, Examples string
}

// Catalogue returns all tasks, sorted by name. The slice is the caller's.
func Catalogue() []Task { return slices.Clone(loaded().tasks) }

// Resolve returns the task of that exact name.
func Resolve(name string) (Task, bool) {
	t, ok := loaded().byName[name]
	return t, ok
}

// Module returns the WebAssembly module with content address c, if it is one of
// the catalogue's. The bytes are a copy and the caller's: all of them together are
// tens of megabytes that a process which has stored them need not hold twice.
func Module(c cid.Cid) ([]byte, bool) {
	file, ok := loaded().modules[c]
	if !ok {
		return nil, false
	}
	wasm, err := files.ReadFile(file)
	if err != nil {
		panic(fmt.Sprintf("embedded task catalogue: %v", err)) // load has seen it
	}
	return wasm, true
}

// Toolchain returns the Go version that built the modules.
func Toolchain() string { return loaded().toolchain }

// catalogue is the decoded form of the embedded files. It never changes.
type catalogue struct {
	toolchain string
	tasks     []Task
	byName    map[string]Task
	modules   map[cid.Cid]string // their files
}

// document is the form of catalogue.json.
type document struct {
	Toolchain string `json:"toolchain"`
	Modules   []struct {
		CID   dagcbor.Link `json:"cid"`
		File  string       `json:"file"`
		Bytes int          `json:"bytes"`
		Tasks []struct {
			Name            string             `json:"name"`
			Type            contracts.UnitType `json:"type"`
			Entry           string             `json:"entry"`
			Description     string             `json:"description"`
			Input           string             `json:"input"`
			Blobs           string             `json:"blobs"`
			OutputMediaType string             `json:"output_media_type"`

			InputSchema  json.RawMessage `json:"input_schema"`
			OutputSchema json.RawMessage `json:"output_schema"`
			Examples     json.RawMessage `json:"examples"`
		} `json:"tasks"`
	} `json:"modules"`
}

// loaded decodes the embedded files once. They are part of the program, so that
// a fault in them is a fault of the build and not an error to handle.
var loaded = sync.OnceValue(func() *catalogue {
	c, err := load()
	if err != nil {
		panic(fmt.Sprintf("embedded task catalogue: %v", err))
	}
	return c
})

func load() (*catalogue, error) {
	text, err := files.ReadFile("catalogue.json")
	if err != nil {
		return nil, err
	}
	var doc document
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&doc); err != nil {
		return nil, err
	}
	c := &catalogue{toolchain: doc.Toolchain, byName: map[string]Task{}, modules: map[cid.Cid]string{}}
	for _, m := range doc.Modules {
		if _, err := fs.Stat(files, m.File); err != nil {
			return nil, err
		}
		c.modules[m.CID.Cid] = m.File
		for _, t := range m.Tasks {
			task := Task{
				t.Name, t.Type, m.CID.Cid, t.Entry, t.Description, t.Input, t.Blobs, t.OutputMediaType,
				string(t.InputSchema), string(t.OutputSchema), string(t.Examples),
			}
			c.byName[t.Name] = task
			c.tasks = append(c.tasks, task)
		}
	}
	slices.SortFunc(c.tasks, func(a, b Task) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
	return c, nil
}
