package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/krako-labs/krako/internal/cli"
	"github.com/krako-labs/krako/internal/cluster"
	"github.com/krako-labs/krako/internal/p2p"
	"github.com/spf13/cobra"
)

// startTimeout bounds how long a cluster may take to come up, a large log to
// be read again included.
const startTimeout = 2 * time.Minute

func (a *app) upCommand() *cobra.Command {
	o := cluster.Options{TrustedID: trustedID}
	detached := false
	cmd := &cobra.Command{
		Use: "up", Short: "Run a coordinator and nodes on this machine until Ctrl-C", Args: exactly(),
		Long: `up runs a whole cluster on this machine: a coordinator and some nodes, as processes
of their own that talk over libp2p on loopback. They are started again if they die.
Data, keys and logs are kept in --dir, so that the next 'krako up' goes on where
this one stopped: graphs that were running are finished.`,
		Example: `  krako up
  krako up --nodes 5 --dir /tmp/krako
  krako-pod model --out nonsense.gguf && krako up --model nonsense.gguf
  krako up --detach && krako run render --out scene.png && krako down`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Dir = a.dir
			if err := checkUp(o); err != nil {
				return err
			}
			if detached {
				return a.detach(cmd.Context(), o)
			}
			return a.up(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVar(&detached, "detach", false, "return when the cluster is up and leave it running; 'krako down' stops it")
	cmd.Flags().IntVar(&o.Nodes, "nodes", 3, "how many nodes to run")
	cmd.Flags().IntVar(&o.Slots, "slots", 1, "how many units each node runs at once")
	cmd.Flags().StringVar(&o.Model, "model", "", "GGUF file for an LLM pod to serve; without it there is none ('krako-pod model' writes a small one)")
	cmd.Flags().StringVar(&o.API, "listen", "127.0.0.1:0", "address of the HTTP API, with TLS where other machines reach it; port 0 picks one")
	return cmd
}

func checkUp(o cluster.Options) error {
	if o.Dir == "" {
		return cli.Usagef("there is no home directory; name a directory with --dir")
	}
	if o.Nodes < 0 || o.Nodes > 64 {
		return cli.Usagef("--nodes is %d, allowed are 0 to 64", o.Nodes)
	}
	return nil
}

func (a *app) up(ctx context.Context, o cluster.Options) error {
	lock, err := lockCluster(o.Dir)
	if err != nil {
		return err
	}
	defer lock.release()
	start, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	c, err := cluster.Start(start, o)
	if err != nil {
		return err
	}
	defer c.Stop()
	if err := lock.announce(); err != nil {
		return err
	}
	a.printf("Krako is up: a coordinator and %d nodes.\n\n", o.Nodes)
	a.printf("  API    %s\n", c.API())
	if pin := c.Endpoint().Pin; pin != "" {
		a.printf("  pin    %s\n", pin)
	}
	a.printf("  data   %s\n  logs   %s\n\n", o.Dir, filepath.Join(o.Dir, "logs"))
	a.printf("Try:  krako run render --out scene.png\nStop: Ctrl-C, or krako down\n")
	<-ctx.Done()
	a.printf("\nStopping...\n")
	return nil
}

// trustedID makes the key of a node that this machine's owner runs and returns
// its peer id, so that the coordinator knows it from the start.
func trustedID(dataDir string) (string, error) {
	id, err := p2p.LoadIdentity(filepath.Join(dataDir, "identity.key"))
	if err != nil {
		return "", err
	}
	return id.ID(), nil
}
