//go:build !unix

package sandbox

import "os"

// mappedFile is the content of a file, where mapping it is not worth its trouble.
type mappedFile struct{ bytes []byte }

func mapFile(path string) (mappedFile, error) {
	b, err := os.ReadFile(path)
	return mappedFile{b}, err
}

func (mappedFile) release() {}
