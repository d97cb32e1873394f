// Package docs answers questions from a folder of Markdown documents with units
// of all three CPU types: retrieval units index the documents' sections in shards
// and search them as one, small_model units train a classifier that tells which
// document a text is from and ask it about the question, and a deterministic unit
// joins both answers. The package promises quotes, not an answer in words.
package docs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"
)

// Bounds of a folder.
const (
	MaxFiles = 2_000
	MaxFile  = 1 << 20
)

// Section is a document from one heading to the next.
type Section struct {
	// ID is the file's path and the section's number in it, from 1.
	ID string
	// File is the path without .md.
	File        string
	Title, Body string
}

// Sections reads all files below the root of fsys whose names end in .md, in
// order of their paths, and cuts them at their headings. Signs that are not UTF-8
// are replaced.
func Sections(fsys fs.FS) ([]Section, error) {
	var all []Section
	files := 0
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".md" {
			return err
		}
		if files++; files > MaxFiles {
			return fmt.Errorf("more than %d documents", MaxFiles)
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		if len(text) > MaxFile {
			return fmt.Errorf("%s has %d bytes, at most %d are taken", name, len(text), MaxFile)
		}
		all = append(all, cut(name, strings.ToValidUTF8(string(text), string(utf8.RuneError)))...)
		return nil
	})
	return all, err
}

// cut makes sections of a document. What looks like a heading within a fence of
// three backticks is none.
func cut(name, text string) []Section {
	file := strings.TrimSuffix(name, ".md")
	var all []Section
	title, fenced := "", false
	var body strings.Builder
	end := func() {
		if title != "" || strings.TrimSpace(body.String()) != "" {
			all = append(all, Section{fmt.Sprintf("%s#%d", name, len(all)+1), file, title, body.String()})
		}
		body.Reset()
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		}
		if heading := strings.TrimLeft(line, "#"); !fenced && len(heading) < len(line) && strings.HasPrefix(heading, " ") {
			end()
			title = strings.TrimSpace(heading)
			continue
		}
		body.WriteString(line)
	}
	end()
	return all
}

// shardLine and exampleLine are lines of the blocks that units read.
type shardLine struct {
	ID     string            `json:"id"`
	Fields map[string]string `json:"fields"`
	Tags   map[string]string `json:"tags"`
}

type exampleLine struct {
	Text  string `json:"text"`
	Label string `json:"label"`
}

// Shards deals sections out to n blocks, which retrieval/index reads.
func Shards(sections []Section, n int) ([][]byte, error) {
	shards := make([][]byte, n)
	for i, s := range sections {
		line := shardLine{s.ID, map[string]string{"title": s.Title, "body": s.Body}, map[string]string{"file": s.File}}
		if err := appendLine(&shards[i%n], line); err != nil {
			return nil, err
		}
	}
	return shards, nil
}

// Examples is a block of paragraphs, each with the document it is from, for
// small_model/train.
func Examples(sections []Section) ([]byte, error) {
	var block []byte
	for _, s := range sections {
		for _, text := range append(strings.Split(s.Body, "\n\n"), s.Title) {
			if text = strings.TrimSpace(text); text == "" || len(text) > maxParagraph {
				continue
			}
			if err := appendLine(&block, exampleLine{text, s.File}); err != nil {
				return nil, err
			}
		}
	}
	return block, nil
}

// maxParagraph is what the classifier takes of a text.
const maxParagraph = 32 << 10

func appendLine(block *[]byte, v any) error {
	b := bytes.NewBuffer(*block)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	*block = b.Bytes()
	return err
}
