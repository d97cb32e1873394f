package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/internal/llama/gguf"
	"github.com/spf13/cobra"
)

// modelCommand writes a model, so that nothing has to be downloaded.
func modelCommand(stdout io.Writer) *cobra.Command {
	var (
		out, answer string
		slow        bool
	)
	cmd := &cobra.Command{
		Use: "model --out FILE", Short: "Write a small model, to try things out without a download", Args: noArguments,
		Long: `model writes a valid GGUF model of the llama architecture with random weights. The
bytes are the same on every machine. It makes every part of a server run, and it
talks nonsense.

With --answer it writes one that answers every chat with exactly that text. With
--slow it writes a larger one, of 100 MB, for benchmarks.`,
		Example: `  krako-pod model --out nonsense.gguf
  krako-pod model --out yes.gguf --answer '{"answer": "yes"}'`,
		RunE: func(*cobra.Command, []string) error {
			if out == "" {
				return cli.Usagef("name the file to write with --out")
			}
			m, err := chosen(answer, slow)
			if err != nil {
				return err
			}
			n, err := write(out, m)
			if err == nil {
				fmt.Fprintf(stdout, "%s: %d bytes. It talks nonsense: it is for trying things out.\n", out, n)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "file to write")
	cmd.Flags().StringVar(&answer, "answer", "", "answer every chat with exactly this text")
	cmd.Flags().BoolVar(&slow, "slow", false, "a model of 100 MB for benchmarks")
	return cmd
}

func chosen(answer string, slow bool) (*gguf.Model, error) {
	switch {
	case answer != "" && slow:
		return nil, cli.Usagef("--answer and --slow exclude each other")
	case answer != "":
		return gguf.Scripted(answer)
	case slow:
		return gguf.Slow().Model(), nil
	}
	return gguf.Nonsense().Model(), nil
}

// write replaces the file in one step.
func write(path string, m *gguf.Model) (n int64, err error) {
	temp, err := os.CreateTemp(filepath.Dir(path), ".model-*")
	if err != nil {
		return 0, fmt.Errorf("write model: %w", err)
	}
	defer os.Remove(temp.Name()) // fails once the rename has been done
	n, err = m.WriteTo(temp)
	if err = errors.Join(err, temp.Close()); err != nil {
		return n, err
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return n, fmt.Errorf("write model: %w", err)
	}
	return n, nil
}
