package taskdir

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/jcs"
)

var (
	familyForm  = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)
	versionForm = regexp.MustCompile(`^[1-9][0-9]{0,8}$`)
	goForm      = regexp.MustCompile(`^go1\.[0-9]+(\.[0-9]+)?([a-z][a-z0-9]*)?$`)
)

// Bounds of a task.json.
const (
	maxEntries   = 256
	maxExamples  = 1000
	maxEntryName = 128
	maxMemoryMB  = 2047 // the profile's memories end below 2 GiB
)

// family is the name without its version.
func (f *TaskFile) family() string {
	family, _, _ := strings.Cut(f.Name, "@")
	return family
}

// FullName is what the catalogue would call an entry: family/entry@version.
func (f *TaskFile) FullName(e *Entry) string {
	family, version, _ := strings.Cut(f.Name, "@")
	return family + "/" + e.Name + "@" + version
}

// check reports every fault of a task.json, each with where it is.
func (f *TaskFile) check() error {
	c := &faults{}
	family, version, _ := strings.Cut(f.Name, "@")
	c.unless(familyForm.MatchString(family) && versionForm.MatchString(version), "name", "%q is not of the form wordcount@1", f.Name)
	c.unless(f.Module == "" || filepath.IsLocal(f.Module), "module", "%q is not below the directory", f.Module)
	c.unless(slices.Contains([]Build{"", BuildGo, BuildNone}, f.Build), "build", "%q is neither %q nor %q", f.Build, BuildGo, BuildNone)
	c.unless(f.Toolchain == "" || goForm.MatchString(f.Toolchain), "toolchain", "%q is not a Go version such as go1.26.8", f.Toolchain)
	c.unless(len(f.Entries) >= 1 && len(f.Entries) <= maxEntries, "entries", "%d, allowed are 1 to %d", len(f.Entries), maxEntries)
	seen := map[string]bool{}
	for i := range f.Entries {
		e := &f.Entries[i]
		at := fmt.Sprintf("entries/%d", i)
		c.unless(!seen[e.Name], at+"/entry", "%q is there twice", e.Name)
		seen[e.Name] = true
		e.check(c, at)
	}
	return errors.Join(c.list...)
}

func (e *Entry) check(c *faults, at string) {
	c.unless(len(e.Name) <= maxEntryName && !strings.ContainsFunc(e.Name, func(r rune) bool { return r < ' ' }),
		at+"/entry", "must be at most %d bytes without control characters", maxEntryName)
	for _, s := range []struct {
		name   string
		schema contracts.JSON
	}{{"input_schema", e.InputSchema}, {"output_schema", e.OutputSchema}} {
		if _, err := compileSchema(s.schema); err != nil {
			c.unless(false, at+"/"+s.name, "%v", err)
		}
	}
	c.unless(e.OutputSchema.IsZero() || e.mediaType() == contracts.DefaultMediaType,
		at+"/output_schema", "an output of %s cannot have one", e.OutputMediaType)
	c.unless(e.Fuel <= jcs.MaxInteger, at+"/fuel", "%d, allowed are up to %d", e.Fuel, int64(jcs.MaxInteger))
	c.unless(e.MemoryMB <= maxMemoryMB, at+"/memory_mb", "%d, allowed are up to %d", e.MemoryMB, maxMemoryMB)
	c.unless(len(e.Examples) <= maxExamples, at+"/examples", "%d, allowed are %d", len(e.Examples), maxExamples)
	seen := map[string]bool{}
	for i := range e.Examples {
		x := &e.Examples[i]
		xat := fmt.Sprintf("%s/examples/%d", at, i)
		c.unless(x.Name != "" && !seen[x.Name], xat+"/name", "%q must be set and there once", x.Name)
		seen[x.Name] = true
		x.check(c, xat)
	}
}

func (e *Entry) mediaType() string {
	if e.OutputMediaType == "" {
		return contracts.DefaultMediaType
	}
	return e.OutputMediaType
}

func (x *Example) check(c *faults, at string) {
	c.unless(x.Input.IsZero() || x.Input.IsObject(), at+"/input", "is not a JSON object")
	wants := 0
	for _, set := range []bool{!x.Output.IsZero(), x.OutputFile != "", x.Error != ""} {
		if set {
			wants++
		}
	}
	c.unless(wants <= 1, at, "has more than one of output, output_file and error")
	c.unless(x.Error == "" || x.Error.Valid(), at+"/error", "%q is not an error code", x.Error)
	c.unless(x.OutputFile == "" || filepath.IsLocal(x.OutputFile), at+"/output_file", "%q is not below the directory", x.OutputFile)
	for name, file := range x.Blobs {
		c.unless(filepath.IsLocal(file), at+"/blobs/"+name, "%q is not below the directory", file)
	}
}

// compileSchema returns nil for an absent schema.
func compileSchema(doc contracts.JSON) (*contracts.OutputSchema, error) {
	if doc.IsZero() {
		return nil, nil
	}
	return contracts.CompileSchema(doc)
}

// faults collects what is wrong with a document.
type faults struct{ list []error }

func (c *faults) unless(ok bool, at, format string, args ...any) {
	if !ok {
		c.list = append(c.list, fmt.Errorf("%s: %s", at, fmt.Sprintf(format, args...)))
	}
}
