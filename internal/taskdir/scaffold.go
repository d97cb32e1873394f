package taskdir

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"text/template"

	"golang.org/x/mod/modfile"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/wasmtasks/sdk"
)

//go:embed scaffold/*.tmpl
var scaffold embed.FS

// The module that has the SDK.
const (
	sdkModule  = "github.com/krako-labs/krako"
	sdkPackage = sdkModule + "/wasmtasks/sdk"
	// goLanguage is the language version that the SDK is written in.
	goLanguage = "1.26"
)

// New makes a task directory whose program builds and passes its examples. Its
// last element is the name. sdkVersion is the version that its go.mod names.
//
// Outside this repository the directory is a module of its own with the SDK in
// vendor, so that it builds without a network; there "go get" and "go mod
// vendor" update it as any dependency. Inside, it is a package.
func New(dir, sdkVersion string) (*Dir, error) {
	name := filepath.Base(dir)
	if !familyForm.MatchString(name) {
		return nil, contracts.Errorf(contracts.CodeValidation, dir, "a name is up to 63 of a-z, 0-9 and -, the first a letter")
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return nil, contracts.Errorf(contracts.CodeConflict, dir, "is not empty")
	}
	inside, err := insideSDKModule(dir)
	if err != nil {
		return nil, err
	}
	s := scaffolder{dir: dir, data: scaffoldData{
		Name: name, Go: goLanguage, SDKModule: sdkModule, SDKPackage: sdkPackage, SDKVersion: sdkVersion,
	}}
	if err := s.program(); err != nil {
		return nil, err
	}
	if !inside {
		if err := s.module(); err != nil {
			return nil, err
		}
	}
	return Open(dir)
}

// insideSDKModule reports whether a package in dir, which need not exist, would
// belong to the SDK's module.
func insideSDKModule(dir string) (bool, error) {
	at, err := filepath.Abs(dir)
	if err != nil {
		return false, fmt.Errorf("find %s: %w", dir, err)
	}
	for {
		if text, err := os.ReadFile(filepath.Join(at, "go.mod")); err == nil {
			return modfile.ModulePath(text) == sdkModule, nil
		}
		parent := filepath.Dir(at)
		if parent == at {
			return false, nil
		}
		at = parent
	}
}

type scaffoldData struct{ Name, Go, SDKModule, SDKPackage, SDKVersion string }

// scaffolder writes the files of a new directory.
type scaffolder struct {
	dir  string
	data scaffoldData
}

// program writes what every task directory has.
func (s *scaffolder) program() error {
	for _, name := range []string{"main.go", "main_test.go", "zz_reactor_wasip1.go", FileName} {
		if err := s.render(name, name); err != nil {
			return err
		}
	}
	return nil
}

// module makes the directory a module with the SDK in vendor.
func (s *scaffolder) module() error {
	if err := s.render("go.mod", "go.mod"); err != nil {
		return err
	}
	if err := s.render("modules.txt", "vendor/modules.txt"); err != nil {
		return err
	}
	files, err := fs.Glob(sdk.Source, "*.go")
	if err != nil {
		return fmt.Errorf("list SDK: %w", err)
	}
	for _, name := range files {
		if name == "source.go" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := sdk.Source.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read SDK: %w", err)
		}
		if err := s.write(path.Join("vendor", sdkPackage, name), text); err != nil {
			return err
		}
	}
	return nil
}

func (s *scaffolder) render(name, to string) error {
	t, err := template.ParseFS(scaffold, "scaffold/"+name+".tmpl")
	if err != nil {
		return fmt.Errorf("parse template %s: %w", name, err)
	}
	var text bytes.Buffer
	if err := t.Execute(&text, s.data); err != nil {
		return fmt.Errorf("fill template %s: %w", name, err)
	}
	return s.write(to, text.Bytes())
}

func (s *scaffolder) write(to string, text []byte) error {
	file := filepath.Join(s.dir, filepath.FromSlash(to))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("make task directory: %w", err)
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return fmt.Errorf("write task directory: %w", err)
	}
	return nil
}
