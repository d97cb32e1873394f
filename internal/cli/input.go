package cli

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/krako-labs/krako/contracts"
)

// OpenInput opens a file that the command line names as input. One that is not there,
// or cannot be read, is input that is not valid, and no wrong use of the command: a
// VALIDATION_ERROR that names it.
func OpenInput(name string) (*os.File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, unreadable(name, err)
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		f.Close()
		return nil, contracts.Errorf(contracts.CodeValidation, name, "is a directory, want a file")
	}
	return f, nil
}

// ReadInput reads a file as OpenInput opens it.
func ReadInput(name string) ([]byte, error) {
	f, err := OpenInput(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		return nil, unreadable(name, err)
	}
	return b, nil
}

func unreadable(name string, err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		err = at.Err // the name is said already
	}
	return contracts.Errorf(contracts.CodeValidation, name, "cannot be read: %w", err)
}
