package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/node"
	"github.com/krako-labs/krako/node/control"
)

// order is what the commands to a running node have in common: they find it by
// the settings that it was started with.
type order struct {
	s      settings
	config string
}

func (o *order) register(cmd *cobra.Command) {
	o.s.flags(cmd.Flags())
	cmd.Flags().VisitAll(func(f *pflag.Flag) { f.Hidden = f.Name != "data-dir" })
	cmd.Flags().StringVar(&o.config, "config", "", "the node's JSON file with settings")
}

// skip are flags of the commands that are no settings of the node.
var skip = []string{"config", "help", "for", "json", "api", "api-key", "api-pin", "node", "operator", "from"}

// status gives a command and returns the node's status after it.
func (o *order) status(cmd *cobra.Command, path string, body any) (s node.Status, raw []byte, err error) {
	source := cli.Settings{Flags: cmd.Flags(), Getenv: os.LookupEnv, Skip: skip}
	if err := source.Fill(o.config); err != nil {
		return s, nil, &cli.UsageError{Err: err}
	}
	c, err := control.Dial(o.s.node.DataDir)
	if err != nil {
		return s, nil, err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), 20*time.Second)
	defer cancel()
	if path != "" {
		if _, err := c.Do(ctx, http.MethodPost, path, body); err != nil {
			return s, nil, err
		}
	}
	if raw, err = c.Do(ctx, http.MethodGet, "/status", nil); err != nil {
		return s, nil, err
	}
	return s, raw, json.Unmarshal(raw, &s)
}

func pauseCommand() *cobra.Command {
	var (
		o    order
		span time.Duration
	)
	cmd := &cobra.Command{
		Use: "pause", Short: "Have the node that runs here stop working", Args: noMore,
		Long: `pause has the node that runs on this machine stop working within a millisecond or
so of its units' work. It stays connected and keeps what it has begun for
--pause-hold; then it gives that back, so that others run it, and frees the
memory. The pause holds after a restart of the node and of the machine, until
--for is over or krako-node resume.`,
		Example: "  krako-node pause --for 2h\n  krako-node pause",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if span < 0 || span > 0 && span < time.Second {
				return cli.Usagef("--for is %s, not a second or more", span)
			}
			if _, _, err := o.status(cmd, "/pause", node.PauseRequest{Seconds: int64(span / time.Second)}); err != nil {
				return err
			}
			text := "Paused until krako-node resume.\n"
			if span > 0 {
				text = fmt.Sprintf("Paused until %s.\n", time.Now().Add(span).Format("Mon 2 Jan 15:04"))
			}
			_, err := fmt.Fprint(cmd.OutOrStdout(), text)
			return err
		},
	}
	o.register(cmd)
	cmd.Flags().DurationVar(&span, "for", 0, "how long, such as 90m; 0 until resume")
	return cmd
}

func resumeCommand() *cobra.Command {
	var o order
	cmd := &cobra.Command{
		Use: "resume", Short: "End a pause", Args: noMore,
		Long: `resume ends what krako-node pause began. The node's other rules go on to hold: it
may still be paused for the hour, on battery or because somebody is there.`,
		Example: "  krako-node resume",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, _, err := o.status(cmd, "/resume", nil); err != nil {
				return err
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "Resumed; krako-node status says what the node does now.")
			return err
		},
	}
	o.register(cmd)
	return cmd
}

func statusCommand() *cobra.Command {
	var (
		o      order
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "status", Short: "Say what the node that runs here does and did", Args: noMore,
		Long: `status says whether the node that runs on this machine works or why it is paused,
what it did on the last days and what it may use. "busy" is how long units ran, all
slots added up.`,
		Example: "  krako-node status\n  krako-node status --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, raw, err := o.status(cmd, "", nil)
			if err != nil {
				return err
			}
			if asJSON {
				_, err = cmd.OutOrStdout().Write(raw)
				return err
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), describe(&s))
			return err
		},
	}
	o.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print all of it as JSON")
	return cmd
}

func noMore(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return cli.Usagef("%s takes no %q", cmd.Name(), strings.Join(args, " "))
	}
	return nil
}
