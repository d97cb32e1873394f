// Package compat compares two versions of the published contract and reports
// what breaks those who were built against the older one.
//
// A request is read by us: it must go on being accepted. A response is read by
// others: it must go on having what it had. A block is named by the hash of its
// bytes and read by both: it does not change at all under one version number,
// but for what its schema says in words. The sets of the manifest may grow and
// never shrink, and no judgement in them changes.
//
// The package compares schemas as they stand, keyword by keyword, and errs on
// the side of reporting: two ways to write one condition are a change. It does
// not judge values, and it knows nothing of Go types.
package compat

import (
	"encoding/json"
	"fmt"
	"io/fs"
)

// Break is one change that breaks somebody.
type Break struct {
	// Where is a document and the pointer of a value in it, or a set of the
	// manifest and an element.
	Where string
	What  string
}

func (b Break) String() string { return b.Where + ": " + b.What }

// Compare reports every breaking change from the older version of the contract
// to the newer one. Both are directories as contracts/internal/schemagen writes
// them. The error is about files that cannot be read.
func Compare(older, newer fs.FS) ([]Break, error) {
	var was, is manifest
	if err := read(older, "contract.json", &was); err != nil {
		return nil, err
	}
	if err := read(newer, "contract.json", &is); err != nil {
		return nil, err
	}
	r := &report{}
	r.sets(&was, &is)
	kinds := map[string]string{}
	for _, d := range is.Documents {
		kinds[d.Name] = d.Kind
	}
	for _, d := range was.Documents {
		switch kind, ok := kinds[d.Name]; {
		case !ok:
			r.add(d.Name, "document removed")
		case kind != d.Kind:
			r.add(d.Name, "was a %s, is a %s", d.Kind, kind)
		default:
			if err := r.document(older, newer, d); err != nil {
				return nil, err
			}
		}
	}
	return r.breaks, nil
}

func read(dir fs.FS, name string, v any) error {
	b, err := fs.ReadFile(dir, name)
	if err != nil {
		return fmt.Errorf("read contract: %w", err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

func (r *report) document(older, newer fs.FS, d document) error {
	var was, is schema
	if err := read(older, d.Name+".json", &was); err != nil {
		return err
	}
	if err := read(newer, d.Name+".json", &is); err != nil {
		return err
	}
	w := walk{report: r, name: d.Name, kind: d.Kind, was: was, is: is, seen: map[[2]string]bool{}}
	w.compare("", was, is)
	return nil
}

// report collects breaks in the order they are found.
type report struct{ breaks []Break }

func (r *report) add(where, what string, args ...any) {
	r.breaks = append(r.breaks, Break{where, fmt.Sprintf(what, args...)})
}
