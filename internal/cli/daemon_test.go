package cli_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/cli"
	"github.com/spf13/cobra"
)

// program is a daemon with a few settings of every kind.
type program struct {
	slots  int
	tags   []string
	token  string
	served bool
}

// run runs the program and returns its exit code and what it printed.
func (p *program) run(args ...string) (code int, stdout, stderr string) {
	d := cli.Daemon{
		Command: &cobra.Command{Use: "krako-some", Args: cobra.NoArgs},
		Secrets: []string{"token"},
		Check: func() error {
			if p.slots < 1 {
				return cli.ByFlag(errors.Join(contracts.Errorf(contracts.CodeValidation, "max_slots", "is %d", p.slots)), "network")
			}
			return nil
		},
		Serve: func(context.Context, *slog.Logger) error { p.served = true; return nil },
	}
	d.Command.Flags().IntVar(&p.slots, "max-slots", 1, "")
	d.Command.Flags().StringSliceVar(&p.tags, "tag", nil, "")
	d.Command.Flags().StringVar(&p.token, "token", "", "")
	var out, errs bytes.Buffer
	code = d.Run(context.Background(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestSettingsComeFromFlagsThenVariablesThenTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "settings.json")
	if err := os.WriteFile(file, []byte(`{"max_slots":2,"tag":["a","b"],"token":"from the file"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KRAKO_MAX_SLOTS", "3")
	t.Setenv("KRAKO_TOKEN", "from the variable")
	var p program
	if code, _, stderr := p.run("--config", file, "--max-slots", "4"); code != cli.ExitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	if !p.served || p.slots != 4 || p.token != "from the variable" || strings.Join(p.tags, " ") != "a b" {
		t.Errorf("served with %+v", p)
	}
}

func TestBadSettingsAreAllNamedAndNothingIsServed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "settings.json")
	if err := os.WriteFile(file, []byte(`{"slots":2}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"--max-slots", "0", "--log-level", "loud"}, []string{"--max-slots is 0", `--log-level is "loud"`}},
		{[]string{"--config", file}, []string{`"slots" is not a setting`}},
		{[]string{"--max-slot", "1"}, []string{"unknown flag: --max-slot", "krako-some --help"}},
	} {
		var p program
		code, _, stderr := p.run(c.args...)
		if code != cli.ExitUsage || p.served {
			t.Errorf("%q: exit code %d, served %v", c.args, code, p.served)
		}
		for _, want := range c.want {
			if !strings.Contains(stderr, want) {
				t.Errorf("%q: printed %q, not %q", c.args, stderr, want)
			}
		}
	}
}

func TestCheckPrintsSettingsThatCanBeGivenAgainWithoutSecrets(t *testing.T) {
	var p program
	code, stdout, stderr := p.run("--check", "--max-slots", "7", "--tag", "gpu", "--token", "secret")
	if code != cli.ExitOK || p.served || strings.Contains(stdout, "secret") {
		t.Fatalf("exit code %d, served %v: %s%s", code, p.served, stdout, stderr)
	}
	file := filepath.Join(t.TempDir(), "settings.json")
	if err := os.WriteFile(file, []byte(stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	var again program
	if code, _, stderr := again.run("--config", file); code != cli.ExitOK || again.slots != 7 || len(again.tags) != 1 || again.tags[0] != "gpu" {
		t.Errorf("exit code %d with %+v: %s", code, again, stderr)
	}
}
