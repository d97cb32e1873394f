package taskdir

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/jcs"
)

// FileName is the document that makes a directory a task directory.
const FileName = "task.json"

// maxTaskFile bounds a task.json, in bytes.
const maxTaskFile = 4 << 20

// TaskFile is the content of a task.json.
type TaskFile struct {
	// Name is family@version. An entry's full name is family/entry@version, as
	// in the catalogue; behaviour that differs needs another version.
	Name        string `json:"name"`
	Description string `json:"description"`
	// Module is the file of the module, <family>.wasm if empty.
	Module string `json:"module,omitempty"`
	// Build says what makes the module: BuildGo, or BuildNone for a module that
	// is committed with its source.
	Build Build `json:"build,omitempty"`
	// Toolchain is the Go version that the module's bytes depend on, such as
	// go1.26.8. Empty means whichever is installed.
	Toolchain string  `json:"toolchain,omitempty"`
	Entries   []Entry `json:"entries"`
}

// Build names the way a module is built. Empty is BuildGo.
type Build string

// The ways of building.
const (
	BuildGo   Build = "go"
	BuildNone Build = "none"
)

// Entry is one thing the module can be asked to do.
type Entry struct {
	// Name is the entry as the sandbox passes it to the module.
	Name        string `json:"entry"`
	Description string `json:"description"`
	// InputSchema and OutputSchema are JSON Schema 2020-12; absent, anything goes.
	InputSchema  contracts.JSON `json:"input_schema,omitzero"`
	OutputSchema contracts.JSON `json:"output_schema,omitzero"`
	// OutputMediaType is contracts.DefaultMediaType if empty.
	OutputMediaType string `json:"output_media_type,omitempty"`
	// Blobs says what is to be mounted under which name.
	Blobs map[string]string `json:"blobs,omitempty"`
	// Fuel and MemoryMB are limits for the examples, and good ones for units.
	// 0 means those of a unit that names none.
	Fuel     uint64    `json:"fuel,omitempty"`
	MemoryMB uint32    `json:"memory_mb,omitempty"`
	Examples []Example `json:"examples,omitempty"`
}

// Example is one call of an entry and what must come of it: an output, the
// content of a file, or an error code. An example that names none of these must
// succeed with an output that fits the schema.
type Example struct {
	Name string `json:"name"`
	// Input is a JSON object, {} if absent.
	Input contracts.JSON `json:"input,omitzero"`
	// Blobs are files to mount, by blob name. Paths are below the directory.
	Blobs      map[string]string `json:"blobs,omitempty"`
	Output     contracts.JSON    `json:"output,omitzero"`
	OutputFile string            `json:"output_file,omitempty"`
	Error      contracts.Code    `json:"error,omitempty"`
}

// Dir is a task directory whose task.json is valid.
type Dir struct {
	Path string
	TaskFile
}

// Open reads and checks the task.json of a directory. What is wrong with it is a
// VALIDATION_ERROR that lists every fault.
func Open(path string) (*Dir, error) {
	file := filepath.Join(path, FileName)
	text, err := readFile(file, maxTaskFile)
	if err != nil {
		return nil, err
	}
	d := &Dir{Path: path}
	if err := jcs.DecodeStrict(text, &d.TaskFile); err != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, file, "%w", err)
	}
	if err := d.check(); err != nil {
		return nil, contracts.Errorf(contracts.CodeValidation, file, "%w", err)
	}
	return d, nil
}

// ModuleFile is the path of the module.
func (d *Dir) ModuleFile() string { return filepath.Join(d.Path, filepath.FromSlash(d.moduleName())) }

func (f *TaskFile) moduleName() string {
	if f.Module != "" {
		return f.Module
	}
	return f.family() + ".wasm"
}

// Module reads the module that is there.
func (d *Dir) Module() ([]byte, error) { return readFile(d.ModuleFile(), maxModule) }

// maxModule bounds a module read from a file: more than any profile admits, so
// that one that is too large is refused and not cut off.
const maxModule = 64 << 20

// readFile reads a file of at most limit bytes.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, contracts.Errorf(contracts.CodeNotFound, path, "%w", err)
	}
	return readAll(f, limit)
}

// readAll reads an open file to its end and closes it.
func readAll(f *os.File, limit int64) ([]byte, error) {
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", f.Name(), err)
	}
	if int64(len(b)) > limit {
		return nil, contracts.Errorf(contracts.CodeValidation, f.Name(), "more than %d bytes", limit)
	}
	return b, nil
}
