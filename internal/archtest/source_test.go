package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

const (
	root   = "../.."
	module = "github.com/krako-labs/krako/"
)

// pkg is one package directory: its files, and what they import.
type pkg struct {
	files   []*ast.File
	imports map[string]token.Position // of files that are no tests
	tests   map[string]token.Position // of test files
}

// readTree parses every Go file of the module.
func readTree(t *testing.T) (map[string]*pkg, *token.FileSet) {
	t.Helper()
	fset := token.NewFileSet()
	tree := map[string]*pkg{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); name == "testdata" || name == "node_modules" || len(name) > 2 && name[0] == '.' {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(path) == ".go" {
			return addFile(tree, fset, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree, fset
}

func addFile(tree map[string]*pkg, fset *token.FileSet, path string) error {
	file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	dir, err := filepath.Rel(root, filepath.Dir(path))
	if err != nil {
		return err
	}
	name := filepath.ToSlash(dir)
	p := tree[name]
	if p == nil {
		p = &pkg{imports: map[string]token.Position{}, tests: map[string]token.Position{}}
		tree[name] = p
	}
	to := p.imports
	if strings.HasSuffix(path, "_test.go") {
		to = p.tests
	} else {
		p.files = append(p.files, file)
	}
	for _, s := range file.Imports {
		to[strings.Trim(s.Path.Value, `"`)] = fset.Position(s.Pos())
	}
	return nil
}

// within reports whether path is prefix or lies below it.
func within(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, strings.TrimSuffix(prefix, "/")+"/")
}
