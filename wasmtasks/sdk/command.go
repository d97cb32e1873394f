package sdk

import (
	"context"
	"fmt"
	"io"
	"os"
)

// command is the command ABI: argv names the entry, standard input is the
// input, standard output the output.
func command(args []string, stdin io.Reader, stdout, stderr io.Writer, entries []Entry) int {
	if err := invoke(args, stdin, stdout, stderr, entries); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

func invoke(args []string, stdin io.Reader, stdout, stderr io.Writer, entries []Entry) error {
	name := ""
	if len(args) > 1 {
		name = args[1]
	}
	entry, err := find(entries, name)
	if err != nil {
		return err
	}
	input, err := io.ReadAll(stdin)
	if err != nil {
		return fmt.Errorf("read input: %w", err)
	}
	ctx := NewContext(context.Background(), os.DirFS(blobDir(args)), stderr)
	out, err := entry.run(ctx, input)
	if err != nil {
		return err
	}
	if out.MediaType != MediaJSON {
		declareMediaType(out.MediaType)
	}
	if _, err := stdout.Write(out.Data); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}
